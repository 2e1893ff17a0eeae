"""The rule about work done twice: failed attempts, and what is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.bill import Bill, charge_amount

RETRIES = "cost.retries"

_SHOWN = 3


def judge_retries(
    run: af.Run, bills: list[tuple[Bill, Decimal]]
) -> Iterator[af.Examined | af.Finding]:
    """Hold what stages, or the run, did twice against their limits.

    Counted are attempts that failed before the final answer, and calls whose prompt
    shares nine of ten words with one that the stage had sent shortly before.
    """
    if not bills:
        return
    # The words of all prompts are compared: loaded and done where it is asked for.
    from agentflow_checks.teamwork.rework import repeats  # noqa: PLC0415
    from agentflow_checks.teamwork.token_flow import token_flow  # noqa: PLC0415

    again = {repeat.again: repeat.first for repeat in repeats(token_flow(run))}
    for bill, limit in bills:
        if not bill.calls:
            continue
        tried = sum(len(call.attempts) for call in bill.calls)
        twice = [call.id for call in bill.calls if call.id in again]
        if tried + len(twice) <= limit:
            yield af.Examined(rule=RETRIES, place=af.Place(stage=bill.stage))
        else:
            yield _over(bill, limit, tried, {call: again[call] for call in twice})


def _over(bill: Bill, limit: Decimal, tried: int, twice: dict[str, str]) -> af.Finding:
    number = tried + len(twice)
    stages = {call.stage for call in bill.calls if call.attempts or call.id in twice}
    return af.Finding(
        rule=RETRIES,
        message=f"{bill.name} did work again {number} times, where {limit:f} are "
        f"allowed: {_causes(bill, tried, twice)}",
        place=af.Place(stage=bill.stage),
        observed=str(number),
        expected=f"at most {limit:f}",
        why="What is asked twice is paid for twice.",
        fix="Mend what fails or is thrown away, or raise the limit: "
        + (f'retries={{"{bill.stage}": {number}}}' if bill.stage else f"{number}"),
        subject=bill.name,
        introduced_by=stages.pop() if len(stages) == 1 else None,
        evidence=f"{bill.name} retries over {limit}",
    )


def _causes(bill: Bill, tried: int, twice: dict[str, str]) -> str:
    parts = []
    if tried:
        errors = [a.error or str(a.status) for c in bill.calls for a in c.attempts]
        told = ", ".join(list(dict.fromkeys(errors))[:_SHOWN])
        parts.append(f"{tried} failed attempts ({told})")
    if twice:
        pairs = [f"{call} as {first}" for call, first in twice.items()]
        more = f", {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        shown = ", ".join(pairs[:_SHOWN]) + more
        parts.append(f"{len(twice)} calls that ask the same again ({shown})")
        parts[-1] += _cost(bill, twice)
    return "; ".join(parts) + "."


def _cost(bill: Bill, twice: dict[str, str]) -> str:
    charges = [charge for charge in bill.charges if charge.call in twice]
    if not charges or any(charge.price is None for charge in charges):
        return ""
    amount = sum(map(charge_amount, charges), Decimal(0))
    return f", which cost {af.Money(amount=amount, currency=charges[0].money.currency)}"
