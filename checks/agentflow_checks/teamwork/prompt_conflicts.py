"""Instructions of one prompt that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from agentflow_checks.teamwork.prompt_instructions import VERBS, instructions

_NUMBERS = {
    word: number
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
}
_NUMBER = r"(\d{1,6}|" + "|".join(_NUMBERS) + r")"
_BOUND = re.compile(
    r"\b(at most|no more than|not more than|up to|a maximum of|maximum|fewer than|"
    r"less than|under|at least|no fewer than|no less than|a minimum of|minimum|"
    r"more than|over|exactly|precisely)\s+" + _NUMBER + r"\s+([a-z-]+)",
    re.IGNORECASE,
)
_UPPER = {
    "at most",
    "no more than",
    "not more than",
    "up to",
    "a maximum of",
    "maximum",
}
_BELOW = {"fewer than", "less than", "under"}
_LOWER = {"at least", "no fewer than", "no less than", "a minimum of", "minimum"}
_ABOVE = {"more than", "over"}
_ALWAYS = re.compile(
    r"\b(?:always|must)(?! not\b| never\b)\s+([^.;!?\n]+)", re.IGNORECASE
)
_NEVER = re.compile(
    r"\b(?:never|do not|don't|must not|must never|may not)\s+([^.;!?\n]+)",
    re.IGNORECASE,
)
_SMALL = """
a an the and or of to in on at for by with from as is are be it its this that these
those your you any all each every not no do does than then there their
"""
_LITTLE = frozenset(_SMALL.split())
_EMPTY = VERBS | {"has", "have", "contain", "containing", "ha"}
_LONGEST = 400
_HEADING_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two instructions that cannot both be followed, or may not."""

    first: str
    second: str
    certain: bool
    """No text can follow both; else it is a question for a person."""
    why: str


def conflicts(
    sentences: Sequence[str], lines: Sequence[str] = ()
) -> tuple[Conflict, ...]:
    """Find contradictions among the instructions of a prompt.

    Certain are bounds of the same thing that leave no number (at least five bullets, at
    most three bullets) and "always" and "never" before the same words, each where the
    two sentences differ in nothing else that matters. Where they also differ in what
    they speak of, or name nothing ("Write at most 50 words") and stand below different
    headings, they are questions. Contradictions in other words are not seen.

    Args:
        sentences: the instructions.
        lines: of the prompt; none: the sentences stand below one heading.
    """
    kept = [s for s in dict.fromkeys(sentences) if len(s) <= _LONGEST]
    return (*_bounds(kept, _sections(lines or kept)), *_modes(kept))


def _sections(lines: Sequence[str]) -> list[str]:
    """Part a prompt at its headings: short lines that tell nothing and end nowhere."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if _is_heading(line.strip()):
            parts.append([])
        parts[-1] += line.split()
    return [" ".join(part) for part in parts]


def _is_heading(line: str) -> bool:
    if line.startswith(("#", "<", "**")):
        return True
    short = 0 < len(line.split()) <= _HEADING_WORDS and line[-1] not in ".!?;,"
    return short and (line.endswith(":") or not instructions([line]))


def _bounds(sentences: Sequence[str], sections: Sequence[str]) -> Iterator[Conflict]:
    found = [
        (sentence, _stem(match[3]), *_range(match[1], match[2]))
        for sentence in sentences
        for match in _BOUND.finditer(sentence)
        if match[3].casefold() not in _LITTLE
    ]
    for first, second in combinations(found, 2):
        least, most = max(first[2], second[2]), min(first[3], second[3])
        if first[1] != second[1] or least <= most or first[0] == second[0]:
            continue
        mine, theirs = (_content(_BOUND.sub(" ", s[0])) for s in (first, second))
        if mine == theirs or (mine & theirs):
            yield Conflict(
                first=first[0],
                second=second[0],
                # "Write at most two" may stand below another heading.
                certain=mine == theirs
                and (bool(mine - _EMPTY) or _together(first[0], second[0], sections)),
                why=f"no number of {first[1]}s is at least {least} and at most {most}",
            )


def _together(first: str, second: str, sections: Sequence[str]) -> bool:
    both = " ".join(first.split()), " ".join(second.split())
    return any(all(one in section for one in both) for section in sections)


def _range(bound: str, number: str) -> tuple[int, float]:
    word, value = bound.casefold(), number.casefold()
    n = int(value) if value.isdigit() else _NUMBERS[value]
    if word in _UPPER:
        return 0, n
    if word in _BELOW:
        return 0, n - 1
    if word in _LOWER:
        return n, float("inf")
    return (n + 1, float("inf")) if word in _ABOVE else (n, n)


def _modes(sentences: Sequence[str]) -> Iterator[Conflict]:
    always = [(s, _content(m[1])) for s in sentences for m in _ALWAYS.finditer(s)]
    never = [(s, _content(m[1])) for s in sentences for m in _NEVER.finditer(s)]
    for wanted, its in always:
        for banned, theirs in never:
            common = its & theirs
            if len(common) < 2 or wanted == banned:
                continue
            same = its == theirs
            if same or len(common) >= min(len(its), len(theirs)):
                yield Conflict(
                    first=wanted,
                    second=banned,
                    certain=same,
                    why="one asks for what the other forbids",
                )


def _content(text: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return frozenset(_stem(word) for word in words if word not in _LITTLE)


def _stem(word: str) -> str:
    lower = word.casefold()
    return lower[:-1] if len(lower) > 3 and lower.endswith("s") else lower
