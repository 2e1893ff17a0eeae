"""Tasks, threads and pools: calls find their stage, their parents and their order."""

from __future__ import annotations

import asyncio
import queue
import random
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from flows import MakeFlow, without_recorded
from scripted_server import Asked, Reply, Server, as_json, serving

import pytest_agentflow as af


@pytest.fixture
def shaky(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A provider that takes a different time for each answer."""
    chance = random.Random(7)  # noqa: S311 - pauses, no secrets

    def answer(asked: Asked) -> Reply:
        return as_json({"said": asked.path}, delay=chance.choice([0, 0.01, 0.03]))

    with serving(answer) as running:
        monkeypatch.setattr(f"{__name__}.URL", running.url)
        yield running


URL = ""
TRUST = ssl.create_default_context()  # made once: it takes longer than a call


def fetch(name: str) -> str:
    """Ask for one thing."""
    with httpx2.Client(verify=TRUST) as client:
        return str(client.get(f"{URL}/{name}").json()["said"])


async def fetch_async(name: str) -> str:
    """Ask for one thing, without blocking."""
    async with httpx2.AsyncClient(verify=TRUST) as client:
        return str((await client.get(f"{URL}/{name}")).json()["said"])


def _pooled(names: list[str]) -> list[str]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(fetch, names))


def _threads(names: list[str]) -> list[str]:
    given: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda n=n: given.update({n: fetch(n)})) for n in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [given[name] for name in names]


def _gathered(names: list[str]) -> list[str]:
    async def main() -> list[str]:
        return list(await asyncio.gather(*map(fetch_async, names)))

    return asyncio.run(main())


def _grouped(names: list[str]) -> list[str]:
    async def main() -> list[str]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetch_async(name)) for name in names]
        return [task.result() for task in tasks]

    return asyncio.run(main())


def _to_thread(names: list[str]) -> list[str]:
    async def main() -> list[str]:
        return list(await asyncio.gather(*(asyncio.to_thread(fetch, n) for n in names)))

    return asyncio.run(main())


Spread = Callable[[list[str]], list[str]]
each_way = pytest.mark.parametrize(
    "spread",
    [_pooled, _threads, _gathered, _grouped, _to_thread],
    ids=lambda f: f.__name__[1:],
)

NAMES = ["d", "a", "c", "b", "e"]


def _workflow(spread: Spread) -> Callable[[], Any]:
    def build() -> list[str]:
        with af.stage("plan"):
            fetch("plan")
        with af.stage("paint"):
            first = spread(NAMES)
            second = spread([f"{name}2" for name in NAMES])
        with af.stage("write"):
            fetch("write")
        return [*first, *second]

    return build


@each_way
def test_parallel_calls_belong_to_their_stage_and_follow_what_came_before(
    spread: Spread, flow: MakeFlow, shaky: Server
) -> None:
    """Every call of a burst has the call before as parent, none has another's."""
    run = flow("record").run(_workflow(spread))
    asked = {call.request.path[1:]: call for call in run.calls if call.request}
    assert {asked[n].stage for n in asked} == {"plan", "paint", "write"}
    firsts = {asked[name].id for name in NAMES}
    seconds = {asked[f"{name}2"].id for name in NAMES}
    for name in NAMES:
        assert asked[name].parents == (asked["plan"].id,)
        assert set(asked[f"{name}2"].parents) == firsts
    assert set(asked["write"].parents) == seconds
    assert run.stage("write").after == ("plan", "paint")


@each_way
def test_parallel_recordings_are_the_same_whoever_was_faster(
    spread: Spread, flow: MakeFlow, shaky: Server
) -> None:
    """Ids, order and parents come from the program, never from the clock."""
    seen = set()
    for _ in range(3):
        run = flow("record").run(_workflow(spread))
        assert run.path is not None
        seen.add(without_recorded(run.path))
    assert len(seen) == 1


@each_way
def test_parallel_answers_are_not_swapped_in_a_replay(
    spread: Spread, flow: MakeFlow, shaky: Server
) -> None:
    """Each task gets its own recorded answer, without a server."""
    recorded = flow("record").run(_workflow(spread))
    shaky.stop()
    replayed = flow("replay").run(_workflow(spread))
    assert replayed == recorded
    assert replayed.output[:5] == [f"/{name}" for name in NAMES]


def test_overlap_is_recorded_beside_the_order(
    flow: MakeFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that were under way together are listed in the volatile block."""
    meeting = threading.Barrier(2, timeout=20)

    def answer(asked: Asked) -> Reply:
        if asked.path in ("/a", "/d"):
            meeting.wait()  # neither is answered before the other one is asked
        return as_json({"said": ""})

    with serving(answer) as running:
        monkeypatch.setattr(f"{__name__}.URL", running.url)
        run = flow("record").run(_workflow(_pooled))
    timings = run.recorded.calls
    ids = {c.request.path: c.id for c in run.calls if c.request}
    assert ids["/a"] in timings[ids["/d"]].overlaps
    assert ids["/d"] in timings[ids["/a"]].overlaps
    assert timings["plan/1"].overlaps == ()


def test_a_task_follows_what_its_parent_knew_when_it_was_made(
    flow: MakeFlow, shaky: Server
) -> None:
    """A call that the parent makes later does not come before the task's."""

    async def build() -> None:
        await fetch_async("before")
        task = asyncio.create_task(fetch_async("child"))
        await fetch_async("beside")
        await task
        await fetch_async("after")

    run = asyncio.run(flow("live").run(build))
    paths = {c.request.path[1:]: c for c in run.calls if c.request}
    assert paths["child"].parents == (paths["before"].id,)
    assert paths["beside"].parents == (paths["before"].id,)
    assert set(paths["after"].parents) == {paths["beside"].id, paths["child"].id}
    assert run.happens_before(paths["before"].id, paths["after"].id)
    assert not run.happens_before(paths["child"].id, paths["beside"].id)


def test_parallel_stages_come_after_neither_of_the_two(
    flow: MakeFlow, shaky: Server
) -> None:
    """Stages side by side have no edge; a stage that follows both has two."""

    async def side(name: str) -> None:
        with af.stage(name):
            await fetch_async(name)

    async def build() -> None:
        await asyncio.gather(side("left"), side("right"))
        await side("join")

    run = asyncio.run(flow("live").run(build))
    assert {s.name: s.after for s in run.stages} == {
        "left": (),
        "right": (),
        "join": ("left", "right"),
    }


def test_two_runs_at_a_time_are_apart(flow: MakeFlow, shaky: Server) -> None:
    """Runs in tasks side by side keep their calls to themselves."""

    async def build(name: str) -> str:
        with af.stage("only"):
            await fetch_async(f"{name}/1")
            return await fetch_async(f"{name}/2")

    async def both(mode: str) -> list[af.Run]:
        made = flow(mode)
        return list(
            await asyncio.gather(*(made.run(build, name=n) for n in ("one", "two")))
        )

    recorded = asyncio.run(both("record"))
    shaky.stop()
    assert asyncio.run(both("replay")) == recorded
    assert [run.output for run in recorded] == ["/one/2", "/two/2"]
    assert [len(run.calls) for run in recorded] == [2, 2]


def test_a_run_inside_a_run_is_its_own(flow: MakeFlow, shaky: Server) -> None:
    """The inner run's calls are no calls of the outer one."""
    inner: list[af.Run] = []

    def small() -> str:
        return fetch("small")

    def build() -> str:
        fetch("before")
        inner.append(made.run(small))
        return fetch("after")

    made = flow("record")
    outer = made.run(build)
    shaky.stop()
    recorded = [outer, *inner]
    inner.clear()
    made = flow("replay")
    assert [made.run(build), *inner] == recorded
    assert [len(run.calls) for run in recorded] == [2, 1]


def test_threads_of_another_run_are_not_confused(flow: MakeFlow, shaky: Server) -> None:
    """Two runs in threads of their own, each with a pool, stay apart."""

    def build(name: str) -> list[str]:
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(fetch, [f"{name}/{n}" for n in range(3)]))

    made = flow("record")
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda n: made.run(build, name=n), ["one", "two"]))
    for run, name in zip(runs, ("one", "two"), strict=True):
        assert run.output == [f"/{name}/{n}" for n in range(3)]
        assert {c.request.path.split("/")[1] for c in run.calls if c.request} == {name}


