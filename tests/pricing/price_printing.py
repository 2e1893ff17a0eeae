"""Price files written back as TOML, so that reading can be held against writing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from pytest_agentflow.model.price import Fee, ModelSize, UnitPrice
from pytest_agentflow.model.rate import Rate
from pytest_agentflow.pricing.file import PriceFile, parse_file
from pytest_agentflow.pricing.paste import Value, entry, lines


def parse_prices(text: str, name: str = "") -> tuple[UnitPrice, ...]:
    """Read the prices of a price file only."""
    return parse_file(text, name).prices


def print_prices(prices: Iterable[UnitPrice]) -> str:
    """Write entries as TOML; `parse_prices` gives them back."""
    return print_file(PriceFile(prices=tuple(prices)))


def print_file(file: PriceFile) -> str:
    """Write everything as TOML; `parse_file` gives it back, but for `unread`."""
    head = {"currency": file.currency} if file.currency else {}
    parts = [
        "".join(lines(head)),
        *(entry("price", _price_fields(price)) for price in file.prices),
        *(entry("charge", _fee_fields(one)) for one in file.fees),
        *(entry("rate", _rate_fields(one)) for one in file.rates),
        *(entry("size", _size_fields(one)) for one in file.sizes),
    ]
    return "\n".join(part for part in parts if part)


def _price_fields(price: UnitPrice) -> Mapping[str, Value]:
    return {
        "model": price.model,
        "unit": price.unit,
        **_money_fields(price.amount, price.currency),
        "per": price.per,
        "above_input_tokens": price.above_input_tokens or None,
        "tier": price.tier or None,
        "effective": price.effective,
        "source": price.source or None,
    }


def _fee_fields(one: Fee) -> Mapping[str, Value]:
    return {
        "name": one.name,
        "each": one.each,
        **_money_fields(one.amount, one.currency),
        "per": one.per,
        "count": str(one.count),
        "kind": one.kind or None,
        "stage": one.stage or None,
        "workflow": one.workflow or None,
        "effective": one.effective,
        "source": one.source or None,
    }


def _rate_fields(one: Rate) -> Mapping[str, Value]:
    return {
        "from": one.currency,
        "to": one.into,
        "rate": str(one.rate),
        "date": one.date,
        "source": one.source or None,
    }


def _size_fields(one: ModelSize) -> Mapping[str, Value]:
    return {
        "model": one.model,
        "parameters": str(one.parameters),
        "steps": one.steps,
        "source": one.source or None,
    }


def _money_fields(amount: Decimal, currency: str) -> Mapping[str, Value]:
    dollars = currency == "USD"
    return {
        "usd" if dollars else "amount": str(amount),
        "currency": None if dollars else currency,
    }
