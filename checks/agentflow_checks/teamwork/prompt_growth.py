"""Growth of templates since another recording, and what could not be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import pytest_agentflow as af
from agentflow_checks.spending.amounts import marked
from agentflow_checks.teamwork.prompt_template import Template, templates


def run_before(run: af.Run, against: str) -> af.Run:
    """Find the recording of the same case; raises `af.CheckError` without one."""
    beside = af.runs_beside(run, against, "against")
    there = [other for other in beside if other.case == run.case]
    if not there:
        message = f"against={against!r} matches no recording of case {run.case}"
        raise af.CheckError(message)
    return there[0]


def growth_since(
    run: af.Run, before: af.Run, against: str, others: Sequence[af.Run]
) -> dict[str, float]:
    """Give the growth of each template that both runs have, 0.1 for 10 %.

    Both are measured the same way: by comparing cases only where `against` has other
    cases, too. Raises `af.CheckError` where they have no template in common: nothing
    was examined then.
    """
    beside = af.runs_beside(run, against, "against")
    old_others = [other for other in beside if other.case != before.case]
    by_cases = bool(others and old_others)
    now = templates(run, others if by_cases else ())
    then = templates(before, old_others if by_cases else ())
    old = {template.stage: template for template in then}
    grown = {
        t.stage: t.tokens / old[t.stage].tokens - 1
        for t in now
        if t.stage in old and old[t.stage].tokens
    }
    if grown:
        return grown
    if not _told_stages(run) & _told_stages(before):
        message = (
            f"no stage of {_name_of(before)} has the same name: growth was not "
            "examined; name recordings of the same stages in against="
        )
        raise af.CheckError(message)
    message = (
        f"of no stage that {_name_of(before)} has, too, the template can be told: "
        "growth was not examined; name recordings of other cases, "
        'others="WORKFLOW/*"'
    )
    raise af.CheckError(message)


def judge_growth(
    now: Sequence[Template], before: af.Run, grown: Mapping[str, float], most: float
) -> Iterator[object]:
    """Hold the growth of each template against its limit."""
    rule = "prompts.growth"
    yield af.Rule(id=rule, title="Templates grow by no more than is allowed")
    for template in now:
        stage = template.stage
        if stage not in grown:
            continue
        if grown[stage] <= most:
            yield af.Examined(rule=rule, place=af.Place(stage=stage))
            continue
        then = template.tokens / (1 + grown[stage])
        yield af.Finding(
            rule=rule,
            message=f"{stage}'s template grew by {grown[stage]:.0%}, from "
            f"{then:,.0f} to {template.tokens:,.0f} tokens"
            f"{marked(template.estimated)}, since {_name_of(before)}; "
            f"{most:.0%} is allowed",
            place=af.Place(stage=stage),
            observed=f"{grown[stage]:.0%}",
            expected=f"at most {most:.0%}",
            introduced_by=stage,
            evidence=f"{stage} grew",
            subject=stage,
            why="Prompts grow by one sentence at a time, and nobody takes any out.",
            fix="Take out what no check misses, or record main again if it is meant.",
        )


def skipped(run: af.Run, before: af.Run, grown: Collection[str]) -> Iterator[af.Note]:
    """Name the stages whose growth could not be examined, where there are any."""
    mine, theirs = _told_stages(run) - {*grown}, _told_stages(before)
    new = [stage.name for stage in run.stages if stage.name in mine - theirs]
    dark = [stage.name for stage in run.stages if stage.name in mine & theirs]
    if new:
        yield _note(new, f"not in {_name_of(before)}")
    if dark:
        yield _note(dark, "what of the prompt is its template cannot be told")


def _note(stages: Sequence[str], why: str) -> af.Note:
    text = f"growth was not examined of {', '.join(stages)}: {why}"
    return af.Note(text=text, warning=True)


def _told_stages(run: af.Run) -> set[str]:
    """Name the stages that ask a model."""
    return {s.name for s in run.stages if any(c.is_model_call for c in s.calls)}


def _name_of(run: af.Run) -> str:
    """Give the file of a run below its recordings folder, else its id."""
    if run.path is None or run.folder is None or run.folder not in run.path.parents:
        return run.id
    return run.path.relative_to(run.folder).as_posix()
