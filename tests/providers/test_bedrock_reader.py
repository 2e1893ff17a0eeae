"""Bedrock: Converse and InvokeModel, plain and streamed.

All samples are authored after the API reference.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from amazon_frames import converse, event, invoke
from wire_samples import plain, request

from pytest_agentflow.model.call import Message, Response, ToolCall
from pytest_agentflow.providers.read import read
from pytest_agentflow.providers.reading import Reading

HOST = "bedrock-runtime.eu-central-1.amazonaws.com"
NOVA = "eu.amazon.nova-micro-v1:0"
ARN = "arn:aws:bedrock:eu-central-1:123456789012:"


def path(operation: str, model: str = NOVA) -> str:
    """The path as boto3 sends it."""
    return f"/model/{quote(model, safe='')}/{operation}"


def frames(
    operation: str, body: bytes, asked: object = None, model: str = NOVA
) -> Reading:
    """Read a streamed exchange."""
    sent = request(path(operation, model), asked or {}, host=HOST)
    return read(sent, Response(status=200, body=body))


ANSWER: dict[str, Any] = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                {"text": "Guten Tag"},
                {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"at": 1}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {
        "inputTokens": 3,
        "outputTokens": 7,
        "cacheReadInputTokens": 90,
        "cacheWriteInputTokens": 10,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 10}],
    },
}


def test_converse_is_read() -> None:
    """The input includes what was cached; the model stands in the URL only."""
    reading = plain(path("converse"), {}, ANSWER, host=HOST)
    assert (reading.api, reading.provider) == ("bedrock.converse", "aws")
    assert (reading.model, reading.answer) == (NOVA, "Guten Tag")
    assert reading.tool_calls == (ToolCall(name="look", arguments={"at": 1}, id="t1"),)
    assert reading.finish_reason == "tool_calls"
    used = reading.usage
    assert used is not None
    assert (used.input_tokens, used.output_tokens) == (103, 7)
    assert (used.cache_read_tokens, used.cache_write_tokens) == (90, 10)
    assert used.units == {"cache_write_1h_tokens": Decimal(10)}


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0",) * 2,
        (f"{ARN}inference-profile/{NOVA}", NOVA),
        ("arn:aws:bedrock:us-east-1::foundation-model/a.b-v1:0", "a.b-v1:0"),
        (
            f"{ARN}application-inference-profile/abc1",
            "application-inference-profile/abc1",
        ),
    ],
)
def test_the_model_is_read_out_of_the_url(said: str, model: str) -> None:
    """Also out of an ARN, whether its slash is escaped or not."""
    assert plain(path("converse", said), {}, ANSWER).model == model
    assert plain(f"/model/{said}/converse", {}, ANSWER).model == model


def test_what_the_model_was_told_is_read_with_its_paths() -> None:
    """System, texts, pictures, tool calls and their results in text and JSON."""
    asked = {
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {
                "role": "user",
                "content": [{"text": "Look"}, {"image": {"format": "png"}}],
            },
            {
                "role": "assistant",
                "content": [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}],
            },
            {
                "role": "user",
                "content": [
                    {
                        "toolResult": {
                            "toolUseId": "t1",
                            "content": [{"text": "42"}, {"json": {"a": 1}}],
                        }
                    }
                ],
            },
        ],
    }
    result = "$.messages[2].content[0].toolResult.content"
    assert plain(path("converse"), asked, {}).messages == (
        Message(role="system", text="Be brief.", path="$.system[0].text"),
        Message(role="user", text="Look", path="$.messages[0].content[0].text"),
        Message(role="user", path="$.messages[0].content[1]", images=1),
        Message(
            role="assistant",
            path="$.messages[1].content[0]",
            tool_calls=(ToolCall(name="f", arguments={}, id="t1"),),
        ),
        Message(
            role="tool",
            text="42",
            path=f"{result}[0].text",
            tool_call_id="t1",
            tool_name="f",
        ),
        Message(
            role="tool",
            text='{"a": 1}',
            path=f"{result}[1].json",
            tool_call_id="t1",
            tool_name="f",
        ),
    )


EVENTS: tuple[Mapping[str, Any], ...] = (
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Guten "}}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Tag"}}},
    {
        "contentBlockStart": {
            "contentBlockIndex": 1,
            "start": {"toolUse": {"toolUseId": "t1", "name": "look"}},
        }
    },
    {
        "contentBlockDelta": {
            "contentBlockIndex": 1,
            "delta": {"toolUse": {"input": '{"at"'}},
        }
    },
    {
        "contentBlockDelta": {
            "contentBlockIndex": 1,
            "delta": {"toolUse": {"input": ": 1}"}},
        }
    },
    {"messageStop": {"stopReason": "tool_use"}},
    {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 7}}},
)


def test_a_streamed_converse_says_the_same() -> None:
    """Its events fold into the plain answer."""
    reading = frames("converse-stream", converse(*EVENTS))
    whole = plain(path("converse"), {}, ANSWER, host=HOST)
    assert reading.answer == whole.answer
    assert reading.tool_calls == whole.tool_calls
    assert reading.finish_reason == whole.finish_reason
    assert reading.usage is not None
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (3, 7)
    assert reading.missing == ()


def test_a_stream_that_broke_off_has_no_usage_and_says_why() -> None:
    """What came before is read; the usage is not zero but unknown."""
    reading = frames("converse-stream", converse(*EVENTS)[:-20])
    assert reading.answer == "Guten Tag"
    assert reading.usage is None
    assert reading.missing[0].startswith("usage: frame 8 at byte ")
    assert "is cut off" in reading.missing[0]


def test_a_stream_that_failed_finished_in_error() -> None:
    """A frame of an exception ends it."""
    failed = event("modelStreamErrorException", {"message": "x"}, "exception")
    reading = frames("converse-stream", converse(*EVENTS[:3]) + failed)
    assert (reading.answer, reading.finish_reason) == ("Guten Tag", "error")
    assert reading.missing == ("usage: the stream ended in an error",)


COUNTED = (
    ("x-amzn-bedrock-input-token-count", "5"),
    ("x-amzn-bedrock-output-token-count", "10"),
    ("x-amzn-bedrock-cache-read-input-token-count", "90"),
)

TITAN = {
    "inputTextTokenCount": 5,
    "results": [
        {"tokenCount": 10, "outputText": "Guten Tag", "completionReason": "LENGTH"}
    ],
}
LLAMA = {
    "generation": "Guten Tag",
    "prompt_token_count": 5,
    "generation_token_count": 10,
    "stop_reason": "length",
}
CHOICE = {"message": {"content": "Guten Tag"}, "finish_reason": "length"}
CLAUDE = {
    "type": "message",
    "content": [{"type": "text", "text": "Guten Tag"}],
    "stop_reason": "max_tokens",
    "usage": {"input_tokens": 5, "output_tokens": 10},
}
NOVA_SAID = {
    "output": {"message": {"content": [{"text": "Guten Tag"}]}},
    "stopReason": "max_tokens",
    "usage": {"inputTokens": 5, "outputTokens": 10},
}
JAMBA = {
    "choices": [CHOICE],
    "usage": {"prompt_tokens": 5, "completion_tokens": 10},
}


@pytest.mark.parametrize("answered", [TITAN, LLAMA, CLAUDE, NOVA_SAID, JAMBA])
def test_each_family_reports_its_tokens_in_its_own_way(answered: object) -> None:
    """Text, reason and counts of the body itself."""
    reading = plain(path("invoke"), {}, answered, host=HOST)
    assert (reading.api, reading.model) == ("bedrock.invoke", NOVA)
    assert (reading.answer, reading.finish_reason) == ("Guten Tag", "length")
    assert reading.usage is not None
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (5, 10)


MISTRAL = {"outputs": [{"text": "Guten Tag", "stop_reason": "length"}]}
COMMAND = {"generations": [{"text": "Guten Tag", "finish_reason": "MAX_TOKENS"}]}
COMMAND_R = {"text": "Guten Tag", "chat_history": [], "finish_reason": "MAX_TOKENS"}
JURASSIC = {
    "completions": [
        {"data": {"text": "Guten Tag"}, "finishReason": {"reason": "length"}}
    ]
}


@pytest.mark.parametrize("answered", [MISTRAL, COMMAND, COMMAND_R, JURASSIC])
def test_where_the_body_counts_nothing_the_headers_do(answered: object) -> None:
    """Bedrock's own counts; the input includes what came from the cache."""
    sent = request(path("invoke"), {"message": "x"} if answered is COMMAND_R else {})
    body = json.dumps(answered).encode()
    reading = read(sent, Response(status=200, headers=COUNTED, body=body))
    assert (reading.answer, reading.finish_reason) == ("Guten Tag", "length")
    assert reading.usage is not None
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (95, 10)
    bare = read(sent, Response(status=200, body=body))
    assert bare.usage is None
    assert bare.missing == ("usage: the answer reports none",)


