"""What a virtual clock says about the calls of one replay."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pytest_agentflow.model.call import Call, Response
from pytest_agentflow.model.computed import Computed
from pytest_agentflow.model.run import Run, Timing
from pytest_agentflow.running.notes import CallNote
from pytest_agentflow.running.virtual_time import VirtualClock
from pytest_agentflow.wire.handler import Broken, Paced

PIECES = 16
"""A stream comes in at most so many steps: each costs a look at all threads."""

Span = tuple[int, int]
"""Start and end of a call, in microseconds."""


class Playing:
    """One call under way: its pauses are waited on the clock, since its beginning."""

    __slots__ = ("_begin", "_clock", "_id", "_passed", "_spans")

    def __init__(self, clock: VirtualClock, spans: dict[str, Span], id_: str) -> None:
        self._clock = clock
        self._spans = spans
        self._id = id_
        self._passed = 0.0
        self._begin = clock.now
        first = spans.get(id_, (self._begin, 0))[0]  # it may be tried again
        spans[id_] = (first, self._begin)

    def wait(self, seconds: float) -> None:
        """Hold the thread until the next moment of the call."""
        due = self._next(seconds)
        if due > self._clock.now:
            self._clock.hold(due)
        self._reached(due)

    async def give_way(self, seconds: float) -> None:
        """Hold the task until the next moment of the call."""
        due = self._next(seconds)
        if due > self._clock.now:
            await self._clock.hold_task(due)
        self._reached(due)

    def _next(self, seconds: float) -> int:
        self._passed += seconds
        return self._begin + round(self._passed * 1e6)

    def _reached(self, due: int) -> None:
        start, end = self._spans[self._id]
        self._spans[self._id] = (start, max(end, due))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The time that the result of a function took."""

    seconds: float
    playing: Playing

    def wait(self) -> None:
        """Hold the thread as long."""
        self.playing.wait(self.seconds)

    async def give_way(self) -> None:
        """Hold the task as long."""
        await self.playing.give_way(self.seconds)


class Timeline:
    """The calls of one replay on a virtual clock.

    Args:
        run: the recording, which tells how long each call took.
        clock: made in the thread in which the run begins.
    """

    def __init__(self, run: Run, clock: VirtualClock) -> None:
        self._timings = run.recorded.calls
        self.clock = clock
        self._spans: dict[str, Span] = {}
        self._parents: dict[str, frozenset[str]] = {}
        self._unknown: dict[str, None] = {}
        self._lock = threading.Lock()

    def answered(self, note: CallNote, call: Call, response: Response) -> Paced:
        """Give an answer, to be given out on the clock."""
        again, playing = self._begun(note, call)
        timing = self._timings.get(call.id)
        if again or timing is None or timing.end is None:
            return Paced(response=response, first_byte=0.0, end=0.0, clock=playing)
        end = _seconds(timing, timing.end)
        if not response.chunks:
            return Paced(response=response, first_byte=end, end=end, clock=playing)
        first = end if timing.first_byte is None else timing.first_byte
        head = min(_seconds(timing, first), end)
        return Paced(
            response=response,
            first_byte=head,
            arrivals=_steps(timing.chunks, head, end),
            end=end,
            clock=playing,
        )

    def failed(self, note: CallNote, call: Call, error: str) -> Broken:
        """Give a failure, to be raised on the clock."""
        again, playing = self._begun(note, call)
        return Broken(error=error, after=self._took(call, again), clock=playing)

    def returned(self, note: CallNote, call: Call) -> Pause:
        """Give how long the result of a function is to be held."""
        again, playing = self._begun(note, call)
        return Pause(seconds=self._took(call, again), playing=playing)

    def _begun(self, note: CallNote, call: Call) -> tuple[bool, Playing]:
        with self._lock:
            again = call.id in self._spans
            timing = self._timings.get(call.id)
            if timing is None or timing.end is None:
                self._unknown[call.id] = None
            known = (p.recorded.id for p in note.parents if p.recorded is not None)
            self._parents.setdefault(call.id, frozenset(known))
            return again, Playing(self.clock, self._spans, call.id)

    def _took(self, call: Call, again: bool) -> float:
        timing = self._timings.get(call.id)
        if again or timing is None or timing.end is None:
            return 0.0
        return _seconds(timing, timing.end)

    def stop(self) -> None:
        """Let everything that is held go on: the run is over."""
        self.clock.stop()

    def computed(self) -> Computed:
        """Give what has come out."""
        spans = dict(self._spans)
        unknown = tuple(self._unknown)
        lacking = (f"the recording holds no times of {', '.join(unknown)}",)
        return Computed(
            calls={id_: (a / 1000, b / 1000) for id_, (a, b) in spans.items()},
            critical=critical_path(spans, self._parents),
            undetermined=(*self.clock.undetermined, *(lacking if unknown else ())),
            notes=self.clock.notes,
        )


def _seconds(timing: Timing, moment: float) -> float:
    return max(0.0, (moment - timing.start) / 1000)


def _steps(chunks: Collection[float], head: float, end: float) -> tuple[float, ...]:
    """Let pieces come in a few steps; the first one as it did, none before its time."""
    moments = [min(max(ms / 1000, head), end) for ms in chunks]
    width = (end - head) / PIECES
    if len(moments) <= PIECES or not width:
        return tuple(moments)
    slots = [min(int((moment - head) / width), PIECES - 1) for moment in moments]
    last = dict(zip(slots, moments, strict=True))
    return (moments[0], *(last[slot] for slot in slots[1:]))


def critical_path(
    spans: Mapping[str, Span], parents: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Give the calls that the end waited for, first to last.

    A call waited for one that ended as it started: for a call that it follows, where
    there is one, else for any, since locks and limits are no order of calls.

    Args:
        spans: call -> start and end.
        parents: call -> calls that it is known to follow.
    """
    path: list[str] = []
    left = dict(spans)
    at = max(left, key=lambda id_: left[id_][1], default=None)
    while at is not None:
        path.append(at)
        start, _ = left.pop(at)
        known = parents.get(at, ())
        at = max(
            (id_ for id_, (begin, _) in left.items() if begin < start),
            key=lambda id_: _claim(left[id_], start, follows=id_ in known),
            default=None,
        )
    return tuple(reversed(path))


def _claim(span: Span, start: int, *, follows: bool) -> tuple[bool, bool, int]:
    """Rank a call as what one that starts at `start` waited for."""
    return span[1] == start, follows, min(span[1], start) - max(span[1] - start, 0)
