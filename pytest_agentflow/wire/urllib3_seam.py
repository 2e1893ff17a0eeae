"""The seam for urllib3, which requests and botocore send through.

It sits below urllib3's own retries and redirects, so that each try is seen, and above
the connection, so that a replay opens none.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import wraps
from http.client import HTTPResponse, responses
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from pytest_agentflow.model.call import Request
from pytest_agentflow.wire import routing
from pytest_agentflow.wire.encoding import Undecodable, decode_body
from pytest_agentflow.wire.handler import Broken
from pytest_agentflow.wire.marking import as_seam, is_seam
from pytest_agentflow.wire.pace import Piece, Played
from pytest_agentflow.wire.tape import Tape, replayed_headers


def is_installed(module: ModuleType) -> bool:
    """Whether urllib3's pools have the seam."""
    pool = module.connectionpool.HTTPConnectionPool
    return is_seam(pool._make_request)  # noqa: SLF001 - see install


def install(module: ModuleType) -> None:
    """Put the seam into `module`, urllib3 2 or later; inert without a session."""
    pool = module.connectionpool.HTTPConnectionPool
    original = pool._make_request  # noqa: SLF001 - the one place all tries go through

    @wraps(original)
    def _make_request(self: Any, conn: Any, method: str, url: str, **given: Any) -> Any:
        handler = routing.current() if routing.anybody() else None
        if handler is None:
            return original(self, conn, method, url, **given)
        body = _whole(given.get("body"))
        given["body"] = body if body is not None else given.get("body")
        asked = as_request(self, method, url, body or b"", given.get("headers"))
        verdict = routing.dispatch(handler, asked)
        if verdict is None:
            return original(self, conn, method, url, **given)
        if isinstance(verdict, Broken):
            verdict.wait()
            raise module.exceptions.NewConnectionError(conn, verdict.error)
        if isinstance(verdict, Played):
            verdict.wait(verdict.head)
            asked_by = {"pool": self, "request_method": method, "request_url": url}
            return _rebuilt(module, verdict, asked_by, given)
        preload = given.pop("preload_content", True)
        try:
            response = original(self, conn, method, url, preload_content=False, **given)
        except BaseException as error:
            verdict.failed(error)
            raise
        headers = response.headers.items()
        _tee(response, Tape(verdict, response.status, headers))
        if preload:
            decode = given.get("decode_content", True)
            response._body = response.read(decode_content=decode)  # noqa: SLF001
        return response

    pool._make_request = as_seam(_make_request)  # noqa: SLF001
    _skip_proxy_tunnels(module)


def _skip_proxy_tunnels(module: ModuleType) -> None:
    """Open no tunnel through a proxy for a request that a recording answers."""
    pool = module.connectionpool.HTTPSConnectionPool
    original = pool._prepare_proxy  # noqa: SLF001
    if is_seam(original):
        return

    @wraps(original)
    def _prepare_proxy(self: Any, conn: Any) -> None:
        handler = routing.current() if routing.anybody() else None
        if handler is None or not handler.replays:
            original(self, conn)

    pool._prepare_proxy = as_seam(_prepare_proxy)  # noqa: SLF001


def _whole(body: Any) -> bytes | None:
    """Read a body of any of the forms that urllib3 takes; `None`: there is none."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode("utf-8")
    if hasattr(body, "read"):
        read = body.read()
        return read.encode("iso-8859-1") if isinstance(read, str) else bytes(read)
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    parts = (p.encode("utf-8") if isinstance(p, str) else bytes(p) for p in body)
    return b"".join(parts)


def as_request(
    pool: Any, method: str, url: str, body: bytes, headers: Mapping[str, Any] | None
) -> Request:
    """Give what a urllib3 pool is about to send as one of our requests."""
    target = urlsplit(url)
    scheme = target.scheme or pool.scheme or "http"
    host = target.hostname or pool.host
    port = (target.port if target.scheme else pool.port) or _default_port(scheme)
    given = [
        (_text(name).lower(), _text(value))
        for name, value in (headers or pool.headers or {}).items()
    ]
    coding = dict(given).get("content-encoding", "")
    if coding:
        try:
            body = decode_body(body, coding)
        except Undecodable:
            pass
        else:
            given = [pair for pair in given if pair[0] != "content-encoding"]
    return Request(
        method=method,
        scheme=scheme,
        host=host.strip("[]"),
        port=port,
        path=target.path or "/",
        query=target.query,
        headers=tuple(given),
        body=body,
    )


def _default_port(scheme: str) -> int:
    return {"http": 80, "https": 443}.get(scheme, 0)


def _text(value: Any) -> str:
    return value.decode("iso-8859-1") if isinstance(value, bytes) else str(value)


def _rebuilt(
    module: ModuleType,
    answer: Played,
    asked_by: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    raw = _parsed(answer, asked_by["request_method"])
    return module.HTTPResponse(
        body=raw,
        headers=module.HTTPHeaderDict(raw.msg.items()),
        status=raw.status,
        version=raw.version,
        version_string="HTTP/1.1",
        reason=raw.reason,
        preload_content=given.get("preload_content", True),
        decode_content=given.get("decode_content", True),
        original_response=raw,
        connection=given.get("response_conn"),
        retries=given.get("retries"),
        enforce_content_length=given.get("enforce_content_length", True),
        **asked_by,
    )


class _Wire:
    """Bytes that the standard library's parser takes for a connection."""

    def __init__(self, pieces: Iterable[Piece], answer: Played) -> None:
        self._source = _Source(pieces, answer)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - its signature
        return io.BufferedReader(self._source)


