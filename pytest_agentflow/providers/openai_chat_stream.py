"""The chunks of a streamed chat completion, folded into the plain answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_agentflow.providers import lenient


def folded(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Fold chunks into the object that the same call without ``stream`` answers.

    Usage is that of the last chunk that has any: it comes at the end where
    ``stream_options.include_usage`` was set, grows with each chunk on some hosts, and
    is absent otherwise.
    """
    answer: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for key in ("model", "usage", "x_groq", "error"):
            if chunk.get(key):
                answer[key] = chunk[key]
        for place, choice in lenient.numbered(chunk.get("choices")):
            index = lenient.count(choice.get("index"))
            _fold_choice(
                choices.setdefault(place if index is None else index, {}), choice
            )
    return {**answer, "choices": [choices[index] for index in sorted(choices)]}


def _fold_choice(whole: dict[str, Any], choice: Mapping[str, Any]) -> None:
    for key in ("finish_reason", "usage"):
        if choice.get(key):
            whole[key] = choice[key]
    message = whole.setdefault("message", {})
    delta = lenient.mapping(choice.get("delta")) or lenient.mapping(
        choice.get("message")
    )
    for key in ("content", "refusal"):
        _append(message, key, delta.get(key))
    audio = lenient.mapping(delta.get("audio"))
    _append(message.setdefault("audio", {}), "transcript", audio.get("transcript"))
    _fold_old_call(message, lenient.mapping(delta.get("function_call")))
    for _, call in lenient.numbered(delta.get("tool_calls")):
        _fold_call(message.setdefault("tool_calls", []), call)


def _append(whole: dict[str, Any], key: str, piece: object) -> None:
    if isinstance(piece, list):  # Mistral streams thinking as parts
        pieces = (lenient.text(p.get("text")) for _, p in lenient.numbered(piece))
        piece = "".join(pieces)
    if isinstance(piece, str):
        whole[key] = lenient.text(whole.get(key)) + piece


def _fold_old_call(message: dict[str, Any], piece: Mapping[str, Any]) -> None:
    if piece:
        call = message.setdefault("function_call", {})
        for key in ("name", "arguments"):
            _append(call, key, piece.get(key))


def _fold_call(calls: list[dict[str, Any]], piece: Mapping[str, Any]) -> None:
    call = _slot(
        calls, lenient.count(piece.get("index")), lenient.name(piece.get("id"))
    )
    for kind in ("function", "custom"):
        if isinstance(piece.get(kind), dict):
            inner = call.setdefault(kind, {})
            if name := lenient.name(piece[kind].get("name")):
                inner.setdefault("name", name)  # some hosts repeat it in each chunk
            for key in ("arguments", "input"):
                _append(inner, key, piece[kind].get(key))


def _slot(
    calls: list[dict[str, Any]], index: int | None, id_: str | None
) -> dict[str, Any]:
    # Some hosts give every call index 0, or none, and tell them apart by id only.
    for call in calls[::-1]:
        if call["index"] == index and (id_ is None or call["id"] in (None, id_)):
            call["id"] = call["id"] or id_
            return call
    new: dict[str, Any] = {"index": index, "id": id_}
    calls.append(new)
    return new
