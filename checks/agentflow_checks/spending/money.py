"""The rules about money: all priced, the total, each stage, and its share of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import (
    money_text,
    percent,
    price_text,
    rounded_up,
    share_text,
)
from agentflow_checks.spending.before import since_text
from agentflow_checks.spending.bill import Bill, Contribution, contributions
from agentflow_checks.spending.limits import Limits
from agentflow_checks.spending.price_file import price_entry, prices_command

SHARE = "cost.share"

_SHOWN = 3
"""So many stages and contributions are named; the table holds the rest."""


def judge_prices(run: af.Run, whole: Bill) -> Iterator[af.Examined | af.Finding]:
    """Say of each call that costs money whether its price is known."""
    gaps = whole.gaps
    billed = {charge.call for charge in whole.charges} | {
        call.id for call in whole.model_calls
    }
    yield af.Examined(rule="cost.priced", count=len(billed - set(gaps)))
    for call, charges in gaps.items():
        yield _gap(run, run.call(call), charges)


def _gap(run: af.Run, call: af.Call, charges: Sequence[af.Charge]) -> af.Finding:
    untold = [c.unit.partition(" ")[0] for c in charges if not c.reported]
    silent = " or ".join(untold)
    name = call.model or call.billed_as or "an unnamed model"
    units = ", ".join(charge.unit for charge in charges)
    return af.Finding(
        rule="cost.priced",
        verdict=af.Verdict.ERROR,
        message=f"{name} reports no {silent}, so that its cost is not known"
        if silent
        else f"no price is known for {units} of {name}",
        place=af.Place(stage=call.stage, call=call.id),
        why="An unknown cost is never counted as 0.",
        fix=_report_usage(call) if silent else _add_price(run, name, charges),
        subject=call.id,
        evidence=f"{name} {silent or units}",
    )


def _report_usage(call: af.Call) -> str:
    if call.broke_off:
        return "The answer broke off before its usage; record it again to its end."
    if call.api == "openai.chat":
        return (
            'Ask for it: stream_options={"include_usage": True} beside stream=True; '
            "then record again."
        )
    return "Record again with a provider that reports usage."


def _add_price(run: af.Run, name: str, charges: Sequence[af.Charge]) -> str:
    listed = any("genai-prices" in one.source for one in run.recorded.prices.prices)
    lead = (
        "genai-prices does not list it; add"
        if listed
        else "pip install 'pytest-agentflow[prices]', or add"
    )
    units = dict.fromkeys((charge.unit, charge.tier) for charge in charges)
    entries = "\n".join(price_entry(name, *unit) for unit in units)
    return (
        f'{lead} to prices.toml, with the price for "...":\n{entries}then: '
        f"{prices_command(run)}\n(it shows whatever still lacks a price)"
    )


def judge_total(
    whole: Bill,
    parts: Sequence[Bill],
    limit: Decimal,
    *,
    stages: Limits,
    currency: str,
    changes: Mapping[str, af.CostChange],
) -> Iterator[af.Examined | af.Finding]:
    """Hold the whole run against its budget."""
    if not whole.billed:
        return
    if whole.amount > limit:
        culprit, why = _culprit(parts, stages, currency)
        causes = [_cause(part, currency) for part in parts if part.stage == culprit]
        yield _over(
            "cost.total",
            whole,
            limit,
            currency,
            why=why,
            shares=_shares(parts, whole, currency),
            cause=" ".join(causes) + since_text(changes.get(culprit or "")),
            introduced_by=culprit,
            budget=f"total={rounded_up(whole.amount):f}",
        )
    else:
        yield _within("cost.total", whole, limit, currency)


def judge_stage(
    bill: Bill, limit: Decimal, currency: str, change: af.CostChange | None
) -> Iterator[af.Examined | af.Finding | af.Note]:
    """Hold one stage against its budget."""
    if not bill.billed:
        text = f"{bill.name} has a budget, but made no call that costs money"
        yield af.Note(text=text, warning=True)
    elif bill.amount > limit:
        yield _over(
            "cost.stage",
            bill,
            limit,
            currency,
            cause=_cause(bill, currency) + since_text(change),
            introduced_by=bill.stage,
            budget=f'stages={{"{bill.stage}": {rounded_up(bill.amount):f}}}',
        )
    else:
        yield _within("cost.stage", bill, limit, currency)


def _within(
    rule: str, bill: Bill, limit: Decimal, currency: str
) -> af.Examined | af.Finding:
    if not bill.gaps:
        return af.Examined(rule=rule, place=af.Place(stage=bill.stage))
    known = money_text(bill.amount, currency, estimated=bill.estimated)
    return af.Finding(
        rule=rule,
        verdict=af.Verdict.ERROR,
        message=f"the cost of {bill.name} is not known: {len(bill.gaps)} of its "
        f"{len(bill.calls)} calls have no price or usage",
        place=af.Place(stage=bill.stage),
        observed=f"at least {known}",
        expected=f"at most {money_text(limit, currency)}",
        subject=bill.name,
        evidence=f"{bill.name} unknown",
    )


def _over(
    rule: str,
    bill: Bill,
    limit: Decimal,
    currency: str,
    *,
    cause: str,
    introduced_by: str | None,
    budget: str,
    why: str = "",
    shares: str = "",
) -> af.Finding:
    excess = bill.amount - limit
    spent = money_text(bill.amount, currency, estimated=bill.estimated)
    least = "at least " if bill.gaps else ""
    over = f" ({percent(excess, limit)})" if limit else ""
    allowed = money_text(limit, currency)
    beyond = f"{money_text(excess, currency)}{over} over its {allowed}"
    return af.Finding(
        rule=rule,
        message=f"{bill.name} costs {least}{spent}, {beyond}{': ' * bool(why)}{why}",
        place=af.Place(stage=bill.stage),
        observed=f"{least}{spent}{': ' * bool(shares)}{shares}",
        expected=f"at most {allowed}",
        fix=f"{cause} Spend less there, or raise the budget: {budget}".lstrip()
        if cause
        else f"Spend less where most goes, or raise the budget: {budget}",
        subject=bill.name,
        introduced_by=introduced_by,
        evidence=f"{bill.name} over {limit}",
    )


def _culprit(
    parts: Sequence[Bill], stages: Limits, currency: str
) -> tuple[str | None, str]:
    """Name the stage that a breach of the total is put down to, and say why it."""
    excess = [(b.amount - stages[b.stage], b.name) for b in parts if b.stage in stages]
    over, worst = max(excess, default=(Decimal(0), ""))
    if over > 0:
        by = money_text(over, currency)
        return worst, f"{worst} is furthest over its own budget, by {by}"
    if any(bill.gaps for bill in parts):
        return None, "which stage has the largest share is not known"
    largest = max(parts, key=lambda bill: bill.amount)
    share = percent(largest.amount, sum((b.amount for b in parts), Decimal(0)))
    text = f"{largest.name} has the largest share, {share}"
    known = "; no stage is over a budget of its own" if stages else ""
    return _stage_of(largest), text + known


def _stage_of(bill: Bill) -> str | None:
    """Give the stage, but for calls that no door attributed to one."""
    return None if bill.stage == "unattributed" else bill.stage


def _cause(bill: Bill, currency: str) -> str:
    whole = bill.amount
    found = [c for c in contributions(bill.charges) if c.amount * 100 >= whole]
    named = [_told(c, whole, currency) for c in found[:_SHOWN]]
    rest = f"; {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{bill.name} spent it on {'; '.join(named)}{rest}."


def _told(one: Contribution, whole: Decimal, currency: str) -> str:
    """Say what one model charged for one unit: calls, quantity, price and amount."""
    return (
        f"{one.calls} {'call' if one.calls == 1 else 'calls'} of {one.model} with "
        f"{one.quantity:,f} {one.unit} at {price_text(one.price)} = "
        f"{money_text(one.amount, currency)} ({percent(one.amount, whole)})"
    )


def _shares(parts: Sequence[Bill], whole: Bill, currency: str) -> str:
    """Say what the dearest stages cost."""
    dearest = sorted(parts, key=lambda bill: -bill.amount)
    named = [
        f"{bill.name} {money_text(bill.amount, currency)} "
        f"({percent(bill.amount, whole.amount)})"
        for bill in dearest[:_SHOWN]
    ]
    rest = f", {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return f"{', '.join(named)}{rest}"


def judge_share(
    bill: Bill, whole: Bill, limit: Decimal, currency: str
) -> Iterator[af.Examined | af.Finding | af.Note]:
    """Hold a stage's share of the run's cost against its limit."""
    place = af.Place(stage=bill.stage)
    if not whole.billed or not (whole.amount or whole.gaps):
        yield af.Note(text=f"the run cost nothing, of which {bill.name} has no share")
    elif whole.gaps:
        yield af.Finding(
            rule=SHARE,
            verdict=af.Verdict.ERROR,
            message=f"the share of {bill.name} is not known: {len(whole.gaps)} of the "
            f"run's {len(whole.calls)} calls have no price or usage",
            place=place,
            expected=f"at most {share_text(limit)}",
            subject=bill.name,
            evidence=f"{bill.name} share unknown",
        )
    elif bill.amount <= limit * whole.amount:
        yield af.Examined(rule=SHARE, place=place)
    else:
        yield _over_share(bill, whole, limit, currency)


def _over_share(bill: Bill, whole: Bill, limit: Decimal, currency: str) -> af.Finding:
    share = percent(bill.amount, whole.amount)
    spent = money_text(bill.amount, currency, estimated=bill.estimated)
    most = contributions(bill.charges)[0]
    return af.Finding(
        rule=SHARE,
        message=f"{bill.name} costs {spent}, {share} of the run's "
        f"{money_text(whole.amount, currency)}, more than its {share_text(limit)}. "
        f"Most of it is {_told(most, bill.amount, currency)}.",
        place=af.Place(stage=bill.stage),
        observed=share,
        expected=f"at most {share_text(limit)}",
        fix=f'Spend less there, or allow more: shares={{"{bill.stage}": '
        f"{_cent_more(bill.amount / whole.amount)}}}",
        subject=bill.name,
        introduced_by=bill.stage,
        evidence=f"{bill.name} share over {limit}",
    )


def _cent_more(share: Decimal) -> Decimal:
    cent = Decimal("0.01")
    return min(share.quantize(cent) + cent, Decimal(1))
