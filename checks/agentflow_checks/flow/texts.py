"""What calls were given and said, and what stages handed on, as comparable text."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.flow.shingles import words


def given_text(call: af.Call) -> str:
    """Everything that the model was given as text, with the tool calls it is shown."""
    parts = []
    for message in call.messages:
        parts.append(message.text)
        parts.extend(_asked(tool) for tool in message.tool_calls)
    return "\n\n".join(filter(None, parts))


def said_text(call: af.Call) -> str:
    """Everything that the model said as text, with the tools that it asked for."""
    asked = (_asked(tool) for tool in call.tool_calls)
    return "\n\n".join(filter(None, (call.answer or "", *asked)))


def _asked(tool: af.ToolCall) -> str:
    return f"{tool.name} {rendered(tool.arguments)}"


def rendered(value: Any) -> str:
    """Write a JSON value with its keys, as prompts embed it."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bytes):
        return ""
    return json.dumps(_without_bytes(value), ensure_ascii=False, default=str)


def _without_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_bytes(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_bytes(item) for item in value]
    return "" if isinstance(value, bytes) else value


def forms(value: Any) -> Iterator[str]:
    """Give the ways in which code writes a value into a prompt: with keys, without."""
    whole = rendered(value)
    if whole.strip():
        yield whole
    if not isinstance(value, str) and (plain := as_text(value)).strip():
        yield plain


def handed_on(stage: af.Stage) -> tuple[Any, ...]:
    """What a stage gave: its outputs, else what its models said, else its texts."""
    if any(rendered(output).strip() for output in stage.outputs):
        return stage.outputs
    if said := tuple(filter(None, map(said_text, stage.calls))):
        return said
    return tuple(a.text for a in stage.artefacts if a.media_type.startswith("text/"))


def in_order(run: af.Run) -> list[af.Call]:
    """Give the calls so that each stands behind those it had to wait for.

    `Run.calls` is sorted by stage; a stage that was visited twice, before and after
    another one, stands there in one piece.
    """
    place = {call.id: number for number, call in enumerate(run.calls)}
    waits = {c.id: {p for p in c.parents if p in place} for c in run.calls}
    followers: dict[str, list[str]] = {call.id: [] for call in run.calls}
    for call in run.calls:
        for parent in waits[call.id]:
            followers[parent].append(call.id)
    ready = [place[name] for name, open_ in waits.items() if not open_]
    heapq.heapify(ready)
    found: list[af.Call] = []
    while ready:
        call = run.calls[heapq.heappop(ready)]
        found.append(call)
        for name in followers[call.id]:
            waits[name].discard(call.id)
            if not waits[name]:
                heapq.heappush(ready, place[name])
    seen = {call.id for call in found}
    # A circle of parents is no order; a recording made by hand may hold one.
    return found + [call for call in run.calls if call.id not in seen]


def stage_texts(stage: af.Stage) -> Iterator[str]:
    """Give the texts that a stage handed on: outputs and text artefacts."""
    for output in stage.outputs:
        text = as_text(output)
        if text.strip():
            yield text
    for artefact in stage.artefacts:
        if artefact.media_type.startswith("text/"):
            yield artefact.text


def handed_texts(stage: af.Stage) -> Iterator[str]:
    """Give the same, each text of a JSON value for itself: HTML in one ends there."""
    for output in stage.outputs:
        yield from _each_text(output)
    for artefact in stage.artefacts:
        if artefact.media_type.startswith("text/"):
            yield artefact.text


def _each_text(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _each_text(item)
    elif text := as_text(value):
        yield text


def prompt_texts(stage: af.Stage) -> Iterator[str]:
    """Give the texts that a stage's models were given."""
    for call in stage.calls:
        for message in call.messages:
            yield message.text


def as_text(value: Any) -> str:
    """Give the strings and numbers of a JSON value, one a line."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes) or value is None:
        return ""
    if isinstance(value, dict):
        return "\n".join(filter(None, map(as_text, value.values())))
    if isinstance(value, (list, tuple)):
        return "\n".join(filter(None, map(as_text, value)))
    return json.dumps(value)


def shingles(text: str, size: int = 5) -> frozenset[tuple[str, ...]]:
    """Give all runs of `size` words of `text`, numbers and names included."""
    found = words(text)
    return frozenset(zip(*(found[i:] for i in range(size)), strict=False))


def overlap(first: frozenset[Any], second: frozenset[Any]) -> float | None:
    """Give the shared part of the smaller set, 0 to 1; `None` when one is empty."""
    if not first or not second:
        return None
    return len(first & second) / min(len(first), len(second))
