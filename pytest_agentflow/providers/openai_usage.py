"""Token counts as OpenAI and the hosts compatible with it report them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient

#: Transcriptions say ``token`` for ``tokens``.
_INPUT_DETAILS = (
    "prompt_tokens_details",
    "input_tokens_details",
    "input_token_details",
)

#: DeepSeek, Moonshot and Mistral tell cached tokens beside the totals.
_CACHED_BESIDE = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")


def token_usage(
    reported: object, units: Mapping[str, Decimal] | None = None
) -> Usage | None:
    """Read a ``usage`` object of any of OpenAI's APIs; `None` where it counts nothing.

    Chat and embeddings say ``prompt_tokens``/``completion_tokens``, responses and
    images ``input_tokens``/``output_tokens``. Both totals already include their parts,
    with one exception: where ``total_tokens`` shows that reasoning came on top of the
    output (xAI), it is added.
    """
    said = lenient.mapping(reported)
    asked = _first(said, "prompt_tokens", "input_tokens")
    given = _first(said, "completion_tokens", "output_tokens")
    if asked is None and given is None:
        return None
    inner = _details(said, *_INPUT_DETAILS)
    outer = _details(said, "completion_tokens_details", "output_tokens_details")
    reasoning = lenient.count(outer.get("reasoning_tokens"))
    return Usage(
        input_tokens=asked,
        output_tokens=_with_reasoning(said, asked, given, reasoning),
        cache_read_tokens=_cache_read(said, inner),
        cache_write_tokens=lenient.count(inner.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
        input_audio_tokens=lenient.count(inner.get("audio_tokens")),
        output_audio_tokens=lenient.count(outer.get("audio_tokens")),
        input_image_tokens=lenient.count(inner.get("image_tokens")),
        output_image_tokens=lenient.count(outer.get("image_tokens")),
        units=units or {},
    )


def _first(said: Mapping[str, Any], *keys: str) -> int | None:
    for key in keys:
        if (number := lenient.count(said.get(key))) is not None:
            return number
    return None


def _details(said: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        if details := lenient.mapping(said.get(key)):
            return details
    return {}


def _cache_read(said: Mapping[str, Any], inner: Mapping[str, Any]) -> int | None:
    cached = lenient.count(inner.get("cached_tokens"))
    return _first(said, *_CACHED_BESIDE) if cached is None else cached


def _with_reasoning(
    said: Mapping[str, Any],
    asked: int | None,
    given: int | None,
    reasoning: int | None,
) -> int | None:
    if given is None or not reasoning:
        return given
    whole = lenient.count(said.get("total_tokens"))
    on_top = whole == (asked or 0) + given + reasoning
    return given + reasoning if on_top else given
