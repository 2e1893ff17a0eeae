"""Scores made into chances: a logistic of two parameters, and how far off it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Scores are kept this far from 0 and 1, where a logit has no end.
_EDGE = 1e-4
_STEPS = 100
_RIDGE = 1e-3
_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """chance = 1 / (1 + exp(-(slope * logit(score) + intercept)))."""

    slope: float
    intercept: float

    def __call__(self, score: float) -> float:
        """Give the chance that belongs to a score of 0 to 1."""
        return _logistic(self.slope * logit(score) + self.intercept)


def logit(score: float) -> float:
    """Give log(p / (1 - p)) of a score, which is kept off 0 and 1.

    Raises `ValueError` for what is no number of 0 to 1.
    """
    if not 0 <= score <= 1:
        message = f"a score must be a number of 0 to 1, not {score!r}"
        raise ValueError(message)
    inside = min(1 - _EDGE, max(_EDGE, score))
    return math.log(inside / (1 - inside))


def fit_calibration(scores: Sequence[float], labels: Sequence[bool]) -> Calibration:
    """Fit slope and intercept to labels (Platt 1999), by Newton's method.

    Labels are drawn in as Platt does, (n1 + 1) / (n1 + 2) and 1 / (n0 + 2), so that
    scores that part the labels without fault give no endless slope. A slope below 0 is
    set to 0: a score that points the wrong way tells nothing.

    Args:
        scores: 0 to 1 each.
        labels: whether what is scored is so, in the same order.

    Raises `ValueError` unless both classes are there.
    """
    ones = sum(map(bool, labels))
    if len(scores) != len(labels) or not 0 < ones < len(labels):
        message = f"{len(scores)} scores need as many labels of both classes"
        raise ValueError(message)
    high, low = (ones + 1) / (ones + 2), 1 / (len(labels) - ones + 2)
    rows = [
        (logit(score), high if label else low)
        for score, label in zip(scores, labels, strict=True)
    ]
    slope, intercept = _newton(rows)
    if slope <= 0:
        share = math.fsum(target for _, target in rows) / len(rows)
        return Calibration(slope=0.0, intercept=math.log(share / (1 - share)))
    return Calibration(slope=slope, intercept=intercept)


def _newton(rows: Sequence[tuple[float, float]]) -> tuple[float, float]:
    slope = intercept = 0.0
    before = _loss(rows, slope, intercept)
    for _ in range(_STEPS):
        step = _step(rows, slope, intercept)
        size = 1.0
        while size > 1e-8:  # a full step may lead too far
            one, other = slope + size * step[0], intercept + size * step[1]
            loss = _loss(rows, one, other)
            if loss <= before:
                break
            size /= 2
        else:
            break
        slope, intercept = one, other
        if before - loss < 1e-12:
            break
        before = loss
    return slope, intercept


def _step(
    rows: Sequence[tuple[float, float]], slope: float, intercept: float
) -> tuple[float, float]:
    g0, g1 = -_RIDGE * slope, 0.0
    h00, h01, h11 = _RIDGE, 0.0, 1e-12
    for x, target in rows:
        p = _logistic(slope * x + intercept)
        rest, weight = target - p, p * (1 - p)
        g0, g1 = g0 + rest * x, g1 + rest
        h00, h01, h11 = h00 + weight * x * x, h01 + weight * x, h11 + weight
    determinant = h00 * h11 - h01 * h01
    if determinant <= 0:
        return g0 / h00, 0.0
    one = (h11 * g0 - h01 * g1) / determinant
    other = (h00 * g1 - h01 * g0) / determinant
    return one, other


def _loss(rows: Sequence[tuple[float, float]], slope: float, intercept: float) -> float:
    total = _RIDGE / 2 * slope * slope
    for x, target in rows:
        z = slope * x + intercept
        total += _softplus(z) - target * z
    return total


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _logistic(z: float) -> float:
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


def expected_calibration_error(
    chances: Sequence[float], labels: Sequence[bool], bins: int = _BINS
) -> float:
    """Give the expected calibration error over bins of equal width (Naeini 2015).

    The mean distance of chance and frequency in each bin, weighted by its items.

    Args:
        chances: 0 to 1 each.
        labels: what came true, in the same order.
        bins: how many.

    Raises `ValueError` for no items, or different numbers.
    """
    if len(chances) != len(labels) or not chances:
        message = f"{len(chances)} chances and {len(labels)} labels"
        raise ValueError(message)
    sums = [[0.0, 0.0] for _ in range(bins)]
    for chance, label in zip(chances, labels, strict=True):
        held = sums[min(bins - 1, int(chance * bins))]
        held[0] += chance
        held[1] += bool(label)
    return math.fsum(abs(said - came) for said, came in sums) / len(chances)
