"""Which model for which stage: the cheapest recorded one that is good enough."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_agentflow.decomposition.flips import Flip
from pytest_agentflow.decomposition.tradeoff_figures import amount_of
from pytest_agentflow.decomposition.tradeoff_quality import Jury
from pytest_agentflow.decomposition.tradeoff_variants import (
    Key,
    Variant,
    cases_of,
    means,
    shared,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.cost_model import Priced
from pytest_agentflow.statistics.outcome import Decision, Outcome

CLAIM = (0.70, 0.90)
"""What one step to the next smaller model saves, by the vendor's own account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """One model in one stage, beside the model that is in use there."""

    stage: str
    model: str
    workflow: str
    in_use: bool
    cases: int
    """Recorded with it and with the model in use."""
    stage_amount: float
    """Mean money of the stage in a run, over these cases."""
    amount: float
    """Mean money of a whole run."""
    stage_saving: float
    """Share of the stage's money that it saves beside the model in use."""
    saving: float
    """Share of a whole run's money."""
    quality: Outcome | None = None
    """Against the model in use; `None` for that itself, and without checks."""
    flips: tuple[Flip, ...] = ()

    @property
    def good_enough(self) -> bool:
        """Whether it is in use, or non-inferior to what is."""
        passes = self.quality is not None and self.quality.decision is Decision.PASS
        return self.in_use or passes


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStep:
    """From one recorded model to the next cheaper one in the same stage."""

    larger: str
    smaller: str
    cases: int
    saving: float
    """Share of the stage's money."""
    run_saving: float
    """Share of a whole run's money."""

    @property
    def as_claimed(self) -> bool:
        """Whether the stage saves the 70 to 90 % that a step is said to save."""
        return CLAIM[0] <= self.saving <= CLAIM[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageModels:
    """All models that a stage was recorded with."""

    stage: str
    choices: tuple[ModelChoice, ...]
    """The dearest first."""
    steps: tuple[ModelStep, ...]
    cheapest: str
    """The cheapest that is good enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByModel:
    """The answer to "which model", stage by stage."""

    stages: tuple[StageModels, ...]
    single: tuple[str, ...]
    """Stages that were recorded with one model only: nothing to compare."""
    notes: tuple[str, ...] = field(default=())


def by_model(
    in_use: Variant,
    found: Sequence[Variant],
    *,
    jury: Jury,
    margin: float,
    alpha: float,
) -> ByModel:
    """Hold the models that a stage was recorded with against the one in use.

    Only workflows with the same stages tell, and only where one stage alone has
    another model: else nobody knows which of them made the difference.

    Args:
        in_use: the split in use.
        found: all variants.
        jury: judges quality.
        margin: largest loss of pass rate.
        alpha: chance that one bound is wrong.
    """
    own = models_of(in_use)
    alike = [v for v in found if v is not in_use and {*v.stages} == {*in_use.stages}]
    tried: dict[str, list[Variant]] = {}
    notes = []
    for variant in alike:
        theirs = models_of(variant)
        differ = [stage for stage in own if own[stage] != theirs[stage]]
        if len(differ) == 1 and shared([in_use, variant]):
            tried.setdefault(differ[0], []).append(variant)
        else:
            notes.append(_useless(variant, in_use, differ))
    return ByModel(
        stages=tuple(
            _stage(stage, in_use, tried[stage], jury=jury, margin=margin, alpha=alpha)
            for stage in own
            if stage in tried
        ),
        single=tuple(stage for stage in own if stage not in tried),
        notes=tuple(notes),
    )


def models_of(variant: Variant) -> dict[str, str]:
    """Name the model of each stage, or its models."""
    return {
        stage: ", ".join(
            sorted(
                {
                    call.model or "an unnamed model"
                    for runs in variant.runs.values()
                    for run in runs
                    for call in run.calls
                    if call.is_model_call and call.stage == stage
                }
            )
        )
        for stage in variant.stages
    }


def _useless(variant: Variant, in_use: Variant, differ: Sequence[str]) -> str:
    if not differ:
        return f"{variant.workflow} has the models of {in_use.workflow}"
    if len(differ) > 1:
        return (
            f"{variant.workflow} changes the models of {' and '.join(differ)} at once, "
            "so that it tells nothing about either"
        )
    return f"{variant.workflow} shares no case with {in_use.workflow}"


def _stage(
    stage: str,
    in_use: Variant,
    others: Sequence[Variant],
    *,
    jury: Jury,
    margin: float,
    alpha: float,
) -> StageModels:
    widest = max((shared([in_use, v]) for v in others), key=len)
    choices = [_choice(stage, in_use, in_use, widest)]
    for variant in others:
        keys = shared([in_use, variant])
        compared = (
            jury.compare(variant, in_use, keys, margin=margin, alpha=alpha)
            if jury.checks
            else None
        )
        flips = jury.flips(variant, in_use, keys) if jury.checks else ()
        choices.append(
            _choice(stage, variant, in_use, keys, quality=compared, flips=flips)
        )
    by_name = {variant.workflow: variant for variant in (in_use, *others)}
    ranked = sorted(choices, key=lambda choice: choice.stage_saving)
    good = [choice for choice in ranked if choice.good_enough]
    return StageModels(
        stage=stage,
        choices=tuple(ranked),
        steps=tuple(_steps(stage, [by_name[choice.workflow] for choice in ranked])),
        # By the whole run: a stage after it may have to mend what it saves.
        cheapest=max(good, key=lambda choice: choice.saving).model,
    )


def _choice(
    stage: str,
    variant: Variant,
    in_use: Variant,
    keys: Sequence[Key],
    *,
    quality: Outcome | None = None,
    flips: tuple[Flip, ...] = (),
) -> ModelChoice:
    part, whole = _amounts(stage, variant, keys)
    before, whole_before = _amounts(stage, in_use, keys)
    return ModelChoice(
        stage=stage,
        model=models_of(variant)[stage],
        workflow=variant.workflow,
        in_use=variant is in_use,
        cases=len(cases_of(keys)),
        stage_amount=part,
        amount=whole,
        stage_saving=_saved(part, before),
        saving=_saved(whole, whole_before),
        quality=quality,
        flips=flips,
    )


def _steps(stage: str, ranked: Sequence[Variant]) -> Iterator[ModelStep]:
    for larger, smaller in itertools.pairwise(ranked):
        keys = shared([larger, smaller])
        if not keys:
            continue
        before, after = (_amounts(stage, v, keys) for v in (larger, smaller))
        yield ModelStep(
            larger=models_of(larger)[stage],
            smaller=models_of(smaller)[stage],
            cases=len(cases_of(keys)),
            saving=_saved(after[0], before[0]),
            run_saving=_saved(after[1], before[1]),
        )


def _amounts(stage: str, variant: Variant, keys: Sequence[Key]) -> tuple[float, float]:
    parts = means(variant, keys, lambda run: _part(run, stage))
    wholes = means(variant, keys, lambda run: float(amount_of(run, Priced())))
    return sum(parts) / len(parts), sum(wholes) / len(wholes)


def _part(run: Run, stage: str) -> float:
    """Give the money of a stage; nothing where this run did without it."""
    if all(one.name != stage for one in run.stages):
        return 0.0
    return float(amount_of(run, Priced(), stage))


def _saved(after: float, before: float) -> float:
    return 1 - after / before if before else 0.0
