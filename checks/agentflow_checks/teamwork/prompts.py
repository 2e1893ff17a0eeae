"""The check `prompts`: what stages are told stays short and free of conflict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest_agentflow as af
from agentflow_checks.grounding.hallucination import hallucination
from agentflow_checks.spending.amounts import marked
from agentflow_checks.teamwork.prompt_conflicts import Conflict, conflicts
from agentflow_checks.teamwork.prompt_growth import (
    growth_since,
    judge_growth,
    run_before,
    skipped,
)
from agentflow_checks.teamwork.prompt_instructions import examples as count_examples
from agentflow_checks.teamwork.prompt_instructions import instructions as told_in
from agentflow_checks.teamwork.prompt_template import Template, templates

_NOT_KNOWN = "not known"

Limit = int | Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One template with its counts."""

    template: Template
    instructions: tuple[str, ...]
    examples: int
    conflicts: tuple[Conflict, ...]

    @property
    def stage(self) -> str:
        """Whose template it is."""
        return self.template.stage

    def count(self, what: str) -> int:
        """Give tokens, instructions or examples."""
        if what == "tokens":
            return round(self.template.tokens)
        return len(self.instructions) if what == "instructions" else self.examples


def _validate(**given: Any) -> None:
    for name in ("tokens", "instructions", "examples"):
        limit = given.get(name)
        for number in limit.values() if isinstance(limit, Mapping) else [limit]:
            if number is not None and number < 0:
                message = f"{name}={number} is negative; a limit is at least 0"
                raise ValueError(message)
    if (given.get("max_growth") is None) is not (given.get("against") is None):
        message = (
            "max_growth= and against= go together: prompts(max_growth=0.1, "
            'against="main/build_site/*")'
        )
        raise ValueError(message)


@af.check("prompts", validate=_validate)
def prompts(
    run: af.Run,
    *,
    tokens: Limit | None = None,
    instructions: Limit | None = None,
    examples: Limit | None = None,
    others: str | None = None,
    against: str | None = None,
    max_growth: float | None = None,
) -> Iterator[object]:
    """What stages are told, whatever the case, stays in bounds and does not conflict.

    Judged is each stage's template: what its prompts share with those of other cases,
    or, without `others`, the system prompt. Contradictions fail where they are certain
    and are questions where they are not. Shown beside it is the share of the stage's
    claims that its sources do not support: prompts that ask for more are not heeded
    more.

    Args:
        run: the run.
        tokens: most tokens of a template; one number, or stage -> number.
        instructions: most sentences that tell the model what to do.
        examples: most examples.
        others: glob of recordings of other cases below the recordings folder.
        against: glob of recordings of the same cases as they were on main.
        max_growth: largest growth of a template's tokens since then, 0.1 for 10 %.
    """
    beside = _others(run, others)
    mine = _measured(run, beside)
    limits = {"tokens": tokens, "instructions": instructions, "examples": examples}
    yield from _judge_conflicts(mine)
    for what, limit in limits.items():
        if limit is not None:
            yield from _judge_limit(run, mine, what, limit)
    grown = {}
    if against is not None and max_growth is not None:
        before = run_before(run, against)
        grown = growth_since(run, before, against, beside)
        told = [measured.template for measured in mine]
        yield from judge_growth(told, before, grown, max_growth)
        yield from skipped(run, before, grown)
    if mine:
        yield _table(run, mine, grown)


def _measured(run: af.Run, others: Sequence[af.Run]) -> tuple[Measured, ...]:
    af.expect_content(run, "messages")
    found = []
    for template in templates(run, others):
        told = told_in(template.lines)
        found.append(
            Measured(
                template=template,
                instructions=told,
                examples=count_examples(template.text),
                conflicts=conflicts(told, template.lines),
            )
        )
    return tuple(found)


def _others(run: af.Run, pattern: str | None) -> list[af.Run]:
    if pattern is None:
        return []
    beside = af.runs_beside(run, pattern, "others")
    found = [other for other in beside if other.case != run.case]
    if not found:
        message = f"others={pattern!r} matches no recording of another case"
        raise af.CheckError(message)
    return found


def _judge_conflicts(mine: Sequence[Measured]) -> Iterator[object]:
    rule = "prompts.conflicts"
    yield af.Rule(
        id=rule, title="No two instructions of a prompt contradict each other"
    )
    for measured in mine:
        if not any(conflict.certain for conflict in measured.conflicts):
            yield af.Examined(rule=rule, place=af.Place(stage=measured.stage))
        for conflict in measured.conflicts:
            yield _conflict(rule, measured.stage, conflict)


