from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from recorded_runs import plain_json, texts

from pytest_agentflow.recording.difference import difference, word_diff


def lines(before: Any, after: Any) -> list[str]:
    """Give the changes as text."""
    bodies = [json.dumps(value).encode() for value in (before, after)]
    return [str(change) for change in difference(bodies[0], bodies[1])]


PROMPT = (
    "You are a careful writer. " * 100
    + "Round every sum when you state number 40. Rule 41: never invent a phone. "
    + "Keep to the guideline. " * 100
)


def test_one_changed_word_in_a_long_prompt_is_shown_with_its_surroundings() -> None:
    """However long the prompt, the change itself is never cut away."""
    after = PROMPT.replace("number 40", "figure 40")
    messages = [[{"role": "user", "content": text}] for text in (PROMPT, after)]
    (line,) = lines({"messages": messages[0]}, {"messages": messages[1]})
    assert line == (
        "$.messages[0].content: …Round every sum when you state "
        "[-number-]{+figure+} 40. Rule 41: never invent…"
    )


def test_an_inserted_message_is_one_change() -> None:
    """Messages after it are not reported as changed."""
    before = [{"role": "user", "content": c} for c in ("a", "b", "c")]
    after = [before[0], {"role": "user", "content": "new"}, *before[1:]]
    assert lines({"m": before}, {"m": after}) == [
        '$.m[1]: {+{"role": "user", "content": "new"}+}'
    ]
    assert lines({"m": after}, {"m": before}) == [
        '$.m[1]: [-{"role": "user", "content": "new"}-]'
    ]


def test_changed_added_and_removed_members_are_told_apart() -> None:
    """Numbers, members and types have their own lines."""
    before = {"temperature": 0, "top p": 1, "n": 1}
    after = {"temperature": 0.5, "n": "1", "seed": 7}
    assert lines(before, after) == [
        "$.temperature: 0{+.5+}",
        '$["top p"]: [-1-]',
        "$.n: [-1-]{+1+} (of another JSON type)",
        "$.seed: {+7+}",
    ]


def test_bookkeeping_is_no_difference() -> None:
    """What does not count for matching is not reported."""
    asked = {"model": "m", "messages": [], "user": "a"}
    assert lines(asked, {**asked, "user": "b"}) == []


def test_bodies_that_are_no_json_are_compared_as_text() -> None:
    """Plain text has words as well; bytes have a digest."""
    (change,) = difference(b"one two three", b"one 2 three")
    assert str(change) == "$: one [-two-]{+2+} three"
    (change,) = difference(b"\xff\xfe", b"\xff\xfd")
    assert change.path == "$.$sha256" or "sha256" in change.path


def test_many_changes_are_counted_and_the_first_are_shown() -> None:
    """A text that changed everywhere does not flood the terminal."""
    filler = " and so on and so forth and so on and so forth "
    before = filler.join(f"w{n}" for n in range(30))
    after = filler.join(f"v{n}" for n in range(30))
    text = word_diff(before, after)
    assert text.count("{+") == 8
    assert text.endswith("(and 22 more changes in this text)")
    assert "[-w0-]{+v0+}" in text


def test_a_long_replaced_passage_shows_both_ends() -> None:
    """The middle is left out and counted, beginning and end stay."""
    text = word_diff("start old end", f"start {'new words ' * 200}end")
    assert "{+new words" in text
    assert "words and signs) …" in text


def test_line_ends_are_visible() -> None:
    """A lost line end is a change one can see."""
    assert word_diff("one\ntwo", "one two") == "one[-↵-]{+ +}two"


@given(plain_json, plain_json)
def test_there_is_a_difference_exactly_when_bodies_differ(
    before: Any, after: Any
) -> None:
    """No change goes unreported, and nothing is reported without one."""
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert (lines(before, after) == []) is same


@given(st.text(max_size=60) | texts, st.text(max_size=60) | texts)
def test_any_two_texts_can_be_compared(before: str, after: str) -> None:
    """A word difference is never empty for two different texts."""
    shown = word_diff(before, after)
    assert ("[-" in shown or "{+" in shown) or before == after


def test_very_long_texts_are_compared_in_reasonable_time() -> None:
    """Half a megabyte of other words ends, and is not printed whole."""
    before, after = (" ".join(f"{c}{n}" for n in range(70_000)) for c in "ab")
    text = word_diff(before, after)
    assert "{+b0 b1" in text
    assert "b69999+}" in text
    assert len(text) < 10_000


def test_far_apart_changes_of_a_very_long_text_are_found_by_line() -> None:
    """The first and the last line of a book are two changes, not one."""
    middle = "".join(f"Line {n} of the book says {n * 7}.\n" for n in range(2_000))
    text = word_diff(f"alpha\n{middle}omega", f"beta\n{middle}psi")
    assert "[-alpha-]{+beta+}" in text
    assert "[-omega-]{+psi+}" in text
    assert len(text) < 300


def test_a_changed_picture_is_not_printed_whole() -> None:
    """Base64 is one word of any length."""
    assert len(word_diff("a" * 10**6, "b" * 10**6)) < 5_000
    same = "c" * 10**6
    assert len(word_diff(f"{same} a {same}", f"{same} b {same}")) < 5_000
