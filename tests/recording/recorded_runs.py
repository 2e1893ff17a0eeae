"""Runs to record: one that uses every field, and arbitrary ones."""

from __future__ import annotations

import base64
import itertools
import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from pytest_agentflow.model.call import (
    Attempt,
    Call,
    Invocation,
    Message,
    Picture,
    Request,
    Response,
    ToolCall,
)
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.price import PriceLock, UnitPrice
from pytest_agentflow.model.run import (
    Artefact,
    Recorded,
    Retake,
    Run,
    Source,
    Stage,
    Takes,
    Timing,
)
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.recording.exchange import with_reading

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4

JSON_TYPE = (("content-type", "application/json"),)


def chat_request(prompt: str = "Describe the hotel.", **members: Any) -> Request:
    """A chat request as the openai client sends it."""
    messages = [
        {"role": "system", "content": "You write pages.\nNever invent contact data.\n"},
        {"role": "user", "content": prompt},
    ]
    body = {"model": "gpt-5-mini", "messages": messages, **members}
    return Request(
        method="POST",
        scheme="https",
        host="api.openai.com",
        port=443,
        path="/v1/chat/completions",
        headers=JSON_TYPE,
        body=json.dumps(body, separators=(",", ":")).encode(),
    )


def chat_response(answer: str = "A quiet house.\nForty rooms.\n") -> Response:
    """A chat answer as the provider sends it, with volatile headers."""
    message = {"role": "assistant", "content": answer}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-5-mini-2025-08-07",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30},
    }
    return Response(
        status=200,
        headers=(
            ("x-request-id", "req_123"),
            ("content-type", "application/json"),
            ("openai-processing-ms", "812"),
        ),
        body=json.dumps(body, indent=2).encode() + b"\n",
    )


def chat_call(id: str = "writer/1", stage: str = "writer", **parts: Any) -> Call:  # noqa: A002
    """A chat call, derived fields filled by the reader."""
    call = Call(
        id=id,
        kind="chat",
        stage=stage,
        request=parts.pop("request", None) or chat_request(),
        response=parts.pop("response", None) or chat_response(),
        **parts,
    )
    return with_reading(call)


def image_call() -> Call:
    """A picture as base64 in a JSON answer, from a local server."""
    answer = {"data": [{"b64_json": base64.b64encode(PNG).decode()}], "$cost": 1}
    return with_reading(
        Call(
            id="artist/1",
            kind="image",
            stage="artist",
            parents=("writer/1",),
            request=Request(
                method="POST",
                scheme="http",
                host="127.0.0.1",
                port=40123,
                path="/v1/images/generations",
                headers=JSON_TYPE,
                body=b'{"model": "gpt-image-1", "prompt": "a door"}',
            ),
            response=Response(
                status=200, headers=JSON_TYPE, body=json.dumps(answer).encode()
            ),
        )
    )


def stream_call() -> Call:
    """An answer in pieces, with a failed attempt before."""
    events = [
        {"choices": [{"index": 0, "delta": {"content": word}}], "model": "m"}
        for word in ("A ", "quiet ", "house.")
    ]
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    body = "".join([*lines, "data: [DONE]\n\n"]).encode()
    return with_reading(
        Call(
            id="writer/2",
            kind="chat",
            stage="writer",
            parents=("writer/1",),
            request=chat_request("Shorter.", stream=True),
            response=Response(
                status=200,
                headers=(("content-type", "text/event-stream"),),
                body=body,
                chunks=(10, 0, len(body) - 10),
            ),
            attempts=(Attempt(status=429, error="slow down", usage=Usage()),),
        )
    )


