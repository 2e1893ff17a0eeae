"""Does a quantity grow faster than declared: a nested test of the excess."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_agentflow.statistics.excess import (
    ExcessLimits,
    nothing_measured,
    relative_noise,
    unit_fit,
)
from pytest_agentflow.statistics.growth_class import (
    GrowthClass,
    excess_term,
    growth_class,
)
from pytest_agentflow.statistics.least_squares import Fit
from pytest_agentflow.statistics.outcome import Decision, Outcome
from pytest_agentflow.statistics.sample import (
    Number,
    amounts,
    finite,
    same_length,
    share,
)
from pytest_agentflow.statistics.student import t_quantile

#: A correct workflow passes only on a design that could have shown an excess.
LEAST_SIZES, LEAST_SPAN, LEAST_CASES = 5, 16.0, 3
_LARGEST_SIZE = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthProjection:
    """What a quantity would be at a size that was not measured."""

    size: float
    value: float | None
    """`None` where no figure is honest; `reason` says why."""
    lower: float | None = None
    upper: float | None = None
    """Together a 90 % interval, at the default `alpha`; `None` in exact mode."""
    times: float = 1.0
    """How far beyond the largest size measured: 10 is ten times."""
    reason: str = ""
    """On what curve the value rests, or why there is no value or interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a quantity grew with the size, against what was declared."""

    outcome: Outcome
    """Its estimate is the share of the excess at the largest size."""
    declared: GrowthClass
    excess: GrowthClass
    sizes: tuple[float, ...] = ()
    """The sizes measured, ascending, each once, after batching."""
    noise: float | None = None
    """Relative standard deviation of a single value, as measured."""
    doubling: float | None = None
    """Fitted value at the largest size over that at half of it; linear is below 2."""
    doubling_declared: float | None = None
    """The same of the fit without excess."""
    batch: int = 1
    unit: float = 1.0
    """The largest value: the models are fitted to values in this unit."""
    model: Fit | None = None
    model_declared: Fit | None = None

    @property
    def decision(self) -> Decision:
        """PASS, FAIL or INCONCLUSIVE."""
        return self.outcome.decision

    def row(self, n: float, *, excess: bool) -> tuple[float, ...]:
        """Give the columns of the fit at size `n`, with or without the excess term."""
        whole = _row(self.declared, _batched(n, self.batch), self.sizes[-1])
        return whole if excess else whole[:-1]

    def project(self, n: float, *, alpha: float = 0.05) -> GrowthProjection:
        """Project the quantity to size `n`, on the curve that the decision stands for.

        What grows as declared is projected by the fit without excess, what does not by
        the fit with it. While that is undecided, both would be wrong, and none is
        given.

        Args:
            n: a size of at least 1, such as that of production.
            alpha: chance that one bound is wrong.
        """
        _check_sizes([n])
        if self.model is None or self.model_declared is None:
            reason = "nothing could be fitted"
            return GrowthProjection(size=n, value=None, reason=reason)
        times = n / self.sizes[-1]
        if self.decision is Decision.INCONCLUSIVE:
            reason = "how it grows is undecided"
            return GrowthProjection(size=n, value=None, times=times, reason=reason)
        failed = self.decision is Decision.FAIL
        fit = self.model if failed else self.model_declared
        row = self.row(n, excess=failed)
        value = fit.at(row) * self.unit if all(map(math.isfinite, row)) else math.inf
        if not math.isfinite(value):
            reason = "it is larger than any number"
            return GrowthProjection(size=n, value=None, times=times, reason=reason)
        half = self._half(fit, row, alpha)
        curve = f"as O({self.excess if failed else self.declared})"
        return GrowthProjection(
            size=n,
            value=value,
            lower=None if half is None else max(value - half, 0.0),
            upper=None if half is None else value + half,
            times=times,
            reason=curve if half is not None else f"{curve}; exact, so no interval",
        )

    def beyond(self, n: float, value: float, *, alpha: float) -> float | None:
        """Bound the share of one further value that lies above the declared curve.

        From below, by the prediction interval of the fit without excess: noise of the
        fit and of a single value.

        Args:
            n: the size that it was measured at.
            value: of a run that is not among those fitted.
            alpha: chance that the bound is too high.

        Returns:
            `None` where nothing was fitted, or no noise could be estimated.
        """
        fit = self.model_declared
        if fit is None or not fit.df or value <= 0:
            return None
        row = self.row(n, excess=False)
        level = fit.at(row)
        spread = relative_noise(fit) * math.hypot(level, fit.deviation(row))
        above = value / self.unit - level - t_quantile(1 - alpha, fit.df) * spread
        return above / (value / self.unit)

    def _half(self, fit: Fit, row: Sequence[float], alpha: float) -> float | None:
        """Give half the interval of a value on a fit; `None`: there is none."""
        if self.outcome.alpha is None or not fit.df:
            return None
        noise = t_quantile(1 - alpha, fit.df) * relative_noise(fit)
        return noise * fit.deviation(row) * self.unit


def growth_excess(
    sizes: Sequence[Number],
    values: Sequence[Number],
    *,
    declared: str,
    materiality: float = 0.10,
    alpha: float = 0.05,
    batch: int = 1,
    exact: bool = False,
) -> Growth:
    """Decide whether a quantity grows no faster than declared.

    Fits y = a + b g(n) + c h(n) by least squares with weights 1/fitted^2, g the
    declared class and h the next one up. The excess is the share of c h(N) in the
    fitted value at the largest size N, with one-sided t bounds by Fieller's
    theorem: the delta method's fail up to 6 % of correct workflows, these under 5 %.
    FAIL if the lower bound exceeds `materiality`, PASS if the upper bound does not,
    else INCONCLUSIVE. A fixed prompt overhead `a` hides nothing from it, as it does
    from the slope of a log-log plot.

    Correct workflows fail in under 5 % of runs over all designs measured, and in under
    1 % at sizes 1 to 32 with three cases each and 5 % noise, where n log n,
    n^1.25, n^1.5 and 100 + n^2 are caught in 95 % and more
    (``benchmarks/error_rates.py``).

    Args:
        sizes: of each run's input, at least 1, in any unit that the work is about.
        values: of the same runs: tokens, calls, money or seconds; not negative.
        declared: the class it may have, such as "n" or "n log n".
        materiality: share of the value at the largest size that may be excess.
        alpha: chance of a wrong FAIL, and of a wrong PASS at the materiality.
        batch: items that one call handles; sizes are rounded up to whole batches,
            else the steps of ceil(n/batch) look like growth.
        exact: the quantity is deterministic: compare the estimate itself.

    Returns:
        The decision with estimate, bounds, doubling ratio and the fitted model. PASS
        needs at least 5 sizes, spanning 16 times (in base^n for exponential classes),
        and, unless exact, 3 cases of each.

    Raises:
        ValueError: for a class that cannot be read, sizes below 1, or unknown or
            negative values.
    """
    share(alpha, "alpha")
    share(materiality, "materiality")
    if isinstance(batch, bool) or batch < 1:
        message = f"batch={batch} must be a number of items, at least 1"
        raise ValueError(message)
    kind = growth_class(declared)
    ns = [_batched(n, batch) for n in _check_sizes(sizes)]
    ys = amounts(values, "values")
    same_length(ns, ys)
    limits = ExcessLimits(materiality=materiality, alpha=None if exact else alpha)
    fits = _fits(kind, ns, ys)
    if isinstance(fits, str):
        outcome = limits.undecided(len(ys), fits)
        return Growth(
            outcome=outcome, declared=kind, excess=excess_term(kind), batch=batch
        )
    full, plain = fits
    largest = max(ns)
    outcome = limits.judge(
        full, _row(kind, largest, largest), thin=_thin(kind, ns, exact=exact)
    )
    return Growth(
        outcome=outcome,
        declared=kind,
        excess=excess_term(kind),
        sizes=tuple(sorted(set(ns))),
        noise=math.sqrt(full.variance) if full.df else None,
        doubling=_doubling(full, kind, largest),
        doubling_declared=_doubling(plain, kind, largest),
        batch=batch,
        unit=max(ys),
        model=full,
        model_declared=plain,
    )


def _fits(
    kind: GrowthClass, ns: Sequence[float], ys: Sequence[float]
) -> tuple[Fit, Fit] | str:
    """Fit with and without the excess term, or say why that cannot be."""
    nothing = nothing_measured(ys)
    if nothing:
        return nothing
    rows = [_row(kind, n, max(ns)) for n in ns]
    distinct = len(set(ns))
    if distinct <= len(rows[0]):  # else any values fit, steps and all
        return (
            f"{distinct} size{'' if distinct == 1 else 's'} cannot show growth; run "
            f"the workflow at {LEAST_SIZES} or more"
        )
    full, plain = unit_fit(rows, ys), unit_fit([row[:-1] for row in rows], ys)
    if full is None or plain is None:
        return "these sizes cannot tell the declared class from the next one up"
    return full, plain


def _row(kind: GrowthClass, n: float, largest: float) -> tuple[float, ...]:
    """One row of the design: each column is 1 at the largest size."""
    excess = excess_term(kind).relative(n, largest)
    if kind.constant:
        return 1.0, excess
    return 1.0, kind.relative(n, largest), excess


def _thin(kind: GrowthClass, ns: Sequence[float], *, exact: bool) -> str:
    """Say what the design lacks to prove that nothing grows.

    An exponential class is one of x = base^n, whose next one up is x log x: the span
    counts in x, as it counts in n for the powers of n.
    """
    counts = Counter(ns)
    if len(counts) < LEAST_SIZES:
        return f"{len(counts)} sizes; a pass needs {LEAST_SIZES}"
    span = kind.span(min(ns), max(ns))
    if span < LEAST_SPAN:
        told = f"in {kind.base:g}^n " if kind.base > 1 else ""
        return f"the sizes span {told}{span:.3g} times; a pass needs {LEAST_SPAN:g}"
    least = min(counts.values())
    if not exact and least < LEAST_CASES:
        return f"{least} of a size; a pass needs {LEAST_CASES} cases of each"
    return ""


def _doubling(fit: Fit, kind: GrowthClass, largest: float) -> float | None:
    terms = len(fit.coefficients)
    half = fit.at(_row(kind, largest / 2, largest)[:terms])
    whole = fit.at(_row(kind, largest, largest)[:terms])
    return whole / half if largest >= 2 and half > 0 else None


def _check_sizes(sizes: Sequence[Number]) -> list[float]:
    read = finite(sizes, "sizes")
    for place, size in enumerate(read):
        if not 1 <= size <= _LARGEST_SIZE:
            message = (
                f"sizes[{place}] is {size}: a size counts the items of the input, from "
                f"1 to {_LARGEST_SIZE:g}"
            )
            raise ValueError(message)
    return read


def _batched(n: float, batch: int) -> float:
    return n if batch == 1 else float(batch * math.ceil(n / batch))
