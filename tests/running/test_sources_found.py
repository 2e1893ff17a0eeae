"""Documents are found in what retrievers of all makes give."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.running.sources import sources_in


@dataclass
class Offer:
    """A row of a price list: no text of its own."""

    code: str
    name: str
    price_gbp: int


LANGCHAIN = SimpleNamespace(
    page_content="Ovens run at night.", metadata={"source": "kb/ovens.md"}, id=None
)
LLAMA_INDEX = SimpleNamespace(
    node=SimpleNamespace(text="Loads", node_id="n-1", metadata={}), score=0.3
)
CHROMA = {"ids": [["a", "b"]], "documents": [["first", "second"]], "distances": [[0.1]]}
PINECONE = {"matches": [{"id": "p1", "score": 0.9, "metadata": {"text": "Fridges"}}]}
BEDROCK = {
    "retrievalResults": [{"content": {"text": "Kettles"}, "score": 0.5}],
    "nextToken": None,
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("one text", [(None, "one text", None)]),
        (["a", {"text": "b", "id": 7}], [(None, "a", None), ("7", "b", None)]),
        ([(LANGCHAIN, 0.9)], [(None, "Ovens run at night.", "kb/ovens.md")]),
        ([LLAMA_INDEX], [("n-1", "Loads", None)]),
        (CHROMA, [(None, "first", None), (None, "second", None)]),
        (PINECONE, [("p1", "Fridges", None)]),
        (BEDROCK, [(None, "Kettles", None)]),
        ({"content": "c", "url": "https://x"}, [(None, "c", "https://x")]),
        (
            [Offer("SV1", "Survey", 90)],
            [("SV1", "code: SV1\nname: Survey\nprice_gbp: 90", None)],
        ),
        (None, []),
        ([], []),
        ("", []),
        (0.5, []),
    ],
    ids=str,
)
def test_documents_of_all_makes(value: Any, expected: list[Any]) -> None:
    """Text, id and address are found, at any depth."""
    assert [(s.id, s.text, s.uri) for s in sources_in(value)] == expected


def test_a_title_beside_the_text_is_the_documents() -> None:
    """Metadata beside or below the text counts."""
    [source] = sources_in({"text": "t", "metadata": {"title": "T", "page": 3}})
    assert (source.title, source.kind) == ("T", "retrieved")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "id", "documents", "metadata", "node", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=14,
)


@given(value=_JSON)
def test_any_value_gives_documents_with_text(value: Any) -> None:
    """Whatever a retriever gives, each source has a text, and nothing fails."""
    assert all(source.text for source in sources_in(value))
