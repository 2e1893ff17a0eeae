"""CSS messages of the HTML checker as questions to the browser."""

from __future__ import annotations

import pytest
from agentflow_checks.markup import css
from hypothesis import given
from hypothesis import strategies as st

PAGE = "<!doctype html><style>{}</style><p {}>x"


def asked(style: str, marked: str, text: str) -> css.Question | None:
    """Put a message about the first occurrence of `marked` in a style block."""
    source = PAGE.format(style, "")
    start = source.index(marked)
    return css.question(source, text, start, start + len(marked))


@pytest.mark.parametrize(
    ("style", "marked", "expected"),
    [
        ("a{color:rd;b:c}", "rd", {"property": "color", "value": "rd"}),
        ("a{x:y;colr:red}", "red", {"property": "colr", "value": "red"}),
        (
            "@media print{a{colr : red !important ; b:c}}",
            "red",
            {"property": "colr", "value": "red"},
        ),
        (
            "a{/* ; */color:/*}*/rd}",
            "rd",
            {"property": "color", "value": "rd"},
        ),
        (
            "@font-face{font-family:x;font-display:swop}",
            "swop",
            {"rule": "@font-face{font-display:swop}", "contains": "font-display"},
        ),
    ],
)
def test_a_declaration_is_taken_out_of_its_block(
    style: str, marked: str, expected: css.Question
) -> None:
    """Property and value are those around the marked stretch."""
    name = expected.get("property", "font-display")
    assert asked(style, marked, f"CSS: “{name}”: wrong") == expected


def test_an_at_rule_is_taken_whole() -> None:
    """An unknown at-rule is asked about with its block, and nothing else."""
    style = "p{a:b}\n@starting-style{p{opacity:0}}\nq{c:d}"
    message = "CSS: Unrecognized at-rule “@starting-style”"
    assert asked(style, "@starting-style", message) == {
        "rule": "@starting-style{p{opacity:0}}"
    }


def test_a_style_attribute_is_read_by_the_named_property() -> None:
    """Of several declarations in an attribute the named one is asked about."""
    source = PAGE.format("", "style='color:red; width:calc(1px;2px); colr:\"a;b\"'")
    start = source.index("<p")
    found = css.question(source, "CSS: “colr”: no", start, source.index(">x") + 1)
    assert found == {"property": "colr", "value": '"a;b"'}


def test_open_braces_are_the_checkers_word() -> None:
    """Browsers close what is open; the fault is there all the same."""
    assert asked(".c{ {", "{ {", "CSS: Parse Error.") is None


def test_an_import_that_comes_too_late_is_the_checkers_word() -> None:
    """The rule alone would not show that it is too late."""
    message = "CSS: @import are not allowed after any valid statement"
    assert asked("p{a:b}@import 'x';", "@import", message) is None


@given(
    st.text(alphabet="a:;{}@'\"/* (!-\n", max_size=40),
    st.integers(0, 60),
    st.integers(0, 60),
    st.sampled_from(["CSS: “a”: no", "CSS: Parse Error.", "CSS: Unrecognized at-rule"]),
)
def test_every_stylesheet_gives_a_question_or_none(
    style: str, start: int, length: int, text: str
) -> None:
    """Whatever stands in a style, and whatever is marked, nothing breaks."""
    source = PAGE.format(style, f'style="{style}"')
    found = css.question(source, text, start, start + length)
    assert found is None or {"property", "rule"} & set(found)


@given(st.text(alphabet="a{}", max_size=20))
def test_balance_is_that_of_a_stack(text: str) -> None:
    """Braces are balanced exactly where removing pairs leaves none."""
    rest = text.replace("a", "")
    while "{}" in rest:
        rest = rest.replace("{}", "")
    assert css.balanced(text) == (rest == "")
