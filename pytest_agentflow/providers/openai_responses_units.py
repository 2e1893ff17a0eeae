"""What a response is billed for beside the tokens of its own model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pytest_agentflow.model.call import Picture
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.openai_usage import token_usage
from pytest_agentflow.providers.pictures import picture_units


def billed_units(
    asked: Mapping[str, Any], said: Mapping[str, Any], pictures: Iterable[Picture]
) -> dict[str, Decimal]:
    """Count pictures, the tokens of the model that painted them, and searches.

    Pictures are ``images:SIZE:QUALITY``; where the answer reports what painting them
    took (``tool_usage.image_gen``), there is also ``MODEL:KIND`` for each kind of
    token, say ``gpt-image-1:output_image_tokens``. These kinds do not overlap. Both
    measure the same, so that one of them is billed. The model is ``image_generation``
    where neither request nor answer names it.
    """
    used = lenient.mapping(said.get("tool_usage"))
    return {
        **picture_units(pictures),
        **_painting(_painter(asked, said), used.get("image_gen")),
        **_searches(said, used),
    }


def _painter(*bodies: Mapping[str, Any]) -> str:
    for body in bodies:
        for _, tool in lenient.numbered(body.get("tools")):
            if tool.get("type") == "image_generation" and lenient.name(
                tool.get("model")
            ):
                return lenient.text(tool["model"])
    return "image_generation"


def _painting(painter: str, reported: object) -> dict[str, Decimal]:
    used = token_usage(reported)
    if used is None:
        return {}
    given = used.output_tokens or 0
    painted = given if used.output_image_tokens is None else used.output_image_tokens
    seen = used.input_image_tokens or 0
    kinds = {
        "input_tokens": (used.input_tokens or 0) - seen,
        "input_image_tokens": seen,
        "output_tokens": given - painted,
        "output_image_tokens": painted,
    }
    return {f"{painter}:{k}": Decimal(n) for k, n in kinds.items() if n > 0}


def _searches(said: Mapping[str, Any], used: Mapping[str, Any]) -> dict[str, Decimal]:
    """Count searches by the names of genai-prices; answers of before 2026 hold items.

    https://platform.openai.com/docs/pricing#built-in-tools: web search is billed per
    search action, file search per call.
    """
    output = [item for _, item in lenient.numbered(said.get("output"))]
    web = lenient.count(lenient.mapping(used.get("web_search")).get("num_requests"))
    if web is None:
        web = sum(_searched(item) for item in output)
    files = sum(item.get("type") == "file_search_call" for item in output)
    counts = {"web_searches": web, "storage_searches": files}
    return {unit: Decimal(number) for unit, number in counts.items() if number}


def _searched(item: Mapping[str, Any]) -> bool:
    if item.get("type") != "web_search_call":
        return False
    action = lenient.mapping(item.get("action"))
    return lenient.text(action.get("type", "search")) == "search"
