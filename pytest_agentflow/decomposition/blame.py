"""Which stage makes a split too dear, and why; or that no single one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from pytest_agentflow.decomposition.causes import effects, effects_text
from pytest_agentflow.decomposition.ledger import Ledger, Line, bill
from pytest_agentflow.decomposition.pairs import Pair
from pytest_agentflow.pricing.cost_model import PARAMETER_TOKENS, CostModel

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """The stage that makes the difference; `None` where no single one does."""

    stage: str | None
    sentence: str


def blame(
    pairs: Sequence[Pair],
    split: Ledger,
    single: Ledger,
    allowed: Decimal,
    model: CostModel,
) -> Blame:
    """Say which stage makes the split cost more than `allowed`.

    A stage is named where that can be shown: in some cases it costs more than its
    median over the cases, and without that excess the split would stay within; or it
    pays more for a unit than the other stages do, and at their price the split would
    stay within; or it alone costs more than is allowed. One that merely has the
    largest share is told as that, and not named: another one may have grown.
    """
    bills = [bill([pair.split], model) for pair in pairs]
    return (
        _outlier(pairs, bills, split, allowed)
        or _dearer(split, allowed)
        or _alone(split, single, allowed)
        or _largest_share(split, single)
    )


def _outlier(
    pairs: Sequence[Pair], bills: Sequence[Ledger], split: Ledger, allowed: Decimal
) -> Blame | None:
    if len(pairs) < 3:  # a median of fewer is no yardstick
        return None
    excess = {name: _excess(name, bills) for name in split.stages()}
    name = max(excess, key=lambda n: sum(excess[n]), default=None)
    if name is None or not sum(excess[name]):
        return None
    over = sum(excess[name], ZERO)
    if split.amount - over > allowed:
        return None
    worst = max(range(len(pairs)), key=lambda i: excess[name][i])
    cases = [p.key for p, more in zip(pairs, excess[name], strict=True) if more]
    sentence = (
        f"{name} costs {split.text(over)} more than its median over the cases, most of "
        f"it in {pairs[worst].key} ({len(cases)} of {len(pairs)} cases lie above); "
        f"without that the split would stay within. {_grown(name, bills, worst)}"
    )
    return Blame(stage=name, sentence=sentence)


def _excess(stage: str, bills: Sequence[Ledger]) -> list[Decimal]:
    costs = [b.stages().get(stage, ZERO) for b in bills]
    usual = median(costs)
    return [max(cost - usual, ZERO) for cost in costs]


def _grown(stage: str, bills: Sequence[Ledger], worst: int) -> str:
    """Say why a stage costs more in the worst case than in the typical one."""
    ranked = sorted(bills, key=lambda b: b.stages().get(stage, ZERO))
    typical, now = ranked[(len(ranked) - 1) // 2], bills[worst]
    why = effects_text(effects(now, typical, stage=stage), now)
    lines = [x for x in now.lines if x.stage == stage]

    def usual(unit: str) -> Decimal:
        return median(
            sum(
                (x.quantity for x in b.lines if (x.stage, x.unit) == (stage, unit)),
                ZERO,
            )
            for b in bills
        )

    line = max(lines, key=lambda x: (x.quantity - usual(x.unit)) * x.price)
    words = line.words
    return (
        f"There it used {line.quantity:,} {words}, usually {usual(line.unit):,}; "
        f"beside the typical case: {why}"
    )


def _dearer(split: Ledger, allowed: Decimal) -> Blame | None:
    """Find the stage that would be cheap enough at the price the others pay."""
    found: tuple[Decimal, Line, Decimal] | None = None
    for line in split.lines:
        others = [
            x for x in split.lines if x.stage != line.stage and x.kind == line.kind
        ]
        quantity = sum((x.quantity for x in others), ZERO)
        if not quantity:
            continue
        price = sum((x.amount for x in others), ZERO) / quantity
        saved = sum(
            (
                x.amount - x.quantity * price
                for x in split.lines
                if (x.stage, x.kind) == (line.stage, line.kind)
            ),
            ZERO,
        )
        if split.amount - saved <= allowed and (found is None or saved > found[0]):
            found = saved, line, price
    if found is None:
        return None
    saved, line, price = found
    kind = "larger" if split.unit == PARAMETER_TOKENS else "dearer"
    sentence = (
        f"{line.stage} pays {_price(line.price, split)} for {line.words} of "
        f"{', '.join(line.models)}, the other stages {_price(price, split)}: a {kind} "
        f"model, {split.text(saved)} of the {split.text(split.amount)}; at their price "
        "the split would stay within"
    )
    return Blame(stage=line.stage, sentence=sentence)


def _alone(split: Ledger, single: Ledger, allowed: Decimal) -> Blame | None:
    stage, amount = next(iter(split.stages().items()))
    if amount <= allowed:
        return None
    sentence = (
        f"{stage} alone costs {split.text(amount)}, more than the "
        f"{split.text(allowed)} allowed: {_beside(stage, split, single)}"
    )
    return Blame(stage=stage, sentence=sentence)


def _largest_share(split: Ledger, single: Ledger) -> Blame:
    stage, amount = next(iter(split.stages().items()))
    share = amount / split.amount if split.amount else ZERO
    sentence = (
        f"No single stage makes the difference; the largest share is {stage}'s, "
        f"{share:.0%}: {_beside(stage, split, single)}"
    )
    return Blame(stage=None, sentence=sentence)


def _beside(stage: str, split: Ledger, single: Ledger) -> str:
    """Hold the unit that dominates a stage against the baseline's use of that unit."""
    lines = [x for x in split.lines if x.stage == stage]
    line = max(lines, key=lambda x: x.amount)
    same = [x for x in single.lines if x.kind == line.kind]
    words = line.words
    sentence = (
        f"{per_case(line.quantity, split)} {words} a run of {', '.join(line.models)} "
        f"at {_price(line.price, split)}"
    )
    if not same:
        return f"{sentence}; the baseline has no {words}"
    quantity = sum((x.quantity for x in same), ZERO)
    price = sum((x.amount for x in same), ZERO) / quantity if quantity else ZERO
    models = sorted({m for x in same for m in x.models})
    more = line.quantity / split.cases > quantity / single.cases
    return (
        f"{sentence}, against {per_case(quantity, single)} of {', '.join(models)} "
        f"at {_price(price, single)} in the baseline: "
        f"{_cause(more, line.price > price)}"
    )


def _cause(more: bool, dearer: bool) -> str:
    if more and dearer:
        return "more of it, and each is dearer"
    if more:
        return "more of it"
    if dearer:
        return "each is dearer"
    # It uses no more than the baseline did, and is still too much for what is allowed.
    return "no more of it, at no higher price, and still too much"


def _price(amount: Decimal, ledger: Ledger) -> str:
    if ledger.unit == PARAMETER_TOKENS:
        return f"{ledger.text(amount)} parameters each"
    if amount < Decimal("0.001"):
        return f"{ledger.text(amount * 1_000_000)} a million"
    return f"{ledger.text(amount)} each"


def per_case(quantity: Decimal, ledger: Ledger) -> str:
    """Write a quantity as the mean of a run: ``4``, ``1,830.5``."""
    text = f"{quantity / ledger.cases:,.1f}"
    return text.removesuffix(".0")
