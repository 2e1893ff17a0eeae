"""A clock on which replayed calls take as long as they took, and nobody waits.

An answer is held until no further call can start, and given out when it is the next one
that is due. So calls that a program makes side by side overlap, and calls that it makes
one after the other do not, whatever they did when they were recorded. What the program
computes by itself takes no time on this clock. A task that sleeps, and wakes before the
next answer is due, is waited for, and its time counts.
"""

from __future__ import annotations

import _thread
import asyncio
import heapq
import itertools
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pytest_agentflow.running.virtual_time_still import Still, Stillness

BOUND = 30.0
"""Seconds after which an answer is given out though the process never stood still."""

TIMERS = 5.0
"""Seconds that a run may wait for tasks that sleep, in all."""

ON_ITS_WAY = 0.25
"""Seconds that an answer which was given out may take to arrive, where no kernel tells
that all threads sleep: then it waits for something else, as a task of a loop does that
is blocked."""

_NAP = 0.0005
_DEEP_NAP = 0.01


@dataclass(slots=True, order=True)
class _Held:
    """An answer that is held; the earliest due goes first, then the first held."""

    due: int
    order: int
    wake: Callable[[], object] = field(compare=False)
    thread: int | None = field(compare=False, default=None)
    """The thread that waits; `None`: a task does, and its thread goes on."""
    gone: bool = field(compare=False, default=False)


