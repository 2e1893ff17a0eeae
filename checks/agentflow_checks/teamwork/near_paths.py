"""What stands in an output, where a path that was asked for leads to nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from agentflow_checks.flow.texts import as_text
from agentflow_checks.grounding.json_leaves import leaves
from agentflow_checks.teamwork.json_path import values_at

MOST = 5
"""So many paths are listed."""

_INDEX = re.compile(r"\[\d+\]")


def what_is_there(path: str, output: Any) -> str:
    """Name the path that is nearest to `path`, and up to five of those with values.

    Args:
        path: a JSON path that leads to nothing: ``$.item[*].price``.
        output: what the stage handed on.
    """
    if isinstance(output, str) and output.strip():
        return "Its output is a text, not JSON; the only path into it is $"
    known = _paths(output)
    if not known:
        return "Its output holds no value at all"
    near = nearest_path(path, known)
    # The nearest one stands first, then its neighbours in the order of the output.
    ordered = [near, *(one for one in known if one != near)] if near else known
    if near and values_at_some(path, output):
        return f"What stands there is empty. Paths with values: {_some(ordered)}"
    hint = f"Did you mean {near}? " if near else ""
    return f"{hint}Paths with values: {_some(ordered)}"


def values_at_some(path: str, output: Any) -> bool:
    """Whether the path leads anywhere, if only to what is empty."""
    return next(values_at(path, output), None) is not None


def nearest_path(path: str, known: Sequence[str]) -> str | None:
    """Find what `path` was probably meant to be; `None` where nothing is like it."""
    found = difflib.get_close_matches(path, known, n=1, cutoff=0.6)
    if found:
        return found[0]
    last = path.rpartition(".")[2]
    return next((one for one in known if one.rpartition(".")[2] == last), None)


def _paths(output: Any) -> list[str]:
    """List the paths of all values, in order; the items of a list share one."""
    found = (leaf.path for leaf in leaves(output, "$") if as_text(leaf.value).strip())
    return list(dict.fromkeys(_INDEX.sub("[*]", path) for path in found))


def _some(paths: Sequence[str]) -> str:
    more = len(paths) - MOST
    listed = ", ".join(paths[:MOST])
    return f"{listed} and {more} more" if more > 0 else listed
