"""What was found on one page, told rule by rule, with the stage that brought it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence

import pytest_agentflow as af
from agentflow_checks.markup.page_errors_fault import Fault, Met

Outcome = Fault | Met


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What was found on one page."""

    outcomes: tuple[Outcome, ...] = ()
    unseen: str = ""
    """Why the browser could not judge it, or not all of it, as one sentence."""
    verdict: af.Verdict = af.Verdict.PASSED
    """That of `unseen`."""
    fix: str = ""
    """What lets it be judged."""
    of_source: frozenset[str] = frozenset()
    """Rules that are judged whatever the browser says."""

    @functools.cached_property
    def keys(self) -> frozenset[tuple[str, str]]:
        """Rule and key of each fault."""
        found = (f for f in self.outcomes if isinstance(f, Fault))
        return frozenset((f.rule, f.key) for f in found)

    def shows(self, fault: Fault) -> bool | None:
        """Whether the page has this fault, None where nobody knows."""
        if (fault.rule, fault.key) in self.keys:
            return True
        return None if self.unseen and fault.rule not in self.of_source else False


def told(
    page: af.Artefact,
    outcomes: Sequence[Outcome],
    *,
    rule: Callable[[str], af.Rule],
    finding: Callable[[Fault], af.Finding],
    introduced: Callable[[Fault], af.Attribution],
    left_out: Sequence[Fault] = (),
) -> Iterator[object]:
    """Give each rule that met something, what it holds for, and its findings.

    Args:
        page: that was judged.
        outcomes: what was met on it, and the faults.
        rule: gives a rule by its id.
        finding: tells a fault.
        introduced: names the stage that brought a fault.
        left_out: faults that are not told; where they are is no rule kept either.
    """
    place = af.Place(stage=page.stage, artefact=page.name)
    for name, count in _met(outcomes).items():
        yield rule(name)
        faults = [f for f in outcomes if isinstance(f, Fault) and f.rule == name]
        silent = [fault for fault in left_out if fault.rule == name]
        broken = {subject(page, fault) for fault in (*faults, *silent)}
        if count > len(broken):
            yield af.Examined(rule=name, count=count - len(broken), place=place)
        for fault in faults:
            yield introduced(fault).on(finding(fault))


def _met(outcomes: Sequence[Outcome]) -> dict[str, int]:
    met: dict[str, int] = {}
    for outcome in outcomes:
        count = outcome.count if isinstance(outcome, Met) else 0
        met[outcome.rule] = met.get(outcome.rule, 0) + count
    return met


def subject(page: af.Artefact, fault: Fault) -> str:
    """Name what a fault was found in, the same for several faults of one place."""
    at = f"{fault.spot.line}:{fault.spot.column}" if fault.spot else ""
    return f"{page.name} {at} {fault.selector} {fault.key}"


def place_of(page: af.Artefact, fault: Fault) -> af.Place:
    """Give the place of a fault, in the page or in a file beside it."""
    return af.Place(
        stage=page.stage,
        artefact=fault.file or page.name,
        line=fault.spot.line if fault.spot else None,
        column=fault.spot.column if fault.spot else None,
        selector=fault.selector or None,
    )
