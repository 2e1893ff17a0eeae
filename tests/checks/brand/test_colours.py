"""Colours: reading, blending, distance."""

from __future__ import annotations

import pytest
from agentflow_checks.brand import colours
from agentflow_checks.brand.colours import Colour
from coloraide import Color
from hypothesis import given
from hypothesis import strategies as st

# Sharma, Wu, Dalal: The CIEDE2000 color-difference formula (2005), table 1.
SHARMA = """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 3.1571 -77.2803 50 0 -82.7485 2.8615
50 2.8361 -74.02 50 0 -82.7485 3.4412
50 -1.3802 -84.2814 50 0 -82.7485 1
50 -1.1848 -84.8006 50 0 -82.7485 1
50 -0.9009 -85.5211 50 0 -82.7485 1
50 0 0 50 -1 2 2.3669
50 -1 2 50 0 0 2.3669
50 2.49 -0.001 50 -2.49 0.0009 7.1792
50 2.49 -0.001 50 -2.49 0.001 7.1792
50 2.49 -0.001 50 -2.49 0.0011 7.2195
50 2.49 -0.001 50 -2.49 0.0012 7.2195
50 -0.001 2.49 50 0.0009 -2.49 4.8045
50 -0.001 2.49 50 0.001 -2.49 4.8045
50 -0.001 2.49 50 0.0011 -2.49 4.7461
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.903
50 2.5 0 58 24 15 19.4535
50 2.5 0 50 3.1736 0.5854 1
50 2.5 0 50 3.2972 0 1
50 2.5 0 50 1.8634 0.5757 1
50 2.5 0 50 3.2592 0.335 1
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.263
61.2901 3.7196 -5.3901 61.4292 2.248 -4.962 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.694 23.0331 14.973 -42.5619 2.0373
36.4612 47.858 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.441 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.135 0.9033 -0.0636 -0.5514 0.9082
"""

parts = st.integers(0, 255).map(lambda byte: byte / 255)
solid = st.builds(Colour, parts, parts, parts)
alphas = st.floats(0, 1)


@pytest.mark.parametrize("line", SHARMA.split("\n")[1:-1])
def test_distance_is_that_of_the_published_pairs(line: str) -> None:
    """The distance we use gives the published values to four digits."""
    *numbers, wanted = map(float, line.split())
    one = Color("lab-d65", numbers[:3])
    other = Color("lab-d65", numbers[3:])
    assert one.delta_e(other, method="2000") == pytest.approx(wanted, abs=5e-5)


@given(solid, solid)
def test_distance_is_symmetric_and_zero_for_one_colour(a: Colour, b: Colour) -> None:
    """No order matters, and a colour is at no distance from itself."""
    assert colours.distance(a, a) == pytest.approx(0, abs=1e-6)
    assert colours.distance(a, b) == pytest.approx(colours.distance(b, a), abs=1e-6)


@given(solid)
def test_hex_survives_reading(colour: Colour) -> None:
    """A colour written as hex is read as the same colour, in any CSS form."""
    red, green, blue = (round(p * 255) for p in (colour.red, colour.green, colour.blue))
    forms = (
        colour.hex,
        colour.hex.upper(),
        f"rgb({red}, {green}, {blue})",
        f"rgb({red} {green} {blue} / 1)",
        f"color(srgb {red / 255:.5f} {green / 255:.5f} {blue / 255:.5f})",
    )
    assert {str(colours.parse(form)) for form in forms} == {colour.hex}


@given(st.text(max_size=30))
def test_any_text_is_a_colour_or_none(text: str) -> None:
    """Reading a computed value never fails."""
    found = colours.parse(text)
    assert found is None or 0 <= found.alpha <= 1
    assert all(colour.hex.startswith("#") for colour, _, _ in colours.in_text(text))


@given(solid, solid, alphas)
def test_blending_lies_between(top: Colour, below: Colour, alpha: float) -> None:
    """What shows through lies between the two colours, and is opaque."""
    seen = colours.over(colours.faded(top, alpha), below)
    assert seen.is_solid
    for a, b, c in zip(
        (top.red, top.green, top.blue),
        (below.red, below.green, below.blue),
        (seen.red, seen.green, seen.blue),
        strict=True,
    ):
        assert min(a, b) - 1e-9 <= c <= max(a, b) + 1e-9


def test_colours_are_found_in_prose_json_and_css() -> None:
    """Hex, functions and names are found; ids, entities and parts of words are not."""
    text = (
        'ivory and "forest green", #12454A; rgb(1, 2, 3) but &#8217; #fab-item '
        "#abcde, the tangent, background:#FFF"
    )
    found = {colour.hex for colour, _, _ in colours.in_text(text)}
    assert found == {"#fffff0", "#228b22", "#12454a", "#010203", "#ffffff"}
