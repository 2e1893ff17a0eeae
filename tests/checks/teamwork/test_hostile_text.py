"""No text that a model wrote makes a check take the square of its length."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from agentflow_checks.flow.folding import fold
from agentflow_checks.flow.markup import elements, readable, visible
from agentflow_checks.flow.shingles import Vocabulary
from agentflow_checks.markup.css import split_declarations
from agentflow_checks.teamwork.handoff_texts import Texts
from agentflow_checks.teamwork.prompt_instructions import instructions
from hypothesis import given
from hypothesis import strategies as st

MEGABYTE = 1_000_000
MOST_SECONDS = 5
"""Linear readings take well under a second, square ones minutes."""

UNITS = (
    "\\",
    "\\u",
    "<!--",
    "<",
    "<a",
    "<a ",
    "<a x='>",
    "<a x=\"'",
    "<a \"'\"'",
    "</",
    "</a ",
    "<script>",
    "</script",
    "<template>",
    "<p hidden>",
    "</p><b>",
    "<title>",
    "&amp;",
    "&",
    "!",
    "\n",
    " ",
    "<style>*",
    "<b title=",
)
READERS = (
    visible,
    lambda text: Vocabulary().measure(text),
    lambda text: readable(f"<p>{text}"),
)


def taken(reader: Callable[[str], object], text: str) -> float:
    """Measure the processor seconds of one reading."""
    begun = time.process_time()
    reader(text)
    return time.process_time() - begun


@pytest.mark.parametrize("unit", UNITS)
def test_a_megabyte_of_one_sign_is_read_in_seconds(unit: str) -> None:
    """Backslashes, open comments, tags and quotes without an end."""
    text = unit * (MEGABYTE // len(unit))
    for reader in READERS:
        assert taken(reader, text) < MOST_SECONDS


def test_a_number_without_end_is_no_character() -> None:
    """Python reads no number of more than 4,300 digits: no page may break on one."""
    assert fold("a&#" + "1" * 5000 + ";b") == "a\ufffdb"
    assert fold("&#x" + "f" * 5000) == "\ufffd"


@pytest.mark.parametrize("unit", ["\n", "example ", "\nexample", "user:\n", "a\n", " "])
def test_prompts_are_taken_apart_in_seconds(unit: str) -> None:
    """Blank lines, labels and wrapped lines without end."""
    lines = (unit * (200_000 // len(unit))).split("\n")
    assert taken(instructions, lines) < MOST_SECONDS  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["(", '"', "'", "a(", "!"])
def test_style_attributes_are_split_in_seconds(unit: str) -> None:
    """Brackets and quotes that nothing closes."""
    text = unit * (200_000 // len(unit))
    assert taken(split_declarations, text) < MOST_SECONDS


def test_long_facts_are_looked_for_in_seconds() -> None:
    """One sign a hundred thousand times, in a page of it."""
    texts = Texts(["<p>" + "a" * MEGABYTE])
    assert taken(texts.says, "a" * 100_000) < MOST_SECONDS
    assert taken(texts.says, "a" * 900) < MOST_SECONDS


PIECES = st.lists(
    st.sampled_from(
        "< > / ! - -- <!-- --> <p> </p> <b <script </script> <title> hidden style= ' "  # noqa: SIM905 - words
        '" = & a é <template> </template> <svg> <li hidden> <x/> <br> \\'.split()
    )
).map("".join)


@given(PIECES)
def test_any_markup_is_read_to_its_end(markup: str) -> None:
    """Whatever is broken in it, there is a text and a list of elements."""
    for found in (visible(markup), readable(markup), readable(f"<p>{markup}")):
        assert isinstance(found, str)
    assert all(tag.name for tag in elements(markup))
