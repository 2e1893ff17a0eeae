"""The gate on the ratio of two totals."""

from __future__ import annotations

import math
import random
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_agentflow.statistics.outcome import Decision
from pytest_agentflow.statistics.ratio import (
    cases_needed,
    cost_ratio_gate,
    fieller_bounds,
)
from pytest_agentflow.statistics.sample import cluster_means

PASS, FAIL, OPEN = Decision.PASS, Decision.FAIL, Decision.INCONCLUSIVE
AMOUNTS = st.floats(0.01, 100)
PAIRS = st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=2, max_size=40)
ANY = st.one_of(st.just(0.0), st.floats(0, 1e308))
SEEDS = st.integers(0, 10_000)


def sample(seed: int, n: int, ratio: float) -> tuple[list[float], list[float]]:
    """Costs of n cases, the split's about `ratio` of the baseline's."""
    dice = random.Random(seed)  # noqa: S311 - repeatable samples
    baseline = [dice.lognormvariate(0, 0.6) for _ in range(n)]
    return [ratio * x * dice.lognormvariate(0, 0.3) for x in baseline], baseline


@pytest.mark.parametrize(
    ("limit", "n", "decision"),
    [(0.6, 40, PASS), (0.25, 40, FAIL), (0.42, 40, OPEN), (0.9, 19, OPEN)],
)
def test_the_three_answers(limit: float, n: int, decision: Decision) -> None:
    """Clear cases are decided; what lies near the limit, or is few, is not."""
    outcome = cost_ratio_gate(*sample(3, n, 0.4), limit=limit)
    assert outcome.decision is decision
    assert bool(outcome.reason) == (decision is OPEN)


@given(PAIRS, st.sampled_from([0.01, 0.05, 0.2]))
def test_the_bounds_are_where_the_paired_t_test_turns(
    pairs: list[tuple[float, float]], alpha: float
) -> None:
    """At each bound scipy's one-sided paired t test gives p = alpha."""
    stats = pytest.importorskip("scipy.stats")
    d, baseline = zip(*pairs, strict=True)
    lower, upper = fieller_bounds(d, baseline, alpha=alpha)
    assume(lower and upper and upper - lower > 1e-3 * upper and upper < 1e3)
    for bound, side in ((upper, "less"), (lower, "greater")):
        found = stats.ttest_rel(d, [bound * x for x in baseline], alternative=side)
        assert found.pvalue == pytest.approx(alpha, abs=1e-7)


