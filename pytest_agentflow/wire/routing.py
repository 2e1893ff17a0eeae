"""Which session a request belongs to: that of its context, else the only one alive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.recording.match import Verbatim
from pytest_agentflow.wire.allowed import may_reach
from pytest_agentflow.wire.handler import Broken, Exchange, Handler, Paced
from pytest_agentflow.wire.miss import NetworkRefused
from pytest_agentflow.wire.pace import Played, played
from pytest_agentflow.wire.telemetry import is_telemetry

here: ContextVar[Handler | None] = ContextVar("agentflow_handler", default=None)
_alive: list[Handler] = []
_lock = threading.Lock()


@contextmanager
def routed_to(handler: Handler) -> Iterator[None]:
    """Send the traffic of this context, and of what it starts, to `handler`."""
    before = here.get()
    with _lock:
        _alive.append(handler)
    here.set(handler)
    try:
        yield
    finally:
        here.set(before)
        with _lock:
            _alive.remove(handler)


def alive() -> list[Handler]:
    """Give every session that is under way in this process."""
    return [handler for handler in list(_alive) if not handler.closed]


def anybody() -> bool:
    """Whether a session is alive, or the context still belongs to one that ended."""
    return bool(_alive) or here.get() is not None


def current() -> Handler | None:
    """Give the session that this context's traffic belongs to.

    Plain threads have no context of ours, and threads that outlive the run they were
    started in have an old one; both belong to the only session alive. Where none is,
    a replay that has ended still answers for what it left running.

    Raises `NetworkRefused` where it cannot be told which session is meant.
    """
    handler = here.get()
    if handler is not None and not handler.closed:
        return handler
    concerned_ = concerned()
    if len(concerned_) > 1:
        raise _ambiguous(concerned_)
    return concerned_[0] if concerned_ else None


def concerned() -> list[Handler]:
    """List the sessions that this context may belong to."""
    handler = here.get()
    if handler is not None and not handler.closed:
        return [handler]
    if others := alive():
        return others
    return [handler] if handler is not None and handler.replays else []


def _late(handler: Handler) -> NetworkRefused:
    refusal = NetworkRefused(
        "a request was made after its replayed run had ended; await or join what the "
        "workflow starts before it returns"
    )
    handler.refused(refusal)
    return refusal


def _ambiguous(sessions: list[Handler]) -> NetworkRefused:
    refusal = NetworkRefused(
        f"a request came from a thread that belongs to none of the {len(sessions)} "
        "sessions under way; start the thread inside the run, or run its function by "
        "contextvars.copy_context().run"
    )
    for handler in sessions:
        handler.refused(refusal)
    return refusal


def at_once(handler: Handler, asked: Verbatim) -> Played | None:
    """Give the answer to what a recording holds byte for byte; `None`: `dispatch` it.

    Seams may ask so before they make a `Request`, which costs as much as all that a
    replay then does to answer it.
    """
    if handler.closed or not handler.replays:
        return None
    method, _, host, port, path, _, _ = asked
    if may_reach(host, port, handler.allowed):
        return None
    if is_telemetry(method, host, path, handler.telemetry):
        return None
    answer = handler.at_once(asked)
    return None if answer is None else played(answer)


def dispatch(handler: Handler, request: Request) -> Played | Exchange | Broken | None:
    """Ask `handler` about `request`; `None`: let it through unseen.

    Raises `NetworkRefused` for a request that comes after the end of its replay.
    """
    if may_reach(request.host, request.port, handler.allowed):
        return None
    if is_telemetry(request.method, request.host, request.path, handler.telemetry):
        handler.ignored(request)
        return Played(response=Response(status=200)) if handler.replays else None
    if handler.closed:
        raise _late(handler)
    verdict = handler.handle(request)
    if isinstance(verdict, (Response, Paced)):
        return played(verdict)
    return verdict
