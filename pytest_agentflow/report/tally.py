"""The counts that every form of the report shows, each with its denominator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pytest_agentflow.checking.results import CheckResult
from pytest_agentflow.model.codec import to_json
from pytest_agentflow.model.exhibit import Bars
from pytest_agentflow.model.fault import Faults, same_faults
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.money import SYMBOLS, Money
from pytest_agentflow.model.verdict import Verdict, fold_verdicts
from pytest_agentflow.report.document import (
    Comparison,
    Entry,
    Report,
    RunSummary,
    Spent,
)
from pytest_agentflow.report.latency import Latency, Percentiles, percentiles
from pytest_agentflow.report.summary import add_spent

PAGE = "imported: page"
"""Provenance of a plain page that was judged as a run."""

CURRENCIES = {**{code: code for code in SYMBOLS}, **{s: c for c, s in SYMBOLS.items()}}
"""Unit of a chart of money -> its currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """One run with everything that was asked of it, in whatever test."""

    run: RunSummary
    entries: tuple[Entry, ...]
    excused: bool = False
    """Whether every test that it fails passes by enough other trials."""

    @property
    def ok(self) -> bool:
        """Whether all tests that judged it passed."""
        return all(entry.ok for entry in self.entries)

    @property
    def verdict(self) -> Verdict:
        """All checks of all tests folded; failed where a test failed otherwise."""
        verdicts = [r.verdict for e in self.entries for r in e.evaluation.results]
        if self.ok:
            passed = Verdict.PASSED in verdicts
            return Verdict.PASSED if passed else fold_verdicts(verdicts)
        bad = [result.verdict for result in results_of(self) if not result.ok]
        if not verdicts:
            return Verdict.ERROR
        return bearing(fold_verdicts(bad), ok=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One check over all runs."""

    check: str
    written: str
    title: str
    verdict: Verdict
    """As it bears on the tests: what lets one fail has failed."""
    decided: Verdict
    """As the checks decided: nothing may have been examined, or decided."""
    runs: int
    passed_runs: int
    examined: int
    findings: int
    """Failing ones, neither known nor waived; and erring ones, known or not."""
    new: int
    """Those of them that were not there before."""
    known: int
    waived: int
    warnings: int
    """Findings that are reported and fail nothing."""
    review: int
    """Subjects left as questions for a person."""
    excused: bool = False
    """Whether it fails in such runs only that are excused by other trials."""

    @property
    def failed_runs(self) -> int:
        """Runs that it does not hold for."""
        return self.runs - self.passed_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowLine:
    """What the runs of one workflow consumed, stage by stage."""

    workflow: str
    runs: int
    stages: tuple[tuple[str, Spent], ...]
    total: Spent
    authored: bool
    limits: dict[str, Money] = field(default_factory=dict)
    """Stage -> its budget for one run, where all checks agree on it."""
    before: dict[str, Money] = field(default_factory=dict)
    """Stage -> what it cost in one run before, where all its runs are compared."""
    compared: tuple[Comparison, ...] = ()
    """Of its runs, each once."""
    latency: Percentiles | None = None
    """`None`: fewer than two of its runs tell."""

    def per_run(self, money: Money | None) -> Money | None:
        """Divide by the number of runs."""
        if money is None or not self.runs:
            return None
        return Money(amount=money.amount / self.runs, currency=money.currency)


def judged_runs(report: Report) -> tuple[JudgedRun, ...]:
    """Group the entries by run: the same run judged by two tests is one run.

    A recording that is replayed twice is one run, though the workflow's own code made
    something else of its answers: it was paid for once.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in report.entries:
        groups.setdefault(_key(entry.run), []).append(entry)
    return tuple(_judged(group, report.excusing) for group in groups.values())


def _judged(entries: Sequence[Entry], excusing: frozenset[str]) -> JudgedRun:
    bad = [entry for entry in entries if not entry.ok]
    return JudgedRun(
        run=entries[0].run,
        entries=tuple(entries),
        excused=bool(bad) and all(entry.target in excusing for entry in bad),
    )


def bearing(verdict: Verdict, *, ok: bool) -> Verdict:
    """Give a verdict as it bears on the test: what lets it fail has failed."""
    open_ = verdict in (Verdict.INAPPLICABLE, Verdict.UNDETERMINED)
    return Verdict.FAILED if open_ and not ok else verdict


def thing(runs: Sequence[JudgedRun]) -> str:
    """Name what was judged: plain pages are no runs to who has no workflow."""
    return "page" if runs and all(r.run.provenance == PAGE for r in runs) else "run"


def _key(run: RunSummary) -> str:
    same = (
        # What was paid for; outputs and times may be the replaying code's own.
        [run.file, run.id, run.provenance, to_json(run.total), run.live, run.in_order]
        + [[s.name, s.models, to_json(s.spent)] for s in run.stages]
        if run.file
        else to_json(run)
    )
    text = json.dumps(same, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def results_of(judged: JudgedRun) -> tuple[CheckResult, ...]:
    """Give its check results, each once though several tests asked for it."""
    return distinct_results(judged.entries)


def distinct_results(entries: Iterable[Entry]) -> tuple[CheckResult, ...]:
    """Give the check results of one run's entries, each once.

    A result that differs from an earlier one of the same check is kept: nothing that
    was found is lost.
    """
    found: dict[tuple[str, bool, bool], list[CheckResult]] = {}
    for entry in entries:
        for result in entry.evaluation.results:
            key = (result.written, result.strict, result.optional)
            kept = found.setdefault(key, [])
            if all(result.rules != other.rules for other in kept):
                kept.append(result)
    return tuple(result for kept in found.values() for result in kept)


def counts(finding: Finding) -> bool:
    """Whether it stands against its run: it fails, or could not be examined."""
    return finding.fails or finding.verdict is Verdict.ERROR


def warns(finding: Finding) -> bool:
    """Whether it is a warning: told, and failing nothing."""
    return finding.advisory and finding.status == "new"


_Asked = tuple[JudgedRun, Sequence[CheckResult]]
"""A run, and what one check decided about it."""


def check_lines(runs: Sequence[JudgedRun]) -> tuple[CheckLine, ...]:
    """Sum up every check over all runs, in the order in which they were asked for."""
    groups: dict[str, list[_Asked]] = {}
    for judged in runs:
        own: dict[str, list[CheckResult]] = {}
        for result in results_of(judged):
            own.setdefault(result.written, []).append(result)
        for written, results in own.items():
            groups.setdefault(written, []).append((judged, results))
    return tuple(_line(written, by_run) for written, by_run in groups.items())


def _line(written: str, by_run: Sequence[_Asked]) -> CheckLine:
    results = [result for _, one in by_run for result in one]
    findings = [finding for result in results for finding in result.findings]
    bad = [result.verdict for result in results if not result.ok]
    failing = [judged for judged, one in by_run if not all(r.ok for r in one)]
    decided = fold_verdicts(bad or [result.verdict for result in results])
    return CheckLine(
        check=results[0].check,
        written=written,
        title=results[0].title,
        verdict=bearing(decided, ok=not bad),
        decided=decided,
        runs=len(by_run),
        passed_runs=len(by_run) - len(failing),
        examined=sum(result.examined for result in results),
        findings=sum(counts(finding) for finding in findings),
        new=sum(counts(f) and f.status != "known" for f in findings),
        known=sum(finding.status == "known" for finding in findings),
        waived=sum(finding.status == "waived" for finding in findings),
        warnings=sum(result.warnings for result in results),
        review=sum(result.undetermined for result in results),
        excused=bool(failing) and all(judged.excused for judged in failing),
    )


def workflow_lines(
    runs: Sequence[JudgedRun], comparisons: Sequence[Comparison] = ()
) -> tuple[WorkflowLine, ...]:
    """Sum up what each workflow consumed; workflows without calls are left out."""
    groups: dict[str, list[JudgedRun]] = {}
    for judged in runs:
        groups.setdefault(judged.run.workflow, []).append(judged)
    lines = (_workflow(name, group, comparisons) for name, group in groups.items())
    return tuple(line for line in lines if line.total.calls)


def _workflow(
    name: str, group: Sequence[JudgedRun], comparisons: Sequence[Comparison]
) -> WorkflowLine:
    stages: dict[str, list[Spent]] = {}
    for judged in group:
        for stage in judged.run.stages:
            stages.setdefault(stage.name, []).append(stage.spent)
    keys = {judged.run.key for judged in group}
    compared = tuple(c for c in comparisons if c.key in keys)
    whole = len(compared) == len(group) and all(c.before for c in compared)
    return WorkflowLine(
        workflow=name,
        runs=len(group),
        stages=tuple((stage, add_spent(parts)) for stage, parts in stages.items()),
        total=add_spent(judged.run.total for judged in group),
        authored=any(judged.run.authored for judged in group),
        limits=_limits(group, set(stages)),
        before=_before(compared) if whole else {},
        compared=compared,
        latency=percentiles(filter(None, map(_latency, group))),
    )


def _latency(judged: JudgedRun) -> Latency | None:
    """Give how long a run takes; a test may have it computed, and another one not."""
    told = [entry.run.latency for entry in judged.entries if entry.run.latency]
    return next((one for one in told if one.computed), told[0] if told else None)


def _before(compared: Sequence[Comparison]) -> dict[str, Money]:
    parts: dict[str, list[Spent]] = {}
    for comparison in compared:
        for delta in comparison.stages:
            kept = parts.setdefault(delta.name, [])
            kept.extend([delta.before] if delta.before is not None else [])
    sums = {name: add_spent(spent).cost for name, spent in parts.items() if spent}
    return {
        name: Money(amount=cost.amount / len(compared), currency=cost.currency)
        for name, cost in sums.items()
        if cost is not None
    }


def _limits(group: Sequence[JudgedRun], stages: set[str]) -> dict[str, Money]:
    """Read budgets off the charts of money that checks handed over."""
    seen: dict[str, set[Money]] = {}
    for judged in group:
        for chart in _money_charts(judged):
            unit = CURRENCIES[chart.unit]
            for bar in chart.bars:
                stage = bar.label.partition(" (")[0]  # remarks stand in brackets
                if bar.limit is not None and stage in stages:
                    money = Money(amount=bar.limit, currency=unit)
                    seen.setdefault(stage, set()).add(money)
    return {stage: m.pop() for stage, m in seen.items() if len(m) == 1}


def _money_charts(judged: JudgedRun) -> Iterator[Bars]:
    for result in results_of(judged):
        for exhibit in result.exhibits:
            if isinstance(exhibit, Bars) and exhibit.unit in CURRENCIES:
                yield exhibit


def faults_of(judged: JudgedRun) -> Faults:
    """Find what several checks of a run report alike: told once, kept for each."""
    return same_faults(f for result in results_of(judged) for f in result.findings)


def stage_of(finding: Finding) -> str:
    """Name the stage that brought a finding in, as far as that is known."""
    if finding.introduced_between is not None:
        return " or ".join(finding.introduced_between)
    return finding.introduced_by or finding.lost_at or ""
