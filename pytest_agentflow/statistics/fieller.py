"""Bounds of a ratio of two estimates, by Fieller's theorem."""

from __future__ import annotations

import math

#: A denominator this near to its own error is none.
_ROUNDING = 1e-12


def fieller(
    estimates: tuple[float, float],
    variances: tuple[float, float],
    covariance: float,
    t: float,
) -> tuple[float, float] | None:
    """Bound numerator/denominator where the test of numerator - r denominator turns.

    The roots of (N - r D)^2 = t^2 (v_N - 2 r v_ND + r^2 v_D) (Fieller 1954).

    Args:
        estimates: numerator and denominator, the latter above 0.
        variances: of both estimates.
        covariance: of both estimates.
        t: quantile of the level of each bound.

    Returns:
        (lower, upper); `None` where the denominator cannot be told from 0: then any
        ratio is possible.
    """
    numerator, denominator = estimates
    tt = t * t
    a = denominator * denominator - tt * variances[1]
    b = numerator * denominator - tt * covariance
    c = numerator * numerator - tt * variances[0]
    if not (denominator > 0 and a > _ROUNDING * denominator * denominator):
        return None
    # Never negative but for rounding: the estimate itself lies between the roots.
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a
