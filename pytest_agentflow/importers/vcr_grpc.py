"""gRPC messages of xAI's client in cassettes of pydantic-ai's suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_agentflow.importers.conversation import answer_of, messages
from pytest_agentflow.importers.problem import Unfit
from pytest_agentflow.importers.vcr_body import compact
from pytest_agentflow.model.call import Call, Request, Response, ToolCall
from pytest_agentflow.model.run import UNATTRIBUTED
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.finish import finish_reason
from pytest_agentflow.providers.lacking import usage_lacks
from pytest_agentflow.providers.openai_usage import token_usage

_HOST = "api.x.ai"
_GRPC = (("content-type", "application/grpc+proto"),)


def knows(interaction: Mapping[str, Any]) -> bool:
    """Whether it is one exchange over gRPC."""
    return bool(
        {"request_sample", "request_stream", "collections_method"} & set(interaction)
    )


def grpc_call(interaction: Mapping[str, Any]) -> Call:
    """Give the call of one exchange; its bodies are the protobuf messages."""
    if "collections_method" in interaction:
        return _other(lenient.mapping(interaction["collections_method"]))
    stream = "request_stream" in interaction
    kind = "stream" if stream else "sample"
    asked = lenient.mapping(interaction.get(f"request_{kind}"))
    answered = lenient.mapping(interaction.get(f"response_{kind}"))
    method = "GetCompletionChunk" if stream else "GetCompletion"
    said = _folded(answered) if stream else lenient.mapping(answered.get("json"))
    return _chat(
        _request(f"/xai_api.Chat/{method}", _raw(asked.get("raw"))),
        _response(_pieces(answered)),
        lenient.mapping(asked.get("json")),
        said,
    )


def _pieces(answered: Mapping[str, Any]) -> list[bytes]:
    if "chunks_raw" in answered:
        return [_raw(piece) for piece in lenient.items(answered["chunks_raw"])]
    return [_raw(answered.get("raw"))]


def _raw(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise Unfit("a gRPC message has no raw bytes", "record the cassette again")
    return value


def _request(path: str, body: bytes) -> Request:
    return Request(
        method="POST",
        scheme="https",
        host=_HOST,
        port=443,
        path=path,
        headers=_GRPC,
        body=body,
    )


def _response(pieces: list[bytes]) -> Response:
    sizes = tuple(map(len, pieces)) if len(pieces) > 1 else ()
    return Response(status=200, headers=_GRPC, body=b"".join(pieces), chunks=sizes)


def _chat(
    request: Request, response: Response, asked: Mapping[str, Any], said: Any
) -> Call:
    outputs = [o for _, o in lenient.numbered(said.get("outputs"))]
    answers = [answer_of(output.get("message")) for output in outputs]
    calls = tuple(call for _, tools in answers for call in tools)
    texts = [text for text, _ in answers if text]
    usage = _usage(said.get("usage"))
    return Call(
        id="",
        kind="chat",
        stage=UNATTRIBUTED,
        api="xai.grpc",
        provider="x-ai",
        request=request,
        response=response,
        model=lenient.name(said.get("model")) or lenient.name(asked.get("model")),
        messages=tuple(messages(lenient.items(asked.get("messages")), "$.messages")),
        answer="\n\n".join(texts) or None,
        tool_calls=calls,
        usage=usage,
        finish_reason=_finish(outputs, calls),
        missing=usage_lacks("chat", usage),
    )


def _finish(
    outputs: list[Mapping[str, Any]], calls: tuple[ToolCall, ...]
) -> str | None:
    said = [lenient.text(o.get("finish_reason")).lower() for o in outputs]
    reasons = [finish_reason(s.removeprefix("reason_")) for s in said if s]
    last = reasons[-1] if reasons else None
    return "tool_calls" if calls and last == "stop" and not outputs[-1] else last


def _usage(said: Any) -> Usage | None:
    known = lenient.mapping(said)
    return token_usage(
        {
            **known,
            "prompt_tokens_details": {
                "cached_tokens": known.get("cached_prompt_text_tokens"),
                "image_tokens": known.get("prompt_image_tokens"),
            },
            "completion_tokens_details": {
                "reasoning_tokens": known.get("reasoning_tokens")
            },
        }
    )


def _folded(answered: Mapping[str, Any]) -> Mapping[str, Any]:
    """Join the pieces of a streamed answer by the number of its output."""
    said: dict[str, Any] = {}
    outputs: dict[Any, dict[str, Any]] = {}
    for _, piece in lenient.numbered(answered.get("chunks_json")):
        chunk = lenient.mapping(piece.get("chunk", piece))
        said |= {k: chunk[k] for k in ("model", "usage") if chunk.get(k)}
        for _, output in lenient.numbered(chunk.get("outputs")):
            whole = outputs.setdefault(
                lenient.count(output.get("index")) or 0,
                {"message": {"content": "", "tool_calls": []}},
            )
            delta = lenient.mapping(output.get("delta"))
            whole["message"]["content"] += lenient.text(delta.get("content"))
            whole["message"]["tool_calls"] += lenient.items(delta.get("tool_calls"))
            if output.get("finish_reason"):
                whole["finish_reason"] = output["finish_reason"]
    return {**said, "outputs": list(outputs.values())}


def _other(method: Mapping[str, Any]) -> Call:
    """Give a call of the collections service, of which only the answer is raw."""
    name = lenient.text(method.get("method")) or "unknown"
    request = _request(f"/collections/{name}", compact(method.get("request_json")))
    raw = method.get("response_raw")
    return Call(
        id="",
        kind="http",
        stage=UNATTRIBUTED,
        request=request,
        response=_response([raw if isinstance(raw, bytes) else b""]),
    )
