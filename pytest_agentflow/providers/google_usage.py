"""Token counts as Gemini and Vertex report them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient

#: Modalities as named, and as numbered where ``enum-encoding=int`` was asked for.
#: https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rpc/google.cloud.aiplatform.v1#modality
_IMAGE = ("IMAGE", 2)
_AUDIO = ("AUDIO", 4)


def gemini_usage(
    reported: object, units: Mapping[str, Decimal] | None = None
) -> Usage | None:
    """Read a ``usageMetadata`` object; `None` where it counts nothing.

    Input is the prompt and what hosted tools put into it; output is the candidates and
    the thoughts. A count that is zero is left out of the object, so that beside other
    counts an absent one is 0. The prompt already includes what came from the cache.
    https://ai.google.dev/api/generate-content#UsageMetadata
    """
    said = lenient.mapping(reported)
    prompt = _sum(said, "promptTokenCount", "toolUsePromptTokenCount")
    # Live sessions, and the first previews, say "response" for "candidates".
    spoken = "candidatesTokenCount" in said
    key = "candidatesTokenCount" if spoken else "responseTokenCount"
    given = _sum(said, key, "thoughtsTokenCount")
    if prompt is None and given is None:
        return None
    return Usage(
        input_tokens=prompt or 0,
        output_tokens=given or 0,
        cache_read_tokens=lenient.count(said.get("cachedContentTokenCount")),
        reasoning_tokens=lenient.count(said.get("thoughtsTokenCount")),
        input_audio_tokens=_of_kind(said, _AUDIO, *_INPUTS),
        input_image_tokens=_of_kind(said, _IMAGE, *_INPUTS),
        output_audio_tokens=_of_kind(said, _AUDIO, *_OUTPUTS),
        output_image_tokens=_of_kind(said, _IMAGE, *_OUTPUTS),
        units=units or {},
    )


_INPUTS = ("promptTokensDetails", "toolUsePromptTokensDetails")
_OUTPUTS = ("candidatesTokensDetails", "responseTokensDetails")


def _sum(said: Mapping[str, Any], *keys: str) -> int | None:
    counts = [n for key in keys if (n := lenient.count(said.get(key))) is not None]
    return sum(counts) if counts else None


def _of_kind(
    said: Mapping[str, Any], modality: tuple[str, int], *keys: str
) -> int | None:
    details = [d for key in keys for _, d in lenient.numbered(said.get(key))]
    counts = (
        lenient.count(detail.get("tokenCount")) or 0
        for detail in details
        if detail.get("modality") in modality
    )
    # Beside other modalities an absent one is 0.
    return sum(counts) if details else None
