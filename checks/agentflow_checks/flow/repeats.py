"""Calls that ask the same again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from agentflow_checks.flow.token_flow import Prompt, TokenFlow

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
