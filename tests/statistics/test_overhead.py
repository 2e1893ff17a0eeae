"""Coordination overhead and the number of stages."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.outcome import Decision
from pytest_agentflow.statistics.overhead import (
    exponent_doubt,
    imbalance,
    overhead_exponent,
    pairwise_share,
    single_trace_exponent,
)
from pytest_agentflow.statistics.split_curve import best_k_set, split_curve, usl_fit

PASS, FAIL, OPEN = Decision.PASS, Decision.FAIL, Decision.INCONCLUSIVE
STAGES = [2, 3, 4, 6, 8] * 3
SEEDS = st.integers(0, 10_000)
AMOUNTS = st.one_of(st.just(0.0), st.floats(0, 1e308))


def copied(
    topology: Callable[[int], float], seed: int = 1, noise: float = 0.05
) -> list[float]:
    """Tokens copied in runs of each number of stages."""
    dice = random.Random(seed)  # noqa: S311 - repeatable samples
    return [500 * topology(k) * dice.lognormvariate(0, noise) for k in STAGES]


def chain(k: int) -> float:
    """Each stage reads the one before it."""
    return k - 1


def history(k: int) -> float:
    """Each stage reads all before it."""
    return k * (k - 1) / 2


@given(SEEDS)
def test_the_exponent_is_scipys_slope(seed: int) -> None:
    """Slope and bounds are scipy's regression of the logarithms of the means."""
    stats = pytest.importorskip("scipy.stats")
    overhead = copied(history, seed, 0.2)
    found = overhead_exponent(STAGES, overhead)
    ks = STAGES[:5]
    means = [sum(overhead[place::5]) / 3 for place in range(5)]
    wanted = stats.linregress(
        [math.log(k - 1) for k in ks], [math.log(w) for w in means]
    )
    half = stats.t.ppf(0.95, len(ks) - 2) * wanted.stderr
    assert (found.m, found.lower, found.upper) == pytest.approx(
        (wanted.slope, wanted.slope - half, wanted.slope + half), abs=1e-9
    )


def test_a_chain_is_linear_and_a_history_is_not() -> None:
    """M is 1.0 for a chain, well above for a history; the mixture tells them apart."""
    assert overhead_exponent(STAGES, copied(chain)).m == pytest.approx(1, abs=0.1)
    assert (overhead_exponent(STAGES, copied(history)).lower or 0) > 1.5
    linear = pairwise_share(STAGES, copied(chain))
    assert linear.outcome.decision is PASS
    assert linear.per_link == pytest.approx(500, rel=0.1)
    pairs = pairwise_share(STAGES, copied(history))
    assert pairs.outcome.decision is FAIL
    assert pairs.outcome.estimate == pytest.approx(0.75, abs=0.1)
    assert pairs.per_pair == pytest.approx(500, rel=0.2)


def test_few_numbers_of_stages_decide_little() -> None:
    """One or two numbers cannot tell, three cannot pass, and nothing copied is open."""
    one = pairwise_share([4] * 9, [10.0] * 9)
    assert one.outcome.decision is OPEN
    three = pairwise_share([2, 4, 8] * 3, [1.0, 3.0, 7.0] * 3)
    assert three.outcome.decision is OPEN
    assert three.outcome.reason == "3 numbers of stages; 4 are needed to tell m"
    nothing = pairwise_share(STAGES, [0.0] * 15)
    assert "all values are 0" in nothing.outcome.reason
    assert overhead_exponent([4] * 9, [10.0] * 9).m is None
    assert overhead_exponent(STAGES, [0.0] * 15).m is None
    assert overhead_exponent([2, 3, 4], [1.0, 2.0, 3.0]).m is None
    silent = overhead_exponent([2, 3, 4, 5], [0.0, 1.0, 2.0, 3.0])
    assert silent.reason == "2 stages have no overhead at all: m has no end"


def test_an_exponent_at_the_end_of_its_range_is_told_by_nobody() -> None:
    """Curve, exponent and pairs say the same of stages that do not tell m."""
    ks = [2, 3, 4, 5]
    steep = [100.0 * (k - 1) ** 3 for k in ks]
    curve = split_curve(ks, [100.0 * k**4 for k in ks])
    pairs = pairwise_share(ks * 30, steep * 30)
    assert curve is not None
    assert curve.doubt == exponent_doubt(ks, 2.5) != ""
    assert overhead_exponent(ks, steep).reason == curve.doubt
    assert (pairs.outcome.decision, pairs.outcome.reason) == (OPEN, curve.doubt)
    assert pairs.outcome.estimate is None


def test_runs_of_one_variant_do_not_tell_what_is_its_own() -> None:
    """Chains of which each variant is a fifth up or down: few are called pairwise."""
    dice = random.Random(5)  # noqa: S311 - repeatable samples
    failed = 0
    for _ in range(200):
        own = {k: dice.lognormvariate(0, 0.2) for k in (2, 3, 4, 5)}
        ks = [2, 3, 4, 5] * 12
        ws = [500 * (k - 1) * own[k] * dice.lognormvariate(0, 0.15) for k in ks]
        failed += pairwise_share(ks, ws).outcome.decision is FAIL
    assert failed <= 10


def test_an_open_share_of_pairs_asks_for_other_numbers_of_stages() -> None:
    """Between the bounds lies the limit, and more runs of the same k are no way out."""
    found = pairwise_share(STAGES, copied(chain, noise=0.3)).outcome
    assert found.decision is OPEN
    assert found.n == 5
    assert found.n_to_decide is None
    assert "runs of further numbers of stages" in found.reason


