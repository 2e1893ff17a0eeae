"""Where a rendered page uses a colour, and what a viewer sees of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentflow_checks.brand import colours
from agentflow_checks.brand.colours import Colour

if TYPE_CHECKING:
    from agentflow_checks.web.page import Element

WHITE = Colour(1.0, 1.0, 1.0)
"""The canvas of a page that sets no background, in the light scheme."""

FAINT = 0.02
"""Alpha below which nothing is seen: five steps of 8 bits."""

SIDES = ("top", "right", "bottom", "left")

CONTROLS = frozenset(("button", "input", "select", "textarea", "progress", "meter"))

BROWSER_MADE = frozenset(
    "#000000 #767676 #efefef #ffffff #858585 #0075ff #545454 #a9a9a9 #757575 "  # noqa: SIM905 - a list of words
    "#6b6b6b #c5c5c5 #e5e5e5 #fafafa #dddddd".split()
)
"""Colours that Chromium gives form controls which no author styled."""

_STOP = re.compile(r"\b(?:rgba?|color|oklab|oklch|lab|lch|hsla?)\([^()]*+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One colour of one element."""

    element: Element
    property: str
    """CSS property, ``border-color`` where all four sides agree."""
    colour: Colour
    """As the page says it, with its alpha."""
    seen: Colour | None
    """Opaque, as a viewer sees it; `None` where the backdrop is not known."""


@dataclass(frozen=True, slots=True)
class _Surface:
    """What is painted behind the inside of an element."""

    colour: Colour | None
    """Opaque; `None`: a picture, a gradient, or not known."""
    opacity: float
    """Of the element with its ancestors."""
    floats: bool
    """Whether it is taken out of the flow, so that anything may lie behind it."""


def uses(elements: Sequence[Element]) -> Iterator[Use]:
    """Give every colour of text, background and border that a viewer sees.

    Borders of width 0, text of elements that have none, invisible elements and form
    controls in the browser's own colours are left out.
    """
    surfaces: list[_Surface] = []
    for element in elements:
        behind = _Surface(WHITE, 1.0, False)
        if element.parent is not None:
            behind = surfaces[element.parent]
        own = _surface(element, behind)
        surfaces.append(own)
        if is_visible(element, own.opacity):
            yield from _of_element(element, behind, own)


def is_visible(element: Element, opacity: float = 1.0) -> bool:
    """Whether a viewer can see an element: not hidden, faint, off the page or tiny."""
    box, styles = element.box, element.styles
    inside = box.x + box.width > 0 and box.y + box.height > 0
    large = box.width > 1 and box.height > 1
    shown = styles["visibility"] == "visible" and "inset(50%" not in styles["clip-path"]
    return inside and large and shown and opacity > FAINT


def _surface(element: Element, behind: _Surface) -> _Surface:
    opacity = behind.opacity * _number(element.styles["opacity"])
    floats = element.styles["position"] in ("absolute", "fixed", "sticky")
    fill = colours.parse(element.styles["background-color"])
    if element.styles["background-image"] != "none" or fill is None:
        return _Surface(None, opacity, floats)
    painted = colours.faded(fill, opacity)
    if painted.is_solid:
        return _Surface(painted, opacity, False)
    lost = floats or behind.floats
    if behind.colour is None or (lost and fill.alpha > FAINT):
        return _Surface(None, opacity, lost)
    return _Surface(colours.over(painted, behind.colour), opacity, lost)


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0


def _of_element(element: Element, behind: _Surface, own: _Surface) -> Iterator[Use]:
    for property_, colour in (*_fills(element), *_borders(element)):
        if colour.alpha > FAINT and not _is_browser_made(element, colour):
            seen = _seen(colour, own.opacity, behind)
            yield Use(element=element, property=property_, colour=colour, seen=seen)
    ink = colours.parse(element.styles["color"]) if element.text else None
    if ink is not None and ink.alpha > FAINT and not _is_browser_made(element, ink):
        seen = _ink(element, ink)
        yield Use(element=element, property="color", colour=ink, seen=seen)


def _seen(colour: Colour, opacity: float, behind: _Surface) -> Colour | None:
    painted = colours.faded(colour, opacity)
    if painted.is_solid:
        return painted
    if behind.colour is None or behind.floats:
        return None
    return colours.over(painted, behind.colour)


def _ink(element: Element, ink: Colour) -> Colour | None:
    opacity = 1.0 if element.text_opacity is None else element.text_opacity
    painted = colours.faded(ink, opacity)
    if painted.is_solid:
        return painted
    # The browser knows what it painted behind a text, whatever lies there.
    behind = colours.parse(element.background) if element.background else None
    return colours.over(painted, behind) if behind is not None else None


def _fills(element: Element) -> Iterator[tuple[str, Colour]]:
    fill = colours.parse(element.styles["background-color"])
    if fill is not None:
        yield "background-color", fill
    image = element.styles["background-image"]
    if "gradient(" in image:
        stops = dict.fromkeys(match[0] for match in _STOP.finditer(image))
        for stop in stops:
            if (colour := colours.parse(stop)) is not None:
                yield "background-image", colour


def _borders(element: Element) -> Iterator[tuple[str, Colour]]:
    styles = element.styles
    sides: dict[str, Colour] = {}
    for side in SIDES:
        if styles[f"border-{side}-style"] in ("none", "hidden"):
            continue
        colour = colours.parse(styles[f"border-{side}-color"])
        if pixels(styles[f"border-{side}-width"]) > 0 and colour is not None:
            sides[side] = colour
    if len(sides) == len(SIDES) and len(set(sides.values())) == 1:
        yield "border-color", sides["top"]
    else:
        yield from ((f"border-{side}-color", colour) for side, colour in sides.items())


def pixels(text: str) -> float:
    """Read a computed length; what is no length in pixels counts as 0."""
    try:
        return float(text.removesuffix("px"))
    except ValueError:
        return 0.0


def _is_browser_made(element: Element, colour: Colour) -> bool:
    return element.tag in CONTROLS and colour.hex in BROWSER_MADE
