"""Terms and patterns that a policy looks for in texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentflow_checks.policies import document
from agentflow_checks.policies.case import Piece
from agentflow_checks.policies.document import Entry
from agentflow_checks.policies.patterns import (
    Explosive,
    Pattern,
    TooSlow,
    compile_pattern,
    search,
)

KEYS = ("terms", "regex", "case")

NEAR_KEYS = ("near", "words", "side")

NEAR_WORDS = 3
"""How many words away an exception may stand."""

_REACH = 200
"""Characters that are looked at for so many words."""

_GAP = r"[\s\-\u2010-\u2015]+"
"""What a blank or hyphen in a term stands for."""

_SENTENCE_END = re.compile(r"[.!?;]\s|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Words beside a phrase that make it harmless."""

    terms: re.Pattern[str]
    words: int
    before: bool
    after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What is looked for: each term and each pattern on its own."""

    named: tuple[tuple[str, Pattern], ...]
    near: Near | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place where a phrase stands, in the readable text."""

    label: str
    """The term or pattern as the policy writes it."""
    text: str
    start: int
    end: int


def read_phrases(given: dict[str, Entry], entry: Entry) -> Phrases:
    """Read ``terms``, ``regex``, ``case`` and ``unless``; one of the first two is due.

    Terms are whole words in any case (``case: true`` minds it); a blank in a term
    stands for blanks or hyphens, a star at its end for any ending.
    """
    if "terms" not in given and "regex" not in given:
        raise entry.bad("says neither terms nor regex; name what is looked for")
    exact = "case" in given and document.flag(given["case"])
    flags = 0 if exact else re.IGNORECASE
    named: list[tuple[str, Pattern]] = []
    if "terms" in given:
        items = document.items(given["terms"])
        named += [(document.text(item), _term(item, flags)) for item in items]
    if "regex" in given:
        items = document.items(given["regex"])
        named += [(document.text(item), _regex(item, flags)) for item in items]
    near = _near(given["unless"]) if "unless" in given else None
    return Phrases(named=tuple(named), near=near)


def _term(entry: Entry, flags: int) -> Pattern:
    source = term_source(document.text(entry))
    if not source:
        raise entry.bad("a term needs a letter or digit; use regex for signs")
    # A letter before every repeat: linear, whatever the text.
    return Pattern(regex=re.compile(source, flags))


def term_source(term: str) -> str:
    """Write a term as a pattern; empty where the term holds no letter or digit."""
    stem = term.strip().removesuffix("*")
    if not re.search(r"\w", stem):
        return ""
    words = re.split(_GAP, stem)
    body = _GAP.join(re.escape(word) for word in words if word)
    body = body.replace("'", "['\u2019\u02bc]")
    ending = r"\w*+" if term.strip().endswith("*") else ""
    left = r"(?<!\w)" if stem[0].isalnum() else ""
    right = r"(?!\w)" if ending or stem[-1].isalnum() else ""
    return f"{left}{body}{ending}{right}"


def _regex(entry: Entry, flags: int) -> Pattern:
    source = document.text(entry)
    try:
        pattern = compile_pattern(source, flags)
    except re.error as error:
        raise entry.bad(f"{source!r} is no regular expression: {error}") from error
    except Explosive:
        raise entry.bad(
            f"{source!r} repeats something that repeats or overlaps itself; on a "
            "hostile text that takes for ever. Make the inner repeat possessive "
            "(\\w++), or the group atomic (?>...), or bound the outer one"
        ) from None
    if pattern.regex.fullmatch(""):
        raise entry.bad(f"{source!r} matches the empty text, so it says nothing")
    return pattern


def _near(entry: Entry) -> Near:
    given = document.mapping(entry, NEAR_KEYS, needs=("near",))
    sources = [term_source(document.text(e)) for e in document.items(given["near"])]
    if not all(sources):
        raise given["near"].bad("each word needs a letter or digit")
    side = "before"
    if "side" in given:
        side = document.choice(given["side"], ("before", "after", "both"))
    words = NEAR_WORDS
    if "words" in given:
        words = document.count(given["words"], least=1)
    return Near(
        terms=re.compile("|".join(sources), re.IGNORECASE),
        words=words,
        before=side in ("before", "both"),
        after=side in ("after", "both"),
    )


def find(phrases: Phrases, piece: Piece, *, patient: bool = True) -> Iterator[Hit]:
    """Give every place where one of the phrases stands; see `patterns.search`."""
    text = piece.text.text
    for label, pattern in phrases.named:
        for start, end in search(pattern, text, patient=patient):
            if phrases.near is None or not _excused(phrases.near, text, start, end):
                yield Hit(label=label, text=text[start:end], start=start, end=end)


def _excused(near: Near, text: str, start: int, end: int) -> bool:
    reach = _REACH + 20 * near.words
    if near.before:
        left = _SENTENCE_END.split(text[max(start - reach, 0) : start])[-1]
        if near.terms.search(" ".join(left.split()[-near.words :])):
            return True
    if near.after:
        right = _SENTENCE_END.split(text[end : end + reach])[0]
        if near.terms.search(" ".join(right.split()[: near.words])):
            return True
    return False


def excerpt(text: str, start: int, end: int, around: int = 40) -> str:
    """Give the words around a stretch of text, on one line."""
    low, high = max(start - around, 0), min(end + around, len(text))
    cut = text[low:high]
    if low:
        cut = cut.partition(" ")[2] if " " in text[low:start] else cut
    if high < len(text) and " " in text[end:high]:
        cut = cut.rpartition(" ")[0]
    words = " ".join(cut.split())
    before = "..." if low else ""
    return f"{before}{words}{'...' if high < len(text) else ''}"


__all__ = ["Hit", "Near", "Phrases", "TooSlow", "excerpt", "find", "read_phrases"]
