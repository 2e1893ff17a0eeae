"""A replay fails on every call that its recording lacks, whatever is swallowed."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from flows import MakeFlow
from scripted_server import Server

import pytest_agentflow as af
from pytest_agentflow.recording.load import RecordingError

PROMPT = {"text": "Rule 40: state the figure. Rule 41: be kind."}
"""What the workflows ask; tests change it between recording and replay."""


@pytest.fixture(autouse=True)
def _prompt() -> Any:
    before = dict(PROMPT)
    yield
    PROMPT.clear()
    PROMPT.update(before)


def ask(text: str | None = None, model: str = "gpt-5-mini") -> str:
    """Ask the provider once."""
    with openai.OpenAI() as client:
        answer = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": text or PROMPT["text"]}],
        )
    return str(answer.choices[0].message.content)


async def ask_async(text: str | None = None) -> str:
    """Ask the provider once, without blocking."""
    async with openai.AsyncOpenAI() as client:
        answer = await client.chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": text or PROMPT["text"]}],
        )
    return str(answer.choices[0].message.content)


def plainly() -> str:
    """Ask, and swallow nothing."""
    return ask()


def with_a_fallback() -> str:
    """Fall back to a canned answer on any error."""
    try:
        return ask()
    except Exception:  # noqa: BLE001 - what applications do
        return "canned"


def swallowing_everything() -> str:
    """Swallow even what nobody should."""
    with contextlib.suppress(BaseException):
        return ask()
    return "nothing"


def in_a_thread() -> None:
    """Lose whatever happens in a thread."""

    def work() -> None:
        with contextlib.suppress(BaseException):
            ask()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def in_a_pool() -> int:
    """Never look at a future's result."""
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(ask)]
    return len(futures)


def gathered() -> int:
    """Gather exceptions as results."""

    async def main() -> list[Any]:
        return await asyncio.gather(ask_async(), return_exceptions=True)

    return len(asyncio.run(main()))


def in_a_task_group() -> None:
    """Let a task group wrap what happens."""

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(ask_async())

    asyncio.run(main())


WORKFLOWS: list[Callable[[], Any]] = [
    plainly,
    with_a_fallback,
    swallowing_everything,
    in_a_thread,
    in_a_pool,
    gathered,
    in_a_task_group,
]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda f: f.__name__)
def test_a_miss_fails_the_run_however_it_is_swallowed(
    workflow: Callable[[], Any], flow: MakeFlow, server: Server
) -> None:
    """Fallbacks, suppression, threads, pools, gather and task groups hide nothing."""
    flow("record").run(workflow)
    flow("replay").run(workflow)
    PROMPT["text"] = PROMPT["text"].replace("the figure", "the number")
    with pytest.raises(af.Miss, match=r"\[-figure-\]\{\+number\+\}"):
        flow("replay").run(workflow)


def test_the_message_says_all_that_is_needed(flow: MakeFlow, server: Server) -> None:
    """Stage, request, nearest call, path, words, and the command to paste."""

    def build() -> str:
        with af.stage("draft"):
            return ask()

    made = flow("record")
    made.run(build)
    PROMPT["text"] = PROMPT["text"].replace("be kind", "be brief")
    command = "pytest 'tests/test_x.py::test_y[a]'"
    replay = flow("replay", command=lambda *more: " ".join((command, *more)))
    with pytest.raises(af.Miss) as caught:
        replay.run(build)
    assert str(caught.value) == (
        "stage 'draft' sent POST 127.0.0.1/v1/chat/completions (gpt-5-mini), which "
        "the recording build/case-44136fa3.flow.json does not hold\n"
        "  Nearest recorded call: draft/1. What changed since:\n"
        "    $.messages[0].content: …the figure. Rule 41: be [-kind-]{+brief+}.\n"
        "  If the change is meant, record this stage anew, and what comes after it:\n"
        "    pytest 'tests/test_x.py::test_y[a]' --agentflow-record-stage=draft"
    )


