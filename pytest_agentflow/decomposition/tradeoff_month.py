"""A month at the declared volume, and total cost of ownership against users."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_agentflow.decomposition.tradeoff_money import Bill, Declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What a month costs at the declared volume."""

    volume: float
    cost: float
    single: float
    saving: float
    saving_interval: tuple[float, float] | None
    net: float | None
    """Saving less engineering, upkeep and fine-tuning, with errors at their price;
    `None` where some of that was not declared or could not be priced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Money a month of both sides: ``fixed + per_user * users``."""

    fixed: float
    """Of the split: engineering and upkeep; the single model has none beyond its own.
    """
    per_user: float
    single_per_user: float

    def at(self, users: float) -> tuple[float, float]:
        """Give the split's and the single model's money a month."""
        return self.fixed + self.per_user * users, self.single_per_user * users


def month_of(bill: Bill, declared: Declared) -> Month | None:
    """Reckon a month; `None` where no volume was declared."""
    volume = declared.volume
    if volume is None:
        return None
    interval = bill.saving_interval
    reckoned = bill.break_even
    return Month(
        volume=volume,
        cost=volume * bill.cost,
        single=volume * bill.single,
        saving=volume * bill.saving,
        saving_interval=None
        if interval is None
        else (volume * interval[0], volume * interval[1]),
        net=None if reckoned is None else volume * reckoned.saving - declared.fixed,
    )


def ownership_of(bill: Bill, declared: Declared) -> Ownership | None:
    """Give both lines of the total cost; `None` where there is no break-even."""
    if bill.break_even is None:
        return None
    requests, price = declared.requests_per_user or 0, declared.error_price or 0
    wrong = price * (bill.errors or 0), price * (bill.single_errors or 0)
    return Ownership(
        fixed=declared.fixed,
        per_user=requests * (bill.cost + declared.per_request + wrong[0]),
        single_per_user=requests * (bill.single + wrong[1]),
    )
