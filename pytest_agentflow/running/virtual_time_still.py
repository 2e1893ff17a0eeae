"""Tells whether a process stands still: no thread of it can begin anything by itself.

On Linux this is a proof, however busy the machine is: two looks find every thread
asleep, none of them for want of the interpreter's lock, and the kernel's count of its
switches says that it slept all the while in between. Elsewhere the same frames are
looked at several times.
"""

from __future__ import annotations

import _thread
import asyncio
import ctypes
import os
import sys
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

Waits = Literal["inside", "loop", "outside"]
"""For another thread; in an event loop; or for something that no thread does."""

PATIENCE = 1.0
"""Seconds that a thread is waited for which waits for something outside."""

_TASKS = Path("/proc/self/task")
_PROOF = sys.platform == "linux" and _TASKS.is_dir()
_LOOKS = 2 if _PROOF else 5
_PAUSE = 0.0002 if _PROOF else 0.001

#: Module and function in which a thread waits for what another one does.
_INSIDE = frozenset(
    {
        ("threading", "wait"),
        ("threading", "acquire"),
        ("threading", "join"),
        ("threading", "_wait_for_tstate_lock"),
        ("threading", "__enter__"),
        ("queue", "get"),
        ("queue", "put"),
        ("concurrent.futures.thread", "_worker"),
        ("pytest_agentflow.running.virtual_time", "hold"),
    }
)

#: What asyncio.sleep lets an event loop call.
_WAKES: Any = vars(asyncio.futures).get("_set_result_unless_cancelled")

_ENOUGH = 8192
"""Bytes that hold what the kernel tells of a thread."""

_FUTEX = {"x86_64": "202", "aarch64": "98"}
_EPOLL = {"x86_64": ("232", "281"), "aarch64": ("22",)}


class Timer(NamedTuple):
    """A sleep of a task in an event loop."""

    key: tuple[int, float]
    """The same as long as it is the same timer."""
    left: float
    """Seconds of real time until it ends."""


@dataclass(slots=True)
class Still:
    """What a process that stands still waits for, beside what is held."""

    timers: list[Timer] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    """Threads that wait for something outside, and may go on at any moment."""


class _Seen(NamedTuple):
    """A thread at one look."""

    ident: int
    frame: int
    line: int
    switches: str
    """As the kernel counts; empty where it does not tell."""


_Place = tuple[int, int, int]
"""Thread, code and instruction: where a thread waits, each time that it does."""

_Snapshot = tuple[frozenset[_Seen], frozenset[tuple[int, str]]]


