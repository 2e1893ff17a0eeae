"""The run as it was before: found, and what has changed in its bill since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import money_text


def run_before(
    run: af.Run, earlier: af.Run | None, against: str | None
) -> af.Run | None:
    """Give the run that this one is held against.

    Args:
        run: today's.
        earlier: what the session is held against has of it.
        against: glob of recordings that wins over that; one must be of this case.
    """
    if against is None:
        return earlier
    if run.folder is None:
        message = "the run was not loaded from a folder, so against= is unknown"
        raise af.CheckError(message)
    paths = [p for p in af.find_recordings(run.folder, against) if p != run.path]
    if run.path is not None:
        # A recording has its name from case, size and trial; others need no reading.
        paths = [path for path in paths if path.name == run.path.name]
    found = [other for other in map(af.load, paths) if _key(other) == _key(run)]
    if len(found) != 1:
        shown = ", ".join(str(other.path) for other in found) or "none"
        message = (
            f"against={against!r} must match one recording of case {run.case} below "
            f"{run.folder}, beside the run's own; it matches {shown}"
        )
        raise af.CheckError(message)
    return found[0]


def _key(run: af.Run) -> tuple[str, int | None, int | None]:
    return run.case, run.size, run.trial


def changes_since(before: af.Run | None, run: af.Run) -> Mapping[str, af.CostChange]:
    """Give the change of each stage's bill; empty where some cost is not known."""
    if before is None:
        return {}
    try:
        return {str(c.stage): c for c in af.cost_changes(before, run)}
    except af.UnknownPrice:
        return {}


def since_text(change: af.CostChange | None) -> str:
    """Say what a stage cost before and why it costs something else; or nothing."""
    if change is None or not change.causes:
        return ""
    return f" Before it cost {change.before}; since then: {change}."


def waterfall(changes: Sequence[af.CostChange], currency: str) -> Iterator[af.Exhibit]:
    """Show the way from what the run cost before to what it costs, cause by cause."""
    steps = [(change.stage, cause) for change in changes for cause in change.causes]
    if not steps:
        return
    running = sum((c.before.amount for c in changes), Decimal(0))
    rows = [("before", "", "", "", money_text(running, currency))]
    for stage, cause in steps:
        running += cause.money.amount
        added = money_text(cause.money.amount, currency)
        sign = "+" * (cause.amount > 0)
        left = money_text(running, currency)
        rows.append((str(stage), cause.label, cause.detail, sign + added, left))
    rows.append(("now", "", "", "", money_text(running, currency)))
    yield af.Table(
        title="What changed the cost since before",
        columns=("stage", "cause", "from -> to", "adds", "makes"),
        rows=tuple(rows),
        numeric=(3, 4),
    )
