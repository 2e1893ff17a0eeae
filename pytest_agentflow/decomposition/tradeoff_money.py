"""What the split saves, from how many users on, and what nobody declared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from pytest_agentflow.decomposition.ledger import NotComparable
from pytest_agentflow.decomposition.tradeoff_figures import (
    PICTURES,
    amount_of,
    levers,
    text_of,
)
from pytest_agentflow.decomposition.tradeoff_quality import Jury
from pytest_agentflow.decomposition.tradeoff_stages import decided
from pytest_agentflow.decomposition.tradeoff_variants import (
    Key,
    Variant,
    means,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.cost import cost_of
from pytest_agentflow.pricing.cost_model import Priced
from pytest_agentflow.statistics.economics import (
    BreakEven,
    break_even_users,
    max_token_multiplier,
)
from pytest_agentflow.statistics.mean_bounds import mean_bounds
from pytest_agentflow.statistics.outcome import Outcome
from pytest_agentflow.statistics.ratio import cost_ratio_gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What no recording tells. `None`: not declared, and then nothing is assumed.

    All money is in the currency of the runs.
    """

    volume: float | None = None
    """Runs a month."""
    engineering_cost: float | None = None
    """Money spent once, to build the split."""
    months: float | None = None
    """Over which that is written off."""
    upkeep: float | None = None
    """Money a month that the split needs beyond the single model."""
    fine_tuning: float | None = None
    """Money spent once on fine-tuning; 0 for none."""
    fine_tuning_requests: float | None = None
    """Requests over which that is written off."""
    error_price: float | None = None
    """What a run that fails a check costs; 0 for nothing."""
    requests_per_user: float | None = None
    """Runs of one user in a month."""

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            positive = name in {"months", "fine_tuning_requests", "requests_per_user"}
            if not math.isfinite(value) or value < 0 or (positive and not value):
                least = "above 0" if positive else "at least 0"
                message = f"{name}={value}: give a number {least}"
                raise ValueError(message)

    def given(self) -> dict[str, float]:
        """Give what is declared, by name."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    def lacking(self) -> tuple[str, ...]:
        """Name what a break-even needs and nobody declared."""
        needed = ["engineering_cost", "months", "upkeep", "requests_per_user"]
        needed += ["fine_tuning", "error_price"]
        needed += ["fine_tuning_requests"] if self.fine_tuning else []
        return tuple(name for name in needed if name not in self.given())

    @property
    def per_request(self) -> float:
        """What fine-tuning adds to each request."""
        return (self.fine_tuning or 0) / (self.fine_tuning_requests or 1)

    @property
    def fixed(self) -> float:
        """What the split costs a month whatever its use: E/H + M."""
        return (self.engineering_cost or 0) / (self.months or 1) + (self.upkeep or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One part of what a run costs."""

    name: str
    """``pictures``, ``text of frontend``, ``orchestration``."""
    share: float
    stages: tuple[str, ...] = ()
    """Whose it is; empty where it is nobody's in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier:
    """What the price of a token allows, in times the tokens of the single model."""

    saving: float
    """Share by which a token of the split's text is cheaper; negative: dearer."""
    tolerated: float
    """1 / (1 - saving)."""
    used: float
    """Times the single model's text tokens that the split uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Money of the split in use beside the single model, over their common cases."""

    currency: str
    cost: float
    """Mean of a run of the split."""
    single: float
    cases: int
    ratio: Outcome
    """Fieller's paired t against a ratio of 1."""
    saving: float
    """Mean of a run; negative: the split is dearer."""
    saving_interval: tuple[float, float] | None
    """By `mean_bounds` over the cases; each end holds with 1 - alpha."""
    levers: tuple[Lever, ...]
    """Of the split, largest first."""
    multiplier: Multiplier | None
    """`None` where one side has no text, or does not tell its tokens."""
    errors: float | None
    """Share of the split's runs that fail a check; `None`: not judged or undecided."""
    single_errors: float | None
    break_even: BreakEven | None
    lacking: tuple[str, ...]
    """What was not declared, so that there is no break-even."""
    problem: str = ""
    """Why there is none though all was declared."""

    @property
    def saved_share(self) -> float:
        """Share of the single model's money that is saved."""
        return 1 - (self.ratio.estimate if self.ratio.estimate is not None else 1)

    @property
    def share_interval(self) -> tuple[float, float] | None:
        """Of the saved share, by Fieller's bounds; `None` where one is unbounded."""
        lower, upper = self.ratio.lower, self.ratio.upper
        return None if lower is None or upper is None else (1 - upper, 1 - lower)