def full_run() -> Run:
    """A run that uses every field of the model at least once."""
    retriever = Call(
        id="writer/3",
        kind="retriever",
        stage="writer",
        invocation=Invocation(
            function="site:search",
            arguments={"query": "rooms\nand baths", "$top": 3},
            result=[{"id": "kb-1", "text": "Forty rooms."}, b"\0\xff"],
        ),
    )
    imported = Call(
        id="qa/1",
        kind="chat",
        stage="qa",
        api="openai.chat",
        provider="openai",
        model="gpt-5",
        messages=(
            Message(role="user", text="Check.", path="$.messages[0].content"),
            Message(role="tool", text="ok", tool_call_id="c1", tool_name="lint"),
            Message(
                role="assistant",
                tool_calls=(ToolCall(name="lint", arguments={"$x": [1]}, id="c1"),),
                images=1,
            ),
        ),
        answer="Fine.\nShip it.",
        tool_calls=(ToolCall(name="ship", arguments="no json"),),
        pictures=(
            Picture(media_type="image/png", data=PNG, size="1x1", quality="low"),
        ),
        usage=Usage(
            input_tokens=5,
            output_tokens=2,
            units={"gpu_seconds": Decimal("1.50")},
            source="estimated",
        ),
        finish_reason="stop",
        missing=("request",),
    )
    page = "<!DOCTYPE html>\n<title>Häuser</title>\n"
    return Run(
        workflow="build_site",
        case="hotel",
        variant="small",
        size=3,
        trial=2,
        inputs={"profile": "hotel", "$lines": ["not ours"], "note": "a\nb"},
        output={"folder": "out", "ratio": 0.5, "none": None},
        stages=(
            Stage(
                name="writer",
                outputs=({"sections": ["one", "two\nthree"]}, "again"),
                found_by="configuration",
                output_from="return value",
            ),
            Stage(name="artist", after=("writer",), outputs=(PNG,), found_by="code"),
            Stage(name="qa", after=("writer", "artist")),
        ),
        calls=(chat_call(), stream_call(), retriever, image_call(), imported),
        sources=(
            Source(
                id="kb-1",
                text="Forty rooms.\nTwo baths.",
                stage="writer",
                call="writer/3",
                title="Rooms",
                uri="file:rooms.md",
            ),
        ),
        artefacts=(
            Artefact(
                name="index.html",
                media_type="text/html",
                data=page.encode(),
                stage="qa",
            ),
            Artefact(name="door.png", media_type="image/png", data=PNG, path="$.x"),
        ),
        missing=("sources:qa",),
        provenance="authored",
        ignored_requests=2,
        recorded=Recorded(
            at="2026-11-20T10:00:00Z",
            duration=1234.5,
            calls={
                "writer/2": Timing(
                    start=5.0, first_byte=6.5, end=9.0, chunks=(0.5, 1.0, 4.0)
                ),
                "artist/1": Timing(start=9.5, overlaps=("qa/1",)),
            },
            stages={"writer": (0.0, 9.0)},
            versions={"openai": "3.52.0"},
            prices=PriceLock(
                prices=(
                    UnitPrice(
                        model="gpt-5-mini",
                        unit="input_tokens",
                        amount=Decimal("0.25"),
                        per=1_000_000,
                        source="genai-prices 0.2.3",
                    ),
                ),
                as_of="2026-11-20T10:00:00Z",
            ),
            uncalled=("stage:qa",),
            takes=Takes(discarded=1, cost=Money(amount=Decimal("0.0020"))),
            retakes={
                "writer": Retake(
                    at="2026-11-21T10:00:00Z",
                    versions={"openai": "3.53.0"},
                    takes=Takes(discarded=2),
                )
            },
            parts=("2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z"),
        ),
    )


texts = st.text(max_size=24) | st.sampled_from(["a\nb\n", "$x", "$$", "\n", "\r\nx\n"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | texts
    | st.binary(max_size=120)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=6,
)
plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=6,
)
_layouts = st.sampled_from(
    [
        {},
        {"separators": (",", ":")},
        {"indent": 2},
        {"indent": 4, "ensure_ascii": False},
    ]
)
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=200),
    texts.map(str.encode),
    st.builds(lambda v, kw: json.dumps(v, **kw).encode(), plain_json, _layouts),
    st.builds(lambda v: f"data: {json.dumps(v)}\n\n".encode(), plain_json),
)
_header_names = st.sampled_from(
    ["content-type", "x-request-id", "retry-after", "x-amzn-bedrock-input-token-count"]
)
headers = st.lists(st.tuples(_header_names, texts), max_size=4).map(tuple)
requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST"]),
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(["api.openai.com", "127.0.0.1", "localhost", "::1"]),
    port=st.integers(0, 65535),
    path=st.sampled_from(["/", "/v1/chat/completions", "/v1/messages"]),
    query=texts,
    headers=headers,
    body=bodies,
)


