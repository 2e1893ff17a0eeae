"""What a sample must be before anything is computed from it, and its moments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

Number = float | int | Decimal


def finite(values: Iterable[Number], what: str) -> list[float]:
    """Read numbers, refusing what is not one.

    Raises `ValueError` for NaN and infinities, naming the place.
    """
    read = [float(value) for value in values]
    for place, value in enumerate(read):
        if not math.isfinite(value):
            message = (
                f"{what}[{place}] is {value}: an unknown figure cannot be averaged; "
                "leave the whole case out, or repair what measures it"
            )
            raise ValueError(message)
    return read


def amounts(values: Iterable[Number], what: str) -> list[float]:
    """Read money, tokens or seconds: finite and not negative, else `ValueError`."""
    read = finite(values, what)
    for place, value in enumerate(read):
        if value < 0:
            message = f"{what}[{place}] is {value}: no run costs less than nothing"
            raise ValueError(message)
    return read


def same_length(first: Sequence[object], second: Sequence[object]) -> int:
    """Give the number of pairs; `ValueError` if the two sides have no such number."""
    if len(first) != len(second):
        message = (
            f"{len(first)} values against {len(second)}: a paired comparison needs "
            "both sides of every case, in the same order"
        )
        raise ValueError(message)
    return len(first)


def share(value: float, name: str, *, zero: bool = False) -> float:
    """Read a share between 0 and 1, both excluded unless `zero` lets 0 in."""
    if not (0 < value < 1 or (zero and value == 0)):
        message = f"{name}={value} must be a share between 0 and 1, like 0.05"
        raise ValueError(message)
    return float(value)


def mean(values: Sequence[float]) -> float:
    """Give the arithmetic mean of at least one value, without overflow."""
    largest = max(map(abs, values))
    if largest in (0.0, math.inf):
        return largest
    return math.fsum(value / largest for value in values) / len(values) * largest


def covariance(first: Sequence[float], second: Sequence[float]) -> float:
    """Give the sample covariance, divisor n - 1, of at least two pairs."""
    a, b = mean(first), mean(second)
    products = ((x - a) * (y - b) for x, y in zip(first, second, strict=True))
    return math.fsum(products) / (len(first) - 1)


def cluster_means(values: Iterable[Number], clusters: Iterable[object]) -> list[float]:
    """Average what belongs together, so that what remains is independent.

    Several trials of one case, or several cases of one customer, are one observation
    each; tests that take them for many are wrong by up to a factor of three in the
    standard error (Miller 2024, "Adding error bars to evals").

    Args:
        values: one for each run.
        clusters: the key of each run's cluster, hashable, in the same order.

    Returns:
        One mean for each cluster, in order of first appearance.
    """
    read, keys = finite(values, "values"), list(clusters)
    same_length(read, keys)
    groups: dict[object, list[float]] = {}
    for key, value in zip(keys, read, strict=True):
        groups.setdefault(key, []).append(value)
    return [mean(group) for group in groups.values()]
