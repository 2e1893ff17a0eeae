"""A request that equals a recorded one byte for byte needs no redaction and no key."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.call import Call, Request, Response
from pytest_agentflow.model.run import Run, Stage
from pytest_agentflow.recording.match import Index, match_key, verbatim

ASKED = Request(
    method="POST",
    scheme="https",
    host="api.openai.com",
    port=443,
    path="/v1/chat/completions",
    query="a=b",
    headers=(("content-type", "application/json"),),
    body=b'{"model": "m", "messages": []}',
)


def index_of(*asked: Request) -> Index:
    """Give the index of a recording that asked these."""
    calls = tuple(
        Call(
            id=f"s/{number}",
            kind="chat",
            stage="s",
            request=request,
            response=Response(status=200),
        )
        for number, request in enumerate(asked, 1)
    )
    return Index(Run(workflow="w", case="c", stages=(Stage(name="s"),), calls=calls))


def test_the_recorded_request_is_given_with_its_key() -> None:
    """What is found is what the long way finds."""
    sent = dataclasses.replace(ASKED, headers=(("authorization", "Bearer x"),))
    assert index_of(ASKED).verbatim(sent) == (match_key(ASKED), ASKED)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"scheme": "http"},
        {"host": "other.example"},
        {"port": 80},
        {"path": "/v1/responses"},
        {"query": "a=c"},
        {"body": ASKED.body + b" "},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_differs_goes_the_long_way(change: dict[str, object]) -> None:
    """Nothing that can count may differ."""
    assert index_of(ASKED).verbatim(dataclasses.replace(ASKED, **change)) is None


@given(st.lists(st.binary(max_size=30), max_size=8), st.binary(max_size=30))
def test_it_finds_what_was_recorded_and_nothing_else(
    recorded: list[bytes], asked: bytes
) -> None:
    """Found exactly where the very body was recorded, with the key of that body."""
    index = index_of(*(dataclasses.replace(ASKED, body=body) for body in recorded))
    wanted = dataclasses.replace(ASKED, body=asked)
    found = index.verbatim(wanted)
    assert (found is not None) is (asked in recorded)
    if found is not None:
        assert found == (match_key(wanted), wanted)


def test_of_calls_with_one_key_the_very_same_is_given() -> None:
    """Bookkeeping does not count, but what was answered to the very body is nearest."""
    first, second = (
        dataclasses.replace(
            ASKED, body=b'{"model": "m", "messages": [], "user": "%d"}' % n
        )
        for n in (1, 2)
    )
    index = index_of(first, second)
    assert match_key(first) == match_key(second)
    taken = index.take_equal("s", verbatim(second))
    assert taken is not None
    assert taken.request == second
    left = index.take("s", match_key(second))
    assert left is not None
    assert left.request == first
    assert not index.waits("s", match_key(first))


def test_another_stage_is_not_given() -> None:
    """The very same question in another stage is another call."""
    assert index_of(ASKED).take_equal("t", verbatim(ASKED)) is None


def test_unchanged_code_needs_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found byte for byte is played without any key being computed."""

    def no_key(*_: object) -> str:
        pytest.fail("a key was computed")

    monkeypatch.setattr("pytest_agentflow.recording.match.key_of_call", no_key)
    index = index_of(ASKED, ASKED)
    assert [index.take_equal("s", verbatim(ASKED)) for _ in range(3)].count(None) == 1
    assert index.unplayed() == ()


@given(
    st.lists(st.sampled_from([b"1", b" 1", b"2", b"3 "]), max_size=8),
    st.lists(st.tuples(st.sampled_from([b"1", b" 1", b"2", b" 3"]), st.booleans())),
)
def test_both_ways_play_each_call_once(
    recorded: list[bytes], asked: list[tuple[bytes, bool]]
) -> None:
    """However it is looked for, a question is answered while one of its key is left."""
    index = index_of(*(dataclasses.replace(ASKED, body=body) for body in recorded))
    left = Counter(body.strip() for body in recorded)
    played = []
    for body, is_tried_first in asked:
        wanted = dataclasses.replace(ASKED, body=body)
        call = index.take_equal("s", verbatim(wanted)) if is_tried_first else None
        call = call or index.take("s", match_key(wanted))
        assert (call is not None) is (left[body.strip()] > 0)
        if call is not None:
            left[body.strip()] -= 1
            played.append(call.id)
        assert index.waits("s", match_key(wanted)) is (left[body.strip()] > 0)
    assert len(set(played)) == len(played)
    assert len(index.unplayed()) == len(recorded) - len(played)
