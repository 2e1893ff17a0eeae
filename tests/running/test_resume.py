"""A recording that broke off is finished: what was answered is not paid for again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import openai
import pytest
import requests
from flows import MakeFlow, without_recorded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_server import Asked, Reply, Server, as_json, chat, serving

import pytest_agentflow as af
from pytest_agentflow.recording.journal_parts import read_parts

MOOD: dict[str, Any] = {}
RAN: list[str] = []
"""The functions that really ran."""


@pytest.fixture(autouse=True)
def _mood() -> None:
    MOOD.clear()
    RAN.clear()


def provider(asked: Asked) -> Reply:
    """Answer as a deterministic provider does, until a test wants it to fail."""
    if asked.path == "/token":
        secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWl0"  # noqa: S105
        return as_json({"access_token": secret, "n": 1})
    if asked.path != "/v1/chat/completions":
        return as_json({"path": asked.path})
    said = asked.json["messages"][-1]["content"]
    if (status := MOOD.get(said)) is not None:
        return as_json({"error": {"message": "no"}}, status=status)
    return chat(asked)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serve the provider."""
    with serving(provider) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{running.url}/v1")
        MOOD["url"] = running.url
        yield running


def say(text: str, *, stream: bool = False) -> str:
    """Ask once."""
    with openai.OpenAI(max_retries=0) as client:
        asked = [{"role": "user", "content": text}]
        create: Any = client.chat.completions.create
        if stream:
            chunks = create(model="gpt-5-mini", messages=asked, stream=True)
            return "".join(c.choices[0].delta.content or "" for c in chunks)
        answer = create(model="gpt-5-mini", messages=asked)
    return str(answer.choices[0].message.content)


@af.retriever
def look_up(query: str) -> list[str]:
    """Find documents."""
    RAN.append("look_up")
    return [f"All about {query}."]


@af.tool
def translate(text: str) -> str:
    """Translate, by asking a model."""
    RAN.append("translate")
    return say(f"Translate {text}") + say(f"Polish {text}")


def paint(name: str) -> str:
    """One of two stages that run side by side."""
    with af.stage(name):
        first = say(f"Sketch {name}")
        return say(f"Paint {first}", stream=True)


def site(topic: str) -> str:
    """Plan with documents, paint two pictures at once, translate; then end."""
    with af.stage("plan"):
        documents = look_up(topic)
        outline = say(f"Plan {documents[0]}", stream=True)
        say("The same.")
        say("The same.")
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(copy_context().run, paint, name) for name in ("hero", "logo")
        ]
        pictures = [run.result() for run in runs]
    with af.stage("write"):
        text = translate(outline)
        page = say(" ".join([text, *pictures, MOOD.get("more", "")]))
    if "end" in MOOD:
        raise MOOD["end"]
    return f"<!doctype html><p>{page}"


CALLS = 10
"""So many requests a whole run of it makes."""


def parted(path: Path) -> str:
    """Give the name of a recording's journal."""
    return str(path).replace(".flow.json", ".flow.partial.jsonl")


@pytest.fixture
def whole(flow: MakeFlow, server: Server, tmp_path: Path) -> af.Run:
    """The same run, recorded in one go elsewhere."""
    run = flow("record", recordings=lambda: tmp_path / "whole").run(site, topic="bees")
    assert len(server.asked) == CALLS
    server.asked.clear()
    RAN.clear()
    return run


def broken(flow: MakeFlow, **mood: Any) -> Path:
    """Record until it breaks off, and give the journal."""
    MOOD.update(mood)
    made = flow("record")
    with pytest.raises((openai.APIError, ZeroDivisionError, KeyboardInterrupt)):
        made.run(site, topic="bees")
    for name in mood:
        del MOOD[name]
    [journal] = made.settings.recordings().rglob("*.partial.jsonl")
    return journal


