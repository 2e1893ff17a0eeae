"""Whether text on pictures and gradients has contrast with what is behind it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject, of
from agentflow_checks.web import probing
from agentflow_checks.web.page import Element, Visit
from agentflow_checks.web.probing import Bench, Probe

Node: TypeAlias = Mapping[str, Any]
"""One element of an axe-core rule's answer."""

MOST = 60
"""Texts that are measured on one page."""

AREA = 6_000_000
"""Pixels of the part of the page that is photographed for them."""

ROUNDING = 0.05
"""By so much a ratio may be off: colours have whole numbers."""


def _pictured(visited: Visit) -> bool:
    return any(
        element.styles["background-image"] != "none"
        or element.tag in {"img", "video", "canvas", "picture", "object", "embed"}
        for element in visited.elements
    )


def _on_pictures(visited: Visit) -> list[int]:
    """Give the texts behind which the browser's own answer is no single colour."""
    if not _pictured(visited):
        return []
    found = [
        index
        for index, element in enumerate(visited.elements)
        if element.text
        and element.background is None
        and "::" not in element.selector
        and element.box.width > 1
        and element.box.height > 1
    ]
    return found[:MOST]


def behind(bench: Bench) -> list[dict[str, Any]]:
    """Photograph texts on pictures with and without their letters, and compare.

    Gives for each: ``index`` among the visit's elements, ``large``, ``letters`` that
    are painted of ``all``, ``worst`` (of the letters' highest contrasts the lowest) and
    ``least`` (the lowest contrast with any pixel behind a letter).
    """
    candidates = _on_pictures(bench.visited)
    if not candidates:
        return []
    probing.install(bench, __package__, "backdrop.js")
    selectors = [bench.visited.elements[index].selector for index in candidates]
    asked = f"agentflowBackdrop.list({json.dumps(selectors)})"
    clip = json.loads(probing.ask(bench, asked))
    if clip is None or clip[2] * clip[3] > AREA:
        return []
    shown = _photograph(bench, clip)
    probing.ask(bench, "agentflowBackdrop.hide()")
    hidden = _photograph(bench, clip)
    probing.ask(bench, "agentflowBackdrop.show()")
    pair = f"{json.dumps(shown)}, {json.dumps(hidden)}, {json.dumps(clip)}"
    found = json.loads(probing.ask(bench, f"agentflowBackdrop.measure({pair})"))
    return [one | {"index": candidates[one["index"]]} for one in found]


def _photograph(bench: Bench, clip: list[int]) -> Any:
    x, y, width, height = clip
    request = {
        "format": "png",
        "optimizeForSpeed": True,
        "captureBeyondViewport": True,
        "clip": {"x": x, "y": y, "width": width, "height": height, "scale": 1},
    }
    return probing.command(bench, "Page.captureScreenshot", request)["data"]


BEHIND = Probe(name="backdrop", run=behind, acts=False)

ANSWERS = {
    "color-contrast": "contrast-on-pictures",
    "color-contrast-enhanced": "contrast-on-pictures-enhanced",
}
"""Rules of axe-core that ask what one of these finds out."""


def readable(
    visited: Visit, facts: Facts, *, large: float, small: float
) -> Iterator[Subject]:
    """Judge each text on a picture by the contrast of its letters.

    As the ACT rule has it, a letter has the highest contrast that any of its pixels
    has with any pixel behind it.
    """
    for one in facts[BEHIND.name]:
        needed = large if one["large"] else small
        yield _judged(visited.elements[one["index"]], one, needed)


def _judged(element: Element, one: dict[str, Any], needed: float) -> Subject:
    if one["least"] >= needed:
        return of(element, af.Verdict.PASSED)
    shown = repr(element.text[:60])
    if one["worst"] < needed - ROUNDING:
        return of(
            element,
            af.Verdict.FAILED,
            f"letters of {shown} have a contrast of {one['worst']:.2f}:1 at most with "
            "the picture or gradient behind them",
            observed=f"{one['worst']:.2f}:1",
            expected=f"{needed:g}:1",
        )
    return of(
        element,
        af.Verdict.UNDETERMINED,
        f"{shown} stands on a picture or gradient, parts of which have a contrast of "
        f"{one['least']:.2f}:1 with it: is each letter clear against what is there?",
        observed=f"{one['least']:.2f}:1",
        expected=f"{needed:g}:1",
    )


def answered(visited: Visit, facts: Facts, nodes: Iterable[Node]) -> list[Node]:
    """Leave out those of axe-core's elements that were measured here.

    Args:
        visited: the page.
        facts: what `BEHIND` found.
        nodes: elements about whose contrast axe-core asks.

    Returns:
        those that are still to be asked about.
    """
    measured = [visited.elements[one["index"]] for one in facts[BEHIND.name]]
    return [n for n in nodes if not any(_is(element, n) for element in measured)]


def _is(element: Element, node: Node) -> bool:
    """Whether axe-core speaks of this element: of its place and its kind."""
    box = node.get("box")
    if box is None or not str(node["html"]).startswith(f"<{element.tag}"):
        return False
    return all(
        abs(one - other) <= 1 for one, other in zip(element.box, box, strict=True)
    )


_FIX = (
    "Put a plain, dark or light layer between text and picture, or change the colour "
    "of the text."
)

RULES = (
    OwnRule(
        id="contrast-on-pictures",
        title="Text on pictures and gradients has enough contrast",
        criteria=("1.4.3",),
        level="AA",
        act=("afw4f7",),
        category="color",
        fix=_FIX,
        probes=(BEHIND,),
        judge=functools.partial(readable, large=3.0, small=4.5),
    ),
    OwnRule(
        id="contrast-on-pictures-enhanced",
        title="Text on pictures and gradients has high contrast",
        criteria=("1.4.6",),
        level="AAA",
        act=("09o5cg",),
        category="color",
        fix=_FIX,
        probes=(BEHIND,),
        judge=functools.partial(readable, large=4.5, small=7.0),
    ),
)
