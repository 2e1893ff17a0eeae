"""One call in the form it has in a recording, the raw exchange included."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from pytest_agentflow.model.call import Call, Request, Response
from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.providers.read import read
from pytest_agentflow.providers.reading import Reading
from pytest_agentflow.recording.blobs import Blobs, ReadBlob
from pytest_agentflow.recording.bodies import decode_body, encode_body
from pytest_agentflow.recording.form import (
    SPECIALS,
    Special,
    build,
    decode_as,
    decode_fields,
    encode_as,
    encode_fields,
    hints,
    is_default,
    stored_fields,
)
from pytest_agentflow.recording.leaves import short

#: Fields that a provider reader derives from the raw exchange.
DERIVED = (
    "api",
    "provider",
    "model",
    "messages",
    "answer",
    "tool_calls",
    "pictures",
    "usage",
    "finish_reason",
    "missing",
)

_derived_of = attrgetter(*DERIVED)

#: Derived fields that stand in the file all the same: a reviewer wants to see them, and
#: what was billed must not change with a later reader.
ALWAYS = frozenset({"api", "provider", "model", "usage", "finish_reason"})

_VOLATILE_HEADER = re.compile(
    r"date|retry-after|age|(x-)?request-id|x-amzn-requestid|cf-ray|.*-processing-ms"
    r"|(anthropic-|x-)?ratelimit-.*|x-amzn-bedrock-invocation-latency"
)

_HEADERS = tuple[tuple[str, str], ...]
_WIRE = frozenset({"port", "headers", "chunks"})


def reading_of(call: Call) -> Reading | None:
    """Give what a provider reader makes of the raw exchange; `None` without one."""
    if call.request is None or call.response is None:
        return None
    return read(call.request, call.response)


def with_reading(call: Call) -> Call:
    """Fill the derived fields of `call` anew from its raw exchange.

    A call without a raw exchange, and fields that no reader gives, stay as they are.
    """
    reading = reading_of(call)
    if reading is None:
        return call
    fields = {name: getattr(reading, name) for name in DERIVED}
    return dataclasses.replace(call, kind=reading.kind, **fields)


def encode_call(call: Call, blobs: Blobs) -> dict[str, Any]:
    """Write `call`; what differs from recording to recording stands under ``wire``."""
    special = frozenset({"request", "response", *DERIVED})
    plain = encode_fields(Call, call, blobs, leave=special)
    derived = _encode_derived(call, blobs)
    wire: dict[str, Any] = {}
    if call.request is not None:
        plain["request"] = _encode_request(call.request, blobs, wire)
    if call.response is not None:
        plain["response"] = _encode_response(call.response, blobs, wire)
    if wire:
        plain["wire"] = wire
    written = {**plain, **derived}
    order = [*(f.name for f in stored_fields(Call)), "wire"]
    return {name: written[name] for name in order if name in written}


def _encode_derived(call: Call, blobs: Blobs) -> dict[str, Any]:
    reading = reading_of(call)
    types = hints(Call)
    node = {}
    for field in stored_fields(Call):
        if field.name not in DERIVED:
            continue
        value = getattr(call, field.name)
        absent = is_default(field, value)
        derivable = absent if reading is None else value == getattr(reading, field.name)
        if not derivable or (field.name in ALWAYS and not absent):
            node[field.name] = encode_as(types[field.name], value, blobs)
    return node


def decode_call(node: Any, path: str, read_blob: ReadBlob) -> Call:
    """Read a call; fields that are not stored are derived from the raw exchange."""
    leave = frozenset({"request", "response", "wire"})
    fields = decode_fields(Call, node, path, read_blob, leave=leave)
    wire = _decode_wire(node["wire"], f"{path}.wire") if "wire" in node else {}
    asked = answered = None
    if "request" in node:
        where = f"{path}.request"
        request, asked = _decode_request(node["request"], where, read_blob, wire)
        fields["request"] = request
    if "response" in node:
        where = f"{path}.response"
        response, answered = _decode_response(node["response"], where, read_blob, wire)
        fields["response"] = response
    if "request" in node and "response" in node:
        reading = _read(request, response, asked, answered, path)
        derived = dict(zip(DERIVED, _derived_of(reading), strict=True))
        if "kind" in fields:
            fields["kind"] = _kind(fields["kind"], reading)
        fields = {**derived, **fields}
    call: Call = build(Call, fields, path)
    return call


def _kind(written: Any, reading: Reading) -> Any:
    # Recordings from before reranking was a kind call it embeddings.
    ranked = written == "embeddings" and reading.kind == "rerank"
    return reading.kind if ranked else written


def _read(
    request: Request, response: Response, asked: Any, answered: Any, path: str
) -> Reading:
    try:
        return read(request, response, asked=asked, answered=answered)
    except Exception as error:
        # A damaged body may confuse a reader in any way; the file must be named.
        problem = f"no reader understands this exchange: {short(error)}"
        raise Malformed(path, problem) from error


def _encode_request(
    request: Request, blobs: Blobs, wire: dict[str, Any]
) -> dict[str, Any]:
    leave = frozenset({"headers", "body"})
    node = encode_fields(Request, request, blobs, leave=leave)
    if is_loopback(request.host):
        # A local server gets another port each time.
        wire["port"] = node.pop("port")
    if request.headers:
        node["headers"] = _encode_headers(request.headers)
    if request.body:
        node["body"] = encode_body(request.body, media_type(request.headers), blobs)
    return node


def _decode_request(
    node: Any, path: str, read_blob: ReadBlob, wire: dict[str, Any]
) -> tuple[Request, Any]:
    """Give the request, and the JSON value of its body where that is known."""
    if isinstance(node, dict) and "port" in wire and "port" not in node:
        node = {**node, "port": wire["port"]}
    leave = frozenset({"headers", "body"})
    fields = decode_fields(Request, node, path, read_blob, leave=leave)
    value = _unwrap(fields, node, path, read_blob)
    return build(Request, fields, path), value


def _unwrap(
    fields: dict[str, Any], node: dict[str, Any], path: str, read_blob: ReadBlob
) -> Any:
    """Add headers and body to `fields`; gives the body's JSON value, if known."""
    value = None
    if "headers" in node:
        fields["headers"] = _decode_headers(node["headers"], f"{path}.headers")
    if "body" in node:
        where = f"{path}.body"
        fields["body"], value = decode_body(node["body"], where, read_blob)
    return value


