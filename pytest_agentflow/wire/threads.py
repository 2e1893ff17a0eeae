"""Carries a session's context into the threads that a workflow starts.

Threads and executors start with an empty context, so that a call made in one would
belong to no stage. Only our own context variables are carried; nothing else changes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import wraps
from types import FrameType
from typing import Any

from pytest_agentflow.wire import routing
from pytest_agentflow.wire.marking import as_seam, is_seam

_carried: list[ContextVar[Any]] = [routing.here]
_hooks: list[Callable[[], None]] = []

#: Modules on the stack where the work was handed over, innermost first.
handed_over_by: ContextVar[tuple[str, ...]] = ContextVar(
    "agentflow_handed_over_by", default=()
)


class Work:
    """One function that runs in another thread."""

    __slots__ = ("awaited", "done")

    def __init__(self) -> None:
        self.done = False
        self.awaited = False
        """Whether whoever handed it over has asked for its result since."""


_of_thread = threading.local()


def carry(
    variable: ContextVar[Any], *, before_handing_over: Callable[[], None]
) -> None:
    """Carry `variable` into threads from now on.

    `before_handing_over` is called wherever work is handed to another thread, before
    the variable is read.
    """
    if all(variable is not carried for carried in _carried):
        _carried.append(variable)
        _hooks.append(before_handing_over)


def current_work() -> Work | None:
    """Give the piece of work that this thread does for another one."""
    return getattr(_of_thread, "work", None)


def carrying(function: Callable[..., Any], work: Work) -> Callable[..., Any]:
    """Wrap `function` so that it runs in our part of the present context."""
    for hook in _hooks:
        hook()
    values = [(variable, variable.get(None)) for variable in _carried]
    origin = _modules(sys._getframe(2))  # noqa: SLF001 - whom a refusal names

    def run(*args: Any, **kwargs: Any) -> Any:
        before = current_work()
        tokens = [(variable, variable.set(value)) for variable, value in values]
        token = handed_over_by.set(origin)
        _of_thread.work = work
        try:
            return function(*args, **kwargs)
        finally:
            work.done = True
            _of_thread.work = before
            handed_over_by.reset(token)
            for variable, one in reversed(tokens):
                variable.reset(one)

    return run


def _noticing(wait: Callable[..., Any], work: Work) -> Callable[..., Any]:
    """Wrap a way to wait for `work`, so that a later call is known to follow it."""

    @wraps(wait)
    def waited(*args: Any, **kwargs: Any) -> Any:
        try:
            return wait(*args, **kwargs)
        finally:
            work.awaited = work.done

    return waited


def _modules(frame: FrameType | None) -> tuple[str, ...]:
    names: list[str] = []
    while frame is not None and len(names) < 40:
        names.append(str(frame.f_globals.get("__name__", "?")))
        frame = frame.f_back
    return tuple(names)


def install() -> None:
    """Let executors and threads carry our context; inert without a session."""
    _install_in_executors()
    _install_in_threads()


def _install_in_executors() -> None:
    original: Any = ThreadPoolExecutor.submit
    if is_seam(original):
        return

    @wraps(original)
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if routing.here.get() is None:
            return original(self, fn, *args, **kwargs)
        work = Work()
        future = original(self, carrying(fn, work), *args, **kwargs)
        future.result = _noticing(future.result, work)
        future.exception = _noticing(future.exception, work)
        return future

    ThreadPoolExecutor.submit = as_seam(submit)  # type: ignore[method-assign]


def _install_in_threads() -> None:
    original = threading.Thread.start
    if is_seam(original):
        return

    @wraps(original)
    def start(self: threading.Thread) -> None:
        if routing.here.get() is not None and not _belongs_to_a_pool(self):
            work = Work()
            self.run = carrying(self.run, work)  # type: ignore[method-assign]
            self.join = _noticing(self.join, work)  # type: ignore[method-assign]
        original(self)

    threading.Thread.start = as_seam(start)  # type: ignore[method-assign]


def _belongs_to_a_pool(thread: threading.Thread) -> bool:
    """Whether the thread serves many pieces of work, of many sessions."""
    target = getattr(thread, "_target", None)
    names = (getattr(target, "__module__", ""), type(thread).__module__)
    pools = ("concurrent.futures", "multiprocessing.pool", "anyio")
    return any(name.startswith(pools) for name in names if name)
