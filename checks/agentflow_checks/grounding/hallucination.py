"""The check ``hallucination``: what outputs say stands in the run's sources."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest_agentflow as af

if TYPE_CHECKING:
    from agentflow_checks.grounding.judging import Judge


def _validate(
    stage: str | None = None,
    sources: str | Sequence[str] | None = None,
    *,
    facts: str | Path | Sequence[str | Path] = (),
    soft: str = "list",
    claims: str = "all",
    actions: str | Path | Mapping[str, str | Sequence[str]] | None = None,
    calibration: str | Path | None = None,
    max_judge_calls: int | None = None,
    max_judge_cost: float | None = None,
) -> None:
    del calibration  # read by `prepare`
    if actions is not None:
        from agentflow_checks.grounding.action_registry import (  # noqa: PLC0415 - rare
            hold_readable,
        )

        hold_readable(actions)
    for name, limit in (
        ("max_judge_calls", max_judge_calls),
        ("max_judge_cost", max_judge_cost),
    ):
        if limit is not None and not limit >= 0:
            message = f"{name}={limit!r} must be 0 or more"
            raise ValueError(message)
    _one_of("soft", soft, ("list", "fail"))
    _one_of("claims", claims, ("all", "values"))
    if sources is not None and not _listed(sources):
        message = "sources=() leaves nothing to hold claims against; leave it out"
        raise ValueError(message)
    if stage == "":
        message = 'stage="" names no stage; leave it out to judge all stages'
        raise ValueError(message)
    _listed(facts)


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        listed = " or ".join(repr(word) for word in allowed)
        message = f"{name}={value!r} is none of its values{hint} It takes {listed}"
        raise ValueError(message)


def _listed(value: str | Path | Sequence[str | Path]) -> tuple[str | Path, ...]:
    return (value,) if isinstance(value, (str, Path)) else tuple(value)


@af.check(
    "hallucination",
    validate=_validate,
    prepare="agentflow_checks.grounding.run_sources:prepare",
)
def hallucination(
    run: af.Run,
    stage: str | None = None,
    sources: str | Sequence[str] | None = None,
    *,
    facts: str | Path | Sequence[str | Path] = (),
    soft: Literal["list", "fail"] = "list",
    claims: Literal["all", "values"] = "all",
    actions: str | Path | Mapping[str, str | Sequence[str]] | None = None,
    calibration: str | Path | None = None,
    max_judge_calls: int | None = None,
    max_judge_cost: float | None = None,
    judge: Judge | None = None,
) -> Iterator[object]:
    """Values and claims of outputs and pages stand in the sources of the run.

    Typed values (contact data, dates, times, amounts, names, codes) that no source
    holds in any notation fail. A value may also follow by arithmetic that is written
    next to it. Prose without such values passes where it stands word for word in a
    source, and is a question otherwise.

    What outputs cite must exist, must have been given to the stage that cites it, and
    must hold what is quoted, word for word.

    Sources are, in this order: retrieved documents, tool results, outputs of stages
    that call no model, the run's inputs, prompts (marked "from the prompt", and only
    for what no model had written before), ``facts``. Outputs of models never are.

    Args:
        run: the run to judge.
        stage: judge this stage's output and the final page; when left out all stages,
            and what the workflow's own code returned beside what they gave.
        sources: ids, kinds (``retrieved``, ``tool``, ``profile``, ...) or globs of the
            sources that count; then prompts and inputs count only if named.
        facts: files that hold true statements: text, Markdown or JSON.
        soft: ``"list"`` shows small numbers, quotations and values that stand in a
            source for something else; ``"fail"`` fails them.
        claims: ``"all"``; ``"values"`` leaves prose out.
        actions: judge, too, what answers say was done ("I have booked a room", "has
            been cancelled"): verb to the tools that do it, ``{"book": ["book_*",
            "reserve_hotel"], "summarize": []}``, or the YAML or JSON file of such a
            mapping. It lies over a map of common verbs; ``{}`` is these alone.
        calibration: file that ``agentflow calibrate`` wrote. With it the score may
            decide claims, and a judge that agrees with people may fail them.
        max_judge_calls: most times that the judge is asked about one run; 2 a batch.
        max_judge_cost: most that it may spend on one run, in US dollars.
        judge: the session's (``agentflow_judge = module:function``); it is asked about
            what is a question without it.
    """
    from agentflow_checks.grounding.judge_outcomes import (  # noqa: PLC0415 - heavy
        Deciding,
    )
    from agentflow_checks.grounding.outcomes import (  # noqa: PLC0415 - heavy
        Options,
        outcomes,
    )

    del max_judge_cost  # the session's judge keeps to it
    chosen = None if sources is None else tuple(str(s) for s in _listed(sources))
    yield from outcomes(
        run,
        Options(
            stage=stage,
            sources=chosen,
            facts=_listed(facts),
            soft=soft,
            claims=claims,
            actions=actions,
            deciding=Deciding(
                judge=judge, calibration=calibration, max_calls=max_judge_calls
            ),
        ),
    )
