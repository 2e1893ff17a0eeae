"""What had happened before a call was made, told by tasks and threads, never by clocks.

Each task, thread and piece of work handed to a pool is a *branch*. A branch begins with
what its parent knew when it handed the work over, and the parent knows what the branch
did once the branch is done. Of a deterministic program all this is deterministic.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Hashable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NamedTuple

from pytest_agentflow.wire import threads
from pytest_agentflow.wire.marking import as_seam, is_seam

Unit = tuple[int, Hashable, Hashable]
"""Thread, task and piece of work that code runs in."""

_NOTHING: frozenset[Any] = frozenset()


@dataclass(eq=False, slots=True)
class Branch:
    """One thread of happenings in a run.

    Args:
        unit: the task or thread it runs in.
        frontier: the last calls known to have been made; anything with identity.
        ended: names of the stages known to have ended.
        is_done: whether the unit has ended.
        is_awaited: whether somebody has asked for its result.
    """

    number: int
    unit: Unit
    frontier: frozenset[Any] = _NOTHING
    ended: frozenset[str] = frozenset()
    is_done: Callable[[], bool] = bool
    is_awaited: Callable[[], bool] = bool
    begins_with: frozenset[Any] = _NOTHING
    children: list[Branch] = field(default_factory=list)

    def join(self, *, awaited_only: bool) -> None:
        """Learn what finished children did.

        Args:
            awaited_only: leave those out whose result nobody asked for: two pieces of
                work handed over one after the other do not follow each other, however
                quick the first one is.
        """
        finished = [
            child
            for child in self.children
            if child.is_done() and (child.is_awaited() or not awaited_only)
        ]
        if not finished:
            return
        self.children = [c for c in self.children if c not in finished]
        for child in finished:
            child.join(awaited_only=False)
        made_calls = [c for c in finished if c.frontier != c.begins_with]
        covered = _union(c.begins_with for c in made_calls)
        self.frontier = (self.frontier - covered) | _union(
            c.frontier for c in made_calls
        )
        self.ended |= _union(c.ended for c in finished)


def _union(sets: Iterable[frozenset[Any]]) -> frozenset[Any]:
    return frozenset().union(*sets)


class Position(NamedTuple):
    """Where code stands in a run; a snapshot that tasks and threads inherit.

    A tuple, since each call makes one: a frozen dataclass takes five times as long.
    """

    session: Any
    branch: Branch
    frontier: frozenset[Any] = _NOTHING
    ended: frozenset[str] = frozenset()
    visits: tuple[Any, ...] = ()
    """Open visits of stages, innermost last."""
    guessed: bool = False
    """Nothing was inherited: the visits are those that were open when it was asked."""


_position: ContextVar[Position | None] = ContextVar("agentflow_position", default=None)
_lock = threading.RLock()


def position() -> Position | None:
    """Give where the running code stands; `None` outside of every session."""
    return _position.get()


def stand(where: Position | None) -> None:
    """Let the running code, and what it starts from now on, stand at `where`."""
    _position.set(where)


def begin(session: Any, visits: tuple[Any, ...] = ()) -> Position:
    """Give the position at the beginning of a run."""
    root = Branch(number=0, unit=unit())
    return Position(session=session, branch=root, visits=visits)


def settled(where: Position, count: Callable[[], int]) -> Position:
    """Give `where` with the branch of the running unit, made when it is new.

    Args:
        where: what the unit inherited.
        count: gives the number of a new branch.
    """
    own = unit()
    if where.branch.unit == own:
        return _as_known(where, where.branch)
    with _lock:
        known = next((c for c in where.branch.children if c.unit == own), None)
        child = known or _fork(where, own, count())
    return where._replace(branch=child, frontier=child.frontier, ended=child.ended)


def _as_known(where: Position, branch: Branch) -> Position:
    if where.frontier is branch.frontier and where.ended is branch.ended:
        return where
    session, _, _, _, visits, guessed = where
    return Position(session, branch, branch.frontier, branch.ended, visits, guessed)


def _fork(where: Position, own: Unit, number: int) -> Branch:
    if _waits_for(where.branch.unit, own):
        where = refreshed(where, awaited_only=False)
    is_done, is_awaited = _ends_of(own)
    child = Branch(
        number=number,
        unit=own,
        frontier=where.frontier,
        begins_with=where.frontier,
        ended=where.ended,
        is_done=is_done,
        is_awaited=is_awaited,
    )
    where.branch.children.append(child)
    return child


def _waits_for(parent: Unit, child: Unit) -> bool:
    """Whether the parent is plain code that runs an event loop, as `asyncio.run` does.

    It does nothing else meanwhile, so that the task knows all that the parent knows.
    """
    same_thread = (parent[0], parent[2]) == (child[0], child[2])
    return same_thread and parent[1] is None and child[1] is not None


def advanced(where: Position, call: Any) -> tuple[Position, frozenset[Any]]:
    """Take note of `call` in the running branch; also gives what it follows."""
    with _lock:
        branch = where.branch
        if branch.children:
            branch.join(awaited_only=False)
        parents = branch.frontier
        branch.frontier = frozenset((call,))
    return _as_known(where, branch), parents


def ending(where: Position, stage: str) -> Position:
    """Take note in the running branch that `stage` has ended."""
    with _lock:
        where.branch.ended |= {stage}
    return where._replace(ended=where.branch.ended)


def refreshed(where: Position, *, awaited_only: bool = True) -> Position:
    """Give `where` with what finished children did."""
    with _lock:
        where.branch.join(awaited_only=awaited_only)
    branch = where.branch
    return where._replace(frontier=branch.frontier, ended=branch.ended)


def unit() -> Unit:
    """Give the thread, task and piece of work that the running code stands in."""
    return threading.get_ident(), _task(), threads.current_work()


def _task() -> Any:
    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - never raises
        return asyncio.current_task()
    trio = sys.modules.get("trio")
    if trio is None or not _runs_trio(trio):
        return None
    try:
        return trio.lowlevel.current_task()
    except RuntimeError:  # a callback of the loop's own
        return None


def _runs_trio(trio: Any) -> bool:
    """Whether this thread runs trio, as trio tells sniffio: that is quickly asked."""
    sniffio = sys.modules.get("sniffio")
    if sniffio is None:
        return bool(trio.lowlevel.in_trio_run())
    return bool(sniffio.thread_local.name == "trio")


def _ends_of(own: Unit) -> tuple[Callable[[], bool], Callable[[], bool]]:
    """Tell how to know whether a unit has ended, and whether somebody waited for it."""
    _, task, work = own
    if isinstance(task, asyncio.Future):
        return task.done, task.done
    if isinstance(work, threads.Work):
        return (lambda: work.done), (lambda: work.awaited)
    if task is not None:  # trio's tasks leave their nursery when they end
        return (lambda: getattr(task, "coro", None) is None or _ended(task)), bool
    thread = next((t for t in threading.enumerate() if t.ident == own[0]), None)
    over = (lambda: not thread.is_alive()) if thread else (lambda: True)
    return over, over


def _ended(task: Any) -> bool:
    frame: Any = getattr(task.coro, "cr_frame", None)
    return frame is None


def install() -> None:
    """Keep positions up to date wherever a program starts tasks or threads."""
    threads.carry(_position, before_handing_over=_before_handing_over)
    _install_in_tasks()


def _install_in_tasks() -> None:
    loop: Any = asyncio.BaseEventLoop
    original = loop.create_task
    if is_seam(original):
        return

    @wraps(original)
    def create_task(self: Any, coro: Any, **given: Any) -> Any:
        if _position.get() is not None and _runs(self):
            threads.handing_over(coro, given.get("context"))
        return original(self, coro, **given)

    loop.create_task = as_seam(create_task)


def _runs(loop: Any) -> bool:
    return asyncio._get_running_loop() is loop  # noqa: SLF001 - never raises


def _before_handing_over() -> None:
    where = _position.get()
    if where is not None and not where.session.closed:
        stand(refreshed(settled(where, where.session.count_branch)))
