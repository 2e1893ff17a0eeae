"""What the counts mean, in sentences that need no knowledge of the tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal

from pytest_agentflow.checking.results import CheckResult
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report.causes import Cause
from pytest_agentflow.report.document import (
    Comparison,
    GateEntry,
    Report,
    RunSummary,
    Spent,
)
from pytest_agentflow.report.gates import gate_sentences
from pytest_agentflow.report.prices import old_prices
from pytest_agentflow.report.summary import add_spent
from pytest_agentflow.report.tally import (
    CheckLine,
    JudgedRun,
    check_lines,
    faults_of,
    judged_runs,
    results_of,
    stage_of,
    thing,
)
from pytest_agentflow.report.trials import trial_sentences

LABELS = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "failed",
    Verdict.UNDETERMINED: "to review",
    Verdict.INAPPLICABLE: "not applicable",
    Verdict.ERROR: "error",
}
"""Verdicts in a reader's words."""

_FAILING = {
    Verdict.UNDETERMINED: "nothing decided",
    Verdict.INAPPLICABLE: "nothing examined",
}
"""Verdicts of checks that let a test fail though nothing was found."""


OPTIONAL = (
    "If that is intended: optional=True in a mark or with -c, .optional() in Python."
)
"""What lets a check pass that examined nothing."""

NOTES = 3
"""So many notes of checks that examined nothing are repeated in a cause."""


def number(count: int, one: str, many: str = "") -> str:
    """Count things: ``1 run``, ``1,204 findings``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def money(amount: Money | None) -> str:
    """Give an amount as every room writes it; what is not known is said to be."""
    return "unknown" if amount is None else str(amount)


def cost(spent: Spent) -> str:
    """Give what something cost, marked where usage was estimated."""
    return f"≈ {money(spent.cost)}" if spent.estimated else money(spent.cost)


def percent(part: Money | None, whole: Money | None) -> str:
    """Give `part` as a share of `whole`; empty where that says nothing."""
    if part is None or whole is None or part.currency != whole.currency:
        return ""
    return f"{100 * part.amount / whole.amount:.0f}%" if whole.amount else ""


def change(now: Money | None, before: Money | None) -> str:
    """Give the change from `before` to `now`: ``+30%``, ``+0.4%``, ``±0%``.

    ``±0%`` says that both are the same and ``-100%`` that nothing is left: what only
    rounds to it is told with a decimal. Empty where there is nothing to compare; from
    nothing to something there is no percentage.
    """
    if now is None or before is None or now.currency != before.currency:
        return ""
    if now.amount == before.amount:
        return "±0%"
    if not before.amount:
        return f"from {before}"
    share = 100 * (now.amount - before.amount) / before.amount
    if round(share) and (round(share) != -100 or not now.amount):
        return f"{share:+,.0f}%"
    # Cut, not rounded: -99.96% has something left.
    fine = share.quantize(Decimal("0.1"), rounding=ROUND_DOWN)
    return f"{fine:+}%" if fine else f"<0.1% {'more' if share > 0 else 'less'}"


def listed(items: Sequence[str]) -> str:
    """Join words: ``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def milliseconds(duration: float) -> str:
    """Give a duration in the unit that reads best."""
    if duration < 1_000:
        return f"{duration:.0f} ms"
    if duration < 60_000:
        return f"{duration / 1_000:.1f} s"
    return f"{duration / 60_000:.1f} min"


def label(verdict: Verdict, *, ok: bool) -> str:
    """Name the verdict of a check; what is no pass and lets a test fail is said so."""
    return LABELS[verdict] if ok else _FAILING.get(verdict, LABELS[verdict])


def line_label(line: CheckLine) -> str:
    """Name the verdict of a check over all runs."""
    told = label(line.decided, ok=not line.failed_runs)
    return f"{told} in trials" if line.excused else told


def unmet_text(cause: Cause) -> str:
    """Say why a check without findings fails, and what can be done about it.

    The check's own notes stand in it: they say what was looked for.
    """
    results = [result for _, result in cause.unmet]
    notes = dict.fromkeys(note.text for result in results for note in result.notes)
    told = "; ".join(text.rstrip(".") for text in list(notes)[:NOTES])
    because = f": {told}." if told else "."
    if results[0].verdict is Verdict.INAPPLICABLE:
        return f"It examined nothing{because} {OPTIONAL}"
    left = number(sum(result.undetermined for result in results), "question")
    return f"It decided nothing{because} {left} left to review: waive what is right."


