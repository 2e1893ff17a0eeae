"""JSON as people review it: one line per value, lists of numbers on one line."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")

_scalar = json.JSONEncoder(ensure_ascii=False).encode


def pretty(document: Any) -> str:
    """Write `document` with indent 1 and a trailing newline, in the order given.

    A list that holds nothing but numbers (an embedding, chunk sizes) stays on one line:
    its diff is one line, and so is its place on the screen.
    """
    parts: list[str] = []
    _write(document, "\n", parts)
    text = "".join(parts) + "\n"
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _write(node: Any, margin: str, parts: list[str]) -> None:
    if isinstance(node, dict) and node:
        _write_members(node, margin + " ", parts)
        parts.append(margin + "}")
    elif isinstance(node, list) and node and not _is_row(node):
        _write_items(node, margin + " ", parts)
        parts.append(margin + "]")
    else:
        parts.append(_scalar(node))


def _write_members(node: dict[str, Any], margin: str, parts: list[str]) -> None:
    mark = "{"
    for key, item in node.items():
        parts += (mark, margin, _scalar(key), ": ")
        _write(item, margin, parts)
        mark = ","


def _write_items(node: list[Any], margin: str, parts: list[str]) -> None:
    mark = "["
    for item in node:
        parts += (mark, margin)
        _write(item, margin, parts)
        mark = ","


def _is_row(node: list[Any]) -> bool:
    return all(type(item) in (int, float) for item in node)
