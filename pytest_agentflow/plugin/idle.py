"""Tests that look as if they had judged a run, and have none: what is said of them."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_agentflow.checking.check import Check


def no_run(checks: Sequence[Check]) -> str:
    """Say that a marked test returned without anything that `checks` could judge.

    Args:
        checks: of its marks; none where it carries only the mark ``agentflow``.
    """
    told = ", ".join(map(str, checks)) or "agentflow"
    return (
        f"the test is marked {told}, but returned without a run: nothing was judged. "
        "Call agentflow.run(workflow, ...) in it, or use agentflow_run."
    )


def never_awaited(workflows: Sequence[str]) -> str:
    """Say that the runs of `workflows` were never awaited, so that nothing ran."""
    told = ", ".join(workflows)
    return (
        f"{told} {'is' if len(workflows) == 1 else 'are'} async: await "
        "agentflow.run(...) or asyncio.run(agentflow.run(...)). Nobody awaited the "
        "run, so nothing ran and nothing was judged."
    )
