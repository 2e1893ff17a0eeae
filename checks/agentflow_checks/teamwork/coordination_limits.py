"""The single limits of coordination: copies, rework and needless waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pytest_agentflow as af
from agentflow_checks.flow.repeats import repeats as repeats_of
from agentflow_checks.flow.shape import (
    FROM_OTHERS,
    boundaries,
    handed_words,
    lag_profile,
    reread_factor,
)
from agentflow_checks.flow.shape import (
    redundancy as share_of,
)
from agentflow_checks.flow.token_flow import TokenFlow
from agentflow_checks.spending.amounts import marked
from agentflow_checks.teamwork.coordination_order import (
    Parallelism,
    Saving,
    seconds_text,
)
from agentflow_checks.teamwork.coordination_unneeded import Reads, Unneeded
from agentflow_checks.teamwork.coordination_unneeded import unneeded as unneeded_of


def judge_redundancy(
    flow: TokenFlow, limits: float | Mapping[str, float]
) -> Iterator[object]:
    """Hold the copied share of each stage's prompts against its limit."""
    rule = "coordination.redundancy"
    yield af.Rule(id=rule, title="Prompts are not mostly copies")
    for stage in flow.stages:
        most = limits.get(stage) if isinstance(limits, Mapping) else limits
        share = share_of(flow, stage)
        if most is None or share is None:
            continue
        if share <= most:
            yield af.Examined(rule=rule, place=af.Place(stage=stage))
            continue
        parts = [
            b for b in boundaries(flow) if b.target == stage and b.origin in FROM_OTHERS
        ]
        told = ", ".join(f"{b.share:.1%} is {b.source}'s {b.origin}" for b in parts[:3])
        yield af.Finding(
            rule=rule,
            message=f"{stage} is given what was in the run before: {share:.1%} of its "
            f"prompts{marked(flow.estimated)}, {most:.0%} is allowed: {told}",
            place=af.Place(stage=stage),
            observed=f"{share:.1%}",
            expected=f"at most {most:.0%}",
            introduced_by=stage,
            evidence=f"{stage} {parts[0].source} {parts[0].origin}",
            subject=stage,
            why="Each copy is paid for again, and hides what the stage has to do.",
            fix=f"Hand {stage} less of what {parts[0].source} wrote or was given.",
        )


def judge_reread(flow: TokenFlow, most: float) -> Iterator[object]:
    """Hold against its limit how often what is handed on is read."""
    rule = "coordination.reread"
    yield af.Rule(id=rule, title="What is handed on is read seldom enough")
    factor = reread_factor(flow)
    if factor is None:
        return
    if factor <= most:
        yield af.Examined(rule=rule)
        return
    read = handed_words(flow)
    beyond_once = Counter[str]()
    for (name, _), number in read.items():
        beyond_once[name] += number
    beyond_once.subtract({name: flow.given.get(name, 0) for name in beyond_once})
    source = max(beyond_once, key=lambda name: (beyond_once[name], name))
    names = [s for s in flow.stages if read[source, s]]
    lags = max(lag_profile(flow))
    yield af.Finding(
        rule=rule,
        message=f"what is handed on is read {factor:.2f} times; {most:g} is allowed. "
        f"Most of that is what {source} wrote, read by {', '.join(names)}; "
        f"the farthest copy comes from {lags} stages back",
        observed=f"{factor:.2f}",
        expected=f"at most {most:g}",
        introduced_by=names[-1],
        evidence=f"{source} read by {' '.join(names)}",
        subject="the run",
        why="Handing all that went before to every stage grows with their square.",
        fix="Hand each stage what the stage before it made, not the whole history.",
    )


def judge_unneeded(
    run: af.Run, flow: TokenFlow, reads: Reads, most: float
) -> Iterator[object]:
    """Hold what stages are handed outside their declared sections against a limit."""
    rule = "coordination.unneeded"
    yield af.Rule(id=rule, title="Stages are handed only what they read")
    for found in unneeded_of(run, flow, reads):
        if found.share <= most:
            yield af.Examined(rule=rule, place=af.Place(stage=found.stage))
        else:
            yield _leak(found, most, ", ".join(reads[found.stage]), flow.estimated)


