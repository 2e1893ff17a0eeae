"""A check that is called wrongly says so in a sentence."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

COST = (
    "total=, stages=, shares=, tokens=, input_tokens=, output_tokens=, "
    "reasoning_tokens=, min_cached=, context=, calls=, retries=, latency=, images=, "
    "max_growth=, against=, cost_model=, currency="
)


@af.check("own.crumbs")
def crumbs(run: af.Run, where: str, *, most: int = 3) -> Iterator[object]:
    """Few crumbs are left.

    Args:
        run: the run.
        where: table or floor.
        most: crumbs that
            may be left; a quantity.
    """
    yield from ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cost(seconds=3)", "cost takes no argument 'seconds'; did you mean latency=?"),
        ("cost(totl=1)", "cost takes no argument 'totl'; did you mean total=?"),
        ("cost(stict=True)", "cost takes no argument 'stict'; did you mean strict=?"),
        ("cost(zebra=1)", "cost takes no argument 'zebra'."),
        ("cost(1, total=2)", "cost was given total= twice."),
        ("cost(1, 2)", "cost: too many positional arguments."),
    ],
)
def test_the_wrong_argument_of_a_shipped_check_is_named(text: str, told: str) -> None:
    """Which it was, what was meant, what there is, where that is documented."""
    with pytest.raises(af.BadArgument) as caught:
        af.parse_check(text)
    end = "`pytest --markers` shows how it is written"
    assert str(caught.value) == f"{told} It takes {COST}; {end}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"where": "x", "quantity": 3}, "takes no argument 'quantity'; did you mean "),
        ({}, "needs where=."),
        (
            {"where": "x", "strict": True},
            "strict=True is for marks; a value is written",
        ),
    ],
)
def test_the_wrong_argument_of_an_own_check_is_named(
    arguments: dict[str, Any], told: str
) -> None:
    """A check that is no mark is documented where it is written."""
    with pytest.raises(af.BadArgument) as caught:
        crumbs(**arguments)
    assert told in str(caught.value)
    where = f"the docstring of crumbs in {__name__} says more"
    assert str(caught.value).endswith(f" It takes where=, most=; {where}")


def test_every_shipped_check_tells_a_wrong_argument_in_a_sentence() -> None:
    """No family dumps a signature with its types."""
    names = af.check_names()
    assert len(names) > 5
    for name in names:
        with pytest.raises(af.BadArgument) as caught:
            af.find_check(name)(zebra_crossing=1)
        told = str(caught.value)
        assert told.startswith(f"{name} takes no argument 'zebra_crossing'. It takes ")
        assert "None" not in told
        assert "|" not in told


@given(st.text(), st.text(max_size=8))
def test_any_wrong_name_is_refused(name: str, value: str) -> None:
    """Whatever the word is: the sentence names it, and no name is made up."""
    if name in ("where", "most"):
        return
    with pytest.raises(af.BadArgument) as caught:
        crumbs("floor", **{name: value})
    told = str(caught.value)
    assert repr(name) in told or name in ("strict", "optional")
    assert told.count("It takes where=, most=;") == 1
