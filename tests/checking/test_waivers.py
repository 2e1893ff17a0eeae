"""Waivers name who answers, why, and until when."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.checking.waivers import (
    EXAMPLE,
    BadWaiver,
    load_waivers,
    waiver_from,
)

GOOD = {"rule": "r", "until": "2026-12-31", "by": "legal", "reason": "campaign"}


def test_a_file_of_waivers_is_read(tmp_path: Path) -> None:
    """YAML dates are understood as well as text."""
    path = tmp_path / "waivers.yaml"
    path.write_text("- {rule: r, until: 2026-12-31, by: me, reason: x, stage: a}\n")
    (waiver,) = load_waivers(path)
    assert (waiver.until, waiver.stage) == ("2026-12-31", "a")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"until": ""}, "lacks until"),
        ({"reason": None}, "lacks reason"),
        ({"until": "someday"}, "is no date"),
        ({"utnil": "2026-01-01"}, "did you mean 'until'"),
        ({"who": "Ada"}, "no field 'who'. Its fields are rule, until, by and reason"),
        ({"who": "Ada"}, r"Write - \{rule: RULE, until: 2026-12-31, by: NAME, "),
    ],
)
def test_a_waiver_that_lacks_something_is_refused(
    change: dict[str, object], message: str
) -> None:
    """The message says what is wrong, and where."""
    with pytest.raises(BadWaiver, match=message) as caught:
        waiver_from({**GOOD, **change}, "w.yaml: waiver 1")
    assert str(caught.value).startswith("w.yaml: waiver 1:")


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists))
def test_anything_else_is_refused_in_words(data: object) -> None:
    """Junk never ends in another error."""
    with pytest.raises(BadWaiver, match="a waiver is a mapping"):
        waiver_from(data, "w.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("waivers: [{rule: r}]", "is the form of policy files; .* Leave the key out"),
        ("{rule: r, by: me}", "one waiver alone; .* Put a dash before it"),
        ("nothing", "expected a list of waivers"),
    ],
)
def test_another_form_of_file_is_shown_the_right_one(
    tmp_path: Path, text: str, message: str
) -> None:
    """Each sentence shows an entry as it should be written."""
    path = tmp_path / "waivers.yaml"
    path.write_text(text)
    with pytest.raises(BadWaiver, match=message) as caught:
        load_waivers(path)
    assert "- {rule: RULE, until: 2026-12-31, by: NAME, reason: WHY}" in str(
        caught.value
    )


def test_the_entry_that_messages_show_is_one() -> None:
    """What is to be pasted can be read."""
    (data,) = yaml.safe_load(EXAMPLE)
    assert waiver_from(data, "w").by == "NAME"
