"""The values of an entry of a price file, read exactly and with errors that teach."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any


class BadPrice(ValueError):
    """A price file cannot be read; the message names file, entry and repair."""

    __module__ = "pytest_agentflow"


Entry = Mapping[str, Any]

_CODE = re.compile("[A-Z]{3}")

MOST_AMOUNT = Decimal(10) ** 9
"""Nothing costs more; what does is a slip of the pen: ``1e400``."""


def check_keys(entry: Entry, known: Iterable[str], where: str) -> None:
    """Refuse a key that nobody knows, and name the one that was meant."""
    known = tuple(known)
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"keys: {', '.join(known)}"
            message = f"{where}: there is no key {key!r}; {hint}"
            raise BadPrice(message)


def text(entry: Entry, key: str, where: str, default: str | None = None) -> str:
    """Read a text; without `default` it must be there and not be empty."""
    value = entry.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        message = f'{where}: {key} is missing; write {key} = "..."'
        raise BadPrice(message)
    return value


def choice(entry: Entry, key: str, where: str, choices: Iterable[str]) -> str:
    """Read one of several words."""
    value = entry.get(key)
    if value not in (words := tuple(choices)):
        message = f"{where}: {key} is one of {', '.join(words)}, not {value!r}"
        raise BadPrice(message)
    return str(value)


def currency(entry: Entry, key: str, where: str) -> str:
    """Read the code of a currency: ``EUR``."""
    value = entry.get(key)
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        message = f'{where}: {key} is a currency code: {key} = "EUR"'
        raise BadPrice(message)
    return value


def money(entry: Entry, where: str, what: str = "usd") -> tuple[Decimal, str]:
    """Read ``usd``, or ``amount`` and ``currency``."""
    if what in entry and ("amount" in entry or "currency" in entry):
        message = f"{where}: give {what}, or amount and currency, not both"
        raise BadPrice(message)
    if what in entry:
        return amount(entry, what, where), "USD"
    if "amount" not in entry:
        message = f'{where}: {what} is missing; write {what} = "0.011"'
        raise BadPrice(message)
    return amount(entry, "amount", where), currency(entry, "currency", where)


def amount(entry: Entry, key: str, where: str) -> Decimal:
    """Read an amount of money: not negative, and none that nobody would pay."""
    found = number(entry, key, where)
    if found > MOST_AMOUNT:
        message = (
            f"{where}: {key} = {entry[key]!r} is more than a thousand million, which "
            f'nothing costs; write it as it is on the price list: {key} = "0.011"'
        )
        raise BadPrice(message)
    return found


def exact(value: object) -> Decimal | None:
    """Give a number digit by digit; `None` for what is none, or negative."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found >= 0 else None


def number(entry: Entry, key: str, where: str) -> Decimal:
    """Read a number that is not negative."""
    found = exact(entry.get(key))
    if found is None:
        message = f'{where}: {key} is a number that is not negative: {key} = "0.011"'
        raise BadPrice(message)
    return found


def positive(entry: Entry, key: str, where: str, example: str) -> Decimal:
    """Read a number above 0."""
    found = exact(entry.get(key))
    if not found:
        message = f'{where}: {key} is a number above 0: {key} = "{example}"'
        raise BadPrice(message)
    return found


def share(entry: Entry, key: str, where: str) -> Decimal:
    """Read a share, above 0 and at most 1."""
    found = number(entry, key, where)
    if not 0 < found <= 1:
        message = f"{where}: {key} is a share, above 0 and at most 1"
        raise BadPrice(message)
    return found


def whole(entry: Entry, key: str, where: str, default: int = 0, least: int = 0) -> int:
    """Read a whole number."""
    value = entry.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        message = f"{where}: {key} is a whole number of at least {least}"
        raise BadPrice(message)
    return value


def day(entry: Entry, where: str, key: str = "effective") -> str | None:
    """Read a day as ISO date; `None` where there is none."""
    value = entry.get(key)
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        message = f"{where}: {key}: {value!r} is no day like 2026-12-31"
        raise BadPrice(message) from error
