"""What `cost` shows: money per stage as bars, and the whole bill as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import marked, money_text, percent
from agentflow_checks.spending.before import waterfall
from agentflow_checks.spending.bill import Bill

_COLUMNS = (
    "stage",
    "model calls",
    "input tokens",
    "output tokens",
    "images",
    "cost",
    "share",
)


def exhibits(
    run: af.Run,
    whole: Bill,
    parts: tuple[Bill, ...],
    *,
    limits: Mapping[str | None, Decimal],
    currency: str,
    changes: Mapping[str, af.CostChange],
) -> Iterator[af.Exhibit]:
    """Give the bars and the table of a run that called anything.

    Where sizes of models are declared, the table counts forward passes beside money;
    where the run is held against an earlier one, the way from there follows.

    Args:
        run: whose bill it is.
        whole: the bill of the run.
        parts: the bills of its stages.
        limits: budgets of stages; `None` names that of the run.
        currency: of all charges.
        changes: of the stages since before; empty where nothing is compared.
    """
    yield af.Bars(
        title="Cost per stage",
        unit=currency,
        bars=tuple(
            _bar(part, limits.get(part.stage), changes.get(part.name)) for part in parts
        ),
        against="before" if changes else "",
    )
    sized = bool(run.recorded.prices.sizes)
    rows = [
        _row(part, whole, currency) + (_passes(run, part),) * sized
        for part in (*parts, whole)
    ]
    yield af.Table(
        title="What each stage consumed",
        columns=_COLUMNS + ("forward passes",) * sized,
        rows=tuple(rows),
        numeric=tuple(range(1, len(_COLUMNS) + sized)),
    )
    yield from waterfall(tuple(changes.values()), currency)


def _passes(run: af.Run, bill: Bill) -> str:
    """Count parameter-tokens: the size of a model times the tokens it goes over."""
    cost = af.cost_of(run, af.aalp(), calls=bill.calls)
    known = str(af.Cost(unit=cost.unit, at_least=cost.at_least))
    return f"at least {known}" if cost.undetermined else known


def _bar(bill: Bill, limit: Decimal | None, change: af.CostChange | None) -> af.Bar:
    partly = " (not all priced)" if bill.gaps else ""
    return af.Bar(
        label=f"{bill.name}{partly}{marked(bill.estimated)}",
        value=bill.amount,
        limit=limit,
        against=change.before.amount if change is not None else None,
        verdict=_verdict(bill, limit),
    )


def _verdict(bill: Bill, limit: Decimal | None) -> af.Verdict | None:
    if limit is not None and bill.amount > limit:
        return af.Verdict.FAILED
    if bill.gaps:
        return af.Verdict.ERROR
    return None if limit is None else af.Verdict.PASSED


def _row(bill: Bill, whole: Bill, currency: str) -> tuple[str, ...]:
    known = money_text(bill.amount, currency, estimated=bill.estimated)
    return (
        "total" if bill.stage is None else bill.stage,
        str(len(bill.model_calls)),
        _tokens(bill, "input_tokens"),
        _tokens(bill, "output_tokens"),
        str(bill.pictures),
        f"at least {known}" if bill.gaps else known,
        percent(bill.amount, whole.amount),
    )


def _tokens(bill: Bill, kind: str) -> str:
    counts = [getattr(c.usage, kind) for c in bill.calls if c.usage is not None]
    said = f"{sum(n or 0 for n in counts):,}{marked(bill.estimated)}"
    return f"at least {said}" if bill.silent else said
