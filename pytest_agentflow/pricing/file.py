"""The price file: a project's own prices as TOML, or JSON of the same form.

::

    [[price]]                            # one entry per model and unit
    model = "gpt-image-1-mini"           # or a family: "gpt-image-*"
    unit = "images:1024x1024:medium"     # or input_tokens, gpu_seconds, requests, ...
    usd = "0.011"                        # or: amount = "0.010", currency = "EUR"
    per = 1                              # for so many units (1000000 for tokens)
    effective = "2026-01-01"             # holds from this day on; left out: always
    above_input_tokens = 200000          # only for calls with a longer prompt than this
    source = "https://openai.com/pricing"

    [[price]]                            # a tool, retriever or HTTP host: per call
    model = "tool:site_builder.retrieval:retrieve"
    unit = "requests"
    usd = "0.0004"

    [[gpu]]                              # an own model on rented hardware
    model = "llama-3.1-8b"
    usd_per_hour = "2.50"                # of one GPU
    gpus = 1
    prefill_tokens_per_second = 8000     # measured at full load
    decode_tokens_per_second = 2500
    utilisation = "0.4"                  # share of the time it is at that load
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pytest_agentflow.model.price import UnitPrice
from pytest_agentflow.model.usage import TOKEN_KINDS

_PRICE_KEYS = (
    "model",
    "unit",
    "usd",
    "amount",
    "currency",
    "per",
    "above_input_tokens",
    "effective",
    "source",
)

_GPU_KEYS = (
    "model",
    "usd_per_hour",
    "gpus",
    "prefill_tokens_per_second",
    "decode_tokens_per_second",
    "utilisation",
    "effective",
    "source",
)


class BadPrice(ValueError):
    """A price file cannot be read; the message names file, entry and repair."""

    __module__ = "pytest_agentflow"


def parse_prices(text: str, name: str = "") -> tuple[UnitPrice, ...]:
    """Read the entries of a price file.

    Args:
        text: its content; JSON where `name` ends in ``.json``.
        name: of the file, for errors and as source of prices that name none.

    Raises:
        BadPrice: unknown keys (the nearest known one is named), bad or missing values.
    """
    document = _document(text, name)
    _check_keys(document, ("price", "gpu"), name or "the price file")
    prices = [
        _price(entry, where, name) for entry, where in _tables(document, "price", name)
    ]
    for entry, where in _tables(document, "gpu", name):
        prices += _gpu(entry, where, name)
    return tuple(prices)


def _document(text: str, name: str) -> Mapping[str, Any]:
    try:
        if name.endswith(".json"):
            document = json.loads(text, parse_float=Decimal)
        else:
            document = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        message = f"{name}: no price file: {error}"
        raise BadPrice(message) from error
    if not isinstance(document, dict):
        message = f'{name}: expected an object {{"price": [...]}}'
        raise BadPrice(message)
    return document


def _tables(
    document: Mapping[str, Any], key: str, name: str
) -> Iterator[tuple[Mapping[str, Any], str]]:
    entries = document.get(key, [])
    if not isinstance(entries, list):
        message = f"{name}: {key} is a list; write [[{key}]] above each entry"
        raise BadPrice(message)
    for number, entry in enumerate(entries, 1):
        where = f"{name}: {key} {number}"
        if not isinstance(entry, dict):
            message = f"{where}: expected a table of keys"
            raise BadPrice(message)
        if isinstance(entry.get("model"), str):
            where += f" ({entry['model']})"
        yield entry, where


def _price(entry: Mapping[str, Any], where: str, name: str) -> UnitPrice:
    _check_keys(entry, _PRICE_KEYS, where)
    amount, currency = _money(entry, where)
    return UnitPrice(
        model=_text(entry, "model", where),
        unit=_unit(entry, where),
        amount=amount,
        per=_whole(entry, "per", where, default=1, least=1),
        currency=currency,
        above_input_tokens=_whole(entry, "above_input_tokens", where),
        source=_text(entry, "source", where, default=name),
        effective=_day(entry, where),
    )


def _gpu(entry: Mapping[str, Any], where: str, name: str) -> Iterator[UnitPrice]:
    """Give the token prices of a rented GPU.

    A token costs the hour's rent by the tokens of an hour: ``rate * gpus /
    (3600 * tokens per second * utilisation)``. Utilisation dominates, hence no default.
    """
    _check_keys(entry, _GPU_KEYS, where)
    rent = _number(entry, "usd_per_hour", where) * _whole(
        entry, "gpus", where, default=1, least=1
    )
    used = _number(entry, "utilisation", where)
    if not 0 < used <= 1:
        message = f"{where}: utilisation is a share, above 0 and at most 1"
        raise BadPrice(message)
    speeds = {
        "input_tokens": "prefill_tokens_per_second",
        "output_tokens": "decode_tokens_per_second",
    }
    for unit, key in speeds.items():
        yield UnitPrice(
            model=_text(entry, "model", where),
            unit=unit,
            amount=rent,
            per=max(round(3600 * _number(entry, key, where) * used), 1),
            source=_text(entry, "source", where, default=name),
            effective=_day(entry, where),
        )


def _check_keys(entry: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    known = tuple(known)
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"keys: {', '.join(known)}"
            message = f"{where}: there is no key {key!r}; {hint}"
            raise BadPrice(message)


def _text(
    entry: Mapping[str, Any], key: str, where: str, default: str | None = None
) -> str:
    value = entry.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        message = f'{where}: {key} is missing; write {key} = "..."'
        raise BadPrice(message)
    return value


def _unit(entry: Mapping[str, Any], where: str) -> str:
    unit = _text(entry, "unit", where)
    near = difflib.get_close_matches(unit, TOKEN_KINDS, n=1, cutoff=0.85)
    if near and unit not in (*TOKEN_KINDS, "cache_write_1h_tokens"):
        message = f"{where}: there is no unit {unit!r}; did you mean {near[0]!r}?"
        raise BadPrice(message)
    return unit


def _money(entry: Mapping[str, Any], where: str) -> tuple[Decimal, str]:
    if "usd" in entry and ("amount" in entry or "currency" in entry):
        message = f"{where}: give usd, or amount and currency, not both"
        raise BadPrice(message)
    if "usd" in entry:
        return _number(entry, "usd", where), "USD"
    if "amount" not in entry:
        message = f'{where}: usd is missing; write usd = "0.011"'
        raise BadPrice(message)
    return _number(entry, "amount", where), _text(entry, "currency", where)


def _number(entry: Mapping[str, Any], key: str, where: str) -> Decimal:
    value = entry.get(key)
    try:
        good = isinstance(value, (str, int, Decimal)) and not isinstance(value, bool)
        number = Decimal(value) if good and value is not None else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or number < 0:
        message = f'{where}: {key} is a number that is not negative: {key} = "0.011"'
        raise BadPrice(message)
    return number


def _whole(
    entry: Mapping[str, Any], key: str, where: str, default: int = 0, least: int = 0
) -> int:
    value = entry.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        message = f"{where}: {key} is a whole number of at least {least}"
        raise BadPrice(message)
    return value


def _day(entry: Mapping[str, Any], where: str) -> str | None:
    value = entry.get("effective")
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        message = f"{where}: effective: {value!r} is no day like 2026-12-31"
        raise BadPrice(message) from error


def print_prices(prices: Iterable[UnitPrice]) -> str:
    """Write entries as TOML; `parse_prices` gives them back."""
    return "\n".join(_printed(price) for price in prices)


def _printed(price: UnitPrice) -> str:
    dollars = price.currency == "USD"
    fields = {
        "model": price.model,
        "unit": price.unit,
        "usd" if dollars else "amount": str(price.amount),
        "currency": None if dollars else price.currency,
        "per": price.per,
        "above_input_tokens": price.above_input_tokens or None,
        "effective": price.effective,
        "source": price.source or None,
    }
    lines = (f"{key} = {_toml(value)}\n" for key, value in fields.items() if value)
    return "[[price]]\n" + "".join(lines)


def _toml(value: str | int) -> str:
    # A JSON string is a TOML basic string, but for this one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
