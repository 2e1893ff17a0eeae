"""The share of a fitted value that one term of the model makes up, with bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_agentflow.statistics.fieller import fieller
from pytest_agentflow.statistics.least_squares import Fit, relative_fit
from pytest_agentflow.statistics.outcome import Decision, Outcome
from pytest_agentflow.statistics.student import normal_quantile, t_quantile

#: Noise below half a percent is luck; without a floor, none would prove anything.
_NOISE_FLOOR = 0.005
_POWER = 0.8
_MOST_RUNS = 1_000_000
_SAMPLED = "nested excess term, weighted least squares, one-sided t"
_EXACT = "nested excess term, weighted least squares, exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessLimits:
    """What an excess is compared with; `alpha` is `None` in exact mode."""

    materiality: float
    alpha: float | None

    @property
    def method(self) -> str:
        """Name the procedure."""
        return _EXACT if self.alpha is None else _SAMPLED

    def undecided(self, n: int, reason: str) -> Outcome:
        """Answer INCONCLUSIVE without any figure."""
        return Outcome(
            decision=Decision.INCONCLUSIVE,
            method=self.method,
            limit=self.materiality,
            n=n,
            alpha=self.alpha,
            reason=reason,
        )

    def judge(self, fit: Fit, last: Sequence[float], *, thin: str) -> Outcome:
        """Bound the share of the last column in the fitted value at row `last`."""
        n, top = fit.df + len(last), fit.at(last)
        excess = fit.coefficients[-1] * last[-1]
        if not top > 0 or (self.alpha is not None and not fit.df):
            return self.undecided(n, "too few, or too scattered, values for a fit")
        found = self._bounds(fit, last, excess, top)
        if found is None or not all(map(math.isfinite, found)):
            return self.undecided(n, "the values scatter too much for any bound")
        lower, upper = found
        decision = self._decide(lower, upper, thin)
        is_open = decision is Decision.INCONCLUSIVE
        need = self._needed(fit, last, excess - self.materiality * top)
        return Outcome(
            decision=decision,
            method=self.method,
            limit=self.materiality,
            n=n,
            estimate=excess / top,
            lower=lower,
            upper=upper,
            alpha=self.alpha,
            supported=max(upper, 0.0),
            n_to_decide=need if is_open else None,
            reason=_reason(thin, need) if is_open else "",
        )

    def _bounds(
        self, fit: Fit, last: Sequence[float], excess: float, top: float
    ) -> tuple[float, float] | None:
        if self.alpha is None:
            return excess / top, excess / top
        noise = relative_noise(fit) ** 2
        term = [0.0] * (len(last) - 1) + [last[-1]]
        return fieller(
            (excess, top),
            (noise * fit.covariance(term, term), noise * fit.covariance(last, last)),
            noise * fit.covariance(term, last),
            t_quantile(1 - self.alpha, fit.df),
        )

    def _decide(self, lower: float, upper: float, thin: str) -> Decision:
        if lower > self.materiality + 1e-9:
            return Decision.FAIL
        if upper <= self.materiality + 1e-9 and not thin:
            return Decision.PASS
        return Decision.INCONCLUSIVE

    def _needed(self, fit: Fit, last: Sequence[float], distance: float) -> int | None:
        """The error falls with the root of the number of runs."""
        if self.alpha is None or not distance:
            return None
        contrast = [-self.materiality * x for x in last]
        contrast[-1] += last[-1]
        error = relative_noise(fit) * fit.deviation(contrast)
        wanted = normal_quantile(1 - self.alpha) + normal_quantile(_POWER)
        n = fit.df + len(last)
        # Capped before it is squared: a float has an end.
        runs = n * min(wanted * error / abs(distance), 1e6) ** 2
        return max(math.ceil(runs), n + 1) if runs <= _MOST_RUNS else None


def unit_fit(rows: Sequence[Sequence[float]], ys: Sequence[float]) -> Fit | None:
    """Fit values with relative noise, in the unit of the largest of them."""
    unit = max(ys)
    return relative_fit(rows, [y / unit for y in ys])


def relative_noise(fit: Fit) -> float:
    """Give the relative noise of a fit, at least half a percent."""
    return max(math.sqrt(fit.variance), _NOISE_FLOOR)


def nothing_measured(ys: Sequence[float]) -> str:
    """Say why there is nothing to fit; empty if there is."""
    if not ys:
        return "there is no value to judge"
    return "" if any(ys) else "all values are 0: nothing was measured that could grow"


def _reason(thin: str, need: int | None) -> str:
    if thin:
        return thin
    if need is None:
        return "the excess lies at the limit: no number of runs would decide"
    return f"the interval holds the limit; about {need} runs would decide"
