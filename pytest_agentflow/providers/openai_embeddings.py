"""OpenAI embeddings, also of compatible hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_agentflow.model.call import Message
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.exchange import Exchange
from pytest_agentflow.providers.openai_usage import token_usage
from pytest_agentflow.providers.reading import Reading

API = "openai.embeddings"


def knows(exchange: Exchange) -> bool:
    """Whether it embeds texts."""
    return exchange.posted_to("/embeddings")


def read(exchange: Exchange) -> Reading:
    """Read the texts that were embedded and their tokens; there is no answer text."""
    asked, said = exchange.asked, exchange.answered
    return Reading(
        kind="embeddings",
        model=lenient.name(said.get("model")) or lenient.name(asked.get("model")),
        messages=tuple(_messages(asked)),
        usage=_usage(said),
    )


def _messages(asked: Mapping[str, Any]) -> Iterator[Message]:
    given = asked.get("input")
    if isinstance(given, str):
        yield Message(role="user", text=lenient.text(given), path="$.input")
    for number, item in enumerate(lenient.items(given)):
        if isinstance(item, str):  # not a list of token numbers
            text, path = lenient.text(item), f"$.input[{number}]"
            yield Message(role="user", text=text, path=path)


def _usage(said: Mapping[str, Any]) -> Usage | None:
    reported = lenient.mapping(said.get("usage"))
    used = token_usage(reported)
    if used is None:  # Voyage counts the total only
        whole = lenient.count(reported.get("total_tokens"))
        return None if whole is None else Usage(input_tokens=whole)
    return replace(used, output_tokens=None)
