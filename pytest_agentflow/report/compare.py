"""Runs held against the same runs at another time: new, known, fixed, dearer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytest_agentflow.checking.results import CheckResult
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.verdict import Verdict, fold_verdicts
from pytest_agentflow.report.document import (
    Comparison,
    Entry,
    Flip,
    RunSummary,
    StageDelta,
)
from pytest_agentflow.report.tally import distinct_results


def known_findings(before: Iterable[Entry]) -> dict[str, Counter[str]]:
    """Count the findings that each run had: run -> fingerprint -> number.

    Where several tests judged one run, the highest count holds: two tests that found
    the same fault found one fault. Errors are counted, too: one that was there before
    is told as known, though it fails the run as before.
    """
    known: dict[str, Counter[str]] = {}
    for entry in before:
        known.setdefault(entry.run.key, Counter())
        known[entry.run.key] |= Counter(
            f.fingerprint for f in entry.evaluation.findings
        )
    return known


def compare_entries(
    now: Sequence[Entry], before: Sequence[Entry]
) -> tuple[Comparison, ...]:
    """Hold each run against the run of the same key in `before`, each once.

    A run that several tests judged, or one test several times, is one run: what it
    consumed then and now counts once. A run that `before` lacks is new, unless it
    was not judged at all: a test that broke before has no run to speak of.

    The evaluations of `now` must have been made with `known_findings(before)`, so that
    each finding says itself whether it is new.
    """
    earlier: dict[str, list[Entry]] = {}
    for entry in before:
        earlier.setdefault(entry.run.key, []).append(entry)
    runs: dict[str, list[Entry]] = {}
    for entry in now:
        runs.setdefault(entry.run.key, []).append(entry)
    found = ((own, earlier.get(key, [])) for key, own in runs.items())
    return tuple(
        _compare(own, old)
        for own, old in found
        if old or any(entry.evaluation.results for entry in own)
    )


def _compare(now: Sequence[Entry], before: Sequence[Entry]) -> Comparison:
    run, results = now[0].run, distinct_results(now)
    found = [f for r in results for f in r.findings if f.verdict is not Verdict.ERROR]
    return Comparison(
        run=run.id,
        file=run.file,
        targets=tuple(dict.fromkeys(entry.target for entry in now)),
        new=tuple(f.fingerprint for f in found if f.fails),
        known=tuple(f.fingerprint for f in found if f.status == "known"),
        fixed=tuple(_fixed(results, before)),
        flips=tuple(_flips(results, before)),
        stages=tuple(_deltas(run, before[0].run)) if before else (),
        now=run.total,
        before=before[0].run.total if before else None,
    )


def _fixed(now: Sequence[CheckResult], before: Sequence[Entry]) -> Iterator[Finding]:
    """Give what failed before and is gone, of the rules that were examined again."""
    examined = {r.rule for check in now for r in check.rules}
    left = Counter(f.fingerprint for check in now for f in check.findings)
    seen: Counter[str] = Counter()
    for entry in before:
        own: Counter[str] = Counter()
        for finding in entry.evaluation.findings:
            print_ = finding.fingerprint
            own[print_] += 1
            if finding.verdict is not Verdict.FAILED or finding.rule not in examined:
                continue
            if own[print_] > max(left[print_], seen[print_]):
                yield finding
        seen |= own


def _flips(now: Sequence[CheckResult], before: Sequence[Entry]) -> Iterator[Flip]:
    """Give the checks that decide otherwise on today's run than on the earlier one."""
    old, new = _verdicts(distinct_results(before)), _verdicts(now)
    for check, verdict in new.items():
        if check in old and old[check] is not verdict:
            yield Flip(check=check, before=old[check], now=verdict)


def _verdicts(results: Sequence[CheckResult]) -> dict[str, Verdict]:
    found: dict[str, list[Verdict]] = {}
    for result in results:
        found.setdefault(result.written, []).append(_verdict_of_findings(result))
    return {check: fold_verdicts(verdicts) for check, verdicts in found.items()}


def _verdict_of_findings(result: CheckResult) -> Verdict:
    """Give the verdict as if nothing were known or waived: on both sides the same.

    The earlier recording was judged without what is known of it, since that is what
    makes it known.
    """
    settled = any(
        f.verdict is Verdict.FAILED and f.status in ("known", "waived")
        for f in result.findings
        if not f.advisory
    )
    return Verdict.FAILED if settled and result.ok else result.verdict


def _deltas(now: RunSummary, before: RunSummary) -> Iterator[StageDelta]:
    stages: Mapping[str, StageDelta] = {
        stage.name: StageDelta(name=stage.name, before=stage.spent)
        for stage in before.stages
    }
    for stage in now.stages:
        earlier = stages[stage.name].before if stage.name in stages else None
        yield StageDelta(name=stage.name, now=stage.spent, before=earlier)
    present = {stage.name for stage in now.stages}
    yield from (delta for name, delta in stages.items() if name not in present)
