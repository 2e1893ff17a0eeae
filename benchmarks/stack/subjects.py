"""The runs that all are judged on: every planted regression, every healthy run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from fixtures.planted import Planted, planted  # noqa: E402

EXAMPLE = ROOT / "examples" / "website_builder"
RECORDINGS = EXAMPLE / "recordings"
WORKFLOW = "build_site"
BASELINE = "build_site_single"
STAGES = ("personalizer", "artist", "frontend", "qa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A run to judge; without a row of the table nothing is planted in it."""

    name: str
    case: str
    run: af.Run
    row: Planted | None = None

    @property
    def stage(self) -> str | None:
        """The stage that did it, as the table says."""
        return (self.row.introduced_by or self.row.lost_at) if self.row else None


def subjects() -> tuple[Subject, ...]:
    """All runs: the healthy ones first, then the table, as it is now."""
    healthy = [
        Subject(name=f"healthy-{run.case}", case=run.case, run=run)
        for run in recorded(WORKFLOW)
    ]
    return (*healthy, *map(_planted, planted()))


def recorded(workflow: str) -> list[af.Run]:
    """The healthy runs of one of the example's workflows."""
    return [af.load(p) for p in af.find_recordings(RECORDINGS, f"{workflow}/*")]


def _planted(row: Planted) -> Subject:
    if row.replayed:
        from fixtures.planted.running import run as replayed  # noqa: PLC0415

        with importable_example():
            run = replayed(row, "replay")
    else:
        run = af.load(row.recording)
    # In the place of the healthy run of its case: among the others' recordings.
    return Subject(
        name=row.name, case=row.case, run=replace(run, folder=RECORDINGS), row=row
    )


@contextmanager
def importable_example() -> Iterator[None]:
    """Let the example's package be imported, and forget it afterwards."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        yield
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in [n for n in sys.modules if n.split(".")[0] == "site_builder"]:
            del sys.modules[name]
