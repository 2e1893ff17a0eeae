"""A proxy on loopback for agents in other processes and other languages.

Their clients read a provider's address from the environment, so no certificate is
needed: the child is given addresses of the proxy, and the proxy asks the session's
handler what the seams would ask it. Answers are streamed through as they come.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pytest_agentflow.model.call import Request
from pytest_agentflow.wire import routing, upstream
from pytest_agentflow.wire.allowed import allow, forbid
from pytest_agentflow.wire.encoding import Undecodable, decode_body
from pytest_agentflow.wire.handler import Broken, Exchange, Handler
from pytest_agentflow.wire.pace import Played
from pytest_agentflow.wire.tape import Tape, replayed_headers

HOST = "127.0.0.1"

#: Not implemented: of all server errors the one that fewest clients try again.
MISSED = 501
UNREACHED = 502

_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running proxy."""

    url: str
    """Its own address, ``http://127.0.0.1:PORT``."""
    env: Mapping[str, str]
    """What to set in the child's environment, over the present one."""

    def base_url(self, provider: str) -> str:
        """Give what a client takes as the provider's base address.

        Raises `KeyError` for a provider that the proxy does not know.
        """
        if not self.url:
            return upstream.upstreams(os.environ)[provider]
        known = [one.name for one in upstream.PROVIDERS]
        if provider not in known:
            message = f"{provider!r} is none of the providers {', '.join(known)}"
            raise KeyError(message)
        return f"{self.url}/{provider}"


@contextmanager
def proxying(
    handler: Handler, environment: Mapping[str, str] | None = None
) -> Iterator[Proxy]:
    """Serve a proxy for `handler` until the block ends.

    Args:
        handler: the session that records or answers what the child asks.
        environment: where other addresses of providers, and the AWS region, are looked
            for; this process's when not given.
    """
    known = dict(os.environ if environment is None else environment)
    served = _Served(handler=handler, upstreams=upstream.upstreams(known), known=known)
    made = type("_ProxyRequest", (_ProxyRequest,), {"served": served})
    server = _Server((HOST, 0), made)
    port = int(server.server_address[1])
    # In an empty context: a request stands in the stage that is open when it comes, not
    # in the one that was open when the proxy began.
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    Context().run(thread.start)
    allow(HOST, port)
    try:
        yield _proxy(port, known)
    finally:
        forbid(HOST, port)
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def proxy() -> Iterator[Proxy]:
    """Serve a proxy for the run under way; outside of a run, nothing is to be set.

    For agents in other processes and other languages::

        with proxy() as running:
            subprocess.run(["node", "agent.js"], env={**os.environ, **running.env})
    """
    handler = routing.current() if routing.anybody() else None
    if handler is None:
        yield Proxy(url="", env={})
        return
    with proxying(handler) as running:
        yield running


def _proxy(port: int, known: Mapping[str, str]) -> Proxy:
    url = f"http://{HOST}:{port}"
    addresses = {
        variable: f"{url}/{provider.name}"
        for provider in upstream.PROVIDERS
        for variable in provider.variables
    }
    around = {
        name: ",".join(filter(None, (known.get(name, ""), HOST)))
        for name in ("NO_PROXY", "no_proxy")
    }
    return Proxy(url=url, env={**addresses, **around})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """What every request of a proxy needs."""

    handler: Handler
    upstreams: Mapping[str, str]
    known: Mapping[str, str]


class _Server(ThreadingHTTPServer):
    """Takes many children at once; the default queue of 5 turns some away."""

    daemon_threads = True
    request_queue_size = 128


