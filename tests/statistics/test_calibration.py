"""Scores made into chances."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.calibration import (
    Calibration,
    expected_calibration_error,
    fit_calibration,
)

_ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60)


@given(_ROWS)
def test_every_fit_is_finite_and_never_turns_scores_round(
    rows: list[tuple[float, bool]],
) -> None:
    """Scores that part the labels without fault give no endless slope."""
    labels = [label for _, label in rows]
    if len(set(labels)) < 2:
        return
    fitted = fit_calibration([score for score, _ in rows], labels)
    assert math.isfinite(fitted.slope)
    assert math.isfinite(fitted.intercept)
    chances = [fitted(n / 20) for n in range(21)]
    assert chances == sorted(chances)
    assert all(0 <= chance <= 1 for chance in chances)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (2.0, 1.0), (0.5, -2.0)])
def test_a_known_calibration_is_found_again(slope: float, intercept: float) -> None:
    """From labels that were drawn with it."""
    draw, true = random.Random(2), Calibration(slope=slope, intercept=intercept)  # noqa: S311
    scores = [draw.random() for _ in range(6_000)]
    labels = [draw.random() < true(score) for score in scores]
    found = fit_calibration(scores, labels)
    assert found.slope == pytest.approx(slope, abs=0.15)
    assert found.intercept == pytest.approx(intercept, abs=0.15)
    after = expected_calibration_error([found(s) for s in scores], labels)
    assert after < 0.03


def test_a_score_that_points_the_wrong_way_tells_nothing() -> None:
    """Its slope is 0, and every chance the share of the labels."""
    scores = [n / 100 for n in range(100)]
    found = fit_calibration(scores, [n < 50 for n in range(100)])
    assert found.slope == 0
    assert found(0.9) == found(0.1) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("labels", [[], [True], [True, True], [False, False]])
def test_one_class_alone_is_refused(labels: list[bool]) -> None:
    """Nothing can be told of a class that nobody labelled."""
    with pytest.raises(ValueError, match="both classes"):
        fit_calibration([0.5] * len(labels), labels)


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan, math.inf])
def test_what_is_no_score_is_refused(score: float) -> None:
    """NaN must not become a chance."""
    with pytest.raises(ValueError, match="0 to 1"):
        Calibration(slope=1, intercept=0)(score)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_the_error_is_a_mean_distance(rows: list[tuple[float, bool]]) -> None:
    """0 to 1, and of certainty that is right 0."""
    chances, labels = [c for c, _ in rows], [b for _, b in rows]
    assert 0 <= expected_calibration_error(chances, labels) <= 1
    assert expected_calibration_error([float(b) for b in labels], labels) == 0


def test_the_error_of_a_hand_count() -> None:
    """Two bins: 0.25 said and 0.5 came, 0.9 said and 1 came."""
    found = expected_calibration_error(
        [0.25, 0.25, 0.9, 0.9], [True, False, True, True]
    )
    assert found == pytest.approx((0.5 + 0.2) / 4)
    with pytest.raises(ValueError, match="0 chances"):
        expected_calibration_error([], [])
