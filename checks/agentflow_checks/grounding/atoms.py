"""Typed atoms of a text: the values that can be looked up in a source."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from agentflow_checks.grounding.amounts import amounts
from agentflow_checks.grounding.code_spans import take_code
from agentflow_checks.grounding.contact import (
    address_normal,
    addresses,
    email_normal,
    emails,
    identifiers,
    phone_digits,
    phones,
    url_normal,
    urls,
)
from agentflow_checks.grounding.dates import dates, times
from agentflow_checks.grounding.folding import Folded, fold, letters, original_span
from agentflow_checks.grounding.kinds import Atom, AtomType
from agentflow_checks.grounding.names import name_normal, names, quotations
from agentflow_checks.grounding.spans import Spans
from agentflow_checks.grounding.units import BASES

_DIGIT = re.compile("[0-9]")
#: What numbers a thing and says nothing: found from its digits backwards, for digits
#: are rare in prose.
_LABEL_WORDS = """
    step steps passage passages figure figures fig figs table tables chapter chapters
    section sections page pages pp part parts question questions answer answers option
    options item items source sources document documents doc docs example examples note
    notes appendix footnote footnotes line lines row rows column columns slide slides
    image images picture pictures photo photos exhibit exhibits volume volumes vol
    lesson lessons module modules task tasks phase phases stage stages round rounds tip
    tips reason reasons method methods rule rules article articles paragraph paragraphs
    clause clauses reference references ref refs visual visuals no\\. nos\\.
