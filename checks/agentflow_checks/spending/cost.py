"""The check `cost`: what a run consumed stays within its budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest_agentflow as af
from agentflow_checks.spending.before import changes_since, run_before
from agentflow_checks.spending.bill import Bill, bill_of, bills_by_stage
from agentflow_checks.spending.contexts import (
    CACHED,
    CONTEXT,
    judge_cached,
    judge_context,
)
from agentflow_checks.spending.counts import MEASURES, judge_count
from agentflow_checks.spending.currencies import (
    lacking_rates,
    no_rate,
    told_currency,
)
from agentflow_checks.spending.exhibits import exhibits
from agentflow_checks.spending.increase import judge_increase
from agentflow_checks.spending.latency import judge_latency
from agentflow_checks.spending.limits import (
    Amount,
    Limits,
    growth_of,
    limits_of,
    validate_limits,
)
from agentflow_checks.spending.modelled import judge_modelled
from agentflow_checks.spending.money import (
    SHARE,
    judge_prices,
    judge_share,
    judge_stage,
    judge_total,
)
from agentflow_checks.spending.price_file import prices_command
from agentflow_checks.spending.retries import RETRIES, judge_retries


@af.check("cost", validate=validate_limits, timed=("latency",))
def cost(
    run: af.Run,
    total: Amount | None = None,
    *,
    stages: Mapping[str, Amount] | None = None,
    shares: Mapping[str, Amount] | None = None,
    tokens: int | Mapping[str, int] | None = None,
    input_tokens: int | Mapping[str, int] | None = None,
    output_tokens: int | Mapping[str, int] | None = None,
    reasoning_tokens: int | Mapping[str, int] | None = None,
    min_cached: float | Mapping[str, float] | None = None,
    context: int | Mapping[str, int] | None = None,
    calls: int | Mapping[str, int] | None = None,
    retries: int | Mapping[str, int] | None = None,
    latency: float | Mapping[str, float] | None = None,
    images: int | Mapping[str, int] | None = None,
    max_growth: Amount | Mapping[str, Amount] | None = None,
    against: str | None = None,
    cost_model: af.CostModel | str = "priced",
    currency: str = "USD",
    earlier: af.Run | None = None,
) -> Iterator[object]:
    """What the run consumed stays within its budgets.

    Money is exact arithmetic on the usage that the providers reported and the prices
    that were locked when the run was recorded. What has no price, or reports no usage,
    is an error and never counts as 0. Without any argument it is checked that every
    call that costs money has a price.

    Held against an earlier run, the difference of each stage's bill is split over its
    causes, see `cost_change`; a breach of a budget then names them, too.

    Args:
        run: the run.
        total: money for the whole run; 0.12 means exactly 0.12.
        stages: stage -> money.
        shares: stage -> largest share of the run's money, 0.8 for 80 %.
        tokens: input and output tokens of the run, or stage -> tokens.
        input_tokens: the same, of input alone, what was cached included.
        output_tokens: the same, of output alone, reasoning included.
        reasoning_tokens: the same, of the output that was reasoning.
        min_cached: smallest share of the input tokens that the cache must give.
        context: largest prompt of one call, in tokens, of all or stage -> tokens.
        calls: model calls of the run, or stage -> calls.
        retries: failed attempts and calls that ask the same again, of the run or
            stage -> number.
        latency: seconds that the run takes, or stage -> seconds. A replay computes them
            from how long each call took and what this code does side by side; else, and
            with ``--agentflow-latency=recorded``, they are those of the recording.
        images: pictures made in the run, or stage -> pictures.
        max_growth: how much more money each stage, and the run, may take than before,
            0.1 for 10 %; or quantity -> share: ``{"cost": 0.1, "frontend.tokens": 0}``.
            A stage fails only where it adds 1 % of the run, too. Without an earlier
            run it is INCONCLUSIVE, which ``optional=True`` lets pass.
        against: glob of earlier recordings below the recordings folder, of which one is
            of this case; without it, what ``--agentflow-against=git:...`` gives.
        cost_model: what `total`, `stages` and `shares` count: ``priced``, ``aalp``, or
            `gpu_hour` and `busy_time` as values.
        currency: of all money, as an ISO code.
        earlier: the run as it was; the session gives it.
    """
    model = af.cost_model(cost_model)
    modelled = model != af.priced()
    whole, parts = bill_of(run), bills_by_stage(run)
    before = run_before(run, earlier, against)
    growth = growth_of(max_growth)
    counted = {
        "tokens": tokens,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "reasoning_tokens": reasoning_tokens,
        "calls": calls,
        "images": images,
    }
    own = (latency, context, retries, min_cached, shares)
    asked = any(given is not None for given in (*counted.values(), *own))
    wants = Wanted(
        total=next(iter(limits_of("total", total).values()), None),
        stages=limits_of("stages", stages),
        shares=limits_of("shares", shares),
        currency=currency,
    )
    if modelled:
        yield from judge_modelled(run, model, wants.total, wants.stages, wants.shares)
    told = not modelled and not (no_rates := lacking_rates(whole, currency))
    if told:
        currency = told_currency(run, whole, currency, budgets=wants.any)
    changes = changes_since(before, run) if told else {}
    in_money = wants.any or any(one.quantity == "cost" for one in growth)
    if not modelled and (in_money or not (asked or growth)):
        yield af.Rule(id="cost.priced", title="Every call that costs money has a price")
        if told:
            yield from _judge_money(run, whole, parts, wants, changes)
        else:
            yield no_rate(run, no_rates, currency)
        yield from _idle_charges(run)
    yield from judge_increase(run, before, growth, currency)
    yield from _judge_counts(run, whole, parts, counted)
    yield from _judge_prompts(run, whole, before, context, min_cached)
    yield from _judge_retries(run, whole, limits_of("retries", retries))
    yield from judge_latency(run, limits_of("latency", latency))
    if not whole.billed:
        yield af.Note(text=f"run {run.id} made no call that could cost anything")
    elif told:
        limits = {**wants.stages, **limits_of("total", total)}
        yield from exhibits(
            run, whole, parts, limits=limits, currency=currency, changes=changes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The budgets of money, or of what the cost model counts instead."""

    total: Decimal | None
    stages: Limits
    shares: Limits
    currency: str

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self.total is not None or bool(self.stages or self.shares)