def verdict_of(report: Report) -> Verdict:
    """Fold everything that was judged into the one verdict at the top."""
    if report.ok:
        return Verdict.PASSED
    if not (report.entries or report.decompositions or report.trials):
        return Verdict.INAPPLICABLE
    failing = [one for one in judged_runs(report) if not (one.ok or one.excused)]
    runs = [judged.verdict for judged in failing]
    gates = [gate.verdict for gate in report.decompositions if not gate.ok]
    return Verdict.ERROR if {*runs, *gates} == {Verdict.ERROR} else Verdict.FAILED


def verdict_sentences(report: Report) -> tuple[str, ...]:
    """Say what failed, in which stage it begins, what it costs, and what changed."""
    everything = judged_runs(report)
    if not (everything or report.decompositions or report.trials):
        return ("Nothing was judged: no run was given to any check.",)
    runs = [judged for judged in everything if not _runless(judged)]
    without = len(everything) - len(runs)
    tried = {test.target for test in report.trials}
    sorted_in: dict[bool, list[JudgedRun]] = {True: [], False: []}
    for judged in runs:
        sorted_in[all(e.target in tried for e in judged.entries)].append(judged)
    told = [
        *_run_sentences(sorted_in[False], "other " * bool(tried) + thing(runs)),
        *_runless_sentences(without),
        *_origin_sentences(runs),
    ]
    compared = list(gate_sentences(report.decompositions))
    gates_fail = not all(gate.ok for gate in report.decompositions)
    # What fails is told before what passes.
    first = gates_fail and all(judged.ok for judged in runs)
    sentences = (
        *trial_sentences(report.trials),
        *_trial_run_sentences(sorted_in[True]),
        *([*compared, *told] if first else [*told, *compared]),
        *_money_sentences(report, runs),
        *filter(None, [old_prices(judged.run for judged in runs)]),
        *_change_sentences(report),
        *_warning_sentences(runs),
        *_review_sentences(runs),
    )
    return tuple(sentences)


def _runless(judged: JudgedRun) -> bool:
    """Whether a test stands here that broke before there was a run to judge."""
    return "run" in judged.run.missing


def _runless_sentences(count: int) -> Iterator[str]:
    if count:
        told = "broke before it had a run" if count == 1 else "broke before any run"
        yield f"{number(count, 'test')} {told}: nothing was judged there."


def _trial_run_sentences(runs: Sequence[JudgedRun]) -> Iterator[str]:
    failing = [judged for judged in runs if not judged.ok]
    if what := _where_it_fails(failing):
        yield f"In the runs of trials that failed: {what}."


def _run_sentences(runs: Sequence[JudgedRun], noun: str) -> Iterator[str]:
    if not runs:
        return
    failing = [judged for judged in runs if not judged.ok]
    if not failing:
        one = len(runs) == 1
        subject = f"The one {noun} passes" if one else f"All {len(runs)} {noun}s pass"
        examined = sum(r.examined for judged in runs for r in results_of(judged))
        checks = number(len(check_lines(runs)), "check")
        yield f"{subject} {checks}: {number(examined, 'subject')} examined."
        return
    verb = "fails" if len(failing) == 1 else "fail"
    what = _where_it_fails(failing)
    one = len(runs) == 1
    head = f"{len(failing)} of {number(len(runs), noun)} {verb}"
    head = f"The one {noun} fails" if one else head
    yield f"{head}: {what}." if what else f"{head}."


def _where_it_fails(failing: Sequence[JudgedRun]) -> str:
    """Name the checks that fail in most runs; in the order in which they were asked.

    Of one run it is not said in how many they do.
    """
    by_check = Counter(
        name
        for judged in failing
        for name in dict.fromkeys(result.check for result in _bad(judged))
    )
    where = [
        name if len(failing) == 1 else f"{name} in {count}"
        for name, count in by_check.most_common(4)
    ]
    more = number(len(by_check) - 4, "more check") if len(by_check) > 4 else ""
    return listed([*where, more] if more else where)


def _bad(judged: JudgedRun) -> list[CheckResult]:
    return [result for result in results_of(judged) if not result.ok]


def _origin_sentences(runs: Sequence[JudgedRun]) -> Iterator[str]:
    stages = Counter(
        stage_of(finding) or "a stage that could not be named"
        for judged in runs
        for finding in _told(judged)
        if finding.fails  # an error is a question that nobody could ask, no finding
    )
    if not stages or set(stages) == {"a stage that could not be named"}:
        return
    total = sum(stages.values())
    parts = [f"{count} in {stage}" for stage, count in stages.most_common(3)]
    subject = "The finding begins" if total == 1 else f"The {total:,} findings begin"
    if len(stages) == 1:
        yield f"{subject} in {next(iter(stages))}."
        return
    rest = total - sum(count for _, count in stages.most_common(3))
    yield f"{subject}: {listed([*parts, f'{rest} elsewhere'] if rest else parts)}."


