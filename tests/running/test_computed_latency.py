"""A replay's latency is computed, whatever client, door or kind of concurrency."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests

import pytest_agentflow as af
from pytest_agentflow.recording.names import recording_path
from pytest_agentflow.running.agentflow import AgentFlow
from pytest_agentflow.running.settings import RunSettings

HOST = "https://model.example"
STAGE = "painter"
NAMES = ("one", "two", "three", "four")
TOOK = {"one": 40.0, "two": 10.0, "three": 30.0, "four": 20.0}
"""ms of each call."""

Replays = Callable[..., af.Run]


def call_of(name: str, *, chunks: int = 0, broken: bool = False) -> af.Call:
    """Make up the call of this name."""
    request = af.Request(
        method="GET", scheme="https", host="model.example", port=443, path=f"/{name}"
    )
    answer = af.Response(
        status=200,
        headers=(("content-type", "text/plain"),),
        body=b"x" * chunks,
        chunks=(1,) * chunks,
    )
    return af.Call(
        id=f"{STAGE}/{name}",
        kind="http",
        stage=STAGE,
        request=request,
        response=None if broken else answer,
        attempts=(af.Attempt(error="no route"),) if broken else (),
    )


def timing(took: float, chunks: tuple[float, ...] = ()) -> af.Timing:
    """Say that a call took so many ms, from moment 5 on."""
    first = chunks[0] if chunks else took
    return af.Timing(start=5.0, first_byte=5.0 + first, end=5.0 + took, chunks=chunks)


@pytest.fixture
def replays(tmp_path: Path) -> Replays:
    """Replay a workflow in the stage, against a made-up recording."""

    def replay(
        workflow: Callable[[], Any],
        *,
        calls: tuple[af.Call, ...] = tuple(map(call_of, NAMES)),
        timings: Mapping[str, af.Timing] | None = None,
        **settings: Any,
    ) -> Any:
        known = timings or {f"{STAGE}/{n}": timing(ms) for n, ms in TOOK.items()}
        recording = af.Run(
            workflow="workflow",
            case="all",
            stages=(af.Stage(name=STAGE),),
            calls=calls,
            recorded=af.Recorded(duration=40.0, calls=known),
        )
        af.save(recording, recording_path(tmp_path, "workflow", "all"))
        given = {"times_calls": lambda: True, **settings}
        agentflow = AgentFlow(
            RunSettings(recordings=lambda: tmp_path, case_for=lambda _: "all", **given)
        )
        marked = af.stage(STAGE)(workflow)
        marked.__name__ = "workflow"
        return agentflow.run(marked)

    return replay


def span(run: af.Run) -> float:
    """Give the computed span; it must be relied on."""
    assert run.computed is not None
    assert run.computed.undetermined == ()
    assert run.computed.work == sum(TOOK.values())
    return run.computed.span


# Clients


def ask_httpx(name: str) -> None:
    """Ask by httpx."""
    httpx.get(f"{HOST}/{name}")


def ask_requests(name: str) -> None:
    """Ask by requests."""
    requests.get(f"{HOST}/{name}", timeout=10)


async def ask_httpx_async(name: str) -> None:
    """Ask by httpx in a task."""
    async with httpx.AsyncClient() as client:
        await client.get(f"{HOST}/{name}")


async def ask_aiohttp(name: str) -> None:
    """Ask by aiohttp in a task."""
    async with aiohttp.ClientSession() as client, client.get(f"{HOST}/{name}") as got:
        await got.read()


every_sync = pytest.mark.parametrize("ask", [ask_httpx, ask_requests])
every_async = pytest.mark.parametrize("ask", [ask_httpx_async, ask_aiohttp])


@every_sync
def test_blocking_calls_in_a_loop_add_up(
    ask: Callable[[str], None], replays: Replays
) -> None:
    """One after the other, they take as long as all of them."""

    def workflow() -> None:
        for name in NAMES:
            ask(name)

    run = replays(workflow)
    assert span(run) == 100.0
    assert run.computed is not None
    assert run.computed.critical == tuple(f"{STAGE}/{name}" for name in NAMES)
    assert run.computed.at_once(run.computed.calls) == 1


@every_sync
def test_blocking_calls_in_threads_overlap(
    ask: Callable[[str], None], replays: Replays
) -> None:
    """In a pool of four the longest counts."""

    def workflow() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, NAMES))

    run = replays(workflow)
    assert span(run) == 40.0
    assert run.computed is not None
    assert run.computed.critical == (f"{STAGE}/one",)
    assert run.computed.at_once(run.computed.calls) == 4


def test_raw_threads_overlap(replays: Replays) -> None:
    """So do threads that are started by hand."""

    def workflow() -> None:
        threads = [threading.Thread(target=ask_httpx, args=(n,)) for n in NAMES]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert span(replays(workflow)) == 40.0


@every_async
def test_gathered_calls_overlap(ask: Callable[[str], Any], replays: Replays) -> None:
    """Tasks side by side take as long as the longest."""

    async def workflow() -> None:
        await asyncio.gather(*map(ask, NAMES))

    assert span(asyncio.run(replays(workflow))) == 40.0


@every_async
def test_awaited_calls_add_up(ask: Callable[[str], Any], replays: Replays) -> None:
    """A loop that awaits each call is as slow as all of them."""

    async def workflow() -> None:
        for name in NAMES:
            await ask(name)

    assert span(asyncio.run(replays(workflow))) == 100.0


def test_nested_concurrency_is_followed(replays: Replays) -> None:
    """Two sequences side by side take as long as the longer one."""

    async def workflow() -> None:
        async def pair(first: str, second: str) -> None:
            await ask_httpx_async(first)
            await ask_httpx_async(second)

        await asyncio.gather(pair("one", "two"), pair("three", "four"))

    run = asyncio.run(replays(workflow))
    assert span(run) == 50.0
    assert run.computed.parallelism == 2.0


def test_the_critical_path_leads_through_what_was_waited_for(replays: Replays) -> None:
    """Calls that others waited for by a semaphore are on it, those beside are not."""

    async def workflow() -> None:
        places = asyncio.Semaphore(2)

        async def one(name: str) -> None:
            async with places:
                await ask_httpx_async(name)

        await asyncio.gather(*map(one, NAMES))

    run = asyncio.run(replays(workflow))
    assert span(run) == 60.0
    last = run.computed.critical[-1]
    assert last == f"{STAGE}/four"
    assert len(run.computed.critical) == 2


# Streams


def first_piece_then(name: str) -> None:
    """Read a stream's first piece, then ask on beside it, then read the rest."""
    with httpx.stream("GET", f"{HOST}/one") as answer:
        pieces = answer.iter_bytes(1)
        next(pieces)
        ask_httpx(name)
        assert len(list(pieces)) == 3