def bill_of(
    in_use: Variant,
    baseline: Variant,
    keys: Sequence[Key],
    *,
    jury: Jury,
    declared: Declared,
    coordinators: Collection[str],
    alpha: float,
) -> Bill:
    """Reckon the split against the single model in money.

    Raises:
        NotComparable: for an unknown price or two currencies.
    """
    ours = means(in_use, keys, lambda run: float(amount_of(run, Priced())))
    theirs = means(baseline, keys, lambda run: float(amount_of(run, Priced())))
    wrong = [_wrong(side, keys, jury) for side in (in_use, baseline)]
    saved = [before - after for before, after in zip(theirs, ours, strict=True)]
    found, problem = _break_even(ours, theirs, wrong, declared)
    return Bill(
        currency=one_unit([in_use, baseline], keys, _currency),
        cost=_mean(ours),
        single=_mean(theirs),
        cases=len(ours),
        ratio=cost_ratio_gate(ours, theirs, limit=1.0, alpha=alpha),
        saving=_mean(saved),
        saving_interval=mean_bounds(saved, alpha),
        levers=_levers(in_use, keys, coordinators),
        multiplier=_multiplier(in_use, baseline, keys),
        errors=_share(wrong[0]),
        single_errors=_share(wrong[1]),
        break_even=found,
        lacking=declared.lacking(),
        problem=problem,
    )


def one_unit(
    found: Sequence[Variant], keys: Sequence[Key], unit: Callable[[Run], str]
) -> str:
    """Give the unit of all runs; raises `NotComparable` where there are several."""
    units = sorted(
        {unit(run) for variant in found for key in keys for run in variant.runs[key]}
    )
    if len(units) > 1:
        raise NotComparable(
            f"the runs are billed in {' and '.join(units)}; declare one currency in "
            "the price file, then: agentflow prices RUNS --file PRICES"
        )
    return units[0]


def _currency(run: Run) -> str:
    return cost_of(run, Priced()).unit


def _wrong(
    variant: Variant, keys: Sequence[Key], jury: Jury
) -> list[bool] | str | None:
    """Say which cases fail; a sentence where one is undecided, `None` unjudged."""
    if not jury.checks:
        return None
    try:
        good = decided(jury.cases(variant, keys), variant.workflow)
    except NotComparable as error:
        return str(error)
    return [not one for one in good]


def _share(wrong: list[bool] | str | None) -> float | None:
    return sum(wrong) / len(wrong) if isinstance(wrong, list) else None


def _break_even(
    ours: Sequence[float],
    theirs: Sequence[float],
    wrong: Sequence[list[bool] | str | None],
    declared: Declared,
) -> tuple[BreakEven | None, str]:
    if declared.lacking():
        return None, ""
    if declared.error_price:
        told = [one for one in wrong if isinstance(one, str)]
        if told:
            return None, told[0]
        if None in wrong:
            return None, "a price of errors needs checks that tell what fails: -c CHECK"
    errors = [one if isinstance(one, list) else None for one in wrong]
    found = break_even_users(
        ours,
        theirs,
        engineering=declared.engineering_cost or 0,
        months=declared.months or 1,
        requests=declared.requests_per_user or 1,
        upkeep=declared.upkeep or 0,
        per_request=declared.per_request,
        error_price=declared.error_price or 0,
        errors=errors[0] if declared.error_price else None,
        baseline_errors=errors[1] if declared.error_price else None,
    )
    return found, ""


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _runs(variant: Variant, keys: Sequence[Key]) -> list[Run]:
    return [run for key in keys for run in variant.runs[key]]


def _levers(
    variant: Variant, keys: Sequence[Key], coordinators: Collection[str]
) -> tuple[Lever, ...]:
    sums: Counter[str] = Counter()
    runs = _runs(variant, keys)
    for run in runs:
        sums.update(levers(run, coordinators))
    whole = sum(map(Decimal, sums.values()), Decimal(0))
    ranked: Mapping[str, Decimal] = dict(sums.most_common())  # type: ignore[arg-type] # Decimals
    return tuple(
        Lever(name=name, share=float(part / whole), stages=_whose(name, runs))
        for name, part in ranked.items()
        if whole and part
    )


def _whose(lever: str, runs: Sequence[Run]) -> tuple[str, ...]:
    """Name the stage of a text, and those that painted the pictures."""
    if lever == PICTURES:
        found = (c.stage for run in runs for c in run.calls if c.pictures)
        return tuple(dict.fromkeys(filter(None, found)))
    _, of, stage = lever.partition(" of ")
    return (stage,) if of else ()


def _multiplier(
    in_use: Variant, baseline: Variant, keys: Sequence[Key]
) -> Multiplier | None:
    sums = []
    for variant in (in_use, baseline):
        try:
            texts = [text_of(run) for run in _runs(variant, keys)]
        except NotComparable:
            return None
        count = len(texts)
        money = float(sum((m for m, _ in texts), Decimal(0))) / count
        sums.append((money, sum(t for _, t in texts) / count))
    (money, tokens), (single, before) = sums
    if not (money and tokens and single and before):
        return None
    saving = 1 - (money / tokens) / (single / before)
    return Multiplier(
        saving=saving,
        tolerated=max_token_multiplier(saving) if saving >= 0 else 1 / (1 - saving),
        used=tokens / before,
    )
