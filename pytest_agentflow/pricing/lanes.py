"""Calls of one kind, then and now, as factors of which the product is their bill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.price import Charge, PriceLock, charges
from pytest_agentflow.model.unknown import UnknownPrice
from pytest_agentflow.pricing.shapley import shapley

Family = Literal["prompt", "output", "pictures", "other"]
FAMILIES: tuple[Family, ...] = ("prompt", "output", "pictures", "other")

SERVICES = "services"
"""The lane of what no model answers, and is charged all the same."""

_PLAYERS = ("calls", "model", "quantity", "grade", "price")
_WHOLE_CALL = ("gpu_seconds", "requests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The calls of one kind at one time, and the prices of that time."""

    calls: tuple[Call, ...]
    lock: PriceLock
    pictures: bool = False
    """Whether they are counted by the pictures that they made."""

    @property
    def models(self) -> dict[str, tuple[Call, ...]]:
        """Name -> its calls."""
        found: dict[str, list[Call]] = {}
        for call in self.calls:
            found.setdefault(name_of(call), []).append(call)
        return {name: tuple(calls) for name, calls in found.items()}

    def count(self, calls: Iterable[Call]) -> int:
        """Count calls, or the pictures that they made."""
        return sum(map(pictures_of, calls)) if self.pictures else len(tuple(calls))

    @property
    def number(self) -> int:
        """How many calls, or pictures."""
        return self.count(self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Calls of one kind in one stage, before and now."""

    kind: str
    before: Side
    now: Side

    @property
    def pictures(self) -> bool:
        """Whether pictures are counted in it, not calls."""
        return self.now.pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Used:
    """What one model is billed for one family of units."""

    quantity: Fraction = Fraction()
    amount: Fraction = Fraction()


_Bill = Mapping[Family, _Used]
_NOTHING = _Used()


def name_of(call: Call) -> str:
    """Name what is paid for: the model, or the tool or service."""
    return call.model or call.billed_as or "an unnamed model"


def pictures_of(call: Call) -> int:
    """Count the pictures that a call made."""
    units = call.usage.units if call.usage else {}
    billed = sum(n for unit, n in units.items() if unit.startswith("images:"))
    return max(int(billed), len(call.pictures))


def lanes(
    before: Sequence[Call], now: Sequence[Call], locks: tuple[PriceLock, PriceLock]
) -> Iterator[Lane]:
    """Part the calls of a stage by their kind; what nobody charges is left out."""
    old, new = (
        _by_kind(calls, lock) for calls, lock in zip((before, now), locks, strict=True)
    )
    for kind in dict.fromkeys((*old, *new)):
        sides = tuple(
            Side(calls=tuple(found.get(kind, ())), lock=lock)
            for found, lock in zip((old, new), locks, strict=True)
        )
        by_picture = kind == "image" and all(map(_all_painted, sides))
        one, other = (replace(side, pictures=by_picture) for side in sides)
        yield Lane(kind=kind, before=one, now=other)


def _by_kind(calls: Sequence[Call], lock: PriceLock) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        if call.is_model_call:
            found.setdefault(call.kind, []).append(call)
        elif charges(call, lock):
            found.setdefault(SERVICES, []).append(call)
    return found


def _all_painted(side: Side) -> bool:
    # A model whose calls made no picture would cost something for none.
    return all(any(map(pictures_of, calls)) for calls in side.models.values())


def billed(calls: Iterable[Call], lock: PriceLock) -> Iterator[Charge]:
    """Give all charges."""
    for call in calls:
        yield from charges(call, lock)


def exact(charge: Charge) -> Fraction:
    """Give its money as a fraction; raises `UnknownPrice`."""
    return Fraction(charge.money.amount)


def family(unit: str) -> Family:
    """Tell what a unit measures."""
    kind = unit.rpartition(":")[2]
    if unit.startswith("images:") or (":" in unit and kind.endswith("_tokens")):
        return "pictures"
    if not kind.endswith("_tokens"):
        return "other"
    return "prompt" if kind.startswith(("input", "cache")) else "output"


def split(lane: Lane) -> Mapping[tuple[Family | None, str], Fraction]:
    """Split the difference of the lane's two bills over what changed.

    The bill is a sum, over models and families of units, of products: calls, share of
    the calls that the model has, units a call, money a unit. The last depends on which
    units (cached or not, which size of picture, which tier) and on the prices.

    A model that one side lacks is taken to have done there what the calls of that side
    did, at its own prices: so that what a change of model costs is told apart from what
    it was asked.

    Returns:
        Family and player -> amount. ``calls``, ``model`` and ``price`` have no family.
    """
    if not (lane.before.number and lane.now.number):
        whole = _sum(lane.now) - _sum(lane.before)
        return {(None, "calls"): whole}
    found: dict[tuple[Family | None, str], Fraction] = {}
    for model in dict.fromkeys((*lane.before.models, *lane.now.models)):
        known = _known(lane, model)
        for kind in FAMILIES:
            for player, amount in _term(lane, known, kind).items():
                own = kind if player in ("quantity", "grade") else None
                found[own, player] = found.get((own, player), Fraction()) + amount
    return found


def _sum(side: Side) -> Fraction:
    return sum(map(exact, billed(side.calls, side.lock)), Fraction())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of one model before (`False`) and now (`True`)."""

    share: Mapping[bool, Fraction]
    count: Mapping[bool, int]
    bills: Mapping[tuple[bool, bool], _Bill]
    """When it was used, and whose prices -> its bill."""


def _known(lane: Lane, model: str) -> _Known:
    sides = {False: lane.before, True: lane.now}
    calls, count = {}, {}
    for changed in sides:
        calls[changed], count[changed] = _reference(lane, model, changed)
    return _Known(
        share={
            changed: Fraction(side.count(side.models.get(model, ())), side.number)
            for changed, side in sides.items()
        },
        count=count,
        bills={
            (changed, priced): _bill(lane, model, calls[changed], changed, priced)
            for changed in sides
            for priced in sides
        },
    )


def _reference(lane: Lane, model: str, changed: bool) -> tuple[tuple[Call, ...], int]:
    """Give the calls that say what a model did at one time, and their number."""
    side, other = (lane.now, lane.before) if changed else (lane.before, lane.now)
    if own := side.models.get(model):
        return own, side.count(own)
    likewise = tuple(replace(call, model=model) for call in side.calls)
    lock = _merged(lane.now.lock, lane.before.lock)
    if lane.kind == SERVICES or _tried(likewise, lock) is None:
        # Nobody knows what it would have cost for that: as it did at its own time.
        likewise = other.models[model]
        return likewise, other.count(likewise)
    return likewise, side.number


def _bill(
    lane: Lane, model: str, calls: tuple[Call, ...], changed: bool, priced: bool
) -> _Bill:
    """Bill calls of one time at the prices of one time."""
    at, other = (lane.now, lane.before) if priced else (lane.before, lane.now)
    if changed is priced and model in at.models:
        return _families(billed(calls, at.lock))
    found = _tried(calls, _merged(at.lock, other.lock))
    if found is not None:
        return found
    own = lane.now if changed and model in lane.now.models else lane.before
    own = own if model in own.models else lane.now
    return _families(billed(own.models[model], own.lock))


def _tried(calls: Iterable[Call], lock: PriceLock) -> _Bill | None:
    try:
        return _families(billed(calls, lock))
    except UnknownPrice:
        return None


def _term(lane: Lane, known: _Known, kind: Family) -> Mapping[str, Fraction]:
    used = {key: bill[kind] for key, bill in known.bills.items()}
    own = {changed: used[changed, changed].quantity for changed in (False, True)}
    if not any(own.values()):
        return {}
    number = {False: lane.before.number, True: lane.now.number}

    def worth(changed: frozenset[str]) -> Fraction:
        now = {player: player in changed for player in _PLAYERS}
        # What one side did not use at all has its unit's money from the other one.
        grade = now["grade"] if own[now["grade"]] else not now["grade"]
        unit = used[grade, now["price"]].amount / own[grade]
        each = own[now["quantity"]] / known.count[now["quantity"]]
        return number[now["calls"]] * known.share[now["model"]] * each * unit

    return shapley(_PLAYERS, worth)


def _families(bill: Iterable[Charge]) -> _Bill:
    found: dict[Family, _Used] = dict.fromkeys(FAMILIES, _NOTHING)
    for charge in bill:
        kind = family(charge.unit)
        found[kind] = _Used(
            quantity=found[kind].quantity + Fraction(charge.quantity),
            amount=found[kind].amount + exact(charge),
        )
    return found


def _merged(lock: PriceLock, other: PriceLock) -> PriceLock:
    """Give `lock` with the prices of what only the other time used.

    A lock holds the prices of what its run used: that nothing was read from a cache is
    no change of the cache's price. Tokens are not added where pictures or whole calls
    have a price, nor the other way: they would be billed twice.
    """
    known = {(p.model, p.unit, p.tier, p.above_input_tokens) for p in lock.prices}
    ways = {(p.model, _by_piece(p.unit)) for p in lock.prices}
    models = {model for model, _ in ways}
    more = tuple(
        p
        for p in other.prices
        if (p.model, p.unit, p.tier, p.above_input_tokens) not in known
        and (p.model not in models or (p.model, _by_piece(p.unit)) in ways)
    )
    return replace(lock, prices=(*lock.prices, *more))


def _by_piece(unit: str) -> bool:
    return unit in _WHOLE_CALL or unit.startswith("images:")


def mean(side: Side, kind: Family) -> Decimal:
    """Give the units of a family that a call used, as billed."""
    used = _families(billed(side.calls, side.lock))[kind].quantity
    each = used / side.number
    return Decimal(each.numerator) / Decimal(each.denominator)