"""
_LABEL_HEAD = re.compile(
    rf"\b(?:{'|'.join(_LABEL_WORDS.split())})[ ]?(?:\#|no\.?|number)?[. ]{{0,2}}\Z",
    re.IGNORECASE,
)
#: Most words before digits end otherwise, which is cheaper to see.
_LABEL_ENDS = frozenset(
    word.rstrip("\\.")[-2:] for word in (*_LABEL_WORDS.split(), "number")
)
_LABEL_DIGITS = re.compile(
    r"[0-9]{1,3}(?![0-9:%]|[.,][0-9]|[/-][0-9]{2})"
    r"(?:(?:[ ]?(?:,|&|-|and|or|to|through)[ ]?){1,2}[0-9]{1,3}"
    r"(?![0-9:%]|[.,][0-9])){0,9}",
    re.IGNORECASE,
)
_LONGEST_LABEL = 24
_DIGITS = re.compile("[0-9]+")
_MOST_DIGITS = 3
#: "passage 2:04:00 am": what looks like an hour numbers the passage.
_THREE_PARTS = re.compile(r"[0-9]:[0-9]{1,2}:[0-9]{2}")
_LABELLED_CLOCK = re.compile(
    r"\b(?:passage|source|document|answer|section|question|note|step|line)[ ]"
    r"[0-9]{1,3}:(?=[0-9]{1,2}:[0-9]{2}(?!:))",
    re.IGNORECASE,
)
_MARKERS = re.compile(
    r"(?:\A|(?<=\n))[ \t>*_#-]{0,12}"
    r"(?:\([0-9]{1,2}\)|[0-9]{1,3}[.):]|[0-9]{1,2}(?=[ ]{2}))"
    r"(?=[ \t*_]|\Z)"
)
_CITATIONS = re.compile(r"\[\^?[0-9]{1,3}(?:[ ]?[,-][ ]?[0-9]{1,3}){0,9}\]")
_SLOGANS = re.compile(
    r"(?<![0-9])(?:24/7(?:/365)?|50[/-]50|9/11|20/20|360°|16:9|4:3|3:2|21:9)(?![0-9])"
)
_STYLE = re.compile(
    r"(?=[#0-9])(?:#[0-9A-Fa-f]{3,8}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])[0-9]{2,5}[ ]?[x\u00d7][ ]?[0-9]{2,5}(?:[ ]?(?:px|pixels?))"
    r"|(?<![0-9A-Za-z])[1-9][0-9]{2,3}[x\u00d7][1-9][0-9]{2,3}(?![0-9A-Za-z])"
    r"|(?<![0-9.])[0-9]{1,3}[ ]?%[ ](?:of[ ]the[ ])?(?:width|height|opacity|opaque"
    r"|viewport|screen|transparen\w+|overlay|zoom|scale|black|white)\b)",
)
#: Style values that a word introduces: what follows it, the word, its length.
_STYLE_AFTER_WORDS = (
    (
        re.compile(r"\([^)\n]{0,200}\)"),
        re.compile(r"\b(?:rgba?|hsla?|calc|clamp|url|scale|rotate|translate[XYZ]?)\Z"),
        12,
    ),
    (
        re.compile(r":[ ]?[0-9.]+%?"),
        re.compile(
            r"\b(?:font-size|font-weight|line-height|(?:max-|min-)?(?:width|height)"
            r"|margin|padding|z-index|opacity|border-radius|top|left|right|bottom|gap)"
            r"[ ]?\Z"
        ),
        16,
    ),
    (
        re.compile(r"[0-9.]{1,8}[ ]?%"),
        re.compile(
            r"\b(?:width|height|opacity|transparency|scale|zoom)[ ](?:of|at|to)[ ]\Z"
        ),
        18,
    ),
    (
        re.compile(
            r"\.(?:jpe?g|png|gif|svg|webp|css|js|html?|json|pdf|mp4|ico|woff2?)\b"
        ),
        re.compile(r"[\w-]{1,80}\Z"),
        80,
    ),
)

_UTC_OFFSET = re.compile(
    r"(?:T[0-9]{2}:[0-9]{2}|[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?)"
    r"[ ]?(?P<offset>[+-][0-9]{2}:?[0-9]{2})(?![0-9:])"
)
_COPYRIGHT = re.compile(
    r"(?:©|\([cC]\)|\b[Cc]opyright\b)[^\n0-9]{0,60}"
    r"((?:19|20)[0-9]{2}(?:[ ]?[-,][ ]?(?:19|20)[0-9]{2})?)(?![0-9])"
)

Role = Literal["claim", "source"]


def atoms(text: str, *, lang: str = "en", role: Role = "claim") -> tuple[Atom, ...]:
    """Read the typed values of a text, in the order of their places.

    Args:
        text: any text; HTML entities, JSON escapes, typographic quotes, dashes and
            spaces are read as what they stand for.
        lang: language code of the text. It says how decimals and groups are written;
            ``""`` accepts both notations.
        role: a claim's values do not overlap, and labels ("Step 5", list markers) are
            no values. A source's may: a date inside a web address supports a date.

    Returns:
        Atoms whose spans index ``text``.
    """
    folded = fold(text)
    taken = Spans()
    found = _read(folded.text, lang[:2].lower(), role, taken)
    found += names(folded.text, taken)
    found += quotations(folded.text)
    found.sort(key=_place)
    if folded.text is text:
        return tuple(found)
    return tuple(_placed(atom, text, folded) for atom in found)


def values_of_source(text: str, folded: Folded, *, lang: str = "en") -> list[Atom]:
    """Read what a source is indexed by: its values without names and quotations.

    Those are looked up in its words. ``folded`` is the text folded, which costs a good
    part of the time.
    """
    found = _read(folded.text, lang[:2].lower(), "source", Spans())
    if folded.text is text:
        return found
    return [_placed(atom, text, folded) for atom in found]


def normal_form(kind: AtomType, written: str, *, lang: str = "en") -> str | None:
    """Give the normal form of one written value, or None if it is not of that kind.

    Normal forms are fixed points: the normal form of a normal form is itself.
    """
    shape = _SHAPES.get(kind)
    if shape is not None and shape.match(written):
        return written
    if kind in _WRITTEN:
        return _WRITTEN[kind](fold(written).text) or None
    for atom in atoms(written, lang=lang, role="source"):
        for reading in atom.readings:
            if reading.type == kind:
                return reading.normal
    return None


def _placed(atom: Atom, text: str, folded: Folded) -> Atom:
    start, end = original_span(folded, atom.start, atom.end)
    return Atom(text[start:end], start, end, atom.readings)


def _read(text: str, lang: str, role: Role, taken: Spans) -> list[Atom]:
    # An address inside a web address is a value of its own, so e-mail comes apart.
    found = [*urls(text, taken), *emails(text, taken)]
    inside = _inside(text, found, lang) if role == "source" else []
    found += _beside_addresses(text, lang, taken, role)
    found += inside
    found.sort(key=_place)
    return found


def _beside_addresses(text: str, lang: str, taken: Spans, role: Role) -> list[Atom]:
    if _THREE_PARTS.search(text):
        text = _LABELLED_CLOCK.sub(lambda label: " " * len(label.group()), text)
    found = _with_digits(text, taken) if _DIGIT.search(text) is not None else []
    found += times(text, taken)
    _take_labels(text, taken)
    if role == "claim":
        take_code(text, taken)
    found += amounts(text, lang, taken)
    return found


def _inside(text: str, addresses: list[Atom], lang: str) -> list[Atom]:
    """Read the dates and numbers within web and e-mail addresses."""
    return [
        Atom(atom.text, atom.start + one.start, atom.end + one.start, atom.readings)
        for one in addresses
        for atom in _beside_addresses(
            text[one.start : one.end], lang, Spans(), "source"
        )
    ]


def _within(address: str, lang: str) -> list[Atom]:
    return _beside_addresses(address, lang, Spans(), "source")


def _with_digits(text: str, taken: Spans) -> list[Atom]:
    for pattern in (_STYLE, _MARKERS):
        for match in pattern.finditer(text):
            taken.take(*match.span())
    for tail, head, longest in _STYLE_AFTER_WORDS:
        for match in tail.finditer(text):
            begin = max(0, match.start() - longest)
            word = head.search(text, begin, match.start())
            if word is not None:
                taken.take(word.start(), match.end())
    for match in _UTC_OFFSET.finditer(text):
        taken.take(*match.span("offset"))
    if "©" in text or "(c)" in text or "(C)" in text or "opyright" in text:
        for match in _COPYRIGHT.finditer(text):
            taken.take(*match.span(1))
    return [
        *dates(text, taken),
        *phones(text, taken),
        *addresses(text, taken),
        *identifiers(text, taken),
    ]


def _take_labels(text: str, taken: Spans) -> None:
    """Take what numbers a thing and says nothing: steps, figures, citations."""
    for digits in _DIGITS.finditer(text):
        if len(digits.group()) > _MOST_DIGITS:
            continue
        begin = max(0, digits.start() - _LONGEST_LABEL)
        before = text[begin : digits.start()].rstrip(" .#")
        if before[-2:].lower() not in _LABEL_ENDS:
            continue
        head = _LABEL_HEAD.search(text, begin, digits.start())
        whole = head and _LABEL_DIGITS.match(text, digits.start())
        if head and whole:
            taken.take(head.start(), whole.end())
    for pattern in (_CITATIONS, _SLOGANS):
        for match in pattern.finditer(text):
            taken.take(*match.span())


def _place(atom: Atom) -> tuple[int, int]:
    return atom.start, atom.end


_NUMBER = r"(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?"
_SHAPES: dict[str, re.Pattern[str]] = {
    "date": re.compile(r"(?:[0-9]{4}|-)-[0-9]{2}(?:-[0-9]{2})?\Z"),
    "time": re.compile(r"[0-9]{2}:[0-9]{2}\Z"),
    "year": re.compile(r"[0-9]{4}s?\Z"),
    "number": re.compile(rf"{_NUMBER}\Z"),
    "percent": re.compile(rf"{_NUMBER}%\Z"),
    "money": re.compile(rf"[A-Z]{{3}} {_NUMBER}\Z"),
    "quantity": re.compile(
        rf"-?{_NUMBER} (?:{'|'.join(map(re.escape, ('°', *BASES.values())))})\Z"
    ),
}
_WRITTEN: dict[str, Callable[[str], str]] = {
    "email": email_normal,
    "url": url_normal,
    "phone": phone_digits,
    "address": address_normal,
    "identifier": str.upper,
    "name": name_normal,
    "quotation": letters,
}
