"""One execution of a workflow for one case."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_agentflow.model.call import Call, usage_of
from pytest_agentflow.model.computed import Computed
from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.price import Charge, PriceLock, charges
from pytest_agentflow.model.rate import sum_of
from pytest_agentflow.model.usage import Usage

if TYPE_CHECKING:
    from pytest_agentflow.model.event import Event

UNATTRIBUTED = "unattributed"
"""The stage of calls that no door attributed to a stage."""

SourceKind = Literal["retrieved", "tool", "upstream", "prompt", "profile", "facts"]


class UnknownStage(LookupError):
    """A stage was named that the run does not have."""

    __module__ = "pytest_agentflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document that a stage was given to rely on."""

    id: str
    text: str
    kind: SourceKind = "retrieved"
    stage: str | None = None
    """The stage it was given to; `None`: to the whole run."""
    call: str | None = None
    """The retriever or tool call that gave it."""
    title: str = ""
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """Something a stage produced: a page, a picture, a JSON brief, a text."""

    name: str
    """File name or path below the returned folder, ``index.html``."""
    media_type: str
    data: bytes
    stage: str | None = None
    """The stage that made it; `None`: the workflow's own code, after all stages."""
    call: str | None = None
    path: str | None = None
    """JSON path of where it was found in the stage's output or the call's answer."""

    @property
    def text(self) -> str:
        """The data as text, undecodable bytes replaced."""
        return self.data.decode("utf-8", "replace")

    @property
    def digest(self) -> str:
        """SHA-256 of the data, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A named step of the workflow, a node of its graph."""

    name: str
    after: tuple[str, ...] = ()
    """Names of the stages that had ended before this one began."""
    outputs: tuple[Any, ...] = ()
    """What it gave, once per visit: JSON values, where bytes may stand."""
    found_by: str = ""
    """The door that found it: ``configuration``, ``code``, ``opentelemetry``, ..."""
    output_from: str = ""
    """Where the output came from: ``return value``, ``code``, ``last model answer``."""
    calls: tuple[Call, ...] = field(default=(), metadata={"json": False}, repr=False)
    sources: tuple[Source, ...] = field(
        default=(), metadata={"json": False}, repr=False
    )
    artefacts: tuple[Artefact, ...] = field(
        default=(), metadata={"json": False}, repr=False
    )

    @property
    def output(self) -> Any:
        """The output of the last visit; `None` when the stage gave none."""
        return self.outputs[-1] if self.outputs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When one call began, first answered and ended, in ms since the run began."""

    start: float
    first_byte: float | None = None
    end: float | None = None
    chunks: tuple[float, ...] = ()
    """Arrival of each piece of a streamed body, in ms since `start`."""
    overlaps: tuple[str, ...] = ()
    """Ids of the calls that were under way at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """How many takes were discarded before this one, and what they cost."""

    discarded: int = 0
    cost: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retake:
    """A stage that was recorded again, while other stages stayed as they were."""

    at: str | None = None
    """ISO timestamp, UTC."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Those that differ from the versions that the whole run was recorded with."""
    takes: Takes = field(default_factory=Takes)
    """What was discarded of this stage, and of those recorded again with it."""
    parts: tuple[str, ...] = ()
    """As `Recorded.parts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Everything about a run that changes from recording to recording."""

    at: str | None = None
    """ISO timestamp, UTC, of the recording of the whole run."""
    duration: float | None = None
    """ms."""
    calls: Mapping[str, Timing] = field(default_factory=dict)
    stages: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Start and end of each stage, ms since the run began."""
    versions: Mapping[str, str] = field(default_factory=dict)
    prices: PriceLock = field(default_factory=PriceLock)
    takes: Takes = field(default_factory=Takes)
    """Takes of the whole run; `all_takes` adds those of single stages."""
    uncalled: tuple[str, ...] = ()
    """Configured functions that the run did not call: ``stage:qa``, ``tool:m:f``."""
    retakes: Mapping[str, Retake] = field(default_factory=dict)
    """Stages that were recorded again later than the whole run."""
    parts: tuple[str, ...] = ()
    """When each part was begun, of a recording that broke off and was resumed: ISO
    timestamps, UTC. Empty: it was recorded in one go."""

    @property
    def last_end(self) -> float | None:
        """When the last call or stage ended, in ms; `duration` where none is known."""
        ends = [end for _, end in self.stages.values()]
        ends += [timing.end for timing in self.calls.values() if timing.end is not None]
        return max(ends, default=self.duration)

    @property
    def elapsed(self) -> float | None:
        """How long the run takes, in ms.

        `duration` is that of the whole recording, and tells nothing any more of a run
        of which stages were recorded again.
        """
        return self.last_end if self.retakes else self.duration

    @property
    def all_takes(self) -> Takes:
        """Takes of the whole run and of its stages; one unknown cost is no sum."""
        parts = [self.takes, *(retake.takes for retake in self.retakes.values())]
        told = [takes for takes in parts if takes.discarded]
        costs = [takes.cost for takes in told]
        known = [cost for cost in costs if cost is not None]
        one = len({cost.currency for cost in known}) == 1 and len(known) == len(costs)
        return Takes(
            discarded=sum(takes.discarded for takes in told),
            cost=total(known) if one else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A recorded answer that was served although the question had changed."""

    stage: str
    call: str | None
    """The call that was served; `None`: recorded calls that were not made any more."""
    changes: tuple[str, ...] = ()
    """What changed in the question, as JSON path and word diff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Something that used the network, or may have, and stands in no recording."""

    by: str
    """The module that did it: ``urllib.request, called by site_builder.model``."""
    place: str = ""
    """``host:port`` of a connection; empty: a process was started."""
    program: str = ""
    """The process that was started; empty: a connection was made."""
    times: int = 1


