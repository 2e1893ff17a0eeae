"""What docs/worth-it.md shows besides commands: the gate, a replay, and a table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from agentflow_checks import html_validity

import pytest_agentflow as af

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/website_builder"
GROWN = ROOT / "fixtures/grown/recordings"
TOLD = (
    "token-blow-up",
    "history-resent",
    "serialised-artist",
    "leaked-section",
    "price-lost",
    "dearer-model",
    "approves-everything",
    "same-page",
)
#: Of a check with two rules that fail, the one that tells the cause.
CAUSE = ("cost.increase", "personalised.swap")
LONGEST = 260

sys.path.insert(0, str(ROOT))
from fixtures.planted import planted  # noqa: E402
from fixtures.planted.running import run as replay  # noqa: E402
from fixtures.planted.table import Planted  # noqa: E402

sys.path.remove(str(ROOT))


@cache
def grown(workflow: str) -> tuple[af.Run, ...]:
    """Every recorded run of a workflow of the grown sample."""
    return tuple(af.load(path) for path in af.find_recordings(GROWN, f"{workflow}/*"))


def gate(cost_ratio: float, customers: int | None = None) -> str:
    """What the page's gate says at a limit, of so many customers."""
    try:
        outcome = af.require_decomposition(
            grown("build_site")[:customers],
            baseline=grown("build_site_single")[:customers],
            checks=[html_validity()],
            cost_ratio=cost_ratio,
            quality_margin=0.10,
            population="sample",
        )
    except af.DecompositionFailure as failure:
        return f"{failure}\n"
    return f"{outcome}\n"


@contextmanager
def example_importable() -> Iterator[None]:
    """Let the workflows import the example's package, and leave none of it behind."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        yield
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in [n for n in sys.modules if n.split(".")[0] == "site_builder"]:
            del sys.modules[name]


@cache
def judged(name: str) -> tuple[Planted, af.Evaluation]:
    """A regression in the place of its healthy run, by the check meant for it."""
    row = next(row for row in planted() if row.name == name)
    if row.replayed:
        with example_importable():
            run = replay(row, "replay")
    else:
        run = af.load(row.recording)
    run = replace(run, folder=EXAMPLE / "recordings")
    return row, af.evaluate(run, af.parse_check(row.check))


def serialised() -> str:
    """What the replay of an artist that paints one by one is told."""
    return f"{af.failure_message(judged('serialised-artist')[1])}\n"


def regressions() -> str:
    """The closing table: what was planted, which check, and its sentence."""
    rows = [_row(*judged(name)) for name in TOLD]
    head = ["what was planted", "the rule that fails", "stage and cause, as it says"]
    lines = [head, ["---"] * 3, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(row: Planted, evaluation: af.Evaluation) -> list[str]:
    failing = [f for r in evaluation.results for f in r.findings if f.fails]
    finding = next((f for f in failing if f.rule in CAUSE), failing[0])
    stage = f"{finding.introduced_by or finding.lost_at}"
    begins = "lost at " if finding.lost_at else ""
    told, own = _cut(finding.message), f"{stage} "
    told = told.removeprefix(own) if told.startswith(own) else f": {told}"
    named = f"{begins}**{stage}** {told}".replace("** :", "**:")
    return [row.cause, f"`{finding.rule}`", named.replace("|", "\\|")]


def _cut(text: str) -> str:
    """Leave whole sentences, as many as fit."""
    if len(text) <= LONGEST:
        return text
    kept = text[:LONGEST].rpartition(". ")[0]
    return f"{kept}." if kept else f"{text[:LONGEST]} ..."


PRINTERS: dict[str, Callable[[], str]] = {
    "gate_passes": lambda: gate(0.40),
    "gate_fails": lambda: gate(0.15),
    "gate_is_open": lambda: gate(0.19),
    "gate_has_few": lambda: gate(0.40, customers=8),
    "serialised": serialised,
    "regressions": regressions,
}
