"""What can be used with a mouse only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject, of
from agentflow_checks.web.page import Element, Visit

FOCUSABLE = frozenset({"input", "select", "textarea", "button", "summary", "iframe"})
LARGE = frozenset({"html", "body"})
"""Listening there is how scripts hear of clicks anywhere, no control of its own."""


def keyboard_reaches(element: Element) -> bool:
    """Whether the keyboard gets to an element by itself."""
    given = element.attributes
    if "tabindex" in given:
        return True
    if element.tag in {"a", "area"}:
        return "href" in given
    return element.tag in FOCUSABLE or given.get("contenteditable") in {"", "true"}


def mouse_only(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each element that listens to clicks.

    One is reached by keyboard where it, something around it or something inside it can
    have the focus.
    """
    del facts
    reached = _around(visited.elements)
    for index, element in enumerate(visited.elements):
        if not element.clickable or element.tag in LARGE or element.tag == "label":
            continue
        if index in reached:
            yield of(element, af.Verdict.PASSED)
        else:
            yield of(
                element,
                af.Verdict.FAILED,
                "it answers to clicks, and no key gets to it",
                observed=f"<{element.tag}> with a click handler, not focusable",
                expected="focusable, and answering to Enter",
            )


def _around(elements: tuple[Element, ...]) -> frozenset[int]:
    """Give the elements that are, hold or lie in one that the keyboard reaches."""
    found = set()
    for index, element in enumerate(elements):
        above = element.parent
        if keyboard_reaches(element) or (above in found and _inside(elements, above)):
            found.add(index)
    holders = set(found)
    for index in sorted(found, reverse=True):
        above = elements[index].parent
        while above is not None and above not in holders:
            holders.add(above)
            above = elements[above].parent
    return frozenset(holders)


def _inside(elements: tuple[Element, ...], index: int | None) -> bool:
    """Whether that element was reached itself, or from above; not from below."""
    return index is not None and elements[index].tag not in LARGE


RULES = (
    OwnRule(
        id="mouse-only",
        title="What answers to clicks can be used from the keyboard",
        criteria=("2.1.1", "4.1.2"),
        category="keyboard",
        impact="critical",
        fix=(
            "Make it a <button> (or a link, where it leads somewhere); else give it "
            'tabindex="0", a role, and an answer to Enter and Space.'
        ),
        judge=mouse_only,
    ),
)
