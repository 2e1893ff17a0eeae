"""The tool calls of a run: which were made, and which of them came to something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest_agentflow as af
from agentflow_checks.grounding.run_sources import as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """One call of a tool: its name, arguments, and what became of it.

    ``ok`` is None where no result is recorded; ``result`` its text.
    """

    tool: str
    arguments: Any = None
    ok: bool | None = None
    result: str = ""


def performed_in(run: af.Run) -> Iterator[Performed]:
    """Give the tool calls of a run: those models asked for, and those of the code.

    A call that a model asked for succeeded as far as its result, in a later message,
    is no error.
    """
    results = _results(run)
    for number, call in enumerate(run.calls):
        if call.invocation is not None and call.kind in {"tool", "retriever"}:
            name = call.invocation.function.rpartition(":")[2]
            text = as_text(call.invocation.result)
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
