"""Does one replay take longer than the recorded runs of all sizes lead to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_agentflow.decomposition.growth_blame import FIXES
from pytest_agentflow.decomposition.growth_claim import GrowthClaim
from pytest_agentflow.decomposition.growth_outcome import QuantityGrowth
from pytest_agentflow.decomposition.growth_telling import amount, share
from pytest_agentflow.decomposition.growth_values import ByStage, Measured
from pytest_agentflow.model.computed import most_at_once
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.growth import Growth, growth_excess
from pytest_agentflow.statistics.least_squares import weighted_fit
from pytest_agentflow.statistics.outcome import Decision

_TOLD = 0.05
"""A smaller share of the time is none that its code makes."""


def judge_replays(
    found: QuantityGrowth, runs: Sequence[Run], measured: Measured, claim: GrowthClaim
) -> QuantityGrowth:
    """Hold computed spans against the curve of the recorded ones.

    One replay among recordings of all sizes is an outlier: it scatters the values until
    nothing can be said of their growth. So the declared class is fitted to the
    others, and a span fails that lies beyond its prediction interval by more than the
    materiality. One that takes no longer than it was recorded does not: the case is
    slow, and not the code.

    Args:
        found: of the whole set; comes back as it is where no replay lies beyond.
        runs: with and without `Run.computed`.
        measured: their spans.
        claim: what is declared of them.
    """
    new = [place for place, run in enumerate(runs) if run.computed is not None]
    old = [place for place in range(len(runs)) if place not in new]
    if not new or not old:
        return found
    curve = growth_excess(
        [float(runs[place].size or 1) for place in old],
        [measured.totals[place] for place in old],
        declared=claim.declared[found.quantity],
        materiality=claim.materiality,
        alpha=claim.alpha,
        batch=claim.batch,
    )
    if curve.decision is Decision.FAIL:
        return found
    beyond = {
        place: lower
        for place in new
        if _is_slower(runs[place])
        and (lower := _beyond(curve, runs[place], measured.totals[place], claim, new))
        is not None
    }
    worst = max(beyond, key=beyond.__getitem__, default=None)
    if worst is None or beyond[worst] <= claim.materiality:
        return found
    recorded = replace(measured, values=tuple(measured.values[place] for place in old))
    stages = [runs[place] for place in old], recorded, curve
    return _failed(found, runs[worst], measured.values[worst], beyond[worst], stages)


def _beyond(
    curve: Growth, run: Run, seconds: float, claim: GrowthClaim, new: Sequence[int]
) -> float | None:
    return curve.beyond(float(run.size or 1), seconds, alpha=claim.alpha / len(new))


def _is_slower(run: Run) -> bool:
    """Whether a replay takes longer than the calls took when they were recorded."""
    times = [t for t in run.recorded.calls.values() if t.end is not None]
    if run.computed is None or not times:
        return False
    begun, ended = min(t.start for t in times), max(t.end or 0.0 for t in times)
    return run.computed.span > (ended - begun) * (1 + _TOLD)


def _failed(
    found: QuantityGrowth,
    run: Run,
    values: ByStage,
    lower: float,
    recorded: tuple[list[Run], Measured, Growth],
) -> QuantityGrowth:
    runs, _, curve = recorded
    expected = {stage: _expected(stage, run, recorded) for stage in values}
    stage = max(values, key=lambda name: values[name] - expected[name])
    takes, whole = sum(values.values()), max(sum(expected.values()), 0.0)
    told = (
        f"this replay of {run.id} takes {amount(takes, 's')}, where the {len(runs)} "
        f"recorded runs say {amount(whole, 's')} as O({curve.declared}): at least "
        f"{share(lower)} of it lies beyond, allowed {curve.outcome.limit:.0%}"
    )
    return replace(
        found,
        verdict=Verdict.FAILED,
        mode="sample",
        mode_reason=f"held to the recorded runs; {recorded[1].told}",
        projected="",
        projections=(),
        measured=told,
        blamed=_blamed(run, stage, values[stage], max(expected[stage], 0.0)),
        stage=stage if any(call.stage == stage for call in run.calls) else None,
        cause="order",
        fix=FIXES["order"].format(stage=stage),
    )


def _expected(
    stage: str, run: Run, recorded: tuple[list[Run], Measured, Growth]
) -> float:
    """Fit a stage as the whole was, so that the stages add up to it."""
    runs, measured, curve = recorded
    rows = [curve.row(float(one.size or 1), excess=False) for one in runs]
    own = [values.get(stage, 0.0) for values in measured.values]
    fit = weighted_fit(rows, own, [max(total, 1e-9) for total in measured.totals])
    at = curve.row(float(run.size or 1), excess=False)
    return 0.0 if fit is None else fit.at(at)


def _blamed(run: Run, stage: str, seconds: float, expected: float) -> str:
    told = f"{stage} takes {amount(seconds, 's')}, not {amount(expected, 's')}"
    ids = [call.id for call in run.calls if call.stage == stage]
    if run.computed is None or len(ids) < 2:
        return told
    now = run.computed.at_once(ids)
    before = most_at_once(
        (timing.start, timing.end)
        for one in ids
        if (timing := run.recorded.calls.get(one)) is not None
        and timing.end is not None
    )
    at_a_time = "one after the other" if now == 1 else f"{now} at a time at most"
    return f"{told}: its {len(ids)} calls {at_a_time}, recorded {before} at a time"
