"""Is quality at most a margin worse: Tango's score bound, and the paired t test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_agentflow.statistics.outcome import Decision, Outcome
from pytest_agentflow.statistics.ratio import cases_needed
from pytest_agentflow.statistics.sample import (
    Number,
    covariance,
    finite,
    mean,
    same_length,
    share,
)
from pytest_agentflow.statistics.student import normal_quantile, t_quantile

_TANGO = "Tango's score bound of the paired difference"
_PAIRED_T = "paired t on the difference of scores"
_POWER = 0.8
_MOST_CASES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """Discordant pairs: `gained` only the first side passed, `lost` only the other."""

    gained: int
    lost: int
    n: int

    @property
    def difference(self) -> float:
        return (self.gained - self.lost) / self.n

    def score(self, difference: float) -> float:
        """Tango's statistic for the hypothesis p_first - p_second = `difference`.

        The variance is that of the restricted maximum-likelihood estimate q of the
        chance of a loss.
        """
        d, n = difference, self.n
        b = (2 * n - self.gained + self.lost) * d - self.gained - self.lost
        c = -self.lost * d * (1 - d)
        q = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
        variance = n * max(2 * q + d * (1 - d), 0.0)
        distance = self.gained - self.lost - n * d
        return distance / math.sqrt(variance) if variance > 0 else math.inf * distance

    @property
    def mirrored(self) -> _Counts:
        return _Counts(gained=self.lost, lost=self.gained, n=self.n)


def tango_bounds(
    gained: int, lost: int, n: int, *, alpha: float = 0.05
) -> tuple[float, float]:
    """Bound p_first - p_second of paired passes, from below and from above.

    The score interval of Tango (1998, Statistics in Medicine 17, 891-908). It is
    honest where the usual (Wald) interval is not: few cases, rates near 1, and no
    discordant pair at all.

    Args:
        gained: cases that only the first side passed.
        lost: cases that only the second side passed.
        n: all cases, the concordant ones too.
        alpha: chance that one bound is wrong.

    Returns:
        (lower, upper), each one-sided at 1 - `alpha`, from -1 to 1.

    Raises:
        ValueError: for counts that no set of cases can have.
    """
    share(alpha, "alpha")
    if n < 1 or min(gained, lost) < 0 or gained + lost > n:
        message = (
            f"gained={gained}, lost={lost}, n={n}: discordant cases are counted from "
            "at least one case, and are at most all of them"
        )
        raise ValueError(message)
    z = normal_quantile(1 - alpha)
    counts = _Counts(gained=gained, lost=lost, n=n)
    return _lower(counts, z), -_lower(counts.mirrored, z)


def _lower(counts: _Counts, z: float) -> float:
    """The smallest difference not refused: the score falls from -1 to the estimate."""
    low, high = -1.0, counts.difference
    if z <= 0 or counts.lost == counts.n:
        return high
    while high - low > 1e-15:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if counts.score(middle) > z else (low, middle)
    return high


def noninferior(
    first: Sequence[bool | None],
    second: Sequence[bool | None],
    *,
    margin: float,
    alpha: float = 0.05,
) -> Outcome:
    """Decide whether the first side passes at most `margin` fewer cases.

    PASS if Tango's lower bound of p_first - p_second lies above -margin, FAIL if the
    upper bound lies below it, else INCONCLUSIVE. "No significant difference" is no
    such test: with 50 cases it passes a workflow that is truly 5 points worse in 93 %
    of samples (``benchmarks/error_rates.py``).

    Args:
        first: for each case whether the workflow under test passed; `None` where that
            could not be decided. Such a case counts against either answer: as failed
            for PASS, as passed for FAIL.
        second: the same of the baseline, same cases in the same order.
        margin: the largest loss of pass rate allowed, between 0 and 1. About 50 to 100
            cases decide 0.10, 200 decide 0.05.
        alpha: chance of a wrong PASS at the margin, and of a wrong FAIL.

    Raises:
        ValueError: for sides of different length or a margin that makes no sense.
    """
    share(margin, "margin", zero=True)
    share(alpha, "alpha")
    n = same_length(first, second)
    if not n:
        return _open(_TANGO, margin, alpha, 0, reason="there is no case to compare")
    worst, best = _count(first, second, False), _count(first, second, True)
    lower = tango_bounds(worst.gained, worst.lost, n, alpha=alpha)[0]
    upper = tango_bounds(best.gained, best.lost, n, alpha=alpha)[1]
    decision = _decide(lower, upper, margin)
    is_open = decision is Decision.INCONCLUSIVE
    decided = worst == best
    need = _needed(worst, margin, alpha) if is_open and decided else None
    return Outcome(
        decision=decision,
        method=_TANGO,
        limit=float(margin),
        n=n,
        estimate=worst.difference if decided else None,
        lower=lower,
        upper=upper,
        alpha=alpha,
        supported=max(-lower, 0.0),
        n_to_decide=need,
        reason=_reason(need, decided=decided) if is_open else "",
    )


def noninferior_scores(
    first: Sequence[Number],
    second: Sequence[Number],
    *,
    margin: float,
    alpha: float = 0.05,
    minimum: int = 20,
    scale: tuple[float, float] | None = None,
) -> Outcome:
    """Decide whether the first side's mean score is at most `margin` lower.

    The paired t test on score_first - score_second + margin, one-sided.

    Args:
        first: one score for each case, higher is better.
        second: of the same cases in the same order.
        margin: the largest loss of mean score allowed, at least 0, in the scores' unit.
        alpha: chance of a wrong PASS at the margin, and of a wrong FAIL.
        minimum: fewer cases decide nothing: a rare failure stays unseen.
        scale: smallest and largest score possible. With it, cases that all differ by
            the same amount (all scores perfect) still give bounds: from the chance
            that a case of another kind was never met, at most 1 - alpha^(1/n).

    Raises:
        ValueError: for scores that are unknown or off the scale, sides of different
            length, or a margin that makes no sense.
    """
    share(alpha, "alpha")
    if not 0 <= margin < math.inf:
        message = f"margin={margin} must be a loss of score, at least 0"
        raise ValueError(message)
    a, b = finite(first, "first"), finite(second, "second")
    n = same_length(a, b)
    _on_scale([*a, *b], scale)
    if n < 2:
        reason = f"{n} case{'' if n == 1 else 's'} show no spread; record more cases"
        return _open(_PAIRED_T, margin, alpha, n, reason=reason)
    estimate, sd = _moments(a, b)
    if sd <= 1e-12 * max(map(abs, (*a, *b))):
        found = _flat_bounds(estimate, n, alpha, scale)
    else:
        half = t_quantile(1 - alpha, n - 1) * sd / math.sqrt(n)
        found = estimate - half, estimate + half
    if found is None or not all(map(math.isfinite, found)):
        reason = (
            f"all {n} cases differ by the same score, so that nothing is known about "
            "the spread; name the scale of the scores, or record different cases"
        )
        return _open(_PAIRED_T, margin, alpha, n, reason=reason, estimate=estimate)
    decision = _decide(*found, margin) if n >= minimum else Decision.INCONCLUSIVE
    is_open = decision is Decision.INCONCLUSIVE
    need = (
        cases_needed(abs(estimate + margin), sd, alpha=alpha, minimum=minimum)
        if is_open
        else None
    )
    few = f"{n} cases are too few: a rare failure stays unseen below {minimum}"
    return Outcome(
        decision=decision,
        method=_PAIRED_T,
        limit=float(margin),
        n=n,
        estimate=estimate,
        lower=found[0],
        upper=found[1],
        alpha=alpha,
        supported=max(-found[0], 0.0),
        n_to_decide=need,
        reason=(few if n < minimum else _reason(need)) if is_open else "",
    )


def _moments(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of the differences, computed at unit scale."""
    unit = max(map(abs, (*a, *b))) or 1.0
    differences = [x / unit - y / unit for x, y in zip(a, b, strict=True)]
    sd = math.sqrt(covariance(differences, differences))
    return mean(differences) * unit, sd * unit


