"""Reliability of chains, votes and repeated trials."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.outcome import Decision
from pytest_agentflow.statistics.reliability import (
    Sprt,
    absorption,
    error_amplification,
    k_min,
    pass_at_k,
    pass_hat_k,
    sequential_plan,
    series_reliability,
    sprt,
    vote_calls,
    vote_reliability,
)

CHANCES = st.floats(0, 1)
PASS, FAIL, OPEN = Decision.PASS, Decision.FAIL, Decision.INCONCLUSIVE


@given(st.integers(1, 200), st.data())
def test_passing_once_and_always_are_hypergeometric(
    trials: int, data: st.DataObject
) -> None:
    """pass@k and pass^k are the chances of scipy's draw without replacement."""
    stats = pytest.importorskip("scipy.stats")
    passed = data.draw(st.integers(0, trials))
    k = data.draw(st.integers(1, trials))
    drawn = stats.hypergeom(trials, passed, k)
    assert pass_at_k(passed, trials, k) == pytest.approx(1 - drawn.pmf(0), abs=1e-9)
    assert pass_hat_k(passed, trials, k) == pytest.approx(drawn.pmf(k), abs=1e-9)


@pytest.mark.parametrize(
    ("p", "ahead", "reliability", "calls"),
    [(0.9, 2, 0.9878, 2.44), (0.8, 3, 0.9846, 4.85), (0.95, 3, 0.99985, 3.33)],
)
def test_votes_are_those_of_the_gamblers_ruin(
    p: float, ahead: int, reliability: float, calls: float
) -> None:
    """The figures agree with simulations of first-to-ahead-by-k voting."""
    assert vote_reliability(p, ahead) == pytest.approx(reliability, abs=5e-5)
    assert vote_calls(p, ahead) == pytest.approx(calls, abs=5e-3)


def test_votes_are_those_of_a_simulation() -> None:
    """Twenty thousand votings end right, and last, as the formulas say."""
    dice = random.Random(3)  # noqa: S311 - repeatable samples
    won = calls = 0
    for _ in range(20_000):
        lead = 0
        while abs(lead) < 3:
            lead += 1 if dice.random() < 0.7 else -1
            calls += 1
        won += lead > 0
    assert won / 20_000 == pytest.approx(vote_reliability(0.7, 3), abs=0.01)
    assert calls / 20_000 == pytest.approx(vote_calls(0.7, 3), rel=0.02)


@given(CHANCES, st.integers(1, 50))
def test_votes_on_right_and_wrong_are_mirrored(p: float, ahead: int) -> None:
    """The wrong answer wins when the right one does not, after as many calls."""
    mirrored = vote_reliability(1 - p, ahead)
    assert vote_reliability(p, ahead) + mirrored == pytest.approx(1, abs=1e-9)
    assert vote_calls(p, ahead) == pytest.approx(vote_calls(1 - p, ahead), rel=1e-6)
    assert 1 - 1e-9 <= vote_calls(p, ahead) <= ahead**2 + 1e-6


@given(st.floats(0.501, 0.9999), st.integers(1, 10**7), st.floats(0.01, 0.999))
def test_the_least_lead_is_enough_and_the_least(
    p: float, steps: int, target: float
) -> None:
    """With it all steps succeed often enough, with one vote less they do not."""
    lead = k_min(p, steps, target)
    if lead is None:
        return

    def whole(ahead: int) -> float:
        odds = math.exp(ahead * (math.log1p(-p) - math.log(p)))
        return math.exp(-steps * math.log1p(odds))

    assert whole(lead) >= target * (1 - 1e-6)
    assert lead == 1 or whole(lead - 1) <= target * (1 + 1e-6)


def test_a_million_steps_need_a_lead_of_a_few() -> None:
    """The lead grows with the logarithm of the steps; coin flips never suffice."""
    assert k_min(0.998, 1_048_575, 0.95) == 3
    assert k_min(0.5, 10, 0.9) is None
    assert k_min(0.0, 10, 0.9) is None
    assert k_min(1.0, 10, 0.9) == 1


