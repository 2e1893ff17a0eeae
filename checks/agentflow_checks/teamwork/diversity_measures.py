"""How far the outputs of a set lie apart: text, layout, sections, palette, pictures."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.flow.markup import Tag, elements, visible
from agentflow_checks.flow.shingles import words
from agentflow_checks.flow.texts import stage_texts
from agentflow_checks.teamwork.diversity_pictures import distance, picture_hash

_NAME = re.compile(r"[\w-]+")
_SECTIONS = frozenset(
    ["header", "nav", "main", "section", "article", "aside", "footer", "form"]
)
_COLOUR = re.compile(
    r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})(?![\w-])"
    r"|\b(?:rgba?|hsla?|oklch|oklab|lab|lch)\([^()\n]{3,60}\)",
    re.IGNORECASE,
)
_PICTURES = 4
#: Words of each text that are compared; zlib sees 32 KB back: both texts of a pair.
_MOST_WORDS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What one run shipped, taken apart."""

    id: str
    case: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    sections: tuple[str, ...]
    palette: frozenset[str]
    pictures: tuple[int, ...]
    unread: int = 0
    """Pictures that are no PNG that can be decoded here."""
    stages: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The words that each stage handed on."""


def output_of(run: af.Run) -> Output:
    """Take what a run shipped apart."""
    pages = [page.text for page in run.pages()]
    tags = [tag for page in pages for tag in elements(page)]
    pictures = _hashes(run)
    return Output(
        id=run.id,
        case=run.case,
        words=tuple(words("\n".join(map(visible, pages)))),
        tags=tuple(tag.name for tag in tags),
        sections=tuple(_sections(tags)),
        palette=frozenset(_colours("\n".join(pages))),
        pictures=tuple(p for p in pictures if p is not None),
        unread=pictures.count(None),
        stages=tuple((s.name, _said(s)) for s in run.stages),
    )


@lru_cache(maxsize=1024)
def recorded_output(path: Path, _changed: int) -> Output | None:
    """Take a recording apart, once a session; `None` where it shipped no page."""
    run = af.load(path)
    return output_of(run) if run.pages() else None


def _said(stage: af.Stage) -> tuple[str, ...]:
    return tuple(words("\n".join(map(visible, stage_texts(stage)))))


def _sections(tags: Sequence[Tag]) -> list[str]:
    found = []
    for tag in tags:
        if tag.name in _SECTIONS:
            given = tag.attributes
            name = _NAME.search(given.get("id") or given.get("class") or "")
            found.append(f"{tag.name} {name[0] if name else ''}".strip())
    return found


def _colours(text: str) -> list[str]:
    return [_long(match[0].lower()) for match in _COLOUR.finditer(text)]


def _long(colour: str) -> str:
    if colour.startswith("#") and len(colour) in (4, 5):
        return "#" + "".join(sign * 2 for sign in colour[1:])
    return re.sub(r"\s+", "", colour)


def _hashes(run: af.Run) -> list[int | None]:
    found = {a.digest: a for a in run.artefacts if a.media_type.startswith("image/")}
    return [picture_hash(a.data) for a in list(found.values())[:_PICTURES]]


Matrix = Sequence[Sequence[float]]
Pairwise = Callable[[Any, Any], float]


def matrix(items: Sequence[Any], apart: Pairwise) -> Matrix:
    """Give the distance of every two items; `apart` is symmetric."""
    rows = [[0.0] * len(items) for _ in items]
    for i, one in enumerate(items):
        for j in range(i):
            rows[i][j] = rows[j][i] = apart(one, items[j])
    return rows


def mean_distance(rows: Matrix, places: Sequence[int]) -> float:
    """Give the mean distance of two different items of a set."""
    n = len(places)
    total = 0.0
    for i in places:
        row = rows[i]
        total += sum([row[j] for j in places])
    return total / (n * (n - 1))


def packed(words: Sequence[str]) -> tuple[bytes, int]:
    """Give a text's bytes and their size when compressed (zlib, level 9)."""
    data = " ".join(words).encode()
    return data, len(zlib.compress(data, 9))


def incompressible(one: tuple[bytes, int], other: tuple[bytes, int]) -> float:
    """Give what is left of two texts when they are compressed together.

    1: nothing in common; near 0.5: the same text. Both orders are looked at, so that it
    is symmetric. After the compression distance of Cilibrasi and Vitányi (2005).
    """
    pair = one[0] + b" " + other[0], other[0] + b" " + one[0]
    size = min(len(zlib.compress(text, 9)) for text in pair)
    return size / (one[1] + other[1])


def distinct_2(texts: Sequence[frozenset[tuple[str, str]]], total: int) -> float:
    """Give the share of a set's word pairs that are different ones (Li et al. 2016)."""
    return len(frozenset().union(*texts)) / total


def bigrams(words: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Give all pairs of neighbouring words."""
    return frozenset(itertools.pairwise(words))


def trigrams(tags: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Give all runs of three tags; of a shorter page the one that there is."""
    if len(tags) < 3:
        return frozenset({tuple(tags)})
    return frozenset(zip(tags, tags[1:], tags[2:], strict=False))


def apart(one: frozenset[Any], other: frozenset[Any]) -> float:
    """Give the Jaccard distance of two sets, 0 to 1."""
    either = len(one | other)
    return 1 - len(one & other) / either if either else 0.0


def edits(one: Sequence[str], other: Sequence[str]) -> float:
    """Give the edit distance of two sequences as a share of the longer one."""
    if not one and not other:
        return 0.0
    before = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
        before = row
    return before[-1] / max(len(one), len(other))


def pictures_apart(one: Sequence[int], other: Sequence[int]) -> float:
    """Give the mean distance of each picture to the nearest one of the other page."""
    there = [min(distance(a, b) for b in other) for a in one]
    back = [min(distance(a, b) for a in one) for b in other]
    return (sum(there) + sum(back)) / (len(one) + len(other))


def common_length(outputs: Sequence[Output]) -> int:
    """Give the number of words that all texts are cut to."""
    return min(_MOST_WORDS, *(len(output.words) for output in outputs))
