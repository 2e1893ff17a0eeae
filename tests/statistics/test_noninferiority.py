"""Quality at most a margin worse: pass and fail, and scores."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_agentflow.statistics.noninferiority import (
    noninferior,
    noninferior_scores,
    tango_bounds,
)
from pytest_agentflow.statistics.outcome import Decision

PASS, FAIL, OPEN = Decision.PASS, Decision.FAIL, Decision.INCONCLUSIVE
COUNTS = st.integers(1, 300).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda b: st.tuples(st.just(b), st.integers(0, n - b), st.just(n))
    )
)
ANSWERS = st.sampled_from([True, False, None])


def sides(
    both: int, gained: int, lost: int, neither: int = 0
) -> tuple[list[bool], ...]:
    """Both sides' results from the four counts of a paired table."""
    pairs = [
        *[(True, True)] * both,
        *[(True, False)] * gained,
        *[(False, True)] * lost,
        *[(False, False)] * neither,
    ]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_the_published_interval_comes_out() -> None:
    """Airway reactivity of 21 children (Fagerland et al. 2014): -0.517 to -0.026."""
    found = tango_bounds(1, 7, 21, alpha=0.025)
    assert found == pytest.approx((-0.517, -0.026), abs=5e-4)


@given(COUNTS, st.sampled_from([0.01, 0.025, 0.05, 0.2]))
def test_the_bounds_solve_the_published_quartic(
    counts: tuple[int, int, int], alpha: float
) -> None:
    """They are the roots of Yang, Sun and Hardin's non-iterative form (2012)."""
    numpy = pytest.importorskip("numpy")
    stats = pytest.importorskip("scipy.stats")
    b, c, n = counts
    assume(b != c)
    g, d = stats.norm.ppf(1 - alpha) ** 2, b - c
    coefficients = [
        n**2 * (n / g + 1) ** 2,
        -n * d * (n / g + 1) * (4 * n / g + 1),
        2 * n * d**2 * (3 * n / g + 2) / g - n**2 * ((b + c) / g + 1),
        n * d * (2 * (b + c) / g + 1) - d**3 * (4 * n / g + 1) / g,
        d**2 * (d**2 / g - (b + c)) / g,
    ]
    lower, upper = tango_bounds(b, c, n, alpha=alpha)
    size = sum(map(abs, coefficients))
    for bound in (lower, upper):
        assume(abs(bound) < 1)
        assert abs(numpy.polyval(coefficients, bound)) < 1e-9 * size


@given(st.integers(1, 500), st.sampled_from([0.025, 0.05, 0.2]))
def test_agreement_in_all_cases_leaves_a_width(n: int, alpha: float) -> None:
    """Without a discordant pair the bound is z^2 / (n + z^2), as Wilson's."""
    stats = pytest.importorskip("scipy.stats")
    zz = stats.norm.ppf(1 - alpha) ** 2
    found = tango_bounds(0, 0, n, alpha=alpha)
    assert found == pytest.approx((-zz / (n + zz), zz / (n + zz)), abs=1e-9)


@given(COUNTS)
def test_swapping_the_sides_mirrors_the_bounds(counts: tuple[int, int, int]) -> None:
    """They surround the difference, within -1 and 1, whichever side comes first."""
    b, c, n = counts
    lower, upper = tango_bounds(b, c, n)
    assert -1 <= lower <= (b - c) / n <= upper <= 1
    assert tango_bounds(c, b, n) == pytest.approx((-upper, -lower))


@given(COUNTS)
def test_one_more_win_never_lowers_a_bound(counts: tuple[int, int, int]) -> None:
    """A case moved in favour of the first side raises both bounds or leaves them."""
    b, c, n = counts
    lower, upper = tango_bounds(b, c, n)
    moved = [(b + 1, c)] * (b + c < n) + [(b, c - 1)] * (c > 0)
    for wins, losses in moved:
        better = tango_bounds(wins, losses, n)
        assert better[0] >= lower - 1e-12
        assert better[1] >= upper - 1e-12


@pytest.mark.parametrize(
    ("counts", "margin", "decision"),
    [
        ((90, 4, 4, 2), 0.10, PASS),
        ((70, 2, 28), 0.10, FAIL),
        ((18, 1, 1), 0.10, OPEN),
        ((50, 0, 0), 0.06, PASS),
        ((50, 0, 0), 0.05, OPEN),
    ],
)
def test_the_three_answers(
    counts: tuple[int, ...], margin: float, decision: Decision
) -> None:
    """Many cases decide, few do not, and even perfect ones have their margin."""
    outcome = noninferior(*sides(*counts), margin=margin)
    assert outcome.decision is decision
    assert bool(outcome.reason) == (decision is OPEN)
    assert outcome.n == sum(counts)


def test_the_cases_said_to_decide_do() -> None:
    """The same shares of pairs over so many cases pass."""
    outcome = noninferior(*sides(18, 1, 1), margin=0.10)
    assert outcome.n_to_decide
    times = math.ceil(outcome.n_to_decide / 20)
    more = noninferior(*sides(18 * times, times, times), margin=0.10)
    assert more.decision is PASS


