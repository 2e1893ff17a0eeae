"""The content of a message, which every API gives as a text or a list of parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_agentflow.model.call import Message
from pytest_agentflow.providers import lenient

#: Keys under which parts of a message keep text.
_TEXTS = ("text", "refusal", "thinking")

#: Keys under which parts keep further parts: tool results, documents, summaries.
_NESTED = ("content", "source", "summary", "output")

_ROLES = {"developer": "system", "function": "tool"}

_PICTURES = frozenset({"image", "image_url", "input_image", "computer_screenshot"})

_DEPTH = 6
"""How deep parts are looked into; providers nest three deep."""


def messages_of(
    role: str, content: object, path: str, **more: Any
) -> Iterator[Message]:
    """Give one message per text in `content`, each with the path of its text.

    Pictures are counted on the first one, which also carries the tool calls; content
    without any text is one message with an empty text.

    Args:
        role: of all of them; ``developer`` counts as ``system``.
        content: a text, a list of parts, or a part.
        path: JSON path of `content` in the request.
        more: further fields of the message.
    """
    role = _ROLES.get(role, role)
    if isinstance(content, str) and content:  # what most messages are
        yield Message(role=role, text=lenient.text(content), path=path, **more)
        return
    more["images"] = _pictures(content, 0)
    spots = [spot for spot in _texts(content, path, 0) if spot[0]]
    if not spots:
        message = Message(role=role, path=path, **more)
        if message.images or message.tool_calls or message.tool_call_id:
            yield message
        return
    for said, spot in spots:
        yield Message(role=role, text=said, path=spot, **more)
        more |= {"images": 0, "tool_calls": ()}


def said_in(content: object) -> str:
    """Give the text of an answer, joined as the providers' clients join it.

    What the model thought before is no part of the answer.
    """
    if isinstance(content, list):
        content = [part for part in content if not _is_thought(part)]
    return "".join(said for said, _ in _texts(content, "", 0))


def _is_thought(part: object) -> bool:
    return lenient.text(lenient.mapping(part).get("type")) in ("thinking", "reasoning")


def _texts(content: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(content, str):
        yield lenient.text(content), path
    elif isinstance(content, list) and depth < _DEPTH:
        for number, part in enumerate(content):
            yield from _texts(part, f"{path}[{number}]", depth + 1)
    elif isinstance(content, dict) and depth < _DEPTH:
        yield from _part_texts(content, path, depth)


def _part_texts(
    part: dict[str, Any], path: str, depth: int
) -> Iterator[tuple[str, str]]:
    for key in _TEXTS:
        if isinstance(part.get(key), str):
            yield lenient.text(part[key]), f"{path}.{key}"
    if part.get("type") == "text" and isinstance(part.get("data"), str):
        yield lenient.text(part["data"]), f"{path}.data"  # a plain text document
    for key in _NESTED:
        if isinstance(part.get(key), (list, dict)) or key == "content":
            yield from _texts(part.get(key), f"{path}.{key}", depth + 1)


def _pictures(content: object, depth: int) -> int:
    if depth >= _DEPTH:
        return 0
    if isinstance(content, list):
        return sum(_pictures(part, depth + 1) for part in content)
    if not isinstance(content, dict):
        return 0
    if lenient.text(content.get("type")) in _PICTURES:
        return 1
    return sum(_pictures(content.get(key), depth + 1) for key in _NESTED)
