"""Where in a framework's agents or graph the running code stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from pytest_agentflow.running.wrapping import Open, Passage
from pytest_agentflow.wire import routing, threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One visit of an agent, a node or a step of a workflow.

    Args:
        name: the stage's name.
        found_by: the framework.
        visit: the same for all calls of one visit, another one for the next visit; it
            is kept as long as the session, so that no other visit is taken for it.
    """

    name: str
    found_by: str
    visit: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What our own hooks know of the running code, and tasks and threads inherit."""

    step: Step | None = None
    outer: Step | None = None
    """The step that the frameworks' own contexts named when `step` was noted."""
    tools: tuple[Any, ...] = ()
    """Calls of tools and retrievers in whose functions it stands, innermost last."""


_NOWHERE = Inside()
_inside: ContextVar[Inside | None] = ContextVar("agentflow_inside", default=None)


def inside() -> Inside:
    """Give what our hooks know of the running code."""
    return _inside.get() or _NOWHERE


@contextmanager
def standing(where: Inside) -> Iterator[None]:
    """Let the code inside, and what it starts, stand at `where`."""
    token = _inside.set(where)
    try:
        yield
    finally:
        _inside.reset(token)


def carry() -> None:
    """Carry it into threads from now on, which inherit nothing by themselves."""
    threads.carry(_inside, before_handing_over=lambda: None)


@dataclass(slots=True)
class _StepPassage:
    """A function that is one visit of an agent or step."""

    where: Inside

    def answer(self) -> tuple[bool, Any]:
        """Steps always run: in a replay it is their calls that are answered."""
        return False, None

    def pause(self) -> None:
        """Take no time: no result is known."""

    def inside(self) -> AbstractContextManager[None]:
        """Stand in the step."""
        return standing(self.where)

    def returned(self, value: Any) -> None:
        """Nothing to do: the last model answer is the stage's output."""

    def yielded(self, items: list[Any], value: Any) -> None:
        """Nothing to do."""

    def raised(self, error: BaseException) -> None:
        """Nothing to do."""


def step_door(
    framework: str,
    name: Callable[[tuple[Any, ...], dict[str, Any]], str | None],
    native: Callable[[], Step | None],
) -> Open:
    """Give a door that lets a function be one visit of the step that `name` tells.

    Args:
        framework: what `Step.found_by` says.
        name: tells the step's name from the function's arguments; `None`: it is none.
        native: gives the step that the frameworks' own contexts name.
    """

    def open_(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passage | None:
        called = name(args, kwargs) if routing.anybody() else None
        if not called:
            return None
        step = Step(name=called, found_by=framework, visit=object())
        return _StepPassage(replace(inside(), step=step, outer=native()))

    return open_
