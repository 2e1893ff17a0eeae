"""The values of a JSON document, each with its path, its key and what it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NAME_KEYS = frozenset(
    {"name", "title", "id", "sku", "label", "product", "company", "customer", "plan"}
)
_PLAIN_KEY = re.compile(r"[A-Za-z_@][\w@-]*")
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: its JSON path, its key, the names of its record, itself."""

    path: str
    key: str
    record: frozenset[str]
    value: Any


def leaves(
    value: Any,
    path: str = "$",
    key: str = "",
    record: frozenset[str] = frozenset(),
    depth: int = 0,
) -> Iterator[Leaf]:
    """Give every value that is neither object nor list, in the order of the document.

    Items of a list carry the key of the list. What nests deeper than 60 levels is left
    out.
    """
    if isinstance(value, Mapping):
        names = record_names(value) or record
        for name, item in value.items() if depth < _DEEPEST else ():
            below = child_path(path, str(name))
            yield from leaves(item, below, str(name), names, depth + 1)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value) if depth < _DEEPEST else ():
            yield from leaves(item, f"{path}[{number}]", key, record, depth + 1)
    elif value is not None:
        yield Leaf(path, key, record, value)


def record_names(record: Mapping[Any, Any]) -> frozenset[str]:
    """Give the names by which a JSON object says what it is about, in lower case."""
    return frozenset(
        " ".join(item.lower().split())
        for key, item in record.items()
        if isinstance(item, str) and str(key).lower() in _NAME_KEYS and item.strip()
    )


def child_path(path: str, name: str) -> str:
    """Extend a JSON path by the name of a member."""
    if _PLAIN_KEY.fullmatch(name):
        return f"{path}.{name}"
    return f"{path}[{json.dumps(name)}]"


def is_written(value: Any) -> bool:
    """Tell whether a value is a text or a number."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
