"""What the report says of prices that are no longer new."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_agentflow.report.document import RunSummary

OLD_PRICES = 90
"""Prices of so many days ago are warned of."""


def old_prices(runs: Iterable[RunSummary]) -> str:
    """Say how many runs are judged at old prices; empty where none is."""
    judged = list(runs)
    old = [run.recorded for run in judged if run.recorded.prices_old]
    if not old:
        return ""
    days = sorted(r.prices_as_of.partition("T")[0] for r in old if r.prices_as_of)
    since = f" (the oldest of {days[0]})" if days else ""
    noun = "run" if len(judged) == 1 else "runs"
    return (
        f"The prices of {len(old)} of {len(judged)} {noun} are older than "
        f"{OLD_PRICES} days{since}: --agentflow-prices=current tells which changed."
    )
