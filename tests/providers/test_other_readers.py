"""Ollama, Cohere, rerankers, Mistral, completions and audio.

All samples are authored after the API references.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from wire_samples import CHAT, plain, request, sse, streamed

from pytest_agentflow.model.call import Message, Response, ToolCall
from pytest_agentflow.providers.read import read
from pytest_agentflow.providers.reading import Reading


def lines(path: str, asked: object, *said: object, **more: Any) -> Reading:
    """Read an exchange that streams one object a line."""
    body = b"".join(json.dumps(one).encode() + b"\n" for one in said)
    return read(request(path, asked, **more), Response(status=200, body=body))


def counts(reading: Reading) -> tuple[int | None, int | None]:
    """Input and output tokens."""
    assert reading.usage is not None
    return reading.usage.input_tokens, reading.usage.output_tokens


def turn(content: str, **more: object) -> dict[str, object]:
    """One line of Ollama's chat."""
    message = {"role": "assistant", "content": content, **more}
    return {"model": "llama3", "message": message, "done": False}


DONE = {
    "model": "llama3",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 9,
    "eval_count": 4,
}
CALL = {"function": {"name": "f", "arguments": {"a": 1}}}


def test_ollamas_lines_are_read() -> None:
    """Text, tools and counts; a local server is Ollama's own."""
    asked = {
        "model": "llama3",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi", "images": ["AAAA"]},
            {"role": "tool", "content": "42", "tool_name": "f"},
        ],
    }
    said = (turn("Guten "), turn("Tag", tool_calls=[CALL]), DONE)
    reading = lines("/api/chat", asked, *said, host="localhost")
    assert (reading.api, reading.provider) == ("ollama.chat", "ollama")
    assert (reading.model, reading.answer) == ("llama3", "Guten Tag")
    assert reading.tool_calls == (ToolCall(name="f", arguments={"a": 1}),)
    assert reading.finish_reason == "tool_calls"
    assert counts(reading) == (9, 4)
    assert [(m.role, m.images, m.tool_name) for m in reading.messages] == [
        ("system", 0, None),
        ("user", 1, None),
        ("tool", 0, "f"),
    ]


def test_a_cached_prompt_has_no_count_and_says_so() -> None:
    """Ollama leaves the count out: it is unknown, not zero."""
    cached = {k: v for k, v in DONE.items() if k != "prompt_eval_count"}
    reading = plain("/api/generate", {"model": "llama3", "prompt": "Hi"}, cached)
    assert counts(reading) == (None, 4)
    assert reading.missing[0].startswith("input_tokens: prompt_eval_count")
    assert reading.messages == (Message(role="user", text="Hi", path="$.prompt"),)


def test_ollamas_embeddings_are_read() -> None:
    """One text or several."""
    asked = {"model": "e", "input": ["a", "b"]}
    reading = plain("/api/embed", asked, {"embeddings": [], "prompt_eval_count": 3})
    assert (reading.kind, counts(reading)) == ("embeddings", (3, None))
    assert [m.path for m in reading.messages] == ["$.input[0]", "$.input[1]"]


def test_an_api_of_somebody_elses_is_not_ollamas() -> None:
    """Many applications have an ``/api/chat``."""
    assert plain("/api/chat", {"text": "Hi"}, {"reply": "Ho"}).kind == "http"


V2 = {
    "message": {
        "content": [
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "Guten Tag"},
        ],
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a": 1}'},
            }
        ],
    },
    "finish_reason": "TOOL_CALL",
    "usage": {
        "billed_units": {"input_tokens": 1, "output_tokens": 2},
        "tokens": {"input_tokens": 90, "output_tokens": 11},
        "cached_tokens": 64,
    },
}


def test_coheres_tokens_are_those_that_the_model_read() -> None:
    """Not the billed units, which leave the prompt's wrapping out."""
    asked = {"model": "command-a", "messages": [{"role": "user", "content": "Hi"}]}
    reading = plain("/v2/chat", asked, V2, host="api.cohere.com")
    assert (reading.provider, reading.model) == ("cohere", "command-a")
    assert (reading.answer, reading.finish_reason) == ("Guten Tag", "tool_calls")
    assert reading.tool_calls == (ToolCall(name="f", arguments={"a": 1}, id="c1"),)
    assert counts(reading) == (90, 11)
    assert reading.usage is not None
    assert reading.usage.cache_read_tokens == 64
    assert reading.messages[0].path == "$.messages[0].content"


def delta(kind: str, index: int, **message: object) -> dict[str, object]:
    """One event of version 2."""
    return {"type": kind, "index": index, "delta": {"message": message}}