def test_twenty_stages_of_nine_tenths_fail_mostly() -> None:
    """The chain of .9 stages holds in 12 %; no stage never fails."""
    assert series_reliability([0.9] * 20) == pytest.approx(0.1216, abs=5e-5)
    assert series_reliability([]) == 1


def test_the_sequential_test_keeps_its_error_rates() -> None:
    """At 95 % few are failed, at 70 % few are passed, and half decides at once."""
    dice = random.Random(11)  # noqa: S311 - repeatable samples

    def runs(p: float) -> list[Sprt]:
        return [sprt([dice.random() < p for _ in range(40)]) for _ in range(1500)]

    good, bad, coin = runs(0.95), runs(0.70), runs(0.5)
    assert sum(r.decision is FAIL for r in good) / 1500 <= 0.05
    assert sum(r.decision is PASS for r in bad) / 1500 <= 0.07
    assert sum(r.trials for r in coin) / 1500 == pytest.approx(4.8, abs=0.4)


@given(st.lists(st.booleans(), max_size=80))
def test_trials_after_the_end_change_nothing(results: list[bool]) -> None:
    """Going on after a decision, or the cap, does not turn it."""
    state = sprt(results)
    assert state.trials <= 40
    assert sprt([*results[: state.trials]]) == state
    if state.finished:
        assert state.after(True) is state
    else:
        assert state.trials == len(results)
        assert state.decision is OPEN


def test_a_capped_test_is_open() -> None:
    """Four of five passes is between good and bad, and stays undecided."""
    state = sprt([True, True, True, True, False] * 20, cap=12)
    assert state.finished
    assert state.decision is OPEN


def test_errors_are_compared_with_the_single_models() -> None:
    """Amplified and absorbed errors; without a baseline error there is no factor."""
    assert error_amplification(0.172, 0.01) == pytest.approx(17.2)
    assert absorption(0.05, 0.2) == pytest.approx(0.75)
    assert error_amplification(0.1, 0.0) is None
    assert absorption(0.1, 0.0) is None


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_what_is_no_chance_is_refused(bad: float) -> None:
    """A chance lies from 0 to 1."""
    for call in (
        lambda: series_reliability([bad]),
        lambda: vote_reliability(bad, 1),
        lambda: k_min(bad, 1, 0.9),
        lambda: error_amplification(bad, 0.5),
        lambda: error_amplification(0.5, bad),
    ):
        with pytest.raises(ValueError, match="is no chance"):
            call()


def test_settings_that_make_no_sense_are_refused() -> None:
    """Leads and caps are counts, good lies above bad."""
    with pytest.raises(ValueError, match="whole number"):
        vote_reliability(0.9, 0)
    with pytest.raises(ValueError, match="must lie above"):
        Sprt(good=0.7, bad=0.7)
    with pytest.raises(ValueError, match="cap=0"):
        Sprt(cap=0)
    with pytest.raises(ValueError, match="cannot have passed"):
        pass_at_k(3, 2, 1)


def test_a_plan_tells_the_bar_from_three_quarters_of_it() -> None:
    """Eleven passes in a row accept 90 %; both error rates are kept with room to go."""
    plan = sequential_plan(0.9, 11)
    assert plan.good == 0.9
    assert math.isclose(plan.bad, 0.675)
    for _ in range(10):
        plan = plan.after(passed=True)
    assert not plan.finished
    assert plan.after(passed=True).decision is Decision.PASS
    with pytest.raises(ValueError, match="needs 11 at least"):
        sequential_plan(0.9, 10)
    dice = random.Random(5)  # noqa: S311 - a repeatable simulation
    for rate, wrong in ((0.9, Decision.FAIL), (0.675, Decision.PASS)):
        ends = [
            sprt(
                [dice.random() < rate for _ in range(200)], good=0.9, bad=0.675, cap=200
            )
            for _ in range(1500)
        ]
        assert sum(one.decision is wrong for one in ends) / len(ends) < 0.06