@given(SEEDS, st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_the_unit_of_money_does_not_matter(seed: int, a: float, b: float) -> None:
    """Dollars against cents multiply the ratio and nothing else."""
    d, baseline = sample(seed, 25, 0.5)
    plain = cost_ratio_gate(d, baseline, limit=0.55)
    scaled = cost_ratio_gate(
        [a * x for x in d], [b * x for x in baseline], limit=0.55 * a / b
    )
    assert scaled.estimate == pytest.approx((plain.estimate or 0) * a / b)
    assert scaled.upper == pytest.approx((plain.upper or 0) * a / b)
    assert scaled.decision is plain.decision


@given(SEEDS, st.floats(0.1, 2), st.floats(0, 2))
def test_a_wider_limit_is_never_harder(seed: int, limit: float, more: float) -> None:
    """What passes at one ratio passes at a larger one; what fails there, failed."""
    d, baseline = sample(seed, 22, 0.5)
    order = [FAIL, OPEN, PASS]
    tight = cost_ratio_gate(d, baseline, limit=limit).decision
    wide = cost_ratio_gate(d, baseline, limit=limit + more).decision
    assert order.index(tight) <= order.index(wide)


@given(SEEDS)
def test_the_supported_limit_is_the_tightest_that_passes(seed: int) -> None:
    """A limit just above it passes, one just below does not."""
    d, baseline = sample(seed, 30, 0.5)
    best = cost_ratio_gate(d, baseline, limit=1.0).supported
    assert best is not None
    assert cost_ratio_gate(d, baseline, limit=best * 1.0001).decision is PASS
    assert cost_ratio_gate(d, baseline, limit=best * 0.9999).decision is not PASS


@given(st.lists(st.tuples(ANY, ANY), max_size=30), st.floats(1e-3, 1e3))
def test_every_sample_has_an_answer(
    pairs: list[tuple[float, float]], limit: float
) -> None:
    """Zeros, huge amounts and tiny samples end in an answer with finite figures."""
    outcome = cost_ratio_gate(
        [a for a, _ in pairs], [b for _, b in pairs], limit=limit, minimum=2
    )
    for figure in (outcome.estimate, outcome.lower, outcome.upper):
        assert figure is None or (math.isfinite(figure) and figure >= 0)
    if outcome.decision is OPEN:
        assert outcome.reason
    else:
        assert outcome.estimate is not None


@pytest.mark.parametrize(
    ("d", "baseline", "reason"),
    [
        ([], [], "no ratio"),
        ([1.0], [2.0], "no spread|show no spread"),
        ([1.0] * 30, [0.0] * 30, "no ratio"),
        ([1.0] * 30, [2.0] * 30, "same ratio"),
        ([0.3 * k for k in range(30)], [0.7 * k for k in range(30)], "same ratio"),
        ([0.0] * 30, [float(k) for k in range(30)], "same ratio"),
        ([1.0, 2.0] * 15, [0.0] * 29 + [1.0], "cannot be told from nothing"),
    ],
)
def test_nothing_is_decided_from_nothing(
    d: list[float], baseline: list[float], reason: str
) -> None:
    """Too few cases, no baseline and no spread are INCONCLUSIVE, and say why."""
    outcome = cost_ratio_gate(d, baseline, limit=0.5)
    assert outcome.decision is OPEN
    assert outcome.n_to_decide is None
    assert re.search(reason, outcome.reason)


@pytest.mark.parametrize("bad", [-0.01, math.nan, math.inf])
def test_money_that_cannot_be_is_refused(bad: float) -> None:
    """The place of the unknown or negative amount is named."""
    with pytest.raises(ValueError, match=r"costs\[1\] is"):
        cost_ratio_gate([1.0, bad], [1.0, 1.0], limit=0.5)


def test_sides_of_different_length_are_refused() -> None:
    """A case without its pair cannot be compared."""
    with pytest.raises(ValueError, match="both sides of every case"):
        cost_ratio_gate([1.0], [1.0, 2.0], limit=0.5)


@pytest.mark.parametrize(("limit", "alpha"), [(0, 0.05), (math.nan, 0.05), (0.5, 1)])
def test_arguments_that_make_no_sense_are_refused(limit: float, alpha: float) -> None:
    """A ratio is above 0, a level between 0 and 1."""
    with pytest.raises(ValueError, match="must be a"):
        cost_ratio_gate([1.0], [1.0], limit=limit, alpha=alpha)


def test_the_cases_said_to_decide_do() -> None:
    """With so many cases, about four of five samples are decided."""
    needs = [
        cost_ratio_gate(*sample(seed, 24, 0.5), limit=0.56).n_to_decide
        for seed in range(60)
    ]
    typical = sorted(need for need in needs if need)[len([n for n in needs if n]) // 2]
    decided = [
        cost_ratio_gate(*sample(1000 + seed, typical, 0.5), limit=0.56).decision
        for seed in range(60)
    ]
    assert decided.count(OPEN) < 30
    assert FAIL not in decided


def test_the_sample_size_is_that_of_statsmodels() -> None:
    """The normal approximation with Student's t lies by one case of the exact power."""
    power = pytest.importorskip("statsmodels.stats.power").TTestPower()
    for effect in (0.3, 0.5, 0.8):
        exact = power.solve_power(effect, power=0.8, alpha=0.05, alternative="larger")
        assert abs((cases_needed(effect, 1.0) or 0) - exact) < 2


def test_a_ratio_at_the_limit_is_never_decided() -> None:
    """No number of cases tells a nil effect."""
    assert cases_needed(0.0, 1.0) is None
    assert cases_needed(1e-9, 1.0) is None


def test_trials_of_one_case_are_one_observation() -> None:
    """Values of a cluster are averaged, in order of first appearance."""
    assert cluster_means([1, 2, 3, 8], ["a", "b", "a", "b"]) == [2.0, 5.0]
