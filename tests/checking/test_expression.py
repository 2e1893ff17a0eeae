"""Checks written as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.checking.check import BadArgument
from pytest_agentflow.checking.discovery import UnknownCheck
from pytest_agentflow.checking.expression import BadExpression, parse_check


@pytest.mark.parametrize(
    "text",
    [
        "stage_order('a', 'b')",
        ' stage_order("a", "b", strict=True) ',
        'personalised("build/*", max_shared=0.5, optional=True)',
    ],
)
def test_a_check_is_read_as_a_marker_is_written(text: str) -> None:
    """What is read prints as it was written, and takes strict and optional."""
    check = parse_check(text)
    assert str(check).split("(")[0] in text
    assert check.is_strict == ("strict" in text)
    assert check.is_optional == ("optional" in text)


@pytest.mark.parametrize(
    "text",
    [
        "personalised('build/*').optional()",
        "stage_order('a', 'b').strict().optional()",
        "html_validity.optional()",
    ],
)
def test_a_check_is_also_read_as_a_value_is_written(text: str) -> None:
    """What a message advises for values works behind ``-c``, too."""
    check = parse_check(text)
    assert check.is_optional
    assert check.is_strict == ("strict" in text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "stage_order(open('x'), 'b')",
        "stage_order(*['a'])",
        "stage_order(**{})",
        "a.b()",
        "1 + 1",
        "",
        "(",
        "lambda: 1",
        "stage_order('a'\x00)",
        "stage_order('a', 'b').optional(1)",
        "stage_order('a', 'b').optional",
        "stage_order('a', 'b').optional().factory()",
        "optional()()",
    ],
)
def test_nothing_is_evaluated(text: str) -> None:
    """Anything but one call with plain values is refused with an example."""
    with pytest.raises(BadExpression, match="is no check"):
        parse_check(text)


def test_an_unknown_check_is_an_error_with_a_suggestion() -> None:
    """The nearest name is told."""
    with pytest.raises(UnknownCheck, match="Did you mean 'stage_order'"):
        parse_check("stage_ordr('a', 'b')")


@given(st.text(max_size=40))
def test_any_text_is_a_check_or_one_clear_error(text: str) -> None:
    """Reading never ends in another error."""
    try:
        parse_check(text)
    except (BadExpression, UnknownCheck, BadArgument) as error:
        assert str(error)  # noqa: PT017 - any of three
