"""At what pace a recorded answer is given out: at once, or as it came."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from pytest_agentflow.model.call import Response
from pytest_agentflow.model.run import Timing
from pytest_agentflow.wire.handler import Clock, Paced
from pytest_agentflow.wire.tape import pieces_of


def recorded(response: Response, timing: Timing) -> Paced:
    """Give a recorded answer with the pace that stands beside it in the recording."""
    return Paced(
        response=response,
        first_byte=_since(timing, timing.first_byte),
        arrivals=tuple(ms / 1000 for ms in timing.chunks),
        end=_since(timing, timing.end),
    )


def _since(timing: Timing, moment: float | None) -> float | None:
    return None if moment is None else (moment - timing.start) / 1000


Piece = tuple[float, bytes]
"""Seconds to wait, and the bytes that come then."""


class Played(NamedTuple):
    """A recorded answer as a seam gives it out."""

    response: Response
    head: float = 0.0
    """Seconds before status and headers."""
    pauses: tuple[float, ...] = ()
    """Seconds before each piece of the body; none, where all come at once."""
    tail: float = 0.0
    """Seconds between the last piece and the end of the body."""
    clock: Clock | None = None
    """What all of them are waited on; `None`: real time."""

    def wait(self, seconds: float) -> None:
        """Wait in a thread."""
        if self.clock is not None:
            self.clock.wait(seconds)
        else:
            wait(seconds)

    async def give_way(self, seconds: float = 0.0) -> None:
        """Wait in a task, and give way at least once, as a real request would."""
        if self.clock is not None and seconds > 0:
            await self.clock.give_way(seconds)
        else:
            await let_others_run(seconds)

    def pieces(self) -> Iterator[Piece]:
        """Give the body at its recorded chunk boundaries, each piece with its pause."""
        pieces = pieces_of(self.response)
        pauses = self.pauses or (0.0,) * len(pieces)
        return zip(pauses, pieces, strict=True)

    @property
    def slow(self) -> bool:
        """Whether anybody has to wait at all."""
        return bool(self.head or self.tail or any(self.pauses))


def played(answer: Response | Paced) -> Played:
    """Give the pauses that an answer is given out with."""
    if isinstance(answer, Response):
        return Played(response=answer)
    count = len(pieces_of(answer.response))
    times = _times(answer, count)
    head = times[0] if answer.first_byte is None and times else answer.first_byte
    head = max(0.0, head if head is not None else answer.end or 0.0)
    pauses, at = [], head
    for moment in times:
        pauses.append(max(0.0, moment - at))
        at = max(at, moment)
    tail = max(0.0, answer.end - at) if answer.end is not None else 0.0
    return Played(answer.response, head, tuple(pauses), tail, answer.clock)


def _times(answer: Paced, count: int) -> tuple[float, ...]:
    """Give when each of `count` pieces is due."""
    if len(answer.arrivals) == count:
        return answer.arrivals
    last = answer.end
    if last is None:
        last = max((*answer.arrivals, answer.first_byte or 0.0))
    known = answer.arrivals[:count]
    return known + (last,) * (count - len(known))


def wait(seconds: float) -> None:
    """Wait in a thread."""
    if seconds > 0:
        time.sleep(seconds)


async def let_others_run(seconds: float = 0.0) -> None:
    """Give way at least once, as a real request would, on asyncio or on trio."""
    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - what sniffio asks
        await asyncio.sleep(seconds)
    elif seconds > 0 and (trio := sys.modules.get("trio")) is not None:
        await trio.sleep(seconds)
