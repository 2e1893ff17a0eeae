"""Does the context of a stage's calls grow inside one run: no other run is needed."""

from __future__ import annotations

from pytest_agentflow.decomposition.bound import VERDICTS
from pytest_agentflow.decomposition.growth_blame import FIXES, held_answers
from pytest_agentflow.decomposition.growth_outcome import QuantityGrowth
from pytest_agentflow.decomposition.growth_telling import share
from pytest_agentflow.decomposition.growth_values import (
    Unmeasured,
    prompted,
    read_tokens,
)
from pytest_agentflow.model.call import Call
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.context_growth import context_growth
from pytest_agentflow.statistics.growth import Growth
from pytest_agentflow.statistics.outcome import Decision

_FEWEST = 2


def context_growth_within(
    run: Run,
    *,
    stage: str | None = None,
    materiality: float = 0.10,
    alpha: float = 0.05,
) -> tuple[QuantityGrowth, ...]:
    """Judge, stage by stage, whether prompts grow from call to call of one run.

    The tokens of each prompt are regressed on the number of the call in its stage
    (`statistics.context_growth`); with several stages, `alpha` is shared out among
    them (Bonferroni). PASS needs 6 calls. A single call cannot grow, and is left out.

    Args:
        run: the run.
        stage: only this one; raises `UnknownStage` where there is none.
        materiality: share of the last prompt that may be growth.
        alpha: chance that any stage fails wrongly.
    """
    if stage is not None:
        run.stage(stage)
    calls: dict[str, list[Call]] = {}
    for call in prompted(run, stage):
        calls.setdefault(call.stage, []).append(call)
    several = {name: found for name, found in calls.items() if len(found) >= _FEWEST}
    return tuple(
        _judge(run, name, found, materiality, alpha / len(several))
        for name, found in several.items()
    )


def _judge(
    run: Run, stage: str, calls: list[Call], materiality: float, alpha: float
) -> QuantityGrowth:
    try:
        prompts = [read_tokens(run, call) for call in calls]
    except Unmeasured as error:
        return _made(stage, error.verdict, str(error))
    growth = context_growth(prompts, materiality=materiality, alpha=alpha)
    verdict = VERDICTS[growth.decision]
    failed = growth.decision is Decision.FAIL
    held = held_answers([run], stage, run.size) if failed else ""
    return QuantityGrowth(
        quantity="context_per_call",
        declared="1",
        verdict=verdict,
        measured=_sentence(stage, prompts, growth),
        blamed=held,
        unit="tokens a call",
        mode="sample",
        mode_reason="the calls of one run",
        growth=growth,
        stage=stage,
        cause="context" if failed else "",
        fix=FIXES["context"].format(stage=stage) if failed else "",
        points=tuple((float(n + 1), float(p)) for n, p in enumerate(prompts)),
    )


def _made(stage: str, verdict: Verdict, sentence: str) -> QuantityGrowth:
    return QuantityGrowth(
        quantity="context_per_call",
        declared="1",
        verdict=verdict,
        measured=sentence,
        stage=stage,
    )


def _sentence(stage: str, prompts: list[int], growth: Growth) -> str:
    outcome = growth.outcome
    ends = f"{prompts[0]:,} tokens in the first, {prompts[-1]:,} in the last"
    counted = f"{len(prompts)} calls of {stage}: {ends}"
    if outcome.estimate is None:
        return f"{outcome.reason} ({counted})"
    bound = f"at most {_most(outcome.upper)}"
    if outcome.decision is Decision.FAIL:
        bound = f"at least {share(outcome.lower)}"
    told = f"{counted}; growth makes {bound} of the last, allowed {outcome.limit:.0%}"
    open_ = outcome.decision is Decision.INCONCLUSIVE
    return f"{outcome.reason}; {told}" if open_ else told


def _most(upper: float | None) -> str:
    return share(None if upper is None else max(upper, 0.0))
