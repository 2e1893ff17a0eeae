"""OpenAI chat completions, also of the many hosts that are compatible with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pytest_agentflow.model.call import Message, ToolCall
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.content import messages_of, said_in
from pytest_agentflow.providers.exchange import Exchange
from pytest_agentflow.providers.finish import finish_reason
from pytest_agentflow.providers.openai_chat_stream import folded
from pytest_agentflow.providers.openai_usage import token_usage
from pytest_agentflow.providers.reading import Reading

API = "openai.chat"

_FORMS = frozenset({"chat.completion", "chat.completion.chunk"})

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")


def knows(exchange: Exchange) -> bool:
    """Whether it is a chat completion, by its path or by the form of its answer."""
    if exchange.posted_to(
        "/chat/completions", "/fim/completions", "/inference:complete"
    ):
        return True
    first = (exchange.answered, *exchange.events[:3])
    forms = {lenient.text(said.get("object")) for said in first}
    return exchange.posted_to("") and bool(forms & _FORMS)


def read(exchange: Exchange) -> Reading:
    """Read a chat completion, streamed or not."""
    answered = folded(exchange.events) if exchange.events else exchange.answered
    choices = [choice for _, choice in lenient.numbered(answered.get("choices"))]
    spoken = [lenient.mapping(choice.get("message")) for choice in choices]
    answers = [_said(message) for message in spoken]
    return Reading(
        kind="chat",
        model=_model(exchange, answered),
        messages=(*request_messages(exchange.asked), *_infill(exchange.asked)),
        answer="\n\n".join(a for a in answers if a) if any(answers) else None,
        tool_calls=tuple(call for m in spoken for call in tool_calls(m)),
        usage=token_usage(_reported(answered, choices)),
        finish_reason=_finish(answered, choices, spoken),
    )


def _model(exchange: Exchange, answered: Mapping[str, Any]) -> str | None:
    named = lenient.name(answered.get("model"))
    if model := named or lenient.name(exchange.asked.get("model")):
        return model
    # Azure names the model of a filtered answer in the URL only.
    deployment = _DEPLOYMENT.search(exchange.request.path)
    return unquote(deployment[1], errors="replace") if deployment else None


def _reported(answered: Mapping[str, Any], choices: list[Mapping[str, Any]]) -> Any:
    groq = lenient.mapping(answered.get("x_groq"))
    moonshot = choices[0].get("usage") if choices else None
    return answered.get("usage") or groq.get("usage") or moonshot


def _said(message: Mapping[str, Any]) -> str:
    audio = lenient.mapping(message.get("audio"))
    return (
        said_in(message.get("content"))
        or lenient.text(message.get("refusal"))
        or lenient.text(audio.get("transcript"))
    )


def _finish(
    answered: Mapping[str, Any],
    choices: list[Mapping[str, Any]],
    spoken: list[Mapping[str, Any]],
) -> str | None:
    if answered.get("error"):
        return "error"
    reasons = [finish_reason(choice.get("finish_reason")) for choice in choices]
    if any(m.get("refusal") and not m.get("content") for m in spoken):
        return "refusal"
    said = next((reason for reason in reasons if reason), None)
    return "tool_calls" if said == "stop" and any(map(_calls, spoken)) else said


def _calls(message: Mapping[str, Any]) -> bool:
    return bool(lenient.items(message.get("tool_calls")))


def tool_calls(message: Mapping[str, Any]) -> Iterator[ToolCall]:
    """Give the tools that a message of the assistant asks for, old form included."""
    if "tool_calls" not in message and "function_call" not in message:
        return
    for _, call in lenient.numbered(message.get("tool_calls")):
        asked = lenient.mapping(call.get("function")) or lenient.mapping(
            call.get("custom")
        )
        arguments = asked.get("arguments", asked.get("input"))
        yield ToolCall(
            name=lenient.text(asked.get("name")),
            arguments=lenient.parsed(arguments),
            id=lenient.name(call.get("id")),
        )
    old = lenient.mapping(message.get("function_call"))
    if lenient.name(old.get("name")):
        arguments = lenient.parsed(old.get("arguments"))
        yield ToolCall(name=lenient.text(old.get("name")), arguments=arguments)


def _infill(asked: Mapping[str, Any]) -> Iterator[Message]:
    """Give what Mistral fills code in between, where there are no messages."""
    for key in ("prompt", "suffix"):
        if "messages" not in asked and (text := lenient.text(asked.get(key))):
            yield Message(role="user", text=text, path=f"$.{key}")


def request_messages(asked: Mapping[str, Any]) -> Iterator[Message]:
    """Give the messages of a request, tool results with the names of their tools."""
    names: dict[str | None, str] = {}
    for number, message in lenient.numbered(asked.get("messages")):
        calls = tuple(tool_calls(message))
        names |= {call.id: call.name for call in calls if call.id}
        id_ = lenient.name(message.get("tool_call_id"))
        role = lenient.text(message.get("role"))
        tool = role in ("tool", "function")
        said = message.get("content")
        key = "refusal" if not said and message.get("refusal") else "content"
        yield from messages_of(
            role,
            message.get(key),
            f"$.messages[{number}].{key}",
            tool_calls=calls,
            tool_call_id=id_,
            tool_name=names.get(id_) or lenient.name(message.get("name"))
            if tool
            else None,
        )
