"""What to fix first: findings that one repair mends, and what is left to ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_agentflow.checking.results import CheckResult
from pytest_agentflow.model.fault import cause_of
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report.tally import (
    JudgedRun,
    counts,
    faults_of,
    results_of,
    stage_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Findings of one rule that came in at one stage, over all runs.

    What is alike in several runs (see `cause_of`) is a cause of its own.
    """

    rule: str
    title: str
    stage: str
    """Where they came in; empty: not attributed."""
    findings: tuple[tuple[JudgedRun, Finding], ...] = ()
    unmet: tuple[tuple[JudgedRun, CheckResult], ...] = ()
    """Checks that fail without a finding: they examined, or decided, nothing."""
    also: tuple[str, ...] = ()
    """Other rules that found the same faults."""
    alike: bool = False
    """Whether its findings have the cure, and what was seen, in common."""

    @property
    def message(self) -> str:
        """What all of its findings say; empty where they differ, or it is but one."""
        said = {finding.message for _, finding in self.findings}
        return said.pop() if len(said) == 1 and len(self.findings) > 1 else ""

    @property
    def fix(self) -> str:
        """What repairs it, where that is the same for all of its findings."""
        fixes = {finding.fix for _, finding in self.findings}
        return (fixes.pop() or "") if len(fixes) == 1 else ""

    @property
    def runs(self) -> int:
        """How many runs have it."""
        return len({id(judged) for judged, _ in (*self.findings, *self.unmet)})


_Found = tuple[JudgedRun, Finding]


def causes(runs: Sequence[JudgedRun]) -> tuple[Cause, ...]:
    """Group the findings that stand against the runs by rule and stage, worst first.

    Findings of several runs that are mended by one cure (`cause_of`) stand together,
    apart from others of their rule. A check that lets a test fail and has no such
    finding is a cause itself.
    """
    groups: dict[tuple[str, str], list[_Found]] = {}
    titles: dict[str, str] = {}
    also: dict[int, tuple[Finding, ...]] = {}
    for judged in runs:
        faults = faults_of(judged)
        for result in results_of(judged):
            titles.update(_titles(result))
            for finding in filter(counts, faults.told(result.findings)):
                key = (finding.rule, stage_of(finding))
                groups.setdefault(key, []).append((judged, finding))
                also[id(finding)] = faults.also(finding)
    found = [
        Cause(
            rule=rule,
            title=titles.get(rule, ""),
            stage=stage,
            findings=tuple(part),
            also=_others(other for _, f in part for other in also[id(f)]),
            alike=len({cause_of(f) for _, f in part}) == 1,
        )
        for (rule, stage), group in groups.items()
        for part in _parts(group)
    ]
    found += _unmet(runs)
    return tuple(sorted(found, key=lambda c: (-c.runs, -len(c.findings))))


def _others(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.rule for finding in findings))


def _parts(group: Sequence[_Found]) -> list[list[_Found]]:
    """Part what several runs have alike from what stands alone."""
    by_cause: dict[tuple[str, ...], list[_Found]] = {}
    for judged, finding in group:
        by_cause.setdefault(cause_of(finding), []).append((judged, finding))
    shared, alone = [], list[_Found]()
    for part in by_cause.values():
        several = len({id(judged) for judged, _ in part}) > 1
        shared.append(part) if several else alone.extend(part)
    return [*shared, alone] if alone else shared


def _unmet(runs: Sequence[JudgedRun]) -> list[Cause]:
    groups: dict[tuple[str, Verdict], list[tuple[JudgedRun, CheckResult]]] = {}
    for judged in runs:
        for result in results_of(judged):
            if not (result.ok or any(map(counts, result.findings))):
                key = (result.written, result.verdict)
                groups.setdefault(key, []).append((judged, result))
    return [
        Cause(rule=written, title=group[0][1].title, stage="", unmet=tuple(group))
        for (written, _), group in groups.items()
    ]


def _titles(result: CheckResult) -> Iterable[tuple[str, str]]:
    return ((r.rule, r.title or result.title) for r in result.rules)


def questions(runs: Sequence[JudgedRun]) -> list[tuple[JudgedRun, Finding, int]]:
    """List what checks that hold leave to a person; the same of several once.

    Returns:
        The first run of each, the finding, and in how many runs it stands.
    """
    found: dict[str, list[tuple[JudgedRun, Finding]]] = {}
    for judged in runs:
        told = faults_of(judged).told
        for result in results_of(judged):
            open_ = result.findings if result.verdict is Verdict.PASSED else ()
            for finding in told(open_):
                if _is_open(finding):
                    # Many rules may lack the same thing: that is asked once.
                    found.setdefault(finding.message, []).append((judged, finding))
    return [(*one[0], len({j.run.id for j, _ in one})) for one in found.values()]


def _is_open(finding: Finding) -> bool:
    return finding.verdict is Verdict.UNDETERMINED and finding.status != "waived"
