"""Values at a JSON path of the small kind: ``$.offers[*].price``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_STEP = re.compile(r"\.([A-Za-z_][\w-]*|\*)|\[(\d+|\*)\]|\['([^']+)'\]")


def parse_path(path: str) -> tuple[str | int, ...]:
    """Read a path of names, indexes and ``*``; raises `ValueError` for all else."""
    if not path.startswith("$"):
        message = f"{path!r} is no JSON path; it begins with $, as in $.offers[*].price"
        raise ValueError(message)
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            message = f"{path!r} is no JSON path at character {position + 1}"
            raise ValueError(message)
        name, index, quoted = match.groups()
        step = name or quoted or index
        steps.append(int(step) if index and index != "*" else step)
        position = match.end()
    return tuple(steps)


def values_at(path: str, data: Any) -> Iterator[tuple[str, Any]]:
    """Give each value at `path` with the exact path of it."""
    yield from _walk(parse_path(path), data, "$")


def _walk(
    steps: tuple[str | int, ...], data: Any, path: str
) -> Iterator[tuple[str, Any]]:
    if not steps:
        yield path, data
        return
    step, rest = steps[0], steps[1:]
    if step == "*" and isinstance(data, dict):
        for key, value in data.items():
            yield from _walk(rest, value, f"{path}.{key}")
    elif step == "*" and isinstance(data, (list, tuple)):
        for index, value in enumerate(data):
            yield from _walk(rest, value, f"{path}[{index}]")
    elif isinstance(step, int) and isinstance(data, (list, tuple)) and step < len(data):
        yield from _walk(rest, data[step], f"{path}[{step}]")
    elif isinstance(data, dict) and step in data:
        yield from _walk(rest, data[step], f"{path}.{step}")
