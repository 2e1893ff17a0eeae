"""Documents in whatever form a retriever gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import NoneType
from typing import Any

from pytest_agentflow.model.run import SourceKind
from pytest_agentflow.running.notes import SourceNote
from pytest_agentflow.running.plain import fields_of, plain

#: Where the text of a document stands, in order: plain dicts, LangChain, Haystack,
#: LlamaIndex, Cohere, Bedrock knowledge bases.
_TEXTS = ("text", "page_content", "content", "body", "snippet", "passage", "chunk")
_IDS = ("id", "id_", "doc_id", "node_id", "document_id", "chunk_id", "key", "code")
_TITLES = ("title", "name", "heading")
_URIS = ("uri", "url", "source", "file_path", "path", "link")
#: Where a document may stand inside a hit, or hits inside an answer.
_INNER = (
    "content",
    "document",
    "documents",
    "node",
    "nodes",
    "source_nodes",
    "matches",
    "results",
    "hits",
    "retrievalResults",
    "data",
    "items",
    "payload",
    "_source",
)
_DEEPEST = 8


def sources_in(value: Any, kind: SourceKind = "retrieved") -> list[SourceNote]:
    """Find the documents in what a retriever gave, at any depth.

    Texts; dicts and objects with ``text``, ``page_content`` or ``content`` and, beside
    it or in ``metadata``, ``id``, ``title``, ``uri``, ``source``; and lists of them. A
    record without such a text (a row of a database, say) is a document of its fields.
    """
    return list(_found(value, kind, 0))


def _found(value: Any, kind: SourceKind, depth: int) -> Iterator[SourceNote]:
    if isinstance(value, str):
        if value.strip():
            yield SourceNote(text=value, id=None, kind=kind)
    elif isinstance(value, (bool, int, float, bytes, NoneType)) or depth > _DEEPEST:
        return
    elif (parts := _parts(value)) is not None:
        yield from _found_in_record(parts, kind, depth)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _found(item, kind, depth + 1)


def _parts(value: Any) -> dict[str, Any] | None:
    """Give the named parts of a dict, a dataclass, a model or a document object."""
    fields = fields_of(value)
    if fields is not None:
        return {str(key): item for key, item in fields.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return None
    names = (*_TEXTS, *_IDS, *_TITLES, *_URIS, *_INNER, "metadata", "meta")
    found = {name: getattr(value, name, None) for name in names}
    return {k: v for k, v in found.items() if v is not None and not callable(v)}


def _found_in_record(
    parts: dict[str, Any], kind: SourceKind, depth: int
) -> Iterator[SourceNote]:
    text = _first_text(parts, _TEXTS)
    if text is not None:
        yield _note(parts, text, kind)
        return
    inner = [parts[name] for name in _INNER if _holds_documents(parts.get(name))]
    if inner:
        for value in inner:
            yield from _found(value, kind, depth + 1)
        return
    metadata = parts.get("metadata") or parts.get("meta")
    below = fields_of(metadata) if metadata is not None else None
    if below and (text := _first_text(below, _TEXTS)) is not None:
        yield _note(parts, text, kind)
        return
    if parts:
        yield _note(parts, _as_text(parts), kind)


def _holds_documents(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (
        value is not None and not isinstance(value, (str, bytes, int, float))
    )


def _note(parts: dict[str, Any], text: str, kind: SourceKind) -> SourceNote:
    metadata = parts.get("metadata") or parts.get("meta")
    below = (fields_of(metadata) or {}) if metadata is not None else {}
    every = {**{str(k): v for k, v in below.items()}, **parts}
    return SourceNote(
        text=text,
        id=_first_text(every, _IDS),
        kind=kind,
        title=_first_text(every, _TITLES) or "",
        uri=_first_text(every, _URIS),
    )


def _first_text(parts: dict[Any, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = parts.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and name in _IDS:
            return str(value)
    return None


def _as_text(parts: dict[str, Any]) -> str:
    """Write a record as lines of ``name: value``."""
    lines = []
    for name, value in parts.items():
        shown = plain(value)
        if isinstance(shown, bytes):
            continue
        text = shown if isinstance(shown, str) else json.dumps(shown, default=repr)
        lines.append(f"{name}: {text}")
    return "\n".join(lines)
