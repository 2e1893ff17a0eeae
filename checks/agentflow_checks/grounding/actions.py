"""Actions that an agent says it did, against the tools that were called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pytest_agentflow as af
from agentflow_checks.grounding.action_claims import ActionClaim, action_claims
from agentflow_checks.grounding.action_registry import Registry, nearest_verb
from agentflow_checks.grounding.claims import claims_of
from agentflow_checks.grounding.run_sources import as_text
from agentflow_checks.grounding.tool_calls import Performed, performed_in

RULE = "hallucination.action"
_TITLE = "Actions that an agent says it did were done by a tool"
_LONGEST = 200
_MOST_LISTED = 6

ActionState = Literal["performed", "failed", "never", "open", "unmapped", "no tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAction:
    """An action that an answer states, and what the tools say about it.

    Args:
        claim: the words, and the verbs they may be of.
        sentence: the sentence they stand in.
        place: where that is.
        state: ``performed``; ``failed`` (all its calls returned an error); ``never``
            (no such call); ``open`` (no such call either, but it may be meant another
            way); ``unmapped`` (no tools are known for the verb); ``no tool`` (the verb
            needs none).
        verb: the verb of the registry, or the participle where it has none.
        tools: what would have done it.
        why: what the last failed call returned, or why it is open.
    """

    claim: ActionClaim
    sentence: str
    place: af.Place
    state: ActionState
    verb: str
    tools: tuple[str, ...] = ()
    why: str = ""


def stated_actions(
    run: af.Run, registry: Registry, stage: str | None = None
) -> Iterator[StatedAction]:
    """Give what the answers of a run say was done, each held against its tool calls.

    A call counts whenever it was made in the run: whoever says first what is done next
    says nothing false. Answers that are pages are read by nobody as a report.

    Args:
        run: the run.
        registry: verbs and the tools that do them.
        stage: read only the answers of this stage; calls count in all.
    """
    performed = tuple(performed_in(run))
    lacking = any("tool_calls" in call.missing for call in run.calls)
    for place, answer in _answers(run, stage):
        for stated in claims_of(_without_thoughts(answer)):
            if stated.selector is not None:
                continue
            for claim in action_claims(stated.text):
                span = stated.span
                if span is not None:
                    span = (span[0] + claim.start, span[0] + claim.end)
                at = af.Place(
                    stage=place.stage,
                    call=place.call,
                    kind=place.kind,
                    path=stated.path or place.path,
                    span=span,
                    line=stated.line,
                )
                one = judge_action(claim, stated.text, at, performed, registry)
                if lacking and one.state == "never":
                    one = replace(one, state="open", why="the recording lacks calls")
                yield one


def judge_action(
    claim: ActionClaim,
    sentence: str,
    place: af.Place,
    performed: Sequence[Performed],
    registry: Registry,
) -> StatedAction:
    """Hold one stated action against the tool calls of a run."""

    def stated(
        state: ActionState, tools: tuple[str, ...] = (), why: str = ""
    ) -> StatedAction:
        return StatedAction(
            claim=claim, sentence=sentence, place=place, state=state,
            verb=verb or claim.participle, tools=tools, why=why,
        )  # fmt: skip

    verb = next((one for one in claim.verbs if one in registry), None)
    if verb is None:
        return stated("unmapped")
    patterns = registry[verb]
    if not patterns:
        return stated("no tool")
    tools = tuple(pattern.written for pattern in patterns)
    met = [
        p for p in performed if any(t.matches(p.tool, p.arguments) for t in patterns)
    ]
    if any(one.ok is not False for one in met):
        return stated("performed", tools)
    if met:
        return stated("failed", tools, met[-1].result)
    if why := _meant_otherwise(claim, verb, performed):
        return stated("open", tools, why)
    return stated("never", tools)


_WRITING_WORDS = "add adjust append change create edit include modify remove save share"
#: Verbs of which an answer may be the deed, as far as their object is a text.
_WRITING = frozenset([*_WRITING_WORDS.split(), "update"])


def _meant_otherwise(
    claim: ActionClaim, verb: str, performed: Sequence[Performed]
) -> str:
    if claim.of_text and verb in _WRITING:
        return "the answer itself may be meant"
    # "The meeting has been cancelled" may be what the calendar says.
    told = any(claim.participle in one.result.lower() for one in performed)
    return "a tool's result speaks of it" if claim.passive and told else ""


_THOUGHTS = re.compile(
    r"<(think|thinking|thoughts?|function-thoughts|reasoning|scratchpad|analysis)>",
    re.IGNORECASE,
)


def _answers(run: af.Run, stage: str | None) -> Iterator[tuple[af.Place, str]]:
    """Give what models said, else what stages gave where no answer is recorded."""
    answered = set()
    for call in run.calls:
        if call.is_model_call and call.answer and stage in (None, call.stage):
            answered.add(call.stage)
            yield (
                af.Place(
                    stage=call.stage, call=call.id, kind="answer", path="$.answer"
                ),
                call.answer,
            )
    for one in run.stages:
        if one.name not in answered and stage in (None, one.name):
            for output in one.outputs:
                yield af.Place(stage=one.name, kind="output"), as_text(output)


def _without_thoughts(text: str) -> str:
    """Blank out what a model thought aloud: nobody was told it."""
    pieces: list[str] = []
    at = 0
    while opened := _THOUGHTS.search(text, at):
        closed = text.find(f"</{opened[1]}>", opened.end())
        end = len(text) if closed < 0 else closed
        hidden = re.sub(r"[^\n]", " ", text[opened.start() : end])
        pieces += [text[at : opened.start()], hidden]
        at = end
    return "".join([*pieces, text[at:]])


def action_outcomes(
    run: af.Run, registry: Registry, stage: str | None = None
) -> Iterator[object]:
    """Judge the actions that a run's answers state; nothing where they state none."""
    stated = [s for s in stated_actions(run, registry, stage) if s.state != "no tool"]
    if not stated:
        return
    yield af.Rule(id=RULE, title=_TITLE)
    # One subject for one statement: chats repeat themselves.
    subjects = {
        (s.place.stage, s.verb, " ".join(s.sentence.split())): s for s in stated
    }
    held = sum(one.state == "performed" for one in subjects.values())
    called = [one.tool for one in performed_in(run)]
    for key, one in subjects.items():
        if one.state != "performed":
            yield _finding(key, one, called, registry)
    if held:
        yield af.Examined(rule=RULE, count=held)


