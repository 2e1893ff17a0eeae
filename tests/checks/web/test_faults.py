"""The HTML checker, axe-core and our own rules call one fault by one word."""

from __future__ import annotations

from typing import Any

import pytest
from agentflow_checks.a11y.same_fault import fault_of
from agentflow_checks.web.faults import steady, word_of
from hypothesis import given
from hypothesis import strategies as st


def node(html: str, said: str, *related: str) -> dict[str, Any]:
    """Give an element as axe-core reports it."""
    check = {"id": "c", "message": said, "related": [[one] for one in related]}
    return {"target": ["x"], "html": html, "checks": [check]}


def where(selector: str) -> tuple[int, int] | None:
    """Know the places of two elements."""
    return {"x": (3, 1), "div": (4, 5)}.get(selector)


@pytest.mark.parametrize(
    ("rule", "found", "message"),
    [
        (
            "image-alt",
            node("<img>", "Element does not have an alt attribute"),
            "An “img” element must have an “alt” attribute, except under certain",
        ),
        (
            "html-lang-valid",
            node("<html>", "Value of lang attribute not valid"),
            "Bad value “xx-yy-zz” for attribute “lang” on element “html”: no.",
        ),
        (
            "aria-roles",
            node("<div>", "Role must be valid: modal"),
            "Bad value “modal” for attribute “role” on element “div”.",
        ),
        (
            "aria-allowed-attr",
            node("<p>", 'ARIA attribute is not allowed: aria-level="2"'),
            "Attribute “aria-level” not allowed on element “p” at this point.",
        ),
        (
            "aria-valid-attr-value",
            node("<p>", 'ARIA element ID does not exist: aria-labelledby="nope"'),
            "The “aria-labelledby” attribute must point to an element in the same doc",
        ),
        (
            "aria-required-attr",
            node("<p>", "Required ARIA attribute not present: aria-checked"),
            "Element “p” is missing required attribute “aria-checked”.",
        ),
        (
            "heading-order",
            node("<h3>", "Heading order invalid"),
            "The heading “h3” (with computed level 3) follows the heading “h1” (with",
        ),
        (
            "document-title",
            node("<html>", "Document does not have a non-empty <title> element"),
            "Element “head” is missing a required instance of child element “title”.",
        ),
    ],
)
def test_axe_and_the_html_checker_agree_on_the_word(
    rule: str, found: dict[str, Any], message: str
) -> None:
    """What both report about one start tag is one fault."""
    word = fault_of(rule, found, where)
    assert word is not None
    assert word_of(message, (3, 1)) == word


def test_what_is_out_of_place_has_the_spot_whoever_reports_it() -> None:
    """axe-core names the list, the checker the child, and the place is the child's."""
    said = "List element has direct children that are not allowed: div"
    listed = fault_of("list", node("<ul>", said, "div"), where)
    message = "Element “div” not allowed as child of element “ul” in this context."

    assert listed == word_of(message, (4, 5)) == "page:nesting=4:5"
    made = fault_of("list", node("<ul>", said, "made-by-a-script"), where)
    assert made == word_of(message) == "page:div in ul"


@pytest.mark.parametrize("rule", ["color-contrast", "region", "label", "nothing"])
def test_what_only_one_check_finds_has_no_word(rule: str) -> None:
    """Nothing is told together that is not the same."""
    assert fault_of(rule, node("<p>", "whatever"), where) is None


@pytest.mark.parametrize("pair", [("th-has-data-cells", "header-heads-cells")])
def test_two_rules_of_one_check_share_a_word(pair: tuple[str, str]) -> None:
    """axe-core's rule and ours about one element are told once, too."""
    words = {fault_of(rule, node("<th>", "no cells"), where) for rule in pair}
    assert len(words) == 1


@given(st.text(max_size=80), st.none() | st.tuples(st.integers(), st.integers()))
def test_every_message_is_read(message: str, spot: tuple[int, int] | None) -> None:
    """A message of another version of the checker has a word or none."""
    assert word_of(message, spot) != ""
    assert steady(message)[:3] == message[:3]


def test_a_value_that_a_page_fills_in_is_not_evidence() -> None:
    """Another customer's address is the same message."""
    told = "Bad value “{}” for attribute “href” on element “a”: Illegal character."
    assert steady(told.format("/ada lovelace")) == steady(told.format("/bo b"))
