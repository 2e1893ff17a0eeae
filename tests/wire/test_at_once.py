"""What a recording holds byte for byte is answered before a request is made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from spies import Spy

from pytest_agentflow.model.call import Response
from pytest_agentflow.recording.match import Verbatim

BODY = b'{"model": "m"}'
URL = "https://api.example.com:8443/v1/chat?a=b"
ASKED: Verbatim = (
    "POST",
    "https",
    "api.example.com",
    8443,
    "/v1/chat",
    "a=b",
    BODY,
)


@dataclass(eq=False)
class Knows(Spy):
    """Answers at once what is `ASKED`."""

    replays: bool = True
    asked: list[Verbatim] = field(default_factory=list)
    response: Response = field(
        default_factory=lambda: Response(status=201, body=b"known", chunks=(2, 3))
    )

    def at_once(self, asked: Verbatim) -> Any:
        """Answer one request, and leave the others to `handle`."""
        self.asked.append(asked)
        return self.response if asked == ASKED else None


def _sync(url: str) -> httpx.Response:
    with httpx.Client() as client:
        return client.post(url, content=BODY)


def _async(url: str) -> httpx.Response:
    async def post() -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(url, content=BODY)

    return asyncio.run(post())


each_client = pytest.mark.parametrize(
    "post", [_sync, _async], ids=lambda post: post.__name__[1:]
)
Post = Callable[[str], httpx.Response]
Open = Callable[[Spy], Spy]


@each_client
def test_a_known_request_is_answered_without_handle(
    post: Post, open_session: Open
) -> None:
    """Method, place, query and body are asked for; the answer is given out."""
    spy = Knows()
    open_session(spy)
    got = post(URL)
    assert (got.status_code, got.content) == (201, b"known")
    assert spy.asked == [ASKED]
    assert spy.seen == []


@pytest.mark.parametrize("chunks", [(), (2, 3)], ids=["whole", "chunks"])
def test_the_body_comes_raw_at_its_chunk_boundaries(
    chunks: tuple[int, ...], open_session: Open
) -> None:
    """A stream is read piece by piece as it was recorded, and can be read raw."""
    open_session(Knows(response=Response(status=200, body=b"known", chunks=chunks)))
    with httpx.Client() as client, client.stream("POST", URL, content=BODY) as got:
        pieces = list(got.iter_raw())
    assert pieces == ([b"kn", b"own"] if chunks else [b"known"])
    assert got.elapsed.total_seconds() >= 0


@each_client
def test_an_unknown_request_is_handled(post: Post, open_session: Open) -> None:
    """What is not known goes the long way, with its headers."""
    spy = Knows(answers={("/v1/chat", BODY): Response(status=200, body=b"long")})
    open_session(spy)
    assert post(URL.replace("a=b", "a=c")).content == b"long"
    assert [name for name, _ in spy.seen[0].request.headers if name == "host"]


@each_client
def test_telemetry_is_not_asked_for(post: Post, open_session: Open) -> None:
    """It gets its empty answer and is counted, whatever is recorded."""
    spy = Knows()
    open_session(spy)
    assert post("https://telemetry.crewai.com/v1/x").content == b""
    assert spy.ignored_paths == ["/v1/x"]
    assert spy.asked == []


@each_client
def test_a_session_that_has_ended_answers_nothing(
    post: Post, open_session: Open
) -> None:
    """A late request is refused, even one that is recorded."""
    spy = Knows()
    open_session(spy)
    spy.closed = True
    with pytest.raises(BaseException, match="after its replayed run had ended"):
        post(URL)
    assert spy.asked == []
