"""Look into JSON that may be anything: each function gives a value or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def decoded(data: bytes | str) -> Any:
    """Decode JSON; `None` where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested absurdly
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """Give an object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[Any]:
    """Give a list as it is, and anything else as an empty one."""
    return value if isinstance(value, list) else ()


def numbered(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Give the objects of a list with their places in it."""
    for number, item in enumerate(items(value)):
        if isinstance(item, dict):
            yield number, item


def text(value: object) -> str:
    """Give a text as it is, and anything else as an empty one.

    Half a surrogate pair, which JSON can spell but UTF-8 cannot, becomes U+FFFD.
    """
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def name(value: object) -> str | None:
    """Give a text that is not empty, else nothing."""
    return text(value) or None


def count(value: object) -> int | None:
    """Give a whole number that is not negative, else nothing."""
    if value is None:  # most of what is looked for is not there
        return None
    if type(value) is int:
        return value if value >= 0 else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def parsed(value: object) -> Any:
    """Parse the JSON in a text; what is no JSON, and no text, is given as it is."""
    if not isinstance(value, str):
        return value
    found = decoded(value)
    return text(value) if found is None and value != "null" else found
