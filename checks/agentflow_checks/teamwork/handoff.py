"""Facts that one stage handed on must reach the stages after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import pytest_agentflow as af
from agentflow_checks.teamwork.handoff_coherence import contradictions, invented_values
from agentflow_checks.teamwork.handoff_facts import (
    INPUTS,
    Fact,
    counted_apart,
    declared,
    facts_at,
    facts_of,
    output_of,
)
from agentflow_checks.teamwork.handoff_survival import (
    Holdings,
    State,
    Survival,
    survival,
    survival_table,
)
from agentflow_checks.teamwork.json_path import parse_path
from agentflow_checks.teamwork.near_paths import what_is_there

Listing = Literal["list", "fail"]


def _validate(
    *,
    stage: str,
    carries: tuple[str, ...] = (),
    must_carry: str | Sequence[str] = (),
    invented: str = "list",
    contradicted: str = "list",
    **_: Any,
) -> None:
    if not carries and not must_carry:
        message = (
            f"name what {stage} hands on, as a JSON path: '$.offers[*].price', or as "
            "kinds of values: must_carry=['money', 'phones']"
        )
        raise ValueError(message)
    for path in carries:
        parse_path(path)
    for entry in _entries(must_carry):
        declared(entry)
    for name, given in (("invented", invented), ("contradicted", contradicted)):
        if given not in ("list", "fail"):
            message = f"{name}={given!r} is neither 'list' nor 'fail'"
            raise ValueError(message)


@af.check("handoff", validate=_validate)
def handoff(
    run: af.Run,
    stage: str,
    *carries: str,
    to: str | None = None,
    must_carry: str | Sequence[str] = (),
    each_stage: bool = False,
    invented: Listing = "list",
    contradicted: Listing = "list",
) -> Iterator[object]:
    """What a stage hands on reaches the stages after it.

    Values are compared in one notation (£9,600 is 9600 GBP), words as they are written.
    Of HTML counts what a reader sees or follows: no comment, script or style, and no
    element that its own attributes hide. A value that several facts share must stand
    as often as there are facts, and a number up to twelve beside what it counts; else
    the fact is not told apart: a question, neither held nor lost.
    Only declared facts fail; with ``must_carry`` the report also lists what stages
    made up and where they contradict one another.

    Args:
        run: the run.
        stage: the stage whose output holds the facts, or ``inputs``.
        carries: JSON paths of the facts in that output: ``$.offers[*].price``.
        to: the last stage that must hold them; the final pages when not given.
        must_carry: the same and more: JSON paths, kinds of values (``money``,
            ``phones``, ``quotations``), or kinds below a path (``money in $.offers``).
        each_stage: fail on a fact, too, that a stage lost and a later one has again.
        invented: ``list`` or ``fail`` e-mail addresses, telephone numbers, links,
            money and dates of a stage that nothing upstream holds. Unlike
            ``hallucination`` it asks for no evidence: what a prompt or an earlier
            stage says is upstream, true or not.
        contradicted: ``list`` or ``fail`` values that a stage gives under the same
            name as a stage that it depends on, and that differ.
    """
    yield af.Rule(id="handoff", title="What is handed on arrives")
    if to is not None:
        run.stage(to)
    known = Holdings(run)
    _must_end(known, to)
    facts = [*_at_paths(run, stage, carries), *_declared(run, stage, must_carry)]
    rows = [survival(known, stage, fact, to) for fact in counted_apart(facts)]
    for row in rows:
        yield _judged(known, stage, row, to, each_stage=each_stage)
    if rows:
        yield survival_table(stage, to, rows)
    if not each_stage:
        yield from _repaired(rows)
    if must_carry or "fail" in (invented, contradicted):
        if invented == "fail":
            af.expect_content(run, "sources", "messages")
        yield from _coherence(run, invented, contradicted)


def _entries(must_carry: str | Sequence[str]) -> Sequence[str]:
    return (must_carry,) if isinstance(must_carry, str) else must_carry


def _at_paths(run: af.Run, stage: str, carries: Sequence[str]) -> Iterator[Fact]:
    for path in carries:
        output = output_of(run, stage)
        facts = list(facts_at(path, output))
        if not facts:
            message = (
                f"{stage} holds nothing at {path}, so that nothing can be followed"
            )
            raise af.CheckError(f"{message}. {what_is_there(path, output)}")
        yield from facts


def _declared(
    run: af.Run, stage: str, must_carry: str | Sequence[str]
) -> Iterator[Fact]:
    for entry in _entries(must_carry):
        read, output = declared(entry), output_of(run, stage)
        facts = list(facts_of(read, output))
        if not facts:
            message = (
                f"{stage} holds nothing that is {entry!r}, so that nothing can be "
                "followed"
            )
            there = f". {what_is_there(read.path, output)}" if read.path else ""
            raise af.CheckError(message + there)
        yield from facts


def _must_end(known: Holdings, to: str | None) -> None:
    end = known.shipped if to is None else known.gave(known.run.stage(to))
    if not end:
        where = to or "the final page"
        name = "" if to else "; name the last stage that must hold it: to='STAGE'"
        message = f"{where} holds no text, so that no fact can be followed to it{name}"
        raise af.CheckError(message)


def _judged(
    known: Holdings, stage: str, row: Survival, to: str | None, *, each_stage: bool
) -> af.Finding | af.Examined:
    arrived = row.end is State.HELD
    if arrived and not (each_stage and row.lost_at):
        return af.Examined(rule="handoff")
    run, fact = known.run, row.fact
    where = to or "the final page"
    if row.end is State.UNTOLD:
        return _question(known.run, stage, row, to)
    trace = _trace(known, stage, row, to)
    lost = row.lost_at[0] if arrived else trace.lost_at
    held = _last_held(stage, row, lost)
    finding = af.Finding(
        rule="handoff",
        message=f"{fact.label!r} of {stage} is gone",
        place=af.Place(stage=to or _last(run), path=fact.path),
        expected=f"{fact.label!r} in {where if not arrived else 'every stage after'}",
        observed=f"not there, in any notation; last held by {held}",
        evidence=f"{fact.path or fact.declared}={fact.text}",
        why="A fact that a hand-off drops cannot come back: later stages never saw it.",
        fix="Name the fact in the prompt of the stage that lost it.",
        source=af.Place(stage=None if stage == INPUTS else stage, path=fact.path),
    )
    if arrived:
        return af.Attribution(lost_at=lost, repaired_by=_again(row)).on(finding)
    return trace.on(finding)


def _question(run: af.Run, stage: str, row: Survival, to: str | None) -> af.Finding:
    fact, where = row.fact, to or "the final page"
    several = fact.shared > 1
    why = (
        f"{fact.shared} facts have this value, and it stands there less often."
        if several
        else "A number up to twelve stands in any text; here it counts something else."
    )
    return af.Finding(
        rule="handoff",
        message=f"whether {fact.label!r} of {stage} arrived cannot be told",
        verdict=af.Verdict.UNDETERMINED,
        place=af.Place(stage=to or _last(run), path=fact.path),
        expected=f"{fact.label!r} in {where}",
        observed="the value, not told apart from another of the same",
        evidence=f"{fact.path or fact.declared}={fact.text}",
        why=why,
        fix="Declare a path whose values are words, or that hold number and noun.",
        source=af.Place(stage=None if stage == INPUTS else stage, path=fact.path),
    )


def _trace(
    known: Holdings, stage: str, row: Survival, to: str | None
) -> af.Attribution:
    verdicts = {State.HELD: af.Verdict.PASSED, State.LOST: af.Verdict.FAILED}

    def project(later: af.Stage) -> af.Verdict:
        if later.name == stage:
            return af.Verdict.PASSED
        state = row.states.get(later.name, State.SILENT)
        return verdicts.get(state, af.Verdict.INAPPLICABLE)

    shown = af.Verdict.FAILED if to is None else af.Verdict.INAPPLICABLE
    return af.attribute(known.run, project, at=to, shipped=shown, lost=True)


def _last_held(stage: str, row: Survival, lost: str | None) -> str:
    """Name the last stage that held the fact before it was lost."""
    held = stage
    for name, state in row.states.items():
        if name == lost:
            break
        held = name if state is State.HELD else held
    return held


def _again(row: Survival) -> str | None:
    """Name the stage that holds a fact again after it was lost."""
    names = list(row.states)
    after = names[names.index(row.lost_at[0]) + 1 :]
    return next((n for n in after if row.states[n] is State.HELD), None)


def _repaired(rows: Sequence[Survival]) -> Iterator[af.Note]:
    back = [row for row in rows if row.end is State.HELD and row.lost_at]
    if back:
        first = back[0]
        text = (
            f"{len(back)} of {len(rows)} facts were lost on the way and are there in "
            f"the end, such as {first.fact.label!r}: lost at {first.lost_at[0]}"
        )
        yield af.Note(text=text)


def _last(run: af.Run) -> str | None:
    return next((page.stage for page in run.pages()), None)


def _coherence(run: af.Run, invented: str, contradicting: str) -> Iterator[object]:
    yield from _listed(
        list(invented_values(run)),
        rule=af.Rule(id="handoff.invented", title="Stages make no contact, money up"),
        fails=invented == "fail",
        what="values that nothing upstream holds",
    )
    yield from _listed(
        list(contradictions(run)),
        rule=af.Rule(id="handoff.contradicted", title="Stages agree on named values"),
        fails=contradicting == "fail",
        what="named values that differ from an earlier stage's",
    )


def _listed(
    found: Sequence[af.Finding | af.Examined],
    *,
    rule: af.Rule,
    fails: bool,
    what: str,
) -> Iterator[object]:
    """Give findings where they fail, else one table and their number."""
    if fails:
        yield rule
        yield from found
        return
    listed = [item for item in found if isinstance(item, af.Finding)]
    examined = len(listed) + sum(
        item.count for item in found if isinstance(item, af.Examined)
    )
    yield af.Note(text=f"{len(listed)} of {examined} {what}")
    if listed:
        yield af.Table(
            title=f"{what.capitalize()} (listed, not failed)",
            columns=("stage", "what", "observed"),
            rows=tuple(
                (f.introduced_by or f.place.stage or "", f.message, f.observed or "")
                for f in listed
            ),
        )
