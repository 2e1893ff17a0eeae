"""The parts of a journal: what was answered before a recording broke off, and when.

A recording that breaks off leaves its journal. Each attempt to finish it, and each to
make it anew, adds a part: nothing that was paid for is ever written over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_agentflow.model.call import MODEL_KINDS, Call
from pytest_agentflow.model.run import Timing
from pytest_agentflow.recording.journal import Entry, read_journal
from pytest_agentflow.recording.names import partial_path
from pytest_agentflow.recording.order import Captured

PART = "part"
"""The event that a part begins with: ``at``, and whether all is asked ``anew``."""
KEPT = "kept"
"""The event of a call that was answered from the journal: ``call`` is its number."""

#: The application stopped reading, or the run ended first: nobody knows which.
CUT = "rest of the answer"

_REMOVED = b"[redacted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One call that a journal holds."""

    number: int
    """Its place among all calls of the journal; 0 is the first."""
    part: int
    take: int
    """Counts how often the recording was begun anew before."""
    captured: Captured
    timing: Timing | None
    usable: bool
    """Whether it may answer the same question when the recording is resumed."""

    @property
    def call(self) -> Call:
        """The call itself, without secrets."""
        return self.captured.call


@dataclass(slots=True)
class _Part:
    """One part while it is read."""

    calls: list[tuple[int, Entry]] = field(default_factory=list)
    nodes: dict[str, tuple[float, Collection[str]]] = field(default_factory=dict)
    """Temporary id -> start and parents of all its calls, kept ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that a journal holds."""

    calls: tuple[Kept, ...] = ()
    begun: tuple[str, ...] = ()
    """When each part was begun, as ISO timestamps; empty texts where nobody knows."""

    @property
    def usable(self) -> tuple[Kept, ...]:
        """The calls that may answer the same question again."""
        return tuple(kept for kept in self.calls if kept.usable)


def read_parts(path: Path) -> Parts:
    """Read the journal of a recording; empty where there is none.

    Args:
        path: of the recording or of its journal.

    Raises `RecordingError` for a journal that is damaged or of another version.
    """
    file = path if path.suffix == ".jsonl" else partial_path(path)
    return parts_of(read_journal(file)) if file.exists() else Parts()


def parts_of(entries: Iterable[Entry]) -> Parts:
    """Sort the lines of a journal by the parts that they belong to."""
    calls: list[Kept] = []
    begun: list[str] = []
    take, part, count = 0, _Part(), 0
    for entry in entries:
        if entry.event == PART:
            calls += _calls_of(part, len(begun), take)
            begun.append(str(entry.data.get("at", "")))
            take += bool(entry.data.get("anew")) and count > 0
            part = _Part()
        elif entry.event == KEPT:
            _add_node(part, entry.data)
        elif entry.captured is not None:
            one = entry.captured
            part.nodes[one.id] = (one.start, one.parents)
            part.calls.append((count, entry))
            count += 1
    calls += _calls_of(part, len(begun), take)
    return Parts(calls=tuple(calls), begun=tuple(begun))


def _add_node(part: _Part, data: Mapping[str, Any]) -> None:
    start, parents = data.get("start"), data.get("parents")
    if isinstance(start, (int, float)) and isinstance(parents, Sequence):
        part.nodes[str(data.get("id"))] = (start, [str(parent) for parent in parents])


def _calls_of(part: _Part, begun: int, take: int) -> Iterable[Kept]:
    for number, entry in part.calls:
        if entry.captured is not None:
            yield Kept(
                number=number,
                part=begun,
                take=take,
                captured=entry.captured,
                timing=entry.timing,
                usable=_answers(entry.captured.call) and not _asked(part, entry),
            )


def _answers(call: Call) -> bool:
    """Whether a call was answered, wholly, and with what a run can go on with.

    What failed may be why the recording broke off, and costs nothing to ask again. An
    access token was removed before it was written: only a new one opens anything.
    """
    if CUT in call.missing:
        return False
    if call.invocation is not None:
        return not call.attempts and not _has_gaps(call.invocation.result)
    if call.request is None or call.response is None or call.response.status >= 400:
        return False
    return call.kind in MODEL_KINDS or _REMOVED not in call.response.body


def _has_gaps(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_gaps(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_has_gaps(item) for item in value)
    if isinstance(value, str):
        return _REMOVED.decode() in value
    return isinstance(value, bytes) and _REMOVED in value


def _asked(part: _Part, entry: Entry) -> bool:
    """Whether a function made calls of its own, which a whole recording holds, too.

    It runs again, and they are answered.
    """
    captured, timing = entry.captured, entry.timing
    if captured is None or captured.call.invocation is None:
        return False
    end = timing.end if timing is not None and timing.end is not None else None
    return any(
        (end is None or start < end) and _follows(part, parents, captured.id)
        for id_, (start, parents) in part.nodes.items()
        if id_ != captured.id and start >= captured.start
    )


def _follows(part: _Part, parents: Collection[str], id_: str) -> bool:
    seen, waiting = set[str](), list(parents)
    while waiting:
        parent = waiting.pop()
        if parent == id_:
            return True
        if parent not in seen and parent in part.nodes:
            seen.add(parent)
            waiting += part.nodes[parent][1]
    return False
