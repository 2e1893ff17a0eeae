"""Door 3: stages, sources, outputs and artefacts named in the code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import door_samples
import pytest
import requests
from door_samples import Doc
from flows import MakeFlow
from scripted_server import Server

import pytest_agentflow as af

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)


def test_a_block_says_what_it_got_and_gave(flow: MakeFlow) -> None:
    """Output, sources and artefacts of an open stage are the run's."""

    def build() -> None:
        with af.stage("artist") as s:
            s.sources([{"id": "kb-7", "text": "Ovens run at night.", "title": "Load"}])
            s.output({"file": "hero.png"})
            s.artefact("hero.png", PNG)

    stage = flow("live").run(build).stage("artist")
    assert stage.output == {"file": "hero.png"}
    assert (stage.found_by, stage.output_from) == ("code", "code")
    [source] = stage.sources
    assert (source.id, source.text, source.title) == (
        "kb-7",
        "Ovens run at night.",
        "Load",
    )
    [hero] = stage.artefacts
    assert (hero.name, hero.media_type, hero.data) == ("hero.png", "image/png", PNG)


def test_marks_do_nothing_outside_of_a_session(tmp_path: Path) -> None:
    """Marked code runs in production as if it had no marks."""

    @af.stage("s")
    def staged(x: int) -> int:
        return x + 1

    @af.retriever
    def found(q: str) -> list[str]:
        return [q]

    @af.tool(replay=False)
    async def used(q: str) -> str:
        return q

    with af.stage("s") as s:
        s.output(1)
        s.sources(["x"])
        s.artefact("x.txt", "x")
    af.artefact("x.txt", "x")
    assert (staged(1), found("q"), asyncio.run(used("q"))) == (2, ["q"], "q")
    assert staged.__name__ == "staged"
    assert list(tmp_path.iterdir()) == []


def test_every_kind_of_function_can_be_a_stage(flow: MakeFlow) -> None:
    """Return values, yielded texts and yielded items are outputs."""

    @af.stage("plain")
    def plain() -> dict[str, int]:
        return {"a": 1}

    @af.stage("coroutine")
    async def coroutine() -> str:
        return "awaited"

    @af.stage("texts")
    def texts() -> Iterator[str]:
        yield "a"
        yield "b"

    @af.stage("items")
    async def items() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def build() -> None:
        plain()
        await coroutine()
        list(texts())
        [item async for item in items()]

    run = asyncio.run(flow("live").run(build))
    assert {s.name: s.output for s in run.stages} == {
        "plain": {"a": 1},
        "coroutine": "awaited",
        "texts": "ab",
        "items": [1, 2],
    }
    assert run.stage("items").after == ("plain", "coroutine", "texts")


def test_a_stage_that_raised_has_ended(flow: MakeFlow) -> None:
    """A stage that follows a failed one comes after it, and has an output."""

    @af.stage("broken")
    def broken() -> None:
        raise ValueError

    def build() -> None:
        try:
            broken()
        except ValueError:
            with af.stage("rescue") as s:
                s.output("saved")

    run = flow("live").run(build)
    assert run.stage("rescue").after == ("broken",)
    assert run.stage("broken").outputs == ()


def test_a_stage_inside_a_stage_takes_its_calls(flow: MakeFlow, server: Server) -> None:
    """The innermost stage owns a call; the outer one gets its own back."""

    def call(path: str) -> None:
        requests.get(f"{server.url}/{path}", timeout=9)

    def build() -> None:
        with af.stage("outer"):
            call("1")
            with af.stage("inner"):
                call("2")
            call("3")

    run = flow("live").run(build)
    assert [(c.id, c.request.path) for c in run.calls if c.request] == [
        ("outer/1", "/1"),
        ("outer/2", "/3"),
        ("inner/1", "/2"),
    ]
    assert [(s.name, s.after) for s in run.stages] == [("outer", ()), ("inner", ())]


