"""WebSocket frames of realtime sessions: one call for each turn of the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_agentflow.importers.conversation import as_text
from pytest_agentflow.importers.vcr_body import compact
from pytest_agentflow.model.call import Call, Message, Request, Response, ToolCall
from pytest_agentflow.model.run import UNATTRIBUTED
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.finish import finish_reason
from pytest_agentflow.providers.lacking import usage_lacks
from pytest_agentflow.providers.openai_usage import token_usage

_LINES = (("content-type", "application/x-ndjson"),)


@dataclass(slots=True, kw_only=True)
class _Turn:
    """The frames up to the end of one answer."""

    sent: list[Any] = field(default_factory=list)
    received: list[Any] = field(default_factory=list)


def knows(interaction: Mapping[str, Any]) -> bool:
    """Whether it is one frame of a session."""
    return {"kind", "direction"} <= set(interaction)


def websocket_calls(frames: list[Any]) -> Iterator[Call]:
    """Give one call per turn; frames sent and received are JSON lines of its bodies."""
    model: str | None = None
    for turn in _turns(frames):
        for frame in (*turn.sent, *turn.received):
            model = _model(lenient.mapping(frame)) or model
        yield _call(turn, model)


def _turns(frames: list[Any]) -> list[_Turn]:
    turns = [_Turn()]
    ended = 0  # turns whose answer has ended
    for frame in frames:
        known = lenient.mapping(frame)
        if "data" not in known:  # the session was closed
            continue
        data, sent = known["data"], known.get("direction") == "sent"
        # What comes after an answer unasked belongs to it; a tool's result may be sent
        # before the answer that asked for the tool has ended.
        if sent and (len(turns) == ended or _is_early_result(data, turns[-1])):
            turns.append(_Turn())
        if sent:
            turns[-1].sent.append(data)
            continue
        turns[min(ended, len(turns) - 1)].received.append(data)
        if _ends(lenient.mapping(data)) and ended < len(turns):
            ended += 1
    return turns


def _is_early_result(data: Any, turn: _Turn) -> bool:
    item = lenient.mapping(lenient.mapping(data).get("item"))
    return item.get("type") == "function_call_output" and bool(turn.received)


def _ends(frame: Mapping[str, Any]) -> bool:
    content = lenient.mapping(frame.get("serverContent"))
    done = frame.get("type") == "response.done" or "toolCall" in frame
    return done or content.get("turnComplete") is True


def _model(frame: Mapping[str, Any]) -> str | None:
    session = frame.get("session", frame.get("setup"))
    name = lenient.name(lenient.mapping(session).get("model"))
    return name.removeprefix("models/") if name else None


def _call(turn: _Turn, model: str | None) -> Call:
    frames = [lenient.mapping(frame) for frame in turn.received]
    answer, tools, usage, finish = _google(frames) or _openai(frames)
    return Call(
        id="",
        kind="chat" if answer or tools or usage else "http",
        stage=UNATTRIBUTED,
        api="realtime",
        request=Request(
            method="GET",
            scheme="wss",
            host="",
            port=443,
            path="/",
            headers=_LINES,
            body=_lines(turn.sent),
        ),
        response=Response(status=101, headers=_LINES, body=_lines(turn.received)),
        model=model,
        messages=tuple(_messages(turn.sent)),
        answer=answer,
        tool_calls=tools,
        usage=usage,
        finish_reason=finish,
        missing=("host", *usage_lacks("chat", usage)),
    )


def _lines(frames: list[Any]) -> bytes:
    return b"".join(compact(frame) + b"\n" for frame in frames)


_Said = tuple[str | None, tuple[ToolCall, ...], Usage | None, str | None]


def _openai(frames: list[Mapping[str, Any]]) -> _Said:
    done = [f for f in frames if f.get("type") == "response.done"]
    response = lenient.mapping(done[-1].get("response")) if done else {}
    texts, tools = [], []
    for _, item in lenient.numbered(response.get("output")):
        if item.get("type") == "function_call":
            tools.append(_tool(item, "call_id", "arguments"))
        for _, part in lenient.numbered(item.get("content")):
            texts.append(lenient.text(part.get("text", part.get("transcript"))))
    told = (response.get("usage"), done[-1].get("usage")) if done else ()
    said = next((u for u in map(lenient.mapping, told) if u), {})
    usage = token_usage(
        {
            **said,
            "input_tokens_details": said.get("input_token_details"),
            "output_tokens_details": said.get("output_token_details"),
        }
    )
    finish = finish_reason(response.get("status"))
    finish = "tool_calls" if tools and finish == "stop" else finish
    return "".join(texts) or None, tuple(tools), usage, finish


def _google(frames: list[Mapping[str, Any]]) -> _Said | None:
    if not any({"serverContent", "toolCall", "setupComplete"} & set(f) for f in frames):
        return None
    texts, tools, usage = list[str](), list[ToolCall](), None
    for frame in frames:
        content = lenient.mapping(frame.get("serverContent"))
        spoken = lenient.mapping(content.get("outputTranscription")).get("text")
        texts.append(lenient.text(spoken))
        turn = lenient.mapping(content.get("modelTurn"))
        parts = lenient.numbered(turn.get("parts"))
        texts += [lenient.text(p.get("text")) for _, p in parts if not p.get("thought")]
        asked = lenient.mapping(frame.get("toolCall")).get("functionCalls")
        tools += [_tool(call, "id", "args") for _, call in lenient.numbered(asked)]
        usage = _google_usage(frame.get("usageMetadata")) or usage
    finish = "tool_calls" if tools else "stop"
    return "".join(texts) or None, tuple(tools), usage, finish


def _google_usage(said: Any) -> Usage | None:
    known = lenient.mapping(said)
    asked, thought = known.get("promptTokenCount"), known.get("thoughtsTokenCount")
    given = known.get("responseTokenCount")
    if lenient.count(asked) is None and lenient.count(given) is None:
        return None
    return Usage(
        input_tokens=lenient.count(asked),
        output_tokens=(lenient.count(given) or 0) + (lenient.count(thought) or 0),
        cache_read_tokens=lenient.count(known.get("cachedContentTokenCount")),
        reasoning_tokens=lenient.count(thought),
    )


def _tool(call: Mapping[str, Any], id_: str, arguments: str) -> ToolCall:
    return ToolCall(
        name=lenient.text(call.get("name")),
        arguments=lenient.parsed(call.get(arguments)),
        id=lenient.name(call.get(id_)),
    )


def _messages(sent: list[Any]) -> Iterator[Message]:
    for number, frame in enumerate(map(lenient.mapping, sent)):
        path = f"$[{number}]"
        yield from _item(lenient.mapping(frame.get("item")), f"{path}.item")
        content = lenient.mapping(frame.get("client_content"))
        for turn, said in lenient.numbered(content.get("turns")):
            role = "assistant" if said.get("role") == "model" else "user"
            where = f"{path}.client_content.turns[{turn}]"
            yield from _parts(said.get("parts"), role, f"{where}.parts")
        answers = lenient.mapping(frame.get("tool_response")).get("functionResponses")
        for place, answer in lenient.numbered(answers):
            yield Message(
                role="tool",
                text=as_text(answer.get("response")),
                path=f"{path}.tool_response.functionResponses[{place}].response",
                tool_call_id=lenient.name(answer.get("id")),
                tool_name=lenient.name(answer.get("name")),
            )


def _item(item: Mapping[str, Any], path: str) -> Iterator[Message]:
    if item.get("type") == "function_call_output":
        yield Message(
            role="tool",
            text=as_text(item.get("output")),
            path=f"{path}.output",
            tool_call_id=lenient.name(item.get("call_id")),
        )
    else:
        role = lenient.text(item.get("role")) or "user"
        yield from _parts(item.get("content"), role, f"{path}.content")


def _parts(parts: Any, role: str, path: str) -> Iterator[Message]:
    for number, part in lenient.numbered(parts):
        if said := lenient.text(part.get("text", part.get("transcript"))):
            yield Message(role=role, text=said, path=f"{path}[{number}].text")
