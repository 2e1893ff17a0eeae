"""Text is the same text, however it was escaped."""

from __future__ import annotations

import html
import json

from agentflow_checks.flow.folding import fold
from agentflow_checks.flow.shingles import Vocabulary, shingle_keys, words
from hypothesis import given
from hypothesis import strategies as st

PLAIN = st.text(st.characters(exclude_characters="\\&", exclude_categories=["Cs"]))


@given(st.text())
def test_folding_twice_gives_the_same_as_folding_once(text: str) -> None:
    """Whatever a model wrote: nested escapes, half surrogates, control characters."""
    assert fold(fold(text)) == fold(text)


@given(PLAIN)
def test_entities_and_escapes_change_no_word(text: str) -> None:
    """HTML, JSON and JavaScript notations of a text have its words."""
    expected = words(text)
    assert words(html.escape(text)) == expected
    assert words(json.dumps(text)) == expected
    assert words(json.dumps(json.dumps(text, ensure_ascii=False))) == expected
    assert words(text.replace("'", "\\'").replace('"', '\\"')) == expected


def test_typography_changes_no_word() -> None:
    """Curly quotes, soft hyphens, ligatures and hard blanks are how it is set."""
    assert words("It\u2019s “of\u00adfice”\u00a0ﬁne") == words('it\'s "office" fine')


@given(st.text(), st.integers(1, 12))
def test_there_is_one_key_for_each_run_of_words(text: str, width: int) -> None:
    """None where the text has fewer words than a shingle."""
    numbers = Vocabulary().read(text)
    assert len(shingle_keys(numbers, width)) == max(len(numbers) - width + 1, 0)


@given(st.text())
def test_every_word_has_its_place(text: str) -> None:
    """Places grow, and there is one more of them than words."""
    numbers, places = Vocabulary().measure(text)
    assert len(places) == len(numbers) + 1
    assert places == sorted(places)
    assert numbers == Vocabulary().read(text)


def test_words_are_written_back_as_they_were_read() -> None:
    """Messages quote from numbered texts."""
    vocabulary = Vocabulary()
    numbers = vocabulary.read("The plan: the plan.")
    assert vocabulary.write(numbers) == "the plan the plan"