@pytest.mark.parametrize(
    ("after", "told"),
    [("7 March 2027, order 18", True), ("2 May 2027, order 17", True), ("x", False)],
)
def test_where_only_digits_or_dates_differ_the_setting_is_named(
    flow: MakeFlow, server: Server, after: str, *, told: bool
) -> None:
    """A date in a prompt differs every day: what declares it is to be pasted."""
    PROMPT["text"] += " Today is 21 November 2026, order 17."
    flow("record").run(plainly)
    old = "21 November 2026, order 17"
    PROMPT["text"] = PROMPT["text"].replace(old, after)
    with pytest.raises(af.Miss) as caught:
        flow("replay").run(plainly)
    named = "    agentflow_volatile = $.messages[0].content\n" in str(caught.value)
    assert named is told


def test_a_single_miss_is_raised_as_itself(flow: MakeFlow, server: Server) -> None:
    """Where the workflow lets the miss through, its own traceback is kept."""
    flow("record").run(plainly)
    PROMPT["text"] = "other"
    with pytest.raises(af.Miss) as caught:
        flow("replay").run(plainly)
    assert any(entry.name == "ask" for entry in caught.traceback)
    assert caught.value.__cause__ is None


def test_what_the_workflow_raised_because_of_a_miss_is_the_cause(
    flow: MakeFlow, server: Server
) -> None:
    """The miss wins, and the workflow's own exception is chained to it."""

    def build() -> str:
        if (answer := with_a_fallback()) == "canned":
            raise ValueError("no page")
        return answer

    flow("record").run(build)
    PROMPT["text"] = "other"

    def swallow() -> str:
        with contextlib.suppress(BaseException):
            ask()
        raise ValueError("no page")

    name = {"workflow": "build"}.get
    with pytest.raises(af.Miss) as caught:
        flow("replay", argument=name).run(swallow)
    assert isinstance(caught.value.__cause__, ValueError)


def test_the_workflows_own_exception_is_raised_as_it_is(
    flow: MakeFlow, server: Server
) -> None:
    """Without a miss a replay fails with what the workflow raised."""

    def build(broken: bool) -> None:
        ask()
        if broken:
            raise ZeroDivisionError

    case = {"case_for": lambda _: "one"}
    flow("record", **case).run(build, broken=False)
    with pytest.raises(af.Miss, match=r"inputs.broken: \[-false-\]\{\+true\+\}"):
        flow("replay", **case).run(build, broken=True)

    def crash() -> None:
        ask()
        raise ZeroDivisionError

    name = {"workflow": "build"}.get
    flow("record", argument=name).run(plainly)
    with pytest.raises(ZeroDivisionError):
        flow("replay", argument=name).run(crash)


def test_several_misses_are_told_together(flow: MakeFlow, server: Server) -> None:
    """Each call that is missing has its own part in one message."""

    def build(count: int) -> None:
        for number in range(count):
            with contextlib.suppress(BaseException):
                ask(f"{PROMPT['text']} Case {number}.")

    flow("record").run(build, count=7)
    PROMPT["text"] = "Something else."
    with pytest.raises(af.Miss) as caught:
        flow("replay").run(build, count=7)
    assert str(caught.value).count("Nearest recorded call") == 5
    assert "and 2 more of this kind" in str(caught.value)


def test_a_call_that_is_no_longer_made_fails_too(
    flow: MakeFlow, server: Server
) -> None:
    """Calls of the recording that were not played are listed."""

    def build() -> None:
        ask()
        if PROMPT.get("twice", True):
            ask("second")

    flow("record").run(build)
    PROMPT["twice"] = ""
    with pytest.raises(af.Miss) as caught:
        flow("replay").run(build)
    text = str(caught.value)
    assert "holds 1 call that was not made in this replay" in text
    assert "unattributed/2  sent POST 127.0.0.1/v1/chat/completions" in text


def test_a_call_that_is_made_once_more_is_a_miss(
    flow: MakeFlow, server: Server
) -> None:
    """Each recorded call is played once."""

    def build() -> None:
        for _ in range(int(PROMPT.get("times", "2"))):
            ask()

    flow("record").run(build)
    PROMPT["times"] = "3"
    with pytest.raises(af.Miss, match="holds 2 times in this stage: it was played"):
        flow("replay").run(build)


