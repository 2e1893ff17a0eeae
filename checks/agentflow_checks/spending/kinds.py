"""Tokens by kind, as measures that `cost` takes budgets for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.bill import Bill
from agentflow_checks.spending.counts import Measure

_SILENT = ("embeddings", "rerank", "image", "audio")
"""Calls of these kinds may report no tokens of a kind that they do not have."""


def _told(call: af.Call, kind: str) -> int | None:
    """Give the tokens of a kind; `None` where the call must have some, and is silent.

    An answer that says nothing of reasoning did none.
    """
    used = call.usage
    if used is None or "usage" in call.missing:
        return None
    number: int | None = getattr(used, kind)
    may_lack = kind == "reasoning_tokens" or call.kind in _SILENT
    return 0 if number is None and may_lack else number


def _of(kind: str) -> Callable[[af.Run, Bill], Decimal | None]:
    def tokens(_run: af.Run, bill: Bill) -> Decimal | None:
        told = [_told(call, kind) for call in bill.model_calls]
        return None if None in told else Decimal(sum(n or 0 for n in told))

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
