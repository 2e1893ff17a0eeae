"""Entries of a price file as TOML, to be pasted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

Value = str | int | None


def entry(table: str, values: Mapping[str, Value]) -> str:
    """Write one entry of a table; keys whose value is `None` are left out."""
    return f"[[{table}]]\n" + "".join(lines(values))


def lines(values: Mapping[str, Value]) -> Iterator[str]:
    """Write keys and values, a line each."""
    for key, value in values.items():
        if value is not None:
            yield f"{key} = {_toml(value)}\n"


def _toml(value: str | int) -> str:
    # A JSON string is a TOML basic string, but for this one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def price_entry(model: str, unit: str, tier: str = "") -> str:
    """Write the entry of a price that is yet to be filled in."""
    values: Mapping[str, Value] = {
        "model": model,
        "unit": unit,
        "usd": "...",
        "per": 1_000_000 if unit.endswith("_tokens") else 1,
        "tier": tier or None,
    }
    return entry("price", values)


def rate_entry(currency: str, into: str, day: str) -> str:
    """Write the entry of a rate that is yet to be filled in.

    Args:
        currency: the one that is converted.
        into: the one that everything is told in.
        day: ISO date that it holds from; a later one than a recording's is none to it.
    """
    values = {"from": currency, "to": into, "rate": "...", "date": day}
    return entry("rate", values)
