"""What sets of runs consumed: money, tokens and calls by stage and by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One unit of one stage over a set of runs."""

    stage: str
    unit: str
    quantity: Decimal
    money: Money
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The bill of a set of runs."""

    runs: int
    total: Money
    tokens: int
    calls: int
    estimated: bool
    lines: tuple[Line, ...] = field(default=())

    def stages(self) -> dict[str, Money]:
        """Give the money of each stage, dearest first."""
        names = dict.fromkeys(line.stage for line in self.lines)
        sums = {n: total(x.money for x in self.lines if x.stage == n) for n in names}
        return dict(sorted(sums.items(), key=lambda item: -item[1].amount))


def bill(runs: Sequence[Run]) -> Ledger:
    """Add up what `runs` consumed; raises `UnknownPrice` where a price is missing."""
    charges = [charge for run in runs for charge in run.charges()]
    keys = dict.fromkeys((charge.stage, charge.unit) for charge in charges)
    return Ledger(
        runs=len(runs),
        total=total(charge.money for charge in charges),
        tokens=sum(map(_tokens, runs)),
        calls=sum(call.is_model_call for run in runs for call in run.calls),
        estimated=any(charge.estimated for charge in charges),
        lines=tuple(
            Line(
                stage=stage,
                unit=unit,
                quantity=sum((c.quantity for c in same), Decimal(0)),
                money=total(c.money for c in same),
                models=tuple(sorted({c.model for c in same})),
            )
            for stage, unit in keys
            if (same := [c for c in charges if (c.stage, c.unit) == (stage, unit)])
        ),
    )


def _tokens(run: Run) -> int:
    # A model that had pictures painted inside its call reports their tokens apart.
    usage = run.usage()
    apart = sum(n for unit, n in usage.units.items() if unit.endswith("_tokens"))
    return (usage.total_tokens or 0) + int(apart)


def per_run(quantity: Decimal, ledger: Ledger) -> str:
    """Write a quantity as the mean of a run: ``4``, ``1,830.5``."""
    text = f"{quantity / ledger.runs:,.1f}"
    return text.removesuffix(".0")


def unit_words(unit: str) -> str:
    """Name a unit for readers: ``images:1024x1024:medium`` -> ``images``."""
    return unit.partition(":")[0].replace("_", " ")


def dearest_cause(split: Ledger, single: Ledger) -> tuple[str, str]:
    """Name the stage that costs the split most, and why, against the single model.

    Returns the stage, and one sentence with its share, the unit that dominates it, and
    how the split's quantity and price of that unit compare with the baseline's.
    """
    stage, money = next(iter(split.stages().items()))
    share = money / split.total if split.total.amount else Decimal(0)
    line = max(
        (x for x in split.lines if x.stage == stage), key=lambda x: x.money.amount
    )
    kind = line.unit.partition(":")[0]
    same = [x for x in single.lines if x.unit.partition(":")[0] == kind]
    words = unit_words(line.unit)
    sentence = (
        f"{stage} makes {share:.0%} of the split's cost: "
        f"{per_run(line.quantity, split)} {words} a run of {', '.join(line.models)} "
        f"at {_unit_price(line)}"
    )
    if not same:
        return stage, f"{sentence}; the baseline has no {words}"
    quantity = sum((x.quantity for x in same), Decimal(0))
    spent = total(x.money for x in same)
    price = spent.amount / quantity
    models = sorted({m for x in same for m in x.models})
    cause = _cause(
        line.quantity / split.runs,
        line.money.amount / line.quantity,
        quantity / single.runs,
        price,
    )
    return stage, (
        f"{sentence}, against {per_run(quantity, single)} of {', '.join(models)} "
        f"at {_price(price)} in the baseline: {cause}"
    )


def _cause(
    quantity: Decimal, price: Decimal, other_quantity: Decimal, other_price: Decimal
) -> str:
    more, dearer = quantity > other_quantity, price > other_price
    if more and dearer:
        return "more of it, and each is dearer"
    if more:
        return "more of it"
    return "each is dearer" if dearer else "no more and no dearer than the baseline's"


def _unit_price(line: Line) -> str:
    return _price(line.money.amount / line.quantity) if line.quantity else "no price"


def _price(amount: Decimal) -> str:
    if "E" in f"{amount:.3g}" or amount < Decimal("0.001"):
        return f"${amount * 1_000_000:,.2f} a million"
    return f"${amount:,.4f} each"
