"""In a replay no socket opens that nobody allowed, whoever tries."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import urllib.request
from collections.abc import Callable

import pytest
from scripted_server import Server
from spies import Spy

from pytest_agentflow.wire.guard import allow_connection, forbid_connection
from pytest_agentflow.wire.miss import NetworkRefused

Open = Callable[[Spy], Spy]


def test_a_client_that_no_seam_knows_is_refused_by_name(open_session: Open) -> None:
    """The standard library's client is named, and the module that used it."""
    spy = open_session(Spy(replays=True))
    connection = http.client.HTTPConnection("127.0.0.1", 9)
    with pytest.raises(NetworkRefused, match=r"http\.client, called by .*test_guard"):
        connection.request("GET", "/")
    [refusal] = spy.refusals
    assert "127.0.0.1:9" in str(refusal)
    assert "agentflow_allow_hosts" in str(refusal)


def test_looking_a_name_up_is_refused_before_anybody_is_asked(
    open_session: Open,
) -> None:
    """A name is not resolved: that, too, tells others of the run."""
    open_session(Spy(replays=True))
    with pytest.raises(NetworkRefused, match=r"api\.example\.com"):
        urllib.request.urlopen("http://api.example.com/")


def test_asyncio_sockets_are_refused_where_they_are_opened(open_session: Open) -> None:
    """A client on asyncio streams is refused inside its task."""
    spy = open_session(Spy(replays=True))

    async def connect() -> None:
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(NetworkRefused):
        asyncio.run(connect())
    assert spy.refusals


def test_an_async_client_is_named_though_names_resolve_in_a_thread(
    open_session: Open,
) -> None:
    """The module that handed the look-up over to a thread is the one to name."""
    spy = open_session(Spy(replays=True))

    async def connect() -> None:
        await asyncio.open_connection("api.example.com", 443)

    with pytest.raises(NetworkRefused, match="test_guard"):
        asyncio.run(connect())
    assert spy.refusals


def test_datagrams_are_refused(open_session: Open) -> None:
    """UDP is network, too."""
    open_session(Spy(replays=True))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        pytest.raises(NetworkRefused),
    ):
        sock.sendto(b"x", ("127.0.0.1", 9))


def test_sockets_of_this_machine_alone_are_free(open_session: Open) -> None:
    """Unix sockets and pairs reach no network."""
    spy = open_session(Spy(replays=True))
    left, right = socket.socketpair()
    left.sendall(b"x")
    assert right.recv(1) == b"x"
    left.close()
    right.close()
    assert spy.refusals == []


def test_a_registered_connection_is_let_through(
    open_session: Open, server: Server
) -> None:
    """A room of ours that needs a socket says so, by host and port."""
    allow_connection("127.0.0.1", server.port)
    spy = open_session(Spy(replays=True))
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/x")
    assert connection.getresponse().status == 200
    connection.close()
    assert spy.refusals == []
    # A closed port is given to anybody: it must not stay open to replays.
    forbid_connection("127.0.0.1", server.port)
    with pytest.raises(NetworkRefused):
        http.client.HTTPConnection("127.0.0.1", server.port).connect()


def test_a_registered_name_covers_its_addresses(
    open_session: Open, server: Server
) -> None:
    """An allowed name may be looked up and connected to."""
    spy = open_session(
        Spy(replays=True, allowed=frozenset({("localhost", server.port)}))
    )
    with socket.create_connection(("localhost", server.port), timeout=5):
        pass
    assert spy.refusals == []


def test_an_allowed_host_is_allowed_on_its_port_only(
    open_session: Open, server: Server
) -> None:
    """Another port of an allowed host stays closed."""
    open_session(Spy(replays=True, allowed=frozenset({("127.0.0.1", 1)})))
    with pytest.raises(NetworkRefused):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_the_guard_is_inert_without_a_replay(
    open_session: Open, server: Server
) -> None:
    """While recording, and without a session, sockets open as ever."""
    socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    open_session(Spy())
    socket.create_connection(("127.0.0.1", server.port), timeout=5).close()


def test_a_plain_thread_belongs_to_the_only_session(open_session: Open) -> None:
    """A thread that knows of no session is refused all the same."""
    spy = open_session(Spy(replays=True))
    caught: list[BaseException] = []

    def work() -> None:
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=5)
        except BaseException as error:  # noqa: BLE001 - what a thread would lose
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in caught] == [NetworkRefused]
    assert spy.refusals == caught


def test_what_a_finished_replay_left_running_stays_offline(server: Server) -> None:
    """A context of a replay that has ended still reaches nothing."""
    import contextvars

    from pytest_agentflow.wire import install, routing

    install.install(closes_network=True)
    spy = Spy(replays=True)
    with routing.routed_to(spy):
        left_over = contextvars.copy_context()
    spy.closed = True
    with pytest.raises(NetworkRefused):
        left_over.run(socket.create_connection, ("127.0.0.1", server.port), 5)


def test_telemetry_of_a_finished_replay_is_still_answered() -> None:
    """A vendor's background thread that reports late makes no noise, and no call."""
    import contextvars

    import httpx

    from pytest_agentflow.wire import install, routing

    install.install(closes_network=True)
    spy = Spy(replays=True)
    with routing.routed_to(spy):
        left_over = contextvars.copy_context()
    spy.closed = True
    answer = left_over.run(httpx.post, "http://127.0.0.1:4318/v1/traces")
    assert (answer.status_code, answer.content) == (200, b"")
    with pytest.raises(NetworkRefused, match="after its replayed run had ended"):
        left_over.run(httpx.get, "http://127.0.0.1:4318/model")


def test_a_thread_that_outlives_its_run_serves_the_next_one(server: Server) -> None:
    """A worker thread that the first run started belongs to the run under way."""
    import queue

    import httpx

    from pytest_agentflow.wire import install, routing

    install.install(closes_network=False)
    work: queue.Queue[str | None] = queue.Queue()

    def serve() -> None:
        while (path := work.get()) is not None:
            httpx.get(f"{server.url}/{path}")
            work.task_done()

    spies = [Spy(), Spy()]
    thread = threading.Thread(target=serve)
    for number, spy in enumerate(spies):
        with routing.routed_to(spy):
            if not number:
                thread.start()
            work.put(str(number))
            work.join()
        spy.closed = True
    work.put(None)
    thread.join()
    assert [[w.request.path for w in spy.seen] for spy in spies] == [["/0"], ["/1"]]
