"""One exchange with a model, a retriever, a tool or another HTTP service."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pytest_agentflow.model.usage import Usage, add_usage

CallKind = Literal[
    "chat",
    "embeddings",
    "rerank",
    "image",
    "audio",
    "retriever",
    "tool",
    "http",
    "judge",
]

RENTED = "sagemaker:"
"""Begins the name of an endpoint that is rented by the hour, and never free."""

_SAGEMAKER = re.compile(
    r"runtime\.sagemaker\.[^/]*amazonaws\.com(?:\.cn)?"
    r"/endpoints/([^/]+)/(?:async-)?invocations(?:-response-stream)?"
)

#: Kinds that a model answers, and that therefore must have a price.
MODEL_KINDS = frozenset({"chat", "embeddings", "rerank", "image", "audio", "judge"})

#: Kinds whose answer is numbers: no text, and no output tokens.
WORDLESS_KINDS = frozenset({"embeddings", "rerank"})

#: Kinds whose answer is text, which is told in tokens.
_TEXT_KINDS = frozenset({"chat", "judge"})

#: What stands for the tokens of a text where an answer tells none: rented time, and the
#: pages of a document that was read. All other kinds may be told in any unit.
_TEXT_UNITS = frozenset({"gpu_seconds", "input_document_pages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request as sent, body decoded from any content encoding."""

    method: str
    scheme: str
    host: str
    port: int
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Kept headers only, names in lower case; secrets never get here."""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response as received, body decoded from any content encoding."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunks: tuple[int, ...] = ()
    """Sizes in bytes of the pieces a streamed body arrived in; empty: in one piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A named function call (a retriever or tool of the user's) instead of HTTP."""

    function: str
    """``module:qualified.name``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that a model asked for."""

    name: str
    arguments: Any = None
    """Parsed JSON; the raw text where it is no JSON."""
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation, as text."""

    role: str
    """``system``, ``user``, ``assistant`` or ``tool``."""
    text: str = ""
    path: str = ""
    """JSON path of the text in the request body, ``$.messages[0].content``."""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    tool_name: str | None = None
    images: int = 0
    """How many pictures came with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that a model made."""

    media_type: str
    data: bytes = b""
    size: str | None = None
    """``1024x1024`` where the exchange says so."""
    quality: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A failed try before the final answer; kept, but never replayed."""

    status: int | None = None
    error: str = ""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One exchange; what the wire said, and what a provider reader made of it."""

    id: str
    """``stage/ordinal``, unique in the run and stable over re-recordings."""
    kind: CallKind
    stage: str
    parents: tuple[str, ...] = ()
    """Ids of the calls that had to be answered before this one was made."""
    api: str | None = None
    """The reader that knew it: ``openai.chat``, ``anthropic.messages``, ..."""
    provider: str | None = None
    request: Request | None = None
    response: Response | None = None
    invocation: Invocation | None = None
    model: str | None = None
    messages: tuple[Message, ...] = ()
    """What the model was given."""
    answer: str | None = None
    """What it said, as text."""
    tool_calls: tuple[ToolCall, ...] = ()
    pictures: tuple[Picture, ...] = ()
    usage: Usage | None = None
    finish_reason: str | None = None
    """``stop``, ``length``, ``tool_calls``, ``refusal``, ``content_filter``, other."""
    attempts: tuple[Attempt, ...] = ()
    missing: tuple[str, ...] = ()
    """Content that a foreign format lacked: ``messages``, ``answer``, ``usage``, ..."""

    @property
    def is_model_call(self) -> bool:
        """Whether a model answered it, so that it must have a price."""
        return self.kind in MODEL_KINDS

    @property
    def due_tokens(self) -> tuple[str, ...]:
        """The kinds of token that a call of this kind has to report."""
        if not self.is_model_call:
            return ()
        if self.kind in WORDLESS_KINDS:
            return ("input_tokens",)
        return ("input_tokens", "output_tokens")

    @property
    def broke_off(self) -> bool:
        """Whether the answer ended before its usage: what it tells is not all.

        So may one that could not be read at all, whoever gave it.
        """
        whole = self.usage is None and self.is_model_call
        return "usage" in self.missing and not whole

    @property
    def unreported(self) -> tuple[str, ...]:
        """What the answer had to tell of its usage, and did not; empty: all is told.

        ``("usage",)`` where nothing is told, or the answer broke off before; else kinds
        of token, ``("output_tokens",)``. Pictures, sound and rented time may be told in
        units of their own, without any token.
        """
        if not self.is_model_call:
            return ()
        if self.usage is None or self.broke_off:
            return ("usage",)
        unknown = tuple(k for k in self.due_tokens if getattr(self.usage, k) is None)
        units = {unit for unit, number in self.usage.units.items() if number}
        if self.kind in _TEXT_KINDS:
            units &= _TEXT_UNITS
        return () if unknown == self.due_tokens and units else unknown

    @property
    def total_tokens(self) -> int | None:
        """Input and output tokens; `None` where they are not known, or are not counted.

        Calls of `WORDLESS_KINDS` have no output.
        """
        used = self.usage
        if used is None or self.unreported:
            return None
        told = [n for n in (used.input_tokens, used.output_tokens) if n is not None]
        return sum(told) if told else None

    @property
    def billed_as(self) -> str | None:
        """The name that a price for a call without a model stands under."""
        if self.invocation is not None:
            return f"{self.kind}:{self.invocation.function}"
        if self.request is None:
            return None
        if endpoint := _SAGEMAKER.fullmatch(self.request.host + self.request.path):
            return f"{RENTED}{endpoint[1]}"
        return f"http:{self.request.host}"

    @property
    def prompt(self) -> str:
        """All messages that the model was given, as one text."""
        return "\n\n".join(m.text for m in self.messages if m.text)


def usage_of(calls: Iterable[Call]) -> Usage:
    """Add up the usage of calls, and count those that do not tell all of theirs."""
    whole = Usage()
    for call in calls:
        whole = add_usage(
            whole,
            replace(
                call.usage or Usage(),
                model_calls=int(call.is_model_call),
                silent_calls=int(bool(call.unreported)),
            ),
        )
    return whole


def kinds_of(calls: Iterable[Call]) -> dict[str, int]:
    """Count the model calls that are no chat, by kind: ``{"rerank": 2}``."""
    kinds = Counter(c.kind for c in calls if c.is_model_call and c.kind != "chat")
    return dict(sorted(kinds.items()))


def kinds_text(kinds: Mapping[str, int]) -> str:
    """Write what `kinds_of` counts: ``1 image, 2 rerank``."""
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())
