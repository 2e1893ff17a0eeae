"""Chat completions are read, plain and streamed."""

import json

from hypothesis import given
from hypothesis import strategies as st
from wire_samples import CHAT, plain, streamed

from pytest_agentflow.model.call import Message, ToolCall
from pytest_agentflow.model.usage import Usage

USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 40,
    "total_tokens": 160,
    "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 25, "audio_tokens": 0},
}


def answer(message: dict, finish: str = "stop", **more: object) -> dict:
    """A chat completion."""
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {
        "object": "chat.completion",
        "model": "gpt-5-mini-2025-08-07",
        "choices": [choice],
        "usage": USAGE,
        **more,
    }


def chunk(delta: dict, finish: str | None = None, **more: object) -> dict:
    """A chunk of a streamed chat completion."""
    return {
        "object": "chat.completion.chunk",
        "model": "gpt-5-mini-2025-08-07",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def test_the_answer_gives_text_model_usage_and_reason() -> None:
    """All that a plain completion says is read."""
    asked = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]}
    reading = plain(CHAT, asked, answer({"role": "assistant", "content": "Hello"}))
    assert reading.kind == "chat"
    assert reading.api == "openai.chat"
    assert reading.provider == "openai"
    assert reading.model == "gpt-5-mini-2025-08-07"
    assert reading.answer == "Hello"
    assert reading.finish_reason == "stop"
    assert reading.usage == Usage(
        input_tokens=120,
        output_tokens=40,
        cache_read_tokens=100,
        reasoning_tokens=25,
        input_audio_tokens=3,
        output_audio_tokens=0,
    )
    assert reading.messages == (
        Message(role="user", text="Hi", path="$.messages[0].content"),
    )


def test_every_part_of_every_message_has_its_path() -> None:
    """Texts in parts, pictures, tool calls and tool results: each where it stands."""
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "find", "arguments": '{"city": "Kiel"}'},
    }
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    asked = {
        "messages": [
            {"role": "developer", "content": "Be brief"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    picture,
                    {"type": "text", "text": "Well?"},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "no rain"},
        ]
    }
    reading = plain(CHAT, asked, answer({"content": "Dry."}))
    find = ToolCall(name="find", arguments={"city": "Kiel"}, id="call_1")
    assert reading.messages == (
        Message(role="system", text="Be brief", path="$.messages[0].content"),
        Message(
            role="user", text="Look", path="$.messages[1].content[0].text", images=1
        ),
        Message(role="user", text="Well?", path="$.messages[1].content[2].text"),
        Message(role="assistant", path="$.messages[2].content", tool_calls=(find,)),
        Message(
            role="tool",
            text="no rain",
            path="$.messages[3].content",
            tool_call_id="call_1",
            tool_name="find",
        ),
    )


def test_tools_that_the_model_asks_for_are_parsed() -> None:
    """Arguments are JSON where they are, text where not; the reason is tool_calls."""
    calls = [
        {"id": "a", "function": {"name": "find", "arguments": '{"n": 1}'}},
        {"id": "b", "type": "custom", "custom": {"name": "shell", "input": "ls -l"}},
    ]
    reading = plain(CHAT, {}, answer({"content": None, "tool_calls": calls}, "stop"))
    assert reading.tool_calls == (
        ToolCall(name="find", arguments={"n": 1}, id="a"),
        ToolCall(name="shell", arguments="ls -l", id="b"),
    )
    assert reading.answer is None
    assert reading.finish_reason == "tool_calls"


def test_a_stream_without_usage_has_none() -> None:
    """Tokens that the wire does not give are not made up."""
    events = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hi"})]
    reading = streamed(CHAT, {"stream": True}, [*events, chunk({}, "length")])
    assert reading.answer == "Hi"
    assert reading.usage is None
    assert reading.finish_reason == "length"


def test_usage_comes_in_the_last_chunk_or_from_groq() -> None:
    """The chunk without choices, and Groq's own place, are both read."""
    last = {"object": "chat.completion.chunk", "choices": [], "usage": USAGE}
    openai = streamed(CHAT, {}, [chunk({"content": "a"}, "stop", usage=None), last])
    groq = streamed(
        CHAT, {}, [chunk({"content": "a"}, "stop", x_groq={"usage": USAGE})]
    )
    assert openai.usage is not None
    assert openai.usage == groq.usage
    assert openai.usage.input_tokens == 120