def _told(judged: JudgedRun) -> Iterator[Finding]:
    told = faults_of(judged).told
    return told(f for result in results_of(judged) for f in result.findings)


def _change_sentences(report: Report) -> Iterator[str]:
    if not report.comparisons:
        return
    new = sum(len(c.new) for c in report.comparisons)
    known = sum(len(c.known) for c in report.comparisons)
    fixed = sum(len(c.fixed) for c in report.comparisons)
    name = against_name(report)
    yield f"Since {name}: {number(new, 'new finding')}, {known} known, {fixed} fixed."


def against_name(report: Report) -> str:
    """Name what the runs are compared with, as briefly as the user did."""
    return report.against.removeprefix("git:") or "the earlier report"


def _money_sentences(report: Report, runs: Sequence[JudgedRun]) -> Iterator[str]:
    gates = [gate for gate in report.decompositions if gate.cost and gate.baseline_cost]
    if len(gates) == 1:
        yield gate_money(gates[0])
    if gates or not any(judged.run.total.calls for judged in runs):
        return
    whole = add_spent(judged.run.total for judged in runs)
    if whole.cost is None:
        yield f"What the runs cost is not known: {whole.cost_unknown}."
        return
    subject = "It" if len(runs) == 1 else "Together they"
    since = since_money(report, report.comparisons, len(runs))
    yield f"{subject} cost {cost(whole)}{since}."


def since_money(report: Report, compared: Sequence[Comparison], runs: int) -> str:
    """Say in brackets what the same runs cost earlier, and how many had no earlier.

    ``(main $0.12, +8%)``, ``(main $0.12 for 2 of 3 runs, +8%; 1 new)``; empty where
    nothing is compared, or some cost is not known.

    Args:
        report: says what is compared with.
        compared: comparisons of the runs, each run once.
        runs: how many runs the amount is of that this stands behind.
    """
    name = against_name(report)
    old = [c for c in compared if c.before is not None]
    new = len(compared) - len(old)
    if not old:
        return f" (new: {name} has no such run)" if new else ""
    now = add_spent(c.now for c in old).cost
    before = add_spent(c.before for c in old if c.before is not None).cost
    if now is None or before is None:
        return f" ({new} new)" if new else ""
    of = "" if len(old) == runs else f" for {len(old)} of {number(runs, 'run')}"
    delta = change(now, before) if before.amount or not now.amount else ""
    amount = f"{name} {money(before)}{of}"
    told = f"{amount}, {delta}" if delta else amount
    return f" ({told}; {new} new)" if new else f" ({told})"


def gate_money(gate: GateEntry) -> str:
    """Say what the split costs beside the single model."""
    about = "≈ " if gate.estimated else ""
    share = percent(gate.cost, gate.baseline_cost)
    whole = f"{about}{money(gate.baseline_cost)}"
    if not share:
        return f"The split costs {about}{money(gate.cost)}, the single model {whole}."
    dearer = gate.cost is not None and gate.baseline_cost is not None
    dearer = dearer and gate.cost > gate.baseline_cost  # type: ignore[operator]
    note = ": the split is the dearer one" if dearer else ""
    split = f"The split costs {about}{money(gate.cost)}"
    return f"{split}, {share} of the single model's {whole}{note}."


def partly(run: RunSummary) -> str:
    """Say of a run that was not wholly replayed how its stages were answered.

    ``paint: live; build: served in order``; empty where all was as recorded.
    """
    told = dict.fromkeys(run.in_order, "served in order")
    told |= dict.fromkeys(run.live, "live")
    names = dict.fromkeys([*(s.name for s in run.stages if s.name in told), *told])
    return "; ".join(f"{name}: {told[name]}" for name in names)


def _warning_sentences(runs: Sequence[JudgedRun]) -> Iterator[str]:
    warnings = sum(r.warnings for judged in runs for r in results_of(judged))
    if warnings:
        verb = (
            "is a warning, which fails" if warnings == 1 else "are warnings, which fail"
        )
        yield f"{number(warnings, 'finding')} {verb} nothing."


def _review_sentences(runs: Sequence[JudgedRun]) -> Iterator[str]:
    review = sum(r.undetermined for judged in runs for r in results_of(judged))
    if review:
        verb = "is" if review == 1 else "are"
        yield f"{number(review, 'question')} {verb} left to review."
