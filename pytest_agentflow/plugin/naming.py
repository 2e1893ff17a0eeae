"""Names that a test gives its runs: by its mark, or by the ids of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest


def mark_argument(item: pytest.Item, name: str) -> Any:
    """Give an argument of the closest ``agentflow`` mark of a test that has it."""
    marks = item.iter_markers("agentflow")
    return next((m.kwargs[name] for m in marks if name in m.kwargs), None)


def case_of_item(item: pytest.Item, inputs: Mapping[str, Any]) -> str | None:
    """Join the ids of the parameters whose values were passed to the workflow.

    `None` where no parameter of the test was passed on; the case is then named by the
    inputs themselves.
    """
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return None
    passed = {
        name
        for name, value in callspec.params.items()
        if any(value is given or value == given for given in inputs.values())
    }
    if not passed:
        return None
    if passed == set(callspec.params):
        return str(callspec.id)
    return _joined_ids(item, callspec, passed)


def _joined_ids(item: pytest.Item, callspec: Any, passed: set[str]) -> str | None:
    # pytest keeps one id per parametrize call, in the order of the marks.
    ids = getattr(callspec, "_idlist", ())
    marks = list(item.iter_markers("parametrize"))
    if len(ids) != len(marks):
        return None
    chosen = [
        str(text)
        for text, mark in zip(ids, marks, strict=True)
        if passed & set(_names(mark))
    ]
    return "-".join(chosen) or None


def _names(mark: pytest.Mark) -> list[str]:
    names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
    return (
        [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)
    )
