"""Growth classes as users write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.growth_class import (
    GrowthClass,
    excess_term,
    growth_class,
)

CLASSES = st.builds(
    GrowthClass,
    power=st.sampled_from([0, 0.5, 1, 1.25, 1.5, 2, 3]),
    logs=st.integers(0, 3),
    base=st.sampled_from([1, 1.5, 2, 10]),
)


@pytest.mark.parametrize(
    ("text", "canonical", "excess"),
    [
        ("1", "1", "n"),
        ("log n", "log n", "n"),
        ("log(n)", "log n", "n"),
        ("sqrt(n)", "n^0.5", "n"),
        ("n", "n", "n^2"),
        ("O(n)", "n", "n^2"),
        ("nlogn", "n log n", "n^2"),
        ("n * log n", "n log n", "n^2"),
        ("n^1.5", "n^1.5", "n^2"),
        ("n**2", "n^2", "n^3"),
        ("n²", "n^2", "n^3"),
        ("n^1.9", "n^1.9", "n^3"),
        ("2^n", "2^n", "n 2^n"),
        ("n^2·2^n", "n^2 2^n", "n^3 2^n"),
        ("Θ(n Log^2 N)", "n log^2 n", "n^2"),
    ],
)
def test_notations_are_read(text: str, canonical: str, excess: str) -> None:
    """The forms that people write mean one class each, and have a next one up."""
    found = growth_class(text)
    assert str(found) == canonical
    assert str(excess_term(found)) == excess


@given(CLASSES)
def test_what_is_written_is_read_back(kind: GrowthClass) -> None:
    """Writing a class and reading it gives the class."""
    assert growth_class(str(kind)) == kind


@given(st.text("1n ^*·.0259logsqrt()O²x-", max_size=12))
def test_every_text_is_read_or_refused(text: str) -> None:
    """A text is a class, or an error that shows how to write one."""
    try:
        found = growth_class(text)
    except ValueError:
        return
    assert growth_class(str(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "2n", "quick", "n^", "n^-1", "m", "11", "1.5", "0.5^n", "n1", "n*"],
)
def test_what_is_no_class_is_refused(text: str) -> None:
    """Constants, other letters and shrinking classes are refused."""
    with pytest.raises(ValueError, match="cannot be read"):
        growth_class(text)


@given(CLASSES, st.floats(1e6, 1e9), st.floats(2, 100))
def test_the_next_class_up_grows_faster(
    kind: GrowthClass, large: float, times: float
) -> None:
    """At large sizes, where logarithms hardly move, the excess term falls faster."""
    small = large / times
    declared, excess = (one.relative(small, large) for one in (kind, excess_term(kind)))
    assert 0 <= excess <= declared


@given(st.floats(1, 1e6))
def test_the_formula_is_the_one_written(n: float) -> None:
    """n^1.5 log n at two sizes has the ratio that it has."""
    kind = growth_class("n^1.5 log n")
    wanted = (n / 64) ** 1.5 * math.log(n) / math.log(64)
    assert kind.relative(n, 64) == pytest.approx(wanted)


def test_sizes_beyond_floats_are_infinite_not_errors() -> None:
    """2^n relative to a much smaller size is infinite."""
    assert growth_class("2^n").relative(1e9, 10) == math.inf
    assert growth_class("2^n").relative(10, 1e9) == 0