@given(st.lists(st.tuples(ANSWERS, ANSWERS), max_size=40), st.floats(0, 0.99))
def test_every_set_of_results_has_an_answer(
    pairs: list[tuple[bool | None, bool | None]], margin: float
) -> None:
    """Undecided results never decide for either side."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    outcome = noninferior(first, second, margin=margin)
    dice = random.Random(len(pairs))  # noqa: S311 - repeatable samples
    ended = [
        [dice.random() < 0.5 if x is None else x for x in s] for s in (first, second)
    ]
    if outcome.decision is not OPEN:
        assert noninferior(*ended, margin=margin).decision is outcome.decision
    else:
        assert outcome.reason


def test_undecided_cases_say_so() -> None:
    """What is missing are decisions, not cases."""
    outcome = noninferior([None] * 30, [True] * 30, margin=0.1)
    assert outcome.estimate is None
    assert outcome.n_to_decide is None
    assert "undecided" in outcome.reason


@given(COUNTS, st.floats(0, 0.5), st.floats(0, 0.4))
def test_a_wider_margin_is_never_harder(
    counts: tuple[int, int, int], margin: float, more: float
) -> None:
    """What passes at one margin passes at a wider one."""
    b, c, n = counts
    first, second = sides(n - b - c, b, c)
    order = [FAIL, OPEN, PASS]
    tight = noninferior(first, second, margin=margin)
    wide = noninferior(first, second, margin=margin + more)
    assert order.index(tight.decision) <= order.index(wide.decision)
    supported = tight.supported
    assert supported is not None
    if supported < 0.99:
        above = noninferior(first, second, margin=supported + 1e-9)
        assert above.decision is PASS


def test_a_difference_all_but_at_the_margin_needs_too_many_cases() -> None:
    """A score of nearly nothing ends in no number, not in an overflow."""
    for lost in range(1, 60):
        margin = lost / 60 + 1e-300
        outcome = noninferior(*sides(60 - lost, 0, lost), margin=margin)
        assert outcome.decision is OPEN
        assert outcome.n_to_decide is None


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    """Discordant cases are among the cases."""
    with pytest.raises(ValueError, match="discordant cases"):
        tango_bounds(*counts)


@pytest.mark.parametrize("margin", [-0.1, 1.0, math.nan])
def test_a_margin_is_a_share(margin: float) -> None:
    """A loss of pass rate lies between 0 and 1."""
    with pytest.raises(ValueError, match="margin="):
        noninferior([True], [True], margin=margin)


def scores(seed: int, n: int, loss: float) -> tuple[list[float], list[float]]:
    """Paired scores, the first side lower by about `loss`."""
    dice = random.Random(seed)  # noqa: S311 - repeatable samples
    second = [dice.uniform(0.5, 0.9) for _ in range(n)]
    return [x - loss + dice.gauss(0, 0.05) for x in second], second


@given(st.integers(0, 1000), st.floats(0.01, 0.3))
def test_scores_are_judged_by_scipys_paired_t(seed: int, margin: float) -> None:
    """PASS where scipy's one-sided p is below 5 %, and nowhere else."""
    stats = pytest.importorskip("scipy.stats")
    first, second = scores(seed, 25, 0.05)
    outcome = noninferior_scores(first, second, margin=margin)
    shifted = [x + margin for x in first]
    p = stats.ttest_rel(shifted, second, alternative="greater").pvalue
    assume(abs(p - 0.05) > 1e-9)
    assert (outcome.decision is PASS) == (p < 0.05)
    q = stats.ttest_rel(shifted, second, alternative="less").pvalue
    assert (outcome.decision is FAIL) == (q < 0.05)
    interval = stats.ttest_rel(first, second).confidence_interval(0.90)
    assert (outcome.lower, outcome.upper) == pytest.approx(
        (interval.low, interval.high), abs=1e-9
    )


def test_perfect_scores_on_both_sides_need_the_scale() -> None:
    """50 perfect pairs support a margin of 6 % on a known scale, else nothing."""
    ones = [1.0] * 50
    assert noninferior_scores(ones, ones, margin=0.1).decision is OPEN
    known = noninferior_scores(ones, ones, margin=0.1, scale=(0, 1))
    assert known.decision is PASS
    assert known.supported == pytest.approx(1 - 0.05 ** (1 / 50))


def test_few_scores_decide_nothing() -> None:
    """Nineteen cases are INCONCLUSIVE however clear they look."""
    outcome = noninferior_scores(*scores(1, 19, 0.0), margin=0.3)
    assert outcome.decision is OPEN
    assert "too few" in outcome.reason


@given(
    st.lists(st.tuples(st.floats(-1e308, 1e308), st.floats(-1e308, 1e308)), max_size=9),
    st.floats(0, 1e6),
)
def test_every_set_of_scores_has_an_answer(
    pairs: list[tuple[float, float]], margin: float
) -> None:
    """Huge, equal and missing scores end in an answer with finite bounds."""
    outcome = noninferior_scores(
        [a for a, _ in pairs], [b for _, b in pairs], margin=margin, minimum=2
    )
    for bound in (outcome.lower, outcome.upper):
        assert bound is None or math.isfinite(bound)
    assert outcome.reason or outcome.decision is not OPEN


def test_scores_that_are_none_are_refused() -> None:
    """NaN, a score off its scale and a scale upside down name themselves."""
    with pytest.raises(ValueError, match=r"first\[0\] is nan"):
        noninferior_scores([math.nan], [1.0], margin=0.1)
    with pytest.raises(ValueError, match="off the scale"):
        noninferior_scores([1.5], [1.0], margin=0.1, scale=(0, 1))
    with pytest.raises(ValueError, match="smallest score, then the largest"):
        noninferior_scores([1.0], [1.0], margin=0.1, scale=(1, 0))
    with pytest.raises(ValueError, match="margin="):
        noninferior_scores([1.0], [1.0], margin=-0.1)
