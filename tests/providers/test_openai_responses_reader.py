"""Responses are read: plain, streamed, in the background, with pictures and tools."""

import base64
import struct
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from wire_samples import RESPONSES, plain, request, streamed

from pytest_agentflow.model.call import Message, Response, ToolCall
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers.read import read

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 640, 480)

USAGE = {
    "input_tokens": 300,
    "input_tokens_details": {"cached_tokens": 200, "cache_write_tokens": 50},
    "output_tokens": 80,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 380,
}


def message(text: str, kind: str = "output_text", key: str = "text") -> dict:
    """An output item with one part."""
    part = {"type": kind, key: text, "annotations": []}
    return {"type": "message", "role": "assistant", "content": [part]}


def response(*output: dict, **more: object) -> dict:
    """An answer of the responses API."""
    return {
        "object": "response",
        "status": "completed",
        "model": "gpt-5-2025-08-07",
        "output": list(output),
        "usage": USAGE,
        **more,
    }


def painted(**more: object) -> dict:
    """An output item with a picture."""
    return {
        "type": "image_generation_call",
        "status": "completed",
        "result": base64.b64encode(PNG).decode(),
        "output_format": "png",
        **more,
    }


def test_the_answer_gives_text_model_usage_and_reason() -> None:
    """All that a plain response says is read."""
    reading = plain(RESPONSES, {"input": "Hi"}, response(message("Hel"), message("lo")))
    assert reading.api == "openai.responses"
    assert reading.model == "gpt-5-2025-08-07"
    assert reading.answer == "Hello"
    assert reading.finish_reason == "stop"
    assert reading.messages == (Message(role="user", text="Hi", path="$.input"),)
    assert reading.usage == Usage(
        input_tokens=300,
        output_tokens=80,
        cache_read_tokens=200,
        cache_write_tokens=50,
        reasoning_tokens=64,
    )


def test_compaction_is_a_model_call_whose_user_messages_are_no_answer() -> None:
    """Compacting a conversation is billed; it gives what the user said back."""
    asked = message("Hello!") | {"role": "user"}
    path = "/v1/responses/compact"
    reading = plain(path, {}, response(asked, message("Hi.")))
    assert reading.answer == "Hi."
    assert reading.usage is not None


def test_instructions_and_input_items_have_their_paths() -> None:
    """Instructions, parts, calls of earlier turns and their results are all there."""
    call = {
        "type": "function_call",
        "call_id": "c1",
        "name": "find",
        "arguments": '{"q": 1}',
    }
    result = {"type": "function_call_output", "call_id": "c1", "output": "found"}
    parts = [
        {"type": "input_image", "image_url": "data:,"},
        {"type": "input_text", "text": "Look"},
    ]
    asked = {
        "instructions": "Be brief",
        "input": [{"role": "user", "content": parts}, call, result],
    }
    reading = plain(RESPONSES, asked, response(message("x")))
    find = ToolCall(name="find", arguments={"q": 1}, id="c1")
    assert reading.messages == (
        Message(role="system", text="Be brief", path="$.instructions"),
        Message(role="user", text="Look", path="$.input[0].content[1].text", images=1),
        Message(role="assistant", path="$.input[1]", tool_calls=(find,)),
        Message(
            role="tool",
            text="found",
            path="$.input[2].output",
            tool_call_id="c1",
            tool_name="find",
        ),
    )


def test_pictures_are_counted_by_size_and_quality_and_by_tokens() -> None:
    """A picture is a unit, and so are the tokens of the model that painted it."""
    asked = {"tools": [{"type": "image_generation", "model": "gpt-image-1"}]}
    used = {
        "input_tokens": 42,
        "input_tokens_details": {"image_tokens": 2, "text_tokens": 40},
        "output_tokens": 1056,
        "output_tokens_details": {"image_tokens": 1056, "text_tokens": 0},
    }
    answered = response(
        painted(size="1024x1024", quality="medium"),
        message("done"),
        tool_usage={"image_gen": used, "web_search": {"num_requests": 2}},
    )
    reading = plain(RESPONSES, asked, answered)
    assert [p.data for p in reading.pictures] == [PNG]
    assert reading.pictures[0].media_type == "image/png"
    assert reading.tool_calls == ()
    assert reading.usage is not None
    assert reading.usage.input_tokens == 300
    assert reading.usage.units == {
        "images:1024x1024:medium": Decimal(1),
        "gpt-image-1:input_tokens": Decimal(40),
        "gpt-image-1:input_image_tokens": Decimal(2),
        "gpt-image-1:output_image_tokens": Decimal(1056),
        "web_searches": Decimal(2),
    }


