"""Growth of templates since another recording, and what could not be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pytest_agentflow as af
from agentflow_checks.teamwork.prompt_template import Template


def growth_since(
    run: af.Run, before: af.Run, now: Sequence[Template], then: Sequence[Template]
) -> dict[str, float]:
    """Give the growth of each template that both runs have, 0.1 for 10 %.

    Raises `af.CheckError` where they have none in common: nothing was examined then.
    """
    old = {template.stage: template for template in then}
    grown = {
        t.stage: t.tokens / old[t.stage].tokens - 1
        for t in now
        if t.stage in old and old[t.stage].tokens
    }
    if grown:
        return grown
    if not told_stages(run) & told_stages(before):
        message = (
            f"no stage of {name_of(before)} has the same name: growth was not "
            "examined; name recordings of the same stages in against="
        )
        raise af.CheckError(message)
    message = (
        f"of no stage that {name_of(before)} has, too, the template can be told: "
        "growth was not examined; name recordings of other cases, "
        'others="WORKFLOW/*"'
    )
    raise af.CheckError(message)


def skipped(run: af.Run, before: af.Run, grown: Collection[str]) -> Iterator[af.Note]:
    """Name the stages whose growth could not be examined, where there are any."""
    mine, theirs = told_stages(run) - {*grown}, told_stages(before)
    new = [stage.name for stage in run.stages if stage.name in mine - theirs]
    dark = [stage.name for stage in run.stages if stage.name in mine & theirs]
    if new:
        yield _note(new, f"not in {name_of(before)}")
    if dark:
        yield _note(dark, "what of the prompt is its template cannot be told")


def _note(stages: Sequence[str], why: str) -> af.Note:
    text = f"growth was not examined of {', '.join(stages)}: {why}"
    return af.Note(text=text, warning=True)


def told_stages(run: af.Run) -> set[str]:
    """Name the stages that ask a model."""
    return {s.name for s in run.stages if any(c.is_model_call for c in s.calls)}


def name_of(run: af.Run) -> str:
    """Give the file of a run below its recordings folder, else its id."""
    if run.path is None or run.folder is None or run.folder not in run.path.parents:
        return run.id
    return run.path.relative_to(run.folder).as_posix()
