"""Exchanges for the tests of the readers, built as they come off the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.providers.read import read
from pytest_agentflow.providers.reading import Reading

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"


def request(path: str, asked: object, **more: Any) -> Request:
    """A request with a JSON body."""
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    fields: dict[str, Any] = {
        "method": "POST",
        "scheme": "https",
        "host": "api.openai.com",
        "port": 443,
        "path": path,
        "body": body,
    }
    return Request(**{**fields, **more})


def sse(events: Sequence[Mapping[str, Any]], *, named: bool = False) -> bytes:
    """Events as a stream; with ``event:`` lines where `named`, else with ``[DONE]``."""
    if named:
        lines = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]
        return "".join(lines).encode()
    return b"".join(
        b"data: " + json.dumps(event).encode() + b"\n\n" for event in events
    ) + (b"data: [DONE]\n\n")


def plain(path: str, asked: object, answered: object, **more: Any) -> Reading:
    """Read a plain exchange."""
    status = more.pop("status", 200)
    response = Response(status=status, body=json.dumps(answered).encode())
    return read(request(path, asked, **more), response)


def streamed(
    path: str,
    asked: object,
    events: Sequence[Mapping[str, Any]],
    *,
    named: bool = False,
) -> Reading:
    """Read a streamed exchange."""
    response = Response(status=200, body=sse(events, named=named))
    return read(request(path, asked), response)
