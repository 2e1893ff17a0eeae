"""A small BM25 retriever over the vetted Markdown documents in ``knowledge/``."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from site_builder.inputs import PROJECT, customers_folder

K1 = 1.2  # saturation of repeated words; Robertson and Zaragoza, 2009
B = 0.75  # how much a long passage is held back
STOP_WORDS = frozenset(
    "a an and are as at be by for from has have in is it its of on or our that the "
    "their them they this to was we were what which who with".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One passage of a document: a heading and the text below it."""

    id: str
    title: str
    text: str
    score: float = 0.0


def retrieve(query: str, *, customer: str, k: int = 12) -> list[Document]:
    """The ``k`` best passages for ``query``, best first.

    Research about other customers is never returned: their figures are no
    business of this one. Ties are broken by passage id, so that the same
    question always gets the same answer.
    """
    allowed = [d for d in _passages(customers_folder()) if _may_see(d, customer)]
    # a word of the title counts twice: it says what the passage is about
    texts = [_words(f"{d.title} {d.title} {d.text}") for d in allowed]
    scores = _bm25(_words(query), texts)
    ranked = sorted(zip(scores, allowed, strict=True), key=lambda p: (-p[0], p[1].id))
    return [
        Document(id=d.id, title=d.title, text=d.text, score=round(score, 4))
        for score, d in ranked[:k]
        if score > 0
    ]


def _may_see(document: Document, customer: str) -> bool:
    folder, _, rest = document.id.partition("/")
    return folder != "customers" or rest.startswith(f"{customer}#")


@cache
def _passages(customers: Path) -> tuple[Document, ...]:
    roots = [folder / "knowledge" for folder in dict.fromkeys((customers, PROJECT))]
    return tuple(
        d
        for root in roots
        for path in sorted(root.rglob("*.md"))
        for d in _split(root, path)
    )


def _split(root: Path, path: Path) -> list[Document]:
    name = path.relative_to(root).with_suffix("").as_posix()
    top, *parts = re.split(r"^## ", path.read_text("utf-8"), flags=re.MULTILINE)
    title = top.lstrip("# ").strip().splitlines()[0]
    passages = []
    for number, part in enumerate(parts, start=1):
        heading, _, text = part.partition("\n")
        passages.append(
            Document(
                id=f"{name}#{number}",
                title=f"{title}: {heading.strip()}",
                text=" ".join(text.split()),
            )
        )
    return passages


def _words(text: str) -> list[str]:
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [_stem(w) for w in found if w not in STOP_WORDS]


def _stem(word: str) -> str:
    for ending in ("ing", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 3:
            return word.removesuffix(ending)
    return word


def _bm25(query: list[str], documents: list[list[str]]) -> list[float]:
    mean_length = sum(map(len, documents)) / len(documents)
    counts = [Counter(words) for words in documents]
    holding = Counter(word for count in counts for word in count)
    return [
        sum(
            _idf(holding[word], len(documents))
            * count[word]
            * (K1 + 1)
            / (count[word] + K1 * (1 - B + B * len(words) / mean_length))
            for word in sorted(set(query))
            if count[word]
        )
        for words, count in zip(documents, counts, strict=True)
    ]


def _idf(holding: int, total: int) -> float:
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))
