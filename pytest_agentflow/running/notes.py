"""What a session writes down while a workflow runs; a run is made of it at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytest_agentflow.model.call import (
    Attempt,
    Call,
    CallKind,
    Invocation,
    Request,
    Response,
)
from pytest_agentflow.model.run import Drift, SourceKind
from pytest_agentflow.recording.journal_parts import Kept
from pytest_agentflow.wire.handler import Cutting


@dataclass(eq=False, slots=True)
class CallNote:
    """One call under way, or made. Times are `time.perf_counter`'s, in s."""

    number: int
    stage: str
    branch: int
    parents: frozenset[CallNote]
    start: float
    kind: CallKind = "http"
    request: Request | None = None
    invocation: Invocation | None = None
    response: Response | None = None
    first_byte: float | None = None
    end: float | None = None
    arrivals: tuple[float, ...] = ()
    complete: bool = True
    error: str | None = None
    attempts: tuple[Attempt, ...] = ()
    tape: Cutting | None = None
    recorded: Call | None = None
    """The recorded call that answered it, in a replay."""
    drift: Drift | None = None
    """What was asked otherwise than recorded, where it was answered all the same."""
    kept: Kept | None = None
    """The call of a recording that broke off which answered it, as it is finished."""
    retried_by: CallNote | None = None
    key: str = ""

    @property
    def temporary_id(self) -> str:
        """Unique while the session lasts."""
        return str(self.number)

    @property
    def failed(self) -> bool:
        """Whether a client may well try again."""
        status = self.response.status if self.response is not None else None
        return self.error is not None or (status is not None and is_retryable(status))


def is_retryable(status: int) -> bool:
    """Whether clients repeat a request that was answered so."""
    return status in (408, 409, 425, 429) or status >= 500


CODE = "code"
"""Door 3."""
CONFIGURATION = "configuration"
"""Door 2."""
BOTH = f"{CODE}, {CONFIGURATION}"
"""A stage that both doors name; where they differ the code counts."""


@dataclass(eq=False, slots=True)
class StageNote:
    """One stage, over all its visits."""

    name: str
    found_by: str
    after: frozenset[str]
    depth: int
    visits: list[Visit] = field(default_factory=list)
    begin: float = 0.0
    end: float | None = None

    def also_found_by(self, door: str) -> None:
        """Take note that code and configuration both name this stage."""
        if {self.found_by, door} == {CODE, CONFIGURATION}:
            self.found_by = BOTH


@dataclass(eq=False, slots=True)
class Visit:
    """One time that a stage ran."""

    stage: StageNote
    number: int
    found_by: str = ""
    given: list[Any] = field(default_factory=list)
    """Outputs as the program gave them; the last one counts."""
    output: Any = None
    """The same as JSON values."""
    output_from: str = ""
    calls: list[CallNote] = field(default_factory=list)
    outer: tuple[Visit, ...] = ()
    """The visits it stands in, outermost first."""
    open: bool = True


@dataclass(eq=False, slots=True)
class SourceNote:
    """A document that some code handed over."""

    text: str
    id: str | None
    kind: SourceKind
    title: str = ""
    uri: str | None = None
    stage: str | None = None
    call: CallNote | None = None


@dataclass(eq=False, slots=True)
class ArtefactNote:
    """Something that a stage, or the workflow, produced."""

    name: str
    media_type: str
    data: bytes
    stage: str | None = None
    visit: Visit | None = None
    path: str | None = None
