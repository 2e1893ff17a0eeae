"""How the arguments of a check are shown."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.expression import parse_check
from pytest_agentflow.checking.written import written

amounts = st.floats(1e-20, 1e20) | st.integers(-(10**9), 10**9)
plain_values = st.recursive(
    amounts | st.booleans() | st.none() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.000044, "0.000044"),
        (Decimal("4.4E-5"), "0.000044"),
        ({"artist": 2e-05}, "{'artist': 0.00002}"),
        ([1e-9, (1e-5,)], "[0.000000001, (0.00001,)]"),
        (1e16, "10000000000000000.0"),
        (0.10, "0.1"),
        (True, "True"),
        ("AA", '"AA"'),
        (Path("a/b.yaml"), '"a/b.yaml"'),
        (1e-300, "1e-300"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_is_written_without_exponent(value: object, text: str) -> None:
    """Nobody reads a budget of 4.4e-05 dollars."""
    assert written(value) == text


@given(amounts | st.lists(plain_values) | st.dictionaries(st.text(), plain_values))
def test_what_is_written_reads_as_the_value(value: Any) -> None:
    """It can be pasted back."""
    assert ast.literal_eval(written(value)) == value


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_any_amount_is_written_shortly(amount: Decimal) -> None:
    """A price file may hold any number; its noughts do not fill the screen."""
    digits = len(amount.as_tuple().digits)
    assert len(written(amount)) < digits + 60


@given(st.floats(1e-12, 1e12))
def test_a_budget_is_the_same_however_it_was_written(budget: float) -> None:
    """The text of a check is the check again."""
    check = parse_check(f"cost(total={budget!r})")
    assert "e" not in str(check).partition("=")[2]
    assert parse_check(str(check)) == check


@af.check("own.dust")
def dust(run: af.Run, *, share: float = 0.00002) -> Iterator[object]:
    """There is hardly any dust."""
    yield from ()


def test_a_default_is_shown_without_exponent() -> None:
    """What ``--markers`` lists can be pasted, too."""
    assert dust.form == "own.dust(*, share: float = 0.00002)"
