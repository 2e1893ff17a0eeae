"""Why one bill is higher than another: what each cause adds, to the last cent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import prod

from pytest_agentflow.decomposition.ledger import Ledger, Line
from pytest_agentflow.pricing.cause_words import CauseId, label
from pytest_agentflow.pricing.shapley import shapley

ZERO = Fraction()

_COUNTED: Mapping[str, CauseId] = {"token_passes": "length", "seconds": "time"}
"""What more of a unit is called that only a cost model counts."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One cause, and what it adds; negative where it saves."""

    cause: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class _Use:
    """How one unit came to its amount: calls * quantity a call * price."""

    calls: Fraction
    each: Fraction
    price: Fraction
    models: frozenset[str]


def effects(
    now: Ledger, before: Ledger, *, stage: str | None = None
) -> tuple[Effect, ...]:
    """Split the difference of two bills, a case, by cause; the largest first.

    An amount is calls * quantity a call * price of a unit; what each of the three adds
    is its Shapley value (`pricing.shapley`). Unlike `cost_change`, which holds a stage
    against itself, sets of runs are compared that need not have one stage in common.

    Args:
        now: the bill to explain.
        before: the bill it is held against.
        stage: only this stage of both; all stages together when not given.
    """
    sums: dict[CauseId, Fraction] = {}
    kinds = dict.fromkeys(
        line.kind for ledger in (now, before) for line in _lines(ledger, stage)
    )
    for kind in kinds:
        first, last = _use(before, stage, kind), _use(now, stage, kind)
        completed = _completed(first, last), _completed(last, first)
        for cause, amount in _split(kind, *completed):
            sums[cause] = sums.get(cause, Fraction()) + amount
    found = (
        Effect(label(cause, rise=amount > 0), _decimal(amount))
        for cause, amount in sums.items()
        if amount
    )
    return tuple(sorted(found, key=lambda effect: -abs(effect.amount)))


def _decimal(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)


def _lines(ledger: Ledger, stage: str | None) -> list[Line]:
    return [line for line in ledger.lines if stage in (None, line.stage)]


def _use(ledger: Ledger, stage: str | None, kind: tuple[str, str]) -> _Use:
    counted = (
        Fraction(count)
        for (name, medium), count in ledger.counts.items()
        if stage in (None, name) and medium == kind[0]
    )
    calls = sum(counted, ZERO) / ledger.cases
    lines = [line for line in _lines(ledger, stage) if line.kind == kind]
    quantity = sum((Fraction(x.quantity) for x in lines), ZERO) / ledger.cases
    amount = sum((Fraction(x.amount) for x in lines), ZERO) / ledger.cases
    if not calls:  # a fee, or a tool: there is nothing to count but its units
        calls = Fraction(1 if quantity else 0)
    return _Use(
        calls=calls,
        each=quantity / calls if calls else ZERO,
        price=amount / quantity if quantity else ZERO,
        models=frozenset(model for line in lines for model in line.models),
    )


def _completed(use: _Use, other: _Use) -> _Use:
    if not use.calls:
        return _Use(ZERO, other.each, other.price, other.models)
    if not use.each:
        return _Use(use.calls, ZERO, other.price, other.models)
    return use


def _split(
    kind: tuple[str, str], first: _Use, last: _Use
) -> Iterator[tuple[CauseId, Fraction]]:
    sides = {
        "calls": (first.calls, last.calls),
        "each": (first.each, last.each),
        "price": (first.price, last.price),
    }

    def worth(changed: frozenset[str]) -> Fraction:
        factors = (both[name in changed] for name, both in sides.items())
        return prod(factors, start=Fraction(1))

    same = first.models == last.models
    names: Mapping[str, CauseId] = {
        "calls": "pictures" if kind[0] == "image" else "calls",
        "each": _quantity(*kind),
        "price": _grade(kind[1], same=same),
    }
    for name, amount in shapley(tuple(sides), worth).items():
        yield names[name], amount


def _grade(unit: str, *, same: bool) -> CauseId:
    if unit == "token_passes":
        return "size"
    return "price" if same else "model"


def _quantity(medium: str, unit: str) -> CauseId:
    if unit in _COUNTED:
        return _COUNTED[unit]
    if unit in ("output_tokens", "reasoning_tokens", "images"):
        if medium == "image":
            return "picture"
        return "pictures" if unit == "images" else "output"
    if unit.startswith("cache_"):
        return "cache"
    return "prompt" if unit.endswith("_tokens") else "other"


def effects_text(found: Sequence[Effect], ledger: Ledger) -> str:
    """Write effects: ``more calls +$0.12, cheaper models -$0.34``.

    Those below a hundredth of the largest are told as one.
    """
    least = abs(found[0].amount) / 100 if found else 0
    large = [effect for effect in found if abs(effect.amount) >= least]
    told = [f"{effect.cause} {signed(effect.amount, ledger)}" for effect in large]
    if rest := sum((effect.amount for effect in found[len(large) :]), Decimal(0)):
        told.append(f"the rest {signed(rest, ledger)}")
    return ", ".join(told)


def signed(amount: Decimal, ledger: Ledger) -> str:
    """Write a difference with its sign: ``+$0.12``."""
    return f"{'-' if amount < 0 else '+'}{ledger.text(abs(amount))}"
