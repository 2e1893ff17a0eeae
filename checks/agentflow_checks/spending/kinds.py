"""Tokens by kind, as measures that `cost` takes budgets for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.bill import Bill
from agentflow_checks.spending.counts import Measure

_WHOLE = {"reasoning_tokens": "output_tokens"}
"""Parts: an answer that tells the whole, and says nothing of reasoning, did none."""


def _of(kind: str) -> Callable[[af.Run, Bill], Decimal | None]:
    def tokens(_run: af.Run, bill: Bill) -> Decimal | None:
        if bill.silent_on(_WHOLE.get(kind, kind)):
            return None
        told = (getattr(call.usage, kind, None) or 0 for call in bill.model_calls)
        return Decimal(sum(told))

    return tokens


def _measure(kind: str, unit: str, verb: str, title: str) -> Measure:
    return Measure(
        rule=f"cost.{kind}",
        argument=kind,
        unit=unit,
        verb=verb,
        title=title,
        of=_of(kind),
        unknown="some of its answers do not report them",
        fix='Ask for them: stream_options={"include_usage": True} beside stream=True, '
        "and record again.",
    )


KINDS = (
    _measure(
        "input_tokens",
        "input tokens",
        "read",
        "Input tokens stay within their budget",
    ),
    _measure(
        "output_tokens",
        "output tokens",
        "wrote",
        "Output tokens stay within their budget",
    ),
    _measure(
        "reasoning_tokens",
        "reasoning tokens",
        "thought",
        "Reasoning tokens, a part of the output, stay within their budget",
    ),
)
