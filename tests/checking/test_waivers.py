"""Waivers name who answers, why, and until when."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.checking.waivers import BadWaiver, load_waivers, waiver_from

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
