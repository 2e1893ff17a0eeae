"""The check `prices`: what the same usage costs at today's prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest_agentflow as af
from agentflow_checks.spending.amounts import price_text

_RULE = af.Rule(id="prices.drift", title="Prices are those of the recording")
_ACCEPT = "agentflow prices RECORDINGS --file PRICES --now"


@af.check("prices")
def prices(run: af.Run) -> Iterator[object]:
    """Prices are still those that were locked when the run was recorded.

    With ``--agentflow-prices=current`` every run is judged at today's prices and
    carries this check: each price that is another one now is a finding, and what of a
    change in cost comes of prices is told apart from usage. Without the option the
    recorded prices count, and nothing is looked up.

    Args:
        run: the run.
    """
    if run.locked is None:
        yield af.Note(
            text="prices are those of the recording; --agentflow-prices=current "
            "compares them with today's"
        )
        return
    yield _RULE
    now = run.recorded.prices
    drifts = af.price_drifts(run.locked, now)
    known = len(run.locked.prices) + len(run.locked.fees) + len(run.locked.rates)
    yield af.Examined(rule=_RULE.id, count=known - len(drifts))
    for drift in drifts:
        yield _finding(drift)
    if drifts:
        yield _effect(run, run.locked)
        yield _table(drifts)


def _finding(drift: af.PriceDrift) -> af.Finding:
    old, new = _texts(drift)
    gone = drift.after is None
    changed = "is known no more" if gone else "changed"
    fix = (
        f"Accept the new prices, if they are right: {_ACCEPT}"
        if not gone
        else "Give it a price in the file that agentflow_prices names, or install "
        "'pytest-agentflow[prices]'"
    )
    return af.Finding(
        rule=_RULE.id,
        message=f"the price of {drift.name} {changed}: {old} -> {new}",
        subject=drift.name,
        observed=new,
        expected=old,
        why="The workflow is as it was; what it costs is not.",
        fix=fix,
        evidence=f"{drift.name} {old} {new}",
    )


def _texts(drift: af.PriceDrift) -> tuple[str, str]:
    old = f"{price_text(drift.before)} ({drift.before_date})"
    if drift.after is None:
        return old, f"none ({drift.after_date})"
    return old, f"{price_text(drift.after)} ({drift.after_date})"


def _effect(run: af.Run, locked: af.PriceLock) -> af.Note:
    """Say what the drift alone does to the run's money: its usage is the same."""
    recorded = replace(run, recorded=replace(run.recorded, prices=locked))
    before, now = (af.cost_of(r, af.priced()) for r in (recorded, run))
    text = f"the same usage: {before} at recorded prices, {now} at today's"
    return af.Note(text=f"price drift: {text}", warning=True)


def _table(drifts: tuple[af.PriceDrift, ...]) -> af.Table:
    return af.Table(
        title="Price drift",
        columns=("price", "recorded", "today"),
        rows=tuple((drift.name, *_texts(drift)) for drift in drifts),
    )
