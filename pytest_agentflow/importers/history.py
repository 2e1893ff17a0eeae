"""A conversation told message by message, as the calls that it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_agentflow.importers.conversation import (
    answer_of,
    as_text,
    messages,
    role_of,
)
from pytest_agentflow.importers.limits import bomb
from pytest_agentflow.importers.steps import Step, documents_of
from pytest_agentflow.model.call import Call, Invocation, Message, ToolCall
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.lacking import usage_lacks

#: Messages that all calls together may have been given; each call is given all before.
_MOST = 2_000_000


class History:
    """Follows one conversation.

    Each message of the assistant is a call that was given all messages before it; each
    message of a tool is the call of a tool that the assistant asked for.

    Args:
        api: of the calls, ``messages``.
        model: where the conversation names it.
    """

    def __init__(self, api: str, model: str | None = None) -> None:
        self._api = api
        self._model = model
        self._before: list[Message] = []
        self._asked: dict[str, ToolCall] = {}
        self._waiting: list[str] = []
        self._given = 0
        self.answer: str | None = None

    def add(
        self,
        raw: Mapping[str, Any],
        *,
        stage: str,
        usage: Usage | None = None,
        model: str | None = None,
        finish: str | None = None,
        time: float | None = None,
        answered: bool = True,
    ) -> Iterator[Step]:
        """Take one message and give the calls it tells of.

        Args:
            raw: the message, in any known shape.
            stage: of its calls.
            usage: of the call that gave it.
            model: of the call that gave it.
            finish: why the model stopped.
            time: seconds since 1970.
            answered: whether a model made it now; copied context made no call.
        """
        path = f"$.messages[{len(self._before)}]"
        said = list(messages(raw, path))
        if role_of(raw) == "assistant" and answered:
            named = model or lenient.name(raw.get("model")) or self._model
            call = self._chat(raw, stage, usage, named)
            reason = finish or call.finish_reason
            call = replace(call, finish_reason=reason)
            yield Step(call=call, start=time, end=time)
        for message in said:
            if message.role == "tool":
                yield self._tool(message, raw, stage, time)
        self._before += said

    def _chat(
        self,
        raw: Mapping[str, Any],
        stage: str,
        usage: Usage | None,
        model: str | None,
    ) -> Call:
        self._given += len(self._before)
        if self._given > _MOST:
            raise bomb()
        text, tools = answer_of(dict(raw))
        self.answer = text or self.answer
        named = tuple(self._named(tool) for tool in tools)
        lacking = ("model",) if model is None else ()
        return Call(
            id="",
            kind="chat",
            stage=stage,
            api=self._api,
            model=model,
            messages=tuple(self._before),
            answer=text,
            tool_calls=named,
            usage=usage,
            finish_reason="tool_calls" if named else None,
            missing=(*usage_lacks("chat", usage), *lacking),
        )

    def _named(self, tool: ToolCall) -> ToolCall:
        if tool.id is not None:
            self._asked[tool.id] = tool
            self._waiting.append(tool.id)
        return tool

    def _tool(
        self, message: Message, raw: Mapping[str, Any], stage: str, time: float | None
    ) -> Step:
        asked = self._asked.get(message.tool_call_id or "")
        name = message.tool_name or (asked.name if asked else "")
        arguments = asked.arguments if asked else None
        known = arguments if isinstance(arguments, dict) else {"input": arguments}
        error = lenient.name(raw.get("error"))
        result = {"error": error, "result": message.text} if error else message.text
        call = Call(
            id="",
            kind="tool",
            stage=stage,
            invocation=Invocation(
                function=name or "unnamed",
                arguments={} if arguments is None else known,
                result=result,
            ),
            missing=() if arguments is not None else ("arguments", "tool_calls"),
        )
        return Step(
            call=call,
            tool_id=message.tool_call_id,
            documents=documents_of(call),
            start=time,
            end=time,
        )


def as_message(role: str, content: Any, **more: Any) -> dict[str, Any]:
    """Give a message in the plain shape that `History` takes."""
    known = content if isinstance(content, (str, list)) else as_text(content)
    return {"role": role, "content": known, **more}
