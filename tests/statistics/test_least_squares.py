"""Weighted least squares against statsmodels and scipy."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.least_squares import (
    nonnegative_fit,
    relative_fit,
    weighted_fit,
)

SEEDS = st.integers(0, 10_000)


def problem(seed: int, terms: int = 3) -> tuple[list[list[float]], list[float]]:
    """A design like that of growth at sizes 1 to 32, and values above 0."""
    dice = random.Random(seed)  # noqa: S311 - repeatable samples
    rows = [[(n / 32) ** p for p in range(terms)] for n in (1, 2, 4, 8, 16, 32) * 3]
    true = [dice.uniform(0.1, 5) for _ in range(terms)]
    values = [
        sum(c * x for c, x in zip(true, row, strict=True)) * dice.lognormvariate(0, 0.1)
        for row in rows
    ]
    return rows, values


@given(SEEDS, st.integers(1, 4))
def test_fits_are_those_of_statsmodels(seed: int, terms: int) -> None:
    """Coefficients, their errors and the residual variance agree to 1e-9."""
    models = pytest.importorskip("statsmodels.api")
    rows, values = problem(seed, terms)
    deviations = [0.5 * y for y in values]
    found = weighted_fit(rows, values, deviations)
    assert found is not None
    wanted = models.WLS(values, rows, weights=[d**-2 for d in deviations]).fit()
    assert found.coefficients == pytest.approx(wanted.params, rel=1e-9, abs=1e-9)
    assert found.variance == pytest.approx(wanted.scale, rel=1e-9)
    assert found.df == wanted.df_resid
    errors = [
        found.variance**0.5 * found.deviation([float(i == j) for i in range(terms)])
        for j in range(terms)
    ]
    assert errors == pytest.approx(wanted.bse, rel=1e-9, abs=1e-9)


@given(SEEDS)
def test_fits_without_negative_terms_are_scipys(seed: int) -> None:
    """The constrained solution is that of scipy's nnls."""
    optimize = pytest.importorskip("scipy.optimize")
    rows, values = problem(seed)
    dice = random.Random(seed)  # noqa: S311 - repeatable samples
    values = [y + 4 * dice.uniform(-1, 0.5) for y in values]
    found = nonnegative_fit(rows, values, [1.0] * len(values))
    if found is not None:
        wanted, _ = optimize.nnls(rows, values)
        assert found == pytest.approx(wanted, rel=1e-7, abs=1e-7)


@given(SEEDS, st.floats(1e-3, 1e3))
def test_relative_fits_follow_the_unit(seed: int, unit: float) -> None:
    """In another unit the coefficients are scaled, and the noise is the same."""
    rows, values = problem(seed)
    plain = relative_fit(rows, values)
    scaled = relative_fit(rows, [unit * y for y in values])
    assert plain is not None
    assert scaled is not None
    wanted = [unit * c for c in plain.coefficients]
    assert scaled.coefficients == pytest.approx(wanted, rel=1e-6, abs=1e-6 * unit)
    assert scaled.variance == pytest.approx(plain.variance, rel=1e-6)


def test_designs_that_determine_nothing_have_no_fit() -> None:
    """Equal columns, too few rows and no column at all are told apart from a fit."""
    assert weighted_fit([[1.0, 1.0]] * 5, [1.0] * 5, [1.0] * 5) is None
    assert weighted_fit([[1.0, 2.0]], [1.0], [1.0]) is None
    assert weighted_fit([], [], []) is None
    assert nonnegative_fit([[0.0]] * 3, [1.0] * 3, [1.0] * 3) is None
    assert nonnegative_fit([[1.0]] * 3, [-1.0] * 3, [1.0] * 3) is None
