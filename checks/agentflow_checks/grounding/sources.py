"""Sources indexed once, so that every look-up is a few dictionary accesses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from agentflow_checks.grounding.atoms import values_of_source
from agentflow_checks.grounding.dates import date_parts
from agentflow_checks.grounding.folding import Folded, fold
from agentflow_checks.grounding.kinds import Reading
from agentflow_checks.grounding.numerals import plain
from agentflow_checks.grounding.units import (
    BY_SYMBOL,
    CELSIUS,
    DEGREES,
    FAHRENHEIT,
    to_base,
)
from agentflow_checks.grounding.vocabulary import Vocabulary, vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A source: its id, its text, and what it is (``retrieved``, ``tool``, ...)."""

    id: str
    text: str
    kind: str = "retrieved"


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a value stands in the sources: document number and span of its text."""

    document: int
    start: int
    end: int
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Sources made ready for look-ups; built once by :func:`index`.

    ``digits`` holds telephone numbers and long runs of digits, ``base`` quantities by
    dimension in the base unit, ``remembered`` what is derived from the texts on first
    need (it never changes an answer).
    """

    documents: tuple[Document, ...]
    lang: str
    exact: dict[tuple[str, str], Hit] = field(default_factory=dict)
    values: dict[Decimal, list[Hit]] = field(default_factory=dict)
    rounded: dict[Decimal, list[Hit]] = field(default_factory=dict)
    base: dict[str, list[tuple[Decimal, Hit]]] = field(default_factory=dict)
    hosts: dict[str, list[Hit]] = field(default_factory=dict)
    digits: list[tuple[str, Hit]] = field(default_factory=list)
    dates: list[tuple[tuple[str, str, str], Hit]] = field(default_factory=list)
    vocabulary: Vocabulary = field(default_factory=lambda: vocabulary(()))
    remembered: dict[str, object] = field(default_factory=dict)


#: Shortest run of digits that is compared as a telephone number or a code.
LONG_DIGITS = 7
_CONTEXTS = tuple(
    Context(prec=digits, rounding=rounding)
    for digits in range(1, 12)
    for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
)


def index(documents: Iterable[Document], *, lang: str = "en") -> Index:
    """Read every source once.

    Args:
        documents: the sources in order of authority; the first that holds a value is
            named as its evidence.
        lang: language code of the sources, ``""`` to accept both decimal signs.
    """
    kept = tuple(documents)
    folded = [fold(document.text) for document in kept]
    words = vocabulary(one.text for one in folded)
    filled = Index(documents=kept, lang=lang, vocabulary=words)
    for number, document in enumerate(kept):
        for hit in _hits(number, document, folded[number], lang):
            _file(filled, hit)
    for rows in filled.base.values():
        rows.sort(key=_by_size)
    _file_roundings(filled)
    return filled


def _hits(number: int, document: Document, folded: Folded, lang: str) -> Iterator[Hit]:
    for atom in values_of_source(document.text, folded, lang=lang):
        for reading in atom.readings:
            yield Hit(number, atom.start, atom.end, reading)


def _file(filled: Index, hit: Hit) -> None:
    reading = hit.reading
    filled.exact.setdefault((reading.type, reading.normal), hit)
    if reading.value is not None:
        _file_amount(filled, hit, reading.value)
    elif reading.type == "date":
        _file_date(filled, hit)
    elif reading.type == "url":
        filled.hosts.setdefault(reading.normal.partition("/")[0], []).append(hit)
    elif reading.type == "phone" or (
        reading.type == "identifier" and reading.normal.isdigit()
    ):
        filled.digits.append((reading.normal, hit))


def _file_amount(filled: Index, hit: Hit, value: Decimal) -> None:
    filled.values.setdefault(value, []).append(hit)
    reading = hit.reading
    if reading.type == "quantity":
        unit = BY_SYMBOL[reading.unit]
        # Plain degrees are looked for as degrees of both scales.
        both = (unit, BY_SYMBOL[FAHRENHEIT], BY_SYMBOL[CELSIUS])
        for scale in both if unit.symbol == DEGREES else (unit,):
            dimension = DEGREES if scale.symbol == DEGREES else scale.dimension
            filled.base.setdefault(dimension, []).append((to_base(value, scale), hit))
    elif reading.type == "number" and _is_long(reading.normal):
        filled.digits.append((reading.normal, hit))


def _is_long(digits: str) -> bool:
    return len(digits) >= LONG_DIGITS and digits.isdigit()


def _file_date(filled: Index, hit: Hit) -> None:
    parts = date_parts(hit.reading.normal)
    filled.dates.append((parts, hit))
    if parts[0]:
        value = Decimal(parts[0])
        year = Reading("year", plain(value), value)
        _file(filled, Hit(hit.document, hit.start, hit.end, year))


def _file_roundings(filled: Index) -> None:
    rounded: dict[Decimal, list[Hit]] = defaultdict(list)
    for value, hits in filled.values.items():
        for shorter in _shorter_forms(value):
            rounded[shorter].extend(hits)
    filled.rounded.update(rounded)


def _shorter_forms(value: Decimal) -> set[Decimal]:
    """Round a value to every smaller number of significant digits.

    Only towards fewer digits: a tolerance by relative error would hide a quarter of
    the one-digit errors.
    """
    digits = len(plain(value).replace(".", "").strip("0"))
    contexts = _CONTEXTS[: 2 * min(digits - 1, 11)] if digits > 1 else ()
    return {context.plus(value) for context in contexts} - {value}


def _by_size(row: tuple[Decimal, Hit]) -> tuple[Decimal, int, int]:
    return row[0], row[1].document, row[1].start