def test_a_size_left_to_the_provider_is_read_off_the_picture() -> None:
    """``auto`` says nothing about the price; the PNG does."""
    reading = plain(RESPONSES, {}, response(painted(size="auto", quality="high")))
    assert reading.pictures[0].size == "640x480"
    assert reading.usage is not None
    assert reading.usage.units == {"images:640x480:high": Decimal(1)}


def test_searches_are_billed_units_and_hosted_tools_are_tool_calls() -> None:
    """Search actions count, opened pages do not; each is a tool that was used."""
    search = {
        "type": "web_search_call",
        "id": "w1",
        "action": {"type": "search", "query": "x"},
    }
    opened = {"type": "web_search_call", "id": "w2", "action": {"type": "open_page"}}
    files = {"type": "file_search_call", "id": "f1", "queries": ["y"]}
    reading = plain(RESPONSES, {}, response(search, opened, files, message("z")))
    assert reading.usage is not None
    assert reading.usage.units == {
        "web_searches": Decimal(1),
        "storage_searches": Decimal(1),
    }
    names = [call.name for call in reading.tool_calls]
    assert names == ["web_search", "web_search", "file_search"]
    assert reading.finish_reason == "stop"


def test_the_reason_is_found_in_status_details_and_items() -> None:
    """Tool calls, length, filters, refusals and failures each have their word."""
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    short = {"status": "incomplete", "incomplete_details": {}}
    reasons = [
        plain(RESPONSES, {}, answered).finish_reason
        for answered in (
            response(call),
            response(
                **{**short, "incomplete_details": {"reason": "max_output_tokens"}}
            ),
            response(**{**short, "incomplete_details": {"reason": "content_filter"}}),
            response(message("no", "refusal", "refusal")),
            response(status="failed", error={"code": "server_error"}, usage=None),
        )
    ]
    assert reasons == ["tool_calls", "length", "content_filter", "refusal", "error"]


def test_background_mode_is_billed_where_the_answer_is_fetched() -> None:
    """The POST is queued and costs nothing yet; polling is no call; the last GET is."""
    queued = response(status="queued", background=True, usage=None, output=[])
    posted = plain(RESPONSES, {"input": "Hi", "background": True}, queued)
    path = "/v1/responses/resp_1"
    polled = plain(path, b"", queued | {"status": "in_progress"}, method="GET")
    fetched = plain(path, b"", response(message("x"), background=True), method="GET")
    assert posted.usage == Usage(input_tokens=0, output_tokens=0)
    assert posted.messages
    assert polled.kind == "http"
    assert fetched.kind == "chat"
    assert fetched.usage is not None
    assert fetched.usage.input_tokens == 300


def test_fetching_a_stored_response_is_no_model_call() -> None:
    """What was not made in the background was billed when it was posted."""
    path = "/v1/responses/resp_1"
    assert plain(path, b"", response(message("x")), method="GET").kind == "http"
    assert plain("/v1/responses/input_tokens", {}, {"input_tokens": 9}).kind == "http"


@given(text=st.text(), size=st.integers(1, 9), whole=st.booleans())
def test_a_stream_reads_like_the_plain_answer(
    text: str,
    size: int,
    whole: bool,
) -> None:
    """With and without output in the last event, a stream gives what plain does."""
    answered = response(painted(size="1024x1024", quality="low"), message(text))
    first, second = answered["output"]
    deltas = [
        {
            "type": "response.output_text.delta",
            "output_index": 1,
            "delta": text[start : start + size],
        }
        for start in range(0, len(text), size)
    ]
    last = answered if whole else answered | {"output": []}
    if whole:  # as some hosts do
        last = answered | {"output": [first | {"result": None}, second]}
    done = "response.output_item.done"
    events = [
        {"type": "response.created", "response": {"status": "in_progress"}},
        {"type": done, "output_index": 0, "item": first},
        {"type": "response.output_item.added", "output_index": 1, "item": message("")},
        *deltas,
        {"type": done, "output_index": 1, "item": second},
        {"type": "response.completed", "response": last},
    ]
    assert streamed(RESPONSES, {}, events, named=True) == plain(RESPONSES, {}, answered)


def test_a_stream_that_broke_off_gives_its_text_and_no_usage() -> None:
    """What was said so far is read; what it cost is not known."""
    created = {"model": "gpt-5", "status": "in_progress", "usage": None}
    events = [
        {"type": "response.created", "response": created},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "lo"},
    ]
    reading = streamed(RESPONSES, {}, events)
    assert reading.answer == "Hello"
    assert reading.usage is None
    assert reading.finish_reason is None


def test_event_lines_give_events_without_a_type_theirs() -> None:
    """A type that stands in the ``event:`` line only counts."""
    body = b'event: response.output_text.delta\r\ndata: {"delta": "a"}\r\n\r\n'
    reading = read(request(RESPONSES, {}), Response(status=200, body=body * 2))
    assert reading.answer == "aa"
