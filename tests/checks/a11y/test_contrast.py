"""The nearest colour with enough contrast."""

from __future__ import annotations

import pytest
from agentflow_checks.a11y import contrast
from hypothesis import given
from hypothesis import strategies as st

parts = st.integers(0, 255)
colours = st.tuples(parts, parts, parts)


@pytest.mark.parametrize(
    ("text", "behind", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#fff", "#000", None),
    ],
)
def test_ratios_are_those_of_wcag(
    text: str, behind: str, expected: float | None
) -> None:
    """Known pairs have the ratios that every contrast tool gives."""
    one, other = contrast.parse(text), contrast.parse(behind)
    if one is None or other is None:
        assert expected is None
    else:
        assert contrast.ratio(one, other) == pytest.approx(expected, abs=0.005)


@given(colours)
def test_a_colour_reads_back_as_written(colour: contrast.Colour) -> None:
    """Writing and reading are inverse."""
    assert contrast.parse(contrast.write(colour)) == colour


@given(colours, colours, st.sampled_from([3.0, 4.5]))
def test_the_nearest_colour_has_enough_contrast(
    text: contrast.Colour, behind: contrast.Colour, wanted: float
) -> None:
    """Black or white always reaches AA, so a colour is found, and it suffices."""
    found = contrast.nearest(text, behind, wanted)
    assert found is not None
    assert contrast.ratio(found, behind) >= wanted
    if contrast.ratio(text, behind) >= wanted:
        assert found == text


def test_there_may_be_no_such_colour() -> None:
    """On a middle grey no text reaches AAA."""
    assert contrast.nearest((0, 0, 0), (118, 118, 118), 7.0) is None
