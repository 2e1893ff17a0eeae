"""A Chrome DevTools Protocol connection: one socket, calls with deadlines, events."""

from __future__ import annotations

import dataclasses
import json
import select
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

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
    listeners: dict[str, Callable[[str, Json], None]] = dataclasses.field(
        default_factory=dict
    )
    """By session, called with method and params of its events, inside calls and pumps;
    the browser's own events are told to all."""
    last_id: int = 0
    awaited: set[int] = dataclasses.field(default_factory=set)
    answers: dict[int, Json] = dataclasses.field(default_factory=dict)
    posted: dict[int, Callable[[Json], None]] = dataclasses.field(default_factory=dict)
    """What is done with answers that nobody waits for; others are dropped."""


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
    sent = send(connection, method, params, session=session)
    return answer_to(connection, sent, deadline=deadline, interrupted=interrupted)


def answer_to(
    connection: Connection,
    sent: Sent,
    *,
    deadline: float,
    interrupted: Callable[[], bool] = lambda: False,
) -> Json:
    """Wait for the result of a command that was sent; it raises what `call` raises."""
    pump(
        connection,
        until=lambda: sent.id in connection.answers or interrupted(),
        deadline=deadline,
    )
    connection.awaited.discard(sent.id)
    answer = connection.answers.pop(sent.id, None)
    if answer is None:
        if interrupted():
            raise InterruptedCall(sent.method)
        message = f"{sent.method} was not answered in time"
        raise CallTimeout(message)
    if "error" in answer:
        error = answer["error"]
        message = f"{sent.method}: {error.get('message', error)}"
        raise ProtocolError(message)
    result: Json = answer["result"]
    return result


def post(
    connection: Connection,
    method: str,
    params: Json | None = None,
    *,
    session: str = "",
    then: Callable[[Json], None] | None = None,
) -> None:
    """Send one command and wait for nothing; `then` gets its result, if it has one."""
    sent = _write(connection, method, params, session)
    if then is not None:
        connection.posted[sent] = then


def pump(connection: Connection, *, until: Callable[[], bool], deadline: float) -> bool:
    """Handle what arrives until the condition holds; tell whether it does."""
    while not until():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        _receive(connection, left)
    return True


def drain(connection: Connection, *, most: float) -> None:
    """Handle what has arrived already, for so many seconds at most.

    Raises:
        ConnectionLost: the browser went away meanwhile.
    """
    end = time.monotonic() + most
    while time.monotonic() < end:
        socket = connection.socket.sock
        if socket is not None and not select.select([socket], [], [], 0)[0]:
            return
        _receive(connection, most)


def close(connection: Connection) -> None:
    """Close the socket without waiting for the other side."""
    connection.socket.shutdown()  # type: ignore[no-untyped-call]


class Sent(NamedTuple):
    """A command that was sent and is not answered yet."""

    id: int
    method: str


def send(
    connection: Connection,
    method: str,
    params: Json | None = None,
    *,
    session: str = "",
) -> Sent:
    """Send one command; `answer_to` waits for its result.

    What is sent together is answered in turn, without a wait between each two.
    """
    sent = _write(connection, method, params, session)
    connection.awaited.add(sent)
    return Sent(sent, method)


def forget(connection: Connection) -> None:
    """Wait for none of the answers to what was sent."""
    connection.awaited.clear()
    connection.answers.clear()


def _write(
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
    _file(connection, json.loads(text))


def _file(connection: Connection, message: Json) -> None:
    number = message.get("id")
    if number is None:
        _tell(connection, message)
    elif number in connection.awaited:
        connection.answers[number] = message
    elif (then := connection.posted.pop(number, None)) and "result" in message:
        then(message["result"])


def _tell(connection: Connection, event: Json) -> None:
    """Tell an event to the tab it is of; what is the browser's own, to every tab."""
    session = event.get("sessionId", "")
    listeners = connection.listeners
    for name in [session] if session else list(listeners):
        if name in listeners:
            listeners[name](event["method"], event["params"])
