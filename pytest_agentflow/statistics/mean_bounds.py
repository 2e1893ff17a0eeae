"""Bounds of a mean where the values may lean to one side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_agentflow.statistics.sample import mean, share
from pytest_agentflow.statistics.student import t_quantile


def mean_bounds(
    values: Sequence[float], alpha: float = 0.05
) -> tuple[float, float] | None:
    """Bound a mean from below and from above, each wrong with about `alpha`.

    On each side the farther of two bounds: Student's t, and the t that Hall's
    transformation has cleared of the skewness of the sample (P. Hall 1992, "On the
    removal of skewness by transformation"). Money leans to the dear side: there, t
    alone holds the mean in 87 % of samples of 20 where 90 % are meant, and a
    percentile bootstrap in 83 %. Rare wrong answers lean to the other side: there
    Hall's alone holds it in 77 %. Together 87 to 91 %
    (``benchmarks/error_rates.py``).

    Args:
        values: of the cases, finite.
        alpha: chance that one bound is wrong.

    Returns:
        (lower, upper); `None` for fewer than two values.
    """
    share(alpha, "alpha")
    n = len(values)
    if n < 2:
        return None
    unit = max(map(abs, values)) or 1.0
    scaled = [value / unit for value in values]
    centre = mean(scaled)
    away = [value - centre for value in scaled]
    squares = math.fsum(x * x for x in away)
    error = math.sqrt(squares / (n - 1) / n)
    t = t_quantile(1 - alpha, n - 1)
    ends = [-t, t]
    if squares:
        # In units of the largest deviation, so that no cube is lost to rounding.
        most = max(map(abs, away))
        cubes = math.fsum((x / most) ** 3 for x in away) / n
        skewness = cubes / (squares / n / most**2) ** 1.5
        ends += [_transformed(y, skewness / math.sqrt(n)) for y in (-t, t)]
    return (centre - max(ends) * error) * unit, (centre - min(ends) * error) * unit


def _transformed(y: float, a: float) -> float:
    """Invert Hall's cubic g(t) = t + a t^2/3 + a^2 t^3/27 + a/6 at `y`."""
    if abs(a) < 1e-6:
        return y - a / 6 - a * y * y / 3
    return 3 / a * (math.cbrt(1 + a * (y - a / 6)) - 1)
