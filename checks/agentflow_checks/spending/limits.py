"""The budgets that `cost` is given, checked when they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import pytest_agentflow as af

Amount: TypeAlias = int | float | str | Decimal
"""A number; money is taken exactly as it is written, 0.1 as one tenth."""

Limits: TypeAlias = Mapping[str | None, Decimal]
"""Stage -> limit; `None` stands for the whole run."""

_NOUGHTS = 20


COUNTED = (
    "tokens",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "calls",
    "images",
    "retries",
    "context",
)
"""Arguments that count something, and so take whole numbers."""

GROWING = (
    "cost",
    "tokens",
    "input_tokens",
    "output_tokens",
    "calls",
    "images",
    "context",
)
"""What can be held against the run as it was before."""


def validate_limits(
    total: Amount | None = None,
    *,
    currency: str = "USD",
    cost_model: af.CostModel | str = "priced",
    **given: Any,
) -> None:
    """Raise `ValueError` with what is wrong and how it is written right."""
    example = 'stages={"artist": 0.08}'
    one = not isinstance(total, Mapping)
    _expect(one, f"total= is one number; give {example} for stages")
    stages = given.get("stages")
    by_name = stages is None or isinstance(stages, Mapping)
    _expect(by_name, f"stages= maps stages to money: {example}")
    for name in ("stages", "latency"):
        limits_of(name, given.get(name))
    limits_of("total", total)
    for name in COUNTED:
        for limit in limits_of(name, given.get(name)).values():
            whole = limit == limit.to_integral_value()
            _expect(whole, f"{name}= counts: {_plain(limit)} is no whole number")
    shares = given.get("shares")
    by_name = shares is None or isinstance(shares, Mapping)
    _expect(by_name, 'shares= maps stages to shares: shares={"artist": 0.8}')
    for name in ("shares", "min_cached"):
        for limit in limits_of(name, given.get(name)).values():
            _expect(limit <= 1, f"{name}= is a share, 0.8 for 80 %: {_plain(limit)}")
    growth_of(given.get("max_growth"))
    known = isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency)
    _expect(bool(known), f'currency={currency!r} is no currency code such as "USD"')
    af.cost_model(cost_model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How much a quantity may grow."""

    quantity: str
    limit: Decimal
    """As a share of what it was: 0.1 for 10 %."""
    stage: str | None = None
    """`None`: in every stage, and the run as a whole."""

    @property
    def name(self) -> str:
        """As it is written: ``cost``, ``frontend.tokens``."""
        return f"{self.stage}.{self.quantity}" if self.stage else self.quantity


def growth_of(given: object) -> tuple[Growth, ...]:
    """Read ``0.1``, ``{"cost": 0.1, "frontend.tokens": 0}``; raises `ValueError`."""
    found = []
    for key, limit in limits_of("max_growth", given).items():
        stage, _, quantity = (key or "cost").rpartition(".")
        example = 'max_growth={"cost": 0.1, "frontend.tokens": 0}'
        _expect(
            quantity in GROWING,
            f"max_growth= names {', '.join(GROWING)}, not {quantity!r}: {example}",
        )
        found.append(Growth(quantity=quantity, limit=limit, stage=stage or None))
    return tuple(found)


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
