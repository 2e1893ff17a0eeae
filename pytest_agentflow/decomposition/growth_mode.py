"""Whether a quantity is compared exactly, or as a sample of what it might have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from pytest_agentflow.decomposition.growth_values import GOES_IN
from pytest_agentflow.model.run import Run

Mode: TypeAlias = Literal["auto", "exact", "sample"]

#: Runs of one size differ by less than this where only the case's own texts differ.
_SAME = 0.02


def choose_mode(
    mode: Mode, quantity: str, runs: Sequence[Run], values: Sequence[float]
) -> tuple[bool, str]:
    """Say whether a quantity is compared exactly, and why.

    Exact, in a replay, is what all runs of a size agree in, and what goes into the
    models (calls, prompts) where the inputs are nested: that of a smaller size is the
    beginning of that of a larger one. All else is a sample, with bounds.

    Args:
        mode: ``"auto"``, or what the user decided.
        quantity: one of `QUANTITIES`.
        runs: their cases, sizes and inputs; one or more of each case and size.
        values: of the quantity, one for each run.
    """
    if mode != "auto":
        return mode == "exact", "as asked for"
    if any(run.live for run in runs):
        return False, "stages went over the network"
    by_size = _grouped(runs, values)
    repeated = all(len(found) > 1 for found in by_size.values())
    if repeated and all(len(set(found)) == 1 for found in by_size.values()):
        return True, "all runs of a size agree"
    if quantity not in GOES_IN:
        return False, "models choose how much they write"
    if problem := not_nested(runs):
        return False, problem
    spread = scatter(by_size)
    if spread > _SAME:
        return False, f"runs of a size differ by {spread:.1%}"
    return True, "the inputs are nested"


def _grouped(
    runs: Sequence[Run], values: Sequence[float]
) -> Mapping[int | None, list[float]]:
    found: dict[int | None, list[float]] = {}
    for run, value in zip(runs, values, strict=True):
        found.setdefault(run.size, []).append(value)
    return found


def scatter(by_size: Mapping[int | None, Sequence[float]]) -> float:
    """Give the relative standard deviation of runs of one size, pooled over sizes."""
    squares, free = 0.0, 0
    for values in by_size.values():
        mean = sum(values) / len(values)
        if mean:
            squares += sum((value / mean - 1) ** 2 for value in values)
            free += len(values) - 1
    return float((squares / free) ** 0.5) if free else 0.0


def not_nested(runs: Sequence[Run]) -> str:
    """Say why runs of different sizes differ in more than size; empty: they do not.

    They do not where each case was run at every size, and its inputs at a smaller size
    are the beginning of those at a larger one.
    """
    cases: dict[str, dict[int, Run]] = {}
    for run in runs:
        cases.setdefault(run.case, {})[run.size or 0] = run
    if len({frozenset(found) for found in cases.values()}) != 1:
        return "not every case was run at every size"
    for case, found in cases.items():
        ordered = [found[size].inputs for size in sorted(found)]
        if not all(map(_begins, ordered, ordered[1:])):
            return f"the inputs of {case} are not nested"
    return ""


def _begins(small: Any, large: Any) -> bool:
    """Whether a value is the beginning of a larger one; a number, at most as large."""
    if isinstance(small, Mapping) and isinstance(large, Mapping):
        return all(key in large and _begins(small[key], large[key]) for key in small)
    if isinstance(small, str) and isinstance(large, str):
        return large.startswith(small)
    if isinstance(small, (list, tuple)) and isinstance(large, (list, tuple)):
        return list(small) == list(large[: len(small)])
    if _is_number(small) and _is_number(large):
        return bool(small <= large)
    return bool(small == large)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
