"""Passages: where in the sources a sentence would find its evidence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import cast

from agentflow_checks.grounding.folding import fold, original_span, word_form
from agentflow_checks.grounding.sentences import sentence_spans
from agentflow_checks.grounding.sources import Index
from agentflow_checks.grounding.stopwords import STOP_WORDS

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Passage:
    """A window of a source: document id, span, text and the share of words it holds."""

    source: str
    start: int
    end: int
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class _Windows:
    spans: tuple[tuple[int, int, int], ...]
    holders: dict[str, list[int]]


def best_passage(index: Index, text: str) -> Passage | None:
    """Find the window of the sources that holds most of a text's content words.

    Rare words count more (their number of windows decides); the earlier source wins
    a draw. None when no window shares a word.
    """
    wanted = content_words(text)
    windows = _windows(index)
    scores: dict[int, float] = defaultdict(float)
    for word in sorted(wanted):
        holders = windows.holders.get(word, ())
        for number in holders:
            scores[number] += 1 + log(len(windows.spans) / len(holders))
    if not scores:
        return None
    best = min(scores, key=lambda number: (-scores[number], number))
    held = sum(best in windows.holders.get(word, ()) for word in wanted)
    return _passage(index, windows.spans[best], held / len(wanted))


def passage_around(index: Index, source: str, span: tuple[int, int]) -> Passage | None:
    """Give the window of a source in which a span begins."""
    for number, start, end in _windows(index).spans:
        same = index.documents[number].id == source
        if same and start <= span[0] < end:
            return _passage(index, (number, start, max(end, span[1])), 1.0)
    return None


def windows_holding(index: Index, word: str) -> Sequence[int]:
    """Give the numbers of the windows of the sources that hold a content word."""
    return _windows(index).holders.get(word, ())


def content_words(text: str) -> frozenset[str]:
    """Give the words and numbers of a text that are no stop words."""
    folded = (word_form(word) for word in _WORD.findall(fold(text).text))
    return frozenset(word for word in folded if word not in STOP_WORDS)


def _passage(index: Index, window: tuple[int, int, int], share: float) -> Passage:
    number, start, end = window
    document = index.documents[number]
    return Passage(document.id, start, end, document.text[start:end], share)


def _windows(index: Index) -> _Windows:
    known = index.remembered.get("windows")
    if known is None:
        known = index.remembered["windows"] = _make_windows(index)
    return cast("_Windows", known)


def _make_windows(index: Index) -> _Windows:
    spans: list[tuple[int, int, int]] = []
    holders: dict[str, list[int]] = defaultdict(list)
    for number, document in enumerate(index.documents):
        folded = fold(document.text)
        for start, end in _pieces(folded.text):
            for word in content_words(folded.text[start:end]):
                holders[word].append(len(spans))
            spans.append((number, *original_span(folded, start, end)))
    return _Windows(tuple(spans), dict(holders))


def _pieces(text: str) -> list[tuple[int, int]]:
    """Cut a text into sentences, and sentences without end into equal pieces."""
    pieces: list[tuple[int, int]] = []
    for first, end in sentence_spans(text):
        start = first
        while end - start > 2 * _LONGEST:
            cut = text.rfind(" ", start + 1, start + _LONGEST)
            cut = cut if cut > start else start + _LONGEST
            pieces.append((start, cut))
            start = cut
        pieces.append((start, end))
    return pieces