class Stillness:
    """Looks at the threads of this process, from one of them.

    Threads that are older than this and do not wait for others at its beginning have
    another work than the run's, and are left alone.

    Args:
        patience: seconds to wait for threads that wait for something outside.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self.proof = _PROOF
        own = threading.get_ident()
        self._since: dict[_Place, float] = {}
        self._given_up: set[_Place] = set()
        self.notes: list[str] = []
        frames, known, moved = _seen_at_rest()
        self._others = {
            ident
            for ident, frame in frames.items()
            if ident != own
            and (ident in moved or _waits(frame, known.get(ident))[0] == "outside")
        }
        python = {known[i] for i in frames.keys() - self._others if i in known}
        self._other_tasks = _tasks() - python

    def join(self, ident: int) -> None:
        """Take note that this thread has to do with the run after all."""
        if ident in self._others:
            self._others.discard(ident)
            self._other_tasks.discard(_threads().get(ident) or 0)

    def look(self, held: Collection[int]) -> Still | None:
        """Look until it is known; `None`: something moves, or may do so at once.

        Args:
            held: threads that are known to wait.
        """
        first = self._snapshot(held)
        if first is None:
            return None
        for _ in range(_LOOKS - 1):
            time.sleep(_PAUSE)
            if self._snapshot(held) != first:
                return None
        return self._judged(first)

    def _snapshot(self, held: Collection[int]) -> _Snapshot | None:
        frames = sys._current_frames()  # noqa: SLF001
        known = _threads()
        leave = {threading.get_ident(), *held} | self._others
        if any(ident not in frames for ident in known.keys() - leave):
            return None  # one begins, or ends
        tasks = _tasks() - self._other_tasks - {threading.get_native_id()}
        switches = {}
        for task in tasks - {known.get(ident) for ident in leave}:
            if (count := _asleep(task)) is None or _wants_the_lock(task):
                return None
            switches[task] = count
        seen = set()
        for ident in frames.keys() - leave:
            frame = frames[ident]
            if _is_about_to_run(frame):
                return None
            count = switches.get(known.get(ident) or 0, "")
            seen.add(_Seen(ident, id(frame), frame.f_lasti, count))
        return frozenset(seen), frozenset(switches.items())

    def _judged(self, found: _Snapshot) -> Still:
        frames, known = sys._current_frames(), _threads()  # noqa: SLF001
        still = Still()
        now, since = time.monotonic(), self._since
        self._since = {}
        for seen in found[0]:
            frame = frames.get(seen.ident)
            if frame is None:
                continue
            waits, timers = _waits(frame, known.get(seen.ident))
            still.timers += timers
            place = (seen.ident, id(frame.f_code), seen.line)
            if waits != "outside" or place in self._given_up:
                continue
            self._since[place] = began = since.get(place, now)
            if now - began < self._patience:
                still.outside.append(_told(seen.ident, frame))
            else:
                self._given_up.add(place)
                self.notes.append(
                    f"{_told(seen.ident, frame)} waited for something outside of the "
                    "run, and was not waited for"
                )
        return still


def _seen_at_rest() -> tuple[
    dict[int, FrameType], dict[int | None, int | None], set[int]
]:
    """Give the frames and numbers of all threads, and which of them do not rest.

    One that is kept from running by the interpreter's lock alone looks asleep, and like
    one that waits for another thread; it asks for the lock once in a switch interval.
    """

    def looks() -> dict[int, tuple[int, int, str | None]]:
        return {
            ident: (id(frame), frame.f_lasti, _asleep(known.get(ident) or 0))
            for ident, frame in frames.items()
        }

    frames, known = sys._current_frames(), _threads()  # noqa: SLF001 - no other way
    if len(frames) == 1:
        return frames, known, set()
    first = looks()
    time.sleep(2 * sys.getswitchinterval())
    frames = sys._current_frames()  # noqa: SLF001
    moved = {
        i for i, look in looks().items() if look[2] is None or look != first.get(i)
    }
    return frames, known, moved


def _told(ident: int, frame: FrameType) -> str:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    file = Path(frame.f_code.co_filename).name
    return f"{names.get(ident, 'a thread')} at {file}:{frame.f_lineno}"


def _waits(frame: FrameType, task: int | None) -> tuple[Waits, list[Timer]]:
    """Tell what the thread in this frame waits for, if it sleeps."""
    place = (str(frame.f_globals.get("__name__")), frame.f_code.co_name)
    if place == ("selectors", "select"):
        return _waits_in_selector(frame)
    if place[0].startswith("trio._core._io_") and place[1] == "get_events":
        soon = frame.f_locals.get("timeout", PATIENCE) < PATIENCE
        return ("outside" if soon else "loop"), []
    if place in _INSIDE:
        return "inside", []
    return _waits_in_kernel(task), []


def _waits_in_selector(frame: FrameType) -> tuple[Waits, list[Timer]]:
    caller = frame.f_back
    name = caller.f_code.co_name if caller is not None else ""
    if caller is not None and name == "serve_forever":
        return "inside", []
    if caller is None or name != "_run_once":
        return "outside", []
    loop = caller.f_locals.get("self")
    selector = frame.f_locals.get("self")
    sockets = len(selector.get_map() or ()) if selector is not None else 0
    return ("loop" if sockets <= 1 else "outside"), list(_sleeps(loop))


def _sleeps(loop: Any) -> Iterator[Timer]:
    """Give the timers that wake a sleeping task; time limits are none of them.

    A replay answers in time, whatever limit a client set.
    """
    now = loop.time()
    for handle in list(getattr(loop, "_scheduled", ())):
        called = getattr(handle, "_callback", None)
        if called is _WAKES and not handle.cancelled():
            when = handle.when()
            yield Timer((id(handle), when), when - now)


def _is_about_to_run(frame: FrameType) -> bool:
    """Whether this event loop has something to do that it has not begun."""
    caller = frame.f_back
    if frame.f_code.co_name != "select" or caller is None:
        return False
    if caller.f_code.co_name != "_run_once":
        return False
    return bool(getattr(caller.f_locals.get("self"), "_ready", ()))


# What Linux tells


@cache
def _machine() -> str:
    return os.uname().machine


def _waits_in_kernel(task: int | None) -> Waits:
    """Tell by the system call; a lock of any kind is given up by another thread.

    An event loop of another make, without a timer, waits as asyncio's does.
    """
    number, *given = _read(task, "syscall").split() or [""]
    if not given:
        return "outside"  # no kernel tells
    if number == _FUTEX.get(_machine()):
        return "inside"
    waits = number in _EPOLL.get(_machine(), ())
    forever = waits and int(given[3], 16) & 0xFFFFFFFF == 0xFFFFFFFF
    return "loop" if forever else "outside"


def _wants_the_lock(task: int) -> bool:
    """Tell whether a sleeping task waits for the interpreter's lock alone."""
    return _waits_at(task) in _interpreter_lock()


