"""The nearest text colour that has the contrast WCAG asks for."""

from __future__ import annotations

import re

Colour = tuple[int, int, int]

HEX = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$", re.IGNORECASE)


def parse(text: str) -> Colour | None:
    """Read ``#rrggbb``; None for anything else."""
    found = HEX.match(text)
    if found is None:
        return None
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue


def write(colour: Colour) -> str:
    """Write a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def luminance(colour: Colour) -> float:
    """Relative luminance from 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def ratio(one: Colour, other: Colour) -> float:
    """Contrast ratio from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def nearest(text: Colour, background: Colour, wanted: float) -> Colour | None:
    """Darken or lighten a text colour by as little as gives the wanted ratio.

    Of both ways the shorter one is taken; None where neither black nor white suffices.
    """
    found: list[tuple[int, Colour]] = []
    for end in ((0, 0, 0), (255, 255, 255)):
        for step in range(256):
            mixed = _mix(text, end, step)
            if ratio(mixed, background) >= wanted:
                found.append((step, mixed))
                break
    return min(found)[1] if found else None


def _mix(text: Colour, end: Colour, step: int) -> Colour:
    red, green, blue = (
        round(a + (b - a) * step / 255) for a, b in zip(text, end, strict=True)
    )
    return red, green, blue
