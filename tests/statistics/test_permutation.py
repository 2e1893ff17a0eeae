"""Labels dealt again and again: the test's level, its symmetry, Holm's steps."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.permutation import (
    Permutation,
    Statistic,
    holm,
    permutation_test,
)


def means(values: Sequence[float]) -> Statistic:
    """How much larger the first side's mean is."""

    def statistic(first: Sequence[int], second: Sequence[int]) -> float:
        one = sum(values[i] for i in first) / len(first)
        return one - sum(values[i] for i in second) / len(second)

    return statistic


def test_all_ways_of_dealing_are_counted_where_they_are_few() -> None:
    """3 against 3: one of the 20 ways is as extreme; swapping 3 pairs, one of 8."""
    statistic = means([4, 5, 6, 1, 2, 3])

    assert permutation_test(statistic, 3, 3) == Permutation(
        observed=3, p=1 / 20, rounds=20, exact=True, paired=False
    )
    assert permutation_test(statistic, 3, 3, paired=True).p == 1 / 8


def test_drawn_ways_come_near_to_all_of_them() -> None:
    """With 4 against 4, 20 000 draws give the exact chance to within a hundredth."""
    values = [3.1, 2.7, 4.0, 2.2, 1.9, 3.0, 2.4, 2.5]
    exact = permutation_test(means(values), 4, 4)
    drawn = permutation_test(means(values * 3), 12, 12, rounds=500)

    assert exact.exact
    assert not drawn.exact
    pair = permutation_test(means(values), 4, 4, rounds=69, seed=3)
    assert not pair.exact
    assert pair.p == pytest.approx(exact.p, abs=0.1)


def test_the_level_is_kept() -> None:
    """Of 400 comparisons of equals, at most 7 % are called different at 5 %."""
    chance = random.Random(5)  # noqa: S311 - no secret
    alarms = sum(
        permutation_test(
            means([chance.gauss(0, 1) for _ in range(16)]), 8, 8, rounds=199, seed=n
        ).p
        <= 0.05
        for n in range(400)
    )

    assert 4 <= alarms <= 28


def test_what_is_no_comparison_is_refused() -> None:
    """Empty sides, pairs that are none, and no rounds."""
    for first, second, paired, rounds in ((0, 2, 0, 9), (2, 3, 1, 9), (2, 2, 0, 0)):
        with pytest.raises(ValueError, match=r"at least 1|are no pairs"):
            permutation_test(
                means([1] * 9), first, second, paired=bool(paired), rounds=rounds
            )


VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=20)


@given(VALUES, st.integers(1, 19), st.booleans(), st.integers(0, 5))
def test_a_p_value_is_a_chance_and_no_zero(
    values: list[int], cut: int, paired: bool, seed: int
) -> None:
    """It lies above 0 and up to 1, and the same seed gives it again."""
    first = len(values) // 2 if paired else min(cut, len(values) - 1)
    second = first if paired else len(values) - first
    one, other = (
        permutation_test(
            means(values), first, second, paired=paired, rounds=40, seed=seed
        )
        for _ in range(2)
    )

    assert one == other
    assert 0 < one.p <= 1


@given(VALUES, st.integers(-9, 9), st.integers(1, 9))
def test_moving_and_stretching_all_values_changes_no_p(
    values: list[int], shift: int, stretch: int
) -> None:
    """The test knows no unit."""
    half = len(values) // 2
    moved = [shift + stretch * value for value in values]
    before = permutation_test(means(values), half, half, rounds=60)
    after = permutation_test(means(moved), half, half, rounds=60)

    assert before.p == after.p


@given(VALUES)
def test_both_directions_together_cover_all(values: list[int]) -> None:
    """One side or the other is at least as large in every dealing."""
    half = len(values) // 2
    swapped = values[half : 2 * half] + values[:half]
    there = permutation_test(
        means(values), half, half, rounds=200_000 if half < 5 else 9
    )
    back = permutation_test(
        means(swapped), half, half, rounds=200_000 if half < 5 else 9
    )

    if there.exact and back.exact:
        assert there.p + back.p >= 1


def test_holm_steps_down() -> None:
    """The smallest is multiplied by all, the next by one less, and none overtakes."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    with pytest.raises(ValueError, match="no p-values"):
        holm([1.2])


@given(st.lists(st.floats(0, 1)))
def test_holm_only_raises_and_keeps_the_order(values: list[float]) -> None:
    """No adjusted p is below its own, above 1, or out of order."""
    adjusted = holm(values)
    pairs = sorted(zip(values, adjusted, strict=True))

    assert all(p <= q <= 1 for p, q in pairs)
    assert [q for _, q in pairs] == sorted(adjusted)
