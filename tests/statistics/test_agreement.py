"""Cohen's kappa and its interval by group."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.agreement import agreement, cohen_kappa

_PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def _exact(pairs: list[tuple[bool, bool]]) -> Fraction | None:
    """Compute (po - pe) / (1 - pe) as Cohen writes it."""
    n = len(pairs)
    observed = Fraction(sum(a == b for a, b in pairs), n)
    one, other = (
        Fraction(sum(a for a, _ in pairs), n),
        Fraction(sum(b for _, b in pairs), n),
    )
    chance = one * other + (1 - one) * (1 - other)
    return None if chance == 1 else (observed - chance) / (1 - chance)


@given(_PAIRS)
def test_kappa_is_cohens(pairs: list[tuple[bool, bool]]) -> None:
    """It equals the definition in exact arithmetic; 0 where that has no value."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert cohen_kappa(first, second) == pytest.approx(float(_exact(pairs) or 0))


def test_kappa_of_a_published_table() -> None:
    """The example of Cohen's coefficient on Wikipedia: 20, 5, 10, 15 of 50 give 0.4."""
    first = [True] * 25 + [False] * 25
    second = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


def test_a_rater_that_always_says_the_same_has_no_kappa() -> None:
    """92 % of claims are faithful: calling all so agrees on 92 % and knows nothing."""
    labels = [True] * 92 + [False] * 8
    assert cohen_kappa(labels, [True] * 100) == 0
    assert cohen_kappa([True] * 9, [True] * 9) == 0


@given(_PAIRS, st.integers(1, 9), st.integers(0, 5))
def test_the_interval_holds_kappa_and_does_not_mind_names(
    pairs: list[tuple[bool, bool]], number: int, seed: int
) -> None:
    """It is the same for the same seed, whatever groups are called."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    groups = [n % number for n in range(len(pairs))]
    one = agreement(first, second, groups, seed=seed, resamples=80)
    assert -1 <= one.low <= one.kappa <= one.high <= 1
    assert one.items == len(pairs)
    named = [f"source {group}" for group in groups]
    assert agreement(first, second, named, seed=seed, resamples=80) == one


def test_dependent_claims_widen_the_interval() -> None:
    """Twenty claims of each of ten sources tell no more than ten sources do."""
    draw = random.Random(7)  # noqa: S311
    first, second, groups = [], [], []
    for source in range(10):
        label, agrees = draw.random() < 0.5, draw.random() < 0.7
        first += [label] * 20
        second += [label if agrees else not label] * 20
        groups += [source] * 20
    by_source = agreement(first, second, groups)
    by_claim = agreement(first, second, range(200))
    assert by_source.high - by_source.low > 2 * (by_claim.high - by_claim.low)


def test_one_source_says_nothing_of_others() -> None:
    """The interval is all that kappa can be."""
    one = agreement([True, False] * 30, [True, False] * 30, ["a"] * 60)
    assert (one.kappa, one.low, one.high) == (1, -1, 1)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """About 95 of 100 intervals hold the kappa that the ratings were drawn with."""
    draw, held = random.Random(3), 0  # noqa: S311
    for seed in range(100):
        first = [draw.random() < 0.5 for _ in range(120)]
        second = [a if draw.random() < 0.8 else not a for a in first]
        one = agreement(first, second, range(120), seed=seed, resamples=200)
        held += one.low <= 0.6 <= one.high  # 2 * 0.8 - 1
    assert held >= 88


@pytest.mark.parametrize(("first", "second"), [([], []), ([True], [])])
def test_what_cannot_be_compared_is_refused(
    first: list[bool], second: list[bool]
) -> None:
    """No items, and different numbers of them."""
    with pytest.raises(ValueError, match="ratings"):
        cohen_kappa(first, second)


def test_groups_must_be_as_many_as_ratings() -> None:
    """A group is told for each item."""
    with pytest.raises(ValueError, match="groups of 1"):
        agreement([True, False], [True, False], ["a"])
