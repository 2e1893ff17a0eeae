"""Door 1: stages that OpenTelemetry spans name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flows import MakeFlow
from scripted_server import Server

from pytest_agentflow.running import frameworks

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk")
trace = pytest.importorskip("opentelemetry.trace")


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A tracer provider of the application's own, for one test."""
    made = sdk.TracerProvider()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: made)
    yield made
    made.shutdown()


def chat(server: Server, text: str) -> str:
    """Ask the model."""
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    url = f"{server.url}/v1/chat/completions"
    return requests.post(url, json=body, timeout=9).text


def agents(server: Server, provider: Any) -> None:
    """Two agents, one after the other; calls in spans within their spans."""
    tracer = provider.get_tracer("app")
    for agent in ("planner", "writer"):
        with (
            tracer.start_as_current_span(
                "invoke_agent", attributes={"gen_ai.agent.name": agent}
            ),
            tracer.start_as_current_span("step"),
            tracer.start_as_current_span("chat m"),
        ):
            chat(server, f"{agent}, first")
            chat(server, f"{agent}, second")


def test_the_nearest_agent_span_names_the_stage(
    flow: MakeFlow, server: Server, provider: Any
) -> None:
    """Calls stand in their agent's stage, in order, and replay there."""

    def build() -> None:
        agents(server, provider)

    run = flow("record").run(build)
    assert [c.id for c in run.calls] == [
        "planner/1",
        "planner/2",
        "writer/1",
        "writer/2",
    ]
    assert [(s.name, s.after, s.found_by) for s in run.stages] == [
        ("planner", (), frameworks.DOOR),
        ("writer", ("planner",), frameworks.DOOR),
    ]
    assert run.happens_before("planner/2", "writer/1")
    server.stop()
    assert flow("replay").run(build) == run


def test_parallel_agents_stand_side_by_side(
    flow: MakeFlow, server: Server, provider: Any
) -> None:
    """Tasks carry their own span: no call lands in the other's stage."""
    tracer = provider.get_tracer("app")

    async def agent(name: str) -> None:
        with tracer.start_as_current_span("a", attributes={"agent.name": name}):
            await asyncio.to_thread(chat, server, name)

    async def build() -> None:
        await asyncio.gather(agent("left"), agent("right"))

    run = asyncio.run(flow("record").run(build))
    assert sorted(c.id for c in run.calls) == ["left/1", "right/1"]
    assert all(c.messages[0].text == c.stage for c in run.calls)
    assert all(stage.after == () for stage in run.stages)


def test_a_stage_named_in_the_code_wins(
    flow: MakeFlow, server: Server, provider: Any
) -> None:
    """What the user says is not overruled by a span."""
    import pytest_agentflow as af

    def build() -> None:
        with af.stage("mine"):
            agents(server, provider)

    run = flow("record").run(build)
    assert {c.stage for c in run.calls} == {"mine"}


def test_a_span_without_a_name_leaves_the_call_unattributed(
    flow: MakeFlow, server: Server, provider: Any
) -> None:
    """A span alone is no stage."""

    def build() -> None:
        with provider.get_tracer("app").start_as_current_span("GET /"):
            chat(server, "x")

    run = flow("record").run(build)
    assert run.stages == ()
    assert run.calls[0].stage == "unattributed"
