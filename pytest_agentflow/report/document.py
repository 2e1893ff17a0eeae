"""The one document that every form of the report draws from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_agentflow.checking.results import Evaluation, Note
from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import Takes
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report.amounts import Spent, StageDelta
from pytest_agentflow.report.latency import Latency
from pytest_agentflow.report.recorded import RecordingsChanged

__all__ = [
    "AUTHORED",
    "ESTIMATED",
    "FORMAT",
    "Comparison",
    "Entry",
    "Excerpt",
    "FilePlace",
    "Flip",
    "GateEntry",
    "Outcome",
    "RecordedSummary",
    "RecordingsChanged",
    "Report",
    "RunSummary",
    "SequentialEntry",
    "SourceSummary",
    "Spent",
    "StageDelta",
    "StageSummary",
    "TrialsEntry",
    "Volatile",
]

FORMAT = "agentflow-report/1"
"""Stands first in the JSON form; another one is refused."""

AUTHORED = "authored answers: illustrates the tool, is no evidence"
"""What is said of a report of which answers were written by people."""

AUTHORED_MARK = "authored answers, no evidence"
"""The mark of every figure that rests on such answers."""

ESTIMATED = "usage estimated, not reported by the provider"
"""The mark of every figure that rests on estimated usage."""

Outcome = Literal["passed", "failed", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The beginning of a recorded text, and how long the whole is."""

    text: str
    length: int
    """Characters of the whole text."""
    name: str = ""

    @property
    def rest(self) -> int:
        """How many characters were cut off."""
        return max(self.length - len(self.text), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSummary:
    """One stage of a run, as the report shows it."""

    name: str
    after: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many of its model calls are no chat, by kind: ``rerank``, ``image``."""
    spent: Spent = field(default_factory=Spent)
    output: Excerpt | None = None
    artefacts: tuple[str, ...] = ()
    """Name and size of what it made: ``index.html, 12 kB``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """A document that a stage relied on."""

    id: str
    text: Excerpt
    kind: str = "retrieved"
    title: str = ""
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSummary:
    """Everything about a run that changes from recording to recording."""

    at: str | None = None
    """ISO timestamp, UTC."""
    prices_as_of: str | None = None
    prices_old: bool = False
    """Whether they are older than 90 days."""
    duration: float | None = None
    """ms."""
    stages: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Start and end of each stage, ms since the run began."""
    takes: Takes = field(default_factory=Takes)
    again: Mapping[str, str] = field(default_factory=dict)
    """Stages that were recorded again by themselves -> when, as `at`."""
    parts: tuple[str, ...] = ()
    """When each part was begun, of a recording that broke off and was resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlace:
    """A file of the project that holds an artefact."""

    file: str
    """From where the session ran."""
    inside: int | None = None
    """The line where it begins, where the file holds more: a recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run as the report shows it: without its calls."""

    id: str
    workflow: str
    case: str
    variant: str | None = None
    size: int | None = None
    trial: int | None = None
    file: str = ""
    """The recording, from where the session ran; tells apart runs of one name."""
    provenance: str = "recorded"
    inputs: tuple[Excerpt, ...] = ()
    stages: tuple[StageSummary, ...] = ()
    total: Spent = field(default_factory=Spent)
    sources: tuple[SourceSummary, ...] = ()
    sources_left_out: int = 0
    missing: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    """Stages that went over the network while the others were replayed."""
    in_order: tuple[str, ...] = ()
    """Stages that were answered in order, though their questions had changed."""
    recorded: RecordedSummary = field(default_factory=RecordedSummary)
    latency: Latency | None = None
    """How long it takes; `None`: nothing tells."""
    files: Mapping[str, FilePlace] = field(default_factory=dict)
    """Artefacts that findings name -> where they stand among the project's files."""

    @property
    def authored(self) -> bool:
        """Whether people wrote the answers: the run is then no evidence."""
        return self.provenance == "authored"

    @property
    def key(self) -> str:
        """What the same run has at another time."""
        return self.file or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run that one test (or one call of the command) had judged."""

    target: str
    """Node id of the test, or path of the recording or page."""
    run: RunSummary
    evaluation: Evaluation
    outcome: Outcome = "passed"
    """Of the whole test or trial, which may fail for other reasons than its checks."""
    trial: int | None = None
    """Which trial of the test it was; `None`: the test was run once."""
    problem: str = ""
    """What failed beside the checks: a miss, an assertion of the test's own."""
    reproduce: str = ""
    """The command that shows it again."""
    position: int = 0
    """Place of the test in the order of collection."""
    seconds: float = field(default=0.0, compare=False, metadata={"json": False})

    @property
    def ok(self) -> bool:
        """Whether the test, or this trial of it, passed."""
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialEntry:
    """The sequential test that ended the trials of a test."""

    verdict: Verdict
    """PASS, FAIL and INCONCLUSIVE are passed, failed and undetermined."""
    good: float
    """Rate of passing of a workflow that is accepted."""
    bad: float
    """Rate of one that is found out."""
    most: int
    """Trials after which it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsEntry:
    """How the trials of one test went: it passes where enough of them do."""

    target: str
    """Node id of the test."""
    passed: int
    trials: int
    needed: int
    interval: tuple[float, float]
    """95 % interval (Wilson) of the rate of passing, 0 to 1."""
    pass_2: float | None = None
    """Estimated chance of passing twice in a row; `None`: there was but one trial."""
    failed: tuple[int, ...] = ()
    """The trials that failed, by number."""
    reasons: tuple[str, ...] = ()
    """What failed first in each of them, in the same order."""
    position: int = 0
    """Place of the test in the order of collection."""
    sequential: SequentialEntry | None = None
    """`None`: as many trials were made as were asked for."""

    @property
    def ok(self) -> bool:
        """Whether enough passed."""
        if self.sequential is not None:
            return self.sequential.verdict is Verdict.PASSED
        return self.passed >= self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEntry:
    """A comparison of two sets of runs that was asked for: the decomposition gate."""

    title: str
    verdict: Verdict
    """PASS, FAIL and INCONCLUSIVE are passed, failed and undetermined."""
    sentences: tuple[str, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    target: str = ""
    reproduce: str = ""
    position: int = 0
    optional: bool = False
    """Whether undetermined and inapplicable let the test pass."""
    cost: Money | None = None
    """Of the runs that were held against the baseline."""
    baseline_cost: Money | None = None
    """Of the single model's runs of the same cases."""
    authored: bool = False
    estimated: bool = False

    @property
    def ok(self) -> bool:
        """Whether it lets a test pass."""
        waved = self.optional and self.verdict is Verdict.UNDETERMINED
        return self.verdict is Verdict.PASSED or waved


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A check that decides otherwise than it did on the earlier recording."""

    check: str
    """As a marker would be written."""
    before: Verdict
    now: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One run held against the same run at another time, if there was one."""

    run: str
    """Id of the run."""
    file: str = ""
    """The run's recording, from where the session ran."""
    targets: tuple[str, ...] = ()
    """The tests that judged it: it is compared once, however many there are."""
    new: tuple[str, ...] = ()
    """Fingerprints of the findings that were not there before."""
    known: tuple[str, ...] = ()
    fixed: tuple[Finding, ...] = ()
    """Findings that were there before and no longer are."""
    flips: tuple[Flip, ...] = ()
    """Checks of which the verdict changed, whatever was known or waived since."""
    stages: tuple[StageDelta, ...] = ()
    now: Spent = field(default_factory=Spent)
    before: Spent | None = None
    """`None`: there was no such run."""

    @property
    def key(self) -> str:
        """What the same run has at another time."""
        return self.file or self.run


@dataclass(frozen=True, slots=True, kw_only=True)
class Volatile:
    """All of the report that differs when the same suite runs again."""

    created: str = ""
    """ISO timestamp, UTC."""
    command: str = ""
    seconds: tuple[float, ...] = ()
    """How long judging took, entry by entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a session found: every form of the report is drawn from it."""

    title: str = "Quality report"
    mode: str = ""
    """``replay``, ``record``, ``live`` or ``check``."""
    git: str = ""
    """Revision that was judged, where it is known."""
    against: str = ""
    """What the runs are compared with: ``git:origin/main``, a report's path."""
    versions: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    trials: tuple[TrialsEntry, ...] = ()
    """Of the tests that were run several times."""
    decompositions: tuple[GateEntry, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    recordings: RecordingsChanged | None = None
    """`None`: recordings were not compared."""
    notes: tuple[Note, ...] = ()
    volatile: Volatile = field(default_factory=Volatile)

    @property
    def ok(self) -> bool:
        """Whether every test and every gate in it passed, and there was one.

        What failed in a trial fails nothing where enough other trials passed.
        """
        good = self.excusing
        judged = [entry.ok or entry.target in good for entry in self.entries]
        judged += [gate.ok or gate.target in good for gate in self.decompositions]
        judged += [test.ok for test in self.trials]
        return bool(judged) and all(judged)

    @property
    def excusing(self) -> frozenset[str]:
        """The tests that passed by enough of their trials, whatever the others did."""
        return frozenset(test.target for test in self.trials if test.ok)

    @property
    def authored(self) -> bool:
        """Whether anything in it rests on answers written by people."""
        runs = any(entry.run.authored for entry in self.entries)
        return runs or any(gate.authored for gate in self.decompositions)

    @property
    def estimated(self) -> bool:
        """Whether some money in it rests on estimated usage."""
        runs = any(entry.run.total.estimated for entry in self.entries)
        return runs or any(gate.estimated for gate in self.decompositions)