class _ProxyRequest(BaseHTTPRequestHandler):
    """One connection of a child."""

    protocol_version = "HTTP/1.1"
    server_version = "pytest-agentflow"
    sys_version = ""
    disable_nagle_algorithm = True
    served: _Served

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the ledger does."""

    def handle(self) -> None:
        """Serve a connection until the child lets go of it, in whatever way."""
        with suppress(ConnectionError):
            super().handle()

    def _serve(self) -> None:
        body = self._body()
        request = self._request(body)
        if request is None:
            names = ", ".join(self.served.upstreams)
            self._refuse(404, "unknown_provider", f"paths begin with one of: {names}")
            return
        try:
            verdict = routing.dispatch(self.served.handler, request)
        except BaseException as refusal:  # noqa: BLE001 - a miss is one; it is entered
            self._refuse(MISSED, "agentflow_miss", str(refusal))
            return
        if isinstance(verdict, Broken):
            verdict.wait()
            self.close_connection = True  # what the child saw of it when recording
        elif isinstance(verdict, Played):
            self._replay(verdict)
        else:
            self._forward(request, body, verdict)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            """Skip a trailer."""
        return b"".join(pieces)

    def _request(self, body: bytes) -> Request | None:
        """Give what was asked, as it would have gone to the provider."""
        path, _, query = self.path.partition("?")
        _, name, rest = (*path.split("/", 2), "", "")[:3]
        if name not in self.served.upstreams:
            return None
        headers = tuple((k.lower(), v) for k, v in self.headers.items())
        request = Request(
            method=self.command,
            scheme="",
            host="",
            port=0,
            path=f"/{rest}",
            query=query,
            headers=headers,
            body=body,
        )
        request = upstream.located(
            request, self.served.upstreams[name], self.served.known
        )
        return _plain(request)

    # Answers

    def _refuse(self, status: int, kind: str, message: str) -> None:
        """Answer with an error in the form that most clients show."""
        error = {"type": kind, "code": kind, "message": message}
        body = json.dumps({"type": "error", "error": error}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)

    def _begin(self, status: int, headers: list[tuple[str, str]]) -> bool:
        """Send status and headers; gives whether the body goes out in chunks."""
        bare = self.command == "HEAD" or status in _NO_BODY
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        chunked = not bare and not has_length
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        return chunked

    def _piece(self, data: bytes, *, chunked: bool) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)

    def _replay(self, answer: Played) -> None:
        answer.wait(answer.head)
        recorded = answer.response
        chunked = self._begin(recorded.status, replayed_headers(recorded))
        if self.command == "HEAD" or recorded.status in _NO_BODY:
            return
        for pause, data in answer.pieces():
            answer.wait(pause)
            self._piece(data, chunked=chunked)
        answer.wait(answer.tail)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _forward(
        self, request: Request, body: bytes, exchange: Exchange | None
    ) -> None:
        connection = upstream.connect(request)
        try:
            try:
                answer = upstream.send(connection, request, body)
            except (OSError, http.client.HTTPException, upstream.Unreachable) as error:
                if exchange is not None:
                    exchange.failed(error)
                told = f"{request.host}:{request.port} gave no answer: {error}"
                self._refuse(UNREACHED, "agentflow_upstream", told)
                return
            self._pass_on(answer, exchange)
        finally:
            connection.close()

    def _pass_on(
        self, answer: http.client.HTTPResponse, exchange: Exchange | None
    ) -> None:
        """Give an answer to the child and to the tape, piece by piece as it comes."""
        headers = answer.getheaders()
        tape = Tape(exchange, answer.status, headers) if exchange is not None else None
        try:
            self._copy(answer, headers, tape)
        except upstream.BrokenOff as broken:
            self.close_connection = True
            if tape is not None:
                tape.fail(broken.__cause__ or broken)
        except OSError:  # the child went away
            self.close_connection = True
            if tape is not None:
                tape.cut()

    def _copy(self, answer: Any, headers: Any, tape: Tape | None) -> None:
        kept = [pair for pair in headers if pair[0].lower() not in _NOT_PASSED_ON]
        chunked = self._begin(answer.status, kept)
        for begins_chunk, data in upstream.pieces(answer):
            if tape is not None:
                tape.add(data, begins_chunk=begins_chunk)
            self._piece(data, chunked=chunked)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        if tape is not None:
            tape.end()


_NOT_PASSED_ON = frozenset({"connection", "keep-alive", "transfer-encoding"})


def _plain(request: Request) -> Request:
    """Undo the encoding of a request's body, as the seams do."""
    coding = dict(request.headers).get("content-encoding", "")
    if not coding:
        return request
    try:
        body = decode_body(request.body, coding)
    except Undecodable:
        return request
    return replace(request, body=body)
