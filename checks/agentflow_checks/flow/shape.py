"""What shape the token flow of a run has: chain, hub, history or mesh."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pytest_agentflow as af
from agentflow_checks.flow.token_flow import Copy, Origin, Prompt, TokenFlow

HANDED = (Origin.OUTPUT,)
COPIED = (Origin.OUTPUT, Origin.PROMPT, Origin.HISTORY)
FROM_OTHERS = (Origin.OUTPUT, Origin.PROMPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Text that went from one stage into the prompts of another, or its own."""

    source: str
    target: str
    origin: Origin
    tokens: float
    share: float
    """Of the tokens of all prompts of `target`, 0 to 1."""

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.source} -> {self.target}"


def boundaries(flow: TokenFlow) -> tuple[Boundary, ...]:
    """Give every pair of stages that text went between, the most tokens first."""
    tokens: Counter[tuple[str, str, Origin]] = Counter()
    for prompt in flow.prompts:
        for copy in prompt.copies:
            key = (copy.source.stage, prompt.stage, copy.origin)
            tokens[key] += prompt.tokens_in(copy.start, copy.end)  # type: ignore[assignment]
    totals = {stage: tokens_given(flow, stage) for stage in flow.stages}
    found = [
        Boundary(source=s, target=t, origin=o, tokens=n, share=_ratio(n, totals[t]))
        for (s, t, o), n in tokens.items()
    ]
    return tuple(sorted(found, key=lambda b: (-b.tokens, b.name, b.origin)))


def tokens_given(flow: TokenFlow, stage: str) -> float:
    """Add up the text tokens of all prompts of a stage."""
    return math.fsum(prompt.tokens for prompt in flow.of(stage))


def share_copied(flow: TokenFlow, stage: str, *origins: Origin) -> float | None:
    """Give the share of a stage's prompts that is copied; `None`: it was given none."""
    whole = tokens_given(flow, stage)
    part = math.fsum(prompt.copied(*origins) for prompt in flow.of(stage))
    return min(part / whole, 1.0) if whole else None


def redundancy(flow: TokenFlow, stage: str) -> float | None:
    """Give the share of a stage's prompts that other stages wrote or had read."""
    return share_copied(flow, stage, *FROM_OTHERS)


def handed_words(flow: TokenFlow) -> Counter[tuple[str, str]]:
    """Count the words that went from stage to stage as outputs."""
    words: Counter[tuple[str, str]] = Counter()
    for prompt in flow.prompts:
        for copy in prompt.copies:
            if copy.origin in HANDED:
                words[copy.source.stage, prompt.stage] += copy.words
    return words


def reread_factor(flow: TokenFlow) -> float | None:
    """Say how often a word that was handed on is read, on average.

    Words copied from outputs, over the words of all outputs that any stage read: 1 for
    a chain, about k/2 where each of k stages is given all earlier outputs. `None` where
    no output is read.
    """
    words = handed_words(flow)
    read = {source for source, _ in words}
    whole = sum(flow.given.get(source, 0) for source in read)
    return words.total() / whole if whole else None


def lag_profile(flow: TokenFlow) -> dict[int, float]:
    """Give the tokens copied from outputs by how many stages back they come from.

    In a run of one stage by how many calls back. Bounded lags grow linearly with the
    number of stages, whatever an exponent says; lags up to k - 1 are a history.
    """
    profile: Counter[int] = Counter()
    for prompt, copy, lag in _lagged(flow):
        profile[lag] += prompt.tokens_in(copy.start, copy.end)  # type: ignore[assignment]
    return {lag: float(profile[lag]) for lag in sorted(profile)}


def _lagged(flow: TokenFlow) -> list[tuple[Prompt, Copy, int]]:
    alone = len(flow.stages) == 1
    place: Mapping[str | None, int] = (
        {prompt.call: number for number, prompt in enumerate(flow.prompts)}
        if alone
        else {stage: number for number, stage in enumerate(flow.stages)}
    )
    wanted = (Origin.OUTPUT, Origin.HISTORY) if alone else HANDED
    found = []
    for prompt in flow.prompts:
        here = place[prompt.call if alone else prompt.stage]
        for copy in prompt.copies:
            back = place.get(copy.source.call if alone else copy.source.stage)
            if copy.origin in wanted and back is not None and not copy.source.prompt:
                found.append((prompt, copy, abs(here - back)))
    return found


def far_share(flow: TokenFlow) -> float | None:
    """Give the share of handed-on tokens that skip at least one stage."""
    profile = lag_profile(flow)
    whole = math.fsum(profile.values())
    far = math.fsum(tokens for lag, tokens in profile.items() if lag > 1)
    return far / whole if whole else None


def single_trace_exponent(flow: TokenFlow) -> float | None:
    """Give m1 = ln(W / mean output) / ln k of one run; descriptive, never a gate.

    W are the words copied from outputs, k the stages with model calls; see
    `af.single_trace_exponent`. `None` for one stage.
    """
    k = len(flow.stages)
    outputs = [flow.given.get(stage, 0) for stage in flow.stages]
    if k < 2:
        return None
    return af.single_trace_exponent(handed_words(flow).total(), sum(outputs) / k, k)


def fan_in(flow: TokenFlow) -> dict[str, int]:
    """Count the stages whose outputs each stage reads."""
    counts = Counter(target for _, target in handed_words(flow))
    return {stage: counts[stage] for stage in flow.stages}


def fan_out(flow: TokenFlow) -> dict[str, int]:
    """Count the stages that read each stage's output."""
    counts = Counter(source for source, _ in handed_words(flow))
    return {stage: counts[stage] for stage in flow.stages}


def _ratio(part: float, whole: float) -> float:
    return min(part / whole, 1.0) if whole else 0.0
