"""What `cost` shows: money per stage as bars, and the whole bill as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import marked, money_text, percent
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
    whole: Bill,
    parts: tuple[Bill, ...],
    limits: Mapping[str | None, Decimal],
    currency: str,
) -> Iterator[af.Exhibit]:
    """Give the bars and the table of a run that called anything.

    Args:
        whole: the bill of the run.
        parts: the bills of its stages.
        limits: budgets of stages; `None` names that of the run.
        currency: of all charges.
    """
    yield af.Bars(
        title="Cost per stage",
        unit=currency,
        bars=tuple(_bar(part, limits.get(part.stage)) for part in parts),
    )
    rows = [_row(part, whole, currency) for part in parts]
    yield af.Table(
        title="What each stage consumed",
        columns=_COLUMNS,
        rows=(*rows, _row(whole, whole, currency)),
        numeric=(1, 2, 3, 4, 5, 6),
    )


def _bar(bill: Bill, limit: Decimal | None) -> af.Bar:
    partly = " (not all priced)" if bill.gaps else ""
    return af.Bar(
        label=f"{bill.name}{partly}{marked(bill.estimated)}",
        value=bill.amount,
        limit=limit,
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