def _waits_at(task: int) -> int:
    """Give the address of the lock that a task waits for; 0: it waits for none."""
    number, *given = _read(task, "syscall").split() or [""]
    return int(given[0], 16) if number == _FUTEX.get(_machine()) else 0


@cache
def _interpreter_lock() -> range:
    """Give the addresses at which threads wait for the interpreter's lock.

    They are told by no interface: a thread of ours is let go on while this one keeps
    the lock, and seen waiting. Empty where that does not succeed, as where there is no
    such lock; then the count of switches alone has to tell.
    """
    for _ in range(_TRIES):
        gate = _thread.allocate_lock()
        gate.acquire()
        tasks: list[int] = []
        _thread.start_new_thread(_passes, (gate, tasks))
        at_gate = _seen_waiting(tasks)
        gate.release()
        if not at_gate:
            return range(0)  # the kernel does not tell
        for _ in range(_TRIES):
            _libc().usleep(100)  # the lock is kept
            if (at := _waits_at(tasks[0])) not in (0, at_gate):
                return range(at - _BESIDE, at + _BESIDE)
    return range(0)


def _seen_waiting(tasks: list[int]) -> int:
    """Give where a thread of ours waits once it has begun; 0: it is not seen to."""
    by = time.monotonic() + 1
    while time.monotonic() < by:
        time.sleep(_PAUSE)
        if tasks and (at := _waits_at(tasks[0])):
            return at
    return 0


def _passes(gate: _thread.LockType, tasks: list[int]) -> None:
    tasks.append(threading.get_native_id())
    gate.acquire()


_TRIES = 20
_BESIDE = 256
"""Bytes: CPython has all that belongs to its lock in one structure of that size."""


def _asleep(task: int) -> str | None:
    """Give how often a sleeping task was switched; `None`: it runs, or wants to."""
    status = _read(task, "status")
    if not status:
        return ""  # it has ended
    lines = dict(line.partition(":\t")[::2] for line in status.splitlines())
    if not lines.get("State", "").startswith(("S", "T", "t")):
        return None
    names = ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
    return " ".join(lines.get(name, "") for name in names)


def _read(task: int | None, name: str) -> str:
    """Read what the kernel tells, and keep the interpreter's lock meanwhile.

    Each read that gave it up would let a busy thread run for a switch interval, and a
    look at many threads last so long that one of them always wakes during it.
    """
    if task is None or not _PROOF:
        return ""
    libc, text = _libc(), ctypes.create_string_buffer(_ENOUGH)
    path = os.fsencode(_TASKS / str(task) / name)
    opened = libc.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if opened < 0:
        return ""
    length = libc.read(opened, text, _ENOUGH)
    libc.close(opened)
    return text.raw[: max(length, 0)].decode("ascii", "replace")


@cache
def _libc() -> ctypes.PyDLL:
    return ctypes.PyDLL(None)


def _tasks() -> set[int]:
    names = os.listdir(_TASKS) if _PROOF else ()  # noqa: PTH208 - half the time
    return {int(name) for name in names}


def _threads() -> dict[int | None, int | None]:
    """Give the threads that Python started, with the numbers that the kernel has."""
    dummy: Any = threading._DummyThread  # noqa: SLF001
    known = (t for t in threading.enumerate() if not isinstance(t, dummy))
    return {thread.ident: thread.native_id for thread in known}
