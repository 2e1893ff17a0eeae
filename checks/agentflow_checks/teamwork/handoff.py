"""Facts that one stage handed on must reach the stages after it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.teamwork.json_path import parse_path, values_at
from agentflow_checks.teamwork.texts import (
    as_text,
    normalised,
    prompt_texts,
    stage_texts,
    visible,
)

INPUTS = "inputs"


def _validate(*, stage: str, carries: tuple[str, ...] = (), **_: Any) -> None:
    if not carries:
        message = f"name what {stage} hands on, as a JSON path: '$.offers[*].price'"
        raise ValueError(message)
    for path in carries:
        parse_path(path)


@af.check("handoff", validate=_validate)
def handoff(
    run: af.Run, stage: str, *carries: str, to: str | None = None
) -> Iterator[object]:
    """What a stage hands on reaches the stages after it.

    Args:
        run: the run.
        stage: the stage whose output holds the facts, or ``inputs``.
        carries: JSON paths of the facts in that output: ``$.offers[*].price``.
        to: the last stage that must hold them; the final pages when not given.
    """
    yield af.Rule(id="handoff", title=f"What {stage} hands on reaches the stages after")
    if to is not None:
        run.stage(to)
    given = dict(run.inputs) if stage == INPUTS else _parsed(run.stage(stage).output)
    for path in carries:
        facts = [(p, v) for p, v in values_at(path, given) if as_text(v).strip()]
        if not facts:
            message = (
                f"{stage} holds nothing at {path}, so that nothing can be followed"
            )
            raise af.CheckError(message)
        for exact, value in facts:
            yield _follow(run, stage, exact, as_text(value), to)


def _parsed(output: Any) -> Any:
    if not isinstance(output, str):
        return output
    try:
        return json.loads(output)
    except ValueError:
        return output


def _follow(
    run: af.Run, stage: str, path: str, fact: str, to: str | None
) -> af.Finding | af.Examined:
    wanted = normalised(fact)

    def holds(texts: list[str]) -> af.Verdict:
        if not texts:
            return af.Verdict.INAPPLICABLE
        whole = normalised("\n".join(map(_readable, texts)))
        return af.Verdict.PASSED if wanted in whole else af.Verdict.FAILED

    def shows(later: af.Stage) -> af.Verdict:
        upstream = af.ancestors(run, later.name)
        follows = stage in {INPUTS, later.name} or stage in upstream
        return holds(list(stage_texts(later))) if follows else af.Verdict.INAPPLICABLE

    def project(later: af.Stage) -> af.Verdict:
        verdict = shows(later)
        lacks = verdict is af.Verdict.FAILED
        if lacks and (not was_given(later) or _only_comments(run, later)):
            return af.Verdict.INAPPLICABLE
        return verdict

    def was_given(later: af.Stage) -> bool:
        # Who never saw a fact cannot lose it: the artist paints between two that write.
        prompts = list(prompt_texts(later))
        return not prompts or holds(prompts) is af.Verdict.PASSED

    shipped = [page.text for page in run.pages()]
    end = shows(run.stage(to)) if to is not None else holds(shipped)
    if end is af.Verdict.INAPPLICABLE:
        where = to or "the final page"
        message = f"{where} holds no text, so that no fact can be followed to it"
        raise af.CheckError(message)
    if end is af.Verdict.PASSED:
        return af.Examined(rule="handoff")
    shown = end if to is None else af.Verdict.INAPPLICABLE
    trace = af.attribute(run, project, at=to, shipped=shown, lost=True)
    finding = af.Finding(
        rule="handoff",
        message=f"{fact!r} of {stage} is gone",
        place=af.Place(stage=to or _last(run), path=path),
        expected=f"{fact!r} in {to or 'the final page'}",
        observed="not there, in any notation of quotes, entities and white space",
        evidence=f"{path}={wanted}",
        why="A fact that a hand-off drops cannot come back: later stages never saw it.",
        fix="Name the fact in the prompt of the stage that lost it.",
        source=af.Place(stage=None if stage == INPUTS else stage, path=path),
    )
    return trace.on(finding)


def _only_comments(run: af.Run, stage: af.Stage) -> bool:
    """Whether the page was there already and this stage made no version of it."""
    return not _makes_page(stage) and any(
        _makes_page(run.stage(name)) for name in af.ancestors(run, stage.name)
    )


def _makes_page(stage: af.Stage) -> bool:
    return any(a.media_type == "text/html" for a in stage.artefacts)


def _readable(text: str) -> str:
    # Both forms: a fact may stand in an attribute (tel:, alt) or in the visible text.
    return f"{visible(text)}\n{text}" if "<" in text else text


def _last(run: af.Run) -> str | None:
    return next((page.stage for page in run.pages()), None)
