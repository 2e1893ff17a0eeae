"""Exact comparison of a fixed population."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.outcome import Decision
from pytest_agentflow.statistics.paired import paired_difference
from pytest_agentflow.statistics.ratchet import (
    fixed_noninferior,
    fixed_ratio,
    ratchet,
)

PASS, FAIL, OPEN = Decision.PASS, Decision.FAIL, Decision.INCONCLUSIVE
CENTS = st.decimals(0, 100, places=4)
ANSWERS = st.sampled_from([True, False, None])


@pytest.mark.parametrize(
    ("now", "before", "tolerance", "slack", "decision"),
    [
        (0.11, 0.10, 0.1, 0, PASS),
        (0.1101, 0.10, 0.1, 0, FAIL),
        (Decimal("0.30"), Decimal("0.30"), 0, 0, PASS),
        (1, 0, 0.5, 0, FAIL),
        (1, 0, 0.5, 1, PASS),
        (0, 0, 0, 0, PASS),
    ],
)
def test_a_figure_may_grow_by_what_was_written(
    now: float, before: float, tolerance: float, slack: float, decision: Decision
) -> None:
    """The decimals as written decide, not the binary fractions next to them."""
    outcome = ratchet(now, before, tolerance=tolerance, slack=slack)
    assert outcome.decision is decision


@given(CENTS, CENTS, st.decimals(0, 2, places=2))
def test_what_fails_passes_with_its_own_growth_allowed(
    now: Decimal, before: Decimal, tolerance: Decimal
) -> None:
    """A ratchet set to today's figure passes today's figure."""
    outcome = ratchet(now, before, tolerance=tolerance)
    assert (outcome.decision is PASS) == (now <= before * (1 + tolerance))
    assert ratchet(now, now, tolerance=tolerance).decision is PASS


@given(st.lists(st.tuples(CENTS, CENTS), max_size=12), st.decimals("0.01", 3, places=2))
def test_totals_are_compared_exactly(
    pairs: list[tuple[Decimal, Decimal]], limit: Decimal
) -> None:
    """The sums decide; without a baseline there is no ratio, and no number."""
    d, baseline = [a for a, _ in pairs], [b for _, b in pairs]
    outcome = fixed_ratio(d, baseline, limit=limit)
    if not sum(baseline):
        assert outcome.decision is OPEN
        assert outcome.estimate is None
    else:
        assert (outcome.decision is PASS) == (sum(d) <= limit * sum(baseline))
        assert outcome.estimate == pytest.approx(float(sum(d) / sum(baseline)))


@given(st.lists(st.tuples(ANSWERS, ANSWERS), min_size=1), st.decimals(0, 1, places=2))
def test_pass_rates_are_compared_exactly(
    pairs: list[tuple[bool | None, bool | None]], margin: Decimal
) -> None:
    """What undecided cases leave open is the interval; a margin met exactly passes."""
    outcome = fixed_noninferior(
        [a for a, _ in pairs], [b for _, b in pairs], margin=margin
    )
    found = paired_difference(pairs)
    assert (outcome.lower, outcome.upper) == (found.lowest, found.highest)
    if outcome.decision is OPEN:
        assert outcome.lower < -float(margin) <= outcome.upper
        assert "undecided" in outcome.reason


def test_nine_tenths_of_ten_is_a_tenth_less() -> None:
    """9 of 10 against 10 of 10 is a loss of exactly 0.1."""
    nine = [True] * 9 + [False]
    assert fixed_noninferior(nine, [True] * 10, margin=0.1).decision is PASS
    assert fixed_noninferior(nine, [True] * 10, margin=0.09).decision is FAIL
    assert fixed_noninferior([], [], margin=0.1).decision is OPEN


def test_figures_that_cannot_be_are_refused() -> None:
    """Unknown and negative figures raise."""
    with pytest.raises(ValueError, match="costs less than nothing"):
        ratchet(-1, 1)
    with pytest.raises(ValueError, match="unknown figure"):
        fixed_ratio([math.nan], [1], limit=1)
    with pytest.raises(ValueError, match="both sides"):
        fixed_noninferior([True], [], margin=0.1)
