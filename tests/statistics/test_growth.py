"""Growth beyond the declared class."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.context_growth import context_growth
from pytest_agentflow.statistics.growth import Growth, growth_excess
from pytest_agentflow.statistics.outcome import Decision

PASS, FAIL, OPEN = Decision.PASS, Decision.FAIL, Decision.INCONCLUSIVE
SIZES = [1, 2, 4, 8, 16, 32] * 3
SEEDS = st.integers(0, 10_000)
TRUTHS: dict[str, Callable[[float], float]] = {
    "10 + n": lambda n: 10 + n,
    "n**0.7": lambda n: n**0.7,
    "1 + n * math.log(n)": lambda n: 1 + n * math.log(n),
    "n**1.25": lambda n: n**1.25,
    "n**1.5": lambda n: n**1.5,
    "100 + n * n": lambda n: 100 + n * n,
    "5": lambda _: 5,
    "5 + n": lambda n: 5 + n,
    "2 + math.log(n)": lambda n: 2 + math.log(n),
    "2 + n": lambda n: 2 + n,
    "3 + n * math.log(n)": lambda n: 3 + n * math.log(n),
    "3 + n * n": lambda n: 3 + n * n,
    "n**3": lambda n: n**3,
    "3 + 2**n": lambda n: 3 + 2**n,
    "3 + n * 2**n": lambda n: 3 + n * 2**n,
}


def noisy(
    truth: Callable[[float], float],
    seed: int = 1,
    noise: float = 0.05,
    sizes: Sequence[float] = SIZES,
) -> list[float]:
    """Tokens of one run at each size, with relative noise."""
    dice = random.Random(seed)  # noqa: S311 - repeatable samples
    return [200 * truth(n) * dice.lognormvariate(0, noise) for n in sizes]


@pytest.mark.parametrize(
    ("declared", "truth", "decision"),
    [
        ("n", "10 + n", PASS),
        ("n", "n**0.7", PASS),
        ("n", "1 + n * math.log(n)", FAIL),
        ("n", "n**1.25", FAIL),
        ("n", "n**1.5", FAIL),
        ("n", "100 + n * n", FAIL),
        ("1", "5", PASS),
        ("1", "5 + n", FAIL),
        ("log n", "2 + math.log(n)", PASS),
        ("log n", "2 + n", FAIL),
        ("n log n", "3 + n * math.log(n)", PASS),
        ("n log n", "3 + n * n", FAIL),
        ("n^2", "3 + n * n", PASS),
        ("n^2", "n**3", FAIL),
        ("2^n", "3 + 2**n", PASS),
        ("2^n", "3 + n * 2**n", FAIL),
    ],
)
def test_growth_is_told_from_growth(
    declared: str, truth: str, decision: Decision
) -> None:
    """At 2 % noise the declared class passes and the next one fails."""
    growth = growth_excess(SIZES, noisy(TRUTHS[truth], noise=0.02), declared=declared)
    assert growth.decision is decision


@given(SEEDS, st.sampled_from(["1", "log n", "n", "n log n", "n^1.5", "n^2"]))
def test_the_test_is_that_of_numpy_and_scipy(seed: int, declared: str) -> None:
    """Estimate, bounds, noise and projection agree to 1e-9 with matrix algebra."""
    np = pytest.importorskip("numpy")
    stats = pytest.importorskip("scipy.stats")
    values = noisy(lambda n: 5 + n + 0.02 * n * n, seed, 0.1)
    growth = growth_excess(SIZES, values, declared=declared)
    n, y = np.array(SIZES, float), np.array(values)
    forms = {
        "1": (None, lambda x: x),
        "log n": (np.log, lambda x: x),
        "n": (lambda x: x, lambda x: x**2),
        "n log n": (lambda x: x * np.log(x), lambda x: x**2),
        "n^1.5": (lambda x: x**1.5, lambda x: x**2),
        "n^2": (lambda x: x**2, lambda x: x**3),
    }
    terms = [np.ones_like, *filter(None, forms[declared])]

    def design(sizes: object) -> object:
        return np.column_stack([term(sizes) for term in terms])

    x = design(n)
    level = np.array([y[n == m].mean() for m in n])
    deviation = level
    for _ in range(3):
        coefficients, *_ = np.linalg.lstsq(
            x / deviation[:, None], y / deviation, rcond=None
        )
        last, deviation = deviation, np.maximum(x @ coefficients, 0.1 * level)
    weighted = x / last[:, None]
    residual = y / last - weighted @ coefficients
    df = len(y) - x.shape[1]
    variance = max(residual @ residual / df, 0.005**2)
    covariance = variance * np.linalg.inv(weighted.T @ weighted)
    top = design(np.array([32.0]))[0]
    outcome = growth.outcome
    share = coefficients[-1] * top[-1] / (top @ coefficients)
    assert outcome.estimate == pytest.approx(share, abs=1e-9)
    for bound, t in ((outcome.lower, 1), (outcome.upper, -1)):
        contrast = -bound * top
        contrast[-1] += top[-1]
        error = np.sqrt(contrast @ covariance @ contrast)
        wanted = t * stats.t.ppf(0.95, df)
        assert contrast @ coefficients / error == pytest.approx(wanted, abs=1e-7)
    projection = growth.project(100)
    assert (projection.value is None) == (growth.decision is OPEN)
    if growth.decision is FAIL:
        far = design(np.array([100.0]))[0]
        assert projection.value == pytest.approx(far @ coefficients, rel=1e-8)
        spread = stats.t.ppf(0.95, df) * np.sqrt(far @ covariance @ far)
        assert projection.upper == pytest.approx(far @ coefficients + spread, rel=1e-8)


@given(SEEDS, st.floats(1e-6, 1e6), st.sampled_from(["n", "n log n"]))
def test_the_unit_does_not_matter(seed: int, unit: float, declared: str) -> None:
    """Tokens, thousands of tokens and dollars give the same share."""
    values = noisy(lambda n: 5 + n**1.2, seed)
    plain = growth_excess(SIZES, values, declared=declared).outcome
    scaled = growth_excess(SIZES, [unit * y for y in values], declared=declared).outcome
    assert scaled.estimate == pytest.approx(plain.estimate, abs=1e-6)
    assert scaled.decision is plain.decision


@given(SEEDS, st.floats(0.01, 0.5), st.floats(0, 0.4))
def test_more_materiality_is_never_harder(seed: int, least: float, more: float) -> None:
    """What passes with a small excess allowed passes with a larger one."""
    values = noisy(lambda n: 5 + n**1.2, seed)
    order = [FAIL, OPEN, PASS]
    tight = growth_excess(SIZES, values, declared="n", materiality=least)
    wide = growth_excess(SIZES, values, declared="n", materiality=least + more)
    assert order.index(tight.decision) <= order.index(wide.decision)


@given(st.permutations(list(range(18))))
def test_the_order_of_runs_does_not_matter(order: list[int]) -> None:
    """Runs are a set."""
    values = noisy(lambda n: 5 + n**1.2)
    plain = growth_excess(SIZES, values, declared="n").outcome
    mixed = growth_excess(
        [SIZES[k] for k in order], [values[k] for k in order], declared="n"
    ).outcome
    assert mixed.lower == pytest.approx(plain.lower, abs=1e-9)


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ([1, 2, 4, 8] * 3, "4 sizes; a pass needs 5"),
        ([1, 2, 3, 4, 5, 6] * 3, "span 6 times; a pass needs 16"),
        ([1, 2, 4, 8, 16, 32] * 2, "2 of a size; a pass needs 3"),
        ([7] * 9, "1 size cannot show growth"),
        ([1, 50] * 9, "2 sizes cannot show growth"),
        ([1, 5, 50] * 9, "3 sizes cannot show growth"),
        ([], "no value"),
    ],
)
def test_a_thin_design_never_passes(sizes: list[float], reason: str) -> None:
    """Too few sizes, too narrow or too few cases are INCONCLUSIVE, and say so."""
    values = noisy(lambda n: 5 + n, noise=0.001, sizes=sizes)
    outcome = growth_excess(sizes, values, declared="n").outcome
    assert outcome.decision is OPEN
    assert reason in outcome.reason


def test_exponential_classes_span_in_what_they_grow_with() -> None:
    """Six sizes span 32 in 2^n: 2^n passes there, and n 2^n, 2.5^n and more do not."""
    sizes = [1, 2, 3, 4, 5, 6] * 3
    truths: dict[Decision, list[Callable[[float], float]]] = {
        PASS: [lambda n: 3 + 2**n, lambda n: 3 + 1.8**n, lambda n: 3 + n**3],
        FAIL: [
            lambda n: 3 + n * 2**n,
            lambda n: 3 + 2.5**n,
            lambda n: 3 + n * n * 2**n,
        ],
    }
    for decision, found in truths.items():
        for truth in found:
            values = noisy(truth, noise=0.005, sizes=sizes)
            assert growth_excess(sizes, values, declared="2^n").decision is decision


def test_five_sizes_in_a_row_are_enough_for_two_to_the_n() -> None:
    """They span 16 times to the letter; of 1.9^n they do not."""
    sizes = [1, 2, 3, 4, 5] * 3
    for base, decision in ((2.0, PASS), (1.9, OPEN)):
        values = [base**n for n in sizes]
        growth = growth_excess(sizes, values, declared=f"{base:g}^n")
        assert growth.decision is decision


@given(SEEDS, st.floats(0.15, 0.9), st.sampled_from([[1, 2, 3, 4, 5], [4, 5, 6, 7, 8]]))
def test_what_lies_beyond_an_exponential_class_does_not_pass(
    seed: int, excess: float, few: list[float]
) -> None:
    """Of five sizes in a row, with a share of n 2^n above the materiality."""
    largest = max(few)
    base = 3 + 2**largest
    factor = excess / (1 - excess) * base / (largest * 2**largest)

    def truth(n: float) -> float:
        return 3 + 2**n + factor * n * 2**n

    values = noisy(truth, seed, 0.001, few * 3)
    assert growth_excess(few * 3, values, declared="2^n").decision is not PASS


def test_an_exponential_that_hardly_grew_does_not_pass() -> None:
    """1.01^n over sizes that span 32 is all but constant: it would prove nothing."""
    outcome = growth_excess(SIZES, [1.01**n for n in SIZES], declared="1.01^n").outcome

    assert outcome.decision is OPEN
    assert "span in 1.01^n 1.36 times; a pass needs 16" in outcome.reason


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_a_further_value_on_the_curve_seldom_lies_beyond_it(noise: float) -> None:
    """In at most 5 % by any share, and one of twice the value is seen."""
    alarms = 0
    for seed in range(400):
        *values, last = noisy(lambda n: 5 + n, seed, noise, [*SIZES, 16])
        growth = growth_excess(SIZES, values, declared="n")
        lower = growth.beyond(16, last, alpha=0.05)
        assert lower is not None
        alarms += lower > 0
        assert (growth.beyond(16, 2 * last, alpha=0.05) or 0) > 0.1
    assert alarms <= 0.08 * 400


@given(SEEDS, st.floats(1, 100), st.floats(1e-3, 1e9), st.floats(1e-3, 1e9))
def test_more_lies_further_beyond(
    seed: int, n: float, one: float, other: float
) -> None:
    """The bound rises with the value and is never the whole of it."""
    growth = growth_excess(SIZES, noisy(lambda n: 5 + n, seed), declared="n")
    low, high = (growth.beyond(n, v, alpha=0.05) for v in sorted((one, other)))

    assert low is not None
    assert high is not None
    assert low <= high <= 1
    assert growth.beyond(n, 0, alpha=0.05) is None


def test_a_thin_design_may_still_fail() -> None:
    """A blatant excess is seen with one case of each of four sizes."""
    sizes = [4, 8, 16, 32]
    growth = growth_excess(sizes, [9 + 100 * n for n in sizes], declared="1")
    assert growth.decision is FAIL


def test_calls_counted_exactly_need_one_case_a_size() -> None:
    """Deterministic counts are compared as they are, without a bound."""
    sizes = [1, 2, 4, 8, 16, 32]
    linear = growth_excess(sizes, [3 + 2 * n for n in sizes], declared="n", exact=True)
    assert linear.decision is PASS
    assert linear.outcome.estimate == pytest.approx(0, abs=1e-9)
    assert linear.outcome.alpha is None
    square = growth_excess(sizes, [3 + n * n for n in sizes], declared="n", exact=True)
    assert square.decision is FAIL
    assert square.outcome.estimate == pytest.approx(1024 / 1027, abs=1e-9)


def test_steps_of_a_batch_are_no_growth() -> None:
    """Four pages a call look like growth until the batch is declared."""
    sizes = [1, 2, 4, 8, 16, 32, 64] * 3
    values = noisy(lambda n: math.ceil(n / 4), noise=0.01, sizes=sizes)
    assert growth_excess(sizes, values, declared="n").decision is FAIL
    assert growth_excess(sizes, values, declared="n", batch=4).decision is PASS


def test_doubling_and_projection_name_what_is_to_come() -> None:
    """A quadratic workflow takes four times as much at twice the size."""
    growth = growth_excess(SIZES, [n * n for n in SIZES], declared="n")
    assert growth.doubling == pytest.approx(4, abs=1e-6)
    assert growth.doubling_declared is not None
    assert growth.doubling_declared < 3
    projection = growth.project(320)
    assert projection.times == 10
    assert projection.value == pytest.approx(320 * 320, rel=1e-6)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 1.5, 2, 3, 50, 1e15]),
            st.one_of(st.just(0.0), st.floats(0, 1.7e308)),
        ),
        max_size=25,
    ),
    st.sampled_from(["1", "log n", "n", "n^2", "2^n", "n^99"]),
    st.booleans(),
    st.integers(1, 5),
)
def test_every_set_of_runs_has_an_answer(
    runs: list[tuple[float, float]], declared: str, exact: bool, batch: int
) -> None:
    """Zeros, huge values and single sizes end in an answer with finite figures."""
    growth = growth_excess(
        [n for n, _ in runs],
        [y for _, y in runs],
        declared=declared,
        exact=exact,
        batch=batch,
    )
    check_total(growth)


def check_total(growth: Growth) -> None:
    """A decision has figures, an open one a reason, and nothing is infinite."""
    outcome = growth.outcome
    for figure in (outcome.estimate, outcome.lower, outcome.upper, growth.doubling):
        assert figure is None or math.isfinite(figure)
    assert outcome.reason if outcome.decision is OPEN else outcome.upper is not None
    for figure in (growth.project(1e6).value, growth.project(1e6).upper):
        assert figure is None or math.isfinite(figure)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_values_that_cannot_be_are_refused(bad: float) -> None:
    """The place of the unknown or negative value is named."""
    with pytest.raises(ValueError, match=r"values\[0\] is"):
        growth_excess([1, 2], [bad, 1.0], declared="n")
    with pytest.raises(ValueError, match=r"prompt_tokens\[0\] is"):
        context_growth([bad])


def test_arguments_that_make_no_sense_are_refused() -> None:
    """Sizes count items, batches too; a materiality is a share."""
    with pytest.raises(ValueError, match=r"sizes\[0\] is 0"):
        growth_excess([0], [1.0], declared="n")
    with pytest.raises(ValueError, match="batch=0"):
        growth_excess([1], [1.0], declared="n", batch=0)
    with pytest.raises(ValueError, match="materiality=1"):
        growth_excess([1], [1.0], declared="n", materiality=1)
    with pytest.raises(ValueError, match="paired"):
        growth_excess([1, 2], [1.0], declared="n")


@pytest.mark.parametrize(
    ("prompts", "decision"),
    [
        ([1000, 1003, 998, 1001, 999, 1002, 1000, 1001], PASS),
        ([1000 + 150 * k for k in range(8)], FAIL),
        ([1000, 1003, 998, 1001], OPEN),
        ([1000, 1000], OPEN),
        ([0] * 10, OPEN),
        ([], OPEN),
        ([900, 1500, 700, 1600, 800, 1400, 1200], OPEN),
    ],
)
def test_context_within_one_run(prompts: list[float], decision: Decision) -> None:
    """A constant context passes, an accumulating one fails, a wild one is open."""
    growth = context_growth(prompts)
    assert growth.decision is decision
    check_total_context(growth)


@given(st.lists(st.one_of(st.just(0.0), st.floats(0, 1e300)), max_size=20))
def test_every_run_has_an_answer(prompts: list[float]) -> None:
    """Any list of prompts ends in an answer."""
    check_total_context(context_growth(prompts))


def check_total_context(growth: Growth) -> None:
    """A decision has finite figures, an open one a reason."""
    assert growth.outcome.reason or growth.decision is not OPEN
    for figure in (growth.outcome.estimate, growth.outcome.upper):
        assert figure is None or math.isfinite(figure)
