"""The stages ran in the order that was declared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest_agentflow as af


def _validate(*, stages: tuple[str, ...] = (), **_: object) -> None:
    if len(stages) < 2:
        message = "name at least two stages: stage_order('artist', 'frontend')"
        raise ValueError(message)
    if len(set(stages)) != len(stages):
        message = "a stage is named twice; a graph visits each stage in one place"
        raise ValueError(message)


@af.check("stage_order", validate=_validate)
def stage_order(run: af.Run, *stages: str) -> Iterator[object]:
    """The stages ran in the declared order, each after the one before it had ended.

    Args:
        run: the run; its stage graph decides, never a clock.
        stages: names in the order in which they must have run. Stages in between that
            are not named do not matter.
    """
    yield af.Rule(id="stage_order", title="Stages run in the declared order")
    names = {stage.name for stage in run.stages}
    for name in stages:
        if name not in names:
            yield _absent(run, name, stages)
    for first, second in pairwise(name for name in stages if name in names):
        yield _judge(run, first, second)


def _judge(run: af.Run, first: str, second: str) -> af.Finding | af.Examined:
    if first in af.ancestors(run, second):
        return af.Examined(rule="stage_order")
    before = second in af.ancestors(run, first)
    observed = "the other way round" if before else "side by side, neither waits"
    return af.Finding(
        rule="stage_order",
        message=f"{second} did not wait for {first}",
        place=af.Place(stage=second),
        expected=f"{first} before {second}",
        observed=observed,
        introduced_by=second,
        evidence=f"{first}>{second}",
        why="A stage that runs early works without what the other would have given it.",
        fix=f"Call {second} after {first} has returned, and hand its output over.",
    )


def _absent(run: af.Run, name: str, stages: tuple[str, ...]) -> af.Finding:
    ran = ", ".join(stage.name for stage in run.stages) or "none"
    return af.Finding(
        rule="stage_order",
        message=f"stage {name} did not run",
        expected=" -> ".join(stages),
        observed=ran,
        evidence=f"absent {name}",
        fix=f"Call {name}, or take it out of stage_order if the workflow dropped it.",
    )
