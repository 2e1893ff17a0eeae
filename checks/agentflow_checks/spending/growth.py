"""The check `growth`: quantities grow with the size of the input as declared."""

from __future__ import annotations

import re
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
_SIZE = re.compile(r"\.n(\d+)(?:\.t\d+)?\.flow\.json$")
_FEWEST = 2
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


@af.check("growth", validate=_validate, timed=("span",))
@af.takes_claim(af.growth_claim, "optional")
def growth(
    run: af.Run, claim: af.GrowthClaim, runs: str | None = None
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
        claim: what is declared, given by the arguments of `af.growth_claim`.
    """
    if runs is None:
        within = af.context_growth_within(
            run, stage=claim.stage, materiality=claim.materiality, alpha=claim.alpha
        )
        yield from _inside(within)
        return
    outcome = af.measure_growth(_set_of(run, runs), claim)
    for one in outcome.quantities:
        rule = f"growth.{one.quantity}"
        yield af.Rule(id=rule, title=_TITLES[one.quantity], gate=True)
        yield _judged(one, rule)
    yield from outcome.exhibits


def _set_of(run: af.Run, pattern: str) -> list[af.Run]:
    """Give the recorded runs that match, this run in place of its own recording."""
    found = af.runs_beside(run, pattern)
    strange = sorted({one.workflow for one in found} - {run.workflow})
    if strange:
        message = (
            f"runs={pattern!r} matches runs of {', '.join(strange)} below "
            f"{run.folder}, but the run is one of {run.workflow}: {_own(run)}"
        )
        raise af.CheckError(message)
    others = [one for one in found if one.id != run.id]
    if len({one.size for one in (*others, run)}) < _FEWEST:
        message = (
            f"runs={pattern!r} matches {len(found)} recordings below {run.folder}, "
            f"none of another size than this run's ({_sized(run.size)}), and growth "
            f"is over sizes: {_own(run)}"
        )
        raise af.CheckError(message)
    return [*others, run]


def _own(run: af.Run) -> str:
    """Say which sizes of this workflow are recorded, and how to name or make them."""
    paths = af.find_recordings(run.folder or ".", f"{run.workflow}/*")
    found = {int(match[1]) for path in paths if (match := _SIZE.search(path.name))}
    if len(found) < _FEWEST:
        return (
            "record it at several sizes, with @pytest.mark.agentflow(size=8) for 8 "
            "items, and `pytest --agentflow=record`"
        )
    sizes = ", ".join(map(str, sorted(found)))
    return f"name those at sizes {sizes}, as in runs={run.workflow + '/*'!r}"


def _sized(size: int | None) -> str:
    return "it has none" if size is None else str(size)


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
        observed=_observed(one) if one.how else None,
        introduced_by=one.stage if failed else None,
        why=_WHY if failed else "",
        fix=" ".join(filter(None, (_copied(one), one.fix))) if failed else one.fix,
        evidence=f"{one.quantity} {one.declared} {one.verdict} {one.cause}",
    )


def _message(one: af.QuantityGrowth) -> str:
    if one.verdict is af.Verdict.ERROR:
        return f"{one.quantity} cannot be judged: {one.measured}"
    if one.verdict is af.Verdict.UNDETERMINED and not one.how:
        return f"{one.quantity} is not known: {one.measured}"
    if one.verdict is af.Verdict.UNDETERMINED:
        return f"{one.quantity}: whether faster than O({one.declared}) is undecided"
    blamed = one.blamed.partition(". ")[0]
    if not blamed.startswith(one.stage or blamed):
        blamed = blamed[:1].lower() + blamed[1:]
    told = f"{one.quantity}: faster than O({one.declared})"
    return f"{told}; {blamed}" if blamed else told


def _copied(one: af.QuantityGrowth) -> str:
    """Give what else is known of the stage that is to blame, for who mends it."""
    more = one.blamed.partition(". ")[2]
    return f"{more.rstrip('.')}." if more else ""


def _observed(one: af.QuantityGrowth) -> str:
    projected = one.projected[:1].lower() + one.projected[1:]
    return f"{'; '.join(filter(None, (one.measured, projected)))} ({one.how})"


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