class VirtualClock:
    """Holds the answers of one run. Its time is in whole microseconds.

    Made in the thread that the run begins in, just before it does.

    Args:
        bound: seconds after which an answer is given out come what may.
        patience: seconds that a thread is waited for which waits for something that no
            other thread does.
    """

    def __init__(self, *, bound: float = BOUND, patience: float | None = None) -> None:
        given = {} if patience is None else {"patience": patience}
        self._still = Stillness(**given)
        self._bound = bound
        self._now = 0
        self._held: list[_Held] = []
        self._released: set[int] = set()
        self._given = 0.0
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._running = False
        self._stopped = False
        self._timers: dict[tuple[int, float], int] = {}
        self._timer_seconds = TIMERS
        self._undetermined: dict[str, None] = {}

    @property
    def now(self) -> int:
        """Microseconds since the run began."""
        return self._now

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Why its times may not be right; empty where they are."""
        return tuple(self._undetermined)

    @property
    def notes(self) -> tuple[str, ...]:
        """What it did not wait for."""
        return tuple(dict.fromkeys(self._still.notes))

    def hold(self, due: int) -> None:
        """Hold this thread until it is `due`."""
        gate = _thread.allocate_lock()
        gate.acquire()
        held = self._begin(due, gate.release, threading.get_ident())
        if held is None:
            return
        try:
            gate.acquire()
        finally:
            self._end(held)

    async def hold_task(self, due: int) -> None:
        """Hold this task of asyncio's or trio's until it is `due`."""
        wait, wake = _waiting()
        held = self._begin(due, wake, None)
        if held is None:
            return
        try:
            await wait()
        finally:
            self._end(held)

    def stop(self) -> None:
        """Hold nothing any more."""
        with self._changed:
            self._stopped = True
            for held in self._held:
                _wake(held)
            self._held.clear()
            self._changed.notify()

    def _begin(
        self, due: int, wake: Callable[[], object], thread: int | None
    ) -> _Held | None:
        with self._changed:
            if self._stopped:
                return None
            self._still.join(threading.get_ident())
            held = _Held(max(due, self._now), next(self._order), wake, thread)
            heapq.heappush(self._held, held)
            self._run()
            self._changed.notify()
        return held

    def _end(self, held: _Held) -> None:
        with self._changed:
            held.gone = True
            self._released.discard(held.order)

    def _run(self) -> None:
        """Start the thread that gives answers out, once one is held.

        It is no thread that a workflow, or whatever watches threads, should see.
        """
        if not self._running:
            self._running = True
            _thread.start_new_thread(self._give_out, ())

    # In the clock's own thread

    def _give_out(self) -> None:
        try:
            while self._wait_for_one():
                self._give_next()
        except BaseException as error:  # noqa: BLE001 - else all would wait for ever
            self._undetermined[f"the clock stopped: {error!r}"] = None
            self.stop()

    def _wait_for_one(self) -> bool:
        """Wait until something is held; False: it was stopped."""
        with self._changed:
            while not (self._held or self._stopped):
                self._changed.wait()
            return not self._stopped

    def _give_next(self) -> None:
        """Give out the next answer, as soon as it is known to be the next one."""
        began = time.monotonic()
        nap = _NAP
        while not self._stopped:
            still = self._look()
            if still is None:
                bound = _NAP * 100 if self._undetermined else self._bound
                if time.monotonic() - began > bound:
                    self._give_up()
                    return
            elif not still.outside:
                if self._advance(still):
                    return
                began = time.monotonic()
            time.sleep(nap)
            nap = min(nap * 1.2, _DEEP_NAP)

    def _look(self) -> Still | None:
        with self._changed:
            order = self._order_now()
            held = {one.thread for one in self._held if one.thread is not None}
        still = self._still.look(held)
        with self._changed:
            moved = order != self._order_now()
            late = bool(self._released) and self._may_be_on_its_way()
        return None if moved or (still and late) else still

    def _order_now(self) -> tuple[int, int]:
        return len(self._held), len(self._released)

    def _may_be_on_its_way(self) -> bool:
        return not self._still.proof and time.monotonic() < self._given + ON_ITS_WAY

    def _advance(self, still: Still) -> bool:
        """Give out the earliest answer; False: a task that sleeps wakes before it."""
        with self._changed:
            self._held = [held for held in self._held if not held.gone]
            heapq.heapify(self._held)
            if not self._held:
                return True
            held = self._held[0]
            timer = self._next_timer(still)
            if timer is not None and timer[0] < held.due:
                return self._wait_for_timer(*timer)
            heapq.heappop(self._held)
            self._now = held.due
            self._released.add(held.order)
            self._given = time.monotonic()
            _wake(held)
            return True

    def _next_timer(self, still: Still) -> tuple[int, float] | None:
        """Give when the next sleep ends on this clock, and the real seconds left."""
        if self._timer_seconds <= 0:
            return None
        known = self._timers
        self._timers = {
            timer.key: known.get(timer.key, self._now + round(timer.left * 1e6))
            for timer in still.timers
        }
        due = [(self._timers[t.key], t.left) for t in still.timers if t.left > -1]
        return min(due, default=None)

    def _wait_for_timer(self, due: int, left: float) -> bool:
        """Go on to the end of a sleep: it is the next thing that can happen."""
        self._now = max(self._now, due)
        pause = min(max(left, _NAP), self._timer_seconds)
        self._timer_seconds -= pause
        if self._timer_seconds <= 0:
            told = f"sleeping tasks were waited for no longer than {TIMERS:g} s in all"
            self._undetermined[told] = None
        self._changed.wait(pause)
        return False

    def _give_up(self) -> None:
        told = (
            f"something went on for {self._bound:g} s beside an answer that was held, "
            "so that it is not known whether it comes before it"
        )
        with self._changed:
            self._undetermined[told] = None
            if self._held:
                held = heapq.heappop(self._held)
                self._now = max(self._now, held.due)
                _wake(held)


def _wake(held: _Held) -> None:
    if not held.gone:
        with suppress(RuntimeError):  # its loop was closed, and nobody waits any more
            held.wake()


def _waiting() -> tuple[Callable[[], Any], Callable[[], object]]:
    """Give how the running task waits, and what lets it go on from any thread."""
    if asyncio._get_running_loop() is None:  # noqa: SLF001 - what sniffio asks
        return _waiting_in_trio()
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    return event.wait, lambda: loop.call_soon_threadsafe(event.set)


def _waiting_in_trio() -> tuple[Callable[[], Any], Callable[[], object]]:
    trio: Any = sys.modules["trio"]
    token, event = trio.lowlevel.current_trio_token(), trio.Event()
    return event.wait, lambda: token.run_sync_soon(event.set)