def _leak(found: Unneeded, most: float, sections: str, estimated: bool) -> af.Finding:
    return af.Finding(
        rule="coordination.unneeded",
        message=f"{found.stage} is handed what it does not read: {found.share:.1%} of "
        f"its prompts ({found.tokens:,.0f} tokens{marked(estimated)}) came on from "
        f"outside {sections}, {most:.0%} is allowed: most is {found.what} "
        f"of {found.source}",
        place=af.Place(stage=found.stage),
        observed=f"{found.share:.1%}",
        expected=f"at most {most:.0%} outside {sections}",
        introduced_by=found.stage,
        evidence=f"{found.stage} {found.source} {found.what}",
        subject=found.stage,
        source=af.Place(stage=found.source),
        why="It is paid for on every run, and may end up where it does not belong.",
        fix=f"Hand {found.stage} these sections alone, or declare {found.what}, too.",
    )


def judge_calls(run: af.Run, declared: Mapping[str, int]) -> Iterator[object]:
    """Count the calls of each stage beyond those that are meant."""
    rule = "coordination.calls"
    yield af.Rule(id=rule, title="Stages make no more calls than are meant")
    for stage, most in declared.items():
        made = sum(call.is_model_call for call in run.stage(stage).calls)
        if made <= most:
            yield af.Examined(rule=rule, place=af.Place(stage=stage))
            continue
        yield af.Finding(
            rule=rule,
            message=f"{stage} made {made} calls, {made - most} more than the {most} "
            "that are meant",
            place=af.Place(stage=stage),
            observed=str(made),
            expected=f"at most {most}",
            introduced_by=stage,
            evidence=f"{stage} calls",
            subject=stage,
            fix="Look at why it asked again, or declare it: "
            f'calls={{"{stage}": {made}}}',
        )


def judge_repeats(flow: TokenFlow, most: int) -> Iterator[object]:
    """Count calls that ask what their stage had just asked."""
    rule = "coordination.repeats"
    yield af.Rule(id=rule, title="No stage asks the same again")
    found = repeats_of(flow)
    yield af.Examined(rule=rule, count=len(flow.prompts) - len(found))
    if len(found) <= most:
        yield af.Examined(rule=rule, count=len(found))
        return
    for repeat in found:
        yield af.Finding(
            rule=rule,
            message=f"{repeat.again} asks what {repeat.first} had asked "
            f"({len(found)} of {len(flow.prompts)} calls do, {most} may)",
            place=af.Place(stage=repeat.stage, call=repeat.again),
            introduced_by=repeat.stage,
            evidence=f"{repeat.stage} repeats",
            subject=repeat.again,
            why="The second answer is paid for like the first one.",
            fix="Keep the answer, or say in the prompt what was wrong with it.",
        )


def judge_waiting(
    run: af.Run, together: Sequence[Parallelism], most: float
) -> Iterator[object]:
    """Hold against its limit what running stages side by side would save."""
    rule = "coordination.waiting"
    yield af.Rule(id=rule, title="Stages do not wait for text they are not given")
    side_by_side = next((way for way in together if way.unit == "s"), None)
    if side_by_side is None:
        message = f"the recording of {run.id} holds no times of all its calls"
        raise af.CheckError(message)
    whole = side_by_side.recorded
    saved = whole - side_by_side.span
    if not whole or saved / whole <= most:
        yield af.Examined(rule=rule)
        return
    first = side_by_side.savings[0] if side_by_side.savings else None
    stage = first.second if first else None
    yield af.Finding(
        rule=rule,
        message=f"{seconds_text(saved)} of {seconds_text(whole)} "
        f"({saved / whole:.0%}) are spent waiting for stages whose text is not used; "
        f"{most:.0%} is allowed: "
        + "; ".join(saving_text(s, side_by_side) for s in side_by_side.savings[:3]),
        observed=f"{saved / whole:.0%}",
        expected=f"at most {most:.0%}",
        introduced_by=stage,
        evidence=f"{first.first} before {first.second}" if first else "waiting",
        subject="the run",
        why="Users wait for it, and nobody reads the text that they wait for.",
        fix="Start these calls together: asyncio.gather, or a pool of threads.",
    )


def saving_text(saving: Saving, side_by_side: Parallelism) -> str:
    """Say what one change of order would save: ``4.1 s of 9.3 s``."""
    saved, whole = (
        seconds_text(amount)
        if side_by_side.unit == "s"
        else f"{amount:,.0f} tokens on the longest path"
        for amount in (saving.saved, side_by_side.recorded)
    )
    what = (
        f"running the calls of {saving.first} side by side"
        if saving.first == saving.second
        else f"running {saving.first} beside {saving.second}"
    )
    return f"{what} would save {saved} of {whole}"
