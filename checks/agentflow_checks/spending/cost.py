"""The check `cost`: what a run consumed stays within its budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest_agentflow as af
from agentflow_checks.spending.bill import Bill, bill_of, bills_by_stage
from agentflow_checks.spending.counts import MEASURES, judge_count
from agentflow_checks.spending.exhibits import exhibits
from agentflow_checks.spending.latency import judge_latency
from agentflow_checks.spending.limits import Amount, limits_of, validate_limits
from agentflow_checks.spending.money import judge_prices, judge_stage, judge_total


@af.check("cost", validate=validate_limits, timed=("latency",))
def cost(
    run: af.Run,
    total: Amount | None = None,
    *,
    stages: Mapping[str, Amount] | None = None,
    tokens: int | Mapping[str, int] | None = None,
    calls: int | Mapping[str, int] | None = None,
    latency: float | Mapping[str, float] | None = None,
    images: int | Mapping[str, int] | None = None,
    currency: str = "USD",
) -> Iterator[object]:
    """What the run consumed stays within its budgets.

    Money is exact arithmetic on the usage that the providers reported and the prices
    that were locked when the run was recorded. What has no price, or reports no usage,
    is an error and never counts as 0. Without any argument it is checked that every
    call that costs money has a price.

    Args:
        run: the run.
        total: money for the whole run; 0.12 means exactly 0.12.
        stages: stage -> money.
        tokens: input and output tokens of the run, or stage -> tokens.
        calls: model calls of the run, or stage -> calls.
        latency: seconds that the run takes, or stage -> seconds. A replay computes them
            from how long each call took and what this code does side by side; else, and
            with ``--agentflow-latency=recorded``, they are those of the recording.
        images: pictures made in the run, or stage -> pictures.
        currency: of all money, as an ISO code.
    """
    whole, parts = bill_of(run), bills_by_stage(run)
    _one_currency(whole, currency)
    budgets = limits_of("stages", stages)
    counted = {"tokens": tokens, "calls": calls, "images": images}
    about_money = total is not None or stages is not None
    others = (*counted.values(), latency)
    if about_money or all(given is None for given in others):
        yield from _judge_money(
            run, whole, parts, total=total, budgets=budgets, currency=currency
        )
    yield from _judge_counts(run, whole, parts, counted)
    yield from judge_latency(run, limits_of("latency", latency))
    if whole.billed:
        limits = {**budgets, **limits_of("total", total)}
        yield from exhibits(whole, parts, limits, currency)
    else:
        yield af.Note(text=f"run {run.id} made no call that could cost anything")


def _one_currency(whole: Bill, currency: str) -> None:
    found = sorted({c.price.currency for c in whole.charges if c.price is not None})
    if found and found != [currency]:
        message = (
            f"the calls are charged in {', '.join(found)}, the budgets in {currency}."
            f' Write currency="{found[0]}", or give all prices in {currency} in the'
            " price file."
        )
        raise af.CheckError(message)


def _judge_money(
    run: af.Run,
    whole: Bill,
    parts: tuple[Bill, ...],
    *,
    total: Amount | None,
    budgets: Mapping[str | None, Decimal],
    currency: str,
) -> Iterator[object]:
    yield af.Rule(id="cost.priced", title="Every call that costs money has a price")
    yield from judge_prices(run, whole)
    for limit in limits_of("total", total).values():
        yield af.Rule(id="cost.total", title="The run stays within its budget")
        yield from judge_total(whole, parts, limit, budgets, currency)
    if budgets:
        yield af.Rule(id="cost.stage", title="Each stage stays within its budget")
    for stage, limit in budgets.items():
        bill = _bill(run, stage, "cost.stage")
        if isinstance(bill, af.Finding):
            yield bill
        else:
            yield from judge_stage(bill, limit, currency)


def _judge_counts(
    run: af.Run, whole: Bill, parts: tuple[Bill, ...], counted: Mapping[str, Any]
) -> Iterator[object]:
    for measure in MEASURES:
        limits = limits_of(measure.argument, counted[measure.argument])
        if limits:
            yield af.Rule(id=measure.rule, title=measure.title)
        for stage, limit in limits.items():
            bill = whole if stage is None else _bill(run, stage, measure.rule)
            if isinstance(bill, af.Finding):
                yield bill
            elif stage is not None or whole.model_calls:
                yield from judge_count(run, measure, bill, limit, parts)


def _bill(run: af.Run, stage: str | None, rule: str) -> Bill | af.Finding:
    try:
        return bill_of(run, stage)
    except af.UnknownStage as error:
        return af.Finding(
            rule=rule,
            verdict=af.Verdict.ERROR,
            message=str(error),
            subject=str(stage),
            evidence=f"unknown stage {stage}",
        )
