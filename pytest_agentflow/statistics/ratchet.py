"""Exact comparison: the recorded cases are the population, and nothing is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from pytest_agentflow.statistics.outcome import Decision, Outcome
from pytest_agentflow.statistics.sample import Number, amounts, same_length

_METHOD = "exact comparison of a fixed population"


def ratchet(
    now: Number, before: Number, *, tolerance: Number = 0, slack: Number = 0
) -> Outcome:
    """Decide whether a figure rose by more than a tolerance.

    PASS if now <= before * (1 + tolerance) + slack, else FAIL. Computed in fractions of
    the decimals as written, so that 0.11 against 0.10 with a tolerance of 0.1 passes.

    Args:
        now: money, tokens, calls or seconds, of one unit; not negative.
        before: the same figure of the recordings compared with.
        tolerance: share of `before` by which it may grow, at least 0.
        slack: amount by which it may grow besides, in the figure's unit.

    Returns:
        An outcome whose estimate is now/before and whose limit is 1 + tolerance. The
        estimate is `None` where `before` is 0.

    Raises:
        ValueError: for unknown or negative figures.
    """
    amounts([now, before, tolerance, slack], "ratchet")
    new, old = _exact(now), _exact(before)
    allowed = old * (1 + _exact(tolerance)) + _exact(slack)
    return _outcome(new, old, 1 + _exact(tolerance), passes=new <= allowed, n=1)


def fixed_ratio(
    costs: Sequence[Number], baseline: Sequence[Number], *, limit: Number
) -> Outcome:
    """Decide whether the costs' sum is at most `limit` times the baseline's, exactly.

    Args:
        costs: one amount for each case, in one unit.
        baseline: of the same cases in the same order.
        limit: the largest ratio allowed, more than 0.

    Returns:
        PASS or FAIL; INCONCLUSIVE where the baseline cost nothing, or no case is given.

    Raises:
        ValueError: for unknown or negative amounts, or sides of different length.
    """
    amounts(costs, "costs")
    amounts(baseline, "baseline")
    amounts([limit], "limit")
    n = same_length(costs, baseline)
    new, old = (sum(map(_exact, side), Fraction()) for side in (costs, baseline))
    if not old:
        reason = "the baseline cost nothing: there is no ratio"
        return _open(float(limit), n, reason)
    return _outcome(new, old, _exact(limit), passes=new <= old * _exact(limit), n=n)


def fixed_noninferior(
    first: Sequence[bool | None], second: Sequence[bool | None], *, margin: Number
) -> Outcome:
    """Decide whether the first side passes at most `margin` fewer cases, exactly.

    Args:
        first: for each case whether the first side passed; `None` where that could not
            be decided.
        second: the same of the baseline, same cases in the same order.
        margin: the largest loss of pass rate allowed; exactly so much passes.

    Returns:
        PASS or FAIL where undecided cases cannot change the answer, else INCONCLUSIVE;
        lower and upper are what they leave open.

    Raises:
        ValueError: for sides of different length or a negative margin.
    """
    amounts([margin], "margin")
    n = same_length(first, second)
    if not n:
        return _open(float(margin), 0, "there is no case to compare")
    lost = first.count(True) - second.count(True) - second.count(None)
    kept = first.count(True) + first.count(None) - second.count(True)
    lower, upper, allowed = Fraction(lost, n), Fraction(kept, n), -_exact(margin)
    decision = Decision.INCONCLUSIVE
    if lower >= allowed:
        decision = Decision.PASS
    elif upper < allowed:
        decision = Decision.FAIL
    is_open = decision is Decision.INCONCLUSIVE
    return Outcome(
        decision=decision,
        method=_METHOD,
        limit=float(margin),
        n=n,
        estimate=float(lower) if lower == upper else None,
        lower=float(lower),
        upper=float(upper),
        supported=float(max(-lower, Fraction())),
        reason="undecided cases leave both answers open; decide them first"
        if is_open
        else "",
    )


def _exact(value: Number) -> Fraction:
    """Give the decimal that was written, not the binary next to it."""
    return Fraction(value if isinstance(value, Decimal) else Decimal(str(value)))


def _float(value: Fraction) -> float | None:
    try:
        return float(value)
    except OverflowError:  # a ratio that only a fraction can hold
        return None


def _outcome(
    new: Fraction, old: Fraction, limit: Fraction, *, passes: bool, n: int
) -> Outcome:
    ratio = _float(new / old) if old else None
    return Outcome(
        decision=Decision.PASS if passes else Decision.FAIL,
        method=_METHOD,
        limit=float(limit),
        n=n,
        estimate=ratio,
        lower=ratio,
        upper=ratio,
        supported=ratio,
    )


def _open(limit: float, n: int, reason: str) -> Outcome:
    return Outcome(
        decision=Decision.INCONCLUSIVE,
        method=_METHOD,
        limit=limit,
        n=n,
        reason=reason,
    )
