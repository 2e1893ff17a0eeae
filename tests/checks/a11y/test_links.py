"""Where links and refreshes lead is read as browsers read it."""

from __future__ import annotations

from typing import Any

import pytest
from agentflow_checks.a11y.rules.links import delay, equivalent, same_place
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        ("30", 30),
        ("0; https://a.example", 0),
        (" 5 , URL='x'", 5),
        ("1.9;x", 1),
        (".5", 0),
        ("72000;", 72_000),
        ("", None),
        ("; 30", None),
        ("+5; x", None),
        ("-5", None),
        ("0: x", None),
        ("foo; URL=x", None),
    ],
)
def test_a_refresh_is_read_as_html_says(content: str, seconds: int | None) -> None:
    """The delay is the digits in front; what is no refresh gives none."""
    assert delay(content) == seconds


@given(st.text(max_size=60))
def test_any_content_is_read(content: str) -> None:
    """No content breaks it, and a delay is never negative."""
    read = delay(content)
    assert read is None or read >= 0


@given(st.integers(0, 10**9), st.sampled_from(["", ";", ",x", " ; URL=y", "\n"]))
def test_whole_seconds_are_kept(seconds: int, rest: str) -> None:
    """What stands behind the digits does not change them."""
    assert delay(f"{seconds}{rest}") == seconds


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.test/x/", "http://www.A.test/x/index.html", True),
        ("http://a.test/x#top", "http://a.test/x#", True),
        ("http://a.test/x?a=1", "http://a.test/x?a=2", False),
        ("http://a.test/x#a", "http://a.test/x#b", False),
        ("tel:1", "tel:2", False),
        ("mailto:a@x", "tel:a@x", False),
    ],
)
def test_addresses_of_one_place_are_equal(one: str, other: str, same: bool) -> None:
    """Spelling does not make another place; query, fragment and scheme do."""
    assert (same_place(one) == same_place(other)) is same


def page(heading: str, text: str, **said: Any) -> dict[str, Any]:
    """Make what is seen of a page."""
    seen = {"url": heading, "title": heading, "heading": heading, "text": text}
    return {**seen, "whole": f"{heading} {text}", "moves": False, **said}


ROOMS = page("Rooms with a view", "Bright bedrooms above the lake, dogs welcome")
BOATS = page("Timetable of ferries", "Monday, Wednesday; bicycles travel free")


@pytest.mark.parametrize(
    ("other", "name", "same"),
    [
        (ROOMS, "details", True),
        (page("Another title", ROOMS["text"]), "details", True),
        (BOATS, "details", False),
        (
            page(ROOMS["heading"], "Timetable, Monday, bicycles", url="x"),
            "details",
            None,
        ),
        (page("Ferries", "Ferries carry dogs above the bright lake"), "details", None),
        ({**BOATS, "moves": True}, "details", None),
        ({"why": "it is not there"}, "details", None),
        (page("", "", whole=""), "details", None),
    ],
)
def test_only_pages_that_clearly_differ_differ(
    other: dict[str, Any], name: str, same: bool | None
) -> None:
    """Equal texts are one purpose; words in common, or little text, are a question."""
    assert equivalent(ROOMS, other, name)[0] is same
    assert equivalent(other, ROOMS, name)[0] is same


def test_pages_that_both_fit_the_name_are_a_question() -> None:
    """A name that stands on both pages may be meant for both."""
    one = page("Our adverts", "Adverts: buy soap, sponges, towels")
    other = page("More", "Other adverts: fly south tomorrow, sunshine guaranteed")
    assert equivalent(one, other, "adverts")[0] is None
