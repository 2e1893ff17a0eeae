"""The rule about work done twice: failed attempts, and what is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.bill import Bill

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
    from agentflow_checks.flow.repeats import repeats  # noqa: PLC0415
    from agentflow_checks.flow.token_flow import token_flow  # noqa: PLC0415

    again = {repeat.again: repeat.first for repeat in repeats(token_flow(run))}
    for bill, limit in bills:
        if not bill.calls:
            continue
        tried = sum(len(call.attempts) for call in bill.calls)
        twice = [call.id for call in bill.calls if call.id in again]
        if tried + len(twice) <= limit:
            yield af.Examined(rule=RETRIES, place=af.Place(stage=bill.stage))
        else:
            known = {call: again[call] for call in twice}
            yield _over(run, bill, limit, tried, known)


def _over(
    run: af.Run, bill: Bill, limit: Decimal, tried: int, twice: dict[str, str]
) -> af.Finding:
    number = tried + len(twice)
    stages = {call.stage for call in bill.calls if call.attempts or call.id in twice}
    return af.Finding(
        rule=RETRIES,
        message=f"{bill.name} did work again {number} times, where {limit:f} are "
        f"allowed: {_causes(run, bill, tried, twice)}",
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


def _causes(run: af.Run, bill: Bill, tried: int, twice: dict[str, str]) -> str:
    parts = []
    if tried:
        errors = [a.error or str(a.status) for c in bill.calls for a in c.attempts]
        told = ", ".join(list(dict.fromkeys(errors))[:_SHOWN])
        paid = af.attempts_cost(run, af.priced(), calls=bill.calls)
        s = "" if tried == 1 else "s"
        parts.append(f"{tried} failed attempt{s} ({told}){_known(paid)}")
    if twice:
        pairs = [f"{call} as {first}" for call, first in twice.items()]
        more = f", {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        shown = ", ".join(pairs[:_SHOWN]) + more
        again = [call for call in bill.calls if call.id in twice]
        paid = af.cost_of(run, af.priced(), calls=again)
        number = (
            "1 call that asks" if len(again) == 1 else f"{len(again)} calls that ask"
        )
        parts.append(f"{number} the same again ({shown}){_known(paid)}")
    return "; ".join(parts) + "."


def _known(cost: af.Cost) -> str:
    return f", which cost {cost}" if cost.amount else ""
