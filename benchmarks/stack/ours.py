"""pytest-agentflow: the checks that the example's own tests carry, run by run."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterable

import pytest_agentflow as af

from .subjects import BASELINE, EXAMPLE, WORKFLOW, Subject, recorded
from .verdicts import Failure, Judged

TOOL = "pytest-agentflow"
GATE = "require_decomposition"
MEANT = "the check that the table names"
SUITE = EXAMPLE / "test_sites.py"
COST_RATIO = 0.40  # as in the example's test_split.py


def judge(subjects: tuple[Subject, ...]) -> Judged:
    """Judge every run; the check that a row of the table means is among the checks."""
    begin = time.perf_counter()
    failures = {subject.name: _judged(subject) for subject in subjects}
    return Judged(
        tool=TOOL,
        versions=f"pytest-agentflow {_version()}",
        seconds=time.perf_counter() - begin,
        failures=failures,
    )


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - asked once

    return version(TOOL)


def suite() -> tuple[str, ...]:
    """The marks of the example's test, as they are written there."""
    tree = ast.parse(SUITE.read_text("utf-8"))
    (test,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    written = [ast.unparse(mark) for mark in test.decorator_list]
    texts = [text.removeprefix("pytest.mark.") for text in written]
    known = set(af.check_names())
    return tuple(text for text in texts if text.partition("(")[0] in known)


def _judged(subject: Subject) -> tuple[Failure, ...]:
    marks = [af.parse_check(text) for text in suite()]
    found = [_failure(SUITE.name, r) for r in af.evaluate(subject.run, *marks).results]
    row = subject.row
    if row and row.check == GATE:
        found += _gate(subject)
    elif row and row.check:
        (result,) = af.evaluate(subject.run, af.parse_check(row.check)).results
        found.append(_failure(MEANT, result))
    return tuple(failure for failure in found if failure is not None)


def _failure(label: str, result: af.CheckResult) -> Failure | None:
    if result.ok:
        return None
    findings = [finding for finding in result.findings if finding.fails]
    # One stage, or none: what names several does not say which one did it.
    named = {finding.introduced_by or finding.lost_at for finding in findings}
    rules = sorted({finding.rule for finding in findings})
    return Failure(
        label=label,
        by=result.check,
        message=", ".join(rules) or str(result.verdict),
        stage=named.pop() if len(named) == 1 else None,
    )


def _gate(subject: Subject) -> list[Failure]:
    healthy = {run.case: run for run in recorded(WORKFLOW)}
    runs = list({**healthy, subject.case: subject.run}.values())
    try:
        af.require_decomposition(
            runs, baseline=recorded(BASELINE), cost_ratio=COST_RATIO
        )
    except af.DecompositionFailure as failure:
        bounds = [
            b for b in failure.decomposition.bounds if b.verdict is af.Verdict.FAILED
        ]
        return [_bound(bound) for bound in bounds]
    return []


def _bound(bound: af.Bound) -> Failure:
    return Failure(label=MEANT, by=GATE, message=bound.name, stage=bound.stage)


def blamed(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Those that say who did it: of the check that is meant to, where it failed."""
    every = tuple(failures)
    return tuple(f for f in every if f.label == MEANT) or every
