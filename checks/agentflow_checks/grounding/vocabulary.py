"""The words of the sources, as names are looked up in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agentflow_checks.grounding.folding import word_form

_WORD = re.compile(r"[^\W_][^\W_'\u2019-]*(?:['\u2019][^\W_]+)?")
_ACRONYM = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]{2,8}|(?:[A-Z]\.){2,8})(?![A-Za-z0-9])")
_CAPITALISED = re.compile(
    r"[A-Z][A-Za-z'-]*(?:[ ](?:of|the|and|for|de|&)){0,2}(?:[ ][A-Z][A-Za-z'-]*)+"
)
_VOWELS = re.compile("[AEIOUY]")
#: Words that agree in this many first letters count as one (Canada, Canadian).
STEM = 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words, stems and abbreviations of a set of texts."""

    words: frozenset[str]
    stems: frozenset[str]
    acronyms: frozenset[str]
    initials: frozenset[str]


def vocabulary(texts: Iterable[str]) -> Vocabulary:
    """Collect the words of folded texts."""
    words: set[str] = set()
    acronyms: set[str] = set()
    initials: set[str] = set()
    for text in texts:
        words.update(map(word_form, set(_WORD.findall(text))))
        acronyms.update(found.replace(".", "") for found in _ACRONYM.findall(text))
        initials.update(map(_initials, _CAPITALISED.findall(text)))
    stems = frozenset(word[:STEM] for word in words if len(word) >= STEM)
    return Vocabulary(frozenset(words), stems, frozenset(acronyms), frozenset(initials))


def words_of(text: str) -> list[str]:
    """Give the words of a folded text in their order, as written."""
    return _WORD.findall(text)


def holds_word(known: Vocabulary, word: str) -> bool:
    """Tell whether the texts hold a word, its plural or singular, or its stem."""
    if word in known.words:
        return True
    if len(word) > STEM and word[:STEM] in known.stems:
        return True
    if f"{word}s" in known.words or (word[-1:] == "s" and word[:-1] in known.words):
        return True
    if "-" in word or "'" in word:
        parts = [part for part in re.split("[-']", word) if part]
        return bool(parts) and all(holds_word(known, part) for part in parts)
    return word.upper() in known.initials and len(word) > 1


def holds_initials(known: Vocabulary, words: Iterable[str]) -> bool:
    """Tell whether the texts abbreviate this run of words (``LA``)."""
    short = "".join(word[0] for word in words).upper()
    if len(short) < 2:
        return False
    # Questions are typed in small letters; "bc" and "tmj" are no other words.
    spelt = _VOWELS.search(short) is None and short.lower() in known.words
    return spelt or short in known.acronyms


def _initials(run: str) -> str:
    return "".join(word[0] for word in run.split() if word[0].isupper())
