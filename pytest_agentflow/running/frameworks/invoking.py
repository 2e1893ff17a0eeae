"""Tools and retrievers of frameworks as calls of a run.

One rule for all frameworks: their functions are the user's code and run in a replay, as
all of it does; what they ask the network for is answered from the recording. Arguments
and result are recorded as a call, and the documents in the result are sources. Results
are objects of the frameworks, which no recording could give back; a function that is to
be answered from the recording is named by another door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Literal

from pytest_agentflow.model.call import Invocation
from pytest_agentflow.running import lineage
from pytest_agentflow.running.frameworks.reading import found, leave
from pytest_agentflow.running.frameworks.step import Inside, Step, inside, standing
from pytest_agentflow.running.notes import CallNote
from pytest_agentflow.running.plain import plain
from pytest_agentflow.running.sources import sources_in
from pytest_agentflow.running.wrapping import Open, Passage
from pytest_agentflow.wire import routing

Role = Literal["retriever", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a tool or retriever is asked.

    Args:
        name: as the model knows it.
        arguments: what it is given, JSON values where possible.
        role: what it is.
        step: the step that it is called from, where only the call itself tells.
    """

    name: str
    arguments: Mapping[str, Any]
    role: Role = "tool"
    step: Step | None = None


def _session_here() -> Any:
    where = lineage.position()
    if where is not None and not where.session.closed:
        return where.session
    alive = [one for one in routing.alive() if hasattr(one, "begin_call")]
    return alive[0] if len(alive) == 1 else None


def call_door(
    framework: str,
    asked: Callable[[tuple[Any, ...], dict[str, Any]], Asked | None],
    gave: Callable[[Any], Any] = lambda value: value,
) -> Open:
    """Give a door that makes a call of each call of a framework's tool or retriever.

    Args:
        framework: the first part of the function's recorded name.
        asked: tells from the function's arguments what is asked; `None`: it is no call.
        gave: tells from its result what was given: a text, documents, JSON values. Of
            a generator it gets the list of what was yielded.
    """

    def open_(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passage | None:
        session = _session_here() if routing.anybody() else None
        what = asked(args, kwargs) if session is not None else None
        if session is None or what is None:
            return None
        made = Invocation(
            function=f"{framework}:{what.name}", arguments=_plain(what.arguments)
        )
        if _goes_on(made):
            return None
        where = inside()
        if what.step is not None:
            where = replace(where, step=what.step, outer=None)
        with standing(where), session.in_step(reads=False):
            note = session.begin_call(what.role, invocation=made)
        return _CallPassage(session, note, gave, where)

    return open_


def _goes_on(made: Invocation) -> bool:
    """Whether a tool only hands on to another form of itself, async to sync say."""
    tools = inside().tools
    return bool(tools) and tools[-1].invocation == made


def _plain(value: Any) -> Any:
    return plain(value, unknown=lambda v: f"<{type(v).__module__}.{type(v).__name__}>")


@dataclass(slots=True)
class _CallPassage:
    """One call of a framework's tool or retriever."""

    session: Any
    note: CallNote
    gave: Callable[[Any], Any]
    where: Inside

    def answer(self) -> tuple[bool, Any]:
        """Let the function run, in a replay, too."""
        return False, None

    def pause(self) -> None:
        """Take no time: no result is known."""

    def inside(self) -> AbstractContextManager[None]:
        """Stand in the function."""
        return standing(replace(self.where, tools=(*self.where.tools, self.note)))

    def returned(self, value: Any) -> None:
        """Take the result, and the documents in it."""
        result = self.gave(value)
        made = self.note.invocation
        assert made is not None  # noqa: S101 - a call of a function
        self.note.invocation = replace(made, result=plain(result))
        with standing(self.where):
            if (same := self._another_doors()) is not None:
                leave(self.session, self.session.unread_of(same), self.note)
                return
            self.session.end_call(self.note)
            kind: Any = "retrieved" if self.note.kind == "retriever" else "tool"
            found(self.session, sources_in(result, kind), self.note)

    def yielded(self, items: list[Any], value: Any) -> None:
        """Take what a generator gave."""
        self.returned(items if value is None else value)

    def raised(self, error: BaseException) -> None:
        """Take note of a failed call."""
        self.note.error = f"{type(error).__name__}: {error}".rstrip(": ")
        self.session.end_call(self.note)

    def _another_doors(self) -> CallNote | None:
        """Leave the call to another door that the same function stands behind."""
        same = next((c for c in self.session.calls if self._is_same(c)), None)
        if same is not None:
            same.parents = self.note.parents
            self.note.retried_by = same
        return same

    def _is_same(self, call: CallNote) -> bool:
        made, own = call.invocation, self.note.invocation
        if made is None or own is None or call is self.note:
            return False
        same_name = _last_name(made) == _last_name(own)
        return same_name and call.parents == {self.note}


def _last_name(made: Invocation) -> str:
    return made.function.rpartition(":")[2].rpartition(".")[2]
