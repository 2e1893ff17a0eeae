"""Why a rule of axe-core matters: who is shut out, and by which criterion of WCAG."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

CRITERIA = {
    "111": "1.1.1 Non-text Content",
    "121": "1.2.1 Audio-only and Video-only",
    "122": "1.2.2 Captions",
    "131": "1.3.1 Info and Relationships",
    "134": "1.3.4 Orientation",
    "135": "1.3.5 Identify Input Purpose",
    "141": "1.4.1 Use of Color",
    "142": "1.4.2 Audio Control",
    "143": "1.4.3 Contrast (Minimum)",
    "144": "1.4.4 Resize Text",
    "146": "1.4.6 Contrast (Enhanced)",
    "1412": "1.4.12 Text Spacing",
    "211": "2.1.1 Keyboard",
    "213": "2.1.3 Keyboard (No Exception)",
    "221": "2.2.1 Timing Adjustable",
    "222": "2.2.2 Pause, Stop, Hide",
    "224": "2.2.4 Interruptions",
    "241": "2.4.1 Bypass Blocks",
    "242": "2.4.2 Page Titled",
    "244": "2.4.4 Link Purpose (In Context)",
    "249": "2.4.9 Link Purpose (Link Only)",
    "253": "2.5.3 Label in Name",
    "258": "2.5.8 Target Size (Minimum)",
    "311": "3.1.1 Language of Page",
    "312": "3.1.2 Language of Parts",
    "325": "3.2.5 Change on Request",
    "332": "3.3.2 Labels or Instructions",
    "411": "4.1.1 Parsing",
    "412": "4.1.2 Name, Role, Value",
}
"""Success criteria of WCAG 2.2, by axe-core's tags without ``wcag``."""

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
        if number := re.fullmatch(r"wcag(\d{3,4})", tag):
            digits = number[1]
            dotted = f"{digits[0]}.{digits[1]}.{digits[2:]}"
            yield CRITERIA.get(digits, dotted)


def _level(tags: Collection[str]) -> str:
    for tag in tags:
        if level := re.fullmatch(r"wcag2\d?(a{1,3})", tag):
            return f", level {level[1].upper()}"
    return ""
