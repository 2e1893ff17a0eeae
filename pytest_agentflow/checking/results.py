"""What checks yield, and what the engine makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.fault import same_faults
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.verdict import Verdict, fold_verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Announces a rule, so that it is listed even when it met no subject."""

    id: str
    title: str = ""
    must_apply: bool = False
    """Fail, rather than be inapplicable, when no subject was there."""
    advisory: bool = False
    """Warn only: what fails is reported, and the test passes all the same."""
    gate: bool = False
    """A statistical gate: while it is INCONCLUSIVE, the check is undetermined whatever
    its other rules say, and `optional` lets that pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Subjects of a rule with nothing found: passed, or not applicable."""

    rule: str
    count: int = 1
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line for terminal and report that is no finding."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What one rule of a check decided, with denominators."""

    rule: str
    verdict: Verdict
    title: str = ""
    examined: int = 0
    passed: int = 0
    failed: int = 0
    undetermined: int = 0
    errors: int = 0
    findings: tuple[Finding, ...] = ()
    gate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check decided about one run."""

    check: str
    """Id of the check: ``accessibility``."""
    written: str
    """The check as a marker would be written: ``accessibility("AA")``."""
    verdict: Verdict
    title: str = ""
    rules: tuple[RuleResult, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    notes: tuple[Note, ...] = ()
    strict: bool = False
    optional: bool = False

    @property
    def ok(self) -> bool:
        """Whether it lets a test pass."""
        waved = self.optional and (
            self.verdict is Verdict.INAPPLICABLE or self.inconclusive
        )
        return self.verdict is Verdict.PASSED or waved

    @property
    def inconclusive(self) -> bool:
        """Whether it is open because a gate is, and not for want of an answer."""
        is_open = self.verdict is Verdict.UNDETERMINED
        return is_open and any(
            rule.gate for rule in self.rules if rule.verdict is Verdict.UNDETERMINED
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of all rules."""
        return tuple(f for rule in self.rules for f in rule.findings)

    @property
    def examined(self) -> int:
        """How many subjects were examined."""
        return sum(rule.examined for rule in self.rules)

    @property
    def warnings(self) -> int:
        """How many findings are reported without failing the test."""
        return sum(f.advisory and f.status == "new" for f in self.findings)

    @property
    def undetermined(self) -> int:
        """How many subjects are left as questions."""
        return sum(rule.undetermined for rule in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOnce:
    """One fault that several rules found, by the fingerprints of their findings."""

    told: str
    """Of the finding that stands for all."""
    also: tuple[str, ...]
    """Of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What all checks decided about one run."""

    run: str
    """The run's id, ``build_site/hotel``."""
    results: tuple[CheckResult, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def verdict(self) -> Verdict:
        """All checks folded into one verdict."""
        return fold_verdicts([r.verdict for r in self.results])

    @property
    def ok(self) -> bool:
        """Whether every check lets a test pass, and there was one."""
        return bool(self.results) and all(r.ok for r in self.results)

    @property
    def passed(self) -> bool:
        """The same as `ok`."""
        return self.ok

    @property
    def failed(self) -> bool:
        """Whether some check does not let a test pass."""
        return not self.ok

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of all checks."""
        return tuple(f for result in self.results for f in result.findings)

    @property
    def told_once(self) -> tuple[ToldOnce, ...]:
        """The faults that several rules found: told once, and kept for each."""
        return tuple(
            ToldOnce(
                told=one.told.fingerprint,
                also=tuple(other.fingerprint for other in one.also),
            )
            for one in same_faults(self.findings).merged
        )

    def result(self, check: str) -> CheckResult:
        """Find the result of one check by its id; raises `LookupError`."""
        for result in self.results:
            if result.check == check:
                return result
        message = f"no check {check!r} was evaluated on {self.run}"
        raise LookupError(message)
