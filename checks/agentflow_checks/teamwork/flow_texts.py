"""What each call was given and said, and what each stage handed on, as text."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.teamwork.texts import as_text

UNATTRIBUTED = "unattributed"
"""The stage of calls that no door found a stage for."""


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