BREAKS: dict[str, Callable[[], dict[str, Any]]] = {
    "a provider's failure in the middle": lambda: {"The same.": 500},
    "a refused call of one of two stages side by side": lambda: {"Sketch logo": 401},
    "inside of a tool": lambda: {f"Polish {'.seeb tuoba llA nalP'}": 429},
    "an exception at the end": lambda: {"end": ZeroDivisionError()},
    "the user's interruption": lambda: {"end": KeyboardInterrupt()},
}


@pytest.mark.parametrize("reason", BREAKS)
def test_a_resumed_recording_is_that_of_one_go(
    flow: MakeFlow, server: Server, whole: af.Run, reason: str
) -> None:
    """Calls are asked once; all bytes but the block `recorded` are the same."""
    journal = broken(flow, **BREAKS[reason]())
    kept = len([k for k in read_parts(journal).usable if k.call.request])
    server.asked.clear()
    RAN.clear()
    run = flow("record", resume=True).run(site, topic="bees")
    assert kept > 0
    assert len(server.asked) == CALLS - kept
    assert "look_up" not in RAN
    assert run.path is not None
    assert whole.path is not None
    assert without_recorded(run.path) == without_recorded(whole.path)
    assert not journal.exists()
    assert run.recorded.takes == af.Takes()
    assert len(run.recorded.parts) == 2
    assert run.cost() == whole.cost()
    server.stop()
    assert flow().run(site, topic="bees").output == whole.output


def test_it_may_break_off_again(flow: MakeFlow, server: Server, whole: af.Run) -> None:
    """Each part adds to the journal, until the run is whole."""
    server.asked.clear()
    journal = broken(flow, **{"The same.": 503})
    for mood in ({"Sketch hero": 400}, BREAKS["inside of a tool"]()):
        MOOD.update(mood)
        with pytest.raises(openai.APIError):
            flow("record", resume=True).run(site, topic="bees")
        for name in mood:
            del MOOD[name]
    run = flow("record", resume=True).run(site, topic="bees")
    good = [asked for asked in server.asked if asked.path.startswith("/v1")]
    assert len(good) == CALLS + 3  # each refused one was asked again
    assert run.path is not None
    assert whole.path is not None
    assert without_recorded(run.path) == without_recorded(whole.path)
    assert not journal.exists()
    assert run.recorded.takes == af.Takes()
    assert len(run.recorded.parts) == 4
    server.stop()
    flow().run(site, topic="bees")


def test_the_clock_is_that_of_a_run_without_a_break(
    flow: MakeFlow, server: Server
) -> None:
    """What follows a kept call begins after its time, and nothing runs backwards."""
    broken(flow, end=ZeroDivisionError())
    run = flow("record", resume=True).run(site, topic="bees")
    timings = run.recorded.calls
    tool = next(c for c in run.calls if c.invocation and c.kind == "tool")
    for call in run.calls:
        for parent in call.parents:
            if parent != tool.id:
                assert timings[call.id].start >= (timings[parent].end or 0)
    inner = [c.id for c in run.calls if "Polish" in c.prompt or "Translate" in c.prompt]
    assert len(inner) == 2
    assert set(inner) <= set(timings[tool.id].overlaps)
    ends = [timing.end or 0 for timing in timings.values()]
    assert (run.recorded.duration or 0) >= max(ends)


@given(share=st.floats(0, 1), torn=st.booleans())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_beginning_of_a_journal_is_resumed(
    flow: MakeFlow,
    torn_run: tuple[Server, af.Run, bytes],
    share: float,
    torn: bool,
) -> None:
    """Wherever a process was killed, no whole call is lost and none is paid twice."""
    server, whole, full = torn_run
    length = round(share * len(full))
    if not torn:
        length = full.rfind(b"\n", 0, length) + 1
    made = flow("record", resume=True)
    assert whole.path is not None
    journal = Path(parted(made.settings.recordings() / "site" / whole.path.name))
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.with_name(whole.path.name).unlink(missing_ok=True)
    journal.write_bytes(full[:length])
    lines = [json.loads(line) for line in full[:length].split(b"\n")[:-1]]
    kept = sum(
        line.get("event") == "call" and bool(line["captured"]["call"].get("request"))
        for line in lines
    )
    server.asked.clear()
    run = made.run(site, topic="bees")
    assert CALLS - kept - 1 <= len(server.asked) <= CALLS - kept
    assert run.path is not None
    assert without_recorded(run.path) == without_recorded(whole.path)