def test_reasoning_on_top_of_the_output_is_added() -> None:
    """Where the total shows that reasoning is not in the output, it is added (xAI)."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 115,
        "completion_tokens_details": {"reasoning_tokens": 100},
    }
    reading = plain(CHAT, {}, answer({"content": "x"}) | {"usage": usage})
    assert reading.usage is not None
    assert reading.usage.output_tokens == 105


def test_a_refused_call_is_billed_nothing() -> None:
    """An error status is a call without cost; a content filter is named as such."""
    error = {"error": {"code": "content_filter", "message": "no"}}
    path = "/openai/deployments/my-gpt/chat/completions"
    reading = plain(path, {}, error, status=400, host="me.openai.azure.com")
    assert reading.kind == "chat"
    assert reading.model == "my-gpt"
    assert reading.provider == "azure"
    assert reading.usage == Usage(input_tokens=0, output_tokens=0)
    assert reading.finish_reason == "content_filter"
    assert plain(CHAT, {}, {}, status=429).finish_reason == "error"


def test_a_refusal_is_an_answer_with_that_reason() -> None:
    """What the model says when it refuses is its answer."""
    reading = plain(CHAT, {}, answer({"content": None, "refusal": "I will not"}))
    assert reading.answer == "I will not"
    assert reading.finish_reason == "refusal"


def test_what_a_model_thought_is_no_part_of_its_answer() -> None:
    """Parts of an answer are joined, thoughts left out (Mistral)."""
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
        {"type": "thinking", "thinking": "Hm"},
        {"type": "text", "text": "Four"},
    ]
    assert plain(CHAT, {}, answer({"content": parts})).answer == "Four"


def test_all_choices_are_answers() -> None:
    """With ``n`` above one, each choice is read, also where chunks come mixed."""
    choices = [{"index": n, "message": {"content": t}} for n, t in enumerate("AB")]
    whole = plain(CHAT, {}, answer({}, choices=choices))
    chunks = [
        {"choices": [{"index": n, "delta": {"content": text}}]}
        for n, text in ((1, "B"), (0, "A"))
    ]
    assert whole.answer == streamed(CHAT, {}, chunks).answer == "A\n\nB"


def test_a_gateway_with_a_path_of_its_own_is_known_by_the_answer() -> None:
    """The form of the answer is enough, on any host and path."""
    reading = plain("/llm", {}, answer({"content": "x"}), host="gateway.example")
    assert reading.api == "openai.chat"
    assert reading.provider == "openai-compatible"


def cut(text: str, sizes: list[int]) -> list[str]:
    """Cut a text into pieces of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    return [*pieces, text]


@given(
    text=st.text(),
    calls=st.lists(
        st.tuples(
            st.text(min_size=1, max_size=8),
            st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)),
        ),
        max_size=3,
    ),
    sizes=st.lists(st.integers(0, 9), max_size=6),
    numbered=st.booleans(),
)
def test_a_stream_reads_like_the_plain_answer(
    text: str,
    calls: list[tuple[str, dict]],
    sizes: list[int],
    numbered: bool,
) -> None:
    """However an answer is cut into chunks, folding gives what the plain one says."""
    asked = [
        {"id": f"c{n}", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": asked}
    events = [chunk({"content": piece}) for piece in cut(text, sizes)]
    for number, call in enumerate(asked):
        index = {"index": number} if numbered else {}
        first, *rest = cut(call["function"]["arguments"], sizes)
        begin = {"name": call["function"]["name"], "arguments": first}
        head = {**index, "id": call["id"], "function": begin}
        events.append(chunk({"tool_calls": [head]}))
        events += [
            chunk({"tool_calls": [{**index, "function": {"arguments": piece}}]})
            for piece in rest
        ]
    events += [chunk({}, "stop"), chunk({}, usage=USAGE)]
    assert streamed(CHAT, {}, events) == plain(CHAT, {}, answer(message))
