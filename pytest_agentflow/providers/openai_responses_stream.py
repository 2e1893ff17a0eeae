"""The events of a streamed response, folded into the plain answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_agentflow.providers import lenient


def folded(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Fold events into the object that the same call without ``stream`` answers.

    ``response.completed``, ``.incomplete`` and ``.failed`` carry the whole object; some
    hosts leave its output out, and a stream may end before them: then the output is
    what its items and text deltas say.
    """
    answer: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = lenient.text(event.get("type"))
        if isinstance(event.get("response"), dict):
            answer = {**answer, **event["response"]}
        index = lenient.count(event.get("output_index")) or 0
        if kind in ("response.output_item.added", "response.output_item.done"):
            items[index] = {**lenient.mapping(event.get("item"))}
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            _append(items.setdefault(index, {"type": "message"}), event)
        elif kind == "error":
            answer["status"] = "failed"
    return {**answer, "output": _output(answer, items)}


def _append(item: dict[str, Any], event: Mapping[str, Any]) -> None:
    # "added" brings an empty item and "done" replaces it: deltas count in between.
    refusal = lenient.text(event.get("type")) == "response.refusal.delta"
    key = "refusal" if refusal else "text"
    said = lenient.text(event.get("delta"))
    content = item.get("content")
    if not isinstance(content, list) or not content:
        content = [{"type": "refusal" if refusal else "output_text"}]
    last = {**lenient.mapping(content[-1])}
    last[key] = lenient.text(last.get(key)) + said
    item["content"] = [*content[:-1], last]


def _output(answer: Mapping[str, Any], items: Mapping[int, Any]) -> list[Any]:
    said = [item for _, item in lenient.numbered(answer.get("output"))]
    if not said:
        return [items[index] for index in sorted(items)]
    # The last event repeats the items, on some hosts without their pictures.
    return [
        {**item, "result": item.get("result") or items.get(place, {}).get("result")}
        if item.get("type") == "image_generation_call"
        else item
        for place, item in enumerate(said)
    ]
