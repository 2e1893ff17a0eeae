"""Holds one figure of the split, case by case, to a share of the single model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from pytest_agentflow.decomposition.bound import MINIMUM, VERDICTS, Bound, Terms, error
from pytest_agentflow.decomposition.ledger import NotComparable, tokens_of
from pytest_agentflow.decomposition.pairs import Pair, independent, side_means
from pytest_agentflow.decomposition.wording import (
    Ratio,
    guarded_sentence,
    over,
    ratio_sentence,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.outcome import Outcome
from pytest_agentflow.statistics.ratchet import fixed_ratio
from pytest_agentflow.statistics.ratio import cost_ratio_gate

HALF = Decimal("0.5")
"""A stage with more than this share of the tokens is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    """One figure of a run, and the words for its ratio."""

    name: str
    of: Callable[[Run], Decimal]
    words: Ratio


def recorded_seconds(run: Run) -> Decimal:
    """Give how long a run took when it was recorded; raises `NotComparable`.

    A recording that broke off and was resumed did not take the time of any run.
    """
    if run.recorded.parts:
        message = f"{run.id} was recorded in parts: its times are those of no run"
        raise NotComparable(message)
    took = run.recorded.elapsed
    if took is None:
        message = f"{run.id} holds no times; record it again"
        raise NotComparable(message)
    return Decimal(str(took)) / 1000


def computed_seconds(run: Run) -> Decimal:
    """Give how long a run takes as its replay computed; raises `NotComparable`."""
    if run.computed is None or run.computed.undetermined:
        why = run.computed.undetermined[0] if run.computed else "it was not replayed"
        message = f"{run.id}: {why}"
        raise NotComparable(message)
    return Decimal(str(run.computed.span)) / 1000


def _tokens(run: Run) -> Decimal:
    return Decimal(tokens_of(run))


_RECORDED = _Figure(
    name="latency",
    of=recorded_seconds,
    words=Ratio(noun="time"),
)
_COMPUTED = replace(_RECORDED, of=computed_seconds)
_TOKENS = _Figure(
    name="tokens",
    of=_tokens,
    words=Ratio(noun="tokens", times=True),
)


def compare_ratio(
    pairs: Sequence[Pair],
    split: Sequence[Decimal],
    single: Sequence[Decimal],
    limit: Decimal,
    terms: Terms,
) -> Outcome:
    """Compare one figure for each case: exactly, or as a sample of clusters."""
    if not terms.sampled:
        return fixed_ratio(split, single, limit=limit)
    return cost_ratio_gate(
        independent(pairs, split),
        independent(pairs, single),
        limit=float(limit),
        alpha=terms.alpha,
        minimum=MINIMUM,
    )


def judge_latency(pairs: Sequence[Pair], limit: Decimal, terms: Terms) -> Bound:
    """Hold the time of the split's runs to a share of the single model's."""
    # Computed times hold no work of the program itself: they are held against such.
    everything = [run for pair in pairs for run in pair.runs]
    is_computed = all(run.computed is not None for run in everything)
    figure = _COMPUTED if is_computed else _RECORDED
    bound = _judge(pairs, figure, limit, terms)
    return (
        _with_stage(pairs, bound, figure) if bound.verdict is Verdict.FAILED else bound
    )


def judge_tokens(pairs: Sequence[Pair], limit: Decimal, terms: Terms) -> Bound:
    """Hold the tokens of the split's runs to a multiple of the single model's."""
    bound = _judge(pairs, _TOKENS, limit, terms)
    if bound.verdict is not Verdict.FAILED:
        return bound
    sums = _by_stage(pairs, _stage_tokens)
    stage = max(sums, key=lambda name: sums[name])
    share = sums[stage] / sum(sums.values())
    sentence = f"{bound.sentence}. Most of the split's are {stage}'s: {share:.0%}"
    return replace(bound, sentence=sentence, stage=stage if share > HALF else None)


def _judge(
    pairs: Sequence[Pair], figure: _Figure, limit: Decimal, terms: Terms
) -> Bound:
    name, words = figure.name, figure.words
    try:
        split, single = side_means(pairs, figure.of)
    except NotComparable as problem:
        return error(name, str(problem))
    if not sum(single):
        return error(name, f"the baseline has no {words.noun}: there is no ratio")
    found = compare_ratio(pairs, split, single, limit, terms)
    return Bound(
        name=name,
        verdict=VERDICTS[found.decision],
        sentence=ratio_sentence(found, words, terms)
        if terms.sampled
        else _fixed(found, words, terms),
        outcome=found,
        guarded=guarded_sentence(found, words, terms),
    )


def _fixed(found: Outcome, words: Ratio, terms: Terms) -> str:
    ratio = words.is_text(found.estimate or 0.0, found.limit)
    return (
        f"the split's {words.noun} {ratio} the single model's "
        f"{over(found.n, terms)}; allowed {words.limit(found.limit)}"
    )


def _with_stage(pairs: Sequence[Pair], bound: Bound, figure: _Figure) -> Bound:
    """Tell which stage takes longest; name it where it alone takes too long."""
    by_stage = _computed_stages if figure is _COMPUTED else _recorded_stages
    sums = _by_stage(pairs, by_stage)
    if not sums or bound.outcome is None:
        return bound
    whole, single = (sum(side) for side in side_means(pairs, figure.of))
    stage = max(sums, key=lambda name: sums[name])
    allowed = Decimal(str(bound.outcome.limit)) * single
    alone = sums[stage] > allowed
    told = "alone takes longer than is allowed" if alone else "takes longest"
    sentence = (
        f"{bound.sentence}. {stage} {told}: {sums[stage] / len(pairs):.2f} s a case "
        f"of {whole / len(pairs):.2f} s, against {single / len(pairs):.2f} s of the "
        "single model"
    )
    return replace(bound, sentence=sentence, stage=stage if alone else None)


def _by_stage(
    pairs: Sequence[Pair], figures: Callable[[Run], Mapping[str, Decimal]]
) -> dict[str, Decimal]:
    """Add up a figure of the split's stages, each case as the mean of its trials."""
    sums: dict[str, Decimal] = {}
    for pair in pairs:
        for run in pair.split:
            for stage, amount in figures(run).items():
                sums[stage] = sums.get(stage, Decimal(0)) + amount / len(pair.split)
    return sums


def _recorded_stages(run: Run) -> Mapping[str, Decimal]:
    return {
        stage: Decimal(str(end - start)) / 1000
        for stage, (start, end) in run.recorded.stages.items()
    }


def _computed_stages(run: Run) -> Mapping[str, Decimal]:
    if run.computed is None:
        return {}
    spans = ((s.name, run.computed.span_of(c.id for c in s.calls)) for s in run.stages)
    return {name: Decimal(str(s)) / 1000 for name, s in spans if s is not None}


def _stage_tokens(run: Run) -> Mapping[str, Decimal]:
    stages = dict.fromkeys(call.stage for call in run.calls)
    return {
        name: Decimal(tokens_of(run, [c for c in run.calls if c.stage == name]))
        for name in stages
    }