def test_a_stage_is_no_class_and_has_a_name() -> None:
    """Wrong use is explained where it is written."""
    with pytest.raises(TypeError, match="a stage needs a name"):
        af.stage("")
    with pytest.raises(TypeError, match="goes on a function"):
        af.stage("x")(Doc)
    with pytest.raises(TypeError, match="goes on a function"):
        af.retriever(Doc)


def test_artefacts_outside_of_stages_are_the_workflows(flow: MakeFlow) -> None:
    """What the workflow's own code names belongs to no stage, and ships."""

    def build() -> None:
        af.artefact("site/index.html", "<!doctype html><p>x")

    run = flow("live").run(build)
    [page] = run.artefacts
    assert (page.name, page.media_type, page.stage) == (
        "site/index.html",
        "text/html",
        None,
    )
    assert run.pages() == (page,)


@pytest.fixture
def called() -> list[str]:
    """What the sample tools were called with."""
    door_samples.CALLED.clear()
    return door_samples.CALLED


TOOLS = {
    "retrievers": (
        "door_samples:find",
        "door_samples:find_async",
        "door_samples:pages",
    ),
    "tools": (
        "door_samples:lookup",
        "door_samples:failing",
        "door_samples:Agent.search",
    ),
}


def test_retrievers_and_tools_answer_from_the_recording(
    flow: MakeFlow, called: list[str]
) -> None:
    """Functions named as tools do not run in a replay; their values come back."""
    given: list[Any] = []

    def build() -> None:
        docs = door_samples.find("ovens", k=1)
        more = asyncio.run(door_samples.find_async("loads"))
        pair = door_samples.lookup(door_samples.Pair(1, "x"))
        found = door_samples.Agent("Ada").search("q")
        given.append((docs, more, pair, found, list(door_samples.pages("p"))))

    recorded = flow("record", **TOOLS).run(build)
    assert called == ["ovens", "loads", "x", "q", "p"]
    called.clear()
    replayed = flow("replay", **TOOLS).run(build)
    assert called == []
    assert given[0] == given[1]
    assert given[1][0] == [Doc(id="d0", text="ovens 0")]
    assert given[1][2] == door_samples.Pair(2, "xx")
    assert replayed == recorded
    assert [(c.kind, c.invocation.arguments) for c in recorded.calls if c.invocation][
        :2
    ] == [
        ("retriever", {"query": "ovens", "k": 1}),
        ("retriever", {"query": "loads"}),
    ]


def test_what_was_retrieved_is_a_source_of_the_stage_that_follows(
    flow: MakeFlow, called: list[str]
) -> None:
    """Documents go to the open stage, else to the next one; never to a later one."""

    def build() -> None:
        door_samples.find("before", k=1)
        with af.stage("first"):
            door_samples.find("inside", k=1)
        with af.stage("second"):
            pass
        door_samples.find("late", k=1)

    run = flow("record", **TOOLS).run(build)
    assert [(s.stage, s.text) for s in run.sources] == [
        ("first", "before 0"),
        ("first", "inside 0"),
        (None, "late 0"),
    ]
    assert run.stage("first").sources[0].call == "unattributed/1"
    assert flow("replay", **TOOLS).run(build) == run


def test_what_was_retrieved_first_is_read_by_the_stage_that_asks_a_model(
    flow: MakeFlow, called: list[str], server: Server
) -> None:
    """A price list looked up in between is no reader of the documents."""

    def build() -> None:
        door_samples.find("before", k=1)
        with af.stage("prices") as s:
            s.output([1, 2])
        with af.stage("writer"):
            body = {"model": "m", "messages": [{"role": "user", "content": "Write."}]}
            requests.post(f"{server.url}/v1/chat/completions", json=body, timeout=9)

    run = flow("record", **TOOLS).run(build)
    assert [s.stage for s in run.sources] == ["writer"]


