"""How far the words of a claim are from the sources: a rank from word counts alone."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import cast

from agentflow_checks.grounding.folding import fold, word_form
from agentflow_checks.grounding.passages import content_words, windows_holding
from agentflow_checks.grounding.sources import Index
from agentflow_checks.grounding.vocabulary import holds_word
from agentflow_checks.grounding.vocabulary import words_of as words_in


def novelty(index: Index, text: str) -> float:
    """Give how much of a text the sources do not say in these words, from 0 to 1.

    The mean of three shares: content words that stand nowhere in the sources, content
    words that the best single window lacks, and pairs of neighbouring words that no
    source has. It never falls when a source is taken away. It is a rank: no
    probability, and blind for a word that changes the sense ("not").
    """
    wanted = content_words(text)
    pairs = _pairs(text)
    shares = []
    if wanted:
        known = index.vocabulary
        missing = sum(not holds_word(known, word) for word in wanted)
        held: dict[int, int] = defaultdict(int)
        for word in wanted:
            for window in windows_holding(index, word):
                held[window] += 1
        best = max(held.values(), default=0)
        shares = [missing / len(wanted), 1 - best / len(wanted)]
    if pairs:
        shares.append(len(pairs - _known_pairs(index)) / len(pairs))
    return sum(shares) / len(shares) if shares else 0.0


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    words = [word_form(word) for word in words_in(fold(text).text)]
    return frozenset(pairwise(words))


def _known_pairs(index: Index) -> frozenset[tuple[str, str]]:
    known = index.remembered.get("pairs")
    if known is None:
        pairs = (_pairs(document.text) for document in index.documents)
        known = index.remembered["pairs"] = frozenset().union(*pairs)
    return cast("frozenset[tuple[str, str]]", known)
