"""What the doors do: open a stage around a function, or make a call of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

from pytest_agentflow.model.call import Invocation
from pytest_agentflow.model.run import SourceKind
from pytest_agentflow.recording.values import (
    UnstorableValue,
    decode_user_value,
    encode_user_value,
)
from pytest_agentflow.running import lineage
from pytest_agentflow.running.notes import CODE, CallNote, Visit
from pytest_agentflow.running.plain import plain
from pytest_agentflow.running.session import Session
from pytest_agentflow.running.sources import sources_in
from pytest_agentflow.running.visits import give_output
from pytest_agentflow.running.wrapping import Open, Passage, Pause
from pytest_agentflow.wire import routing

Role = Literal["retriever", "tool"]

_SOURCE_KINDS: dict[str, SourceKind] = {"retriever": "retrieved", "tool": "tool"}


def session_here() -> Session | None:
    """Give the session of the running code; `None` outside of every session."""
    where = lineage.position()
    if where is not None and not where.session.closed:
        session: Session = where.session
        return session
    alive = [one for one in routing.alive() if isinstance(one, Session)]
    return alive[0] if len(alive) == 1 else None


_STAGES = "__agentflow_stages__"


def mark_stage(function: Callable[..., Any], name: str) -> None:
    """Keep on `function` that the code names it this stage."""
    setattr(function, _STAGES, (*stages_on(function), name))


def stages_on(function: Callable[..., Any]) -> tuple[str, ...]:
    """Give the stages that the code names `function`, innermost first."""
    # Decorators above the mark carry it on: functools.wraps copies it.
    return tuple(getattr(function, _STAGES, ()))


def stage_door(name: str, found_by: str) -> Open:
    """Give a door that opens the stage `name` around a function."""

    def open_(_args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Passage | None:
        session = session_here()
        if session is None or _is_inside(session, name, found_by):
            return None
        return StagePassage(session, session.begin_visit(name, found_by))

    return open_


def _is_inside(session: Session, name: str, found_by: str) -> bool:
    """Whether the stage is open here: a function that calls itself is one visit.

    The code may open it again inside of what the configuration says: it knows better.
    """
    open_ = [v for v in session.here().visits if v.stage.name == name]
    for visit in open_:
        visit.stage.also_found_by(found_by)
    return any(visit.found_by in (found_by, CODE) for visit in open_)


@dataclass(slots=True)
class StagePassage:
    """One visit of a stage by a function; its return value is the output."""

    session: Session
    visit: Visit

    def answer(self) -> tuple[bool, Any]:
        """Stages always run: in a replay it is their calls that are answered."""
        return False, None

    def pause(self) -> Pause | None:
        """Take no time: no result is known."""
        return None

    def inside(self) -> AbstractContextManager[None]:
        """Stand in the stage."""
        return self.session.inside(self.visit)

    def returned(self, value: Any) -> None:
        """Take the output, and close the stage."""
        if value is not None:
            with self.session.inside(self.visit):
                give_output(self.session, self.visit, value, "return value")
        self.session.end_visit(self.visit)

    def yielded(self, items: list[Any], value: Any) -> None:
        """Take what a generator gave: pieces of text are one text, as in a stream."""
        if value is None and items and all(isinstance(item, str) for item in items):
            value = "".join(items)
        self.returned(items if value is None else value)

    def raised(self, error: BaseException) -> None:  # noqa: ARG002 - the protocol's
        """Close the stage, without output."""
        self.session.end_visit(self.visit)


def call_door(function: Callable[..., Any], role: Role, *, replays: bool) -> Open:
    """Give a door that makes a call of each call of a retriever or tool."""
    name = f"{function.__module__}:{function.__qualname__}"
    signature = inspect.signature(function)

    def open_(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passage | None:
        session = session_here()
        if session is None:
            return None
        arguments = _arguments(signature, name, args, kwargs)
        made = Invocation(function=name, arguments=arguments)
        with session.in_step(reads=False):
            note = session.begin_call(role, invocation=made)
        return CallPassage(session, note, role, replays)

    return open_


def _arguments(
    signature: inspect.Signature,
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Mapping[str, Any]:
    """Name the arguments, defaults included; a method's own object does not count."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # the function itself raises it better
        return {"args": [_plain_argument(a) for a in args]}
    bound.apply_defaults()
    given = dict(bound.arguments)
    first = next(iter(given), None)
    if first in ("self", "cls") and "." in name.rpartition(":")[2]:
        del given[first]
    return {key: _plain_argument(value) for key, value in given.items()}


def _plain_argument(value: Any) -> Any:
    """Give an argument as JSON; of a client or connection only its class counts."""
    return plain(value, unknown=lambda v: f"<{type(v).__module__}.{type(v).__name__}>")


@dataclass(slots=True)
class CallPassage:
    """One call of a retriever or tool function."""

    session: Session
    note: CallNote
    role: Role
    replays: bool

    def answer(self) -> tuple[bool, Any]:
        """Give the recorded result, in a replay."""
        with self.session.answering():
            if not self.replays or not self.session.conduct.invocation(
                self.session, self.note
            ):
                return False, None
            assert self.note.invocation is not None  # noqa: S101 - a call of a function
            value = decode_user_value(self.note.invocation.result)
            self._hand_over(value)
        return True, value

    def pause(self) -> Pause | None:
        """Give how long the call took when it was recorded, where that is asked."""
        ask = getattr(self.session.conduct, "pause", None)
        found: Pause | None = None if ask is None else ask(self.note)
        return found

    def inside(self) -> AbstractContextManager[None]:
        """Stand where the caller stands."""
        return nullcontext()

    def returned(self, value: Any) -> None:
        """Take the result, and the documents in it."""
        self._store(value)
        self.session.end_call(self.note)
        self._hand_over(value)

    def yielded(self, items: list[Any], value: Any) -> None:  # noqa: ARG002
        """Take what a generator gave, item by item."""
        self.returned(items)

    def raised(self, error: BaseException) -> None:
        """Take note of a failed call."""
        self.note.error = f"{type(error).__name__}: {error}".rstrip(": ")
        self.session.end_call(self.note)

    def _store(self, value: Any) -> None:
        assert self.note.invocation is not None  # noqa: S101 - a call of a function
        made = self.note.invocation
        try:
            result = encode_user_value(value)
        except UnstorableValue as error:
            if self.replays:
                self.raised(error)
                refused = UnstorableValue(f"{self.role} {made.function}: {error}")
                self.session.ledger.enter(refused)
                raise refused from None
            result = plain(value)
        self.note.invocation = replace(made, result=result)

    def _hand_over(self, value: Any) -> None:
        notes = sources_in(value, _SOURCE_KINDS[self.role])
        self.session.add_sources(notes, self.note)
