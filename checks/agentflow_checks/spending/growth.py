"""The check `growth`: quantities grow with the size of the input as declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest_agentflow as af

_TITLES = {
    "calls": "Model calls grow as declared",
    "prompt_tokens": "Tokens that models read grow as declared",
    "output_tokens": "Tokens that models write grow as declared",
    "total_tokens": "Tokens grow as declared",
    "context_per_call": "The context of a call grows as declared",
    "cost": "The cost grows as declared",
    "span": "The longest chain of calls grows as declared",
}
_WHY = (
    "What grows faster than the input is what a workflow costs on the first large one."
)


def _validate(runs: str | None = None, **declared: Any) -> None:
    claim = af.growth_claim(**declared)
    if runs is None and claim.declared != {"context_per_call": "1"}:
        message = (
            "growth over sizes needs runs of several: give a glob, as in "
            'runs="build_pages/*"; inside one run, context_per_call="1" alone is judged'
        )
        raise ValueError(message)


@af.check("growth", validate=_validate)
def growth(
    run: af.Run,
    runs: str | None = None,
    *,
    calls: str | None = None,
    prompt_tokens: str | None = None,
    output_tokens: str | None = None,
    total_tokens: str | None = None,
    context_per_call: str | None = None,
    cost: str | None = None,
    span: str | None = None,
    cost_model: af.CostModel | str | None = None,
    batch: int = 1,
    mode: str = "auto",
    at: Sequence[float] = (),
    stage: str | None = None,
    materiality: float = 0.10,
    alpha: float = 0.05,
    discarded_takes: str = "refuse",
) -> Iterator[object]:
    """What a workflow uses grows no faster with the size of its input than declared.

    Classes are those of n, the size of the runs: "1", "log n", "n", "n log n", "n^2",
    "2^n". A term of the next class up may make at most `materiality` of the value at
    the largest size. INCONCLUSIVE fails; a pass needs 5 sizes that span 16 times.

    Args:
        run: the run; it stands in for its own recording.
        runs: glob of recordings of this workflow at several sizes, below the
            recordings folder: ``build_pages/*``. Without it, context_per_call="1" is
            judged over the calls of this run.
        calls: class of the number of model calls.
        prompt_tokens: of all tokens that models read.
        output_tokens: of all tokens that models write.
        total_tokens: of both.
        context_per_call: of the mean prompt of a stage's calls.
        cost: of what the run costs.
        span: of the longest chain of calls that waited for each other, in s.
        cost_model: "priced" (default), "aalp", or a value such as af.gpu_hour(...).
        batch: items of the input that one call handles.
        mode: "auto", "exact" or "sample".
        at: sizes to project to.
        stage: judge this stage only.
        materiality: share at the largest size that may lie beyond the class.
        alpha: chance of a wrong FAIL, and of a wrong PASS, for each quantity.
        discarded_takes: "refuse" a sample of runs that were kept after other takes had
            been discarded, or "allow" it.
    """
    if runs is None:
        within = af.context_growth_within(
            run, stage=stage, materiality=materiality, alpha=alpha
        )
        yield from _inside(within)
        return
    claim = af.growth_claim(
        calls=calls,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        total_tokens=total_tokens,
        context_per_call=context_per_call,
        cost=cost,
        span=span,
        cost_model=cost_model,
        batch=batch,
        mode=mode,
        at=at,
        stage=stage,
        materiality=materiality,
        alpha=alpha,
        discarded_takes=discarded_takes,
    )
    outcome = af.measure_growth(_set_of(run, runs), claim)
    for one in outcome.quantities:
        rule = f"growth.{one.quantity}"
        yield af.Rule(id=rule, title=_TITLES[one.quantity], gate=True)
        yield _judged(one, rule)
    yield from outcome.exhibits


def _set_of(run: af.Run, pattern: str) -> list[af.Run]:
    """Give the recorded runs that match, this run in place of its own recording."""
    if run.folder is None:
        message = (
            "the run was not loaded from a recordings folder, so that the runs of "
            "other sizes are not known"
        )
        raise af.CheckError(message)
    found = [
        af.load(path, folder=run.folder)
        for path in af.find_recordings(run.folder, pattern)
    ]
    others = [one for one in found if one.id != run.id]
    strange = sorted({one.workflow for one in others} - {run.workflow})
    if strange:
        message = (
            f"{pattern!r} matches runs of {', '.join(strange)}, but the run is one of "
            f"{run.workflow}: name its own, as in runs={run.workflow + '/*'!r}"
        )
        raise af.CheckError(message)
    return [*others, run]


def _judged(
    one: af.QuantityGrowth, rule: str, subject: str | None = None
) -> af.Examined | af.Finding:
    if one.verdict is af.Verdict.PASSED:
        return af.Examined(rule=rule, place=af.Place(stage=one.stage))
    failed = one.verdict is af.Verdict.FAILED
    return af.Finding(
        rule=rule,
        verdict=one.verdict,
        message=_message(one),
        place=af.Place(stage=one.stage),
        subject=subject or one.quantity,
        expected=f"O({one.declared})",
        observed=f"{one.measured} ({one.how})" if one.how else None,
        introduced_by=one.stage if failed else None,
        why=_WHY if failed else "",
        fix=one.fix,
        evidence=f"{one.quantity} {one.declared} {one.verdict} {one.cause}",
    )


def _message(one: af.QuantityGrowth) -> str:
    if one.verdict is af.Verdict.ERROR:
        return f"{one.quantity} cannot be judged: {one.measured}"
    if one.verdict is af.Verdict.UNDETERMINED and not one.how:
        return f"{one.quantity} is not known: {one.measured}"
    if one.verdict is af.Verdict.UNDETERMINED:
        return f"{one.quantity}: whether faster than O({one.declared}) is undecided"
    more = ". ".join(filter(None, (one.blamed, one.projected)))
    return f"{one.quantity}: faster than O({one.declared}). {more}".rstrip(". ")


def _inside(found: Sequence[af.QuantityGrowth]) -> Iterator[object]:
    rule = "growth.context_per_call"
    title = "The context does not grow from call to call"
    yield af.Rule(id=rule, title=title, gate=True)
    if not found:
        yield af.Note(text="no stage asks a model more than once: nothing can grow")
    for one in found:
        yield _judged(one, rule, subject=one.stage)
        if len(one.points) > 1:
            yield af.Line(
                title=f"Prompts of {one.stage}, call by call",
                x_label="call",
                y_label="tokens",
                points=one.points,
            )
