"""The faults that a stage was shown, and what became of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.teamwork.json_path import values_at

Fault = tuple[str, str]
"""Rule and evidence: the same fault in two versions of a page."""

PAGE = "text/html"
APPROVED = "$.approved"
_YES = frozenset(
    {"yes", "true", "ok", "pass", "passed", "approve", "approved", "accept"}
)
_FILE = re.compile(r"\.(ya?ml|json|toml)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one stage did with the faults that it was shown in one run."""

    run: str
    approved: bool | None
    """Its own verdict; `None`: it gave none."""
    changed: bool
    """Whether it made a version of its own."""
    shown: Counter[Fault]
    left: Counter[Fault]
    """Faults after the stage."""
    introduced_by: Counter[str]
    """Stage -> faults, as the checks attribute those before and after."""
    repaired_by: Counter[str]
    cost: Decimal | None
    """What the stage cost; `None`: not known."""

    @property
    def repaired(self) -> Counter[Fault]:
        """Faults that are gone behind the stage."""
        return self.shown - self.left

    @property
    def introduced(self) -> Counter[Fault]:
        """Faults that are there only behind the stage."""
        return self.left - self.shown

    @property
    def caught(self) -> Counter[Fault]:
        """Repaired faults; all, where the stage refused what it was shown."""
        refused = self.approved is False and not self.changed
        return self.shown if refused else self.repaired

    @property
    def missed(self) -> Counter[Fault]:
        """Faults that it let through."""
        return self.shown - self.caught

    @property
    def false_alarm(self) -> bool:
        """Whether it refused what the checks find nothing in."""
        return self.approved is False and not self.shown


def judge_stage(
    run: af.Run, stage: str, checks: Sequence[af.Check], verdict: str | None
) -> Judged:
    """Judge what a stage was shown and what it left, by the same checks.

    What it was shown is the run without it and all stages after it; what it left is the
    run up to it. Raises `CheckError` where a check cannot judge one of them.
    """
    worker = run.stage(stage)
    earlier = af.ancestors(run, stage)
    changed = any(a.media_type == PAGE for a in worker.artefacts)
    shown = _findings(_until(run, earlier), checks)
    left = _findings(_until(run, {*earlier, stage}), checks) if changed else shown
    shown_faults, left_faults = map(_faults, (shown, left))
    fresh = left_faults - shown_faults
    introduced = Counter(f.introduced_by for f in shown if f.introduced_by)
    introduced[stage] = fresh.total()
    repaired = Counter(f.repaired_by for f in shown if f.repaired_by)
    repaired[stage] = (shown_faults - left_faults).total()
    return Judged(
        run=run.id,
        approved=_verdict(worker, verdict),
        changed=changed,
        shown=shown_faults,
        left=left_faults,
        introduced_by=+introduced,
        repaired_by=+repaired,
        cost=_cost(run, stage),
    )


def _until(run: af.Run, names: Sequence[str] | frozenset[str] | set[str]) -> af.Run:
    """Give the run as if these stages had been all; files of the workflow's own go."""
    artefacts = tuple(
        a
        for a in run.artefacts
        if a.stage in names or (a.stage is None and a.media_type != PAGE)
    )
    return replace(
        run,
        output=None,
        stages=tuple(s for s in run.stages if s.name in names),
        calls=tuple(c for c in run.calls if c.stage in names or _outside(run, c)),
        sources=tuple(s for s in run.sources if s.stage is None or s.stage in names),
        artefacts=artefacts,
    )


def _outside(run: af.Run, call: af.Call) -> bool:
    return call.stage not in {stage.name for stage in run.stages}


def _findings(run: af.Run, checks: Sequence[af.Check]) -> list[af.Finding]:
    evaluation = af.evaluate(run, *(located(check, run) for check in checks))
    for result in evaluation.results:
        for finding in result.findings:
            if finding.verdict is af.Verdict.ERROR:
                message = f"{result.written} cannot judge {run.id}: {finding.message}"
                raise af.CheckError(message)
    failed = [f for f in evaluation.findings if f.verdict is af.Verdict.FAILED]
    return [finding for finding in failed if not finding.advisory]


def _faults(findings: Sequence[af.Finding]) -> Counter[Fault]:
    """Count faults that stand; what a stage has repaired does not."""
    standing = (f for f in findings if f.repaired_by is None)
    return Counter((f.rule, f.evidence or f.observed or f.message) for f in standing)


def _verdict(stage: af.Stage, path: str | None) -> bool | None:
    found = [value for _, value in values_at(path or APPROVED, stage.output)]
    if not found:
        if path is None:
            return None
        message = f"the output of {stage.name} has nothing at verdict={path!r}"
        raise af.CheckError(message)
    value: Any = found[0]
    return value.strip().casefold() in _YES if isinstance(value, str) else bool(value)


def _cost(run: af.Run, stage: str) -> Decimal | None:
    try:
        return run.cost(stage).amount
    except af.UnknownPrice:
        return None


def read_checks(checks: Sequence[af.Check | str]) -> Iterator[af.Check]:
    """Give checks as values; texts are read as a marker would be written."""
    for check in checks:
        yield af.parse_check(check) if isinstance(check, str) else check


def located(check: af.Check, run: af.Run) -> af.Check:
    """Find files that a check names beside the recordings, where not where we stand."""
    if run.folder is None:
        return check
    places = (Path(), run.folder.parent, run.folder)
    return replace(
        check, arguments={k: _found(v, places) for k, v in check.arguments.items()}
    )


def _found(value: Any, places: Sequence[Path]) -> Any:
    if isinstance(value, tuple):
        return tuple(_found(item, places) for item in value)
    named = isinstance(value, Path) or (isinstance(value, str) and _FILE.search(value))
    if not named:
        return value
    there = (place / value for place in places if (place / value).exists())
    return next(there, value)
