"""Which stage makes a split too dear, and why; or that no single one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from pytest_agentflow.decomposition.ledger import Ledger, Line, bill
from pytest_agentflow.decomposition.pairs import Pair
from pytest_agentflow.model.money import Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """The stage that makes the difference; `None` where no single one does."""

    stage: str | None
    sentence: str


def blame(
    pairs: Sequence[Pair], split: Ledger, single: Ledger, allowed: Money
) -> Blame:
    """Say which stage makes the split cost more than `allowed`.

    A stage is named where that can be shown: in some cases it costs more than its
    median over the cases, and without that excess the split would stay within; or it
    alone costs more than is allowed. One that merely has the largest share is told as
    that, and not named: another one may have grown.
    """
    return (
        _outlier(pairs, split, allowed)
        or _alone(split, single, allowed)
        or _largest_share(split, single)
    )


def _outlier(pairs: Sequence[Pair], split: Ledger, allowed: Money) -> Blame | None:
    if len(pairs) < 3:  # a median of fewer is no yardstick
        return None
    bills = [bill([pair.split]) for pair in pairs]
    excess = {name: _excess(name, bills) for name in split.stages()}
    name = max(excess, key=lambda n: sum(excess[n]), default=None)
    if name is None or not sum(excess[name]):
        return None
    over = Money(amount=sum(excess[name], Decimal(0)), currency=allowed.currency)
    if split.total - over > allowed:
        return None
    worst = max(range(len(pairs)), key=lambda i: excess[name][i])
    cases = [p.key for p, more in zip(pairs, excess[name], strict=True) if more]
    sentence = (
        f"{name} costs {over} more than its median over the cases, most of it in "
        f"{pairs[worst].key} ({len(cases)} of {len(pairs)} cases lie above); without "
        f"that the split would stay within. {_grown(name, bills, worst)}"
    )
    return Blame(stage=name, sentence=sentence)


def _excess(stage: str, bills: Sequence[Ledger]) -> list[Decimal]:
    zero = Money(amount=Decimal(0))
    costs = [b.stages().get(stage, zero).amount for b in bills]
    usual = median(costs)
    return [max(cost - usual, Decimal(0)) for cost in costs]


def _grown(stage: str, bills: Sequence[Ledger], worst: int) -> str:
    """Say which unit of the stage grew most in the worst case."""
    lines = [x for x in bills[worst].lines if x.stage == stage]

    def usual(unit: str) -> Decimal:
        return median(
            sum(
                (x.quantity for x in b.lines if (x.stage, x.unit) == (stage, unit)),
                Decimal(0),
            )
            for b in bills
        )

    line = max(lines, key=lambda x: (x.quantity - usual(x.unit)) * _unit(x))
    words = unit_words(line.unit)
    return f"There it used {line.quantity:,} {words}, usually {usual(line.unit):,}"


def _alone(split: Ledger, single: Ledger, allowed: Money) -> Blame | None:
    stage, money = next(iter(split.stages().items()))
    if money <= allowed:
        return None
    sentence = f"{stage} alone costs {money}, more than the {allowed} allowed: "
    return Blame(stage=stage, sentence=sentence + _beside(stage, split, single))


def _largest_share(split: Ledger, single: Ledger) -> Blame:
    stage, money = next(iter(split.stages().items()))
    share = money / split.total if split.total.amount else Decimal(0)
    sentence = (
        f"No single stage makes the difference; the largest share is {stage}'s, "
        f"{share:.0%}: {_beside(stage, split, single)}"
    )
    return Blame(stage=None, sentence=sentence)


def _beside(stage: str, split: Ledger, single: Ledger) -> str:
    """Hold the unit that dominates a stage against the baseline's use of that unit."""
    lines = [x for x in split.lines if x.stage == stage]
    line = max(lines, key=lambda x: x.money.amount)
    kind = line.unit.partition(":")[0]
    same = [x for x in single.lines if x.unit.partition(":")[0] == kind]
    words = unit_words(line.unit)
    sentence = (
        f"{per_run(line.quantity, split)} {words} a run of {', '.join(line.models)} "
        f"at {_price(line.money, line.quantity)}"
    )
    if not same:
        return f"{sentence}; the baseline has no {words}"
    quantity = sum((x.quantity for x in same), Decimal(0))
    spent = total(x.money for x in same)
    models = sorted({m for x in same for m in x.models})
    more = line.quantity / split.runs > quantity / single.runs
    dearer = _unit(line) > spent.amount / quantity
    return (
        f"{sentence}, against {per_run(quantity, single)} of {', '.join(models)} "
        f"at {_price(spent, quantity)} in the baseline: {_cause(more, dearer)}"
    )


def _cause(more: bool, dearer: bool) -> str:
    if more and dearer:
        return "more of it, and each is dearer"
    if more:
        return "more of it"
    return "each is dearer" if dearer else "no more and no dearer than the baseline's"


def _unit(line: Line) -> Decimal:
    return line.money.amount / line.quantity if line.quantity else Decimal(0)


def _price(money: Money, quantity: Decimal) -> str:
    amount = money.amount / quantity
    if amount < Decimal("0.001"):
        whole = Money(amount=amount * 1_000_000, currency=money.currency)
        return f"{whole} a million"
    return f"{Money(amount=amount, currency=money.currency)} each"


def per_run(quantity: Decimal, ledger: Ledger) -> str:
    """Write a quantity as the mean of a run: ``4``, ``1,830.5``."""
    text = f"{quantity / ledger.runs:,.1f}"
    return text.removesuffix(".0")


def unit_words(unit: str) -> str:
    """Name a unit for readers: ``images:1024x1024:medium`` -> ``images``."""
    return unit.partition(":")[0].replace("_", " ")
