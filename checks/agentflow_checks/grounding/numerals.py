"""Numbers as written: digits with grouping, fractions and English number words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal

#: Longer runs of digits are codes, not amounts (and would be rounded by Decimal).
LONGEST = 21

#: Languages whose decimal sign is the comma.
_COMMA_CODES = """
    bg cs da de el es et fi fr hr hu id is it lt lv nb nl nn no pl pt ro ru sk sl sr
    sv tr uk vi
"""
COMMA_LANGUAGES = frozenset(_COMMA_CODES.split())
#: Languages that part thousands by a blank, which may be a plain one.
_BLANK_CODES = "cs da fi fr hu nb nn no pl pt ru sk sv uk"
BLANK_LANGUAGES = frozenset(_BLANK_CODES.split())

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5),
    "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8),
    "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
_VULGAR_CLASS = "".join(_VULGAR)

_DIGITS = re.compile(
    rf"""(?=[0-9.{_VULGAR_CLASS}])(?:(?<![A-Za-z0-9])|(?<=[0-9][xX]))(?:
      (?P<euro>[0-9]{{1,3}}(?:\.[0-9]{{3}})+,[0-9]{{1,2}}(?![0-9]))
    | (?P<version>[0-9]+(?:\.[0-9]+){{2,}}(?![0-9]))
    | (?P<mixed>[0-9]{{1,4}}(?:[ -]|[ ]and[ ])[0-9]{{1,2}}/[0-9]{{1,3}}(?![0-9/]))
    | (?P<fraction>[0-9]{{1,3}}/[0-9]{{1,3}}(?![0-9/]))
    | (?P<vulgar>(?:[0-9]{{1,6}}(?:[ ]and)?[ ]?)?[{_VULGAR_CLASS}])
    | (?P<grouped>[0-9]{{1,3}}(?:,[0-9]{{2,3}})*,[0-9]{{3}}(?![0-9])(?:\.[0-9]+)?)
    | (?P<spaced>[0-9]{{1,3}}(?:[\u2009'_][0-9]{{3}})+(?![0-9])(?:[.,][0-9]{{1,2}})?)
    | (?P<comma>[0-9]+,[0-9]{{1,2}}(?![0-9]|,[0-9]))
    | (?P<blank>[1-9][0-9]{{0,2}}(?:[ ][0-9]{{3}})+(?![0-9])(?:,[0-9]{{1,2}}(?![0-9]))?)
    | (?P<plain>[0-9]+(?:\.[0-9]+)?|(?<![0-9.])\.[0-9]+)
    )""",
    re.VERBOSE,
)
_DOT_GROUPS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){2,}\Z")
_ONE_DOT_GROUP = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}\Z")

#: A third must meet a third again: nine significant digits.
_PRECISION = Context(prec=9)

_FIRST_TWENTY = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen
    fourteen fifteen sixteen seventeen eighteen nineteen
"""
_SMALL = {word: value for value, word in enumerate(_FIRST_TWENTY.split())}
_TENS = {
    word: 10 * (i + 2)
    for i, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    )
}
_SCALES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_WORD = "|".join(sorted([*_SMALL, *_TENS, *_SCALES, "dozen"], key=len, reverse=True))
_WORDS = re.compile(
    rf"(?=[zotfsenhmbdZOTFSENHMBD])(?<![A-Za-z0-9])(?:{_WORD})"
    rf"(?:(?:[ -]|[ ]and[ ])(?:{_WORD}))*(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PARTS = {
    "a half": Decimal("0.5"),
    "a quarter": Decimal("0.25"),
    "three quarters": Decimal("0.75"),
    "three-quarters": Decimal("0.75"),
}
_AND_PART = re.compile(
    r"[ -]and[ -](a[ ]half|a[ ]quarter|three[ -]quarters)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_HALF_A = re.compile(r"(?<![A-Za-z0-9])half[ -]an?(?=[ -][a-z])", re.IGNORECASE)
_SEPARATOR = re.compile(r"[ -]")
_JOIN_COMMA = re.compile(r",[ ](?=[0-9]{3}(?![0-9]))")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text: its span and the values it may stand for, likeliest first."""

    start: int
    end: int
    values: tuple[Decimal, ...]
    words: bool = False
    grouped: bool = False


def numerals(text: str, lang: str) -> list[Numeral]:
    """Find the numbers of a folded text, in order; overlaps do not occur."""
    found = list(_digit_numerals(text, lang))
    found = _joined_where_split(text, found)
    if words := list(_word_numerals(text)):
        found = sorted([*found, *words], key=lambda numeral: numeral.start)
    if "half" in text or "quarter" in text:
        found = _with_parts(text, found)
    return found


def plain(value: Decimal) -> str:
    """Write a value without exponent and without trailing zeros."""
    if value == 0:
        return "0"
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _digit_numerals(text: str, lang: str) -> Iterator[Numeral]:
    for match in _DIGITS.finditer(text):
        kind = match.lastgroup or ""
        written = match.group()
        with_euro = (
            kind == "comma" and "€" in text[max(0, match.start() - 2) : match.end() + 2]
        )
        values = _values(kind, written, "" if with_euro else lang)
        if values is None:
            between = " " if kind == "blank" else ","
            yield from _list_of_numbers(written, match.start(), between, lang)
        elif values:
            grouped = kind in {"grouped", "spaced"}
            yield Numeral(match.start(), match.end(), values, grouped=grouped)


def _values(kind: str, written: str, lang: str) -> tuple[Decimal, ...] | None:
    """Read one number; () when it is none, None when it is a list of numbers."""
    if len(written) > LONGEST + 6:
        return ()
    if kind == "plain":
        return _plain_values(written, lang)
    if kind == "grouped":
        return (Decimal(written.replace(",", "")),)
    if kind in {"spaced", "euro"}:
        groups = "\u2009'_" if kind == "spaced" else "."
        digits = written.translate(dict.fromkeys(map(ord, groups)))
        return (Decimal(digits.replace(",", ".")),)
    if kind == "blank":
        if lang not in BLANK_LANGUAGES:
            return None
        return (Decimal(written.replace(" ", "").replace(",", ".")),)
    if kind == "comma":
        if lang == "en":
            return None
        return (Decimal(written.replace(",", ".")),)
    if kind == "version":
        joined = written.replace(".", "")
        return (Decimal(joined),) if _DOT_GROUPS.match(written) else ()
    return _fraction(kind, written)


def _plain_values(written: str, lang: str) -> tuple[Decimal, ...]:
    value = Decimal(written)
    if "." not in written or not _ONE_DOT_GROUP.match(written):
        return (value,)
    grouped = Decimal(written.replace(".", ""))
    if lang in COMMA_LANGUAGES:
        return (grouped, value)
    return (value,) if lang == "en" else (value, grouped)


def _fraction(kind: str, written: str) -> tuple[Decimal, ...]:
    if kind == "vulgar":
        over, under = _VULGAR[written[-1]]
        whole = written[:-1].removesuffix(" ").removesuffix(" and")
    else:
        whole, _, part = written.replace("-", " ").rpartition(" ")
        whole = whole.removesuffix(" and")
        over, under = (int(number) for number in part.split("/"))
    if under == 0:
        return ()
    over += int(whole or 0) * under
    return (_PRECISION.divide(Decimal(over), Decimal(under)),)


def _list_of_numbers(
    written: str, start: int, between: str, lang: str
) -> Iterator[Numeral]:
    for piece in written.split(between):
        for numeral in _digit_numerals(piece, lang) if "," in piece else ():
            at, end = start + numeral.start, start + numeral.end
            yield Numeral(at, end, numeral.values)
        if "," not in piece:
            yield Numeral(start, start + len(piece), (Decimal(piece),))
        start += len(piece) + 1


def _joined_where_split(text: str, found: list[Numeral]) -> list[Numeral]:
    """Give both halves of ``735, 000`` and ``122. 5`` the joined value as well.

    Text taken from PDF files and tokenised corpora splits numbers; without this, true
    values look invented. A joined value is one more reading, never the only one.
    """
    for i in range(len(found) - 1):
        left, right = found[i], found[i + 1]
        gap = text[left.end : right.start]
        if gap == ", ":
            joined = _grouped_over_gap(text, left, right)
        elif gap == ". ":
            joined = _decimal_over_gap(text, left, right)
        else:
            continue
        if joined is not None:
            found[i] = _with_value(left, joined)
            found[i + 1] = _with_value(right, joined)
    return found


def _grouped_over_gap(text: str, left: Numeral, right: Numeral) -> Decimal | None:
    head = text[left.start : left.end].replace(",", "")
    tail = text[right.start : right.end]
    if _JOIN_COMMA.match(text, left.end) is None or not head.isdigit():
        return None
    if (len(head) > 3 and not left.grouped) or len(head) + len(tail) > LONGEST:
        return None
    return Decimal(head + tail) if tail.replace(".", "", 1).isdigit() else None


def _decimal_over_gap(text: str, left: Numeral, right: Numeral) -> Decimal | None:
    head = text[left.start : left.end].replace(",", "")
    tail = text[right.start : right.end]
    if not (head.isdigit() and tail.isdigit() and len(head) + len(tail) <= LONGEST):
        return None
    return Decimal(f"{head}.{tail}")


def _with_value(numeral: Numeral, value: Decimal) -> Numeral:
    return Numeral(
        numeral.start,
        numeral.end,
        (*numeral.values, value),
        numeral.words,
        numeral.grouped,
    )


def _word_numerals(text: str) -> Iterator[Numeral]:
    for match in _WORDS.finditer(text):
        start = match.start()
        for length, value in _word_values(match.group()):
            if value is not None and _is_counted(text, start, length):
                yield Numeral(start, start + length, (Decimal(value),), words=True)
            start += length + 1


def _with_parts(text: str, found: list[Numeral]) -> list[Numeral]:
    """Read ``two and a half hours`` and ``half an hour``."""
    extended = []
    for numeral in found:
        part = _AND_PART.match(text, numeral.end)
        if part is None or numeral.values[0] != int(numeral.values[0]):
            extended.append(numeral)
            continue
        value = (numeral.values[0] + _PARTS[part[1].lower()],)
        extended.append(Numeral(numeral.start, part.end(), value, words=True))
    halves = [
        Numeral(half.start(), half.end(), (_PARTS["a half"],), words=True)
        for half in _HALF_A.finditer(text)
    ]
    return sorted([*extended, *halves], key=lambda numeral: numeral.start)


def _is_counted(text: str, start: int, length: int) -> bool:
    # "million" alone belongs to the digits before it, or counts nothing.
    written = text[start : start + length].lower()
    return written not in _SCALES or text[max(0, start - 2) : start].lower() == "a "


def _word_values(written: str) -> Iterator[tuple[int, int | None]]:
    """Read the longest sensible numbers of a run of number words, left to right."""
    words = _SEPARATOR.split(written.lower())
    at = 0
    while at < len(words):
        until, value = _longest_number(words, at)
        yield sum(len(word) for word in words[at:until]) + until - at - 1, value
        at = until


def _longest_number(words: list[str], at: int) -> tuple[int, int | None]:
    if words[at] == "and":
        return at + 1, None
    total, group, last = 0, 0, 10**15
    until = at
    while until < len(words):
        word = words[until]
        if word == "and":
            if last not in _SCALES.values() or until + 1 >= len(words):
                break
        elif word == "dozen":
            return until + 1, max(group, 1) * 12
        elif word in _SCALES:
            size = _SCALES[word]
            if word == "hundred":
                group = max(group, 1) * 100
            else:
                total += max(group, 1) * size
                group = 0
            last = size
        else:
            size = _TENS.get(word) or _SMALL[word]
            if not _may_follow(size, last, word):
                break
            group += size
            last = size
        until += 1
    return until, total + group


def _may_follow(size: int, last: int, word: str) -> bool:
    if last >= 100:
        return True
    return last in _TENS.values() and 0 < size < 10 and word in _SMALL
