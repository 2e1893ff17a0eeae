"""Names of two or more words, and quotations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from agentflow_checks.grounding.folding import letters, word_form
from agentflow_checks.grounding.kinds import Atom, Reading
from agentflow_checks.grounding.spans import Spans

_LINK = (
    r"(?:of[ ]the|of|de[ ]la|de[ ]los|de|del|della|di|da|do|dos|la|le|van[ ]der|van|von"
    r"|der|den|du|al|bin|ibn|&)"
)
_QUOTATION = re.compile(r'(?<![A-Za-z0-9])"([^"\n]{20,600}?)"(?![A-Za-z0-9])')
_PLACEHOLDER = re.compile(r"\[[^\]\n]{1,60}\](?!\()")
_QUOTED = re.compile(r'"[^"\n]{1,300}"')
_LINE = re.compile(r"[^\n]+")
_SEGMENT = re.compile(r"[^:|]+")
_SENTENCE_STARTS = re.compile(
    r'(?:\A|[.!?:;|>][\'")*_]{0,3}|\n|[-*•·]|\A["(*_]+)[ ]{0,3}["(*_]{0,3}\Z'
)

#: Capitalised for their place or their kind, not because they name something.
_COMMON_WORDS = """
    a about above according across after again all also although always among an and
    another any apart are around as at avoid based be because before below besides
    best better both but by call can check choose click combine consider contact
    cook could create did discover do does during each either enjoy enter ensure
    even every explore figure finally find first for from general generally get
    given go has have he her here hers high his how however i if important in
    include included includes including instead into is it its keep last later learn
    let like list local look low made make many may meanwhile might more moreover
    most mr mrs ms much must my need new next no nor not note now of off often on
    once one only open or other others our out over overall page passage passages
    per place please possible preheat prior put read remember remove repeat second
    section see select serve set several she should since so some sometimes source
    sources start step steps still such take tell than that the their them then
    there therefore these they third this those though through throughout thus to
    today together too top total try two type typically under unfortunately until up
    upon use used using usually various very via visit was we welcome well were what
    when where whether which while who whose why will with within without would yes
    yet you your monday tuesday wednesday thursday friday saturday sunday january
    february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs
    fri sat sun am pm
"""
COMMON = frozenset(_COMMON_WORDS.split())
_TITLE_SHARE = 0.75
#: A line that names a person is no title, though most of its words have capitals.
_PERSON = re.compile(
    r"\A\W{0,4}(?:—|-|--|by|said|signed)[ ](?=[A-Z])"
    r"|\b(?:CEO|CTO|CFO|COO|CMO|CIO|VP|founder|co-founder|owner|director|manager|president"
    r"|chair|head of|principal|professor|dean|editor|curator|partner|governor|mayor"
    r"|minister|engineer|architect|designer|chef|nurse|teacher|spokes\w+)\b"
    r"|(?<![A-Za-z])(?:Mr|Mrs|Ms|Dr|Prof|Sir|Dame)\.?[ ][A-Z]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Patterns:
    name: re.Pattern[str]
    word: re.Pattern[str]


def _words(text: str) -> list[str]:
    return _patterns(text).word.findall(text)


def _patterns(text: str) -> _Patterns:
    return _for_alphabets() if not text.isascii() else _for_ascii()


@cache
def _for_ascii() -> _Patterns:
    return _compiled("A-Z", "a-z")


@cache
def _for_alphabets() -> _Patterns:
    """Compile for Latin, Greek and Cyrillic: thousands of signs, seldom needed."""
    known = [chr(code) for code in (*range(0xC0, 0x530), *range(0x1E00, 0x2000))]
    # A capital counts only with its small letter, so that lower case reads the same
    # again.
    up = "".join(c for c in known if c.isupper() and c.lower() in known)
    low = "\u0300-\u036f" + "".join(filter(str.islower, known))
    return _compiled(f"A-Z{up}", f"a-z{low}")


def _compiled(up: str, low: str) -> _Patterns:
    capital = rf"(?:[{up}][{up}{low}0-9'-]*[{up}{low}0-9]|[{up}]\.(?=[ ][{up}])|[{up}])"
    return _Patterns(
        name=re.compile(
            rf"(?<![^\W_])(?<![@_./#&-]){capital}"
            rf"(?:(?:[ ]{_LINK})?[ ]{capital}){{1,7}}(?![^\W_])(?![@_])"
        ),
        word=re.compile(rf"[{up}{low}0-9][{up}{low}0-9'-]*"),
    )


def names(text: str, taken: Spans) -> Iterator[Atom]:
    """Read runs of capitalised words; title-case lines and quoted titles hold none.

    The normal form is the words in lower case without possessive.
    """
    skipped: Spans | None = None
    for match in _patterns(text).name.finditer(text):
        if skipped is None:
            skipped = _titles(text)
        span = _trimmed(text, match)
        if span is None or skipped.overlaps(*span) or taken.overlaps(*span):
            continue
        words = _name_words(text[span[0] : span[1]])
        if len(words) > 1 and taken.take(*span):
            reading = Reading("name", " ".join(words))
            yield Atom(text[span[0] : span[1]], *span, (reading,))


def quotations(text: str) -> Iterator[Atom]:
    """Read quotations of five words or more; the normal form is letters and digits."""
    if text.count('"') < 2:
        return
    for match in _QUOTATION.finditer(text):
        if len(match[1].split()) >= 5:
            start, end = match.span(1)
            normal = letters(match[1])
            if normal:
                yield Atom(match[1], start, end, (Reading("quotation", normal),))


def name_normal(written: str) -> str:
    """Give the words of a name in lower case, without possessive."""
    return " ".join(
        filter(
            None, (word_form(word) for word in _patterns(written).word.findall(written))
        )
    )


def name_words(normal: str) -> tuple[str, ...]:
    """Give the words of a name's normal form that must be in a source."""
    return tuple(normal.split(" "))