METRICS = {
    "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 10}
}

STREAMS = (
    [
        {"generation": "Guten ", "prompt_token_count": 5},
        {"generation": "Tag", "stop_reason": "length", **METRICS},
    ],
    [
        {"outputs": [{"text": "Guten "}]},
        {"outputs": [{"text": "Tag", "stop_reason": "length"}], **METRICS},
    ],
    [*EVENTS[:3], {"messageStop": {"stopReason": "max_tokens"}}, {"metadata": METRICS}],
    [
        {"type": "message_start", "message": {"usage": {"input_tokens": 5}}},
        {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "delta": {"type": "text_delta", "text": "Guten Tag"},
        },
        {
            "type": "message_delta",
            "delta": {"stop_reason": "max_tokens"},
            "usage": {"output_tokens": 10},
        },
    ],
    [
        {"event_type": "text-generation", "text": "Guten Tag"},
        {"event_type": "stream-end", "finish_reason": "MAX_TOKENS", **METRICS},
    ],
)


@pytest.mark.parametrize("events", STREAMS)
def test_streams_of_each_family_are_read(events: list[Mapping[str, object]]) -> None:
    """The model's own events, or the metrics of the last chunk, count the tokens."""
    metrics = [{**one, **METRICS} if one is events[-1] else one for one in events]
    asked = {"message": "x"} if "event_type" in events[0] else {}
    reading = frames("invoke-with-response-stream", invoke(*metrics), asked)
    assert (reading.answer, reading.finish_reason) == ("Guten Tag", "length")
    assert reading.usage is not None
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (5, 10)
    assert reading.missing == ()


