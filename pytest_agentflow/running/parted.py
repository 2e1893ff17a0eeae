"""The clock of a run recorded in parts: as if nothing had broken off in between."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from pytest_agentflow.running.notes import CallNote
from pytest_agentflow.running.session import Session


@dataclasses.dataclass(slots=True)
class _Times:
    """When a call was under way: by the clock, and in the run as it is told."""

    start: float
    end: float
    told_start: float
    told_end: float


def close_gaps(session: Session) -> None:
    """Let each call begin as long after those before it as it did, and end in its time.

    What the journal answered took no time, but is told with the time that it took when
    it was made: so all that follows is moved. Functions that were under way meanwhile
    end after the calls that they made.
    """
    times: dict[CallNote, _Times] = {}
    outer: dict[CallNote, frozenset[CallNote]] = {}
    for note in sorted(session.calls, key=lambda n: n.number):
        if note.retried_by is not None:
            continue
        before = [p for p in map(_last, note.parents) if p in times]
        times[note] = one = _told(note, [times[p] for p in before])
        around = frozenset(before).union(*(outer[p] for p in before))
        outer[note] = frozenset(
            n for n in around if n.invocation and times[n].end > note.start
        )
        for function in outer[note]:
            known = times[function]
            known.told_end = max(known.told_end, one.told_end)
    _move(session, times)


def _last(note: CallNote) -> CallNote:
    while note.retried_by is not None:
        note = note.retried_by
    return note


def _told(note: CallNote, before: Iterable[_Times]) -> _Times:
    start = note.start
    whole = note.end if note.end is not None else start
    ended = [one for one in before if one.end <= start]
    begun = [one.told_start + start - one.start for one in before if one.end > start]
    if ended:
        pause = start - max(one.end for one in ended)
        begun.append(max(one.told_end for one in ended) + pause)
    told = max(begun, default=start)
    return _Times(
        start=start,
        end=start if note.kept is not None else whole,
        told_start=told,
        told_end=told + whole - start,
    )


def _move(session: Session, times: dict[CallNote, _Times]) -> None:
    last = max((one.end for one in times.values()), default=None)
    for note, one in times.items():
        by = one.told_start - note.start
        note.start = one.told_start
        note.end = one.told_end if note.end is not None else None
        note.arrivals = tuple(at + by for at in note.arrivals)
        note.first_byte = None if note.first_byte is None else note.first_byte + by
    for stage in session.stages.values():
        own = [times[n] for n in times if n.stage == stage.name]
        if own:
            begin = min(own, key=lambda one: one.start)
            stage.begin += begin.told_start - begin.start
            stage.end = max(one.told_end for one in own)
    if last is not None and session.end is not None:
        told = max(one.told_end for one in times.values())
        session.end = max(session.end + told - last, told)
