"""Why a rule of axe-core matters: who is shut out, and by which criterion of WCAG."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from agentflow_checks.a11y.criteria import BY_TAG

PEOPLE = {
    "cat.aria": "screen readers announce the wrong thing, or nothing",
    "cat.color": "people with low vision, or a screen in the sun, cannot read it",
    "cat.forms": "people who do not see the form cannot tell what to fill in",
    "cat.keyboard": "people who use a keyboard or a switch get lost, or stuck",
    "cat.language": "screen readers pronounce the text in the wrong language",
    "cat.name-role-value": "people who do not see it cannot tell what it is for",
    "cat.parsing": "screen readers take the wrong element for the one meant",
    "cat.semantics": "people who listen to the page lose its outline",
    "cat.sensory-and-visual-cues": (
        "people with low vision or unsteady hands cannot read it or hit it"
    ),
    "cat.structure": "people who listen to the page do not hear what belongs together",
    "cat.tables": "people who listen to the table lose which header a cell belongs to",
    "cat.text-alternatives": "people who do not see it are told nothing of it",
    "cat.time-and-media": (
        "people who need more time, or no noise and movement, cannot use the page"
    ),
}
"""axe-core's categories, and what their faults do to people."""


def why(tags: Collection[str]) -> str:
    """Say who is affected by a fault, and which criterion of WCAG demands otherwise.

    Args:
        tags: the rule's tags, as axe-core gives them.
    """
    people = next((PEOPLE[tag] for tag in tags if tag in PEOPLE), "")
    sentences = [people[:1].upper() + people[1:]] if people else []
    if named := list(_criteria(tags)):
        sentences.append(f"WCAG {', '.join(named)}{_level(tags)}")
    elif "best-practice" in tags:
        sentences.append("Good practice, not demanded by WCAG")
    return "".join(f"{sentence}. " for sentence in sentences).rstrip()


def _criteria(tags: Collection[str]) -> Iterator[str]:
    for tag in tags:
        if number := re.fullmatch(r"wcag(\d)(\d)(\d+)", tag):
            named = BY_TAG.get(tag)
            dotted = ".".join(number.groups())
            yield f"{named.number} {named.name}" if named else dotted


def _level(tags: Collection[str]) -> str:
    for tag in tags:
        if level := re.fullmatch(r"wcag2\d?(a{1,3})", tag):
            return f", level {level[1].upper()}"
    return ""
