"""The seam for aiohttp, which google-genai, litellm and aiobotocore send through.

It sits where a request asks for a connection: below redirects, cookies, middlewares and
trace configs, which all work as ever, and above sockets, so that a replay opens none.
A replayed request gets a connection that answers by itself.
"""

from __future__ import annotations

from functools import wraps
from types import ModuleType
from typing import Any

from pytest_agentflow.model.call import Request
from pytest_agentflow.wire import aiohttp_replay, aiohttp_tee, routing
from pytest_agentflow.wire.allowed import may_reach
from pytest_agentflow.wire.encoding import Undecodable, decode_body
from pytest_agentflow.wire.handler import Broken, Handler
from pytest_agentflow.wire.marking import as_seam, is_seam
from pytest_agentflow.wire.miss import NetworkRefused
from pytest_agentflow.wire.pace import Played


def is_installed(module: ModuleType) -> bool:
    """Whether aiohttp's connectors have the seam."""
    return is_seam(module.BaseConnector.connect)


def install(module: ModuleType) -> None:
    """Put the seam into `module`, aiohttp 3.12 or later; inert without a session."""
    aiohttp_tee.install(module)
    original = module.BaseConnector.connect

    @wraps(original)
    async def connect(self: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
        handler = routing.current() if routing.anybody() else None
        if handler is None:
            return aiohttp_tee.unwatched(await original(self, req, *args, **kwargs))
        if _upgrades(req):
            _let_upgrade(handler, req)
            return aiohttp_tee.unwatched(await original(self, req, *args, **kwargs))
        verdict = routing.dispatch(handler, as_request(req, await _whole(req)))
        if verdict is None:
            return aiohttp_tee.unwatched(await original(self, req, *args, **kwargs))
        if isinstance(verdict, Broken):
            await verdict.give_way()
            error = OSError(0, verdict.error)
            raise module.ClientConnectorError(req.connection_key, error)
        if isinstance(verdict, Played):
            return aiohttp_replay.connection(module, self, req, verdict)
        try:
            connection = await original(self, req, *args, **kwargs)
        except BaseException as error:
            verdict.failed(error)
            raise
        return aiohttp_tee.watched(connection, verdict)

    module.BaseConnector.connect = as_seam(connect)


def _upgrades(req: Any) -> bool:
    return "upgrade" in req.headers.get("connection", "").lower()


def _let_upgrade(handler: Handler, req: Any) -> None:
    """Leave a request alone that becomes a WebSocket; in a replay, refuse it by name.

    Raises `NetworkRefused`.
    """
    host, port = req.url.host or "", req.url.port or 0
    if not handler.replays or may_reach(host, port, handler.allowed):
        return
    refusal = NetworkRefused(
        f"aiohttp tried to open a WebSocket to {host}:{port}. WebSockets are not "
        "recorded, so a replay cannot answer them. Use the provider's HTTP interface "
        "in the workflow, or, where the test may talk to this server, add a line to "
        f"the ini option agentflow_allow_hosts: {host}:{port}"
    )
    handler.refused(refusal)
    raise refusal


async def _whole(req: Any) -> bytes:
    """Read the body that will be sent; payloads keep it, and can send it still."""
    body = req.body
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    return bytes(await body.as_bytes())


def as_request(req: Any, body: bytes) -> Request:
    """Give what aiohttp is about to send as one of our requests."""
    url = req.url
    headers = [(name.lower(), value) for name, value in req.headers.items()]
    coding = req.headers.get("content-encoding", "")
    if coding and (plain := _plain(req, body, coding)) is not None:
        body = plain
        headers = [pair for pair in headers if pair[0] != "content-encoding"]
    return Request(
        method=req.method,
        scheme=url.scheme,
        host=url.host or "",
        port=url.port or {"http": 80, "https": 443}.get(url.scheme, 0),
        path=url.raw_path or "/",
        query=url.raw_query_string,
        headers=tuple(headers),
        body=body,
    )


def _plain(req: Any, body: bytes, coding: str) -> bytes | None:
    """Undo an encoding; what aiohttp will compress by itself is plain until sent."""
    if req.compress:
        return body
    try:
        return decode_body(body, coding)
    except Undecodable:
        return None