def test_coheres_streams_of_both_versions_are_read() -> None:
    """Version 2 as events, version 1 as lines."""
    function = {"name": "f", "arguments": ""}
    end = {"finish_reason": "TOOL_CALL", "usage": V2["usage"]}
    events: list[dict[str, Any]] = [
        delta("content-start", 0, content={"type": "text", "text": ""}),
        delta("content-delta", 0, content={"text": "Guten Tag"}),
        delta("tool-call-start", 0, tool_calls={"id": "c1", "function": function}),
        delta("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"a": 1}'}}),
        {"type": "message-end", "delta": end},
    ]
    second = streamed("/v2/chat", {}, events)
    assert (second.answer, second.finish_reason) == ("Guten Tag", "tool_calls")
    assert second.tool_calls == (ToolCall(name="f", arguments={"a": 1}, id="c1"),)
    assert counts(second) == (90, 11)
    whole = {
        "text": "Guten Tag",
        "finish_reason": "MAX_TOKENS",
        "meta": {"tokens": {"input_tokens": 9, "output_tokens": 2}},
    }
    asked = {
        "message": "Hi",
        "preamble": "Be brief.",
        "chat_history": [{"role": "CHATBOT", "message": "Yes?"}],
    }
    first = lines(
        "/v1/chat",
        asked,
        {"event_type": "text-generation", "text": "Guten "},
        {"event_type": "stream-end", "response": whole},
    )
    assert (first.answer, first.finish_reason) == ("Guten Tag", "length")
    assert counts(first) == (9, 2)
    assert [(m.role, m.text) for m in first.messages] == [
        ("system", "Be brief."),
        ("assistant", "Yes?"),
        ("user", "Hi"),
    ]


def test_another_vendors_chat_at_the_same_path_is_read_as_what_it_is() -> None:
    """Writer answers in OpenAI's form at the path of Cohere's version 1."""
    said = {
        "object": "chat.completion",
        "model": "palmyra-x5",
        "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    reading = plain("/v1/chat", {"messages": []}, said, host="api.writer.com")
    assert (reading.api, reading.provider) == ("openai.chat", "writer")


def test_coheres_embeddings_are_read() -> None:
    """Billed tokens are all that it reports."""
    asked = {"model": "embed-v4.0", "texts": ["Hello"]}
    said = {"embeddings": {}, "meta": {"billed_units": {"input_tokens": 4}}}
    reading = plain("/v2/embed", asked, said)
    assert (reading.kind, counts(reading)) == ("embeddings", (4, None))
    assert reading.messages[0].path == "$.texts[0]"


def test_rerankers_are_billed_by_search_or_by_token() -> None:
    """Cohere bills searches, Voyage and Jina tokens."""
    asked = {"model": "rerank-v3.5", "query": "q", "documents": ["a", {"text": "b"}]}
    billed = {"results": [], "meta": {"billed_units": {"search_units": 1}}}
    reading = plain("/v2/rerank", asked, billed)
    assert reading.kind == "rerank"
    assert reading.usage is not None
    assert reading.usage.units == {"search_units": Decimal(1)}
    assert [m.path for m in reading.messages] == [
        "$.query",
        "$.documents[0]",
        "$.documents[1].text",
    ]
    voyage = plain("/v1/rerank", asked, {"data": [], "usage": {"total_tokens": 26}})
    assert (voyage.kind, counts(voyage)) == ("rerank", (26, None))


def test_mistrals_pages_are_counted() -> None:
    """OCR is billed by the page."""
    said = {
        "model": "mistral-ocr-latest",
        "pages": [{"markdown": "# One"}, {"markdown": "Two"}],
        "usage_info": {"pages_processed": 2},
    }
    asked = {"document": {"type": "document_url"}}
    reading = plain("/v1/ocr", asked, said, host="localhost")
    assert (reading.provider, reading.answer) == ("mistral", "# One\n\nTwo")
    assert reading.usage is not None
    assert reading.usage.units == {"input_document_pages": Decimal(2)}


def test_mistrals_infills_are_chats_of_a_prompt() -> None:
    """Prompt and suffix are what the model was told; cached tokens have a key."""
    asked = {"model": "codestral", "prompt": "def f(", "suffix": "return 1"}
    said = {
        "choices": [{"message": {"content": "):"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "num_cached_tokens": 4},
    }
    reading = plain("/v1/fim/completions", asked, said)
    assert [m.path for m in reading.messages] == ["$.prompt", "$.suffix"]
    assert counts(reading) == (5, 1)
    assert reading.usage is not None
    assert reading.usage.cache_read_tokens == 4


def test_text_completions_are_read_streamed_or_not() -> None:
    """Each prompt has its path; lists of token numbers have no text."""
    asked = {"model": "m", "prompt": ["One", [1, 2]]}
    said = {
        "object": "text_completion",
        "choices": [{"index": 0, "text": "Guten Tag", "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    reading = plain("/v1/completions", asked, said)
    assert (reading.api, reading.answer) == ("openai.completions", "Guten Tag")
    assert (reading.finish_reason, counts(reading)) == ("length", (3, 2))
    assert [m.path for m in reading.messages] == ["$.prompt[0]"]
    chunks = [{"choices": [{"index": 0, "text": text}]} for text in ("Guten ", "Tag")]
    stream = streamed("/v1/completions", asked, chunks)
    assert (stream.answer, stream.usage) == ("Guten Tag", None)


@pytest.mark.parametrize("path", [CHAT, "/v1/completions"])
def test_a_stream_that_was_not_asked_for_usage_says_so(path: str) -> None:
    """Absent usage is unknown, and the reason tells how to get it."""
    chunks = [{"choices": [{"index": 0, "text": "x", "delta": {"content": "x"}}]}]
    asked: dict[str, Any] = {"prompt": "x"}
    assert streamed(path, asked, chunks).missing == (
        "usage: the stream was not asked for it (stream_options.include_usage)",
    )
    asked["stream_options"] = {"include_usage": True}
    assert streamed(path, asked, chunks).missing == (
        "usage: the stream does not bring it",
    )


def test_an_empty_answer_has_a_reason() -> None:
    """A recording without its body is told apart from an answer without usage."""
    reading = read(request(CHAT, {}), Response(status=200))
    assert reading.missing == ("usage: the response is empty",)


SPOKEN = {"model": "gpt-4o-transcribe"}


def test_transcriptions_are_billed_by_token_or_by_second() -> None:
    """Which it is depends on the model."""
    tokens = {
        "input_tokens": 14,
        "input_token_details": {"audio_tokens": 14},
        "output_tokens": 5,
    }
    path = "/v1/audio/transcriptions"
    reading = plain(path, SPOKEN, {"text": "Hello", "usage": tokens})
    assert (reading.kind, reading.answer) == ("audio", "Hello")
    assert counts(reading) == (14, 5)
    assert reading.usage is not None
    assert reading.usage.input_audio_tokens == 14
    timed = {"text": "Hello", "usage": {"type": "duration", "seconds": 3}}
    seconds = plain(path, {"model": "whisper-1"}, timed).usage
    assert seconds is not None
    assert seconds.units == {"audio_seconds": Decimal(3)}
    subtitles = read(request(path, SPOKEN), Response(status=200, body=b"1\nHello\n"))
    assert (subtitles.answer, subtitles.usage) == ("1\nHello", None)
    events = [{"type": "transcript.text.done", "text": "Hello", "usage": tokens}]
    assert counts(streamed(path, SPOKEN, events)) == (14, 5)
    broken = [{"type": "transcript.text.delta", "delta": d} for d in ("Hel", "lo")]
    assert streamed(path, SPOKEN, broken).answer == "Hello"


def test_speech_is_billed_by_letter_where_the_model_is() -> None:
    """The newer models are billed by token, which the sound does not tell."""
    asked = {"model": "tts-1-hd", "input": "Grüße", "instructions": "Slowly."}
    sound = Response(status=200, body=b"\x00\x01\xff")
    reading = read(request("/v1/audio/speech", asked), sound)
    assert reading.usage is not None
    assert reading.usage.units == {"input_characters": Decimal(5)}
    assert [m.role for m in reading.messages] == ["system", "user"]
    newer = request("/v1/audio/speech", {**asked, "model": "gpt-4o-mini-tts"})
    assert read(newer, sound).usage is None


def test_anthropics_old_completions_report_no_usage() -> None:
    """Its stream brings the text in pieces."""
    events = [
        {"type": "completion", "completion": " Guten", "stop_reason": None},
        {"type": "completion", "completion": " Tag", "stop_reason": "max_tokens"},
    ]
    asked = {"model": "claude-2.1", "prompt": "Human: Hi"}
    response = Response(status=200, body=sse(events, named=True))
    reading = read(request("/v1/complete", asked), response)
    assert (reading.model, reading.answer) == ("claude-2.1", " Guten Tag")
    assert (reading.finish_reason, reading.usage) == ("length", None)


def test_a_background_response_that_is_streamed_again_counts() -> None:
    """Its usage stands where it is fetched."""
    done = {
        "object": "response",
        "status": "completed",
        "background": True,
        "model": "gpt-5",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    sent = request("/v1/responses/resp_1", b"", method="GET", query="stream=true")
    events = [{"type": "response.completed", "response": done}]
    assert counts(read(sent, Response(status=200, body=sse(events)))) == (3, 4)


def test_counts_of_tokens_are_no_calls() -> None:
    """They cost nothing, and must not be billed."""
    for path in ("/v1/responses/input_tokens", "/v1/messages/count_tokens"):
        asked = {"messages": [{"role": "user", "content": "Hi"}]}
        assert plain(path, asked, {"input_tokens": 9}).kind == "http"
