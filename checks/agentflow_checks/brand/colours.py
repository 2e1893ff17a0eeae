"""Colours: CSS text to sRGB, layers blended, and CIEDE2000 between two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest_agentflow as af

if TYPE_CHECKING:
    from coloraide import Color

SPACES = {
    "srgb": "srgb",
    "srgb-linear": "srgb-linear",
    "hsl": "hsl",
    "hwb": "hwb",
    "lab": "lab",
    "lch": "lch",
    "oklab": "oklab",
    "oklch": "oklch",
    "display-p3": "display-p3",
    "a98-rgb": "a98-rgb",
    "prophoto-rgb": "prophoto-rgb",
    "rec2020": "rec2020",
    "xyz-d65": "xyz-d65",
    "xyz-d50": "xyz-d50",
}
"""Colour spaces of DTCG 2025.10 -> their names in coloraide."""

PERCENT = frozenset(("hsl", "hwb"))
"""Spaces whose second and third component DTCG gives from 0 to 100."""


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour in sRGB; components from 0 to 1, beyond them outside the gamut."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def hex(self) -> str:
        """``#rrggbb``, without alpha; what lies outside sRGB is clipped."""
        parts = (self.red, self.green, self.blue)
        return "#" + "".join(f"{_byte(part):02x}" for part in parts)

    @property
    def is_solid(self) -> bool:
        """Whether nothing shines through."""
        return self.alpha >= 0.999

    def __str__(self) -> str:
        """``#rrggbb``, with alpha where something shines through."""
        return self.hex if self.is_solid else f"{self.hex} at {self.alpha:.0%}"


def _byte(part: float) -> int:
    return round(min(max(part, 0.0), 1.0) * 255)


def _coloraide() -> type[Color]:
    try:
        from coloraide import Color  # noqa: PLC0415 - heavy
    except ImportError as error:
        raise af.CheckError(
            "the design check needs the Python package coloraide. Install it with: "
            "pip install 'pytest-agentflow[web]'"
        ) from error
    return Color


@lru_cache(maxsize=4096)
def parse(text: str) -> Colour | None:
    """Read a CSS colour; `None` for what is none (``currentcolor``, a typing error)."""
    try:
        found = _coloraide()(text.strip())
    except (ValueError, AttributeError, TypeError, OverflowError):
        return None
    return _in_srgb(found)


def from_components(space: str, components: tuple[float, ...], alpha: float) -> Colour:
    """Make a colour of components in one of `SPACES`, in DTCG's units."""
    values = list(components)
    if space in PERCENT:
        values = [values[0], values[1] / 100, values[2] / 100]
    colour = _in_srgb(_coloraide()(SPACES[space], values, alpha))
    if colour is None:
        raise ValueError("its components give no colour")
    return colour


def _in_srgb(colour: Color) -> Colour | None:
    inside = colour.convert("srgb")
    # Outside sRGB a screen shows the nearest colour that it can.
    if not inside.in_gamut():
        inside = inside.fit(method="oklch-chroma")
    parts = [*inside.coords(nans=False), inside.alpha(nans=False)]
    if any(part != part for part in parts):  # noqa: PLR0124 - not a number
        return None
    return Colour(*(round(float(part), 6) for part in parts))


def over(top: Colour, below: Colour) -> Colour:
    """Blend a colour over an opaque one, as CSS does: in sRGB, by alpha."""
    share = top.alpha
    return Colour(
        *(
            share * a + (1 - share) * b
            for a, b in zip(_rgb(top), _rgb(below), strict=True)
        )
    )


def faded(colour: Colour, opacity: float) -> Colour:
    """Give a colour as an element of that opacity shows it."""
    return Colour(*_rgb(colour), colour.alpha * opacity)


def _rgb(colour: Colour) -> tuple[float, float, float]:
    return colour.red, colour.green, colour.blue


@lru_cache(maxsize=65536)
def distance(one: Colour, other: Colour) -> float:
    """CIEDE2000 between two opaque colours (Sharma, Wu and Dalal 2005).

    About 1 is the smallest difference that people see side by side; above 5 anybody
    sees it.
    """
    make = _coloraide()
    first, second = make("srgb", _rgb(one)), make("srgb", _rgb(other))
    return float(first.delta_e(second, method="2000"))


def same(one: Colour, other: Colour) -> bool:
    """Whether two colours are the same to the byte."""
    return one.hex == other.hex and abs(one.alpha - other.alpha) < 0.005


_HEX = r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})(?![0-9a-zA-Z_-])"
_FUNCTION = r"\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\([^()\n]{3,60}\)"
_IN_TEXT = re.compile(rf"(?<![\w&/-]){_HEX}|{_FUNCTION}", re.IGNORECASE)


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    from coloraide.css import color_names  # noqa: PLC0415 - heavy

    words = sorted(color_names.name2val_map, key=len, reverse=True)
    loose = [_PARTS.sub(r"\g<0>[ -]?", word).removesuffix("[ -]?") for word in words]
    return re.compile(rf"(?<![\w#-])(?:{'|'.join(loose)})(?![\w-])", re.IGNORECASE)


# "dark slate gray" in prose is the CSS name darkslategray.
_PARTS = re.compile(
    "dark|light|medium|pale|deep|hot|dim|forest|sea|sky|spring|lawn|olive|cornflower|"
    "midnight|royal|steel|slate|cadet|powder|dodger|navajo|papaya|peach|blanched|antique|"
    "burly|chart|corn|fire|floral|ghost|honey|indian|lavender|lemon|mint|misty|old|"
    "rosy|saddle|sandy|white|rebecca|alice|blue|green|golden|violet"
)


def in_text(text: str, *, names: bool = True) -> Iterator[tuple[Colour, str, int]]:
    """Give the colours that a text names: hex, CSS functions, CSS names.

    Args:
        text: prose, JSON or CSS.
        names: look for colour names, too; CSS source is better read without.

    Yields:
        The colour, how it is written, and where.
    """
    for match in _IN_TEXT.finditer(text):
        if (colour := parse(match[0])) is not None:
            yield colour, match[0], match.start()
    if names:
        for match in _names().finditer(text):
            word = re.sub(r"[ -]", "", match[0]).lower()
            if (colour := parse(word)) is not None and word != "transparent":
                yield colour, match[0], match.start()