@pytest.fixture
def torn_run(
    flow: MakeFlow, server: Server, whole: af.Run
) -> tuple[Server, af.Run, bytes]:
    """A whole run, and the journal of one that broke off at its very end."""
    journal = broken(flow, end=ZeroDivisionError())
    data = journal.read_bytes()
    journal.unlink()
    return server, whole, data


def test_what_is_asked_no_more_is_discarded_and_counted(
    flow: MakeFlow, server: Server
) -> None:
    """The changed question is asked; what its old answer cost stands in the takes."""
    broken(flow, end=ZeroDivisionError())
    server.asked.clear()
    MOOD["more"] = "and gardens"
    run = flow("record", resume=True).run(site, topic="bees")
    assert len(server.asked) == 1
    assert run.recorded.takes.discarded == 1
    cost = run.recorded.takes.cost
    assert cost is not None
    assert 0 < cost.amount < run.cost("write").amount


def test_recorded_anew_all_that_was_kept_is_discarded(
    flow: MakeFlow, server: Server
) -> None:
    """Without the option nothing is used, and one line says what it would save."""
    told: list[str] = []
    broken(flow, end=ZeroDivisionError())
    server.asked.clear()
    run = flow("record", announce=told.append).run(site, topic="bees")
    assert len(server.asked) == CALLS
    assert run.recorded.takes == af.Takes(discarded=1, cost=run.cost())
    assert run.recorded.parts == ()
    [line] = told
    assert line.startswith(f"recording {run.id} anew: 11 calls worth {run.cost()} of a")
    assert line.endswith(
        "stop this and run: pytest --agentflow=record --agentflow-resume"
    )


def test_the_line_of_a_new_take_comes_in_time(flow: MakeFlow, server: Server) -> None:
    """Whoever stops the new take loses nothing of the old one."""
    broken(flow, end=ZeroDivisionError())
    broken(flow, **{"The same.": 500})
    server.asked.clear()
    told: list[str] = []
    run = flow("record", resume=True, announce=told.append).run(site, topic="bees")
    assert server.asked == []
    assert told[0].startswith(f"resuming {run.id}: 13 calls worth")
    assert run.recorded.takes.discarded == 1  # what was asked twice was paid twice


def test_whole_recordings_are_replayed_and_missing_ones_recorded(
    flow: MakeFlow, server: Server
) -> None:
    """Resuming many runs pays for no run that is there."""
    first = flow("record").run(site, topic="bees")
    assert first.path is not None
    before = first.path.read_bytes()
    server.asked.clear()
    made = flow("record", resume=True)
    assert made.run(site, topic="bees").output == first.output
    assert server.asked == []
    made.run(site, topic="wasps")
    assert len(server.asked) == CALLS
    assert first.path.read_bytes() == before


def test_a_journal_of_another_version_is_refused_and_left(
    flow: MakeFlow, server: Server
) -> None:
    """One sentence says so, whether it was to be resumed or not."""
    journal = broken(flow, end=ZeroDivisionError())
    other = journal.read_bytes().replace(b"journal/1", b"journal/7", 1)
    journal.write_bytes(other)
    for resume in (True, False):
        with pytest.raises(ValueError, match=r"another version, 'agentflow-journal/7'"):
            flow("record", resume=resume).run(site, topic="bees")
    assert journal.read_bytes() == other


