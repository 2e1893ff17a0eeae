"""The budgets that `cost` is given, checked when they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

Amount: TypeAlias = int | float | str | Decimal
"""A number; money is taken exactly as it is written, 0.1 as one tenth."""

Limits: TypeAlias = Mapping[str | None, Decimal]
"""Stage -> limit; `None` stands for the whole run."""

_NOUGHTS = 20


def validate_limits(
    total: Amount | None = None,
    *,
    stages: Mapping[str, Amount] | None = None,
    tokens: int | Mapping[str, int] | None = None,
    calls: int | Mapping[str, int] | None = None,
    latency: float | Mapping[str, float] | None = None,
    images: int | Mapping[str, int] | None = None,
    currency: str = "USD",
) -> None:
    """Raise `ValueError` with what is wrong and how it is written right."""
    example = 'stages={"artist": 0.08}'
    one = not isinstance(total, Mapping)
    _expect(one, f"total= is one number; give {example} for stages")
    by_name = stages is None or isinstance(stages, Mapping)
    _expect(by_name, f"stages= maps stages to money: {example}")
    for name, given in (("total", total), ("stages", stages), ("latency", latency)):
        limits_of(name, given)
    for name, given in (("tokens", tokens), ("calls", calls), ("images", images)):
        for limit in limits_of(name, given).values():
            whole = limit == limit.to_integral_value()
            _expect(whole, f"{name}= counts: {_plain(limit)} is no whole number")
    known = isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency)
    _expect(bool(known), f'currency={currency!r} is no currency code such as "USD"')


def _expect(good: bool, message: str) -> None:
    if not good:
        raise ValueError(message)


def limits_of(name: str, given: object) -> Limits:
    """Give one argument as limits, exactly as written; raises `ValueError`."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        return {None: _limit(f"{name}=", given)}
    for stage in given:
        named = isinstance(stage, str) and bool(stage)
        _expect(named, f'{name}= maps names of stages: {name}={{"artist": ...}}')
    return {s: _limit(f"{name}[{s!r}]", limit) for s, limit in given.items()}


def _plain(number: Decimal) -> str:
    """Write a number without exponent, unless it would be nothing but noughts."""
    return f"{number:f}" if abs(number.adjusted()) <= _NOUGHTS else str(number)


def _limit(where: str, given: object) -> Decimal:
    try:
        good = isinstance(given, (int, float, str, Decimal))
        limit = Decimal(str(given)) if good and not isinstance(given, bool) else None
    except InvalidOperation:
        limit = None
    if limit is None or not limit.is_finite():
        message = f"{where}: {given!r} is no number"
        raise ValueError(message)
    _expect(limit >= 0, f"{where}: {_plain(limit)} is negative; a budget is at least 0")
    return limit
