"""Actions that an agent says it did, against the tools that were called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest_agentflow as af
from agentflow_checks.grounding.action_claims import ActionClaim, action_claims
from agentflow_checks.grounding.action_registry import Registry, nearest_verb
from agentflow_checks.grounding.claims import claims_of

RULE = "hallucination.action"
_TITLE = "Actions that an agent says it did were done by a tool"
_LONGEST = 200
_MOST_LISTED = 6

ActionState = Literal["performed", "failed", "never", "read", "unmapped", "no tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """One call of a tool: its name, arguments, and what became of it.

    ``ok`` is None where no result is recorded; ``result`` its text.
    """

    tool: str
    arguments: Any = None
    ok: bool | None = None
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAction:
    """An action that an answer states, and what the tools say about it.

    Args:
        claim: the words, and the verbs they may be of.
        sentence: the sentence they stand in.
        place: where that is.
        state: ``performed``; ``failed`` (all its calls returned an error); ``never``
            (no such call); ``read`` (no such call either, but who did it is not said,
            and a tool returned that word); ``unmapped`` (no tools are known for the
            verb); ``no tool`` (the verb needs none).
        verb: the verb of the registry, or the participle where it has none.
        tools: what would have done it.
        error: what the last failed call returned.
    """

    claim: ActionClaim
    sentence: str
    place: af.Place
    state: ActionState
    verb: str
    tools: tuple[str, ...] = ()
    error: str = ""


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
                yield judge_action(claim, stated.text, at, performed, registry)


def judge_action(
    claim: ActionClaim,
    sentence: str,
    place: af.Place,
    performed: Sequence[Performed],
    registry: Registry,
) -> StatedAction:
    """Hold one stated action against the tool calls of a run."""

    def stated(
        state: ActionState, tools: tuple[str, ...] = (), error: str = ""
    ) -> StatedAction:
        return StatedAction(
            claim=claim, sentence=sentence, place=place, state=state,
            verb=verb or claim.participle, tools=tools, error=error,
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
    # "The meeting has been cancelled" may be what the calendar says.
    told = claim.passive and any(
        claim.participle in one.result.lower() for one in performed
    )
    return stated("read" if told else "never", tools)


def performed_in(run: af.Run) -> Iterator[Performed]:
    """Give the tool calls of a run: those models asked for, and those of the code.

    A call that a model asked for succeeded as far as its result, in a later message,
    is no error.
    """
    results = _results(run)
    for number, call in enumerate(run.calls):
        if call.invocation is not None and call.kind in {"tool", "retriever"}:
            name = call.invocation.function.rpartition(":")[2]
            text = _text(call.invocation.result)
            yield _performed(name, call.invocation.arguments, text)
            continue
        if call.is_model_call and not call.parents:
            yield from _from_history(call.messages, results)
        behind = _answers_to(run, number)
        for place, tool in enumerate(call.tool_calls):
            result = results.get(tool.id) if tool.id else None
            if result is None and place < len(behind):
                result = behind[place]
            yield _performed(tool.name, tool.arguments, result)


def is_error(result: str) -> bool:
    """Tell whether a tool's result says that the call failed."""
    value = _parsed_object(result)
    if value is None:
        return _ERROR.match(result) is not None
    if any(value.get(key) for key in ("error", "errors", "isError", "is_error")):
        return True
    status = str(value.get("status", "")).lower()
    refused = any(value.get(key) is False for key in ("success", "ok"))
    return refused or status in {"error", "failed", "failure", "rejected"}


def _parsed_object(result: str) -> Mapping[str, Any] | None:
    if result.lstrip()[:1] != "{":
        return None
    try:
        value = json.loads(result)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None


_ERROR = re.compile(
    r"[\s\"'{\[(<*]{0,8}(?:error\b|exception\b|traceback\b|fail(?:ed|ure)\b"
    r"|(?-i:[A-Z][A-Za-z]{0,60}(?:Error|Exception)\b)|no such tool|unknown tool"
    r"|tool [^\n]{0,80} (?:not found|does not exist))",
    re.IGNORECASE,
)
_THOUGHTS = re.compile(
    r"<(think|thinking|thoughts?|function-thoughts|reasoning|scratchpad|analysis)>",
    re.IGNORECASE,
)


def _performed(tool: str, arguments: Any, result: str | None) -> Performed:
    ok = None if result is None else not is_error(result)
    return Performed(tool=tool, arguments=arguments, ok=ok, result=result or "")


def _results(run: af.Run) -> dict[str, str]:
    return {
        message.tool_call_id: message.text
        for call in run.calls
        for message in call.messages
        if message.role == "tool" and message.tool_call_id
    }


def _answers_to(run: af.Run, number: int) -> list[str]:
    """Give the tool messages that the next call of the conversation brings."""
    call = run.calls[number]
    for later in run.calls[number + 1 :]:
        if later.stage == call.stage and later.is_model_call:
            new = later.messages[len(call.messages) :]
            return [message.text for message in new if message.role == "tool"]
    return []


def _from_history(
    messages: Sequence[af.Message], results: Mapping[str, str]
) -> Iterator[Performed]:
    """Give the tool calls of a conversation that began before it was recorded."""
    for number, message in enumerate(messages):
        following = []
        for later in messages[number + 1 :] if message.tool_calls else ():
            if later.role != "tool":
                break
            following.append(later.text)
        for place, tool in enumerate(message.tool_calls):
            result = results.get(tool.id) if tool.id else None
            if result is None and place < len(following):
                result = following[place]
            yield _performed(tool.name, tool.arguments, result)


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
                yield af.Place(stage=one.name, kind="output"), _text(output)


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


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


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
    "read": "let the agent say who did it",
    "unmapped": "name the tools of this verb in actions=, or [] if it needs none",
}


def _message(one: StatedAction) -> str:
    words = f'"{_short(one.claim.text)}"'
    if one.state == "unmapped":
        return f"{words}: no tools are known that do what is {one.verb!r} here"
    if one.state == "failed":
        return f"{words}, but the call returned an error: {_short(one.error)}"
    if one.state == "read":
        return (
            f"{words}: no call of the run does that, but a tool's result speaks of it"
        )
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
