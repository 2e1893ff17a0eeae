"""The events of a streamed message, folded into the plain answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_agentflow.providers import lenient


def folded(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Fold events into the object that the same call without ``stream`` answers.

    Usage in ``message_delta`` is cumulative, so that a later count replaces an earlier
    one. A stream without ``message_delta`` broke off: ``broken_off`` is then set, and
    the usage is that of ``message_start``, whose output is only begun.
    """
    answer: dict[str, Any] = {"broken_off": True}
    usage: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = lenient.text(event.get("type"))
        index = lenient.count(event.get("index")) or 0
        if kind == "message_start":
            message = lenient.mapping(event.get("message"))
            answer.update(message)
            _count(usage, message.get("usage"))
        elif kind == "content_block_start":
            blocks[index] = {**lenient.mapping(event.get("content_block"))}
        elif kind == "content_block_delta":
            _fold(blocks.setdefault(index, {}), lenient.mapping(event.get("delta")))
        elif kind == "message_delta":
            answer.update(lenient.mapping(event.get("delta")))
            _count(usage, event.get("usage"))
            answer["broken_off"] = False
        elif kind == "error":
            answer["error"] = event.get("error") or True
    return {**answer, "usage": usage, "content": [blocks[i] for i in sorted(blocks)]}


def _count(usage: dict[str, Any], reported: object) -> None:
    said = lenient.mapping(reported)
    usage.update({key: value for key, value in said.items() if value is not None})


def _fold(block: dict[str, Any], delta: Mapping[str, Any]) -> None:
    if lenient.text(delta.get("type")) == "text_delta":
        block.setdefault("type", "text")
        block["text"] = lenient.text(block.get("text")) + lenient.text(
            delta.get("text")
        )
    if isinstance(delta.get("partial_json"), str):
        before = block.get("input")
        # Begins as an empty object, and is spelt out as JSON text.
        block["input"] = (before if isinstance(before, str) else "") + delta[
            "partial_json"
        ]
