"""Student's t distribution and the normal quantile, in plain Python."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300
#: From here on, two terms of the expansion in 1/df are exact to the last digits, and
#: the continued fraction is neither fast nor exact.
_LARGE_DF = 1e5
#: Below, the distribution has all but left the numbers that a float can hold.
_LEAST_DF = 0.01


def normal_quantile(p: float) -> float:
    """Give z with P(Z <= z) = `p`, for 0 < `p` < 1 (Wichura's AS 241)."""
    _probability(p)
    return _NORMAL.inv_cdf(p)


def t_cdf(t: float, df: float) -> float:
    """Give P(T <= `t`) of Student's t with `df` degrees of freedom.

    By the regularised incomplete beta function, I_x(df/2, 1/2) with
    x = df/(df + t^2) (Abramowitz and Stegun 26.7.1), as a continued fraction (DLMF
    8.17.22). The absolute error is below 1e-12.

    Args:
        t: any number.
        df: degrees of freedom, at least 0.01; `math.inf` is the normal distribution.
    """
    _degrees(df)
    if math.isnan(t):
        message = "t is not a number"
        raise ValueError(message)
    tail = _upper_tail(abs(t), df)
    return tail if t < 0 else 1 - tail


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """Give t with P(T <= t) = `p`.

    Newton's method on the upper tail, which is convex: from the normal quantile, which
    lies below, every step comes closer. The relative error is below 1e-11.

    Args:
        p: a probability, 0 < p < 1.
        df: degrees of freedom, at least 0.01; `math.inf` is the normal distribution.
    """
    _probability(p)
    _degrees(df)
    if p == 0.5:
        return 0.0
    z = -_NORMAL.inv_cdf(min(p, 1 - p))
    if df >= _LARGE_DF:
        second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df * df)
        size = z + (z**3 + z) / (4 * df) + second
    else:
        size = _solve(min(p, 1 - p), df, z)
    return size if p > 0.5 else -size


def _solve(tail: float, df: float, start: float) -> float:
    t = start
    for _ in range(2000):
        density = _density(t, df)
        if not density:  # beyond what a float can hold
            return math.inf
        step = (_upper_tail(t, df) - tail) / density
        t += step
        if abs(step) <= 4e-16 * abs(t) or step < 0:
            return t
    return t


def _density(t: float, df: float) -> float:
    log_beta = _log_gamma_ratio(df / 2) - 0.5 * math.log(math.pi * df)
    return math.exp(log_beta - (df + 1) / 2 * _log1p_ratio(t, df))


def _ratio(t: float, df: float) -> float:
    scaled = t / math.sqrt(df)
    return scaled * scaled


def _log1p_ratio(t: float, df: float) -> float:
    ratio = _ratio(t, df)
    if math.isinf(ratio):  # of a size that only its logarithm can hold
        return 2 * math.log(t) - math.log(df)
    return math.log1p(ratio)


def _upper_tail(t: float, df: float) -> float:
    """P(T > t) for t >= 0."""
    if t == 0:
        return 0.5
    if math.isinf(t):
        return 0.0
    if df >= _LARGE_DF:
        return _expanded_tail(t, df)
    ratio, a = _ratio(t, df), df / 2
    x = 1 / (1 + ratio)
    y = 1.0 if math.isinf(ratio) else ratio / (1 + ratio)
    log_front = (
        _log_gamma_ratio(a)
        - 0.5 * math.log(math.pi)
        - a * _log1p_ratio(t, df)
        + 0.5 * math.log(y or _TINY)
    )
    front = math.exp(log_front)
    # The fraction converges fast on one side of the mean of the beta distribution.
    if x < (a + 1) / (a + 2.5):
        return 0.5 * front * _fraction(x, a, 0.5) / a
    return 0.5 - front * _fraction(y, 0.5, a)


def _expanded_tail(t: float, df: float) -> float:
    """P(T > t) for many degrees of freedom (Fisher 1925; Johnson and Kotz 28.15)."""
    normal = 0.5 * math.erfc(t / math.sqrt(2))
    if t > 38:  # the density is nil
        return normal
    density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    first = (t**3 + t) / (4 * df)
    second = (3 * t**7 - 7 * t**5 - 5 * t**3 - 3 * t) / (96 * df * df)
    return normal + density * (first + second)


def _log_gamma_ratio(a: float) -> float:
    """ln(Gamma(a + 1/2) / Gamma(a)), without the cancellation of two large logs."""
    if a < 30:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    r = 1 / (a * a)
    series = -1 / 8 + r * (1 / 192 + r * (-1 / 640 + r * 17 / 14336))
    return 0.5 * math.log(a) + series / a


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of I_x(a, b) by Lentz's method."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for coefficient in (even, odd):
            d = 1 / _off_zero(1 + coefficient * d)
            c = _off_zero(1 + coefficient / c)
            change *= c * d
        value *= change
        if abs(change - 1) < 1e-16:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _probability(p: float) -> None:
    if not 0 < p < 1:
        message = f"p={p} must lie between 0 and 1, both excluded"
        raise ValueError(message)


def _degrees(df: float) -> None:
    if not df >= _LEAST_DF:
        message = (
            f"df={df} must be at least {_LEAST_DF}: a sample of one value has no "
            "spread to judge by; record more cases"
        )
        raise ValueError(message)
