"""What a model was given through the responses API: instructions and input items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_agentflow.model.call import Message, ToolCall
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.content import messages_of

#: Where hosted tools keep what they were asked, if not under ``arguments``.
_ARGUMENTS = ("arguments", "input", "action", "queries", "code", "operation")


def input_messages(asked: Mapping[str, Any]) -> Iterator[Message]:
    """Give instructions and input as messages, tool results under role ``tool``."""
    yield from messages_of("system", asked.get("instructions"), "$.instructions")
    if isinstance(asked.get("input"), str):
        yield from messages_of("user", asked["input"], "$.input")
    names: dict[str | None, str] = {}
    for number, item in lenient.numbered(asked.get("input")):
        yield from _item(item, f"$.input[{number}]", names)


def _item(
    item: Mapping[str, Any], path: str, names: dict[str | None, str]
) -> Iterator[Message]:
    role = lenient.text(item.get("role"))
    if role:
        yield from messages_of(role, item.get("content"), f"{path}.content")
        return
    if call := tool_call(item):
        names[call.id] = call.name
        yield Message(role="assistant", path=path, tool_calls=(call,))
    if lenient.text(item.get("type")) == "reasoning":
        yield from messages_of("assistant", item.get("summary"), f"{path}.summary")
    if "output" in item:
        id_ = _id(item)
        yield from messages_of(
            "tool",
            item["output"],
            f"{path}.output",
            tool_call_id=id_,
            tool_name=names.get(id_),
        )


def tool_call(item: Mapping[str, Any]) -> ToolCall | None:
    """Read an item such as ``function_call`` or ``web_search_call``, else nothing."""
    kind = lenient.text(item.get("type"))
    if not kind.endswith("_call"):
        return None
    asked = next((item[key] for key in _ARGUMENTS if item.get(key) is not None), None)
    name = lenient.name(item.get("name")) or kind.removesuffix("_call")
    return ToolCall(name=name, arguments=lenient.parsed(asked), id=_id(item))


def _id(item: Mapping[str, Any]) -> str | None:
    return lenient.name(item.get("call_id")) or lenient.name(item.get("id"))