def _name_words(written: str) -> list[str]:
    folded = (
        word_form(word)
        for word in _patterns(written).word.findall(written)
        if word[0].isupper()
    )
    return [word for word in folded if word]


def _trimmed(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Drop leading and trailing words that are capitalised for another reason."""
    found = _patterns(text).word.finditer(match.group())
    words = [(m.start(), m.end(), m.group()) for m in found]
    if _starts_item(text, match):
        words.pop(0)
    if len(words) == 2 and words[1][2].isupper() and _starts_sentence(text, match):
        # "Incorporate HIIT": one word has its capital for its place.
        return None
    while words and _is_common(words[0][2]):
        words.pop(0)
    while words and _is_common(words[-1][2]):
        words.pop()
    capitals = [word for word in words if word[2][0].isupper()]
    if len(capitals) < 2 or not any(c.islower() for _, _, w in capitals for c in w):
        return None
    start = match.start()
    return start + words[0][0], start + words[-1][1]


def _is_common(word: str) -> bool:
    return not word[0].isupper() or word_form(word) in COMMON


def _starts_sentence(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 6) : match.start()]
    return _SENTENCE_STARTS.search(before) is not None or match.start() == 0


def _starts_item(text: str, match: re.Match[str]) -> bool:
    """Tell whether the run begins with the letter of a list item ("B. Engage")."""
    lettered = match.group()[1:2] == "." and match.group()[2:3] == " "
    before = text[max(0, match.start() - 4) : match.start()].strip(" \t*(")
    return lettered and (not before or before[-1] in "\n.!?:;")


def _titles(text: str) -> Spans:
    """Find the lines and line parts in title case and the quoted titles."""
    spans = Spans()
    for line in _LINE.finditer(text):
        for part in (line, *_parts_before_colon(text, line)):
            if is_title(part.group()) and spans.take(*part.span()):
                break
    for placeholder in _PLACEHOLDER.finditer(text):
        spans.take(*placeholder.span())
    for quoted in _QUOTED.finditer(text):
        if is_title(quoted.group()):
            spans.take(*quoted.span())
    return spans


def _parts_before_colon(text: str, line: re.Match[str]) -> Iterator[re.Match[str]]:
    if ":" in line.group() or "|" in line.group():
        yield from _SEGMENT.finditer(text, line.start(), line.end())


def is_title(written: str) -> bool:
    """Tell whether a line is written in title case, as headings and labels are."""
    if _PERSON.search(written):
        return False
    words = [word for word in _words(written) if len(word) > 3]
    if len(words) < 2 or written.rstrip().endswith((".", "!", ";")):
        return False
    capitals = sum(word[0].isupper() or word[0].isdigit() for word in words)
    return capitals >= _TITLE_SHARE * len(words) and len(words) <= 14
