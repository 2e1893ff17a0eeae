"""Exact amounts of money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An exact amount in one currency.

    Adding or comparing two currencies raises `ValueError`; convert first.
    """

    amount: Decimal
    currency: str = "USD"

    def __add__(self, other: Money) -> Money:
        return Money(amount=self.amount + self._same(other), currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(amount=self.amount - self._same(other), currency=self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(amount=self.amount * factor, currency=self.currency)

    def __truediv__(self, other: Money) -> Decimal:
        return self.amount / self._same(other)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        sign = "-" if self.amount < 0 else ""
        symbol = {"USD": "$", "EUR": "€", "GBP": "£"}.get(self.currency)
        digits = f"{abs(self.amount):,.4f}"
        return (
            f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {self.currency}"
        )

    def _same(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            message = f"cannot mix {self.currency} with {other.currency}"
            raise ValueError(message)
        return other.amount


def total(amounts: Iterable[Money], currency: str = "USD") -> Money:
    """Add up `amounts`; zero in `currency` when there are none."""
    items = list(amounts)
    start = Money(amount=Decimal(0), currency=items[0].currency if items else currency)
    return sum(items, start)
