"""The seam for httpx and httpx2, which are one code under two names.

It sits on the transports that open sockets, so that a user's `MockTransport`,
`ASGITransport` and the like are left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import cache, lru_cache, wraps
from types import ModuleType
from typing import Any

from pytest_agentflow.model.call import Request
from pytest_agentflow.recording.match import Verbatim
from pytest_agentflow.wire import routing
from pytest_agentflow.wire.encoding import Undecodable, decode_body
from pytest_agentflow.wire.handler import Broken, Exchange
from pytest_agentflow.wire.marking import as_seam, is_seam
from pytest_agentflow.wire.pace import Played
from pytest_agentflow.wire.tape import Tape, pieces_of, replayed_headers

_Headers = tuple[tuple[str, str], ...]

_PORTS = {"http": 80, "https": 443}

_EXTENSIONS = {"http_version": b"HTTP/1.1"}


def install(module: ModuleType) -> None:
    """Put the seam into `module`, httpx or httpx2; it is inert without a session."""
    if not is_seam(module.HTTPTransport.handle_request):
        _install_sync(module)
    if not is_seam(module.AsyncHTTPTransport.handle_async_request):
        _install_async(module)


def is_installed(module: ModuleType) -> bool:
    """Whether both transports of `module` have the seam."""
    return is_seam(module.HTTPTransport.handle_request) and is_seam(
        module.AsyncHTTPTransport.handle_async_request
    )


def _install_sync(module: ModuleType) -> None:
    transport = module.HTTPTransport
    original = transport.handle_request

    @wraps(original)
    def handle_request(self: Any, request: Any) -> Any:
        handler = routing.current()
        if handler is None:
            return original(self, request)
        request.read()
        known = routing.at_once(handler, _asked(request))
        verdict = known or routing.dispatch(handler, as_request(request))
        if isinstance(verdict, Played):
            verdict.wait(verdict.head)
            return _rebuilt(module, verdict, _sync_body(module, verdict))
        if verdict is None:
            return original(self, request)
        if isinstance(verdict, Broken):
            verdict.wait()
            raise module.ConnectError(verdict.error, request=request)
        try:
            response = original(self, request)
        except BaseException as error:
            verdict.failed(error)
            raise
        return _taped(module, response, verdict)

    transport.handle_request = as_seam(handle_request)


def _install_async(module: ModuleType) -> None:
    transport = module.AsyncHTTPTransport
    original = transport.handle_async_request

    @wraps(original)
    async def handle_async_request(self: Any, request: Any) -> Any:
        handler = routing.current()
        if handler is None:
            return await original(self, request)
        await request.aread()
        known = routing.at_once(handler, _asked(request))
        verdict = known or routing.dispatch(handler, as_request(request))
        if isinstance(verdict, Played):
            await verdict.give_way(verdict.head)
            return _rebuilt(module, verdict, _streams(module).replayed(verdict))
        if verdict is None:
            return await original(self, request)
        if isinstance(verdict, Broken):
            await verdict.give_way()
            raise module.ConnectError(verdict.error, request=request)
        try:
            response = await original(self, request)
        except BaseException as error:
            verdict.failed(error)
            raise
        return _taped(module, response, verdict)

    transport.handle_async_request = as_seam(handle_async_request)


def as_request(request: Any) -> Request:
    """Give an httpx request, whose body has been read, as one of ours."""
    method, scheme, host, port, path, query, body = _asked(request)
    headers, coding = _texts(tuple(request.headers.raw))
    if coding:
        try:
            body = decode_body(body, coding)
        except Undecodable:
            pass
        else:
            headers = tuple(pair for pair in headers if pair[0] != "content-encoding")
    return Request(
        method=method,
        scheme=scheme,
        host=host,
        port=port,
        path=path,
        query=query,
        headers=headers,
        body=body,
    )


def _asked(request: Any) -> Verbatim:
    url = request.url
    scheme = url.scheme
    port = url.port or _PORTS.get(scheme, 0)
    path, _, query = url.raw_path.decode("ascii").partition("?")
    return request.method, scheme, url.host, port, path, query, request.content


@lru_cache(maxsize=256)
def _texts(raw: tuple[tuple[bytes, bytes], ...]) -> tuple[_Headers, str]:
    """Give headers as texts, and the content encoding that they name.

    A client sends the same ones again and again.
    """
    headers = tuple((_text(name).lower(), _text(value)) for name, value in raw)
    return headers, next((v for n, v in headers if n == "content-encoding"), "")


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")


def _rebuilt(module: ModuleType, answer: Played, body: Any) -> Any:
    response = answer.response
    return module.Response(
        response.status,
        headers=replayed_headers(response),
        stream=body,
        extensions=_EXTENSIONS,
    )


def _sync_body(module: ModuleType, answer: Played) -> Any:
    if answer.response.chunks or answer.slow:
        return _streams(module).replayed(answer)
    return module.ByteStream(answer.response.body)


def _taped(module: ModuleType, response: Any, exchange: Exchange) -> Any:
    tape = Tape(exchange, response.status_code, response.headers.multi_items())
    if response.status_code == 101:  # the connection is no longer HTTP
        tape.end()
        return response
    response.stream = _streams(module).taped(response.stream, tape)
    return response


class _Pieces:
    """A recorded body, given out at its recorded chunk boundaries."""

    def __init__(self, answer: Played) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        if not self._answer.slow:
            return iter(pieces_of(self._answer.response))
        return self._slowly()

    def _slowly(self) -> Iterator[bytes]:
        for pause, piece in self._answer.pieces():
            self._answer.wait(pause)
            yield piece
        self._answer.wait(self._answer.tail)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for pause, piece in self._answer.pieces():
            if pause:
                await self._answer.give_way(pause)
            yield piece
            await self._answer.give_way()
        if self._answer.tail:
            await self._answer.give_way(self._answer.tail)


class _Tee:
    """A body on its way to the application, copied onto a tape."""

    def __init__(self, stream: Any, tape: Tape) -> None:
        self._stream = stream
        self._tape = tape

    def __iter__(self) -> Iterator[bytes]:
        try:
            for data in self._stream:
                self._tape.add(data)
                yield data
        except GeneratorExit:
            raise
        except BaseException as error:
            self._tape.fail(error)
            raise
        self._tape.end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self._stream:
                self._tape.add(data)
                yield data
        except GeneratorExit:
            raise
        except asyncio.CancelledError:
            self._tape.cut()
            raise
        except BaseException as error:
            self._tape.fail(error)
            raise
        self._tape.end()

    def close(self) -> None:
        self._stream.close()
        self._tape.cut()

    async def aclose(self) -> None:
        await self._stream.aclose()
        self._tape.cut()


class _Streams:
    """The two bodies as the classes that one httpx module asks for."""

    def __init__(self, module: ModuleType) -> None:
        bases = (module.SyncByteStream, module.AsyncByteStream)
        self.replayed: Any = type("ReplayedStream", (_Pieces, *bases), {})
        self.taped: Any = type("TapedStream", (_Tee, *bases), {})


@cache
def _streams(module: ModuleType) -> _Streams:
    return _Streams(module)
