"""One fault that several rules report, put together so that it is told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from pytest_agentflow.model.finding import Finding, shape
from pytest_agentflow.model.verdict import Severity, Verdict

PAGE = "page:"
"""Begins words of faults that a page has but once, wherever they are reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameFault:
    """Findings of one fault: the one that is told, and how others put it."""

    told: Finding
    also: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Faults:
    """Which findings of a run are told, and which are told with another."""

    merged: tuple[SameFault, ...] = ()
    _also: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict)
    _within: Mapping[int, Finding] = field(default_factory=dict)

    def also(self, finding: Finding) -> tuple[Finding, ...]:
        """Give the findings that are told with this one; the same object is asked."""
        return self._also.get(id(finding), ())

    def within(self, finding: Finding) -> Finding | None:
        """Give the finding that this one is told with; `None`: it is told itself."""
        return self._within.get(id(finding))

    def told(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Leave out of `findings` what is told with another one."""
        return (f for f in findings if id(f) not in self._within)


def same_faults(findings: Iterable[Finding]) -> Faults:
    """Find out which findings of one run report the same fault.

    They stand on the same spot of the same artefact (line and column of the start tag,
    else the selector) and carry the same `Finding.fault`; a rule reports a fault but
    once, so the second of a rule on a spot is another fault. Told is what weighs most:
    what fails before warnings and questions, then what names an element, then
    the graver, then the earlier.

    Args:
        findings: of all checks of one run, in the order in which they are told.
    """
    groups: dict[tuple[object, ...], dict[str, list[Finding]]] = {}
    for finding in findings:
        if (spot := _spot(finding)) is not None:
            by_rule = groups.setdefault(spot, {})
            by_rule.setdefault(finding.rule, []).append(finding)
    merged = [one for group in groups.values() for one in _paired(group)]
    return Faults(
        tuple(merged),
        {id(one.told): one.also for one in merged},
        {id(other): one.told for one in merged for other in one.also},
    )


def _paired(by_rule: Mapping[str, Sequence[Finding]]) -> Iterator[SameFault]:
    """Put together the first of each rule, then the second of each, and so on."""
    for row in zip_longest(*by_rule.values()):
        found = [finding for finding in row if finding is not None]
        if len(found) > 1:
            told = min(found, key=_weight)
            also = tuple(other for other in found if other is not told)
            yield SameFault(told=told, also=also)


def _spot(finding: Finding) -> tuple[object, ...] | None:
    place, word = finding.place, finding.fault
    if word is None or place.artefact is None:
        return None
    where = (place.stage, place.artefact, word)
    if word.startswith(PAGE):
        return where
    if place.line is not None:
        return (*where, place.line, place.column)
    return None if place.selector is None else (*where, place.selector)


_GRAVE = tuple(reversed(Severity))


def _weight(finding: Finding) -> tuple[int, bool, int]:
    if finding.fails or finding.verdict is Verdict.ERROR:
        rank = 0
    elif finding.verdict is Verdict.FAILED and finding.advisory:
        rank = 1
    else:
        rank = 2 if finding.status in ("new", "expired") else 3
    placed = finding.place.line is not None or finding.place.selector is not None
    return rank, not placed, _GRAVE.index(finding.severity)


def cause_of(finding: Finding) -> tuple[str, str, str, str]:
    """Give what findings of one cause have alike: the rule, the cure, what was seen.

    Of markup counts what a template gives it (see `shape`), so that the same fault of
    two hundred pages of one template is one cause, whatever each page says.
    """
    seen = finding.observed or ""
    element = shape(finding.evidence or "") or shape(seen)
    told = "" if "<" in seen else seen
    # Without any of it nothing but the message can tell two causes apart.
    return (
        finding.rule,
        finding.fix,
        element,
        told or ("" if element else finding.message),
    )
