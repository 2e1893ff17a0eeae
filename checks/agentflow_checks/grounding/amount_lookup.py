"""Amounts looked up in the sources: equal, in another unit, or rounded."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from decimal import Decimal
from typing import cast

from agentflow_checks.grounding.amounts import same_currency
from agentflow_checks.grounding.evidence import Evidence, evidence_at
from agentflow_checks.grounding.kinds import SMALL_NUMBER, Atom, Reading
from agentflow_checks.grounding.numerals import plain
from agentflow_checks.grounding.phone_lookup import find_phone
from agentflow_checks.grounding.sources import LONG_DIGITS, Hit, Index
from agentflow_checks.grounding.units import BY_SYMBOL, DEGREES, to_base, unit_named

#: A hedged value may differ by this share, a rounded one too.
HEDGED = Decimal("0.05")
#: Conversions between units are rounded by their writers within this share.
CONVERTED = Decimal("0.012")
#: Integers from this one on are rounded without saying so.
_LARGE = 1000
_KELVIN = Decimal("273.15")
_DECIMALS = re.compile(r"[0-9]?\.([0-9]+)")
_THINGS = re.compile(r"[ -]+[a-z]{3,}(?:[ ][a-z]+){0,2}")
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


def find_amount(
    index: Index, atom: Atom, reading: Reading, context: str
) -> Evidence | None:
    """Find an amount of the same kind, in another notation, or rounded.

    Args:
        index: the sources.
        atom: the value, of which ``reading`` is one reading.
        reading: what to look for.
        context: the text that the atom's span indexes, read for hedging words.
    """
    value = cast("Decimal", reading.value)
    elsewhere: Hit | None = None
    for hit in index.values.get(value, ()):
        if _fits(reading, hit.reading) and not _counts_others(index, reading, hit):
            return evidence_at(index, atom, hit, "supported")
        elsewhere = elsewhere or hit
    found = _OTHER_NOTATIONS[reading.type](index, atom, reading)
    found = found or _rounded(index, atom, reading, context)
    if found is None and elsewhere is not None:
        return evidence_at(index, atom, elsewhere, "elsewhere", "with another unit")
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


def _counts_others(index: Index, claim: Reading, hit: Hit) -> bool:
    """Tell whether a bare number of a source counts things: 40 rooms are no 40 minutes.

    It may yet be the claim's, where the unit follows after a word ("3 full days").
    """
    if claim.type not in {"money", "percent", "quantity"} or hit.reading.unit:
        return False
    text = index.documents[hit.document].text
    following = _THINGS.match(text, hit.end)
    if following is None:
        return False
    units = (unit_named(word) for word in following[0].split())
    return not any(unit and unit.symbol == claim.unit for unit in units)


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
                return evidence_at(index, atom, hit, "supported")
    return None


def _percent_notations(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    value = cast("Decimal", reading.value) / 100
    for hit in index.values.get(value, ()) if value < 1 else ():
        if hit.reading.type == "number":
            return evidence_at(index, atom, hit, "supported")
    return None


def _quantity_notations(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    """Find the same quantity in another unit, exactly or as people round it."""
    unit = BY_SYMBOL[reading.unit]
    dimension = DEGREES if unit.symbol == DEGREES else unit.dimension
    rows = index.base.get(dimension)
    if not rows:
        return None
    size = to_base(cast("Decimal", reading.value), unit)
    scale = _scale(size, dimension)
    width = scale * CONVERTED
    low = bisect_left(rows, size - width, key=_size)
    high = bisect_right(rows, size + width, key=_size)
    near = sorted(rows[low:high], key=lambda row: (abs(row[0] - size), row[1].start))
    for other, hit in near:
        if abs(other - size) <= scale * _SAME:
            return evidence_at(index, atom, hit, "supported")
        if hit.reading.unit != reading.unit and _may_convert(reading, size, other):
            return evidence_at(index, atom, hit, "rounded", "converted")
    return None


def is_converted(reading: Reading, other: Reading) -> bool:
    """Tell whether two quantities are one, written in two units and rounded."""
    unit, its = BY_SYMBOL[reading.unit], BY_SYMBOL[other.unit]
    if unit.symbol == its.symbol or unit.dimension != its.dimension:
        return False
    size = to_base(cast("Decimal", reading.value), unit)
    exact = to_base(cast("Decimal", other.value), its)
    width = _scale(size, unit.dimension) * CONVERTED
    return abs(exact - size) <= width and _may_convert(reading, size, exact)


def _scale(size: Decimal, dimension: str) -> Decimal:
    return abs(size) + (_KELVIN if dimension == "temperature" else 0)


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
    return find_phone(index, atom, reading)


def _no_other_notation(_: Index, __: Atom, ___: Reading) -> Evidence | None:
    return None


def _rounded(
    index: Index, atom: Atom, reading: Reading, context: str
) -> Evidence | None:
    value = cast("Decimal", reading.value)
    if atom.type == "year" or not value:
        return None
    hedged = _HEDGE.search(context[max(0, atom.start - 24) : atom.start]) is not None
    for hit in index.rounded.get(value, ()):
        exact = cast("Decimal", hit.reading.value)
        if not _kindred(reading, hit.reading):
            continue
        if _may_round(atom.text, exact, value, hedged=hedged):
            return evidence_at(index, atom, hit, "rounded", f"of {hit.reading.normal}")
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
                return evidence_at(index, atom, hit, "rounded", "hedged")
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


_OTHER_NOTATIONS: dict[str, Callable[[Index, Atom, Reading], Evidence | None]] = {
    "year": _year_notations,
    "money": _no_other_notation,
    "percent": _percent_notations,
    "quantity": _quantity_notations,
    "number": _number_notations,
}
