"""Whether coordination takes too large a share, and which part of it is the largest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.flow.token_flow import TokenFlow
from agentflow_checks.spending.amounts import marked, money_text
from agentflow_checks.teamwork.coordination_line import (
    MONEY,
    TIME,
    TOKENS,
    Cause,
    Line,
    Part,
    coordination_line,
)
from agentflow_checks.teamwork.coordination_order import seconds_text

RULE = "coordination.share"

_FIXES = {
    Cause.OUTPUT: "Hand {target} only what it reads; reads={{...}} finds the rest.",
    Cause.PROMPT: "Leave out what {target} does not need of {source}'s prompt.",
    Cause.HISTORY: "Send {source} the last answer instead of all that went before.",
    Cause.COORDINATOR: "Let code decide what {source} decides, or a smaller model.",
    Cause.NO_STAGE: "Name what makes these calls: agentflow_stages = NAME = m:f",
    Cause.FEE: "Make fewer of them, or put stages together.",
    Cause.FAILED: "Find out why they failed: agentflow show --json lists attempts.",
    Cause.GAP: "Look at what the code does between {source} and {target}.",
}


def line_of(
    run: af.Run, flow: TokenFlow, coordinators: Sequence[str], wanted: str | None
) -> Line | None:
    """Put the line together, in money where it can be.

    Args:
        run: the run.
        flow: its token flow.
        coordinators: stages that coordinate.
        wanted: what a share is judged of; where it is not known the error is raised.
            `None`: the line is only shown, and left out where usage is not known.
    """
    try:
        return coordination_line(run, flow, coordinators, money=True)
    except (af.CheckError, af.UnknownPrice):
        if wanted == MONEY:
            raise
    try:
        return coordination_line(run, flow, coordinators, money=False)
    except af.CheckError:
        if wanted is not None:
            raise
        return None


def judge_share(
    run: af.Run, line: Line, most: float, of: str, *, estimated: bool
) -> Iterator[object]:
    """Hold coordination's share of money, tokens or time against its limit."""
    yield af.Rule(id=RULE, title="Coordination takes no larger share than allowed")
    share = line.share(of)
    if share is None:
        message = f"the {of} of {run.id} is nothing, or not recorded: no share of it"
        raise af.CheckError(message)
    if share <= most:
        yield af.Examined(rule=RULE)
        return
    part = line.largest(of)
    whole = amount_text(line, line.whole(of) or 0, of)
    taken = amount_text(line, share * (line.whole(of) or 0), of)
    yield af.Finding(
        rule=RULE,
        message=f"coordination takes {_beyond(share, most)} of the {of}"
        f"{marked(estimated)}, {taken} of {whole}; {_percent(most)} is allowed. "
        f"{part_text(line, part, of)}",
        observed=_beyond(share, most),
        expected=f"at most {_percent(most)}",
        introduced_by=part.stage,
        evidence=f"{of} {part.cause} {part.name}",
        subject="the run",
        why="A split pays only where the stages save more than their hand-offs cost.",
        fix=_FIXES[part.cause].format(source=part.source, target=part.target),
    )


def _percent(share: float) -> str:
    """Write a limit as it was given: ``2%``, ``2.5%``."""
    return f"{100 * share:.6g}%"


def _beyond(share: float, most: float) -> str:
    """Write a share with as many digits as show that it is more than the limit."""
    digits = next((n for n in (1, 2, 3) if round(100 * share, n) > 100 * most), 4)
    return f"{share:.{digits}%}"


def part_text(line: Line, part: Part, of: str) -> str:
    """Say what the largest part is, and how much of the line."""
    amount = line.amount(part, of)
    all_ = sum(line.amount(p, of) for p in line.parts)
    much = f"{amount_text(line, amount, of)}, {amount / all_:.0%} of it"
    tokens = f"{part.tokens:,.0f} tokens" if of == MONEY and part.tokens else ""
    behind = f" ({tokens})" if tokens else ""
    return f"The largest part is {sentence(part)}{behind}: {much}."


def sentence(part: Part) -> str:
    """Name a part of the line in words."""
    if part.cause is Cause.OUTPUT:
        return f"what {part.source} hands on to {part.target}"
    if part.cause is Cause.PROMPT:
        return f"what {part.source} was given and {part.target} is given again"
    if part.cause is Cause.HISTORY:
        return f"what {part.source} wrote or was given and is sent again"
    if part.cause is Cause.COORDINATOR:
        return f"the calls of {part.source}, which coordinates"
    if part.cause is Cause.GAP:
        return f"the time between {part.source} and {part.target}"
    names = {
        Cause.NO_STAGE: "the calls that stand in no stage",
        Cause.FEE: f"{part.source}, which is charged beside the models",
        Cause.FAILED: "attempts that failed",
    }
    return names[part.cause]


def amount_text(line: Line, amount: float, of: str) -> str:
    """Write an amount of money, tokens or time."""
    if of == MONEY:
        return money_text(Decimal(repr(amount)), line.currency)
    if of == TIME:
        return seconds_text(amount)
    return f"{amount:,.0f} {TOKENS}"
