"""Which stage a document belongs to that was retrieved before any stage began."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from flows import MakeFlow
from scripted_server import Server

import pytest_agentflow as af


@af.retriever
async def find(query: str) -> list[str]:
    """Loads take longer to look up than ovens."""
    await asyncio.sleep(0.01 if query == "ovens" else 0.03)
    return [f"All about {query}, and more than that.\nIt is short."]


async def write(server: Server, stage: str, documents: list[str]) -> None:
    """A stage that asks a model, with the documents in its prompt."""
    async with httpx.AsyncClient() as client:
        with af.stage(stage):
            await asyncio.sleep(0.01)
            text = f"Write {stage}:\n  {documents[0].strip()}"
            body = {"model": "m", "messages": [{"role": "user", "content": text}]}
            await client.post(f"{server.url}/v1/chat/completions", json=body)


async def in_tasks(server: Server) -> None:
    """Each task retrieves, and writes with what it found."""

    async def one(stage: str, query: str) -> None:
        await write(server, stage, await find(query))

    await asyncio.gather(one("first", "loads"), one("second", "ovens"))


async def gathered(server: Server) -> None:
    """Everything is retrieved first; both stages know of both documents."""
    ovens, loads = await asyncio.gather(find("ovens"), find("loads"))
    await asyncio.gather(write(server, "first", loads), write(server, "second", ovens))


async def in_turn(server: Server) -> None:
    """The stage that begins next uses what was retrieved last."""
    ovens, loads = await find("ovens"), await find("loads")
    await write(server, "first", loads)
    await write(server, "second", ovens)


@pytest.mark.parametrize("workflow", [in_tasks, gathered, in_turn])
def test_documents_belong_to_the_stage_whose_prompts_hold_them(
    flow: MakeFlow, server: Server, workflow: Callable[[Server], Awaitable[None]]
) -> None:
    """Not to the one that merely began next; alike in a recording and its replay."""

    async def build() -> None:
        await workflow(server)

    run = asyncio.run(flow("record").run(build))
    read = {source.text.split()[2].strip(","): source.stage for source in run.sources}

    assert read == {"loads": "first", "ovens": "second"}
    assert asyncio.run(flow("replay").run(build)).sources == run.sources


def test_a_document_that_no_prompt_holds_is_the_next_stages(
    flow: MakeFlow, server: Server
) -> None:
    """Where a text was reworded on its way, order is all that is known."""

    async def build() -> None:
        await find("ovens")
        await write(server, "first", ["nothing of it"])
        await write(server, "second", ["nothing either"])

    run = asyncio.run(flow("record").run(build))
    assert [source.stage for source in run.sources] == ["first"]


def test_a_document_stays_with_the_stage_that_reads_it_first(
    flow: MakeFlow, server: Server
) -> None:
    """A later stage that is given the same text does not take it away."""

    async def build() -> None:
        ovens = await find("ovens")
        await write(server, "second", ovens)
        await write(server, "first", ovens)

    run = asyncio.run(flow("record").run(build))
    assert [source.stage for source in run.sources] == ["second"]
