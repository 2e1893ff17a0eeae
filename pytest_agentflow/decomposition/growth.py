"""Does a workflow grow with the size of its input as declared: over runs of n."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_agentflow.checking.require import current_settings
from pytest_agentflow.decomposition.bound import (
    VERDICTS,
    Bound,
    Decomposition,
    fold_gate,
)
from pytest_agentflow.decomposition.growth_blame import NOBODY, blame_growth
from pytest_agentflow.decomposition.growth_claim import (
    GrowthClaim,
    growth_claim,
    takes_claim,
)
from pytest_agentflow.decomposition.growth_mode import choose_mode
from pytest_agentflow.decomposition.growth_outcome import (
    GrowthFailure,
    GrowthOutcome,
    QuantityGrowth,
)
from pytest_agentflow.decomposition.growth_replay import judge_replays
from pytest_agentflow.decomposition.growth_telling import (
    growth_exhibits,
    growth_sentence,
    projections_text,
)
from pytest_agentflow.decomposition.growth_values import (
    ByStage,
    Measured,
    Unmeasured,
    measure,
)
from pytest_agentflow.decomposition.pairs import begin_anew
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.growth import growth_excess
from pytest_agentflow.statistics.outcome import Decision


@takes_claim(growth_claim)
def require_growth(runs: Sequence[Run], claim: GrowthClaim) -> GrowthOutcome:
    """Require that a workflow grows no faster with its input than declared.

    Each quantity is given a class in n, the `size` of the runs: ``"1"``, ``"log n"``,
    ``"n"``, ``"n log n"``, ``"n^2"``, ``"2^n"``. It is tested whether a term of the
    next class up makes more than `materiality` of the fitted value at the largest size
    (`statistics.growth.growth_excess`). PASS needs 5 sizes that span 16 times (in 2^n
    where that is declared), and 3 cases of each size unless the quantity is compared
    exactly.

    Args:
        runs: of one workflow at several sizes. Trials of one case are averaged.
        claim: what is declared, given by the arguments of `growth_claim`.

    Raises:
        GrowthFailure: on FAIL, INCONCLUSIVE or ERROR; it names the quantity, the
            stage that brings in most of the excess, and what grows there.
        ValueError: nothing is declared, there is no run, or an argument makes no sense.
    """
    __tracebackhide__ = True
    outcome = measure_growth(runs, claim)
    if (observe := current_settings().observe_gate) is not None:
        observe(_gate(outcome))
    inconclusive = outcome.verdict is Verdict.UNDETERMINED and claim.optional
    if outcome.verdict is not Verdict.PASSED and not inconclusive:
        raise GrowthFailure(outcome)
    return outcome


def measure_growth(runs: Sequence[Run], claim: GrowthClaim) -> GrowthOutcome:
    """Judge what `growth_claim` declared, without raising on what is found.

    Raises:
        ValueError: there is no run, or no run has the stage.
    """
    if not runs:
        message = "there is no run: no recording matched; look at the glob"
        raise ValueError(message)
    if claim.stage is not None:
        _stage_is_there(runs, claim.stage)
    problem = _unfit(runs)
    quantities = tuple(
        _broken(name, claim, problem) if problem else _judge(runs, name, claim)
        for name in claim.declared
    )
    return GrowthOutcome(
        workflow=", ".join(sorted({run.workflow for run in runs})),
        verdict=fold_gate([one.verdict for one in quantities]),
        quantities=quantities,
        runs=len(runs),
        sizes=tuple(sorted({run.size for run in runs if run.size is not None})),
        exhibits=tuple(growth_exhibits(quantities)),
        authored=any(run.authored for run in runs),
        estimated=any(
            call.usage.source == "estimated"
            for run in runs
            for call in run.calls
            if call.usage is not None
        ),
        optional=claim.optional,
    )


def _stage_is_there(runs: Sequence[Run], stage: str) -> None:
    if not any(call.stage == stage for run in runs for call in run.calls):
        runs[0].stage(stage)  # where it is unknown, the message names the nearest one
        message = f"stage {stage} made no call in any of the {len(runs)} runs"
        raise ValueError(message)


def _unfit(runs: Sequence[Run]) -> str:
    """Say why these runs are no set over sizes; empty where they are one."""
    for name in ("workflow", "variant"):
        found = {getattr(run, name) for run in runs}
        if len(found) > 1:
            listed = ", ".join(sorted(map(str, found)))
            return f"the runs are of several {name}s: {listed}; judge one at a time"
    unsized = [run.id for run in runs if not run.size or run.size < 1]
    if unsized:
        return (
            f"{len(unsized)} of {len(runs)} runs have no size ({unsized[0]}): give the "
            "test that records them @pytest.mark.agentflow(size=8), the number of items"
        )
    twice = [name for name, many in Counter(run.id for run in runs).items() if many > 1]
    if twice:
        return f"{twice[0]} stands in the set more than once"
    trials = Counter((run.case, run.size) for run in runs)
    if len({run.trial is None for run in runs}) > 1 or (
        runs[0].trial is not None and len(set(trials.values())) > 1
    ):
        case, size = trials.most_common(1)[0][0]
        return (
            f"trials are mixed: {case} at size {size} has {trials[case, size]}, others "
            f"have {min(trials.values())}; record as many of each case and size"
        )
    return ""


def _selected(runs: Sequence[Run]) -> str:
    """Say which runs were chosen among several takes; empty where none was."""
    chosen = [run.id for run in runs if run.recorded.all_takes.discarded]
    if not chosen:
        return ""
    more = f" and {len(chosen) - 1} more" if len(chosen) > 1 else ""
    return (
        f"a selected take is no sample: takes were discarded before {chosen[0]}{more}. "
        f"{begin_anew(runs)}, or write discarded_takes='allow'"
    )


def _broken(name: str, claim: GrowthClaim, problem: str) -> QuantityGrowth:
    return QuantityGrowth(
        quantity=name,
        declared=claim.declared[name],
        verdict=Verdict.ERROR,
        measured=problem,
    )


def _judge(runs: Sequence[Run], name: str, claim: GrowthClaim) -> QuantityGrowth:
    try:
        measured = measure(runs, name, model=claim.model, stage=claim.stage)
    except Unmeasured as error:
        return replace(_broken(name, claim, str(error)), verdict=error.verdict)
    firsts, whole = _clustered(runs, measured)
    exact, reason = choose_mode(claim.mode, name, runs, measured.totals)
    if not exact and claim.discarded_takes == "refuse" and (text := _selected(runs)):
        return _broken(name, claim, text)
    growth = growth_excess(
        [float(run.size or 1) for run in firsts],
        whole.totals,
        declared=claim.declared[name],
        materiality=claim.materiality,
        alpha=claim.alpha,
        batch=claim.batch,
        exact=exact,
    )
    projections = tuple(growth.project(n, alpha=claim.alpha) for n in claim.at)
    told = growth_sentence(growth, exact=exact)
    failed = growth.decision is Decision.FAIL
    blamed = blame_growth(name, firsts, whole, growth) if failed else NOBODY
    found = QuantityGrowth(
        quantity=name,
        declared=claim.declared[name],
        verdict=VERDICTS[growth.decision],
        measured=told + (" (estimated usage)" if measured.estimated else ""),
        blamed=blamed.sentence,
        projected=projections_text(projections, measured.unit),
        unit=measured.unit,
        mode="exact" if exact else "sample",
        mode_reason=f"{reason}; {measured.told}" if measured.told else reason,
        growth=growth,
        stage=blamed.stage,
        cause=blamed.cause,
        fix=blamed.fix,
        projections=projections,
        points=_points(firsts, whole.totals),
    )
    return judge_replays(found, runs, measured, claim)


def _clustered(runs: Sequence[Run], measured: Measured) -> tuple[list[Run], Measured]:
    """Average the trials of a case: they are no further cases."""
    groups: dict[tuple[str, int | None], list[int]] = {}
    for place, run in enumerate(runs):
        groups.setdefault((run.case, run.size), []).append(place)
    values = tuple(
        _mean([measured.values[place] for place in places])
        for places in groups.values()
    )
    firsts = [runs[places[0]] for places in groups.values()]
    return firsts, replace(measured, values=values)


def _mean(found: Sequence[ByStage]) -> Mapping[str, float]:
    stages = dict.fromkeys(stage for one in found for stage in one)
    return {s: sum(one.get(s, 0.0) for one in found) / len(found) for s in stages}


def _points(
    runs: Sequence[Run], values: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    by_size: dict[int, list[float]] = {}
    for run, value in zip(runs, values, strict=True):
        by_size.setdefault(run.size or 1, []).append(value)
    return tuple((float(n), sum(v) / len(v)) for n, v in sorted(by_size.items()))


def _gate(outcome: GrowthOutcome) -> Decomposition:
    """Put it as the report shows every judgement of a set of runs."""
    return Decomposition(
        workflow=outcome.workflow,
        baseline="its declared growth",
        verdict=outcome.verdict,
        bounds=tuple(
            Bound(
                name=f"{one.quantity} O({one.declared})",
                verdict=one.verdict,
                sentence=one.sentence,
                stage=one.stage,
            )
            for one in outcome.quantities
        ),
        exhibits=outcome.exhibits,
        authored=outcome.authored,
        estimated=outcome.estimated,
        optional=outcome.optional,
    )