def test_a_pool_made_before_the_run_serves_it(flow: MakeFlow, shaky: Server) -> None:
    """Threads that are older than the run know of it by the work handed over."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 0).result()

        def build() -> str:
            with af.stage("paint"):
                return pool.submit(fetch, "x").result()

        run = flow("record").run(build)
    assert [call.stage for call in run.calls] == ["paint"]


def test_trio_tasks_are_branches_too(flow: MakeFlow, shaky: Server) -> None:
    """Nurseries give the same lineage as gather."""
    trio = pytest.importorskip("trio")

    def build() -> None:
        async def main() -> None:
            await fetch_async("before")
            async with trio.open_nursery() as nursery:
                for name in NAMES:
                    nursery.start_soon(fetch_async, name)
            await fetch_async("after")

        trio.run(main)

    recorded = flow("record").run(build)
    paths = {c.request.path[1:]: c for c in recorded.calls if c.request}
    assert {paths[n].parents for n in NAMES} == {(paths["before"].id,)}
    assert set(paths["after"].parents) == {paths[n].id for n in NAMES}
    shaky.stop()
    assert flow("replay").run(build) == recorded


def test_a_thread_older_than_the_run_stands_in_the_stage_that_is_open(
    flow: MakeFlow, shaky: Server
) -> None:
    """A worker that was there before knows of no run, and belongs to the only one."""
    work: queue.Queue[str | None] = queue.Queue()

    def serve() -> None:
        while (name := work.get()) is not None:
            fetch(name)
            work.task_done()

    def hand_over(name: str) -> None:
        work.put(name)
        work.join()

    def build() -> None:
        hand_over("outside")
        with af.stage("outer"), af.stage("inner"):
            hand_over("inside")

    thread = threading.Thread(target=serve)
    thread.start()
    run = flow("live").run(build)
    work.put(None)
    thread.join()
    assert [(c.stage, c.request.path) for c in run.calls if c.request] == [
        ("unattributed", "/outside"),
        ("inner", "/inside"),
    ]


def test_such_a_thread_belongs_to_no_stage_where_two_are_open(
    flow: MakeFlow, shaky: Server
) -> None:
    """Never a wrong stage: side by side, nobody can tell which one is meant."""
    work: queue.Queue[str | None] = queue.Queue()

    def serve() -> None:
        while (name := work.get()) is not None:
            fetch(name)
            work.task_done()

    async def side(name: str, meeting: asyncio.Barrier) -> None:
        with af.stage(name):
            await meeting.wait()
            if name == "left":
                work.put("x")
                work.join()
            await meeting.wait()

    async def build() -> None:
        meeting = asyncio.Barrier(2)
        await asyncio.gather(side("left", meeting), side("right", meeting))

    thread = threading.Thread(target=serve)
    thread.start()
    run = asyncio.run(flow("live").run(build))
    work.put(None)
    thread.join()
    assert [call.stage for call in run.calls] == ["unattributed"]
