"""The first screen of a trade-off: pays or not, how much, which stage, how sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_agentflow.decomposition.tradeoff import Tradeoff
from pytest_agentflow.decomposition.tradeoff_answers import (
    listed_or,
    percent,
    points,
)
from pytest_agentflow.decomposition.tradeoff_variants import stages_text
from pytest_agentflow.report import tradeoff_words as words
from pytest_agentflow.report.document import AUTHORED
from pytest_agentflow.report.wording import listed, number
from pytest_agentflow.statistics.outcome import Decision, Outcome


def head_lines(told: Tradeoff, noun: str) -> Iterator[str]:
    """Answer the four questions of whoever decides, under the banner where one is due.

    A fifth line stands there while the best number of stages is open, which it may be
    beside a PASS, and says what would decide it.

    Args:
        told: what was weighed; while it is INCONCLUSIVE, no saving is told.
        noun: what a run makes: ``site``.
    """
    if told.authored:
        yield AUTHORED
    yield f"does it pay?  {told.decision}: {words.headline(told, noun)}"
    yield f"how much?     {words.saving_sentence(told, noun)}"
    yield f"change what?  {change_sentence(told)}"
    yield f"how sure?     {sure_sentence(told)}"
    stages = words.stages_of(told)
    if stages.decision is Decision.INCONCLUSIVE:
        yield f"best k?       {stages.decision}: {stages.sentence}"


def change_sentence(told: Tradeoff) -> str:
    """Name the stage to change first: what broke, what is too much, what is dearest."""
    found = [*_broken(told), *_too_many(told), *_other_models(told), *_dearest(told)]
    return "; ".join(found[:2]) or "nothing was charged"


def _broken(told: Tradeoff) -> Iterator[str]:
    """Name the stage that newly breaks most cases, where quality fails for it."""
    quality = told.quality
    if quality is None or quality.decision is not Decision.FAIL:
        return
    stages = Counter(s for f in told.flips if f.broken for s in f.stages)
    for stage, cases in stages.most_common(1):
        yield f"{stage}: newly breaks {number(cases, 'verdict')}"


def _too_many(told: Tradeoff) -> Iterator[str]:
    if would_do := words.stages_of(told).would_do:
        yield f"{stages_text(told.k)} are too many: {listed_or(would_do)} would do"


def _other_models(told: Tradeoff) -> Iterator[str]:
    for stage in told.models.stages if told.models is not None else ():
        best = next(c for c in stage.choices if c.model == stage.cheapest)
        if not best.in_use:
            yield f"{stage.stage}: {best.model} saves {percent(best.saving)} of a run"


def _dearest(told: Tradeoff) -> Iterator[str]:
    if told.bill is None or not told.bill.levers:
        return
    first = told.bill.levers[0]
    stage = f"{listed(first.stages)}: " if first.stages else ""
    yield f"{stage}{first.name} = {percent(first.share)} of the cost"


def sure_sentence(told: Tradeoff) -> str:
    """Say on how many cases each answer rests, its bound, and what would decide."""
    parts = [f"{told.objective} {_grounds(told.ratio, _ratio_bound(told))}"]
    if told.quality is None:
        parts.append("quality not compared")
    else:
        parts.append(f"quality {_grounds(told.quality, _worst(told.quality))}")
    stages = words.stages_of(told).decision
    parts.append(f"stages {stages} over {number(told.stages.cases, 'case')}")
    return f"{', '.join(parts)}; each bound at {percent(1 - told.alpha)}"


def _grounds(outcome: Outcome, bound: str) -> str:
    told = f"{outcome.decision} over {number(outcome.n, 'case')}"
    if outcome.n_to_decide is not None:
        return f"{told} (about {outcome.n_to_decide} would decide)"
    return told + (f" ({bound})" if bound else "")


def _ratio_bound(told: Tradeoff) -> str:
    """Give the bound of the ratio; none while it would tell an undecided saving."""
    ratio, open_ = told.ratio, told.decision is Decision.INCONCLUSIVE
    if open_ or ratio.decision is not Decision.PASS or ratio.upper is None:
        return ""
    if told.objective == "money" and not told.saves:
        return ""
    return f"at most {percent(ratio.upper)} of the single model's"


def _worst(quality: Outcome) -> str:
    if quality.decision is not Decision.PASS or quality.lower is None:
        return ""
    return f"at worst {points(quality.lower)}, allowed {points(-quality.limit)}"
