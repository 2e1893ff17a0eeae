"""The rule about increase: nothing grew more than allowed since the earlier run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import percent, share_text
from agentflow_checks.spending.bill import Bill, bill_of
from agentflow_checks.spending.contexts import largest, prompts
from agentflow_checks.spending.limits import Growth

INCREASE = "cost.increase"

MATERIAL = Decimal("0.01")
"""What a stage adds below this share of the whole run is no finding: a stage of a cent
that doubles costs nobody anything."""

_SHOWN = 3
_TOKENS: Mapping[str, tuple[str, ...]] = {
    "tokens": ("input_tokens", "output_tokens"),
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One quantity of a stage, or of the run, before and now."""

    stage: str | None
    before: Decimal
    now: Decimal
    causes: str = ""
    drift: Decimal = Decimal(0)
    """What changed prices make of it, which `now` does not count."""

    @property
    def more(self) -> Decimal:
        """By how much it grew."""
        return self.now - self.before

    @property
    def name(self) -> str:
        """How messages name it."""
        return "the run" if self.stage is None else self.stage


def judge_increase(
    run: af.Run, before: af.Run | None, limits: Sequence[Growth], currency: str
) -> Iterator[object]:
    """Hold quantities of each stage, and of the run, against what they were.

    Money counts without what changed prices make of it: that is told, and it is what
    ``prices`` judges. A stage that is new has nothing to be held against; it counts in
    the run.
    """
    if not limits:
        return
    title = "Nothing grew by more than allowed"
    yield af.Rule(id=INCREASE, title=title, gate=before is None)
    if before is None:
        yield _nothing_before(run, limits)
        return
    for limit in limits:
        if limit.stage is not None:
            run.stage(limit.stage)
    special = {(one.stage, one.quantity) for one in limits if one.stage is not None}
    for limit in limits:
        found = _compared(before, run, limit.quantity)
        if isinstance(found, str):
            yield _unknown(limit, found)
            continue
        for one in found:
            own = limit.stage is not None
            mine = one.stage == limit.stage if own else True
            if mine and (own or (one.stage, limit.quantity) not in special):
                yield from _judge(one, found[-1], found, limit, currency)


def _nothing_before(run: af.Run, limits: Sequence[Growth]) -> af.Finding:
    """Say that a bound was asked for, and nothing is there to hold it against."""
    names = ", ".join(dict.fromkeys(one.name for one in limits))
    return af.Finding(
        rule=INCREASE,
        verdict=af.Verdict.UNDETERMINED,
        message=f"whether {names} grew is not known: there is no earlier run of "
        f"{run.id} to compare with",
        why="A bound that nothing was held against is not kept.",
        fix="compare with main: pytest --agentflow-against=git:origin/main (a JSON "
        "report will not do: it holds sums, and causes need the calls of recordings)"
        '\nor with other recordings: against="main/*"'
        "\nA run that is new there has no earlier one; beside optional=True it passes "
        "with a warning until it has.",
        subject="the run",
        evidence=f"no earlier run for {names}",
    )


def _judge(
    one: Compared,
    whole: Compared,
    all_: Sequence[Compared],
    limit: Growth,
    currency: str,
) -> Iterator[af.Examined | af.Finding | af.Note]:
    if one.drift and one.stage is None:
        text = (
            f"changed prices make {_signed(one.drift, limit.quantity, currency)} of "
            "the difference; they are not counted as growth"
        )
        yield af.Note(text=text, warning=True)
    if one.stage is not None and not one.before:
        return
    small = one.stage is not None and one.more <= MATERIAL * whole.before
    if small or one.more <= limit.limit * one.before:
        yield af.Examined(rule=INCREASE, place=af.Place(stage=one.stage))
        return
    yield _finding(one, all_, limit, currency)


def _finding(
    one: Compared, all_: Sequence[Compared], limit: Growth, currency: str
) -> af.Finding:
    def say(amount: Decimal) -> str:
        return _amount(amount, limit.quantity, currency)

    grown = f" ({percent(one.more, one.before)})" if one.before else ""
    stages = sorted((c for c in all_ if c.stage), key=lambda c: -c.more)
    # One stage is named for the whole run where it alone makes most of the growth.
    worst = stages[0].stage if stages and stages[0].more * 2 > one.more else None
    causes = f"Causes: {one.causes}" if one.causes else ""
    if one.stage is None:
        causes = _by_stage(stages, limit, currency)
    verb, unit = _WORDS[limit.quantity]
    allowed = share_text(limit.limit)
    return af.Finding(
        rule=INCREASE,
        message=f"{one.name} {verb} {say(one.now)}{unit}, before {say(one.before)}: "
        f"{say(one.more)} more{grown}, where {allowed} is allowed. {causes}".rstrip(),
        place=af.Place(stage=one.stage),
        observed=f"{say(one.now)}{unit}",
        expected=f"at most {say(one.before * (1 + limit.limit))}{unit}",
        fix="Undo the cause, or accept it: once it is on main it is what later runs "
        "are held against.",
        subject=f"{one.name} {limit.quantity}",
        introduced_by=one.stage or worst,
        evidence=f"{one.name} {limit.quantity} grew over {limit.limit}",
    )


def _by_stage(stages: Sequence[Compared], limit: Growth, currency: str) -> str:
    grown = [c for c in stages if c.more > 0]
    named = [
        f"{c.stage} {_signed(c.more, limit.quantity, currency)}"
        + ("" if c.before else " (new)")
        for c in grown[:_SHOWN]
    ]
    rest = f", {len(grown) - _SHOWN} more" if len(grown) > _SHOWN else ""
    causes = (
        f" {grown[0].stage}: {grown[0].causes}" if grown and grown[0].causes else ""
    )
    return f"By stage: {', '.join(named)}{rest}.{causes}" if named else ""


