"""The part of a stage's prompts that is the same for every case: its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import pytest_agentflow as af
from agentflow_checks.flow.shingles import WIDTH, Vocabulary, shingle_keys
from agentflow_checks.flow.texts import given_text
from agentflow_checks.flow.token_flow import prompt_tokens

MOSTLY = 0.5
"""A line belongs to the template where so much of its words do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What a stage's models are told whatever the case."""

    stage: str
    lines: tuple[str, ...]
    tokens: float
    prompt: float
    """Tokens of the whole prompt that it is a part of."""
    estimated: bool
    by_cases: bool
    """Found by comparing cases; else it is the system prompt."""

    @property
    def text(self) -> str:
        """All its lines."""
        return "\n".join(self.lines)


def templates(run: af.Run, others: Sequence[af.Run]) -> tuple[Template, ...]:
    """Give the template of each stage whose prompts tell one.

    With runs of other cases it is what the prompts of all of them share, in runs of
    eight words: instructions, and material that is the same for every case. Without, it
    is the system prompt. Of several calls the one with the longest template counts.
    """
    found = []
    for stage in run.stages:
        theirs = [_calls(other, stage.name) for other in others]
        theirs = [calls for calls in theirs if calls]
        told = [
            _common(call, theirs) if theirs else _system(call)
            for call in stage.calls
            if call.is_model_call and call.messages
        ]
        known = [template for template in told if template is not None]
        if known:
            found.append(max(known, key=lambda template: template.tokens))
    return tuple(found)


def _calls(run: af.Run, stage: str) -> list[af.Call]:
    mine = next((s.calls for s in run.stages if s.name == stage), ())
    return [call for call in mine if call.is_model_call and call.messages]


def _system(call: af.Call) -> Template | None:
    texts = [m.text for m in call.messages if m.role in ("system", "developer")]
    lines = [line for text in texts for line in text.splitlines()]
    whole = given_text(call)
    if not any(line.strip() for line in lines) or not whole:
        return None
    tokens, estimated = prompt_tokens(call, whole)
    share = min(sum(map(len, texts)) / len(whole), 1.0)
    return Template(
        stage=call.stage,
        lines=tuple(lines),
        tokens=tokens * share,
        prompt=tokens,
        estimated=estimated,
        by_cases=False,
    )


def _common(call: af.Call, theirs: Sequence[Sequence[af.Call]]) -> Template | None:
    vocabulary = Vocabulary()
    lines = given_text(call).splitlines()
    numbered = [vocabulary.read(line) for line in lines]
    words = [number for line in numbered for number in line]
    keys = shingle_keys(words)
    shared = set(keys)
    for calls in theirs:
        texts = (vocabulary.read(given_text(other)) for other in calls)
        shared &= {key for text in texts for key in shingle_keys(text)}
    covered = bytearray(len(words))
    for place, key in enumerate(keys):
        if key in shared:
            covered[place : place + WIDTH] = b"\1" * WIDTH
    ends = list(accumulate(map(len, numbered), initial=0))
    kept = tuple(
        line
        for line, start, end in zip(lines, ends, ends[1:], strict=False)
        if end > start and sum(covered[start:end]) >= MOSTLY * (end - start)
    )
    if not kept:
        return None
    tokens, estimated = prompt_tokens(call, given_text(call))
    return Template(
        stage=call.stage,
        lines=kept,
        tokens=tokens * sum(map(len, kept)) / max(sum(map(len, lines)), 1),
        prompt=tokens,
        estimated=estimated,
        by_cases=True,
    )
