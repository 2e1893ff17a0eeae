"""A book of dated prices: a project's own entries, over those of genai-prices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pytest_agentflow.model.price import Fee, ModelSize, UnitPrice
from pytest_agentflow.model.rate import Rate
from pytest_agentflow.pricing.fields import BadPrice
from pytest_agentflow.pricing.file import PriceFile, parse_file
from pytest_agentflow.pricing.names import closest, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Prices per unit of a model, each from a day on.

    An entry stands for the model it names, for its dated snapshots (``gpt-5-mini`` also
    for ``gpt-5-mini-2025-08-07``), or with ``*`` for a family of names. The closest
    name wins, then the latest day. ``tool:module:function`` names a tool or retriever.
    A fine-tuned model (``ft:...``), or another of a user's own, needs an entry that
    says so: it never has the price of the model that it was made from.
    """

    __module__ = "pytest_agentflow"

    entries: tuple[UnitPrice, ...] = ()
    """The project's own prices; they win over listed ones, unit by unit."""
    listed: bool = True
    """Ask genai-prices for what `entries` do not hold, where it is installed."""
    currency: str | None = None
    """That everything is reported in; `None`: that of the prices."""
    rates: tuple[Rate, ...] = ()
    fees: tuple[Fee, ...] = ()
    """What is charged beside the models."""
    sizes: tuple[ModelSize, ...] = ()
    """Parameters of models, for costs counted in forward passes."""
    unread: tuple[str, ...] = ()
    """What of a foreign form was not read, and is not guessed."""


def load_book(path: str | Path | None) -> PriceBook:
    """Read a price file, TOML or JSON; `None` gives the book without own entries.

    Raises `BadPrice` with file, entry and repair; the form is in `pricing.file`.
    """
    if path is None:
        return PriceBook()
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the price file {path} cannot be read: {error}"
        raise BadPrice(message) from error
    file = _parsed(text, path.name)
    return PriceBook(
        entries=file.prices,
        currency=file.currency,
        rates=file.rates,
        fees=file.fees,
        sizes=file.sizes,
        unread=file.unread,
    )


@lru_cache(maxsize=4)
def _parsed(text: str, name: str) -> PriceFile:
    # A map of thousands of models takes half a second, and every run asks for it.
    return parse_file(text, name)


def own_prices(
    book: PriceBook, model: str, unit: str, at: dt.datetime, tier: str = ""
) -> tuple[UnitPrice, ...]:
    """Give the own price of a unit at a time, with its long-context tiers.

    Args:
        book: where to look.
        model: as the recorded call names it; it is also what the prices given name.
        unit: a kind of token or another unit; an entry may name a family of units,
            ``images:*``.
        at: when it was used; prices of later days do not count.
        tier: the service tier; empty for the standard one.
    """
    day = at.date().isoformat()
    fitting = [
        price
        for price in book.entries
        if price.tier == tier
        and (price.effective or "") <= day
        and _is_unit(price.unit, unit)
    ]
    found = closest(fitting, lambda price: price.model, model)
    best = max((_rank(price) for price in found), default=None)
    return tuple(
        replace(price, model=model, unit=unit)
        for price in _tiers(price for price in found if _rank(price) == best)
    )


def _is_unit(entry: str, unit: str) -> bool:
    return entry == unit or ("*" in entry and matches(entry, unit))


def _rank(price: UnitPrice) -> tuple[bool, int, str]:
    """Put a unit before a family of units, a long pattern before a short one."""
    return "*" not in price.unit, len(price.unit), price.effective or ""


def _tiers(prices: Iterable[UnitPrice]) -> Iterable[UnitPrice]:
    # Of two entries for one tier the later in the file wins, as in any settings file.
    tiers: Mapping[int, UnitPrice] = {p.above_input_tokens: p for p in prices}
    return (tiers[start] for start in sorted(tiers))


def own_size(book: PriceBook, model: str) -> ModelSize | None:
    """Give the declared size of a model, under the name that is asked for."""
    found = closest(book.sizes, lambda size: size.model, model)
    return replace(found[-1], model=model) if found else None


def own_fees(book: PriceBook, at: dt.datetime) -> tuple[Fee, ...]:
    """Give what is charged beside the models at a time.

    Of entries that differ in nothing but their day and price, the latest day counts.
    """
    day = at.date().isoformat()
    latest: dict[tuple[str, ...], Fee] = {}
    for fee in sorted(book.fees, key=lambda fee: fee.effective or ""):
        if (fee.effective or "") <= day:
            key = (fee.name, fee.each, fee.kind, fee.stage, fee.workflow)
            latest[key] = fee
    return tuple(fee for fee in book.fees if fee in latest.values())


def own_rate(book: PriceBook, currency: str, at: dt.datetime) -> Rate | None:
    """Give the rate at a time between a currency and that of the book."""
    day, pair = at.date().isoformat(), {currency, book.currency}
    dated = [
        rate
        for rate in book.rates
        if rate.date <= day and {rate.currency, rate.into} == pair
    ]
    return max(dated, key=lambda rate: rate.date, default=None)
