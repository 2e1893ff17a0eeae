"""Paired pass and fail, counted exactly, with undecided pairs kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """How far the first side's pass rate lies from the second's over the same cases."""

    pairs: int
    first_passed: int
    second_passed: int
    lowest: float
    """p_first - p_second if every undecided result went against the first side."""
    highest: float
    """The same if every undecided result went in its favour."""

    @property
    def difference(self) -> float | None:
        """p_first - p_second; `None` while some result is undecided."""
        return self.lowest if self.lowest == self.highest else None


def paired_difference(
    results: Iterable[tuple[bool | None, bool | None]],
) -> PairedDifference:
    """Compare two sides over the same cases.

    Args:
        results: per case whether the first and the second side passed; `None` where
            that could not be decided.

    Returns:
        The exact difference of pass rates, as the interval left open by undecided
        results. Raises `ValueError` without any pair.
    """
    pairs = list(results)
    if not pairs:
        message = "there is no pair to compare"
        raise ValueError(message)
    count = len(pairs)
    first = [a for a, _ in pairs]
    second = [b for _, b in pairs]
    lowest = first.count(True) - (second.count(True) + second.count(None))
    highest = first.count(True) + first.count(None) - second.count(True)
    return PairedDifference(
        pairs=count,
        first_passed=first.count(True),
        second_passed=second.count(True),
        lowest=lowest / count,
        highest=highest / count,
    )
