"""What computing the latency costs a replayed call, in time that somebody waits.

A recording of made-up chat calls, each of which took half a second, is replayed with
its latency computed and without, in turns, by three workflows: one call after the
other, four threads, and tasks of asyncio. Computing waits until nothing else of the run
can go on, so that wall time counts; CPU time stands beside it. Each pair of replays
gives one difference: the median is told, with the middle half of them. A span that is
not computed, or is not that of half-second calls, ends the script.

    python benchmarks/computed_latency.py [--calls 200] [--rounds 11] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from replay_speed import HEADERS, STAGE, URL, bodies, record

import pytest_agentflow as af
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.save import save
from pytest_agentflow.running.agentflow import AgentFlow
from pytest_agentflow.running.settings import RunSettings

TOOK = 500.0
"""Recorded duration of a call, in ms."""
SIDE_BY_SIDE = 4


def one_by_one(asked: list[bytes]) -> None:
    """Ask as a plain client does."""
    with af.stage(STAGE), httpx.Client() as client:
        for body in asked:
            client.post(URL, content=body, headers=dict(HEADERS))


def threads(asked: list[bytes]) -> None:
    """Ask from four threads that share the calls."""
    with (
        httpx.Client() as client,
        ThreadPoolExecutor(SIDE_BY_SIDE) as pool,
    ):

        def ask(body: bytes) -> None:
            with af.stage(STAGE):
                client.post(URL, content=body, headers=dict(HEADERS))

        list(pool.map(ask, asked))


def tasks(asked: list[bytes]) -> None:
    """Ask from tasks, four at a time."""

    async def all_of() -> None:
        free = asyncio.Semaphore(SIDE_BY_SIDE)
        async with httpx.AsyncClient() as client:

            async def ask(body: bytes) -> None:
                async with free:
                    await client.post(URL, content=body, headers=dict(HEADERS))

            with af.stage(STAGE):
                await asyncio.gather(*map(ask, asked))

    asyncio.run(all_of())


WORKFLOWS: dict[str, Callable[[list[bytes]], None]] = {
    "one by one": one_by_one,
    "threads": threads,
    "tasks": tasks,
}


def timed_recording(asked: list[bytes], folder: Path) -> None:
    """Write the recording, each of whose calls took as long as the others."""
    path = record(asked, folder)
    run = load(path)
    took = {
        call.id: af.Timing(start=TOOK * n, first_byte=TOOK * n, end=TOOK * (n + 1))
        for n, call in enumerate(run.calls)
    }
    save(replace(run, recorded=replace(run.recorded, calls=took)), path)


def replayed(
    ask: Callable[[list[bytes]], None], asked: list[bytes], folder: Path, *, timed: bool
) -> tuple[float, float]:
    """Give wall and CPU ms a call of one replay."""
    agentflow = AgentFlow(
        RunSettings(
            recordings=lambda: folder,
            case_for=lambda _: "all",
            times_calls=lambda: timed,
        )
    )

    def workflow() -> None:
        ask(asked)

    wall, cpu = time.perf_counter(), time.process_time()
    run = agentflow.run(workflow)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    span = run.computed.span if run.computed is not None else None
    least = TOOK * len(asked) / SIDE_BY_SIDE
    if timed and (span is None or span < least * 0.99):
        raise SystemExit(f"the span was computed as {span} ms, not {least} or more")
    if not timed and span is not None:
        raise SystemExit("the span was computed where nobody asked for it")
    return wall / len(asked) * 1000, cpu / len(asked) * 1000


def measured(count: int, rounds: int) -> dict[str, Any]:
    """Measure all workflows: differences in ms a call, quartiles of each."""
    asked = bodies(count, 2048)
    figures: dict[str, Any] = {"calls": count, "rounds": rounds}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        timed_recording(asked, folder)
        for which, ask in WORKFLOWS.items():
            replayed(ask, asked, folder, timed=True)  # what is done once, apart
            pairs = []
            for number in range(rounds):
                order = (False, True) if number % 2 else (True, False)
                got = {t: replayed(ask, asked, folder, timed=t) for t in order}
                pairs.append((got[False], got[True]))
            wall = [timed[0] - plain[0] for plain, timed in pairs]
            cpu = [timed[1] - plain[1] for plain, timed in pairs]
            figures[which] = {
                "plain_ms": statistics.median(plain[0] for plain, _ in pairs),
                "wall_ms": statistics.quantiles(wall, n=4),
                "cpu_ms": statistics.quantiles(cpu, n=4),
            }
    return figures | {"load": os.getloadavg()[0], "cores": os.cpu_count()}


def main() -> None:
    """Measure and print, with ``--json`` the figures as the last line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measured(options.calls, options.rounds)
    print("computing the latency, ms a call more: median (middle half)")
    for which in WORKFLOWS:
        wall, cpu = figures[which]["wall_ms"], figures[which]["cpu_ms"]
        print(
            f"  {which:<11} wall {wall[1]:6.2f} ({wall[0]:.2f} to {wall[2]:.2f})"
            f"   CPU {cpu[1]:6.2f} ({cpu[0]:.2f} to {cpu[2]:.2f})"
        )
    print(f"load {figures['load']:.1f} on {figures['cores']} cores")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
