"""What a seam and a session say to each other about one HTTP request."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.recording.match import Verbatim
from pytest_agentflow.wire.telemetry import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole response as it came over the wire; times are `time.perf_counter`'s, s."""

    response: Response
    """Body decoded from any content encoding, headers that named it left out."""
    first_byte: float
    """When status and headers had come."""
    arrivals: tuple[float, ...]
    """When each of `response.chunks` had come."""
    end: float
    complete: bool = True
    """False: the application stopped reading before the end."""


class Clock(Protocol):
    """What the pauses of one answer are waited on; real time where there is none."""

    def wait(self, seconds: float) -> None:
        """Wait in a thread."""

    async def give_way(self, seconds: float) -> None:
        """Wait in a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """A recorded answer, to be given out with the pauses that it came with.

    All times are in seconds after the request was sent.
    """

    response: Response
    first_byte: float | None = None
    """When status and headers had come; `None`: with the first chunk, or at the end."""
    arrivals: tuple[float, ...] = ()
    """When each of `response.chunks` had come; empty for a body in one piece."""
    end: float | None = None
    """When the body was whole; `None`: with the last chunk."""
    clock: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Instead of an answer: the connection failed when this was recorded."""

    error: str
    after: float = 0.0
    """Seconds after the request was sent."""
    clock: Clock | None = None

    def wait(self) -> None:
        """Wait in a thread until it fails; not at all on a real clock."""
        if self.clock is not None:
            self.clock.wait(self.after)

    async def give_way(self) -> None:
        """The same in a task."""
        if self.clock is not None:
            await self.clock.give_way(self.after)


class Cutting(Protocol):
    """Something that can be told that nobody reads on."""

    def cut(self) -> None:
        """Take what was read so far as the answer, marked incomplete."""


class Exchange(Protocol):
    """The session's side of one request that goes over the network."""

    def opened(self, tape: Cutting) -> None:
        """Status and headers have come; `tape` gathers the body."""

    def answered(self, answer: Answer) -> None:
        """The body has been read, wholly or as far as the application wanted."""

    def failed(self, error: BaseException) -> None:
        """No answer came, or it broke off."""


Reply = Response | Paced | Exchange | Broken
"""What a session makes of a request: an answer, a listener, or a broken connection."""


class Handler(Protocol):
    """A session, as seams and the network guard know it."""

    @property
    def replays(self) -> bool:
        """Whether it answers from a recording, so that the network is closed."""

    @property
    def closed(self) -> bool:
        """Whether the run has ended."""

    @property
    def allowed(self) -> Collection[tuple[str, int | None]]:
        """Hosts and ports (`None`: any) that may be reached, and are not recorded."""

    @property
    def reached(self) -> Collection[tuple[str, int]]:
        """Hosts and ports that calls of stages which go live were let through to."""

    @property
    def telemetry(self) -> Collection[Endpoint]:
        """The user's own telemetry endpoints, beside the built-in ones."""

    def at_once(self, asked: Verbatim) -> Response | Paced | None:
        """Answer a request that a recording holds byte for byte.

        `None`: `handle` has to be asked, and nothing was noted.
        """

    def handle(self, request: Request) -> Reply:
        """Answer `request`, or give who listens while it goes over the network.

        A `Response` is given out at once, a `Paced` one with its pauses.

        Raises `Miss` where a recording has no answer.
        """

    def ignored(self, request: Request) -> None:
        """`request` went to a telemetry endpoint; count it."""

    def refused(self, refusal: BaseException) -> None:
        """The guard refused a connection; `refusal` is about to be raised."""
