"""Tokens by kind, as measures that `cost` takes budgets for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.bill import Bill
from agentflow_checks.spending.counts import Measure

_SILENT = ("embeddings", "rerank", "image", "audio")
"""Calls of these kinds may report no tokens of a kind that they do not have."""


def _of(kind: str) -> Callable[[af.Run, Bill], Decimal | None]:
    def tokens(_run: af.Run, bill: Bill) -> Decimal | None:
        asked = [call for call in bill.model_calls if call.kind not in _SILENT]
        told = [getattr(c.usage, kind, None) for c in asked]
        if bill.silent or (kind != "reasoning_tokens" and None in told):
            return None
        used = (getattr(c.usage, kind, None) or 0 for c in bill.model_calls)
        return Decimal(sum(used))

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
