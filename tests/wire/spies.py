"""Handlers for tests: one that watches the network, or replays what another saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.recording.match import Verbatim
from pytest_agentflow.wire.handler import Answer, Cutting, Exchange
from pytest_agentflow.wire.miss import Miss


@dataclass(eq=False)
class Watched:
    """One request that a `Spy` let through."""

    request: Request
    tape: Cutting | None = None
    answer: Answer | None = None
    error: BaseException | None = None

    def opened(self, tape: Cutting) -> None:
        """Keep the tape."""
        self.tape = tape

    def answered(self, answer: Answer) -> None:
        """Keep the answer."""
        self.answer = answer

    def failed(self, error: BaseException) -> None:
        """Keep the error."""
        self.error = error


@dataclass(eq=False)
class Spy:
    """A handler that records, or replays what another one recorded."""

    replays: bool = False
    answers: dict[tuple[str, bytes], Response] = field(default_factory=dict)
    closed: bool = False
    allowed: frozenset[Any] = frozenset()
    reached: frozenset[Any] = frozenset()
    telemetry: tuple[Any, ...] = ()
    seen: list[Watched] = field(default_factory=list)
    ignored_paths: list[str] = field(default_factory=list)
    refusals: list[BaseException] = field(default_factory=list)

    def at_once(self, asked: Verbatim) -> None:
        """Leave everything to `handle`."""

    def handle(self, request: Request) -> Response | Exchange:
        """Answer from `answers`, or watch."""
        watched = Watched(request)
        self.seen.append(watched)
        if not self.replays:
            return watched
        try:
            return self.answers[request.path, request.body]
        except KeyError:
            raise Miss(f"no answer for {request.path}") from None

    def ignored(self, request: Request) -> None:
        """Take note of a telemetry request."""
        self.ignored_paths.append(request.path)

    def refused(self, refusal: BaseException) -> None:
        """Take note of a refusal."""
        self.refusals.append(refusal)

    def as_replay(self) -> Spy:
        """Give a spy that answers as the network answered this one."""
        answers = {
            (w.request.path, w.request.body): w.answer.response
            for w in self.seen
            if w.answer is not None
        }
        return Spy(replays=True, answers=answers)
