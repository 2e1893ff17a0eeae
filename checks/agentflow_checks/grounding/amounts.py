"""Money, percentages, quantities, years and bare numbers among numerals."""

from __future__ import annotations

import re
from decimal import Decimal

from agentflow_checks.grounding.kinds import Atom, AtomType, Reading
from agentflow_checks.grounding.numerals import Numeral, numerals, plain
from agentflow_checks.grounding.spans import Spans
from agentflow_checks.grounding.units import (
    BY_SYMBOL,
    CENTS,
    CROWNS,
    CURRENCIES,
    DOLLARS,
    MAGNITUDES,
    MONEY_MAGNITUDES,
    PERCENT_WORDS,
    PICTURE_UNITS,
    STYLE_UNITS,
    Unit,
    base_symbol,
    to_base,
    unit_named,
)

FIRST_YEAR = 1500
LAST_YEAR = 2099

_SYMBOLS = "$€£¥₹₩₽₺₫₪฿₱₦"
_CODES = "|".join(
    sorted({code for code in CURRENCIES.values() if code.isalpha()}, key=str)
)
_BEFORE = re.compile(
    rf"(?:(?<![A-Za-z])(?:US|AU?|CA?|NZ|S|HK|R))?[{_SYMBOLS}] ?\Z"
    rf"|(?<![A-Za-z])(?:{_CODES}|Rs\.?|kr\.?) ?\Z"
)
_AFTER = re.compile(
    r"(?P<gap>[ \u2009]?-?[ ]?)"
    rf"(?P<word>[%¢\"]|[{_SYMBOLS}](?![0-9])|[°º][ ]?(?:[CFcf](?![A-Za-z]))?"
    r"|[A-Za-zµμÀ-ɏ]+(?:/h(?![A-Za-z]))?[²³]?|[\u3041-\u30ff\u4e00-\u9fff]{1,6}|'(?=[0-9]{1,2}(?:\"|''))"
    r"|m2(?![A-Za-z0-9]))"
)
_NEXT_WORD = re.compile(r"[ -]([A-Za-z]+)")
#: First words of units of two or three words.
_COMPOUND_WORDS = """
    square sq fl fluid degrees degree deg miles kilometers kilometres kilowatt per
    percentage pour por
"""
_COMPOUND = frozenset(_COMPOUND_WORDS.split())
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
_RANGE = re.compile(
    rf"[ ]?(?:-|—|~|to|through|or|and|x|X|\u00d7|by)[ ]?[{_SYMBOLS}]?\Z", re.IGNORECASE
)
_CENTURY = re.compile(r"[ -]centur(?:y|ies)", re.IGNORECASE)
_LONE_DIGITS = re.compile(r"[0-9]{4}\Z")


class _Nothing(Exception):
    """The numeral is part of a word or a style value: it says nothing about facts."""


def amounts(text: str, lang: str, taken: Spans) -> list[Atom]:
    """Read every numeral outside ``taken`` as the amount it is.

    Args:
        text: folded text.
        lang: language code, which says how decimals are written; "" if unknown.
        taken: spans that hold something else (a date, a label).
    """
    found: list[tuple[Numeral, Atom]] = []
    until = 0
    for numeral in numerals(text, lang):
        if numeral.start < until or taken.overlaps(numeral.start, numeral.end):
            continue
        atom = _read(text, numeral, until)
        if atom is not None:
            found.append((numeral, atom))
            until = atom.end
    return [_inherit(text, found, i) for i in range(len(found))]


def _read(text: str, numeral: Numeral, after: int) -> Atom | None:
    currency, start = _currency_before(text, numeral.start, after)
    if currency is None and text[numeral.start - 1 : numeral.start] == "#":
        return None
    try:
        readings, end = _classify(text, numeral, currency)
    except _Nothing:
        return None
    if numeral.words and _says_little(readings):
        return None
    return Atom(text[start:end], start, end, readings)


def _says_little(readings: tuple[Reading, ...]) -> bool:
    # "one" and "two" are pronouns and articles as often as amounts.
    value = readings[0].value
    return readings[0].type == "number" and value is not None and value <= 1


def _currency_before(text: str, start: int, after: int) -> tuple[str | None, int]:
    before = text[max(after, start - 5) : start]
    tail = before.rstrip(" ")[-1:]
    if not tail or not (tail in _SYMBOLS or tail.isalpha() or tail == "."):
        return None, start
    match = _BEFORE.search(before)
    if match is None:
        return None, start
    written = match.group().strip()
    return CURRENCIES.get(written.lower()), start - len(before) + match.start()


