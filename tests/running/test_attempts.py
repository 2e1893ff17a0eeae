"""Failed tries are kept in the recording; only the final answer is replayed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import openai
import pytest
import requests
import urllib3
from flows import MakeFlow
from scripted_server import Asked, Reply, Server, as_json, provider, serving

import pytest_agentflow as af


@contextmanager
def failing_first(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> Iterator[Server]:
    """Serve these statuses first, then good answers."""
    left = list(statuses)

    def answer(asked: Asked) -> Reply:
        if not left:
            return provider(asked)
        headers = {"retry-after-ms": "1", "retry-after": "0"}
        error = {"error": {"message": "slow down"}}
        return as_json(error, status=left.pop(0), headers=headers)

    with serving(answer) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{running.url}/v1")
        yield running


def ask(text: str = "hello", retries: int = 2) -> str:
    """Ask once, as the SDK does: with retries of its own."""
    with openai.OpenAI(max_retries=retries) as client:
        answer = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": text}]
        )
    return str(answer.choices[0].message.content)


def test_retries_of_the_sdk_are_attempts_of_one_call(
    flow: MakeFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two failures and an answer are one call; the replay asks once."""
    with failing_first(monkeypatch, 429, 503):
        recorded = flow("record").run(ask, text="hello")
    [call] = recorded.calls
    assert [attempt.status for attempt in call.attempts] == [429, 503]
    assert "slow down" in call.attempts[0].error
    assert call.answer == "olleh"
    assert call.response is not None
    assert call.response.status == 200
    assert flow("replay").run(ask, text="hello") == recorded


def test_a_delay_that_the_provider_asked_for_is_not_slept_again(
    flow: MakeFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A final 429 replays at once, without the SDK's own pauses, and fails again."""

    def build() -> str:
        try:
            return ask(retries=1)
        except openai.RateLimitError:
            return "too much"

    with failing_first(monkeypatch, 429, 429):
        recorded = flow("record").run(build)
    assert recorded.output == "too much"
    [call] = recorded.calls
    assert [attempt.status for attempt in call.attempts] == [429]
    begin = time.perf_counter()
    assert flow("replay").run(build) == recorded
    assert time.perf_counter() - begin < 0.4


def test_clients_that_retry_all_the_same_get_the_failure_again(
    flow: MakeFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop of the user's own, that gave up in the end, gives up again."""

    def build(url: str) -> list[int]:
        with httpx2.Client() as client:
            return [client.get(url).status_code for _ in range(3)]

    with failing_first(monkeypatch, 500, 500, 500) as server:
        recorded = flow("record").run(build, url=server.url)
    assert len(recorded.calls) == 1
    assert flow("replay").run(build, url=server.url) == recorded


def test_retries_inside_urllib3_are_attempts(
    flow: MakeFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What urllib3 repeats by itself is one call."""

    def build(url: str) -> int:
        retry = urllib3.Retry(3, status_forcelist=[503], backoff_factor=0)
        with requests.Session() as session:
            session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
            return session.get(url, timeout=9).status_code

    with failing_first(monkeypatch, 503, 503) as server:
        recorded = flow("record").run(build, url=server.url)
    [call] = recorded.calls
    assert [attempt.status for attempt in call.attempts] == [503, 503]
    assert flow("replay").run(build, url=server.url) == recorded


def _with_httpx(url: str) -> str:
    try:
        with httpx2.Client() as client:
            return client.get(url).text
    except httpx2.ConnectError:
        return "nobody there"


def _with_requests(url: str) -> str:
    try:
        return requests.get(url, timeout=9).text
    except requests.ConnectionError:
        return "nobody there"


@pytest.mark.parametrize("workflow", [_with_httpx, _with_requests])
def test_a_connection_that_failed_fails_again(
    workflow: Callable[[str], str], flow: MakeFlow
) -> None:
    """A fallback that was recorded is taken in the replay, too."""
    recorded = flow("record").run(workflow, url="http://127.0.0.1:9/")
    assert recorded.output == "nobody there"
    [call] = recorded.calls
    assert call.response is None
    assert "Connect" in call.attempts[-1].error
    assert flow("replay").run(workflow, url="http://127.0.0.1:9/") == recorded


def test_a_call_repeated_on_purpose_is_two_calls(
    flow: MakeFlow, server: Server
) -> None:
    """The same question twice is no retry where the first answer was good."""

    def build() -> list[str]:
        return [ask(), ask()]

    recorded = flow("record").run(build)
    assert [call.id for call in recorded.calls] == ["unattributed/1", "unattributed/2"]
    assert recorded.calls[1].parents == ("unattributed/1",)
    assert flow("replay").run(build) == recorded


def test_a_stream_that_is_left_early_is_marked(flow: MakeFlow, server: Server) -> None:
    """What the application read is the recorded answer, and the call says so."""

    def build() -> str:
        with (
            openai.OpenAI() as client,
            client.chat.completions.create(
                model="gpt-5-mini",
                messages=[{"role": "user", "content": "abcdefghijkl"}],
                stream=True,
            ) as stream,
        ):
            return str(next(iter(stream)).choices[0].delta.content)

    recorded = flow("record").run(build)
    [call] = recorded.calls
    assert recorded.output == "lkji"
    assert "rest of the answer" in call.missing
    assert flow("replay").run(build) == recorded


def test_an_answer_that_nobody_read_to_the_end_of_the_run_is_kept(
    flow: MakeFlow,
) -> None:
    """A body that is still open when the workflow returns is cut there."""
    kept: list[object] = []

    def build(url: str) -> None:
        client = httpx2.Client()
        answer = client.send(client.build_request("GET", url), stream=True)
        kept.extend((client, answer))
        next(answer.iter_raw())

    pieces = [b"data: 1\n\n", b"data: 2\n\n"]
    reply = Reply(
        pieces=pieces, pause=0.2, headers={"content-type": "text/event-stream"}
    )
    with serving(lambda _: reply) as server:
        run = flow("live").run(build, url=server.url)
        kept[1].close()  # type: ignore[attr-defined]
        kept[0].close()  # type: ignore[attr-defined]
    [call] = run.calls
    assert call.response is not None
    assert call.response.body == pieces[0]
    assert call.missing == ("rest of the answer",)


def test_a_failed_attempt_costs_nothing(
    flow: MakeFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the final answer's usage is charged."""
    with failing_first(monkeypatch, 503):
        run: af.Run = flow("record").run(ask, text="hello")
    assert len(run.charges()) == 2