def test_a_call_made_beside_a_stream_overlaps_it(replays: Replays) -> None:
    """Pieces of a stream come while the program does something else."""
    run = replays(
        lambda: first_piece_then("two"),
        calls=(call_of("one", chunks=4), call_of("two")),
        timings={
            f"{STAGE}/one": timing(40.0, (5.0, 10.0, 20.0, 35.0)),
            f"{STAGE}/two": timing(10.0),
        },
    )
    assert run.computed is not None
    assert run.computed.calls[f"{STAGE}/one"] == (0.0, 40.0)
    assert run.computed.calls[f"{STAGE}/two"] == (5.0, 15.0)


@pytest.mark.parametrize("ask", [ask_httpx, ask_requests])
def test_a_long_stream_ends_when_it_did(
    ask: Callable[[str], None], replays: Replays
) -> None:
    """Hundreds of pieces take as long as they took."""
    moments = tuple(5.0 + i / 10 for i in range(300))
    run = replays(
        lambda: ask("one"),
        calls=(call_of("one", chunks=300),),
        timings={f"{STAGE}/one": timing(40.0, moments)},
    )
    assert run.computed is not None
    assert run.computed.span == 40.0


def test_a_long_stream_in_a_task_ends_when_it_did(replays: Replays) -> None:
    """So does one that aiohttp reads, beside another call."""
    moments = tuple(5.0 + i / 10 for i in range(300))

    async def workflow() -> None:
        await asyncio.gather(ask_aiohttp("one"), ask_httpx_async("two"))

    run = asyncio.run(
        replays(
            workflow,
            calls=(call_of("one", chunks=300), call_of("two")),
            timings={
                f"{STAGE}/one": timing(40.0, moments),
                f"{STAGE}/two": timing(50.0),
            },
        )
    )
    assert run.computed.span == 50.0
    assert run.computed.calls[f"{STAGE}/one"] == (0.0, 40.0)


