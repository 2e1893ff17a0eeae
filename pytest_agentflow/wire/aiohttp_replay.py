"""A connection of aiohttp's that no socket is behind: it gives a recorded answer.

Only the connection is made up. Request, response, reader, redirects, cookies and traces
are aiohttp's own, and see what they would see of a server.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import deque
from functools import cache
from http.client import responses
from types import ModuleType
from typing import Any

from pytest_agentflow.wire.pace import Piece, Played
from pytest_agentflow.wire.tape import replayed_headers

#: Bytes that a reader holds before it slows its connection down; here it is never full.
_LIMIT = 2**16


def connection(module: ModuleType, connector: Any, req: Any, answer: Played) -> Any:
    """Give the connection that answers `req`."""
    made = _classes(module)
    protocol = made.protocol(req.loop)
    protocol.answer(module, req, answer)
    return made.connection(connector, req.connection_key, protocol, req.loop)


class _Classes:
    """What is made up, as subclasses of one aiohttp's own classes."""

    def __init__(self, module: ModuleType) -> None:
        protocol = module.client_proto.ResponseHandler
        connection_ = module.connector.Connection
        self.reader: Any = type("ReplayedReader", (_Reader, module.StreamReader), {})
        self.protocol: Any = type("ReplayedProtocol", (_Protocol, protocol), {})
        self.connection: Any = type(
            "ReplayedConnection", (_Connection, connection_), {}
        )


@cache
def _classes(module: ModuleType) -> _Classes:
    return _Classes(module)


class _Transport(asyncio.Transport):
    """Takes what is sent, and sends it nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self._closing = False

    def write(self, data: Any) -> None:
        """Forget it: what was asked is known."""

    def writelines(self, list_of_data: Any) -> None:
        """Forget it."""

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close


class _Reader:
    """A `StreamReader` that gets its next piece when somebody waits for it.

    So pieces stay apart however slowly they are read.
    """

    _timer: Any
    _eof: bool
    _exception: BaseException | None
    feed_data: Any
    feed_eof: Any
    begin_http_chunk_receiving: Any
    end_http_chunk_receiving: Any

    def play(self, answer: Played, *, has_body: bool) -> None:
        """Give out `answer` from now on; at once, where it came in one piece."""
        self._answer = answer
        self._pieces: deque[Piece] = deque(answer.pieces() if has_body else ())
        self._chunked = bool(answer.response.chunks)
        if not self._pieces or not (self._chunked or answer.slow):
            while self._pieces:
                self.feed_data(self._pieces.popleft()[1])
            self.feed_eof()

    async def _wait(self, func_name: str) -> None:  # noqa: ARG002 - as aiohttp calls it
        with self._timer:
            tail = self._answer.tail
            await self._answer.give_way(self._pieces[0][0] if self._pieces else tail)
        if self._exception is not None:  # closed meanwhile
            raise self._exception
        if self._pieces:
            self._feed(self._pieces.popleft()[1])
        elif not self._eof:
            self.feed_eof()

    def _feed(self, data: bytes) -> None:
        if not self._chunked:
            self.feed_data(data)
            return
        self.begin_http_chunk_receiving()
        self.feed_data(data)
        self.end_http_chunk_receiving()

    async def wait_eof(self) -> None:
        """Wait until all pieces are there."""
        while not self._eof:
            await self._wait("wait_eof")


class _Protocol:
    """Gives the recorded answer where aiohttp's parser would give the server's."""

    _loop: Any

    def answer(self, module: ModuleType, req: Any, answer: Played) -> None:
        """Answer `req` by `answer`."""
        self.transport = _Transport()
        self._module = module
        self._answer = answer
        self._continues = req.headers.get("expect", "").lower() == "100-continue"
        bare = answer.response.status in (204, 304)
        self._has_body = req.method != "HEAD" and not bare

    def set_response_params(self, *, timer: Any = None, **_: Any) -> None:
        """Take the timer alone: nothing is parsed or decompressed."""
        self._timer = timer

    async def read(self) -> Any:
        """Give status and headers, and the reader of the body."""
        await self._answer.give_way(self._answer.head)
        if self._continues:
            self._continues = False
            return _message(self._module, 100, []), None
        recorded = self._answer.response
        headers = replayed_headers(recorded)
        make_reader = _classes(self._module).reader
        reader = make_reader(self, _LIMIT, timer=self._timer, loop=self._loop)
        reader.play(self._answer, has_body=self._has_body)
        return _message(self._module, recorded.status, headers), reader

    def start_timeout(self) -> None:
        """Measure no silence: nobody is there to be silent."""

    def pause_reading(self) -> None:
        """Never mind: pieces come when they are asked for."""

    def resume_reading(self, *_: Any, **__: Any) -> None:
        """The same."""


def _message(module: ModuleType, status: int, headers: list[tuple[str, str]]) -> Any:
    multidict = importlib.import_module("multidict")  # aiohttp's own requirement
    return module.http_parser.RawResponseMessage(
        version=module.HttpVersion11,
        code=status,
        reason=responses.get(status, ""),
        headers=multidict.CIMultiDictProxy(multidict.CIMultiDict(headers)),
        raw_headers=tuple((_raw(name), _raw(value)) for name, value in headers),
        should_close=False,
        compression=None,
        upgrade=False,
        chunked=False,
    )


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _Connection:
    """A connection that no pool takes back."""

    _notify_release: Any
    _protocol: Any

    def close(self) -> None:
        """Let go of it."""
        self._notify_release()
        if self._protocol is not None:
            self._protocol.transport.close()
            self._protocol = None

    release = close

    def __del__(self, *_: Any) -> None:
        """Complain of nothing: no socket is left open."""