def _count(
    first: Sequence[bool | None], second: Sequence[bool | None], favour: bool
) -> _Counts:
    """Count pairs with every undecided result ended for, or against, the first side."""
    pairs = [
        (favour if a is None else a, (not favour) if b is None else b)
        for a, b in zip(first, second, strict=True)
    ]
    gained, lost = pairs.count((True, False)), pairs.count((False, True))
    return _Counts(gained=gained, lost=lost, n=len(pairs))


def _decide(lower: float, upper: float, margin: float) -> Decision:
    if lower > -margin:
        return Decision.PASS
    return Decision.FAIL if upper < -margin else Decision.INCONCLUSIVE


def _needed(counts: _Counts, margin: float, alpha: float) -> int | None:
    """The score grows with the root of n while the shares of pairs stay as seen."""
    score = abs(counts.score(-margin))
    wanted = normal_quantile(1 - alpha) + normal_quantile(_POWER)
    if not score or not math.isfinite(score):
        return None
    # Capped before it is squared: a float has an end.
    cases = counts.n * min(wanted / score, 1e6) ** 2
    return max(math.ceil(cases), counts.n + 1) if cases <= _MOST_CASES else None


def _reason(need: int | None, *, decided: bool = True) -> str:
    if not decided:
        return "undecided cases leave both answers open; decide them first"
    if need is None:
        return "the difference lies at the margin: no number of cases would decide"
    return f"the interval holds the margin; about {need} cases would decide"


def _on_scale(scores: Sequence[float], scale: tuple[float, float] | None) -> None:
    if scale is None:
        return
    low, high = scale
    if not low < high:
        message = f"scale={scale} must name the smallest score, then the largest"
        raise ValueError(message)
    for score in scores:
        if not low <= score <= high:
            message = f"score {score} lies off the scale {low} to {high}"
            raise ValueError(message)


def _flat_bounds(
    difference: float, n: int, alpha: float, scale: tuple[float, float] | None
) -> tuple[float, float] | None:
    """Bound the mean when all n cases agree: the unseen rest may lie at either end."""
    if scale is None:
        return None
    unseen, width = 1 - alpha ** (1 / n), scale[1] - scale[0]
    low = difference - unseen * (width + difference)
    return low, difference + unseen * (width - difference)


def _open(
    method: str,
    margin: float,
    alpha: float,
    n: int,
    *,
    reason: str,
    estimate: float | None = None,
) -> Outcome:
    return Outcome(
        decision=Decision.INCONCLUSIVE,
        method=method,
        limit=float(margin),
        n=n,
        estimate=estimate,
        alpha=alpha,
        reason=reason,
    )
