"""What simpler scores say of a sentence: the peers that every figure stands beside."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import log

from agentflow_checks.grounding.sentences import sentence_spans

_WORD = re.compile(r"[^\W_]+")
_VALUES = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+|https?://\S+|www\.\S+|[$€£]?[0-9][0-9.,:/]*[0-9]|[0-9]"
)
#: The usual constants of BM25 (Robertson and Zaragoza 2009).
_K1, _B = 1.2, 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A source made ready for the baselines: words, pairs of words, sentences."""

    text: str
    words: tuple[str, ...]
    places: dict[str, int]
    pairs: frozenset[tuple[str, str]]
    sentences: tuple[Counter[str], ...]
    holders: Counter[str]
    mean_length: float


def reference(text: str) -> Reference:
    """Read a source once."""
    words = tuple(_words(text))
    places: dict[str, int] = {}
    for at, word in enumerate(words):
        places[word] = places.get(word, 0) | 1 << at
    spans = sentence_spans(text)
    sentences = tuple(Counter(_words(text[start:end])) for start, end in spans)
    lengths = [sum(sentence.values()) for sentence in sentences]
    return Reference(
        text=text,
        words=words,
        places=places,
        pairs=frozenset(pairwise(words)),
        sentences=sentences,
        holders=Counter(word for sentence in sentences for word in sentence),
        mean_length=sum(lengths) / max(len(lengths), 1),
    )


def rouge_l(source: Reference, text: str) -> float:
    """Give 1 minus the precision of ROUGE-L (Lin 2004): words not in common order.

    The longest common subsequence is counted on bits of one whole number (Crochemore
    and others 2001).
    """
    words = _words(text)
    if not words:
        return 0.0
    ones = (1 << len(source.words)) - 1
    row = ones
    for word in words:
        held = row & source.places.get(word, 0)
        row = (row + held) | (row - held)
    common = len(source.words) - (row & ones).bit_count()
    return 1 - common / len(words)


def bm25(source: Reference, text: str) -> float:
    """Give 1 minus the BM25 of the best source sentence, as a share of the most."""
    words = set(_words(text))
    weights = {word: _weight(source, word) for word in sorted(words)}
    most = sum(weights.values()) * (_K1 + 1)
    best = max((_of_one(source, one, weights) for one in source.sentences), default=0)
    return 1 - best / most if most else 0.0


def bigram_novelty(source: Reference, text: str) -> float:
    """Give the share of pairs of neighbouring words that the source does not have."""
    pairs = set(pairwise(_words(text)))
    return len(pairs - source.pairs) / len(pairs) if pairs else 0.0


def misses_letter_by_letter(text: str, *sources: str) -> bool:
    """Tell whether a number, e-mail or web address is not in the sources as written."""
    whole = " ".join(sources)
    return any(value not in whole for value in _VALUES.findall(text))


def _weight(source: Reference, word: str) -> float:
    held = source.holders[word]
    return log(1 + (len(source.sentences) - held + 0.5) / (held + 0.5))


def _of_one(
    source: Reference, sentence: Counter[str], weights: dict[str, float]
) -> float:
    length = 1 - _B + _B * sum(sentence.values()) / (source.mean_length or 1)
    return sum(
        weight * sentence[word] * (_K1 + 1) / (sentence[word] + _K1 * length)
        for word, weight in weights.items()
        if word in sentence
    )


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
