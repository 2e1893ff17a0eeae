"""The prices that the calls of one run need, to be kept in its recording."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.price import (
    ModelSize,
    PriceLock,
    UnitPrice,
    measured,
    same_thing,
)
from pytest_agentflow.model.rate import Rate
from pytest_agentflow.model.tier import service_tier
from pytest_agentflow.pricing.book import (
    PriceBook,
    own_fees,
    own_prices,
    own_rate,
    own_size,
)
from pytest_agentflow.pricing.cost import models_of
from pytest_agentflow.pricing.genai import listed_prices

#: Tokens of the model that painted pictures for another one are billed as the whole
#: where their kind has no price of its own.
_WHOLE = {
    "input_image_tokens": "input_tokens",
    "output_image_tokens": "output_tokens",
}

Prices = tuple[UnitPrice, ...]
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class _Model:
    """Everything that the calls of one model used."""

    name: str
    calls: list[Call] = field(default_factory=list)
    units: dict[str, None] = field(default_factory=dict)
    tiers: dict[str, None] = field(default_factory=dict)
    """Service tiers that its calls were answered at."""


def lock_prices(calls: Iterable[Call], book: PriceBook, at: dt.datetime) -> PriceLock:
    """Give the prices of everything that `calls` used, as they were at a time.

    Args:
        calls: of one run.
        book: where prices are looked up; own entries win, unit by unit.
        at: when the run was recorded; without a time zone it counts as UTC.

    Where the pictures of a call have a price and the tokens they took have one too,
    only one of them is kept: the one per picture, which only own entries can give. What
    has no price is left out, and asking for its money raises `UnknownPrice`; so is what
    two providers of one run sell at different prices under one name.

    The declared sizes of the models are kept, too, with what is charged beside them,
    and the rates that these prices are converted at.
    """
    at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    calls = tuple(calls)
    prices = tuple(
        price for model in _models(calls) for price in _prices_of(model, book, at)
    )
    fees = own_fees(book, at)
    currencies = [*(p.currency for p in prices), *(fee.currency for fee in fees)]
    return PriceLock(
        prices=prices,
        as_of=at.isoformat().replace("+00:00", "Z"),
        currency=book.currency,
        rates=rates_for(currencies, book, at),
        fees=fees,
        sizes=tuple(_sizes(calls, book)),
    )


def rates_for(
    currencies: Iterable[str], book: PriceBook, at: dt.datetime
) -> tuple[Rate, ...]:
    """Give the declared rates at a time into the currency of the book, if it has one.

    Args:
        currencies: of prices and charges, each as often as it comes.
        book: where rates are looked up.
        at: when; rates of later days do not count.
    """
    if book.currency is None:
        return ()
    found = (own_rate(book, currency, at) for currency in dict.fromkeys(currencies))
    return tuple(rate for rate in found if rate is not None)


def _sizes(calls: Iterable[Call], book: PriceBook) -> Iterator[ModelSize]:
    for model in dict.fromkeys(models_of(calls)):
        if size := own_size(book, model):
            yield size


def locked_again(
    lock: PriceLock, calls: Iterable[Call], book: PriceBook, at: dt.datetime
) -> PriceLock:
    """Give `lock` with the prices of what `calls` used as they are at a time.

    Prices of models that `calls` did not use stay as they were, and all stay in their
    places: what two branches recorded anew can be merged. `as_of` stays where no price
    changed, for then the prices are still those.

    Args:
        lock: as it was.
        calls: all calls of a run to the models that are to be priced anew.
        book: where prices are looked up.
        at: when.
    """
    new = lock_prices(calls, book, at)
    anew: dict[str, list[UnitPrice]] = {}
    for price in new.prices:
        anew.setdefault(price.model, []).append(price)
    named = frozenset(anew)
    prices: list[UnitPrice] = []
    for price in lock.prices:
        prices += anew.pop(price.model, []) if price.model in named else [price]
    prices += [price for left in anew.values() for price in left]
    same = tuple(prices) == lock.prices
    return PriceLock(
        prices=tuple(prices),
        as_of=lock.as_of if same else new.as_of,
        currency=lock.currency or new.currency,
        rates=one_each(lock.rates, new.rates, lambda r: (r.currency, r.into)),
        fees=lock.fees or new.fees,
        sizes=one_each(new.sizes, lock.sizes, lambda size: size.model),
    )


def one_each(
    first: Sequence[T], others: Sequence[T], key: Callable[[T], object]
) -> tuple[T, ...]:
    """Give all of `first`, and those of `others` that it has nothing for."""
    known = {key(one) for one in first}
    return (*first, *(one for one in others if key(one) not in known))


def prices_older_than(
    lock: PriceLock, days: float, *, now: dt.datetime | None = None
) -> bool:
    """Whether the prices of `lock` are those of more than `days` days ago.

    A lock that does not say when it was made counts as older; one without prices never.
    """
    if not lock.prices:
        return False
    if lock.as_of is None:
        return True
    made = dt.datetime.fromisoformat(lock.as_of)
    made = made if made.tzinfo is not None else made.replace(tzinfo=dt.UTC)
    return (now or dt.datetime.now(dt.UTC)) - made > dt.timedelta(days=days)


def _models(calls: Iterable[Call]) -> Iterable[_Model]:
    models: dict[str, _Model] = {}
    for call in calls:
        name = call.model or call.billed_as
        if name is not None:
            model = models.setdefault(name, _Model(name=name))
            model.calls.append(call)
            model.units |= dict.fromkeys((*_used(call), "requests"))
            model.tiers[service_tier(call)] = None
    return models.values()


def _used(call: Call) -> tuple[str, ...]:
    return () if call.usage is None else tuple(measured(call.usage))


def _prices_of(model: _Model, book: PriceBook, at: dt.datetime) -> Iterator[UnitPrice]:
    for tier in model.tiers:
        asked = _Asked(book=book, at=at, tier=tier)
        found = {unit: _look_up(model, unit, asked) for unit in model.units}
        for unit in _superseded(model, found):
            found[unit] = ()
        for prices in found.values():
            yield from prices


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Where prices are looked up, of which day and at which service tier."""

    book: PriceBook
    at: dt.datetime
    tier: str = ""

    def own(self, name: str, unit: str) -> Prices:
        return own_prices(self.book, name, unit, self.at, self.tier)


