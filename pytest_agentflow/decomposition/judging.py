"""Judges runs for a gate, each run by each set of checks once in a session."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Sequence

from pytest_agentflow.checking.check import Check, CheckError
from pytest_agentflow.checking.require import Settings, current_settings, judge_run
from pytest_agentflow.checking.results import CheckResult, Evaluation
from pytest_agentflow.model.run import Run, UnknownStage
from pytest_agentflow.model.unknown import UnknownPrice
from pytest_agentflow.model.verdict import Verdict

Score = bool | float | None
"""Whether a run is good, or how good; `None` where that could not be decided."""
Quality = Callable[[Run], Score]

#: Evaluations of the session that is under way: gates over the same runs share them.
_kept: dict[bytes, Evaluation] = {}
_owner: Settings | None = None


def evaluation_of(run: Run, checks: Sequence[Check]) -> Evaluation:
    """Evaluate, or give what the same run got by the same checks in this session.

    The key is the whole content of run and checks, so that a run that was changed is
    judged anew; what a check reads beside its run is taken to stay as it is. Known
    findings and waivers excuse nothing here: a run with a fault is not as good as one
    without, however long it has been known.
    """
    global _owner  # noqa: PLW0603 - one session per process, like pytest's own
    settings = current_settings()
    if _owner is not settings:
        _kept.clear()
        _owner = settings
    key = _digest(run, checks)
    if key not in _kept:
        _kept[key] = judge_run(run, checks, observed=False, excused=False)
    return _kept[key]


def _digest(run: Run, checks: Sequence[Check]) -> bytes:
    return hashlib.sha256(pickle.dumps((run, tuple(checks)))).digest()


def goodness(evaluation: Evaluation) -> bool | None:
    """Say whether all checks let the run pass; `None` where one is undecided."""
    return all_of(map(decided, evaluation.results))


def decided(result: CheckResult) -> bool | None:
    """Say whether a check passed; `None` where it decided nothing.

    What is optional lets a test pass, and makes no run good.
    """
    known = {Verdict.PASSED: True, Verdict.FAILED: False}
    return known.get(result.verdict)


def all_of(parts: Iterable[bool | None]) -> bool | None:
    """Say whether all hold: one that does not decides, whatever else is undecided."""
    found = set(parts)
    if False in found:
        return False
    return None if None in found else True


def scored(quality: Quality, run: Run) -> Score | str:
    """Ask the user's function; a sentence where the run lacks what it needs.

    Whatever else it raises is a mistake in it, and is not caught.
    """
    try:
        score = quality(run)
    except (CheckError, UnknownStage, UnknownPrice) as problem:
        return f"{run.id}: {problem}"
    if score is None or isinstance(score, bool):
        return score
    try:
        number = float(score)
    except (TypeError, ValueError):
        return f"{run.id}: quality= gave {score!r}, which is no score"
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124
        return f"{run.id}: quality= gave {number}, which is no score"
    return number