def _there(provenance: str, names: list[str], asked: str) -> str:
    """List the stages; of a recording that has none, say how they get their names."""
    if set(names) - {UNATTRIBUTED}:
        return f" Its stages: {', '.join(names)}."
    if provenance.startswith("imported"):
        return f" It is {provenance}, and no stage of it has a name."
    return (
        " No stage of it has a name. Say which function of yours the stage is, in "
        f"pytest.ini or pyproject.toml: agentflow_stages = {asked} = module:function; "
        f'or, around its code: with af.stage("{asked}"): ...; the nodes of a framework '
        "such as LangGraph are stages by themselves. Then record anew: "
        "pytest --agentflow=record"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a workflow for one case: all that checks judge."""

    workflow: str
    case: str
    variant: str | None = None
    size: int | None = None
    trial: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    output: Any = None
    """What the workflow returned, as JSON values."""
    stages: tuple[Stage, ...] = ()
    """In the order of the graph; each carries its calls, sources and artefacts."""
    calls: tuple[Call, ...] = ()
    """In the order of stages, then of calls within the stage."""
    sources: tuple[Source, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    missing: tuple[str, ...] = ()
    """Content that the recording lacks: ``sources:personalizer``, ``artefacts``, ..."""
    provenance: str = "recorded"
    """``recorded``, ``authored`` (answers written by people), ``imported: FORMAT``."""
    ignored_requests: int = 0
    """Telemetry requests that were neither recorded nor matched."""
    recorded: Recorded = field(default_factory=Recorded)
    drifts: tuple[Drift, ...] = field(default=(), metadata={"json": False})
    """Answers of this replay that belong to other questions; never in a recording."""
    live: tuple[str, ...] = field(default=(), metadata={"json": False})
    """Stages that went over the network while the others were replayed."""
    unseen: tuple[Unseen, ...] = field(default=(), metadata={"json": False})
    """What this run did that no seam saw; never in a recording."""
    computed: Computed | None = field(default=None, metadata={"json": False})
    """The times of this replay's calls, where they were asked for; in no recording."""
    locked: PriceLock | None = field(default=None, metadata={"json": False})
    """The lock of the recording, where the run is judged at other prices than its."""
    folder: Path | None = field(default=None, compare=False, metadata={"json": False})
    """The recordings folder it was loaded from."""
    path: Path | None = field(default=None, compare=False, metadata={"json": False})
    """The file it was loaded from."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", tuple(self._equipped()))

    def _equipped(self) -> Iterator[Stage]:
        for stage in self.stages:
            yield Stage(
                name=stage.name,
                after=stage.after,
                outputs=stage.outputs,
                found_by=stage.found_by,
                output_from=stage.output_from,
                calls=tuple(c for c in self.calls if c.stage == stage.name),
                sources=tuple(s for s in self.sources if s.stage == stage.name),
                artefacts=tuple(a for a in self.artefacts if a.stage == stage.name),
            )

    @property
    def id(self) -> str:
        """``workflow/case`` with size and trial: the recording's name."""
        size = "" if self.size is None else f".n{self.size}"
        trial = "" if self.trial is None else f".t{self.trial}"
        return f"{self.workflow}/{self.case}{size}{trial}"

    @property
    def authored(self) -> bool:
        """Whether people wrote the answers: the run is then no evidence."""
        return self.provenance == "authored"

    def stage(self, name: str) -> Stage:
        """Find a stage by name; `UnknownStage` suggests the nearest one."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        names = [stage.name for stage in self.stages]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        message = f"run {self.id} has no stage {name!r}.{hint}"
        raise UnknownStage(message + _there(self.provenance, names, name))

    def call(self, id: str) -> Call:  # noqa: A002 - the field's own name
        """Find a call by its id; raises `LookupError`."""
        for call in self.calls:
            if call.id == id:
                return call
        message = f"run {self.id} has no call {id!r}"
        raise LookupError(message)

    def pages(self) -> tuple[Artefact, ...]:
        """Give the final HTML pages: what the workflow ships.

        Pages that the workflow's own code wrote (into the returned folder, say), else
        those of the last stage in graph order that made any.
        """
        pages = [a for a in self.artefacts if a.media_type == "text/html"]
        shipped = [a for a in pages if a.stage is None]
        if shipped:
            return tuple(shipped)
        for stage in reversed(self.stages):
            if made := tuple(a for a in stage.artefacts if a.media_type == "text/html"):
                return made
        return ()

    def usage(self, stage: str | None = None) -> Usage:
        """Add up the reported usage of all calls, or of one stage's.

        `Usage.silent_calls` of its `Usage.model_calls` do not tell all of theirs.
        """
        return usage_of(self.calls if stage is None else self.stage(stage).calls)

    def charges(self, stage: str | None = None) -> tuple[Charge, ...]:
        """List every charge at the prices locked when the run was recorded.

        What is charged beside the models (`fees`) belongs to coordination: it is part
        of the run, and of no stage.
        """
        calls = self.calls if stage is None else self.stage(stage).calls
        lock = self.recorded.prices
        made = tuple(charge for call in calls for charge in charges(call, lock))
        return made if stage is not None else (*made, *self.fees())

    def fees(self) -> tuple[Charge, ...]:
        """List what is charged beside the models, each with its stage if it has one."""
        from pytest_agentflow.model.fees import fees_of  # noqa: PLC0415 - cycle

        return fees_of(self)

    def cost(self, stage: str | None = None) -> Money:
        """Add up the charges, in the reporting currency where one is declared.

        Raises `UnknownPrice` where a price, `UnknownRate` where a rate is missing.
        """
        lock = self.recorded.prices
        amounts = (charge.money for charge in self.charges(stage))
        return sum_of(amounts, lock.currency or "USD")

    def happens_before(self, first: str, second: str) -> bool:
        """Whether call `first` was answered before call `second` could be made.

        Follows the recorded parents, never clocks; concurrent calls are not ordered.
        """
        by_id = {call.id: call for call in self.calls}
        open_ids, seen = [second], set[str]()
        while open_ids:
            for parent in by_id[open_ids.pop()].parents:
                if parent == first:
                    return True
                if parent not in seen and parent in by_id:
                    seen.add(parent)
                    open_ids.append(parent)
        return False

    def events(self) -> tuple[Event, ...]:
        """Give the ordered events that policies read; see `Event`."""
        from pytest_agentflow.model.event import events_of  # noqa: PLC0415 - cycle

        return events_of(self)
