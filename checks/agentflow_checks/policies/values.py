"""Values that must not get somewhere, and the forms in which they would."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

FORMS = ("exact", "casefold", "digits", "words")
DEFAULT_FORMS = ("exact", "casefold", "digits")

SHORTEST = 4
"""A value of fewer characters stands in every text; it is not looked for."""

FEWEST_DIGITS = 6

IDENTIFIERS = {
    "email": re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    "url": re.compile(r"\b(?:https?://|www\.)[^\s<>\"'`{}|\\^\[\]]++", re.IGNORECASE),
    "phone": re.compile(r"(?<![\w.,])(?:\+|\(?0)\d(?:[ ()./-]{0,2}\d){6,14}(?![\w])"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value to look for, and the name of the field it came from."""

    text: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How one value is looked for in texts."""

    value: Value
    exact: tuple[str, ...] = ()
    folded: re.Pattern[str] | None = None
    digits: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a value stands in a written text, and in which form."""

    form: str
    start: int
    end: int


def trace(value: Value, forms: tuple[str, ...]) -> Trace | None:
    """Compile how `value` is looked for; `None` where it is too short to be told.

    ``exact``: the characters, also as JSON, HTML or a URL would write them.
    ``casefold``: without regard to case, accents, blanks and hyphens. ``digits``: the
    digits in a row (six at least), whatever separates them. ``words``: any of its words
    of four letters or more.
    """
    text = value.text.strip()
    if len(text) < SHORTEST:
        return None
    digits = re.sub(r"\D", "", text)
    mostly = len(digits) >= FEWEST_DIGITS and len(digits) * 2 >= len(text)
    return Trace(
        value=value,
        exact=tuple(_spellings(text)) if "exact" in forms else (),
        folded=_folded(text, forms),
        digits=digits if "digits" in forms and mostly else "",
    )


def _spellings(text: str) -> Iterator[str]:
    spelled = (
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape(text),
        quote(text, safe="", errors="replace"),
        quote_plus(text, errors="replace"),
    )
    yield from dict.fromkeys(spelled)


def _folded(text: str, forms: tuple[str, ...]) -> re.Pattern[str] | None:
    sources = []
    if "casefold" in forms:
        sources.append(_loose(fold(text)))
    if "words" in forms:
        words = re.findall(r"[^\W\d_]{4,}", fold(text))
        sources.extend(map(re.escape, words))
    if not any(sources):
        return None
    return re.compile("|".join(rf"(?<!\w)(?:{s})(?!\w)" for s in sources if s))


def _loose(text: str) -> str:
    words = [re.escape(word) for word in re.split(r"[\s\-_]+", text) if word]
    return r"[\s\-_]{1,8}".join(words)


def fold(text: str) -> str:
    """Give a text in lower case without accents, character for character.

    One character stays one character, so that spans keep their meaning; what would
    become several (``ß``) stays as it is in lower case.
    """
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_one, text))


def _fold_one(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character)[:1]
    lower = plain.lower()
    return lower if len(lower) == 1 else character


def sightings(looked: Trace, text: str) -> Iterator[Sighting]:
    """Give the first place of a value in a text, in the strictest form that fits."""
    for spelled in looked.exact:
        start = _whole(spelled, text)
        if start >= 0:
            yield Sighting("exact", start, start + len(spelled))
            return
    if looked.folded is not None and (match := looked.folded.search(fold(text))):
        yield Sighting("casefold", *match.span())
        return
    if looked.digits and (span := _in_digits(looked.digits, text)):
        yield Sighting("digits", *span)


def _whole(spelled: str, text: str) -> int:
    """Find a value that is no part of a longer word or number."""
    start = text.find(spelled)
    while start >= 0:
        end = start + len(spelled)
        left = start and text[start - 1].isalnum() and spelled[0].isalnum()
        right = end < len(text) and text[end].isalnum() and spelled[-1].isalnum()
        if not (left or right):
            return start
        start = text.find(spelled, start + 1)
    return -1


def _in_digits(wanted: str, text: str) -> tuple[int, int] | None:
    """Find digits in a row, with at most two separators between each."""
    source = r"[ ()./\u2010-\u2015\u00a0-]{0,2}".join(wanted)
    match = re.search(rf"(?<!\d){source}(?!\d)", text)
    return match.span() if match else None


def identifiers(text: str, kinds: tuple[str, ...]) -> Iterator[Value]:
    """Give the e-mail addresses, URLs, phone numbers and IBANs of a text.

    URLs come without scheme and last slash, so that ``www.a.example`` is found in
    ``https://www.a.example/``. An IBAN's check digits are not held against it: what is
    made up is an identifier, too.
    """
    for kind in kinds:
        for match in IDENTIFIERS[kind].finditer(text):
            found = match[0].rstrip(".,;:!?)")
            if kind == "url":
                found = re.sub(r"^https?://", "", found, flags=re.IGNORECASE)
                found = found.rstrip("/")
            yield Value(text=found, name=kind)
