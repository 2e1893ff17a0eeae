"""Declared rates of exchange, and amounts told in another currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.unknown import UnknownRate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one unit of a currency was worth in another one, as its user declares it."""

    currency: str
    """The one that is converted: ``EUR``."""
    into: str
    """The other one: ``USD``."""
    rate: Decimal
    """`into` for one of `currency`: 1.09."""
    date: str
    """ISO date of the rate; it holds from then on."""
    source: str = ""

    def __post_init__(self) -> None:
        if self.rate <= 0:
            message = f"the rate {self.currency} to {self.into} must be above 0"
            raise ValueError(message)


def converted(money: Money, currency: str, rate: Rate | None) -> Money:
    """Tell `money` in another currency.

    Args:
        money: what it is.
        currency: what it is to be.
        rate: between the two, in either direction; a rate into the currency is
            multiplied with, one out of it divided by, to 28 digits.

    Raises:
        UnknownRate: with the entry to paste, where `rate` is not between the two.
    """
    if money.currency == currency:
        return money
    if rate is not None and (rate.currency, rate.into) == (money.currency, currency):
        return Money(amount=money.amount * rate.rate, currency=currency)
    if rate is not None and (rate.into, rate.currency) == (money.currency, currency):
        return Money(amount=money.amount / rate.rate, currency=currency)
    message = (
        f"no rate from {money.currency} to {currency} is declared for the day of the "
        f"recording; {rate_entry(money.currency, currency)}"
    )
    raise UnknownRate(message)


def rate_entry(currency: str, into: str) -> str:
    """Say what to write into the price file for a rate."""
    return (
        "add to the price file, one key a line: "
        f'[[rate]] from = "{currency}", to = "{into}", rate = "...", date = "..."; '
        "then: agentflow prices RECORDINGS --file PRICES"
    )


def sum_of(amounts: Iterable[Money], currency: str = "USD") -> Money:
    """Add up `amounts` of one currency; zero in `currency` where there are none.

    Raises `UnknownRate` for amounts of several, with the lines that declare which one
    everything is to be told in.
    """
    items = list(amounts)
    found = sorted({money.currency for money in items})
    if len(found) > 1:
        message = (
            f"charged in several currencies: {', '.join(found)}. Write at the top of "
            f'the price file: currency = "{found[-1]}"; and '
            f"{rate_entry(found[0], found[-1])}"
        )
        raise UnknownRate(message)
    return total(items, currency)