@given(st.lists(st.tuples(st.integers(2, 9), AMOUNTS), max_size=15))
def test_every_set_of_overheads_has_an_answer(runs: list[tuple[int, float]]) -> None:
    """Zeros and huge overheads end in finite figures or in a reason."""
    ks, ws = [k for k, _ in runs], [w for _, w in runs]
    mixture = pairwise_share(ks, ws)
    assert mixture.outcome.reason or mixture.outcome.decision is not OPEN
    exponent = overhead_exponent(ks, ws)
    assert exponent.reason or exponent.m is not None
    assert exponent.m is None or math.isfinite(exponent.m)


def test_a_single_run_is_described() -> None:
    """ln(W/u)/ln k: 0.79 for a chain of four, 1.79 for a mesh of four."""
    assert single_trace_exponent(300, 100, 4) == pytest.approx(0.792, abs=1e-3)
    assert single_trace_exponent(1200, 100, 4) == pytest.approx(1.792, abs=1e-3)
    assert single_trace_exponent(0, 100, 4) is None
    assert imbalance([1, 1, 2]) == pytest.approx(1.5)
    assert imbalance([3, 3]) == 1
    assert imbalance([0, 0]) is None
    assert imbalance([]) is None


@given(
    st.floats(1, 1e4),
    st.floats(1, 1e4),
    st.floats(1, 1e3),
    st.sampled_from([1.2, 1.5, 1.8, 2.0]),
)
def test_the_seeds_curve_is_found_again(a: float, b: float, c: float, m: float) -> None:
    """Noiseless values of a + b/k + c k^m give the curve back."""
    ks = [1, 2, 3, 4, 6, 8, 12]
    curve = split_curve(ks, [a + b / k + c * k**m for k in ks])
    assert curve is not None
    for k in ks:
        assert curve.at(k) == pytest.approx(a + b / k + c * k**m, rel=1e-6)
    if curve.best is not None and curve.best > 1:
        assert curve.at(curve.best) <= min(curve.at(k) for k in ks) * (1 + 1e-9)


def test_curves_need_three_numbers_of_stages() -> None:
    """Two points, or no cost at all, are no curve; three have no exponent."""
    assert split_curve([1, 2], [3.0, 2.0]) is None
    assert split_curve([1, 2, 3], [0.0] * 3) is None
    three = split_curve([1, 2, 4], [10.0, 7.0, 9.0])
    assert three is not None
    assert three.m is None
    falling = split_curve([1, 2, 4, 8], [8.0, 4.0, 2.0, 1.0])
    assert falling is not None
    assert falling.best is None


@given(st.floats(0.5, 100), st.floats(0, 0.9), st.floats(0, 0.2))
def test_the_scalability_law_is_found_again(t1: float, s: float, c: float) -> None:
    """Noiseless latencies give contention, crosstalk and the best k back."""
    ks = [1, 2, 4, 8, 16]
    law = usl_fit(ks, [t1 * ((1 - s) / k + s + c * (k - 1)) for k in ks])
    assert law is not None
    assert law.single == pytest.approx(t1, rel=1e-6)
    assert law.serial == pytest.approx(s, abs=1e-6)
    assert law.crosstalk == pytest.approx(c, abs=1e-6)
    if c > 1e-3:
        assert law.best == pytest.approx(max(math.sqrt((1 - s) / c), 1), rel=1e-3)


def test_too_few_latencies_are_no_law() -> None:
    """Two numbers of stages, or none, cannot tell contention from crosstalk."""
    assert usl_fit([1, 2], [2.0, 1.0]) is None
    assert usl_fit([1, 2, 3], [0.0] * 3) is None
    with pytest.raises(ValueError, match="at least one stage"):
        usl_fit([0], [1.0])


def test_the_best_set_names_what_cannot_be_ruled_out() -> None:
    """A clear best is alone; with much noise its rivals stay; one case rules none."""
    dice = random.Random(2)  # noqa: S311 - repeatable samples
    clear = {
        k: [10 + abs(k - 3) + dice.gauss(0, 0.1) for _ in range(12)]
        for k in (1, 2, 3, 4)
    }
    found = best_k_set(clear)
    assert (found.best, found.members) == (3, (3,))
    assert found == best_k_set(clear)
    noisy = {k: [10 + dice.gauss(0, 3) for _ in range(12)] for k in (1, 2, 3, 4)}
    assert len(best_k_set(noisy).members) > 1
    one = best_k_set({1: [3.0], 2: [2.0]})
    assert one.members == (1, 2)
    assert "one case" in one.reason


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.dictionaries(
            st.integers(1, 9), st.lists(AMOUNTS, min_size=n, max_size=n), min_size=1
        )
    )
)
def test_every_choice_has_a_best(costs: dict[int, list[float]]) -> None:
    """The best is always a member, and shares add to one."""
    found = best_k_set(costs, rounds=20)
    assert found.best in found.members
    assert sum(found.shares.values()) == pytest.approx(1)


def test_stages_that_cannot_be_are_refused() -> None:
    """Overhead needs two stages, a choice needs cases of every k."""
    with pytest.raises(ValueError, match="at least two"):
        overhead_exponent([1], [1.0])
    with pytest.raises(ValueError, match="no number of stages"):
        best_k_set({})
    with pytest.raises(ValueError, match="no case"):
        best_k_set({1: []})
    with pytest.raises(ValueError, match="both sides"):
        best_k_set({1: [1.0], 2: []})
