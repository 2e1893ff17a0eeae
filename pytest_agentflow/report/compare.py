"""Runs held against the same runs at another time: new, known, fixed, dearer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report.document import Comparison, Entry, RunSummary, StageDelta


def known_findings(before: Iterable[Entry]) -> dict[str, Counter[str]]:
    """Count the findings that each run had: run -> fingerprint -> number.

    Where several tests judged one run, the highest count holds: two tests that found
    the same fault found one fault.
    """
    known: dict[str, Counter[str]] = {}
    for entry in before:
        known.setdefault(entry.run.key, Counter())
        known[entry.run.key] |= Counter(f.fingerprint for f in _countable(entry))
    return known


def compare_entries(
    now: Sequence[Entry], before: Sequence[Entry]
) -> tuple[Comparison, ...]:
    """Hold each entry against the run of the same key in `before`, where there is one.

    The evaluations of `now` must have been made with `known_findings(before)`, so that
    each finding says itself whether it is new.
    """
    earlier: dict[str, list[Entry]] = {}
    for entry in before:
        earlier.setdefault(entry.run.key, []).append(entry)
    return tuple(
        _compare(entry, earlier[entry.run.key])
        for entry in now
        if entry.run.key in earlier
    )


def _compare(now: Entry, before: Sequence[Entry]) -> Comparison:
    found = [f for f in now.evaluation.findings if f.verdict is not Verdict.ERROR]
    return Comparison(
        run=now.run.id,
        target=now.target,
        new=tuple(f.fingerprint for f in found if f.fails),
        known=tuple(f.fingerprint for f in found if f.status == "known"),
        fixed=tuple(_fixed(now, before)),
        stages=tuple(_deltas(now.run, before[0].run)),
        now=now.run.total,
        before=before[0].run.total,
    )


def _countable(entry: Entry) -> Iterator[Finding]:
    return (f for f in entry.evaluation.findings if f.verdict is not Verdict.ERROR)


def _fixed(now: Entry, before: Sequence[Entry]) -> Iterator[Finding]:
    """Give what failed before and is gone, of the rules that were examined again."""
    examined = {r.rule for check in now.evaluation.results for r in check.rules}
    left = Counter(f.fingerprint for f in now.evaluation.findings)
    seen: Counter[str] = Counter()
    for entry in before:
        own: Counter[str] = Counter()
        for finding in _countable(entry):
            print_ = finding.fingerprint
            own[print_] += 1
            if finding.verdict is not Verdict.FAILED or finding.rule not in examined:
                continue
            if own[print_] > max(left[print_], seen[print_]):
                yield finding
        seen |= own


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
