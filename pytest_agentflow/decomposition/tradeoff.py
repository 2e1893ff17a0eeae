"""How many stages, and which model: recorded runs weighed for whoever pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pytest_agentflow.checking.check import Check
from pytest_agentflow.decomposition.flips import Flip
from pytest_agentflow.decomposition.ledger import NotComparable
from pytest_agentflow.decomposition.tradeoff_answers import (
    Answer,
    cost_answer,
    fold_answers,
    guarded,
    price_notes,
    quality_answer,
    stages_answer,
)
from pytest_agentflow.decomposition.tradeoff_figures import (
    Objective,
    measure_of,
)
from pytest_agentflow.decomposition.tradeoff_models import ByModel, by_model
from pytest_agentflow.decomposition.tradeoff_money import (
    Bill,
    Declared,
    bill_of,
    one_unit,
)
from pytest_agentflow.decomposition.tradeoff_quality import Jury, refuse_unfit
from pytest_agentflow.decomposition.tradeoff_stages import HowMany, how_many
from pytest_agentflow.decomposition.tradeoff_variants import (
    Key,
    Variant,
    cases_of,
    coordinator_notes,
    find_baseline,
    find_in_use,
    means,
    one_per_k,
    shared,
    variants,
    with_common_cases,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.cost_model import CostModel, Priced
from pytest_agentflow.statistics.outcome import Decision, Outcome
from pytest_agentflow.statistics.ratio import cost_ratio_gate
from pytest_agentflow.statistics.sample import share


@dataclass(frozen=True, slots=True, kw_only=True)
class Tradeoff:
    """What recorded runs say of a split: does it pay, with how many stages."""

    in_use: str
    """The workflow of the split."""
    chosen_how: str
    """How the split in use was found: ``as named``, ``the only split``, ..."""
    k: int
    baseline: str
    objective: str
    unit: str
    """Of the objective: a currency, ``parameter-tokens`` or ``s``."""
    decision: Decision
    """PASS: it takes less and is as good. FAIL: it does not, or has too many stages.
    INCONCLUSIVE: cost or quality is open. Which number of stages is the best may be
    open beside a PASS: the answer ``stages`` says so."""
    answers: tuple[Answer, ...]
    ratio: Outcome
    """Of the objective, split beside single model."""
    quality: Outcome | None
    stages: HowMany
    models: ByModel | None
    bill: Bill | None
    """`None` where prices are not known, and the objective is not money."""
    declared: Declared
    checks: tuple[str, ...]
    """As a marker would be written; empty: quality was not compared."""
    cases: int
    """Recorded for both the split in use and the single model."""
    prices_as_of: tuple[str, str] | None
    """First and last day of the price locks."""
    authored: bool
    """People or scripts wrote answers: the runs are no evidence."""
    estimated: bool
    alpha: float = 0.05
    flips: tuple[Flip, ...] = ()
    """What the split mended and newly broke beside the single model."""
    notes: tuple[str, ...] = field(default=())

    @property
    def saves(self) -> bool:
        """Whether a saving may be told: it is decided, and quality is no worse."""
        return (
            self.decision is not Decision.INCONCLUSIVE
            and self.bill is not None
            and self.bill.ratio.decision is Decision.PASS
            and self.quality is not None
            and self.quality.decision is Decision.PASS
        )

    def __str__(self) -> str:
        head = f"{self.decision}: {self.in_use} against {self.baseline}"
        return "\n".join([head, *(f"  {answer}" for answer in self.answers)])


def tradeoff(
    runs: Sequence[Run],
    *,
    baseline: str | None = None,
    in_use: str | None = None,
    checks: Sequence[Check] = (),
    quality_margin: float = 0.10,
    objective: Objective | CostModel = "money",
    declared: Declared | None = None,
    models: bool = False,
    coordinators: Sequence[str] = (),
    discarded_takes: Literal["refuse", "allow"] = "refuse",
    alpha: float = 0.05,
) -> Tradeoff:
    """Weigh how many stages a workflow should have, and what the split is worth.

    k, the number of stages, is that of the stages of a run that made model calls. All
    comparisons are paired by case; several runs of a case count as their mean, and pass
    where all of them do. The cases stand for others that were not recorded.

    Args:
        runs: of the single model, and of splits into several numbers of stages.
        baseline: name or pattern of the single model's workflow; the one with one
            stage, where it is not given.
        in_use: name or pattern of the split in use; else the one with most cases.
        checks: what decides whether a run is good.
        quality_margin: the pass rate may be at most this much lower (0 to 1).
        objective: ``money``, ``latency`` (span), ``aalp``, or a cost model.
        declared: volume, engineering, error price: what no recording tells.
        models: also compare the models that single stages were recorded with.
        coordinators: stages that plan, route or orchestrate.
        discarded_takes: ``allow`` takes runs that were selected among several takes.
        alpha: chance that one bound is wrong.

    Raises:
        ValueError: where the runs cannot be weighed (an unknown price, no single model,
            no case in common), or an argument makes no sense.
    """
    found = variants(runs, discarded_takes=discarded_takes)
    single = find_baseline(found, baseline)
    split, how = find_in_use(found, single, in_use)
    chosen, notes = one_per_k(found, single, split)
    keys = _common(split, single)
    share(alpha, "alpha")
    share(quality_margin, "quality_margin", zero=True)
    notes += coordinator_notes(chosen, coordinators)
    jury, measure = Jury(checks=tuple(checks)), measure_of(objective)
    refuse_unfit(jury, [split, single], keys)
    told = declared or Declared()
    priced = isinstance(measure.model, Priced)
    weighable, unshared = with_common_cases(chosen, single, split)
    how_many_stages = how_many(
        weighable,
        single,
        split,
        unshared=unshared,
        measure=measure,
        jury=jury,
        margin=quality_margin,
        alpha=alpha,
        error_price=(told.error_price or 0) if priced and checks else 0,
        coordinators=coordinators,
    )
    sides = [means(v, keys, lambda r: float(measure.of(r))) for v in (split, single)]
    ratio = cost_ratio_gate(*sides, limit=1.0, alpha=alpha)
    unit = one_unit(weighable, shared(weighable), measure.unit)
    bill, problem = _bill(
        split,
        single,
        keys,
        jury=jury,
        declared=told,
        coordinators=coordinators,
        alpha=alpha,
        needed=priced,
    )
    quality = (
        jury.compare(split, single, keys, margin=quality_margin, alpha=alpha)
        if checks
        else None
    )
    cost, quality_told, stages = (
        cost_answer(ratio, measure, sides, unit),
        quality_answer(quality, jury, split, single, keys),
        stages_answer(how_many_stages, split, measure, unit, told.error_price),
    )
    decision = fold_answers([cost, quality_told, stages])
    weighed = [run for v in weighable for own in v.runs.values() for run in own]
    return Tradeoff(
        in_use=split.workflow,
        chosen_how=how,
        k=split.k,
        baseline=single.workflow,
        objective=measure.name,
        unit=unit,
        decision=decision,
        answers=(guarded(cost, quality_told), quality_told, stages),
        ratio=ratio,
        quality=quality,
        stages=how_many_stages,
        models=by_model(split, found, jury=jury, margin=quality_margin, alpha=alpha)
        if models
        else None,
        bill=bill,
        declared=told,
        checks=tuple(map(str, checks)),
        cases=len(cases_of(keys)),
        prices_as_of=_price_days(weighed),
        authored=any(run.authored for run in weighed),
        estimated=any(map(_estimated, weighed)),
        alpha=alpha,
        flips=jury.flips(split, single, keys),
        notes=(
            *notes,
            *how_many_stages.notes,
            *price_notes(weighed),
            *problem,
        ),
    )


def _common(split: Variant, single: Variant) -> tuple[Key, ...]:
    keys = shared([split, single])
    if not keys:
        raise NotComparable(
            f"{split.workflow} and {single.workflow} share no case; record the same "
            "cases with both"
        )
    return keys


def _bill(
    split: Variant,
    single: Variant,
    keys: Sequence[Key],
    *,
    jury: Jury,
    declared: Declared,
    coordinators: Sequence[str],
    alpha: float,
    needed: bool,
) -> tuple[Bill | None, list[str]]:
    try:
        bill = bill_of(
            split,
            single,
            keys,
            jury=jury,
            declared=declared,
            coordinators=coordinators,
            alpha=alpha,
        )
    except NotComparable as error:
        if needed:
            raise
        return None, [f"no money: {error}"]
    return bill, []


def _price_days(runs: Sequence[Run]) -> tuple[str, str] | None:
    days = sorted(
        run.recorded.prices.as_of.partition("T")[0]
        for run in runs
        if run.recorded.prices.as_of
    )
    return (days[0], days[-1]) if days else None


def _estimated(run: Run) -> bool:
    used = (call.usage for call in run.calls if call.usage is not None)
    return any(usage.source == "estimated" for usage in used)