def _look_up(model: _Model, unit: str, asked: _Asked) -> Prices:
    painter, _, kind = unit.rpartition(":")
    if unit.startswith("images:"):
        return _per_picture(model, unit, asked)
    if painter:
        prices = _offered(model, painter, kind, asked) or _offered(
            model, painter, _WHOLE.get(kind, kind), asked
        )
        return tuple(replace(p, model=model.name, unit=unit) for p in prices)
    return _offered(model, model.name, unit, asked)


def _per_picture(model: _Model, unit: str, asked: _Asked) -> Prices:
    """Look for a price per picture: of the model, else of the one it had paint."""
    painters = [u.rpartition(":")[0] for u in model.units if u.endswith("_tokens")]
    for name in (model.name, *dict.fromkeys(p for p in painters if p)):
        if prices := asked.own(name, unit):
            return tuple(replace(price, model=model.name) for price in prices)
    return ()


def _offered(model: _Model, name: str, unit: str, asked: _Asked) -> Prices:
    if own := asked.own(name, unit):
        return own
    if not asked.book.listed:
        return ()
    sellers = dict.fromkeys((call.provider, call.api) for call in model.calls)
    offers = {
        tuple(
            price
            for price in listed_prices(name, *seller, asked.at, asked.tier)
            if price.unit == unit
        )
        for seller in sellers
    }
    return offers.pop() if len(offers) == 1 else ()


def _superseded(model: _Model, found: Mapping[str, Prices]) -> set[str]:
    """Name the priced units that measure what other priced units measure, too."""
    pictures = {u for u in found if found[u] and _is_alternative(u)}
    tokens = {
        unit
        for unit in found
        for call in model.calls
        for other in pictures
        if found[unit] and unit not in (*pictures, "requests")
        if same_thing(call, unit, other)
    }
    if not pictures or not tokens:
        return set()
    return tokens if _always(model.calls, tokens, found) else pictures


def _is_alternative(unit: str) -> bool:
    return unit.startswith("images:") or unit == "gpu_seconds"


def _always(
    calls: Sequence[Call], tokens: set[str], found: Mapping[str, Prices]
) -> bool:
    """Whether each call with these tokens is also priced by picture, and wholly so."""
    for call in calls:
        used = _used(call)
        if tokens.isdisjoint(used):
            continue
        others = [unit for unit in used if _is_alternative(unit)]
        if not others or not all(found[unit] for unit in others):
            return False
    return True