def test_what_was_removed_from_an_answer_is_asked_for_again(
    flow: MakeFlow, server: Server
) -> None:
    """An access token stands in no journal: the next call needs a real one."""
    seen = []

    def guarded() -> None:
        with httpx.Client() as client:
            answer = client.post(f"{MOOD['url']}/token").json()
            seen.append(answer["access_token"])
        say("The same.")
        if "end" in MOOD:
            raise MOOD["end"]

    MOOD["end"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        flow("record").run(guarded)
    del MOOD["end"]
    server.asked.clear()
    flow("record", resume=True).run(guarded)
    assert [asked.path for asked in server.asked] == ["/token"]
    assert seen[0] == seen[1]


def test_an_answer_that_was_not_read_to_its_end_is_asked_for_again(
    flow: MakeFlow, server: Server
) -> None:
    """A stream that the end of the run cut is half an answer."""

    def reading() -> str:
        with openai.OpenAI() as client:
            stream = client.chat.completions.create(
                model="gpt-5-mini",
                messages=[{"role": "user", "content": "A long, long answer."}],
                stream=True,
            )
            text = ""
            for chunk in stream:
                text += chunk.choices[0].delta.content or ""
                if "end" in MOOD:
                    raise MOOD["end"]
        return text

    MOOD["end"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        flow("record").run(reading)
    del MOOD["end"]
    server.asked.clear()
    run = flow("record", resume=True).run(reading)
    assert len(server.asked) == 1
    assert run.output == ".rewsna gnol ,gnol A"


async def _by_openai() -> str:
    async with openai.AsyncOpenAI() as client:
        stream = await client.chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": "A stream."}],
            stream=True,
        )
        return "".join([c.choices[0].delta.content or "" async for c in stream])


async def _by_aiohttp() -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{MOOD['url']}/by") as answer,
    ):
        return str((await answer.json())["path"])


async def _by_requests() -> str:
    url = f"{MOOD['url']}/by"
    return str((await asyncio.to_thread(requests.get, url)).json()["path"])


@pytest.mark.parametrize(
    "fetch", [_by_openai, _by_aiohttp, _by_requests], ids=lambda f: f.__name__[4:]
)
def test_every_client_is_answered_from_the_journal(
    flow: MakeFlow, server: Server, fetch: Callable[[], Coroutine[Any, Any, str]]
) -> None:
    """Each seam gives out what was kept, while it lets the rest through."""

    async def asking() -> list[str]:
        given = list(await asyncio.gather(fetch(), fetch()))
        if "end" in MOOD:
            raise MOOD["end"]
        return [*given, await fetch()]

    MOOD["end"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(flow("record").run(asking))
    del MOOD["end"]
    server.asked.clear()
    run = asyncio.run(flow("record", resume=True).run(asking))
    assert len(server.asked) == 1
    assert len(set(run.output)) == 1
    assert len(run.calls) == 3


def test_a_stage_recorded_anew_is_resumed_too(flow: MakeFlow, server: Server) -> None:
    """Its calls come from the journal, those before it from the recording."""
    first = flow("record").run(site, topic="bees")
    assert first.path is not None
    MOOD["end"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError) as caught:
        flow(record_stages=("write",)).run(site, topic="bees")
    said = "\n".join(caught.value.__notes__)
    assert "--agentflow-record-stage=write --agentflow-resume\n" in said
    del MOOD["end"]
    server.asked.clear()
    run = flow(record_stages=("write",), resume=True).run(site, topic="bees")
    assert server.asked == []
    assert run.path is not None
    assert without_recorded(run.path) == without_recorded(first.path)
    assert len(run.recorded.retakes["write"].parts) == 2
    assert run.recorded.all_takes == af.Takes(discarded=1, cost=first.cost("write"))
    server.stop()
    flow().run(site, topic="bees")


def test_nothing_is_kept_where_nothing_was_answered(
    flow: MakeFlow, server: Server
) -> None:
    """The message promises no more than there is."""
    made = flow("record", budget=af.Money(amount=Decimal(0)))
    with pytest.raises(af.OverBudget) as caught:
        made.run(say, "hello")
    said = f"{caught.value}\n" + "\n".join(caught.value.__notes__)
    assert "kept" in said
    assert "No call was answered: nothing is kept of this recording." in said
    assert list(made.settings.recordings().rglob("*.jsonl")) == []
