"""Words that say nothing are known as such, and others never are."""

from __future__ import annotations

import pytest
from agentflow_checks.a11y.rules.errors import holds, says_why, words
from agentflow_checks.a11y.rules.purpose import empty_words, plain, says_nothing
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "name", ["here", "Click here!", " Read   more » ", "En savoir plus", "PDF", "Más…"]
)
def test_names_that_lead_anywhere_say_nothing(name: str) -> None:
    """Signs, case and spaces around it do not make it say more."""
    assert says_nothing(name)


@pytest.mark.parametrize(
    "name", ["Home", "Contact", "Next", "PDF of the timetable", "Read more about rooms"]
)
def test_names_that_lead_somewhere_say_it(name: str) -> None:
    """One word may say where a link leads, and a word more often does."""
    assert not says_nothing(name)


@given(st.sampled_from(sorted(empty_words()["links"])))
def test_every_name_of_the_list_is_found(name: str) -> None:
    """What is written in the list is found as it is read from a page."""
    assert says_nothing(name.upper())


@given(st.text(max_size=40))
def test_writing_a_name_plainly_twice_changes_nothing(name: str) -> None:
    """The plain form of a name is its own plain form."""
    assert plain(plain(name)) == plain(name)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("Invalid value for age.", False),
        ("Please fill in the field correctly.", False),
        ("Error: there is something wrong with your input", False),
        ("Ungültiger Wert", False),
        ("Age must be at least 1.", True),
        ("Invalid value for age: it must be at least 1.", True),
        ("Name is required", True),
        ("This field cannot be empty.", True),
        ("Invalid e-mail: no @ in it", True),
        ("Invalid e-mail", True),
    ],
)
def test_a_reason_is_more_than_that_something_is_wrong(message: str, why: bool) -> None:
    """What is wrong, or how to mend it, is said in words of its own."""
    assert says_why(message, ["Age (years)", "Name", "E-mail"]) is why


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_any_message_is_read(message: str, labels: list[str]) -> None:
    """A message that does not say that something is wrong is never called empty."""
    if not says_why(message, labels):
        assert words(message)


@given(st.lists(st.sampled_from("abc"), max_size=6), st.integers(0, 6))
def test_a_part_of_a_text_is_held_by_it(text: list[str], start: int) -> None:
    """Words that stand in a row are found; no words are found nowhere."""
    part = text[start:]
    assert holds(text, part) is bool(part)
