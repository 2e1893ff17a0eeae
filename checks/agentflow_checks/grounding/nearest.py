"""The value that the sources have instead of one that they do not hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agentflow_checks.grounding.atoms import atoms
from agentflow_checks.grounding.evidence import Evidence
from agentflow_checks.grounding.kinds import Reading
from agentflow_checks.grounding.passages import best_passage
from agentflow_checks.grounding.sources import Index
from agentflow_checks.grounding.units import BY_SYMBOL, to_base

#: So many values of a type are compared; more only cost time.
_MOST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceValue:
    """A value of a source: the document's id, its span there, and how it is written."""

    source: str
    start: int
    end: int
    text: str


def nearest_value(index: Index, claim: str, evidence: Evidence) -> SourceValue | None:
    """Find what the sources have instead of a value.

    The place that the evidence names (another key, another thing); else the value of
    the same type that is closest to it in the window of the sources that shares most
    words with the claim; else the closest in all sources. None where the sources hold
    no value of this type.
    """
    if evidence.source is not None and evidence.span is not None:
        return _written(index, evidence.source, *evidence.span)
    wanted = evidence.atom.readings[0]
    passage = best_passage(index, claim)
    if passage is not None:
        found = _closest(
            wanted,
            (
                (atom.readings[0], (passage.source, atom.start, atom.end))
                for atom in atoms(passage.text, lang=index.lang, role="source")
            ),
        )
        if found is not None:
            source, start, end = found
            return _written(index, source, passage.start + start, passage.start + end)
    hits = (hit for key, hit in index.exact.items() if key[0] == wanted.type)
    ids = index.documents
    everywhere = ((h.reading, (ids[h.document].id, h.start, h.end)) for h in hits)
    found = _closest(wanted, everywhere)
    return None if found is None else _written(index, *found)


_Place = tuple[str, int, int]


def _closest(
    wanted: Reading, candidates: Iterable[tuple[Reading, _Place]]
) -> _Place | None:
    alike = [(r, place) for r, place in candidates if r.type == wanted.type]
    if not alike:
        return None
    return min(alike[:_MOST], key=lambda one: _distance(wanted, one[0]))[1]


def _distance(wanted: Reading, other: Reading) -> tuple[bool, float]:
    """Order values: of the same unit first, then by relative or written difference."""
    if wanted.value is None or other.value is None:
        return False, _difference(wanted.normal, other.normal)
    one, two = _size(wanted), _size(other)
    largest = max(abs(one), abs(two))
    return _measure(wanted) != _measure(other), abs(one - two) / (largest or 1.0)


def _difference(one: str, other: str) -> float:
    from difflib import SequenceMatcher  # noqa: PLC0415 - only for a finding

    return 1 - SequenceMatcher(None, one, other, autojunk=False).ratio()


def _size(reading: Reading) -> float:
    value = reading.value or 0
    if reading.type == "quantity" and reading.value is not None:
        value = to_base(reading.value, BY_SYMBOL[reading.unit])
    return float(value)


def _measure(reading: Reading) -> str:
    if reading.type == "quantity":
        return BY_SYMBOL[reading.unit].dimension
    return reading.unit


def _written(index: Index, source: str, start: int, end: int) -> SourceValue:
    text = next(d.text for d in index.documents if d.id == source)
    return SourceValue(source=source, start=start, end=end, text=text[start:end])
