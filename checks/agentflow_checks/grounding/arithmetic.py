"""Values that follow by arithmetic written out next to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, DecimalException
from itertools import combinations, permutations

from agentflow_checks.grounding.amount_lookup import CONVERTED, is_converted
from agentflow_checks.grounding.evidence import Evidence
from agentflow_checks.grounding.kinds import SMALL_NUMBER, Reading
from agentflow_checks.grounding.units import BY_SYMBOL, to_base

_DERIVABLE = frozenset({"money", "percent", "quantity", "number"})
_HOLDS = frozenset({"supported", "rounded", "derived"})
#: What must be written for an operation to count. Without it, two numbers and their
#: sum are a coincidence: a free search over the sources would excuse 13 % of numbers.
_CUES: dict[str, re.Pattern[str]] = {
    "+": re.compile(
        r"\+|\b(?:plus|totals?|totall?ing|totall?ed|sum|altogether|combined|together"
        r"|in all|added?|adding|increased?)\b",
        re.IGNORECASE,
    ),
    "-": re.compile(
        r"[0-9%)] - [$€£(]?[0-9]|\b(?:minus|difference|subtract(?:ed|ing)?|more than"
        r"|less than|decreased?|discount|off|remaining|left|saves?|saving|reduced)\b",
        re.IGNORECASE,
    ),
    "x": re.compile(
        r"\u00d7|[0-9%)a-z] ?[x*] ?[$€£(]?[0-9]|\b(?:times|multipl(?:y|ied|ying)|per"
        r"|each|every|at|increased?|decreased?|discount|off|of)\b",
        re.IGNORECASE,
    ),
    "/": re.compile(
        r"\u00f7|[0-9)a-z] ?/ ?[$€£(]?[0-9]|\b(?:divid(?:e|ed|ing)|split|average|per"
        r"|share)\b",
        re.IGNORECASE,
    ),
}
_DOUBLE = re.compile(
    r"\b(?:double[sd]?|twice|(?:per|each|every|either|both)[ ]sides?)\b", re.IGNORECASE
)
_HALF = re.compile(r"\bhalf\b", re.IGNORECASE)
#: Numbers that everybody may calculate with.
_CALENDAR = frozenset(map(Decimal, (24, 30, 31, 52, 60, 100, 365, 1000)))
#: What stands between a quantity and the same quantity in another unit.
_AGAIN = re.compile(
    r"(?:\W{0,3}\((?:or |about |approx\.? |~)?| or (?:about )?| = )"
    r"(?:[0-9.,]{1,7}[ ]?(?:-|to)[ ]?)?\Z"
)
_LONGEST_AGAIN = 20
_MOST_OPERANDS = 8
#: A result is rounded to its last place, but never by more than this share.
_SLACK = Decimal("0.02")
_DECIMALS = re.compile(r"\.([0-9]+)")


def with_derived(text: str, found: Sequence[Evidence]) -> list[Evidence]:
    """Turn ``unsupported`` into ``derived`` where the text shows the calculation.

    Operands must stand in the same text and be supported, or derived, themselves; sums
    of up to four, differences, products, quotients, percentages, doubling and halving
    are tried. The equation is the note.
    """
    result = list(found)
    if not any(_open(evidence) for evidence in result):
        return result
    result = [_converted(text, evidence, result) for evidence in result]
    signs = {sign for sign, cue in _CUES.items() if cue.search(text)}
    for i, evidence in enumerate(result):
        if _open(evidence):
            equation = _equation(text, signs, evidence, result)
            if equation:
                result[i] = replace(evidence, status="derived", note=equation)
    return result


def _converted(text: str, wanted: Evidence, found: Sequence[Evidence]) -> Evidence:
    """Accept ``5 feet 6 inches (168 cm)``: the same quantity again, in another unit."""
    start = wanted.atom.start
    reading = wanted.atom.readings[0]
    opened = _AGAIN.search(text[max(0, start - _LONGEST_AGAIN) : start])
    if not _open(wanted) or reading.type != "quantity" or opened is None:
        return wanted
    until = start - len(opened.group())
    before = [e for e in found if e.atom.end <= until and e.status in _HOLDS][-2:]
    others = [e for e in before if e.atom.readings[0].unit != reading.unit]
    if _kind(reading) == "temperature":
        return _converted_temperature(wanted, others)
    terms = [_term(reading, e) for e in others]
    for first in range(len(terms)):
        some = terms[first:]
        total = sum((term.value for term in some), Decimal(0))
        near = abs(total - (reading.value or 0)) <= abs(total) * CONVERTED
        if near and all(term.kind == _kind(reading) for term in some):
            equation = f"{' '.join(term.written for term in some)} = {wanted.atom.text}"
            return replace(wanted, status="derived", note=equation)
    return wanted


def _converted_temperature(wanted: Evidence, others: Sequence[Evidence]) -> Evidence:
    reading = wanted.atom.readings[0]
    for one in others:
        other = one.atom.readings[0]
        if _kind(other) == "temperature" and is_converted(reading, other):
            equation = f"{one.atom.text} = {wanted.atom.text}"
            return replace(wanted, status="derived", note=equation)
    return wanted


def _open(evidence: Evidence) -> bool:
    return evidence.status == "unsupported" and evidence.atom.type in _DERIVABLE


@dataclass(frozen=True, slots=True)
class _Term:
    """An operand: its value in the unit of the result, its kind, how it is written."""

    value: Decimal
    kind: str
    written: str


def _equation(
    text: str, signs: set[str], wanted: Evidence, found: Sequence[Evidence]
) -> str | None:
    reading = wanted.atom.readings[0]
    target = reading.value
    if not target:
        return None
    written = wanted.atom.text.strip()
    terms = [
        _term(reading, evidence)
        for evidence in _around(wanted, found)
        if _may_be_operand(evidence)
    ]
    slack = min(_half_of_last_place(written), abs(target) * _SLACK)
    try:
        for value, equation in _results(text, signs, terms, _kind(reading)):
            if abs(value - target) <= slack:
                return f"{equation} = {written}"
    except DecimalException:
        return None
    return None


def _around(wanted: Evidence, found: Sequence[Evidence]) -> list[Evidence]:
    """Give the nearest amounts, whether held or not: a source more drives none out."""
    amounts = [
        e for e in found if e is not wanted and e.atom.readings[0].value is not None
    ]
    at = wanted.atom.start
    near = sorted(amounts, key=lambda e: abs(e.atom.start - at))[:_MOST_OPERANDS]
    return sorted(near, key=lambda e: e.atom.start)


def _results(
    text: str, signs: set[str], terms: list[_Term], kind: str
) -> Iterator[tuple[Decimal, str]]:
    alike = [term for term in terms if term.kind == kind]
    yield from _doubled_or_halved(text, alike)
    if "+" in signs:
        for count in (2, 3, 4):
            for group in combinations(alike, count):
                total = sum((term.value for term in group), Decimal(0))
                yield total, " + ".join(term.written for term in group)
    for one, other in permutations(terms, 2):
        for sign in sorted(signs - {"+"}):
            yield from _of_two(sign, one, other, kind)


def _doubled_or_halved(text: str, alike: list[_Term]) -> Iterator[tuple[Decimal, str]]:
    if _DOUBLE.search(text):
        yield from ((term.value * 2, f"2 x {term.written}") for term in alike)
    if _HALF.search(text):
        yield from ((term.value / 2, f"{term.written} / 2") for term in alike)


def _of_two(
    sign: str, one: _Term, other: _Term, kind: str
) -> Iterator[tuple[Decimal, str]]:
    """Apply one operation where the kinds of the operands allow the kind wanted."""
    a, b = one.value, other.value
    if sign in "x/" and 1 in {a, b}:
        return
    equation = f"{one.written} {sign} {other.written}"
    if sign == "-" and one.kind == other.kind == kind:
        yield a - b, equation
    if sign == "x" and one.kind == kind:
        if other.kind == "percent":
            yield a * b / 100, equation
            yield a + a * b / 100, f"{one.written} + {other.written}"
            yield a - a * b / 100, f"{one.written} - {other.written}"
        elif other.kind != kind or kind == "number":
            yield a * b, equation
    if sign == "/" and b:
        if one.kind == kind and (other.kind != kind or kind == "number"):
            yield a / b, equation
        elif one.kind == other.kind and kind in {"number", "percent"}:
            yield (a / b if kind == "number" else 100 * a / b), equation


def _term(wanted: Reading, evidence: Evidence) -> _Term:
    reading = evidence.atom.readings[0]
    value = _in_unit_of(wanted, reading)
    return _Term(value, _kind(reading), evidence.atom.text.strip())


def _kind(reading: Reading) -> str:
    """Give what may be added up: a type, and of quantities the dimension."""
    if reading.type == "quantity":
        return BY_SYMBOL[reading.unit].dimension
    return reading.type


def _may_be_operand(evidence: Evidence) -> bool:
    reading = evidence.atom.readings[0]
    if reading.value is None or reading.type == "year":
        return False
    if evidence.status in _HOLDS:
        return True
    counts = reading.type == "number" and (
        abs(reading.value) <= SMALL_NUMBER or reading.value in _CALENDAR
    )
    return counts or evidence.status == "elsewhere"


def _in_unit_of(wanted: Reading, reading: Reading) -> Decimal:
    """Give an operand's value in the unit of the result, if both measure the same."""
    value = reading.value or Decimal(0)
    if reading.type != "quantity" or wanted.type != "quantity":
        return value
    own, other = BY_SYMBOL[wanted.unit], BY_SYMBOL[reading.unit]
    if own.dimension != other.dimension or own.dimension == "temperature":
        return value
    return to_base(value, other) / own.size


def _half_of_last_place(written: str) -> Decimal:
    decimals = _DECIMALS.search(written)
    places = min(len(decimals[1]), 9) if decimals else 0
    return Decimal(5).scaleb(-places - 1)
