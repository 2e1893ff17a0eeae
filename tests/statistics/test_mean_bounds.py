"""Bounds of a mean of values that lean to one side."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.mean_bounds import mean_bounds
from pytest_agentflow.statistics.student import t_quantile

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12)


def students(values: list[float], alpha: float = 0.05) -> tuple[float, float]:
    """The plain t interval."""
    n, centre = len(values), math.fsum(values) / len(values)
    variance = math.fsum((x - centre) ** 2 for x in values) / (n - 1)
    half = t_quantile(1 - alpha, n - 1) * math.sqrt(variance / n)
    return centre - half, centre + half


def test_values_that_lean_nowhere_get_students_t() -> None:
    """Hall's transformation changes nothing where there is no skewness."""
    values = [1.0, 2.0, 4.0, 5.0]

    assert mean_bounds(values) == pytest.approx(students(values))


def test_the_bound_on_the_side_of_the_long_tail_is_halls() -> None:
    """The upper one is Hall's, the lower one stays Student's."""
    values = [1.0, 1.0, 1.0, 1.0, 2.0, 9.0]
    lower, upper = mean_bounds(values) or (0.0, 0.0)
    n, centre = 6, 2.5
    spread = sum((x - centre) ** 2 for x in values)
    skewness = sum((x - centre) ** 3 for x in values) / n / (spread / n) ** 1.5
    a, error = skewness / math.sqrt(n), math.sqrt(spread / (n - 1) / n)
    y = (centre - upper) / error
    told = y + a * y * y / 3 + a * a * y**3 / 27 + a / 6

    assert lower == pytest.approx(students(values)[0])
    assert told == pytest.approx(-t_quantile(0.95, 5))


def test_money_of_twenty_cases_is_held_as_often_as_is_said() -> None:
    """Of lognormal costs, nine intervals of ten hold the mean; Student's hold fewer."""
    dice = random.Random(4)  # noqa: S311 - a simulation
    held = plain = 0
    for _ in range(1000):
        values = [dice.lognormvariate(-0.2474, 0.7033) for _ in range(20)]
        lower, upper = mean_bounds(values) or (0.0, 0.0)
        held += lower <= 1 <= upper
        low, high = students(values)
        plain += low <= 1 <= high

    assert 870 <= held <= 930
    assert plain < held


@given(VALUES, st.floats(1e-3, 0.4))
def test_they_are_never_narrower_than_students(
    values: list[float], alpha: float
) -> None:
    """Where the cases lean, the doubt grows; it never shrinks."""
    lower, upper = mean_bounds(values, alpha) or (math.inf, -math.inf)
    least, most = students(values, alpha)
    rounding = 1e-9 * max(map(abs, values))

    assert lower <= least + rounding
    assert upper >= most - rounding


@given(VALUES)
def test_mirrored_values_have_mirrored_bounds(values: list[float]) -> None:
    """What is a saving to one side is a loss to the other."""
    lower, upper = mean_bounds(values) or (0.0, 0.0)

    assert mean_bounds([-x for x in values]) == pytest.approx((-upper, -lower))


@given(VALUES, st.integers(-300, 290))
def test_the_unit_of_money_does_not_matter(values: list[float], power: int) -> None:
    """From fractions of a cent to any currency: no overflow, the same bounds."""
    whole = [float(round(value)) for value in values]
    lower, upper = mean_bounds(whole) or (0.0, 0.0)
    times = 10.0**power
    found = mean_bounds([value * times for value in whole])

    assert found == pytest.approx((lower * times, upper * times), rel=1e-6, abs=0)


def test_one_value_has_no_bounds() -> None:
    """Nothing is known of its spread; equal values have none."""
    assert mean_bounds([3.0]) is None
    assert mean_bounds([3.0, 3.0]) == (3.0, 3.0)
    with pytest.raises(ValueError, match="alpha=2"):
        mean_bounds([1.0, 2.0], 2)