def test_a_profile_that_hides_the_model_leaves_it_to_the_body() -> None:
    """What the account calls it has no price; what the answer names may have."""
    model = f"{ARN}application-inference-profile/abc1"
    said = {**CLAUDE, "model": "claude-haiku-4-5"}
    assert plain(path("invoke", model), {}, said).model == "claude-haiku-4-5"
    named = plain(path("invoke", "anthropic.claude-v2"), {}, said)
    assert named.model == "anthropic.claude-v2"


def test_embeddings_rankings_and_pictures_are_told_apart() -> None:
    """By what is asked and answered; each has its unit."""
    vectors = {"embedding": [0.1], "inputTextTokenCount": 4}
    reading = plain(path("invoke"), {"inputText": "Hello"}, vectors)
    assert (reading.kind, reading.messages[0].text) == ("embeddings", "Hello")
    assert reading.usage is not None
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (4, None)
    asked = {"query": "pool", "documents": ["a spa", "a pool"]}
    ranked = plain(
        path("invoke"), asked, {"results": [{"index": 1, "relevance_score": 0.9}]}
    )
    assert (ranked.kind, ranked.messages[-1].text) == ("rerank", "a pool")
    asked = {
        "textToImageParams": {"text": "a hotel"},
        "imageGenerationConfig": {"width": 512, "height": 256, "quality": "premium"},
    }
    drawn = plain(path("invoke"), asked, {"images": ["AAAA"]})
    assert (drawn.kind, drawn.messages[0].text) == ("image", "a hotel")
    assert drawn.usage is not None
    assert drawn.usage.units == {"images:512x256:premium": Decimal(1)}


def test_counting_tokens_is_no_call() -> None:
    """It costs nothing, and must not be billed."""
    assert plain(path("count-tokens"), {}, {"inputTokens": 7}).kind == "http"