def _encode_response(
    response: Response, blobs: Blobs, wire: dict[str, Any]
) -> dict[str, Any]:
    node: dict[str, Any] = {"status": response.status}
    stable = tuple(h for h in response.headers if not _is_volatile(h[0]))
    if len(stable) < len(response.headers):
        wire["headers"] = {
            f"{position} {name}": value
            for position, (name, value) in enumerate(response.headers)
            if _is_volatile(name)
        }
    if response.chunks:
        wire["chunks"] = list(response.chunks)
    if stable:
        node["headers"] = _encode_headers(stable)
    if response.body:
        node["body"] = encode_body(response.body, media_type(response.headers), blobs)
    return node


def _is_volatile(name: str) -> bool:
    return _VOLATILE_HEADER.fullmatch(name) is not None


def _decode_response(
    node: Any, path: str, read_blob: ReadBlob, wire: dict[str, Any]
) -> tuple[Response, Any]:
    """Give the response, and the JSON value of its body where that is known."""
    leave = frozenset({"headers", "body", "chunks"})
    fields = decode_fields(Response, node, path, read_blob, leave=leave)
    if "chunks" in node:
        raise Malformed(f"{path}.chunks", "chunk sizes stand in recorded.wire")
    value = _unwrap(fields, node, path, read_blob)
    if "headers" in wire:
        fields["headers"] = _with_volatile(fields.get("headers", ()), wire["headers"])
    fields["chunks"] = chunks = wire.get("chunks", ())
    response: Response = build(Response, fields, path)
    if chunks and sum(chunks) != len(response.body):
        problem = f"chunk sizes add up to {sum(chunks)}, not to {len(response.body)}"
        raise Malformed(path, f"{problem} bytes, the length of the body")
    return response, value


def _with_volatile(stable: _HEADERS, volatile: Mapping[str, str]) -> _HEADERS:
    """Put headers back at the places that their keys name."""
    headers = list(stable)
    for key, value in volatile.items():
        position, _, name = key.partition(" ")
        headers.insert(int(position), (name, value))
    return tuple(headers)


def _decode_wire(node: Any, path: str) -> dict[str, Any]:
    if not isinstance(node, dict) or not set(node) <= _WIRE:
        raise Malformed(path, f"expected port, headers, chunks, found {short(node)}")
    forms: dict[str, Any] = {
        "port": int,
        "headers": Mapping[str, str],
        "chunks": tuple[int, ...],
    }
    wire = {
        name: decode_as(forms[name], item, f"{path}.{name}", _no_blob)
        for name, item in node.items()
    }
    for key in wire.get("headers", {}):
        if not re.fullmatch(r"[0-9]{1,4} .*", key, re.DOTALL):
            where = f"{path}.headers.{key}"
            raise Malformed(where, "expected the place and the name of a header")
    if any(size < 0 for size in wire.get("chunks", ())):
        raise Malformed(f"{path}.chunks", "a chunk has a negative size")
    return wire


def _no_blob(name: str) -> bytes:
    raise FileNotFoundError(2, "no side file may stand here", name)


def _encode_headers(headers: _HEADERS) -> Any:
    names = {name for name, _ in headers}
    if len(names) == len(headers):
        return dict(headers)
    return [list(header) for header in headers]


def _decode_headers(node: Any, path: str) -> _HEADERS:
    pairs = list(node.items()) if isinstance(node, dict) else node
    if not isinstance(pairs, list):
        raise Malformed(path, f"expected headers, found {short(node)}")
    for number, pair in enumerate(pairs):
        good = isinstance(pair, (list, tuple)) and len(pair) == 2
        if not good or not (isinstance(pair[0], str) and isinstance(pair[1], str)):
            where = f"{path}[{number}]"
            raise Malformed(where, f"expected name and value, found {short(pair)}")
    return tuple((name, value) for name, value in pairs)


def media_type(headers: _HEADERS) -> str:
    """Give the media type that the headers name, without parameters."""
    kinds = [value for name, value in headers if name == "content-type"]
    return kinds[0].partition(";")[0].strip().lower() if kinds else ""


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


SPECIALS[Call] = Special(encode=encode_call, decode=decode_call)