def _finding(
    key: tuple[str | None, str, str],
    one: StatedAction,
    called: Sequence[str],
    registry: Registry,
) -> af.Finding:
    failed = one.state in {"never", "failed"}
    return af.Finding(
        rule=RULE,
        title=_TITLE,
        message=_message(one),
        place=one.place,
        verdict=af.Verdict.FAILED if failed else af.Verdict.UNDETERMINED,
        severity=af.Severity.ERROR if failed else af.Severity.INFO,
        observed=f'"{_short(one.sentence)}"; called: {_listed(called)}',
        expected=_expected(one, registry),
        why="Who reads it takes it as done." if failed else "",
        fix=_FIXES[one.state],
        subject="/".join(str(part) for part in key),
        introduced_by=one.place.stage,
        evidence=f"{one.verb}: {_short(one.sentence)}",
    )


_FIXES: dict[ActionState, str] = {
    "never": "let the agent call the tool before it reports, or name in actions= the "
    "tool that does this",
    "failed": "let the agent report the error, or try again",
    "open": "let the agent say what it did, or name in actions= what needs no tool",
    "unmapped": "name the tools of this verb in actions=, or [] if it needs none",
}


def _message(one: StatedAction) -> str:
    words = f'"{_short(one.claim.text)}"'
    if one.state == "unmapped":
        return f"{words}: no tools are known that do what is {one.verb!r} here"
    if one.state == "failed":
        return f"{words}, but the call returned an error: {_short(one.why)}"
    if one.state == "open":
        return f"{words}: no call of the run does that, but {one.why}"
    return f"{words}, but no call of the run does that"


def _expected(one: StatedAction, registry: Registry) -> str:
    if one.state == "unmapped":
        near = nearest_verb(one.claim.verbs, registry)
        return "an entry of actions=" + (f"; is it {near!r}?" if near else "")
    return f"a call without error of {_listed(one.tools)}"


def _listed(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f", ... ({len(distinct)} in all)" if len(distinct) > _MOST_LISTED else ""
    return ", ".join(distinct[:_MOST_LISTED]) + more if distinct else "no tool"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1].rstrip() + "…"