def _conflict(rule: str, stage: str, conflict: Conflict) -> af.Finding:
    certain = conflict.certain
    return af.Finding(
        rule=rule,
        verdict=af.Verdict.FAILED if certain else af.Verdict.UNDETERMINED,
        message=f'{stage} is told "{conflict.first}" and "{conflict.second}"'
        f"{'' if certain else ': can it do both?'} ({conflict.why})",
        place=af.Place(stage=stage),
        introduced_by=stage if certain else None,
        evidence=f"{conflict.first} / {conflict.second}",
        subject=f"{stage} {conflict.first} {conflict.second}",
        why="A model follows one of them, and not always the same.",
        fix="Decide which one holds, and say so once.",
    )


def _judge_limit(
    run: af.Run, mine: Sequence[Measured], what: str, limit: Limit
) -> Iterator[object]:
    rule = f"prompts.{what}"
    yield af.Rule(id=rule, title=f"Templates have no more {what} than allowed")
    known = {measured.stage: measured for measured in mine}
    asked = [s.name for s in run.stages if any(c.is_model_call for c in s.calls)]
    for stage in limit if isinstance(limit, Mapping) else asked:
        run.stage(stage)
        most = limit[stage] if isinstance(limit, Mapping) else limit
        if stage not in known:
            yield _untold(rule, stage)
        elif known[stage].count(what) <= most:
            yield af.Examined(rule=rule, place=af.Place(stage=stage))
        else:
            yield _over(rule, known[stage], what, most)


def _untold(rule: str, stage: str) -> af.Finding:
    return af.Finding(
        rule=rule,
        verdict=af.Verdict.UNDETERMINED,
        message=f"{stage}'s template cannot be told from the rest of its prompt: it "
        "has no system prompt, or shares nothing with other cases",
        place=af.Place(stage=stage),
        subject=stage,
        evidence=f"{stage} template",
        fix='Name recordings of other cases: others="WORKFLOW/*"',
    )


def _over(rule: str, measured: Measured, what: str, most: int) -> af.Finding:
    count = measured.count(what)
    guess = marked(measured.template.estimated and what == "tokens")
    more = {
        "tokens": f"{measured.template.tokens / measured.template.prompt:.0%} of its "
        "prompt",
        "instructions": f'the last is "{measured.instructions[-1]}"'
        if measured.instructions
        else "",
        "examples": "",
    }[what]
    return af.Finding(
        rule=rule,
        message=f"{measured.stage}'s template has {count:,} "
        f"{what.removesuffix('s') if count == 1 else what}{guess}, "
        f"{most:,} {'is' if most == 1 else 'are'} allowed"
        f"{f'; {more}' if more else ''}",
        place=af.Place(stage=measured.stage),
        observed=f"{count:,} {what}{guess}",
        expected=f"at most {most:,} {what.removesuffix('s') if most == 1 else what}",
        introduced_by=measured.stage,
        evidence=f"{measured.stage} {what}",
        subject=measured.stage,
        why="Each is paid for in every call, and the more there are, the fewer hold.",
        fix=f'Shorten it, or allow it: {what}={{"{measured.stage}": {count}}}',
    )


def _table(
    run: af.Run, mine: Sequence[Measured], grown: Mapping[str, float]
) -> af.Table:
    how = "what all cases share" if mine[0].template.by_cases else "system prompts"
    return af.Table(
        title=f"What stages are told, whatever the case ({how})",
        columns=(
            "stage",
            "template tokens",
            "of its prompt",
            "instructions",
            "examples",
            "conflicts",
            "growth",
            "unsupported claims",
        ),
        rows=tuple(
            (
                m.stage,
                f"{m.template.tokens:,.0f}{marked(m.template.estimated)}",
                f"{m.template.tokens / m.template.prompt:.0%}"
                if m.template.prompt
                else "",
                str(len(m.instructions)),
                str(m.examples),
                str(len(m.conflicts)),
                f"{grown[m.stage]:+.0%}" if m.stage in grown else "",
                _unsupported(run, m.stage),
            )
            for m in mine
        ),
        numeric=(1, 2, 3, 4, 5, 6, 7),
    )


def _unsupported(run: af.Run, stage: str) -> str:
    """Give the unsupported claims of a stage as ``2 of 31 (6%)``, as far as known.

    Counted are claims that the hallucination check decides for this stage; those it
    leaves as questions are no claims here. ``not known`` where it cannot judge.
    """
    if not run.sources:
        return _NOT_KNOWN
    evaluation = af.evaluate(run, hallucination(stage=stage))
    (result,) = evaluation.results
    failed = sum(rule.failed for rule in result.rules)
    decided = failed + sum(rule.passed for rule in result.rules)
    if result.verdict is af.Verdict.ERROR or not decided:
        return _NOT_KNOWN
    return f"{failed} of {decided} ({failed / decided:.0%})"
