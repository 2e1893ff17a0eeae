"""Amounts, unit prices and shares as texts."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

import pytest_agentflow as af

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}

_SIZES = {1: "each", 1000: "per 1k", 1_000_000: "per 1M"}


def money_text(amount: Decimal, currency: str, *, estimated: bool = False) -> str:
    """Write money as every room writes it, marked where it is an estimate."""
    return str(af.Money(amount=amount, currency=currency)) + marked(estimated)


def marked(estimated: bool) -> str:
    """Give the mark of an estimate, to be put behind a figure."""
    return " (estimated)" if estimated else ""


def price_text(price: af.UnitPrice) -> str:
    """Write a unit price: ``$2.00 per 1M``."""
    amount = price.amount.normalize()
    places = max(2, -int(amount.as_tuple().exponent))
    symbol = _SYMBOLS.get(price.currency, f"{price.currency} ")
    size = _SIZES.get(price.per, f"per {price.per:,}")
    return f"{symbol}{amount:.{places}f} {size}"


def percent(part: Decimal, whole: Decimal) -> str:
    """Write a share in whole percent."""
    return f"{part / whole * 100:.0f} %" if whole else "0 %"


def share_text(share: Decimal) -> str:
    """Write a limit that is a share as it was given: ``10 %``, ``12.5 %``."""
    return f"{(share * 100).normalize():f} %"


def rounded_up(amount: Decimal) -> Decimal:
    """Give the next amount with two digits, as a proposal for a budget."""
    if not amount:
        return amount
    step = Decimal(1).scaleb(amount.adjusted() - 1)
    return amount.quantize(step, rounding=ROUND_UP).normalize()
