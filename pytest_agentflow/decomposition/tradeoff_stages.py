"""How many stages: every k over the same cases, the best of them, the curves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_agentflow.decomposition.ledger import NotComparable, tokens_of
from pytest_agentflow.decomposition.tradeoff_figures import (
    ORCHESTRATION,
    Measure,
    levers,
    span_seconds,
)
from pytest_agentflow.decomposition.tradeoff_quality import Jury
from pytest_agentflow.decomposition.tradeoff_variants import (
    Key,
    Variant,
    cases_of,
    means,
    shared,
    stages_text,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.cost_model import Priced
from pytest_agentflow.statistics.outcome import Decision, Outcome
from pytest_agentflow.statistics.split_curve import (
    BestSplit,
    Scalability,
    SplitCurve,
    best_k_set,
    split_curve,
    usl_fit,
)

LEAST_CASES = 10
"""With fewer, the best-k set lacks the right one in 10 to 25 % of experiments."""
ROUNDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRow:
    """One number of stages, over the cases that were recorded for every one."""

    k: int
    workflow: str
    stages: tuple[str, ...]
    amount: float
    """Mean of a run, in the unit of the objective; the price of errors not included."""
    errors: float
    """What its errors cost a run on average, at the declared price of one."""
    tokens: float | None
    """Of all models; `None` where a call does not tell its own."""
    seconds: float | None
    """The span; `None` where the recordings lack times."""
    orchestration: float | None
    """Share of a run's money that goes into coordinators, calls in no stage and fees;
    `None` where money was not asked for."""
    passed: int | None
    """Cases that pass all checks; `None` without checks."""
    undecided: int
    quality: Outcome | None
    """Against the single model; `None` for it, and without checks."""
    best_share: float | None
    """Share of resamples in which it was the best; `None` where quality rules it out.
    """

    @property
    def total(self) -> float:
        """What the best k is chosen by."""
        return self.amount + self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class HowMany:
    """What the recorded numbers of stages tell."""

    rows: tuple[SplitRow, ...]
    best: BestSplit
    cases: int
    """Recorded for every k; all rows rest on them."""
    rounds: int = ROUNDS
    curve: SplitCurve | None = None
    """Fitted to the splits, without the single model."""
    law: Scalability | None = None
    """Of the spans of the splits, without the single model."""
    gains: float | None = None
    """Share of cases that the split in use passes more than the best k."""
    as_good: int | None = None
    """Fewer stages than are in use that take less, at the level of the set, and pass as
    many cases; the one that takes least."""
    unshared: tuple[str, ...] = ()
    """Workflows that have no case that all of them were recorded for; the rows are then
    those of the single model and of the split in use."""
    notes: tuple[str, ...] = field(default=())

    def row(self, k: int) -> SplitRow:
        """Find the row of a number of stages."""
        return next(row for row in self.rows if row.k == k)

    @property
    def decided(self) -> bool:
        """Whether every k was weighed, over cases enough for the set."""
        return self.cases >= LEAST_CASES and not self.unshared


def how_many(
    chosen: Sequence[Variant],
    baseline: Variant,
    in_use: Variant,
    *,
    unshared: tuple[str, ...] = (),
    measure: Measure,
    jury: Jury,
    margin: float,
    alpha: float,
    error_price: float,
    coordinators: Collection[str],
) -> HowMany:
    """Weigh every number of stages over the cases that all were recorded for.

    A k whose quality is worse than the single model's by more than `margin` (FAIL by
    Tango's bound) is ruled out. With a price of errors, what fails a check costs that.

    Args:
        chosen: one workflow for each k; they have a case in common.
        unshared: see `HowMany.unshared`.
        baseline: the single model.
        in_use: the split in use.
        measure: the objective.
        jury: judges quality; without checks, quality is not compared.
        margin: largest loss of pass rate.
        alpha: chance that one bound is wrong.
        error_price: of a case that fails, in the unit of the objective.
        coordinators: stages that plan, route or orchestrate.
    """
    keys = shared(chosen)
    amounts = {v.k: means(v, keys, lambda run: float(measure.of(run))) for v in chosen}
    wrong = {v.k: _errors(v, keys, jury, error_price) for v in chosen}
    quality = {
        v.k: None
        if v is baseline or not jury.checks
        else jury.compare(v, baseline, keys, margin=margin, alpha=alpha)
        for v in chosen
    }
    fit = [v.k for v in chosen if not _fails(quality[v.k])]
    totals = {
        k: [a + e for a, e in zip(amounts[k], wrong[k], strict=True)] for k in fit
    }
    best = best_k_set(totals, rounds=ROUNDS)
    rows = tuple(
        _row(
            variant,
            keys,
            amounts[variant.k],
            wrong[variant.k],
            jury=jury,
            quality=quality[variant.k],
            share=best.shares.get(variant.k),
            coordinators=coordinators if isinstance(measure.model, Priced) else None,
        )
        for variant in chosen
    )
    splits = [v for v in chosen if v is not baseline]
    points = [(v.k, amount) for v in splits for amount in amounts[v.k]]
    gains = _gains(in_use, next(v for v in chosen if v.k == best.best), keys, jury)
    return HowMany(
        rows=rows,
        best=best,
        cases=len(cases_of(keys)),
        curve=split_curve([k for k, _ in points], [a for _, a in points]),
        law=_law(splits, keys),
        gains=gains,
        as_good=_as_good(rows, in_use.k, totals),
        unshared=unshared,
        notes=tuple(_notes(rows, fit, len(cases_of(keys)), chosen, unshared)),
    )


def _fails(quality: Outcome | None) -> bool:
    return quality is not None and quality.decision is Decision.FAIL


def _errors(
    variant: Variant, keys: Sequence[Key], jury: Jury, price: float
) -> list[float]:
    """Give what the errors of each case cost; raises where one is undecided."""
    if not price:
        return [0.0] * len(cases_of(keys))
    passed = jury.cases(variant, keys)
    return [price * (not good) for good in decided(passed, variant.workflow)]


def decided(passed: dict[str, bool | None], workflow: str) -> list[bool]:
    """Give whether each case passes; an undecided one has no price.

    Raises:
        NotComparable: where one is undecided.
    """
    unknown = [case for case, good in passed.items() if good is None]
    if unknown:
        raise NotComparable(
            f"{len(unknown)} of {len(passed)} cases of {workflow} are undecided "
            f"({unknown[0]}), so that errors cannot be priced: choose other checks"
        )
    return [bool(good) for good in passed.values()]


def _row(
    variant: Variant,
    keys: Sequence[Key],
    amounts: Sequence[float],
    wrong: Sequence[float],
    *,
    jury: Jury,
    quality: Outcome | None,
    share: float | None,
    coordinators: Collection[str] | None,
) -> SplitRow:
    passed = jury.cases(variant, keys) if jury.checks else {}
    return SplitRow(
        k=variant.k,
        workflow=variant.workflow,
        stages=variant.stages,
        amount=sum(amounts) / len(amounts),
        errors=sum(wrong) / len(wrong),
        tokens=_known(variant, keys, tokens_of),
        seconds=_known(variant, keys, span_seconds),
        orchestration=None
        if coordinators is None
        else _orchestration(variant, keys, coordinators),
        passed=list(passed.values()).count(True) if jury.checks else None,
        undecided=list(passed.values()).count(None),
        quality=quality,
        best_share=share,
    )


def _known(
    variant: Variant, keys: Sequence[Key], figure: Callable[[Run], float]
) -> float | None:
    try:
        return _mean(means(variant, keys, figure))
    except NotComparable:
        return None


def _orchestration(
    variant: Variant, keys: Sequence[Key], coordinators: Collection[str]
) -> float | None:
    bills = [levers(run, coordinators) for key in keys for run in variant.runs[key]]
    whole = sum(float(sum(bill.values())) for bill in bills)
    spent = sum(float(bill[ORCHESTRATION]) for bill in bills)
    return spent / whole if whole else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _law(splits: Sequence[Variant], keys: Sequence[Key]) -> Scalability | None:
    try:
        timed = [(v.k, s) for v in splits for s in means(v, keys, span_seconds)]
    except NotComparable:
        return None
    return usl_fit([k for k, _ in timed], [seconds for _, seconds in timed])


def _gains(
    in_use: Variant, best: Variant, keys: Sequence[Key], jury: Jury
) -> float | None:
    if not jury.checks or in_use.k == best.k:
        return None
    sides = [jury.cases(variant, keys) for variant in (in_use, best)]
    ours, theirs = (list(side.values()).count(True) for side in sides)
    return (ours - theirs) / len(sides[0])


def _as_good(
    rows: Sequence[SplitRow], k: int, totals: Mapping[int, Sequence[float]]
) -> int | None:
    passed = {row.k: row.passed for row in rows if not row.undecided}
    own = passed.get(k)
    if own is None or k not in totals:
        return None
    found = [
        fewer
        for fewer in totals
        if fewer < k
        and (passed.get(fewer) or 0) >= own
        and _less(totals[fewer], totals[k])
    ]
    return min(found, key=lambda fewer: sum(totals[fewer]), default=None)


def _less(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Whether one side takes less in as many resamples as make the best k certain."""
    return best_k_set({1: ours, 2: theirs}, rounds=ROUNDS).members == (1,)


def _notes(
    rows: Sequence[SplitRow],
    fit: Collection[int],
    n: int,
    chosen: Sequence[Variant],
    unshared: Sequence[str],
) -> list[str]:
    notes = [
        f"{stages_text(row.k)} ({row.workflow}) ruled out: quality FAILs beside the "
        "single model"
        for row in rows
        if row.k not in fit
    ]
    every = len({case for variant in chosen for case, _ in variant.runs})
    if n < every and not unshared:
        notes.append(f"{n} of {every} cases are recorded for every number of stages")
    return notes