def test_a_call_of_another_stage_does_not_answer(
    flow: MakeFlow, server: Server
) -> None:
    """Matching is scoped to the stage, and the message names the other one."""

    def build() -> None:
        with af.stage(PROMPT.get("stage", "draft")):
            ask()

    flow("record").run(build)
    PROMPT["stage"] = "review"
    with pytest.raises(af.Miss, match="holds only in stage 'draft'"):
        flow("replay").run(build)


def test_a_recording_from_before_a_stage_had_its_name_says_so(
    flow: MakeFlow, server: Server
) -> None:
    """The request is the same, and only the name of the stage is new."""

    def build() -> None:
        with af.stage("plan") if "named" in PROMPT else contextlib.nullcontext():
            ask(PROMPT["text"])

    flow("record").run(build)
    PROMPT["named"] = "yes"
    with pytest.raises(af.Miss) as caught:
        flow("replay").run(build)
    assert "this recording was made before 'plan' had its name" in str(caught.value)
    assert "record anew:\n" in str(caught.value)


def test_a_missing_recording_names_the_command(flow: MakeFlow) -> None:
    """Nothing is run without a recording."""
    with pytest.raises(RecordingError, match="`pytest --agentflow=record`"):
        flow("replay").run(plainly)


def test_another_client_is_refused_and_fails_the_run(
    flow: MakeFlow, server: Server
) -> None:
    """A connection that no seam saw is refused, and swallowing it does not help."""
    state: list[bool] = []

    def build() -> str:
        answer = ask()
        with contextlib.suppress(BaseException):
            if not state:
                return answer
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        return answer

    flow("record").run(build)
    state.append(True)
    with pytest.raises(af.NetworkRefused, match=r"http\.client, called by"):
        flow("replay").run(build)


def test_allowed_hosts_are_neither_recorded_nor_refused(
    flow: MakeFlow, server: Server
) -> None:
    """A host of `agentflow_allow_hosts` is live in every mode."""
    import requests

    def build() -> int:
        return requests.get(f"{server.url}/db", timeout=9).status_code

    allowed = {"allow_hosts": (f"127.0.0.1:{server.port}",)}
    assert flow("record", **allowed).run(build).calls == ()
    assert flow("replay", **allowed).run(build).output == 200


def test_telemetry_is_counted_in_the_run(flow: MakeFlow, server: Server) -> None:
    """Telemetry goes out while recording, is answered in replay, and is no call."""
    import requests

    def build() -> str:
        requests.post(f"{server.url}/v1/traces", data=b"spans", timeout=9)
        requests.post(f"{server.url}/beacon", data=b"x", timeout=9)
        return ask()

    ignore = {"ignore": ("POST 127.0.0.1/beacon",)}
    recorded = flow("record", **ignore).run(build)
    sent = len(server.asked)
    server.stop()
    replayed = flow("replay", **ignore).run(build)
    assert (len(recorded.calls), recorded.ignored_requests) == (1, 2)
    assert sent == 3
    assert replayed == recorded


def test_a_workflow_that_is_no_coroutine_function_but_gives_one_is_explained(
    flow: MakeFlow, server: Server
) -> None:
    """Nothing is left un-awaited silently."""

    def build() -> Any:
        return ask_async()

    with pytest.raises(TypeError, match=r"give agentflow\.run the coroutine function"):
        flow("live").run(build)


def test_a_call_of_a_sort_that_was_never_recorded_is_told(
    flow: MakeFlow, server: Server
) -> None:
    """Where nothing recorded is like it, nothing is shown as near."""
    import requests

    def build() -> None:
        if PROMPT.get("calls"):
            requests.post(f"{server.url}/x", data=b"\x00\xff binary", timeout=9)
        if PROMPT.get("asks"):
            ask()

    flow("record").run(build)
    PROMPT["calls"] = "yes"
    with pytest.raises(af.Miss, match="The recording holds no call of this sort"):
        flow("replay").run(build)
    PROMPT["asks"] = "yes"
    flow("record").run(build)
    PROMPT["calls"] = ""
    PROMPT["text"] = "zzz"
    with pytest.raises(af.Miss, match="Nearest recorded call"):
        flow("replay").run(build)
