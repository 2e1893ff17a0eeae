"""Least squares with constant relative noise, for a handful of columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ITERATIONS = 3
#: A column whose remainder is smaller than this share of it adds nothing.
_COLLINEAR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Coefficients of a weighted least-squares fit and how sure they are."""

    coefficients: tuple[float, ...]
    unit_covariance: tuple[tuple[float, ...], ...]
    """Of the coefficients, for a residual variance of 1."""
    variance: float
    """Of the weighted residuals: squared relative noise. 0 without residual freedom."""
    df: int

    def at(self, row: Sequence[float]) -> float:
        """Give the fitted value at one row of the design."""
        return math.fsum(x * c for x, c in zip(row, self.coefficients, strict=True))

    def covariance(self, first: Sequence[float], second: Sequence[float]) -> float:
        """Give the covariance, for unit noise, of two linear combinations."""
        return math.fsum(
            a * b * v
            for a, row in zip(first, self.unit_covariance, strict=True)
            for b, v in zip(second, row, strict=True)
        )

    def deviation(self, combination: Sequence[float]) -> float:
        """Give the standard deviation, for unit noise, of a linear combination."""
        return math.sqrt(max(self.covariance(combination, combination), 0.0))


def weighted_fit(
    rows: Sequence[Sequence[float]],
    values: Sequence[float],
    deviations: Sequence[float],
) -> Fit | None:
    """Fit values = rows @ coefficients, each value with its own deviation.

    By modified Gram-Schmidt on the scaled columns, which unlike the normal equations
    keeps the digits of nearly collinear ones.

    Args:
        rows: the design, one row for each value, all of one length.
        values: what was observed.
        deviations: standard deviations up to a common factor, more than 0.

    Returns:
        The fit; `None` where the design does not determine the coefficients.
    """
    count, terms = len(rows), len(rows[0]) if rows else 0
    if not terms or count < terms:
        return None
    scaled = [[x / d for x in row] for row, d in zip(rows, deviations, strict=True)]
    target = [y / d for y, d in zip(values, deviations, strict=True)]
    columns = [[row[j] for row in scaled] for j in range(terms)]
    upper = [[0.0] * terms for _ in range(terms)]
    right = [0.0] * terms
    for j, column in enumerate(columns):
        size = math.sqrt(math.fsum(x * x for x in column))
        for i in range(j):
            # Twice is enough (Kahan; Parlett): once loses the orthogonality.
            for _ in range(2):
                dot = _dot(columns[i], column)
                upper[i][j] += dot
                column[:] = [
                    x - dot * q for x, q in zip(column, columns[i], strict=True)
                ]
        norm = math.sqrt(_dot(column, column))
        if not (norm > _COLLINEAR * size and math.isfinite(norm)):
            return None
        upper[j][j] = norm
        column[:] = [x / norm for x in column]
        right[j] = _dot(column, target)
        target = [y - right[j] * q for y, q in zip(target, column, strict=True)]
    inverse = _inverse(upper)
    df = count - terms
    return Fit(
        coefficients=tuple(_dot(row, right) for row in inverse),
        unit_covariance=tuple(tuple(_dot(a, b) for b in inverse) for a in inverse),
        variance=_dot(target, target) / df if df else 0.0,
        df=df,
    )


def relative_fit(
    rows: Sequence[Sequence[float]], values: Sequence[float]
) -> Fit | None:
    """Fit values whose noise is a constant share of their size.

    Weights are 1/fitted^2, found in three iterations that start from the mean of the
    values that share a row.

    Args:
        rows: the design, one row for each value.
        values: not negative, at least one above 0.

    Returns:
        The fit, its variance that of the relative noise; `None` where the design does
        not determine the coefficients.
    """
    floor = _levels(rows, values)
    deviations = floor
    fit = None
    for _ in range(_ITERATIONS):
        fit = weighted_fit(rows, values, deviations)
        if fit is None:
            return None
        deviations = [
            max(fit.at(row), 0.1 * level)
            for row, level in zip(rows, floor, strict=True)
        ]
    return fit


def nonnegative_fit(
    rows: Sequence[Sequence[float]],
    values: Sequence[float],
    deviations: Sequence[float],
) -> tuple[float, ...] | None:
    """Fit as `weighted_fit`, with no coefficient below 0.

    Tries every subset of the (few) columns and keeps the best that is feasible, which
    for the convex problem is the solution (Lawson and Hanson 1974, ch. 23).

    Returns:
        The coefficients, 0 for columns left out; `None` without a usable column.
    """
    terms = len(rows[0]) if rows else 0
    best: tuple[float, tuple[float, ...]] | None = None
    for subset in range(1, 2**terms):
        chosen = [j for j in range(terms) if subset >> j & 1]
        fit = weighted_fit(
            [[row[j] for j in chosen] for row in rows], values, deviations
        )
        if fit is None or min(fit.coefficients) < 0:
            continue
        loss = fit.variance * fit.df
        if best is None or loss < best[0]:
            full = dict(zip(chosen, fit.coefficients, strict=True))
            best = loss, tuple(full.get(j, 0.0) for j in range(terms))
    return best[1] if best else None


def _levels(rows: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    groups: dict[tuple[float, ...], list[float]] = {}
    for row, value in zip(rows, values, strict=True):
        groups.setdefault(tuple(row), []).append(value)
    means = {row: math.fsum(group) / len(group) for row, group in groups.items()}
    # Where nothing was counted, noise is no share of it, but that of the next.
    least = min((mean for mean in means.values() if mean > 0), default=1.0)
    return [means[tuple(row)] or least for row in rows]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return math.fsum([x * y for x, y in zip(a, b, strict=True)])


def _inverse(upper: Sequence[Sequence[float]]) -> list[list[float]]:
    """Invert a small upper triangular matrix."""
    size = len(upper)
    inverse = [[0.0] * size for _ in range(size)]
    for j in range(size):
        inverse[j][j] = 1 / upper[j][j]
        for i in range(j - 1, -1, -1):
            total = _dot(
                upper[i][i + 1 : j + 1], [inverse[k][j] for k in range(i + 1, j + 1)]
            )
            inverse[i][j] = -total / upper[i][i]
    return inverse