def test_other_arguments_are_a_miss(flow: MakeFlow, called: list[str]) -> None:
    """A retriever asked for something else is told apart, and shown."""
    query = ["ovens"]

    def build() -> None:
        door_samples.find(query[0])

    flow("record", **TOOLS).run(build)
    query[0] = "fridges"
    with pytest.raises(af.Miss) as caught:
        flow("replay", **TOOLS).run(build)
    assert "called door_samples:find(query='fridges', k=2)" in str(caught.value)
    assert "$.arguments.query: [-ovens-]{+fridges+}" in str(caught.value)


def test_a_value_that_cannot_be_stored_is_refused_while_recording(
    flow: MakeFlow, called: list[str]
) -> None:
    """The sentence names the function, the class, and replay=False."""

    def build() -> None:
        door_samples.unstorable(1)

    with pytest.raises(TypeError, match=r"door_samples:unstorable: .*replay=False"):
        flow("record", tools=("door_samples:unstorable",)).run(build)


def test_a_refused_value_fails_the_recording_though_it_is_swallowed(
    flow: MakeFlow, called: list[str]
) -> None:
    """What the recording cannot hold is no secret of the application."""

    def build() -> str:
        try:
            door_samples.unstorable(1)
        except TypeError:
            return "fallback"
        return "never"

    with pytest.raises(TypeError, match="replay=False"):
        flow("record", tools=("door_samples:unstorable",)).run(build)


def test_replay_false_runs_in_every_replay(
    flow: MakeFlow, called: list[str], server: Server
) -> None:
    """Such a function may give anything; its own calls are answered as others are."""

    def build() -> str:
        next(iter(door_samples.unstorable(1)))  # type: ignore[call-overload]
        return requests.get(f"{server.url}/x", timeout=9).text

    live = {"tools": ("door_samples:unstorable replay=false",)}
    recorded = flow("record", **live).run(build)
    server.stop()
    replayed = flow("replay", **live).run(build)
    assert called == ["1", "1"]
    assert [call.kind for call in replayed.calls] == ["tool", "http"]
    assert replayed == recorded


def test_a_tool_that_raised_raises_again(flow: MakeFlow, called: list[str]) -> None:
    """A failed call is kept as an attempt, and its function runs in the replay."""

    def build() -> int:
        try:
            return door_samples.failing(-1)
        except ValueError:
            return door_samples.failing(1)

    recorded = flow("record", **TOOLS).run(build)
    assert [len(call.attempts) for call in recorded.calls] == [1, 0]
    assert recorded.calls[0].attempts[0].error == "ValueError: negative: -1"
    called.clear()
    assert flow("replay", **TOOLS).run(build) == recorded
    assert called == ["-1"]


def test_calls_inside_a_recorded_tool_are_not_missed_when_it_is_replayed(
    flow: MakeFlow, server: Server
) -> None:
    """A retriever's own requests are recorded, and no longer made in a replay."""

    @af.retriever
    def search(query: str) -> list[str]:
        return [requests.get(f"{server.url}/{query}", timeout=9).json()["path"]]

    def build() -> str:
        requests.get(f"{server.url}/before", timeout=9)
        found = search("q")
        requests.get(f"{server.url}/after", timeout=9)
        return found[0]

    recorded = flow("record").run(build)
    assert len(recorded.calls) == 4
    server.stop()
    assert flow("replay").run(build) == recorded


def test_the_last_model_answer_is_the_output_where_none_is_named(
    flow: MakeFlow, server: Server
) -> None:
    """Pages and pictures in that answer are artefacts of the stage."""
    import openai

    page = "```html\n<!doctype html><title>x</title>\n```"

    def build() -> None:
        with af.stage("write"), openai.OpenAI() as client:
            for text in ("first", page):
                client.chat.completions.create(
                    model="gpt-5-mini",
                    messages=[{"role": "user", "content": text[::-1]}],
                )

    run = flow("record").run(build)
    stage = run.stage("write")
    assert stage.output == page
    assert stage.output_from == "last model answer"
    [artefact] = stage.artefacts
    assert artefact.text == "<!doctype html><title>x</title>\n"
    assert (artefact.name, artefact.call) == ("page.html", "write/2")
    assert flow("replay").run(build) == run