def _unknown(limit: Growth, why: str) -> af.Finding:
    return af.Finding(
        rule=INCREASE,
        verdict=af.Verdict.ERROR,
        message=f"whether {limit.quantity} grew is not known: {why}",
        subject=limit.quantity,
        evidence=f"{limit.quantity} unknown",
    )


_WORDS: Mapping[str, tuple[str, str]] = {
    "cost": ("costs", ""),
    "tokens": ("takes", " tokens"),
    "input_tokens": ("reads", " tokens"),
    "output_tokens": ("writes", " tokens"),
    "calls": ("makes", " model calls"),
    "images": ("makes", " images"),
    "context": ("has", " tokens in its largest prompt"),
}


def _amount(amount: Decimal, quantity: str, currency: str) -> str:
    if quantity == "cost":
        return str(af.Money(amount=amount, currency=currency))
    return f"{int(amount):,}"


def _signed(amount: Decimal, quantity: str, currency: str) -> str:
    return "+" * (amount > 0) + _amount(amount, quantity, currency)


# What is compared


def _compared(before: af.Run, now: af.Run, quantity: str) -> list[Compared] | str:
    """Give a quantity of each stage, then of the run; or why it is not known."""
    if quantity == "cost":
        return _money(before, now)
    if quantity in _TOKENS:
        return _tokens(before, now, _TOKENS[quantity])
    return _counts(before, now, _COUNTS[quantity])


def _money(before: af.Run, now: af.Run) -> list[Compared] | str:
    try:
        changes = af.cost_changes(before, now)
    except af.UnknownPrice as error:
        return str(error)
    found = [
        Compared(
            stage=change.stage,
            before=change.before.amount,
            now=change.now.amount - change.drift.amount,
            drift=change.drift.amount,
            causes=_causes([c for c in change.causes if c.id != "price"], str),
        )
        for change in changes
    ]
    return _with_sum(found)


def _with_sum(found: list[Compared]) -> list[Compared]:
    old, new, drift = (
        sum((getattr(one, name) for one in found), Decimal(0))
        for name in ("before", "now", "drift")
    )
    return [*found, Compared(stage=None, before=old, now=new, drift=drift)]


def _causes(causes: Sequence[af.CostCause], say: Callable[[af.CostCause], str]) -> str:
    if not causes:
        return ""
    rest = f", {len(causes) - _SHOWN} more" if len(causes) > _SHOWN else ""
    return f"{', '.join(map(say, causes[:_SHOWN]))}{rest}."


def _tokens(before: af.Run, now: af.Run, kinds: Sequence[str]) -> list[Compared] | str:
    """Compare tokens as a bill at one apiece: its causes are those of the tokens."""
    for run in (before, now):
        if bill_of(run).silent:
            return f"answers of {run.id} do not report what they used"
    names = dict.fromkeys(c.stage for run in (now, before) for c in run.calls)
    old, new = (_apiece(run, kinds) for run in (before, now))
    try:
        changes = [af.cost_change(old, new, name) for name in names]
    except af.UnknownPrice as error:
        return str(error)
    found = [
        Compared(
            stage=change.stage,
            before=change.before.amount,
            now=change.now.amount,
            causes=_causes(change.causes, _in_tokens),
        )
        for change in changes
    ]
    return _with_sum(found)


def _apiece(run: af.Run, kinds: Sequence[str]) -> af.Run:
    """Give the calls of a run that use tokens, at a price of one for each."""
    known = {(charge.model, charge.tier) for charge in run.charges()}
    prices = tuple(
        af.UnitPrice(
            model=model,
            unit=unit,
            tier=tier,
            amount=Decimal(unit in kinds),
            currency="TOK",
        )
        for model, tier in sorted(known)
        for unit in ("input_tokens", "output_tokens")
    )
    calls = tuple(
        replace(c, usage=replace(c.usage, units={}))
        for c in run.calls
        if c.usage is not None and (c.usage.input_tokens or c.usage.output_tokens)
    )
    lock = af.PriceLock(prices=prices)
    return replace(run, calls=calls, recorded=replace(run.recorded, prices=lock))


def _in_tokens(cause: af.CostCause) -> str:
    detail = f" ({cause.detail})" if cause.detail else ""
    return f"{cause.label} {round(cause.amount):+,}{detail}"


def _context(bill: Bill) -> int | None:
    if not prompts(bill):
        return 0
    found = largest(bill)
    return found[1] if found else None


_COUNTS: Mapping[str, Callable[[Bill], int | None]] = {
    "calls": lambda bill: len(bill.model_calls),
    "images": lambda bill: bill.pictures,
    "context": _context,
}


def _counts(
    before: af.Run, now: af.Run, count: Callable[[Bill], int | None]
) -> list[Compared] | str:
    names: list[str | None] = list(dict.fromkeys(s.name for s in now.stages if s.calls))
    found = []
    for name in [*names, None]:
        there = name is None or any(s.name == name for s in before.stages)
        old = count(bill_of(before, name)) if there else 0
        new = count(bill_of(now, name))
        if old is None or new is None:
            return f"answers of {name or 'the run'} do not report what they used"
        found.append(Compared(stage=name, before=Decimal(old), now=Decimal(new)))
    return found
