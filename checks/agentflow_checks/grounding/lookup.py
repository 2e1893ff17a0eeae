"""Looking one atom up in the indexed sources, type by type."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, cast

from agentflow_checks.grounding.amounts import same_currency
from agentflow_checks.grounding.dates import date_parts
from agentflow_checks.grounding.folding import letters, spaced
from agentflow_checks.grounding.kinds import SMALL_NUMBER, Atom, Reading
from agentflow_checks.grounding.names import name_words
from agentflow_checks.grounding.numerals import plain
from agentflow_checks.grounding.sources import LONG_DIGITS, Hit, Index
from agentflow_checks.grounding.units import BY_SYMBOL, DEGREES, to_base
from agentflow_checks.grounding.vocabulary import holds_initials, holds_word

Status = Literal[
    "supported", "rounded", "elsewhere", "derived", "unsupported", "contradicted"
]

#: A hedged value may differ by this share, a rounded one too.
HEDGED = Decimal("0.05")
#: Conversions between units are rounded by their writers within this share.
CONVERTED = Decimal("0.012")
#: Integers from this one on are rounded without saying so.
_LARGE = 1000
_KELVIN = Decimal("273.15")
_DECIMALS = re.compile(r"[0-9]?\.([0-9]+)")
_SAME = Decimal("0.0000001")
#: A little more than half a grain, for what was rounded twice.
_HALF = Decimal("0.6")
_HEDGE = re.compile(
    r"(?:\b(?:about|nearly|approximately|approx\.?|around|roughly|almost|over|more than"
    r"|less than|fewer than|up to|at least|under|some|circa|ca\.?|close to|just|below"
    r"|above|upwards of|as much as|as many as|well over)|[~≈<>])"
    r"[ ]?(?:a|an|the|[$€£])?[ ]?\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the sources say about one atom.

    Args:
        atom: the value looked up.
        status: ``supported``; ``rounded`` (the source has more digits or another
            unit); ``elsewhere`` (the value is there, but for something else);
            ``derived`` (by arithmetic written next to it, see ``note``);
            ``unsupported``; ``contradicted`` (bound by key to another value).
        source: id of the document that holds it, None when none does.
        kind: what that document is; what only the prompt holds is marked by it.
        span: [start, end) in that document's text.
        note: why, in one clause, where the status alone does not say it.
    """

    atom: Atom
    status: Status
    source: str | None = None
    kind: str = ""
    span: tuple[int, int] | None = None
    note: str = ""


def look_up(index: Index, atom: Atom, *, context: str = "") -> Evidence:
    """Find the best evidence for an atom over all its readings.

    Args:
        index: the sources.
        atom: the value.
        context: the text that the atom's span indexes; its words say whether the
            value is hedged ("nearly 5,000").
    """
    best = Evidence(atom=atom, status="unsupported")
    for reading in atom.readings:
        found = _FINDERS[reading.type](index, atom, reading, context)
        if found is not None and _RANK[found.status] < _RANK[best.status]:
            best = found
        if best.status == "supported":
            return best
    return best


_RANK: dict[str, int] = {
    "supported": 0,
    "rounded": 1,
    "derived": 2,
    "elsewhere": 3,
    "unsupported": 4,
    "contradicted": 5,
}


def _evidence(
    index: Index, atom: Atom, hit: Hit | None, status: Status, note: str = ""
) -> Evidence:
    if hit is None:
        return Evidence(atom=atom, status=status, note=note)
    document = index.documents[hit.document]
    return Evidence(
        atom=atom,
        status=status,
        source=document.id,
        kind=document.kind,
        span=(hit.start, hit.end),
        note=note,
    )


