"""The success criteria of WCAG 2.2, levels A and AA, and what they leave to people."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from typing import Literal, Protocol


@dataclasses.dataclass(frozen=True, slots=True)
class Criterion:
    """One success criterion."""

    number: str
    """``1.4.3``."""
    name: str
    level: Literal["A", "AA", "AAA"]
    question: str
    """What a person has to look at, whatever the rules say; empty: nothing is left."""

    @property
    def tag(self) -> str:
        """How axe-core tags its rules: ``wcag143``."""
        return f"wcag{self.number.replace('.', '')}"


CRITERIA = (
    Criterion("1.1.1", "Non-text Content", "A", "does the text say what is shown?"),
    Criterion(
        "1.2.1", "Audio-only and Video-only", "A", "is there a transcript, a true one?"
    ),
    Criterion("1.2.2", "Captions", "A", "do the captions say what is heard?"),
    Criterion(
        "1.2.3", "Audio Description or Media Alternative", "A", "is what is seen told?"
    ),
    Criterion("1.2.4", "Captions (Live)", "AA", "is live sound captioned?"),
    Criterion("1.2.5", "Audio Description", "AA", "is what is seen told?"),
    Criterion(
        "1.3.1", "Info and Relationships", "A", "does markup say what looks say?"
    ),
    Criterion(
        "1.3.2", "Meaningful Sequence", "A", "does the order make sense read aloud?"
    ),
    Criterion(
        "1.3.3", "Sensory Characteristics", "A", "do texts rest on shape or place?"
    ),
    Criterion("1.3.4", "Orientation", "AA", ""),
    Criterion(
        "1.3.5",
        "Identify Input Purpose",
        "AA",
        "does every field about the user say so?",
    ),
    Criterion("1.4.1", "Use of Color", "A", "does anything rest on colour alone?"),
    Criterion("1.4.2", "Audio Control", "A", ""),
    Criterion(
        "1.4.3",
        "Contrast (Minimum)",
        "AA",
        "is text over pictures dark or light enough?",
    ),
    Criterion("1.4.4", "Resize Text", "AA", "is everything still there at 200 %?"),
    Criterion("1.4.5", "Images of Text", "AA", "does a picture hold text?"),
    Criterion("1.4.10", "Reflow", "AA", "does a wide table or map need its width?"),
    Criterion(
        "1.4.11", "Non-text Contrast", "AA", "are icons and edges of controls clear?"
    ),
    Criterion("1.4.12", "Text Spacing", "AA", ""),
    Criterion(
        "1.4.13",
        "Content on Hover or Focus",
        "AA",
        "can what appears be left, and kept?",
    ),
    Criterion("2.1.1", "Keyboard", "A", "does all of it work from the keyboard?"),
    Criterion("2.1.2", "No Keyboard Trap", "A", ""),
    Criterion("2.1.4", "Character Key Shortcuts", "A", ""),
    Criterion("2.2.1", "Timing Adjustable", "A", "can limits of time be turned off?"),
    Criterion("2.2.2", "Pause, Stop, Hide", "A", "can what moves be stopped?"),
    Criterion("2.3.1", "Three Flashes", "A", "does anything flash?"),
    Criterion(
        "2.4.1", "Bypass Blocks", "A", "can what every page repeats be passed over?"
    ),
    Criterion(
        "2.4.2", "Page Titled", "A", "does the title tell this page from others?"
    ),
    Criterion("2.4.3", "Focus Order", "A", "does Tab go in an order that makes sense?"),
    Criterion(
        "2.4.4", "Link Purpose (In Context)", "A", "do links say where they lead?"
    ),
    Criterion(
        "2.4.5", "Multiple Ways", "AA", "can each page be found in more than one way?"
    ),
    Criterion("2.4.6", "Headings and Labels", "AA", "do they say what is there?"),
    Criterion("2.4.7", "Focus Visible", "AA", ""),
    Criterion("2.4.11", "Focus Not Obscured (Minimum)", "AA", ""),
    Criterion("2.5.1", "Pointer Gestures", "A", "is there a way with one finger?"),
    Criterion("2.5.2", "Pointer Cancellation", "A", "can a press be taken back?"),
    Criterion("2.5.3", "Label in Name", "A", ""),
    Criterion("2.5.4", "Motion Actuation", "A", "can it be done without moving?"),
    Criterion("2.5.7", "Dragging Movements", "AA", "is there a way without dragging?"),
    Criterion("2.5.8", "Target Size (Minimum)", "AA", ""),
    Criterion("3.1.1", "Language of Page", "A", ""),
    Criterion("3.1.2", "Language of Parts", "AA", "are short foreign passages marked?"),
    Criterion("3.2.1", "On Focus", "A", "does focus alone change the page?"),
    Criterion("3.2.2", "On Input", "A", "does a choice alone change the page?"),
    Criterion("3.2.3", "Consistent Navigation", "AA", "is it in the same order?"),
    Criterion(
        "3.2.4", "Consistent Identification", "AA", "is the same called the same?"
    ),
    Criterion("3.2.6", "Consistent Help", "A", "is help at the same place?"),
    Criterion("3.3.1", "Error Identification", "A", "is what is wrong said in words?"),
    Criterion("3.3.2", "Labels or Instructions", "A", "are they enough to fill it in?"),
    Criterion("3.3.3", "Error Suggestion", "AA", "is it said how to mend it?"),
    Criterion(
        "3.3.4", "Error Prevention (Legal, Financial, Data)", "AA", "can it be undone?"
    ),
    Criterion("3.3.7", "Redundant Entry", "A", "is nothing asked twice?"),
    Criterion(
        "3.3.8", "Accessible Authentication (Minimum)", "AA", "does it need no memory?"
    ),
    Criterion("4.1.2", "Name, Role, Value", "A", "do names fit what is named?"),
    Criterion("4.1.3", "Status Messages", "AA", "are messages told as they come?"),
    Criterion("1.2.8", "Media Alternative (Prerecorded)", "AAA", ""),
    Criterion("1.4.6", "Contrast (Enhanced)", "AAA", ""),
    Criterion("2.1.3", "Keyboard (No Exception)", "AAA", ""),
    Criterion("2.2.4", "Interruptions", "AAA", ""),
    Criterion("2.3.3", "Animation from Interactions", "AAA", ""),
    Criterion("2.4.9", "Link Purpose (Link Only)", "AAA", ""),
    Criterion("3.2.5", "Change on Request", "AAA", ""),
)
"""Those of levels A and AA, and of AAA those that a rule decides a part of."""

BY_TAG = {criterion.tag: criterion for criterion in CRITERIA}


class Tagged(Protocol):
    """A rule, axe-core's or ours."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def tags(self) -> Collection[str]:
        """Its tags."""


def table(by_axe: Iterable[Tagged], by_us: Iterable[Tagged]) -> Iterator[str]:
    """Write what is decided and what is left, a row of Markdown for each criterion.

    Args:
        by_axe: the installed axe-core's rules; deprecated and experimental ones are
            left out, as they are when pages are judged.
        by_us: our own rules.
    """
    yield "| criterion | level | axe-core decides | rules of ours | left to you |"
    yield "|---|---|---|---|---|"
    theirs = [
        rule for rule in by_axe if not {"deprecated", "experimental"} & {*rule.tags}
    ]
    ours = list(by_us)
    for one in CRITERIA:
        if one.level == "AAA":
            continue
        cells = [
            ", ".join(f"`{rule.id}`" for rule in rules if one.tag in rule.tags)
            for rules in (theirs, ours)
        ]
        examined = any(cells)
        left = one.question if examined else f"not examined: {one.question}"
        cells = [f"{one.number} {one.name}", one.level, *cells, left]
        yield f"| {' | '.join(cells)} |"
