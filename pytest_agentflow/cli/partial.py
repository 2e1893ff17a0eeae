"""What recordings that broke off left: listed with what was paid, and removed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pytest_agentflow.cli.outcome import PASSED, CallWrong
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.pricing.book import load_book
from pytest_agentflow.recording.erasure import PARTIAL
from pytest_agentflow.recording.journal_parts import read_parts
from pytest_agentflow.recording.load import RecordingError
from pytest_agentflow.running.broken import kept_text


def prune_partial(place: Path, *, delete: bool) -> int:
    """List the journals below `place`, or the one that it is; remove them if asked."""
    journals = list(_journals(place))
    lines = [f"  {path}: {_held(path)}" for path in journals]
    count = "1 recording" if len(journals) == 1 else f"{len(journals)} recordings"
    lines.insert(0, f"{count} in {place} broke off")
    if delete:
        for path in journals:
            path.unlink(missing_ok=True)
    if journals:
        lines.append(
            f"removed {'its part' if len(journals) == 1 else 'their parts'}"
            if delete
            else "nothing was removed; `agentflow prune --partial --delete` removes "
            "them, `pytest --agentflow=record --agentflow-resume` finishes them"
        )
    sys.stdout.write("".join(plain_line(line) + "\n" for line in lines))
    return PASSED


def _journals(place: Path) -> Iterator[Path]:
    if place.is_dir():
        for folder, inner, names in os.walk(place):
            inner[:] = sorted(n for n in inner if not n.startswith((".", "node_mod")))
            yield from (Path(folder, n) for n in sorted(names) if n.endswith(PARTIAL))
    elif place.name.endswith(PARTIAL) and place.exists():
        yield place
    else:
        raise CallWrong(f"{place} is no folder, and no journal (*{PARTIAL})")


def _held(path: Path) -> str:
    try:
        usable = read_parts(path).usable
    except RecordingError as error:
        return f"{error.problem}"
    return kept_text(usable, load_book(None)) if usable else "nothing was answered"
