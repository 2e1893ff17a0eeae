"""Whether hand-offs grow with the stages, or with the pairs of stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest_agentflow as af
from agentflow_checks.flow.shape import boundaries
from agentflow_checks.flow.token_flow import Origin, TokenFlow, token_flow
from agentflow_checks.spending.amounts import marked

RULE = "coordination.pairwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run as a point: so many stages, so many tokens handed on."""

    run: str
    stages: int
    tokens: float


def samples(run: af.Run, pattern: str) -> tuple[Sample, ...]:
    """Measure `run` and all recordings that `pattern` names, single stages left out."""
    beside = af.runs_beside(run, pattern)
    others = [other for other in beside if other.id != run.id]
    if not others:
        message = f"runs={pattern!r} matches no other recording than this one"
        raise af.CheckError(message)
    measured = (_sample(each) for each in (run, *others))
    return tuple(sample for sample in measured if sample.stages > 1)


def _sample(run: af.Run) -> Sample:
    flow = token_flow(run)
    tokens = sum(prompt.copied(Origin.OUTPUT) for prompt in flow.prompts)
    return Sample(run=run.id, stages=len(flow.stages), tokens=tokens)


def judge_pairwise(
    flow: TokenFlow, found: tuple[Sample, ...], most: float
) -> Iterator[object]:
    """Hold the pairs' share of the hand-offs against its limit, over several k.

    The share is that of the second term of W = a (k - 1) + b (k - 1)(k - 2)/2 at the
    largest k. Where these numbers of stages do not tell the exponent of the growth, as
    `af.overhead_exponent` judges it, neither do they tell this share.
    """
    title = "Hand-offs grow with the stages, not with their pairs"
    yield af.Rule(id=RULE, title=title, gate=True)
    if len(found) < 2:
        message = "fewer than two of the runs have several stages: nothing can grow"
        raise af.CheckError(message)
    ks, tokens = [s.stages for s in found], [s.tokens for s in found]
    outcome = af.pairwise_share(ks, tokens, materiality=most).outcome
    yield _line(found)
    told = _told(ks, af.overhead_exponent(ks, tokens), marked(flow.estimated))
    if outcome.decision == "PASS":
        yield af.Examined(rule=RULE)
        yield af.Note(text=f"hand-offs grow with the stages: {told}")
        return
    failed = outcome.decision == "FAIL"
    worst = _farthest(flow)
    yield af.Finding(
        rule=RULE,
        verdict=af.Verdict.FAILED if failed else af.Verdict.UNDETERMINED,
        message=(
            f"at {max(ks)} stages {outcome.estimate or 0:.0%} of what is handed on "
            f"(at least {outcome.lower or 0:.0%}) grows with the pairs of stages; "
            f"{most:.0%} is allowed. {_named(worst)}{told}"
            if failed
            else "INCONCLUSIVE: whether hand-offs grow with the pairs of stages is not "
            f"told by {told}: {outcome.reason}"
        ),
        observed=None if outcome.estimate is None else f"{outcome.estimate:.0%}",
        expected=f"at most {most:.0%}",
        introduced_by=worst[1] if worst and failed else None,
        evidence=f"pairwise {outcome.decision}",
        subject="the runs",
        why="What grows with the pairs is quadratic: it overtakes any saving.",
        fix="Hand each stage what the one before it made, not all that went before."
        if failed
        else "Record the same cases split into further numbers of stages.",
    )


def _told(ks: Sequence[int], power: af.Exponent, guess: str) -> str:
    """Say what the runs are, and how what they hand on grows, where they tell it."""
    runs = f"{len(ks)} runs of {len(set(ks))} numbers of stages"
    among = f"{runs}, {min(ks)} to {max(ks)}{guess}"
    if power.m is None or power.lower is None or power.upper is None:
        return among
    bounds = f"from {power.lower:.2f} to {power.upper:.2f}"
    return f"{among}; (k - 1)^m with m = {power.m:.2f}, {bounds}"


def _farthest(flow: TokenFlow) -> tuple[str, str] | None:
    """Give the boundary that skips a stage and carries the most tokens."""
    place = {stage: number for number, stage in enumerate(flow.stages)}
    far = [
        (b.tokens, (b.source, b.target))
        for b in boundaries(flow)
        if b.origin is Origin.OUTPUT and place[b.target] - place[b.source] > 1
    ]
    return max(far)[1] if far else None


def _named(boundary: tuple[str, str] | None) -> str:
    if boundary is None:
        return ""
    source, target = boundary
    return f"In this run most of that is what {source} hands on to {target}. "


def _line(found: tuple[Sample, ...]) -> af.Line:
    points = sorted((float(s.stages), round(s.tokens, 1)) for s in found)
    return af.Line(
        title="Tokens handed on, by number of stages",
        x_label="stages",
        y_label="tokens",
        points=tuple(points),
    )
