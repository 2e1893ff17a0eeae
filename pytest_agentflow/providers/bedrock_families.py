"""Models on Bedrock with a form of their own: Titan, Llama, Mistral, Command, Jurassic.

The forms stand at
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_agentflow.model.call import CallKind, Message, Picture
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.cohere_embed import embedded_texts
from pytest_agentflow.providers.content import messages_of
from pytest_agentflow.providers.exchange import Exchange
from pytest_agentflow.providers.finish import finish_reason
from pytest_agentflow.providers.pictures import picture_from, picture_units
from pytest_agentflow.providers.reading import Reading
from pytest_agentflow.providers.rerank import ranked_texts

#: Where answers stand if not at the top, and the key of their text.
_LISTS = ("results", "outputs", "generations", "completions", "choices")
_TEXTS = ("outputText", "text", "generation", "completion")

_REASONS = ("completionReason", "stop_reason", "finish_reason", "finishReason")

_ASKED_TOKENS = ("inputTextTokenCount", "prompt_token_count")
_GIVEN_TOKENS = ("totalOutputTextTokenCount", "generation_token_count", "tokenCount")


def read_family(exchange: Exchange) -> Reading:
    """Read one prompt and the text that continues it, streamed or not."""
    spoken = exchange.events or (exchange.answered,)
    pieces = [piece for said in spoken for piece in _pieces(said)]
    reasons = (_reason(piece) for piece in pieces)
    failed = any(said.get("type") == "error" for said in spoken)
    return Reading(
        kind="chat",
        model=None,
        messages=tuple(_messages(exchange.asked)),
        answer="".join(map(_text, pieces)) or None,
        usage=_usage([*spoken, *pieces]),
        finish_reason="error" if failed else next((r for r in reasons if r), None),
    )


def _pieces(said: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the objects that carry text: an answer's own, or those of its list."""
    if any(key in said for key in _TEXTS):
        yield said
    for key in _LISTS:
        for _, item in lenient.numbered(said.get(key)):
            yield {**item, **lenient.mapping(item.get("data"))}  # Jurassic's "data"


def _text(piece: Mapping[str, Any]) -> str:
    return next((t for key in _TEXTS if (t := lenient.text(piece.get(key)))), "")


def _reason(piece: Mapping[str, Any]) -> str | None:
    for key in _REASONS:
        said = piece.get(key)
        if reason := finish_reason(lenient.mapping(said).get("reason") or said):
            return reason
    return None


def _usage(spoken: list[Mapping[str, Any]]) -> Usage | None:
    asked, given = _last(spoken, _ASKED_TOKENS), _last(spoken, _GIVEN_TOKENS)
    if asked is None or given is None:
        return None  # Bedrock's own counts are whole
    return Usage(input_tokens=asked, output_tokens=given)


def _last(spoken: list[Mapping[str, Any]], keys: tuple[str, ...]) -> int | None:
    counts = (lenient.count(said.get(key)) for said in spoken for key in keys)
    return next((n for n in reversed(list(counts)) if n is not None), None)


def _messages(asked: Mapping[str, Any]) -> Iterator[Message]:
    for key in ("system", "prompt", "inputText"):
        if text := lenient.text(asked.get(key)):
            role = "system" if key == "system" else "user"
            yield Message(role=role, text=text, path=f"$.{key}")
    for number, message in lenient.numbered(asked.get("messages")):
        role = lenient.text(message.get("role"))
        path = f"$.messages[{number}].content"
        yield from messages_of(role, message.get("content"), path)


def read_vectors(exchange: Exchange) -> Reading:
    """Read embeddings, a ranking or pictures; none of them has an answer text."""
    asked = exchange.asked
    pictures = tuple(_pictures(exchange))
    kind: CallKind = "image" if pictures else "embeddings"
    ranked = tuple(ranked_texts(asked))
    if ranked and not pictures:
        kind = "rerank"
    tokens = lenient.count(exchange.answered.get("inputTextTokenCount"))
    used = None if tokens is None else Usage(input_tokens=tokens)
    return Reading(
        kind=kind,
        model=None,
        messages=(*_texts(asked), *embedded_texts(asked), *ranked),
        pictures=pictures,
        usage=Usage(units=picture_units(pictures)) if pictures else used,
        finish_reason="stop" if pictures else None,
    )


#: Paths under which Amazon's models take one text.
_PLACES = (
    ("inputText",),
    ("prompt",),
    ("textToImageParams", "text"),
    ("singleEmbeddingParams", "text", "value"),
)


def _texts(asked: Mapping[str, Any]) -> Iterator[Message]:
    for place in _PLACES:
        held: Any = asked
        for key in place:
            held = lenient.mapping(held).get(key)
        if text := lenient.text(held):
            yield Message(role="user", text=text, path=f"$.{'.'.join(place)}")
    for number, prompt in lenient.numbered(asked.get("text_prompts")):
        if text := lenient.text(prompt.get("text")):
            yield Message(role="user", text=text, path=f"$.text_prompts[{number}].text")


def _pictures(exchange: Exchange) -> Iterator[Picture]:
    wanted = lenient.mapping(exchange.asked.get("imageGenerationConfig"))
    width, height = wanted.get("width"), wanted.get("height")
    size = (
        f"{width}x{height}" if lenient.count(width) and lenient.count(height) else None
    )
    quality = lenient.name(wanted.get("quality"))
    for data in lenient.items(exchange.answered.get("images")):
        if isinstance(data, str):
            yield picture_from(data, size=size, quality=quality)
    for _, made in lenient.numbered(exchange.answered.get("artifacts")):
        if made.get("base64"):
            yield picture_from(made["base64"], size=size, quality=quality)