def _classify(
    text: str, numeral: Numeral, currency: str | None
) -> tuple[tuple[Reading, ...], int]:
    end, values = numeral.end, numeral.values
    match = _AFTER.match(text, end)
    if match is None:
        return _bare(text, numeral, values, currency), end
    factor = _magnitude(match, in_money=currency is not None)
    if factor:
        values = tuple(value * factor for value in values)
        end = match.start("word") + 1 if _has_no_blanks(match) else match.end()
        match = _AFTER.match(text, end)
    if match is None:
        return _bare(text, numeral, values, currency, scaled=True), end
    if currency is not None:
        return _money(values, currency), end
    return _with_unit(text, numeral, values, match, end, scaled=bool(factor))


def _magnitude(match: re.Match[str], *, in_money: bool) -> int:
    word = match["word"][:1] if _has_no_blanks(match) else match["word"].lower()
    if "-" in match["gap"] and word not in {"million", "billion", "thousand"}:
        return 0
    if word == "k" and match["gap"]:
        return 0
    if in_money and len(match["gap"]) <= 1 and word in MONEY_MAGNITUDES:
        return MONEY_MAGNITUDES[word]
    return MAGNITUDES.get(word, 0)


def _has_no_blanks(match: re.Match[str]) -> bool:
    """Tell whether what follows is Chinese or Japanese, where words are not parted."""
    return match["word"][0] >= "\u3041"


def _with_unit(
    text: str,
    numeral: Numeral,
    values: tuple[Decimal, ...],
    match: re.Match[str],
    end: int,
    *,
    scaled: bool,
) -> tuple[tuple[Reading, ...], int]:
    glued = match["gap"] == ""
    if glued and match["word"] == "s" and values[0] % 10 == 0:
        return _decade(text, numeral, values[0]), match.end()
    for word, word_end in _words_after(text, match):
        readings = _unit_readings(word, values, glued=glued)
        if readings:
            return readings, word_end
    word = match["word"]
    if glued and word[0].isalpha() and not _has_no_blanks(match):
        return _glued(text, numeral, word, match.end())
    return _bare(text, numeral, values, None, scaled=scaled), end


def _words_after(text: str, match: re.Match[str]) -> list[tuple[str, int]]:
    """Give the one to three words after a numeral, the longest candidate first."""
    word, end = match["word"], match.end()
    if word == "in":
        closes = text[end : end + 1] in {".", ")", ",", "x"}
        return [("inch", end)] if closes and match["gap"] in {"", "-"} else []
    if _has_no_blanks(match):
        start = match.start("word")
        return [(word[:n], start + n) for n in range(len(word), 0, -1)]
    candidates = [(word, end)]
    if word.lower() in _COMPOUND:
        for _ in range(2):
            following = _NEXT_WORD.match(text, end)
            if following is None:
                break
            end = following.end()
            word = f"{word} {following[1]}"
            candidates.append((word, end))
    return candidates[::-1]


def _unit_readings(
    word: str, values: tuple[Decimal, ...], *, glued: bool
) -> tuple[Reading, ...]:
    lower = word.lower()
    if lower in PERCENT_WORDS:
        return tuple(_percent(value) for value in values)
    if lower in CENTS:
        hundredths = tuple(value / 100 for value in values)
        return tuple(m for code in CENTS[lower] for m in _money(hundredths, code))
    if word in CURRENCIES or (len(lower) > 3 and lower in CURRENCIES):
        return _money(values, CURRENCIES[lower])
    if word.upper() == word and lower in CURRENCIES:
        return _money(values, CURRENCIES[lower])
    if lower in STYLE_UNITS and (glued or lower in PICTURE_UNITS):
        raise _Nothing
    if word == "'":
        word = "ft"
    unit = unit_named(word)
    if unit is None:
        return ()
    readings = tuple(_quantity(value, unit) for value in values)
    if word == '"':
        # A closing quotation mark looks the same: the bare number comes first.
        readings = (*(_number(value) for value in values), *readings)
    if unit.symbol == "lb" and lower.startswith("pound"):
        readings += _money(values, "GBP")
    return readings


def _glued(
    text: str, numeral: Numeral, word: str, end: int
) -> tuple[tuple[Reading, ...], int]:
    lower = word.lower()
    value = numeral.values[0]
    if lower in _ORDINALS:
        if _CENTURY.match(text, end):
            raise _Nothing
        return (_number(value),), end
    is_size = lower[0] == "x" and (len(lower) == 1 or text[numeral.end + 1].isdigit())
    is_unit = word.islower() and not text[end : end + 1].isdigit()
    if is_size or is_unit:
        # A unit that the table lacks ("30hp"): the number is still a number.
        return tuple(_number(value) for value in numeral.values), numeral.end
    raise _Nothing


def _decade(text: str, numeral: Numeral, value: Decimal) -> tuple[Reading, ...]:
    if FIRST_YEAR <= value <= LAST_YEAR:
        return (Reading("year", f"{plain(value)}s", value), _number(value))
    if value < 100 and text[numeral.start - 1 : numeral.start] == "'":
        return tuple(
            Reading("year", f"{century + int(value)}s", century + value)
            for century in (1900, 2000, 1800)
        )
    return (_number(value),)


