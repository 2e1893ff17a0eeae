"""Judges as checks are given them: bound to a run and a check, and what they raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from pytest_agentflow.checking.check import Check
from pytest_agentflow.model.run import Run


class JudgeMiss(Exception):
    """What a judge is asked stands in no recording; the message has the command.

    The claims it was asked about stay undetermined, and nothing else is lost: it is no
    entry in the ledger of the workflow.
    """

    __module__ = "pytest_agentflow"


class JudgeCapped(Exception):
    """A judge was not asked: a limit of calls or of money would have been exceeded."""

    __module__ = "pytest_agentflow"


class JudgeSource(Protocol):
    """Gives each check a judge of its own."""

    def of(self, run: Run, check: Check) -> Callable[..., Any]:
        """Give the judge that `check` asks about `run`."""


def bound_judge(
    judge: Callable[..., Any] | JudgeSource | None, run: Run, check: Check
) -> Callable[..., Any] | None:
    """Give the judge that one check asks about one run.

    Args:
        judge: any callable, which is given as it is; one that has a method ``of(run,
            check)`` gives another in its place (a session's does, so that its calls
            are recorded beside the run).
        run: that is judged.
        check: that asks.
    """
    of = getattr(judge, "of", None)
    found = judge if of is None else of(run, check)
    return cast("Callable[..., Any] | None", found)