def _idle_charges(run: af.Run) -> Iterator[af.Note]:
    """Say which declared charge this run is not charged: nothing of it was counted."""
    stages = {stage.name for stage in run.stages}
    for fee, why in af.idle_fees([run]).items():
        source = f" of {fee.source}" if fee.source else ""
        astray = bool(fee.stage) and fee.stage not in stages
        repair = (
            f" (correct it, then: {prices_command(run)}; or say whose it is: "
            'workflow = "...")'
        )
        yield af.Note(
            text=f"the charge {fee.name!r}{source} is charged for nothing: "
            f"{why}{repair if astray else ''}",
            warning=astray,
        )


def _judge_money(
    run: af.Run,
    whole: Bill,
    parts: tuple[Bill, ...],
    wants: Wanted,
    changes: Mapping[str, af.CostChange],
) -> Iterator[object]:
    yield from judge_prices(run, whole)
    if wants.total is not None:
        yield af.Rule(id="cost.total", title="The run stays within its budget")
        yield from judge_total(
            whole,
            parts,
            wants.total,
            stages=wants.stages,
            currency=wants.currency,
            changes=changes,
        )
    if wants.stages:
        yield af.Rule(id="cost.stage", title="Each stage stays within its budget")
    for bill, limit in _bills(run, wants.stages, "cost.stage"):
        if isinstance(bill, af.Finding):
            yield bill
        else:
            change = changes.get(bill.name)
            yield from judge_stage(bill, limit, wants.currency, change)
    if wants.shares:
        yield af.Rule(id=SHARE, title="No stage takes more than its share of the cost")
    for bill, limit in _bills(run, wants.shares, SHARE):
        if isinstance(bill, af.Finding):
            yield bill
        else:
            yield from judge_share(bill, whole, limit, wants.currency)


def _judge_prompts(
    run: af.Run, whole: Bill, before: af.Run | None, context: Any, min_cached: Any
) -> Iterator[object]:
    if context is not None:
        yield af.Rule(id=CONTEXT, title="No prompt is larger than allowed")
    for bill, limit in _bills(run, limits_of("context", context), CONTEXT, whole):
        if isinstance(bill, af.Finding):
            yield bill
        else:
            yield from judge_context(bill, limit, _earlier(before, bill.stage))
    if min_cached is not None:
        yield af.Rule(id=CACHED, title="The cache gives as much of the input as asked")
    for bill, limit in _bills(run, limits_of("min_cached", min_cached), CACHED, whole):
        if isinstance(bill, af.Finding):
            yield bill
        else:
            yield from judge_cached(bill, limit)


def _earlier(before: af.Run | None, stage: str | None) -> Bill | None:
    there = stage is None or any(
        s.name == stage for s in (before.stages if before is not None else ())
    )
    return bill_of(before, stage) if before is not None and there else None


def _judge_retries(run: af.Run, whole: Bill, limits: Limits) -> Iterator[object]:
    if limits:
        yield af.Rule(id=RETRIES, title="Little is tried, or asked, twice")
    found = []
    for bill, limit in _bills(run, limits, RETRIES, whole):
        if isinstance(bill, af.Finding):
            yield bill
        else:
            found.append((bill, limit))
    yield from judge_retries(run, found)


def _judge_counts(
    run: af.Run, whole: Bill, parts: tuple[Bill, ...], counted: Mapping[str, Any]
) -> Iterator[object]:
    for measure in MEASURES:
        limits = limits_of(measure.argument, counted[measure.argument])
        if limits:
            yield af.Rule(id=measure.rule, title=measure.title)
        for bill, limit in _bills(run, limits, measure.rule, whole):
            if isinstance(bill, af.Finding):
                yield bill
            elif bill.stage is not None or whole.model_calls:
                yield from judge_count(run, measure, bill, limit, parts)


def _bills(
    run: af.Run, limits: Limits, rule: str, whole: Bill | None = None
) -> Iterator[tuple[Bill | af.Finding, Decimal]]:
    """Give the bill that each limit is for; an error where there is no such stage."""
    for stage, limit in limits.items():
        if stage is None and whole is not None:
            yield whole, limit
            continue
        try:
            yield bill_of(run, stage), limit
        except af.UnknownStage as error:
            yield _no_stage(rule, stage, error), limit


def _no_stage(rule: str, stage: str | None, error: af.UnknownStage) -> af.Finding:
    return af.Finding(
        rule=rule,
        verdict=af.Verdict.ERROR,
        message=str(error),
        subject=str(stage),
        evidence=f"unknown stage {stage}",
    )