def _bare(
    text: str,
    numeral: Numeral,
    values: tuple[Decimal, ...],
    currency: str | None,
    *,
    scaled: bool = False,
) -> tuple[Reading, ...]:
    if currency is not None:
        return _money(values, currency)
    numbers = tuple(_number(value) for value in values)
    if scaled or numeral.words:
        return numbers
    if _is_year(text, numeral, values[0]):
        return (Reading("year", plain(values[0]), values[0]), *numbers)
    return numbers


def _is_year(text: str, numeral: Numeral, value: Decimal) -> bool:
    written = text[numeral.start : numeral.end]
    return bool(_LONE_DIGITS.match(written)) and FIRST_YEAR <= value <= LAST_YEAR


def _number(value: Decimal) -> Reading:
    return Reading("number", plain(value), value)


def _percent(value: Decimal) -> Reading:
    return Reading("percent", f"{plain(value)}%", value, "%")


def _money(values: tuple[Decimal, ...], currency: str) -> tuple[Reading, ...]:
    return tuple(
        Reading("money", f"{currency} {plain(value)}", value, currency)
        for value in values
    )


def _quantity(value: Decimal, unit: Unit) -> Reading:
    normal = f"{plain(to_base(value, unit))} {base_symbol(unit)}"
    return Reading("quantity", normal, value, unit.symbol)


def same_currency(one: str, other: str) -> bool:
    """Tell whether two currency codes may be written with the same sign."""
    both = {one, other}
    return one == other or both <= DOLLARS or both <= CROWNS


def _inherit(text: str, found: list[tuple[Numeral, Atom]], i: int) -> Atom:
    """Give a bare number of a range the unit of its other end, as likeliest reading.

    ``10-15 minutes``, ``$5 to 10``, ``1.5-2 million``: the bare reading is kept too.
    """
    numeral, atom = found[i]
    kind = atom.readings[0].type
    after = found[i + 1] if i + 1 < len(found) else None
    gap = text[atom.end : after[1].start] if after else ""
    if after and _RANGE.match(gap) and not _multiplies(gap, after[1]):
        if kind == "money":
            return _share_magnitude(atom, after)
        shared = _shared_unit(numeral, after)
        if shared and kind in {"number", "year"}:
            return Atom(atom.text, atom.start, atom.end, (*shared, *atom.readings))
    if kind not in {"number", "year"}:
        return atom
    before = found[i - 1] if i else None
    if before and _RANGE.match(text[before[1].end : atom.start]):
        return _second_of_range(atom, before[1], text[numeral.start - 1])
    return atom


def _multiplies(gap: str, other: Atom) -> bool:
    """Tell ``2 x $120``, a product, from ``20 x 30 feet``, a size."""
    sign = gap.strip(f" {_SYMBOLS}").lower()
    return sign in {"x", "\u00d7"} and other.type in {"money", "percent"}


def _share_magnitude(atom: Atom, other: tuple[Numeral, Atom]) -> Atom:
    reading = atom.readings[0]
    scale = _scale(other[0], other[1].readings[0])
    if scale == 1 or reading.value is None:
        return atom
    scaled = _alike(reading, reading.value * scale)
    return Atom(atom.text, atom.start, atom.end, (scaled, *atom.readings))


def _shared_unit(numeral: Numeral, other: tuple[Numeral, Atom]) -> tuple[Reading, ...]:
    reading = other[1].readings[0]
    scale = _scale(other[0], reading)
    if reading.type == "year" or (reading.type == "number" and scale == 1):
        return ()
    return tuple(
        _alike(reading, value * factor)
        for value in numeral.values[:1]
        for factor in dict.fromkeys((scale, Decimal(1)))
    )


def _scale(numeral: Numeral, reading: Reading) -> Decimal:
    if reading.value is None or not numeral.values[0]:
        return Decimal(1)
    factor = reading.value / numeral.values[0]
    return factor if factor >= 100 else Decimal(1)


def _second_of_range(atom: Atom, first: Atom, sign: str) -> Atom:
    reading, own = first.readings[0], atom.readings[0]
    if own.value is None or reading.value is None:
        return atom
    extra: tuple[Reading, ...] = ()
    if reading.type == "money":
        extra = (_alike(reading, own.value),)
    elif reading.type == "year" and sign == "-" and own.value < 100:
        year = reading.value - reading.value % 100 + own.value
        extra = (Reading("year", plain(year), year),)
    return Atom(atom.text, atom.start, atom.end, (*extra, *atom.readings))


def _alike(reading: Reading, value: Decimal) -> Reading:
    """Give the reading of the same kind and unit with another value."""
    kind: AtomType = reading.type
    if kind == "money":
        return _money((value,), reading.unit)[0]
    if kind == "percent":
        return _percent(value)
    if kind == "quantity":
        return _quantity(value, BY_SYMBOL[reading.unit])
    return _number(value)