def _in_chunks(response: Response, cuts: list[int]) -> Response:
    """Cut the body at places that fit it."""
    places = sorted(cut % (len(response.body) + 1) for cut in cuts)
    if not places:
        return response
    edges = [0, *places, len(response.body)]
    chunks = tuple(b - a for a, b in itertools.pairwise(edges))
    return Response(
        status=response.status,
        headers=response.headers,
        body=response.body,
        chunks=chunks,
    )


responses = st.builds(
    _in_chunks,
    st.builds(
        Response, status=st.sampled_from([200, 429]), headers=headers, body=bodies
    ),
    st.lists(st.integers(0, 10_000), max_size=3),
)
counts = st.none() | st.integers(0, 10**9)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4)
usages = st.builds(
    Usage,
    input_tokens=counts,
    cache_read_tokens=counts,
    units=st.dictionaries(texts, decimals, max_size=2),
    source=st.sampled_from(["wire", "estimated"]),
)
tool_calls = st.builds(ToolCall, name=texts, arguments=values, id=st.none() | texts)
messages = st.builds(
    Message,
    role=texts,
    text=texts,
    tool_calls=st.lists(tool_calls, max_size=1).map(tuple),
    images=st.integers(0, 3),
)
pictures = st.builds(
    Picture, media_type=texts, data=st.binary(max_size=150), size=st.none() | texts
)
stage_names = st.sampled_from(["draft", "review", "unattributed", "$s"])


def _few(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=2).map(tuple)


calls = st.builds(
    Call,
    id=texts,
    kind=st.sampled_from(["chat", "image", "retriever", "tool", "http"]),
    stage=stage_names,
    parents=_few(texts),
    api=st.none() | texts,
    model=st.none() | texts,
    request=st.none() | requests,
    response=st.none() | responses,
    invocation=st.none()
    | st.builds(
        Invocation,
        function=texts,
        arguments=st.dictionaries(texts, values, max_size=2),
        result=values,
    ),
    messages=_few(messages),
    answer=st.none() | texts,
    tool_calls=_few(tool_calls),
    pictures=_few(pictures),
    usage=st.none() | usages,
    attempts=_few(st.builds(Attempt, status=counts, error=texts)),
    missing=_few(texts),
)
timings = st.builds(
    Timing,
    start=st.floats(allow_nan=False),
    end=st.none() | st.floats(allow_nan=False),
    chunks=_few(st.floats(0, 100)),
)
runs = st.builds(
    Run,
    workflow=texts,
    case=texts,
    variant=st.none() | texts,
    size=counts,
    trial=counts,
    inputs=st.dictionaries(texts, values, max_size=3),
    output=values,
    stages=_few(
        st.builds(Stage, name=stage_names, outputs=_few(values), found_by=texts)
    ),
    calls=st.lists(calls, max_size=3, unique_by=lambda call: call.id).map(tuple),
    sources=_few(
        st.builds(Source, id=texts, text=texts, stage=st.none() | stage_names)
    ),
    artefacts=_few(
        st.builds(
            Artefact,
            name=texts,
            media_type=st.sampled_from(["text/html", "image/png", "application/json"]),
            data=bodies,
            stage=st.none() | stage_names,
        )
    ),
    recorded=st.builds(
        Recorded,
        at=st.none() | texts,
        calls=st.dictionaries(texts, timings, max_size=2),
        stages=st.dictionaries(
            texts, st.tuples(st.floats(0, 9), st.floats(0, 9)), max_size=2
        ),
        retakes=st.dictionaries(
            texts,
            st.builds(Retake, at=st.none() | texts, takes=st.builds(Takes)),
            max_size=2,
        ),
    ),
)
