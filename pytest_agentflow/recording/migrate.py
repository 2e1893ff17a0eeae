"""Documents of older versions, brought step by step to the current form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_agentflow.model.codec import Malformed

CURRENT = 1

#: Version -> the function that makes the next version of its document.
STEPS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

_VERSION = re.compile(r"agentflow/([1-9][0-9]{0,5})")


def migrate(
    document: Any,
    steps: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = STEPS,
    current: int = CURRENT,
) -> dict[str, Any]:
    """Bring `document` to version `current`.

    Raises `Malformed` for what is no recording, and for a version newer than ours.
    """
    version = version_of(document)
    if version > current:
        problem = (
            f"was made by a newer pytest-agentflow (agentflow/{version}; this one "
            f"reads up to agentflow/{current})"
        )
        raise Malformed("$.schema", problem)
    for step in range(version, current):
        document = steps[step](document)
    return {**document, "schema": f"agentflow/{current}"}


def version_of(document: Any) -> int:
    """Give the version that a document names; `Malformed` where there is none."""
    if not isinstance(document, dict):
        raise Malformed("$", "is no recording: expected an object")
    name = document.get("schema")
    match = _VERSION.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        problem = f'is no recording: expected "agentflow/{CURRENT}", found {name!r:.60}'
        raise Malformed("$.schema", problem)
    return int(match[1])
