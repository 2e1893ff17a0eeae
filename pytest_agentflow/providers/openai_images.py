"""OpenAI pictures: generations and edits, also streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_agentflow.model.call import Message, Picture
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.exchange import Exchange
from pytest_agentflow.providers.openai_usage import token_usage
from pytest_agentflow.providers.pictures import picture_from, picture_units
from pytest_agentflow.providers.reading import Reading

API = "openai.images"

#: What a request that says nothing gets, by the model's first letters.
#: https://platform.openai.com/docs/api-reference/images/create
_DEFAULTS = {
    "dall-e": {"size": "1024x1024", "quality": "standard"},
    "gpt-image": {"size": "auto", "quality": "auto"},
}


def knows(exchange: Exchange) -> bool:
    """Whether it makes, edits or varies a picture."""
    return exchange.posted_to(
        "/images/generations", "/images/edits", "/images/variations"
    )


def read(exchange: Exchange) -> Reading:
    """Read pictures, their prompt and what they are billed for."""
    asked, said = exchange.asked, _answer(exchange)
    # The API's own default where the request names no model.
    model = lenient.name(said.get("model")) or lenient.name(asked.get("model"))
    pictures = tuple(_pictures(asked, said, model or "dall-e-2"))
    revised = [
        lenient.text(item.get("revised_prompt"))
        for _, item in lenient.numbered(said.get("data"))
    ]
    return Reading(
        kind="image",
        model=model or "dall-e-2",
        messages=tuple(_messages(asked)),
        answer="\n\n".join(r for r in revised if r) or None,
        pictures=pictures,
        usage=_usage(said, pictures),
        finish_reason="stop" if pictures else None,
    )


def _answer(exchange: Exchange) -> Mapping[str, Any]:
    """Give the answer, a stream as the object that the same call answers without."""
    if not exchange.events:
        return exchange.answered
    done = [
        e for e in exchange.events if lenient.text(e.get("type")).endswith(".completed")
    ]
    return {**done[-1], "data": done} if done else {}


def _messages(asked: Mapping[str, Any]) -> Iterator[Message]:
    prompt = lenient.name(asked.get("prompt"))
    if prompt is not None:
        # A form holds one field of this name per picture; how many is not kept.
        pictures = sum(key in asked for key in ("image", "image[]", "image[0]"))
        yield Message(role="user", text=prompt, path="$.prompt", images=pictures)


def _pictures(
    asked: Mapping[str, Any], said: Mapping[str, Any], model: str
) -> Iterator[Picture]:
    kinds = (form for start, form in _DEFAULTS.items() if model.startswith(start))
    default = next(kinds, {"size": "auto", "quality": "auto"})
    wanted = {key: _asked_for(asked, key) or default[key] for key in default}
    for _, item in lenient.numbered(said.get("data")):
        yield picture_from(
            item.get("b64_json"),
            size=lenient.name(said.get("size")) or wanted["size"],
            quality=lenient.name(said.get("quality")) or wanted["quality"],
            form=lenient.name(said.get("output_format")),
        )


def _asked_for(asked: Mapping[str, Any], key: str) -> str | None:
    return lenient.name(asked.get(key))


def _usage(said: Mapping[str, Any], pictures: tuple[Picture, ...]) -> Usage | None:
    units = picture_units(pictures)
    reported = token_usage(said.get("usage"), units)
    if reported is None:
        return Usage(units=units) if units else None
    if reported.output_image_tokens is not None:
        return reported
    # "output_tokens: the number of image tokens in the output image", says the API
    # reference of the answers that do not tell them apart yet.
    return replace(reported, output_image_tokens=reported.output_tokens)
