"""What a run, or one of its stages, is billed for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest_agentflow as af


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """All charges of some calls, and what keeps the sum from being known."""

    stage: str | None
    """`None`: of the whole run."""
    calls: tuple[af.Call, ...]
    charges: tuple[af.Charge, ...]

    @property
    def name(self) -> str:
        """How messages name it."""
        return "the run" if self.stage is None else self.stage

    @property
    def billed(self) -> bool:
        """Whether there is anything in it that costs money."""
        return bool(self.model_calls or self.charges)

    @property
    def model_calls(self) -> tuple[af.Call, ...]:
        """Those that a model answered."""
        return tuple(call for call in self.calls if call.is_model_call)

    @property
    def amount(self) -> Decimal:
        """Sum of the charges that have a price."""
        return sum((charge_amount(c) for c in self.charges), Decimal(0))

    @property
    def gaps(self) -> Mapping[str, tuple[af.Charge, ...]]:
        """Call -> what it used without a price, or without saying how much."""
        unpriced: dict[str, tuple[af.Charge, ...]] = {}
        for charge in self.charges:
            if charge.price is None:
                unpriced[charge.call] = (*unpriced.get(charge.call, ()), charge)
        return unpriced

    @property
    def silent(self) -> tuple[af.Call, ...]:
        """Model calls that did not report what they used, or not all of it."""
        return self.silent_on("input_tokens", "output_tokens")

    def silent_on(self, *kinds: str) -> tuple[af.Call, ...]:
        """Give the model calls that did not report all of these kinds of token."""
        wanted = ("usage", *kinds)
        # Whether a picture's tokens are due depends on what it is billed by.
        billed = {
            charge.call
            for charge in self.charges
            if not charge.reported and charge.unit.startswith(wanted)
        }
        return tuple(
            call
            for call in self.model_calls
            if call.id in billed or not set(wanted).isdisjoint(call.unreported)
        )

    @property
    def tokens(self) -> int:
        """Input and output tokens of all calls that report them."""
        return sum(call.total_tokens or 0 for call in self.calls)

    @property
    def pictures(self) -> int:
        """How many pictures were made."""
        return sum(map(_pictures, self.calls))

    @property
    def estimated(self) -> bool:
        """Whether some usage in it was estimated, not reported."""
        return any(c.usage.source == "estimated" for c in self.calls if c.usage)


def charge_amount(charge: af.Charge) -> Decimal:
    """Give the money of a charge; what has no price counts nothing here."""
    return Decimal(0) if charge.price is None else charge.money.amount


def _pictures(call: af.Call) -> int:
    units = call.usage.units if call.usage else {}
    billed = sum(number for unit, number in units.items() if unit.startswith("images:"))
    return max(int(billed), len(call.pictures))


def bill_of(run: af.Run, stage: str | None = None) -> Bill:
    """Make the bill of a stage, or of the whole run; raises `UnknownStage`."""
    calls = run.calls if stage is None else run.stage(stage).calls
    return Bill(stage=stage, calls=calls, charges=run.charges(stage))


def bills_by_stage(run: af.Run) -> tuple[Bill, ...]:
    """Make the bills of all stages that cost anything, in the order of the run.

    Calls that no door attributed to a stage come under their own name, at the end.
    """
    names = [stage.name for stage in run.stages if stage.calls]
    others = dict.fromkeys(call.stage for call in run.calls)
    names += [name for name in others if name not in names]
    charges = run.charges()
    bills = [
        Bill(
            stage=name,
            calls=tuple(call for call in run.calls if call.stage == name),
            charges=tuple(c for c in charges if c.stage == name),
        )
        for name in names
    ]
    return tuple(bill for bill in bills if bill.billed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Everything that one model charged for one unit at one price."""

    model: str
    unit: str
    price: af.UnitPrice
    calls: int
    quantity: Decimal
    amount: Decimal


def contributions(charges: Sequence[af.Charge]) -> tuple[Contribution, ...]:
    """Sum up charges by model, unit and price, the dearest first."""
    groups: dict[af.UnitPrice, list[af.Charge]] = {}
    for charge in charges:
        if charge.price is not None:
            groups.setdefault(charge.price, []).append(charge)
    found = [_contribution(price, group) for price, group in groups.items()]
    return tuple(sorted(found, key=lambda c: (-c.amount, c.model, c.unit)))


def _contribution(price: af.UnitPrice, group: list[af.Charge]) -> Contribution:
    return Contribution(
        model=price.model,
        unit=price.unit,
        price=price,
        calls=len({charge.call for charge in group}),
        quantity=sum((c.quantity for c in group), Decimal(0)),
        amount=sum(map(charge_amount, group), Decimal(0)),
    )
