"""Reranking, as Cohere asks for it and others do after it: Voyage, Jina, Together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_agentflow.model.call import Message
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.cohere_usage import cohere_usage
from pytest_agentflow.providers.exchange import Exchange
from pytest_agentflow.providers.openai_usage import token_usage
from pytest_agentflow.providers.reading import Reading

API = "cohere.rerank"


def knows(exchange: Exchange) -> bool:
    """Whether it orders documents by how well they fit a query."""
    return exchange.posted_to("/rerank")


def read(exchange: Exchange) -> Reading:
    """Read query, documents and what is billed."""
    asked, said = exchange.asked, exchange.answered
    return Reading(
        kind="rerank",
        model=lenient.name(asked.get("model")) or lenient.name(said.get("model")),
        messages=tuple(ranked_texts(asked)),
        usage=_usage(said),
    )


def ranked_texts(asked: Mapping[str, Any]) -> Iterator[Message]:
    """Give the query and the documents, each with its path."""
    if query := lenient.text(asked.get("query")):
        yield Message(role="user", text=query, path="$.query")
    for number, document in enumerate(lenient.items(asked.get("documents"))):
        path = f"$.documents[{number}]"
        held = lenient.text(lenient.mapping(document).get("text"))
        if text := lenient.text(document) or held:
            path = f"{path}.text" if held else path
            yield Message(role="user", text=text, path=path)


def _usage(said: Mapping[str, Any]) -> Usage | None:
    """Read search units, or tokens; a rerank writes none."""
    searched = cohere_usage(said.get("meta"))
    if searched is not None:
        return searched
    reported = lenient.mapping(said.get("usage"))
    used = token_usage(reported)
    whole = lenient.count(reported.get("total_tokens"))
    tokens = used.input_tokens if used is not None else None
    number = whole if tokens is None else tokens
    return None if number is None else Usage(input_tokens=number)
