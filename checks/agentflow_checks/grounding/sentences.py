"""Sentences of a text by rules: ends, abbreviations, initials, decimal points."""

from __future__ import annotations

import re

_BREAK = re.compile(
    r"[.!?\u2026]+[\"')\]*_\u00bb\u201d\u2019]{0,3}(?=\s|\Z)|\n+|[\u3002\uff01\uff1f]"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|sr|jr|st|mt|ft|vs|etc|e\.g|i\.e|eg|ie|approx|no|nos|vol"
    r"|fig|figs|inc|ltd|co|corp|dept|est|gen|col|sgt|capt|rev|hon|gov|sen|rep|ave|blvd"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|u\.s|u\.k|a\.m|p\.m|ph\.d|cf|al)"
    r"|(?-i:(?<![A-Za-z])[A-Z]))\Z",
    re.IGNORECASE,
)
_ALWAYS_ENDS = re.compile(
    r"(?:etc|inc|ltd|co|corp|a\.m|p\.m|u\.s|u\.k|al)\Z", re.IGNORECASE
)
_OPENS = re.compile(r"\s+[\"'(\[*_\u201c\u2018]{0,3}[A-Z0-9]")
_MARKER = re.compile(r"(?:\A|\n)[ \t>]{0,12}(?:[0-9]{1,3}|[A-Za-z])\Z")
_TAIL = 12


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Give the spans of the sentences, without the blanks around them.

    A line break ends a sentence. The spans are disjoint, in order, and hold every
    character that is not blank.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BREAK.finditer(text):
        if match.group()[0] == "." and not _ends(text, start, match):
            continue
        _add(spans, text, start, match.end())
        start = match.end()
    _add(spans, text, start, len(text))
    return spans


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    before = text[max(start, match.start() - _TAIL) : match.start()]
    if len(match.group().rstrip("\"')]*_")) > 1:
        return True
    if _MARKER.search(text[max(0, match.start() - 16) : match.start()]):
        return False
    if _ABBREVIATION.search(before) is None:
        return True
    if not _ALWAYS_ENDS.search(before):
        return False
    return _OPENS.match(text, match.end()) is not None


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        first = start + len(piece) - len(piece.lstrip())
        spans.append((first, first + len(stripped)))
