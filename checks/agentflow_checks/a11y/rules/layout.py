"""Whether text stays whole: in a narrow window, enlarged, with more room between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject, of
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

NARROW = 320
"""CSS pixels: a window of 1,280 at 400 %, by WCAG 2.2, 1.4.10."""

ZOOMED = (640, 512)
"""CSS pixels: a window of 1,280 by 1,024 at 200 %, by WCAG 2.2, 1.4.4."""

PLAIN = (1280, 1024)

TWO_DIMENSIONAL = frozenset(
    {"table", "pre", "svg", "canvas", "video", "iframe", "math", "object", "img"}
)
"""Elements whose use or meaning may need two directions to scroll in."""


def zoomed(bench: Bench) -> dict[str, Any]:
    """Enlarge the page to 200 % and give the texts that are cut off by it."""
    probing.install(bench, __package__, "layout.js")
    probing.resize(bench, *PLAIN)
    seen = probing.ask(bench, "agentflowLayout.remember()")
    probing.resize(bench, *ZOOMED)
    return {"seen": seen, "cut": _cut(bench)}


def spaced(bench: Bench) -> dict[str, Any]:
    """Set the spacings of 1.4.12 and give the texts that are cut off by it."""
    probing.install(bench, __package__, "layout.js")
    seen = probing.ask(bench, "agentflowLayout.remember()")
    probing.ask(bench, "agentflowLayout.space()")
    return {"seen": seen, "cut": _cut(bench)}


def _cut(bench: Bench) -> Any:
    return json.loads(probing.ask(bench, "agentflowLayout.newly()"))


def lines(bench: Bench) -> Any:
    """Give the elements whose style= insists on a line height over wrapped text."""
    probing.install(bench, __package__, "layout.js")
    return json.loads(probing.ask(bench, "agentflowLayout.lines()"))


ZOOM = Probe(name="layout-zoomed", run=zoomed, passing=True)
SPACING = Probe(name="layout-spaced", run=spaced, passing=True)
LINES = Probe(name="layout-lines", run=lines, acts=False)


def reflow(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge what sticks out of a window of 320 CSS pixels."""
    del facts
    narrow = next((o for o in visited.overflow if o.width == NARROW), None)
    if narrow is None:
        return
    if narrow.pixels <= 1:
        if any(element.text for element in visited.elements):
            yield Subject(verdict=af.Verdict.PASSED)
        return
    size = {
        "observed": f"{NARROW + narrow.pixels} px wide in {NARROW} px",
        "expected": f"at most {NARROW} px wide",
    }
    wide = f"{narrow.pixels} px wider than a window of {NARROW} px"
    culprits = dict.fromkeys(_whole_of(visited, name) for name in narrow.culprits)
    for index in culprits or (None,):
        if index is None:
            message = f"the page is {wide}"
            yield Subject(
                verdict=af.Verdict.FAILED,
                message=message,
                observed=size["observed"],
                expected=size["expected"],
            )
            continue
        element = visited.elements[index]
        if element.tag in TWO_DIMENSIONAL:
            message = (
                f"the page is {wide}, for this <{element.tag}>: does it need two "
                "directions to be understood, as a map or a table of many columns?"
            )
            yield of(element, af.Verdict.UNDETERMINED, message, **size)
        else:
            message = f"it makes the page {wide}"
            yield of(element, af.Verdict.FAILED, message, **size)


def _whole_of(visited: Visit, selector: str) -> int | None:
    """Give the index of the table or picture around an element, else its own."""
    places = (i for i, e in enumerate(visited.elements) if e.selector == selector)
    own = index = next(places, None)
    while index is not None:
        if visited.elements[index].tag in TWO_DIMENSIONAL:
            return index
        index = visited.elements[index].parent
    return own


def not_cut_zoomed(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the texts at 200 %."""
    del visited
    yield from _whole(facts[ZOOM.name], "at 200 %")


def not_cut_spaced(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the texts with the spacings of 1.4.12."""
    del visited
    yield from _whole(facts[SPACING.name], "with wider spacing of lines and letters")


def _whole(found: dict[str, Any], when: str) -> Iterator[Subject]:
    for text in found["cut"]:
        doubt = text["shortened"] or text["elsewhere"]
        message = f"{text['text']!r} is cut off {when} by {text['by']}"
        if doubt:
            message += ": is the whole of it to be had elsewhere, where this leads?"
        yield Subject(
            verdict=af.Verdict.UNDETERMINED if doubt else af.Verdict.FAILED,
            selector=text["selector"],
            html=text["html"],
            box=af.Box(*text["box"]),
            message=message,
            observed=f"cut off by {text['by']}",
            expected="the box grows with its text, or scrolls",
        )
    for _ in range(found["seen"] - len(found["cut"])):
        yield Subject(verdict=af.Verdict.PASSED)


def line_height(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge line heights that people cannot override."""
    del visited
    for element in facts[LINES.name]:
        common = {
            "selector": element["selector"],
            "html": element["html"],
            "box": af.Box(*element["box"]),
        }
        if element["narrow"] is None:
            yield Subject(verdict=af.Verdict.PASSED, **common)
            continue
        height, size = element["narrow"]
        yield Subject(
            verdict=af.Verdict.FAILED,
            message=f"its lines are {height / size:.3g} of the font's size high, by "
            "!important, so that readers cannot change it",
            observed=f"{height:g} px at {size:g} px",
            expected=f"{1.5 * size:g} px or more, or no !important",
            **common,
        )


RULES = (
    OwnRule(
        id="reflow",
        title="The page fits a window of 320 pixels",
        criteria=("1.4.10",),
        level="AA",
        version="2.1",
        category="sensory-and-visual-cues",
        fix="Let it wrap or shrink: max-width: 100%, flex-wrap: wrap, no fixed width.",
        judge=reflow,
    ),
    OwnRule(
        id="zoom-clipped",
        title="Enlarged to 200 %, text stays whole",
        criteria=("1.4.4",),
        level="AA",
        act=("59br37",),
        category="sensory-and-visual-cues",
        fix="Give the box min-height for height, or overflow: visible.",
        probes=(ZOOM,),
        judge=not_cut_zoomed,
    ),
    OwnRule(
        id="spacing-clipped",
        title="With wider spacing, text stays whole",
        criteria=("1.4.12",),
        level="AA",
        version="2.1",
        category="sensory-and-visual-cues",
        fix="Give the box min-height for height, or overflow: visible.",
        probes=(SPACING,),
        judge=not_cut_spaced,
    ),
    OwnRule(
        id="important-line-height",
        title="Line heights that cannot be overridden are wide enough",
        criteria=("1.4.12",),
        level="AA",
        version="2.1",
        act=("78fd32",),
        category="sensory-and-visual-cues",
        fix="Remove !important from the line height in style=.",
        probes=(LINES,),
        judge=line_height,
    ),
)
