"""The tape keeps what came, and how, without standing in the way."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spies import Watched

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.wire.tape import (
    Tape,
    ends_itself,
    pieces_of,
    replayed_headers,
)

REQUEST = Request(method="GET", scheme="http", host="h", port=80, path="/")


def _taped(headers: list[tuple[str, str]], *pieces: bytes) -> Watched:
    watched = Watched(REQUEST)
    tape = Tape(watched, 200, headers)
    for piece in pieces:
        tape.add(piece)
    tape.end()
    return watched


@given(pieces=st.lists(st.binary(max_size=20), max_size=8))
def test_chunk_sizes_give_the_pieces_back(pieces: list[bytes]) -> None:
    """A streamed body is cut at the same places when it is replayed."""
    answer = _taped([("Content-Type", "text/event-stream")], *pieces).answer
    assert answer is not None
    full = [piece for piece in pieces if piece]
    assert answer.response.body == b"".join(pieces)
    assert pieces_of(answer.response) == full
    assert len(answer.arrivals) == len(answer.response.chunks)
    assert list(answer.arrivals) == sorted(answer.arrivals)


def test_a_body_of_declared_length_has_no_chunks() -> None:
    """How the network cut a plain body is not recorded."""
    answer = _taped([("content-length", "4")], b"ab", b"cd").answer
    assert answer is not None
    assert answer.response.chunks == ()
    assert answer.complete


def test_headers_of_transport_and_coding_are_left_out() -> None:
    """A decoded body is recorded without the headers that no longer hold."""
    headers = [
        ("Content-Encoding", "gzip"),
        ("Content-Length", "99"),
        ("Transfer-Encoding", "chunked"),
        ("X-Request-Id", "r1"),
    ]
    answer = _taped(headers, gzip.compress(b"plain")).answer
    assert answer is not None
    assert answer.response.body == b"plain"
    assert answer.response.headers == (("x-request-id", "r1"),)


def test_what_cannot_be_decoded_stays_as_it_is_under_its_header() -> None:
    """A damaged body is kept, so that the application fails as it did."""
    answer = _taped([("content-encoding", "gzip")], b"no gzip").answer
    assert answer is not None
    assert answer.response.body == b"no gzip"
    assert ("content-encoding", "gzip") in answer.response.headers


def test_a_cut_body_is_kept_and_marked() -> None:
    """When the application stops reading, what it read is the answer."""
    watched = Watched(REQUEST)
    tape = Tape(watched, 200, [("content-type", "text/event-stream")])
    tape.add(b"data: 1\n\n")
    tape.cut()
    tape.add(b"data: 2\n\n")
    tape.end()
    assert watched.answer is not None
    assert watched.answer.response.body == b"data: 1\n\n"
    assert not watched.answer.complete


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"x": 1}\n\ndata: [DONE]\n\n',
        b'event: message_stop\ndata: {"type": "message_stop"}\n\n',
        b'data: {"a": 1}\r\n\r\nevent: response.completed\r\ndata: {"x": {}}\r\n\r\n',
        b'{"done": false}\n{"model": "m", "done":true}\n',
    ],
)
def test_a_stream_whose_last_event_says_so_is_whole(body: bytes) -> None:
    """Clients hang up after the last event; nothing is missing then."""
    assert ends_itself(body)


@pytest.mark.parametrize(
    "body", [b"", b'data: {"done": 1}\n\n', b"event: ping\ndata: {}\n\n", b"[DONE] not"]
)
def test_a_stream_without_a_last_event_is_not_whole(body: bytes) -> None:
    """A stream that breaks off elsewhere lacks its rest."""
    assert not ends_itself(body)


def test_a_replayed_answer_has_its_own_length_and_never_asks_to_wait() -> None:
    """Retry delays are not replayed, and the length is that of the recorded body."""
    recorded = Response(
        status=429,
        headers=(("retry-after", "30"), ("content-length", "1"), ("x-a", "b")),
        body=b"slow down",
    )
    assert replayed_headers(recorded) == [("x-a", "b"), ("content-length", "9")]
