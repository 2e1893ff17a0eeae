"""Work done twice: calls that ask the same again, too many calls, failed attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.teamwork.token_flow import Prompt, TokenFlow

SAME = 0.9
"""Two prompts ask the same from this share of common words on, both ways."""

NEAR = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A call that asks what a call of its stage had asked before."""

    stage: str
    first: str
    again: str


def repeats(flow: TokenFlow) -> tuple[Repeat, ...]:
    """Find each call that asks what a call of its stage had asked shortly before.

    Two prompts ask the same where they have as many messages and share nine of ten
    words, counted both ways. Each prompt is held against the eight before it.
    """
    found = []
    for stage in flow.stages:
        earlier: list[tuple[Prompt, Counter[int]]] = []
        for prompt in flow.of(stage):
            bag = Counter(prompt.numbers)
            near = reversed(earlier[-NEAR:])
            first = next((p for p, b in near if _same(p, b, prompt, bag)), None)
            if first is not None:
                found.append(Repeat(stage=stage, first=first.call, again=prompt.call))
            earlier.append((prompt, bag))
    return tuple(found)


def _same(first: Prompt, its: Counter[int], again: Prompt, words: Counter[int]) -> bool:
    least, most = sorted((first.words, again.words))
    if first.turns != again.turns or not least or least / most < SAME:
        return False
    return (its & words).total() / most >= SAME


def beyond(run: af.Run, declared: Mapping[str, int]) -> dict[str, int]:
    """Count the model calls of each stage beyond those declared for it."""
    over = {}
    for stage, most in declared.items():
        made = sum(call.is_model_call for call in run.stage(stage).calls)
        if made > most:
            over[stage] = made - most
    return over


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Failed attempts: how many, and what those cost that report their usage."""

    attempts: int = 0
    tokens: int = 0
    money: Decimal = Decimal(0)
    silent: int = 0
    """Attempts that do not say what they used; providers bill few of these."""


def failed_attempts(run: af.Run) -> Failed:
    """Add up the tries that failed before the final answers."""
    tried = [(call, a) for call in run.calls for a in call.attempts]
    told = [(call, a.usage) for call, a in tried if a.usage is not None]
    return Failed(
        attempts=len(tried),
        tokens=sum(attempt_tokens(call, a) or 0 for call, a in tried),
        money=sum((_money(run, call, usage) for call, usage in told), Decimal(0)),
        silent=len(tried) - len(told),
    )


def attempt_tokens(call: af.Call, tried: af.Attempt) -> int | None:
    """Give the tokens of a failed try; `None` where it does not report them all."""
    return replace(call, usage=tried.usage, missing=()).total_tokens


def _money(run: af.Run, call: af.Call, usage: af.Usage) -> Decimal:
    alone = replace(call, usage=usage, attempts=())
    tried = replace(run, calls=(alone,), stages=(), sources=(), artefacts=())
    made = (charge for charge in tried.charges() if not charge.fee)
    return sum((charge.money.amount for charge in made), Decimal(0))