# What is no answer of a server


def test_a_connection_that_failed_takes_its_time(replays: Replays) -> None:
    """A call that got no answer at all takes as long as it took to know."""

    def workflow() -> None:
        with pytest.raises(httpx.ConnectError):
            ask_httpx("one")
        ask_httpx("two")

    run = replays(workflow, calls=(call_of("one", broken=True), call_of("two")))
    assert run.computed is not None
    assert run.computed.span == 50.0


def tool_call(name: str) -> af.Call:
    """Make up the call of a tool."""
    return af.Call(
        id=f"{STAGE}/{name}",
        kind="tool",
        stage=STAGE,
        invocation=af.Invocation(
            function=f"{__name__}:{name}", arguments={}, result=name
        ),
    )


@af.tool
def blocks() -> str:
    """Never run in a replay."""
    raise AssertionError


@af.tool
async def awaits() -> str:
    """Never run in a replay."""
    raise AssertionError


def test_results_of_tools_take_their_time(replays: Replays) -> None:
    """Tools in threads and in tasks are held as calls over HTTP are."""

    async def workflow() -> None:
        found = await asyncio.gather(asyncio.to_thread(blocks), awaits())
        assert found == ["blocks", "awaits"]
        assert await awaits() == "awaits"

    again = tool_call("awaits")
    calls = (tool_call("blocks"), again, af_copy(again, f"{STAGE}/again"))
    timings = {
        calls[0].id: timing(30),
        calls[1].id: timing(10),
        calls[2].id: timing(10),
    }
    run = asyncio.run(replays(workflow, calls=calls, timings=timings))
    assert run.computed.span == 40.0
    assert run.computed.work == 50.0


def af_copy(call: af.Call, id_: str) -> af.Call:
    """Give a call under another id."""
    from dataclasses import replace

    return replace(call, id=id_)


# Asking for it


def test_nothing_is_computed_unless_asked(replays: Replays) -> None:
    """Without being asked, a replay has no clock of its own."""

    def workflow() -> None:
        for name in NAMES:
            ask_httpx(name)

    assert replays(workflow, times_calls=lambda: False).computed is None
    assert replays(workflow, pace="recorded").computed is None


def test_a_recording_without_times_is_undetermined(replays: Replays) -> None:
    """A call that nobody timed is no call that takes no time."""
    run = replays(
        lambda: ask_httpx("one"), calls=(call_of("one"),), timings={"x": timing(1)}
    )
    assert run.computed is not None
    assert run.computed.undetermined == (
        f"the recording holds no times of {STAGE}/one",
    )


def test_computed_times_are_in_no_recording(replays: Replays, tmp_path: Path) -> None:
    """They belong to the replay, not to what is recorded."""
    run = replays(lambda: [ask_httpx(n) for n in NAMES])
    path = af.save(run, tmp_path / "again.flow.json")
    assert run.computed is not None
    assert "computed" not in path.read_text("utf-8")
    assert af.load(path).computed is None


def test_an_error_of_the_workflow_lets_everybody_go(replays: Replays) -> None:
    """Threads that are held when the workflow fails go on, and end."""
    started: list[threading.Thread] = []

    def workflow() -> None:
        thread = threading.Thread(target=ask_httpx, args=("one",))
        thread.start()
        started.append(thread)
        ask_httpx("two")  # is answered first
        raise KeyError("the workflow's own")

    with pytest.raises(KeyError):
        replays(workflow)
    started[0].join(10)
    assert not started[0].is_alive()