def _equal(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    hit = index.exact.get((reading.type, reading.normal))
    return None if hit is None else _evidence(index, atom, hit, "supported")


def _identifier(
    index: Index, atom: Atom, reading: Reading, context: str
) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    text = _find_spaced(index, spaced(reading.normal))
    if text is not None:
        return _evidence(index, atom, text, "supported")
    head = re.split(r"[^A-Z]", reading.normal, maxsplit=1)[0].lower()
    if len(head) > 2 and head in index.vocabulary.words:
        return Evidence(atom=atom, status="elsewhere", note="other digits in the source")
    return None


def _url(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    host, _, path = reading.normal.partition("/")
    same_host = index.hosts.get(host, ())
    for hit in same_host:
        rest = hit.reading.normal[len(host) + 1 :]
        if _is_prefix(path, rest):
            return _evidence(index, atom, hit, "supported")
    if same_host:
        return _evidence(index, atom, same_host[0], "elsewhere", "the host only")
    loose = None if path else _find_spaced(index, host.replace(".", " "))
    return None if loose is None else _evidence(index, atom, loose, "supported")


def _is_prefix(path: str, whole: str) -> bool:
    following = whole[len(path) : len(path) + 1]
    return whole.startswith(path) and not (path and following.isalnum())


def _phone(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    for digits, hit in index.digits:
        if same_number(reading.normal, digits):
            return _evidence(index, atom, hit, "supported")
    return None


def same_number(one: str, other: str) -> bool:
    """Tell whether two digit strings, with ``+`` if international, are one number.

    A national number equals its international form when what precedes it there is a
    country code (up to three digits after ``+``, or the 1 of North America).
    """
    if one.lstrip("+") == other.lstrip("+"):
        return True
    if one.startswith("+") == other.startswith("+"):
        short, long = sorted((one.lstrip("+"), other.lstrip("+")), key=len)
        return len(short) == 10 and long == f"1{short}"
    national, abroad = (other, one[1:]) if one.startswith("+") else (one, other[1:])
    core = national.removeprefix("0")
    country = abroad.removesuffix(core)
    return len(core) >= LONG_DIGITS and abroad != country and 0 < len(country) <= 3


def _date(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    year, month, day = date_parts(reading.normal)
    partly: Hit | None = None
    for (y, m, d), hit in index.dates:
        if m != month or (day and d != day):
            continue
        if not year or y == year:
            return _evidence(index, atom, hit, "supported")
        partly = partly or (None if y else hit)
    if partly is not None and Decimal(year) in index.values:
        return _evidence(index, atom, partly, "elsewhere", "day and year stand apart")
    return None


def _time(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    if not any(c.isdigit() for c in atom.text):
        return Evidence(atom=atom, status="elsewhere", note="not in these words")
    hour, _, minute = reading.normal.partition(":")
    if minute != "00":
        return None
    hits = index.values.get(Decimal(int(hour) % 12 or 12), ())
    bare = next((hit for hit in hits if hit.reading.type == "number"), None)
    return bare and _evidence(index, atom, bare, "elsewhere", "the number only")


def _amount(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    value = cast("Decimal", reading.value)
    elsewhere: Hit | None = None
    for hit in index.values.get(value, ()):
        if _fits(reading, hit.reading):
            return _evidence(index, atom, hit, "supported")
        elsewhere = elsewhere or hit
    found = _OTHER_NOTATIONS[reading.type](index, atom, reading)
    found = found or _rounded(index, atom, reading, context)
    if found is None and elsewhere is not None:
        return _evidence(index, atom, elsewhere, "elsewhere", "with another unit")
    return found


def _fits(claim: Reading, source: Reading) -> bool:
    """Tell whether a source's amount of the same value is the same kind, or bare."""
    if claim.type in {"number", "year"}:
        return True
    if source.type in {"number", "year"}:
        # Small bare numbers (list markers, counts) stand in every source.
        return cast("Decimal", source.value) > SMALL_NUMBER
    if claim.type != source.type:
        return False
    if claim.type == "money":
        return same_currency(claim.unit, source.unit)
    if claim.unit == source.unit:
        return True
    return DEGREES in {claim.unit, source.unit} and "temperature" == _dimension(
        claim
    ) == _dimension(source)


def _dimension(reading: Reading) -> str:
    return BY_SYMBOL[reading.unit].dimension if reading.type == "quantity" else ""


def _year_notations(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    if not reading.normal.endswith("s"):
        return None
    first = cast("Decimal", reading.value)
    for year in range(int(first), int(first) + 10):
        hits = index.values.get(Decimal(year), ())
        for hit in hits:
            if hit.reading.type == "year":
                return _evidence(index, atom, hit, "supported")
    return None


def _percent_notations(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    value = cast("Decimal", reading.value) / 100
    for hit in index.values.get(value, ()) if value < 1 else ():
        if hit.reading.type == "number":
            return _evidence(index, atom, hit, "supported")
    return None


def _quantity_notations(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    """Find the same quantity in another unit, exactly or as people round it."""
    unit = BY_SYMBOL[reading.unit]
    dimension = DEGREES if unit.symbol == DEGREES else unit.dimension
    rows = index.base.get(dimension)
    if not rows:
        return None
    size = to_base(cast("Decimal", reading.value), unit)
    scale = abs(size) + (_KELVIN if dimension == "temperature" else 0)
    width = scale * CONVERTED
    low = bisect_left(rows, size - width, key=_size)
    high = bisect_right(rows, size + width, key=_size)
    near = sorted(rows[low:high], key=lambda row: (abs(row[0] - size), row[1].start))
    for other, hit in near:
        if abs(other - size) <= scale * _SAME:
            return _evidence(index, atom, hit, "supported")
        if hit.reading.unit != reading.unit and _may_convert(reading, size, other):
            return _evidence(index, atom, hit, "rounded", "converted")
    return None


def _may_convert(reading: Reading, size: Decimal, other: Decimal) -> bool:
    """Tell whether a value is another unit's, rounded as finely as it is written.

    220 °C is 428 °F and written 425; 421 is a mistake.
    """
    value = cast("Decimal", reading.value)
    grain = next((Decimal(g) for g in (25, 5) if value % g == 0), Decimal(1))
    if value != int(value):
        grain = Decimal(1).scaleb(-_decimals(plain(value)))
    unit = BY_SYMBOL[reading.unit]
    return abs(other - size) <= abs(to_base(value + grain * _HALF, unit) - size)


def _size(row: tuple[Decimal, Hit]) -> Decimal:
    return row[0]


def _number_notations(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    if len(reading.normal) < LONG_DIGITS or not reading.normal.isdigit():
        return None
    return _phone(index, atom, reading, "")


def _no_other_notation(_: Index, __: Atom, ___: Reading) -> Evidence | None:
    return None


def _rounded(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    value = cast("Decimal", reading.value)
    if atom.type == "year" or not value:
        return None
    hedged = _HEDGE.search(context[max(0, atom.start - 24) : atom.start]) is not None
    for hit in index.rounded.get(value, ()):
        exact = cast("Decimal", hit.reading.value)
        if not _kindred(reading, hit.reading):
            continue
        if _may_round(atom.text, exact, value, hedged=hedged):
            return _evidence(index, atom, hit, "rounded", f"of {hit.reading.normal}")
    if hedged:
        return _near(index, atom, reading)
    return None


def _may_round(written: str, exact: Decimal, value: Decimal, *, hedged: bool) -> bool:
    if abs(exact - value) > abs(exact) * HEDGED:
        return False
    places = _decimals(written)
    if places and abs(exact - value) > Decimal(5).scaleb(-places - 1):
        # Who writes decimals means them: 9.0 is no rounding of 9.29.
        return False
    if places and _decimals(plain(exact)) <= places:
        return False
    # 19 % is not 20 %, unless the writer says "about".
    return hedged or exact != int(exact) or abs(exact) >= _LARGE


def _decimals(written: str) -> int:
    found = _DECIMALS.search(written)
    return len(found[1]) if found else 0


def _near(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    """Accept a hedged value within the tolerance of one of the same kind."""
    value = cast("Decimal", reading.value)
    sizes = _sorted_values(index)
    low = bisect_left(sizes, value * (1 - HEDGED))
    high = bisect_right(sizes, value * (1 + HEDGED))
    for size in sizes[low:high]:
        for hit in index.values[size]:
            if _kindred(reading, hit.reading) and _is_round(value, size):
                return _evidence(index, atom, hit, "rounded", "hedged")
    return None


def _is_round(value: Decimal, exact: Decimal) -> bool:
    def digits(number: Decimal) -> int:
        return len(number.normalize().as_tuple().digits)

    return digits(value) < digits(exact)


def _kindred(claim: Reading, source: Reading) -> bool:
    if claim.type == "number":
        return source.type == "number"
    return claim.type == source.type and _fits(claim, source)


def _sorted_values(index: Index) -> list[Decimal]:
    known = index.remembered.get("values")
    if known is None:
        known = index.remembered["values"] = sorted(index.values)
    return cast("list[Decimal]", known)


def _name(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    known = index.vocabulary
    words = name_words(reading.normal)
    missing = [word for word in words if not holds_word(known, word)]
    if not missing or holds_initials(known, words):
        return _evidence(index, atom, _find_name(index, words), "supported")
    if len(missing) == len(words):
        return None
    held = [word for word in words if word not in missing]
    note = f"without {', '.join(missing)}"
    return _evidence(index, atom, _find_name(index, held), "elsewhere", note)


def _find_name(index: Index, words: Iterable[str]) -> Hit | None:
    run = tuple(words)
    return _find_spaced(index, " ".join(run)) or (
        _find_spaced(index, max(run, key=len)) if run else None
    )


def _address(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    number, *street = spaced(reading.normal).split()
    name = " ".join(street[:-1]) or " ".join(street)
    hit = _find_spaced(index, f"{number} {name}") or _find_spaced(
        index, f"{name} {number}"
    )
    return None if hit is None else _evidence(index, atom, hit, "supported")


def _quotation(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    hit = find_verbatim(index, reading.normal)
    return None if hit is None else _evidence(index, atom, hit, "supported")


def holds(index: Index, atom: Atom) -> bool:
    """Tell whether these texts hold the value itself, in whatever notation.

    Stricter than :func:`look_up` for names, whose words must stand together: this
    follows one value through outputs, it does not look for evidence.
    """
    if atom.type == "name":
        return _find_spaced(index, spaced(atom.normal)) is not None
    return look_up(index, atom).status == "supported"


def find_verbatim(index: Index, wanted: str) -> Hit | None:
    """Find a run of letters and digits, as :func:`letters` gives it, in the sources."""
    if not wanted:
        return None
    for number, text in enumerate(_texts(index, "letters", letters)):
        if wanted in text:
            end = len(index.documents[number].text)
            return Hit(number, 0, end, Reading("quotation", wanted))
    return None


def _find_spaced(index: Index, words: str) -> Hit | None:
    """Find a run of words, whatever stands between them."""
    if not words:
        return None
    for number, text in enumerate(_texts(index, "spaced", _padded)):
        if f" {words} " in text:
            span = _span_of_words(index.documents[number].text, words)
            return Hit(number, *span, Reading("quotation", words))
    return None


def _span_of_words(text: str, words: str) -> tuple[int, int]:
    pattern = r"[\W_]+".join(re.escape(word) for word in words.split())
    match = re.search(pattern, text, re.IGNORECASE)
    return match.span() if match else (0, len(text))


def _padded(text: str) -> str:
    return f" {spaced(text)} "


def _texts(index: Index, name: str, make: Callable[[str], str]) -> list[str]:
    known = index.remembered.get(name)
    if known is None:
        made = [make(document.text) for document in index.documents]
        known = index.remembered[name] = made
    return cast("list[str]", known)


_Finder = Callable[[Index, Atom, Reading, str], Evidence | None]
_FINDERS: dict[str, _Finder] = {
    "email": _equal,
    "url": _url,
    "phone": _phone,
    "date": _date,
    "time": _time,
    "year": _amount,
    "money": _amount,
    "percent": _amount,
    "quantity": _amount,
    "number": _amount,
    "name": _name,
    "identifier": _identifier,
    "address": _address,
    "quotation": _quotation,
}
_OTHER_NOTATIONS: dict[str, Callable[[Index, Atom, Reading], Evidence | None]] = {
    "year": _year_notations,
    "money": _no_other_notation,
    "percent": _percent_notations,
    "quantity": _quantity_notations,
    "number": _number_notations,
}
