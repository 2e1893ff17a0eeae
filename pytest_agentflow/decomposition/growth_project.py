"""What a quantity would be at sizes that were not measured, and how sure that is."""

from __future__ import annotations

import math

from pytest_agentflow.decomposition.growth_outcome import GrowthProjection
from pytest_agentflow.statistics.excess import relative_noise
from pytest_agentflow.statistics.growth import Growth
from pytest_agentflow.statistics.least_squares import Fit
from pytest_agentflow.statistics.outcome import Decision
from pytest_agentflow.statistics.student import t_quantile


def project(growth: Growth, n: float, alpha: float) -> GrowthProjection:
    """Project a quantity to size `n`, on the curve that the decision stands for.

    What grows as declared is projected by the fit without excess, what does not by the
    fit with it. While that is undecided, both would be wrong, and none is given.

    Args:
        growth: of the quantity.
        n: a size of at least 1, such as that of production.
        alpha: chance that one bound is wrong.
    """
    with_excess, declared = growth.model, growth.model_declared
    if with_excess is None or declared is None:
        return GrowthProjection(size=n, value=None, reason="nothing could be fitted")
    times = n / growth.sizes[-1]
    failed = growth.decision is Decision.FAIL
    if growth.decision is Decision.INCONCLUSIVE:
        reason = "how it grows is undecided"
        return GrowthProjection(size=n, value=None, times=times, reason=reason)
    row = design_row(growth, n, excess=failed)
    found = _on(with_excess if failed else declared, row, growth, alpha)
    if found is None:
        reason = "it is larger than any number"
        return GrowthProjection(size=n, value=None, times=times, reason=reason)
    value, half = found
    curve = f"as O({growth.excess if failed else growth.declared})"
    return GrowthProjection(
        size=n,
        value=value,
        lower=None if half is None else max(value - half, 0.0),
        upper=None if half is None else value + half,
        times=times,
        reason=curve if half is not None else f"{curve}; exact, so no interval",
    )


def design_row(growth: Growth, n: float, *, excess: bool) -> tuple[float, ...]:
    """Give the columns of the fit at size `n`, with or without the excess term.

    Each is 1 at the largest size; a declared O(1) has no column beside the constant.
    """
    whole = (
        n if growth.batch == 1 else float(growth.batch * math.ceil(n / growth.batch))
    )
    largest = growth.sizes[-1]
    kinds = [] if growth.declared.constant else [growth.declared]
    kinds += [growth.excess] if excess else []
    return (1.0, *(kind.relative(whole, largest) for kind in kinds))


def _on(
    fit: Fit, row: tuple[float, ...], growth: Growth, alpha: float
) -> tuple[float, float | None] | None:
    """Give the value on a fit and half its interval; `None` beyond a float."""
    value = fit.at(row) * growth.unit if all(map(math.isfinite, row)) else math.inf
    if not math.isfinite(value):
        return None
    if growth.outcome.alpha is None or not fit.df:
        return value, None
    half = t_quantile(1 - alpha, fit.df) * relative_noise(fit) * fit.deviation(row)
    return value, half * growth.unit
