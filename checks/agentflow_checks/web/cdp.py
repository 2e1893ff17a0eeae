"""A Chrome DevTools Protocol connection: one socket, calls with deadlines, events."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from agentflow_checks.web.missing import python_package

if TYPE_CHECKING:
    from collections.abc import Callable

    from websocket import WebSocket

Json: TypeAlias = dict[str, Any]
"""One decoded protocol object."""


class ProtocolError(RuntimeError):
    """The browser refused a call; the message is the browser's own."""


class CallTimeout(TimeoutError):
    """The browser did not answer before the deadline."""


class ConnectionLost(ConnectionError):
    """The browser went away."""


class InterruptedCall(RuntimeError):
    """An event (a crash, a closed tab) made the answer impossible."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Connection:
    """The browser's socket; used by one thread at a time, calls are synchronous."""

    socket: WebSocket
    late: type[Exception]
    """What the socket raises when nothing comes in time."""
    broken: tuple[type[Exception], ...]
    """What it raises when it is closed."""
    on_event: Callable[[str, str, Json], None]
    """Called with (session, method, params) for every event, inside calls and pumps."""
    last_id: int = 0
    answers: dict[int, Json] = dataclasses.field(default_factory=dict)
    ignored: set[int] = dataclasses.field(default_factory=set)


def connect(url: str, *, timeout: float) -> Connection:
    """Open the socket at URL (``ws://127.0.0.1:PORT/devtools/browser/ID``).

    Raises:
        ConnectionLost: nothing answers there.
        PartMissing: the Python package websocket-client is not installed.
    """
    try:
        import websocket  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise python_package("websocket-client", "to talk to the browser") from error
    try:
        socket = websocket.create_connection(
            url,
            timeout=timeout,
            suppress_origin=True,
            http_no_proxy=["*"],
            # Its check is a loop in Python over every byte, a fifth of a visit;
            # decoding finds the same.
            skip_utf8_validation=True,
        )
    except (OSError, websocket.WebSocketException) as error:
        message = f"The browser's debugging socket {url} does not answer: {error}"
        raise ConnectionLost(message) from error
    return Connection(
        socket=socket,
        late=websocket.WebSocketTimeoutException,
        broken=(OSError, websocket.WebSocketException, UnicodeDecodeError),
        on_event=_nothing,
    )


def call(
    connection: Connection,
    method: str,
    params: Json | None = None,
    *,
    session: str = "",
    deadline: float,
    interrupted: Callable[[], bool] = lambda: False,
) -> Json:
    """Send one command and return its result.

    Args:
        connection: the browser's socket.
        method: the protocol's name of the command, ``Page.navigate``.
        params: its parameters.
        session: the tab it is for; empty: the browser itself.
        deadline: on the clock of `time.monotonic`, seconds.
        interrupted: asked after every event; true means that no answer will come.

    Raises:
        CallTimeout: no answer before the deadline.
        ProtocolError: the browser answered with an error.
        InterruptedCall: `interrupted` became true.
        ConnectionLost: the socket is closed.
    """
    sent = _send(connection, method, params, session)
    pump(
        connection,
        until=lambda: sent in connection.answers or interrupted(),
        deadline=deadline,
    )
    answer = connection.answers.pop(sent, None)
    if answer is None:
        connection.ignored.add(sent)
        if interrupted():
            raise InterruptedCall(method)
        message = f"{method} was not answered in time"
        raise CallTimeout(message)
    if "error" in answer:
        message = f"{method}: {answer['error'].get('message', answer['error'])}"
        raise ProtocolError(message)
    result: Json = answer["result"]
    return result


def post(
    connection: Connection,
    method: str,
    params: Json | None = None,
    *,
    session: str = "",
) -> None:
    """Send one command and never look at its answer."""
    connection.ignored.add(_send(connection, method, params, session))


def pump(connection: Connection, *, until: Callable[[], bool], deadline: float) -> bool:
    """Handle what arrives until the condition holds; tell whether it does."""
    while not until():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        _receive(connection, left)
    return True


def close(connection: Connection) -> None:
    """Close the socket without waiting for the other side."""
    connection.socket.shutdown()  # type: ignore[no-untyped-call]


def _send(
    connection: Connection, method: str, params: Json | None, session: str
) -> int:
    connection.last_id += 1
    command: Json = {"id": connection.last_id, "method": method, "params": params or {}}
    if session:
        command["sessionId"] = session
    try:
        connection.socket.send(json.dumps(command))
    except connection.broken as error:
        raise ConnectionLost(str(error)) from error
    return connection.last_id


def _receive(connection: Connection, timeout: float) -> None:
    """Read one message, if one comes in time, and file or dispatch it."""
    connection.socket.settimeout(timeout)
    try:
        text = connection.socket.recv()
    except connection.late:
        return
    except connection.broken as error:
        raise ConnectionLost(str(error)) from error
    if not text:
        message = "the browser closed its debugging socket"
        raise ConnectionLost(message)
    message_: Json = json.loads(text)
    if "id" not in message_:
        session = message_.get("sessionId", "")
        connection.on_event(session, message_["method"], message_["params"])
    elif message_["id"] in connection.ignored:
        connection.ignored.discard(message_["id"])
    else:
        connection.answers[message_["id"]] = message_


def _nothing(session: str, method: str, params: Json) -> None:
    """Take an event before anybody listens."""
    del session, method, params
