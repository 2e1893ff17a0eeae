"""What the page shows, put in its places with anchors: the templates draw it."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_agentflow.checking.results import CheckResult, RuleResult
from pytest_agentflow.model.exhibit import MarkedText
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.report import pictures, tally
from pytest_agentflow.report.document import TrialsEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding in its place on the page."""

    finding: Finding
    anchor: str
    blame: str
    link: str
    """Address of the rule's explanation; empty unless it is a web address."""
    cutout: pictures.Cutout | None
    also: tuple[Finding, ...] = ()
    """The same fault, as other rules found it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings of one rule that are shown together."""

    rule: RuleResult
    first: tuple[FindingView, ...]
    more: tuple[FindingView, ...]
    left_out: int
    common: frozenset[str] = frozenset()
    """What all of them say alike, so that it is said once."""

    @property
    def count(self) -> int:
        """How many there are in all."""
        return len(self.first) + len(self.more) + self.left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """One check on one run."""

    result: CheckResult
    anchor: str
    standing: tuple[Group, ...]
    """What stands against the run."""
    warnings: tuple[Group, ...]
    """What is told and fails nothing."""
    review: tuple[Group, ...]
    settled: tuple[Group, ...]
    """Known and waived findings."""
    elsewhere: tuple[tuple[Finding, Finding, str], ...] = ()
    """Own findings that are told with another check's, which, and its anchor."""

    @property
    def groups(self) -> tuple[Group, ...]:
        """All that was found."""
        return (*self.standing, *self.warnings, *self.review, *self.settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestView:
    """One test that judged a run, once however often it did."""

    target: str
    ok: bool
    trials: str
    """Which trials of the test judged the run; empty where it was run once."""
    problems: tuple[str, ...]
    commands: tuple[str, ...]
    """What shows its failures again."""
    checks: tuple[CheckView, ...]
    """What it asked of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run in its place on the page."""

    judged: tally.JudgedRun
    anchor: str
    tests: tuple[TestView, ...]
    checks: tuple[CheckView, ...]
    marked: dict[str, MarkedText]
    """Source id or title -> the source with its claims marked."""
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsView:
    """One test that was run several times, with its runs on the page."""

    test: TrialsEntry
    failed: tuple[tuple[int, str, str], ...]
    """The trials that failed, the anchors of what they judged, what failed first."""