class _Source(io.RawIOBase):
    """Gives pieces one by one, each after its pause, as a socket would."""

    def __init__(self, pieces: Iterable[Piece], answer: Played) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._left = b""
        self._answer = answer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            pause, self._left = next(self._pieces, (self._answer.tail, b""))
            self._answer.wait(pause)
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _parsed(answer: Played, method: str) -> HTTPResponse:
    """Let `http.client` read the recorded response, chunk framing and all."""
    recorded = answer.response
    reason = responses.get(recorded.status, "")
    lines = [f"HTTP/1.1 {recorded.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in replayed_headers(recorded)]
    pieces: Iterable[Piece] = answer.pieces()
    if recorded.chunks:
        lines.append("transfer-encoding: chunked")
        framed = [(p, b"%x\r\n%b\r\n" % (len(data), data)) for p, data in pieces]
        pieces = [*framed, (answer.tail, b"0\r\n\r\n")]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("iso-8859-1", "replace")
    wire = _Wire([(0.0, head), *pieces], answer)
    raw = HTTPResponse(wire, method=method)  # type: ignore[arg-type]
    raw.begin()
    return raw


def _tee(response: Any, tape: Tape) -> None:
    if getattr(response, "_fp", None) is None:
        tape.end()
        return
    body = response._fp  # noqa: SLF001 - urllib3 offers no other place
    tee = response._fp = _TeeBody(body, tape)  # noqa: SLF001
    if response._original_response is body:  # noqa: SLF001 - closed when reading stops
        response._original_response = tee  # noqa: SLF001


class _TeeBody:
    """The body that urllib3 reads from, each read copied onto a tape.

    urllib3 undoes chunked transfer itself, by `fp.readline` and `_safe_read`; plain
    bodies it reads by `read` and `read1`.
    """

    def __init__(self, body: Any, tape: Tape) -> None:
        self._body = body
        self._tape = tape
        self._new_chunk = True
        self._left = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    @property
    def fp(self) -> Any:
        inner = self._body.fp
        return None if inner is None else _TeeLines(inner, self)

    def chunk_begins(self, size: int) -> None:
        self._new_chunk = True
        self._left = size
        if size == 0:
            self._tape.end()

    def read(self, amount: int | None = None) -> bytes:
        data = self._guarded(self._body.read, *(() if amount is None else (amount,)))
        return self._plain(data, whole=amount is None)

    def read1(self, amount: int | None = None) -> bytes:
        data = self._guarded(self._body.read1, *(() if amount is None else (amount,)))
        return self._plain(data, whole=False)

    def _safe_read(self, amount: int) -> bytes:
        data = self._guarded(self._body._safe_read, amount)  # noqa: SLF001
        of_chunk = data[: self._left]  # the line end after a chunk is read so, too
        self._tape.add(of_chunk, begins_chunk=self._new_chunk)
        self._left -= len(of_chunk)
        self._new_chunk = False
        return data

    def _plain(self, data: bytes, *, whole: bool) -> bytes:
        self._tape.add(data)
        if whole or not data or self._body.isclosed():
            self._tape.end()
        return data

    def _guarded(self, read: Any, *given: int) -> bytes:
        try:
            return bytes(read(*given))
        except BaseException as error:
            self._tape.fail(error)
            raise

    def close(self) -> None:
        self._body.close()
        self._tape.cut()


class _TeeLines:
    """The lines between chunks; each says how long the next chunk is."""

    def __init__(self, lines: Any, body: _TeeBody) -> None:
        self._lines = lines
        self._body = body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lines, name)

    def readline(self, *limit: int) -> bytes:
        line = bytes(self._lines.readline(*limit))
        size = line.partition(b";")[0].strip()
        if size:
            with suppress(ValueError):  # a trailer line
                self._body.chunk_begins(int(size, 16))
        return line
