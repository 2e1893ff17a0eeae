"""Runs of words and letters, found in the sources whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from agentflow_checks.grounding.folding import letters, spaced
from agentflow_checks.grounding.kinds import Reading
from agentflow_checks.grounding.sources import Hit, Index


def find_verbatim(index: Index, wanted: str) -> Hit | None:
    """Find a run of letters and digits, as :func:`letters` gives it, in the sources."""
    if not wanted:
        return None
    for number, text in enumerate(_texts(index, "letters", letters)):
        if wanted in text:
            end = len(index.documents[number].text)
            return Hit(number, 0, end, Reading("quotation", wanted))
    return None


def find_words(index: Index, words: str) -> Hit | None:
    """Find a run of words, whatever stands between them."""
    if not words:
        return None
    for number, text in enumerate(_texts(index, "spaced", _padded)):
        if f" {words} " in text:
            span = _span_of_words(index.documents[number].text, words)
            return Hit(number, *span, Reading("quotation", words))
    return None


def _span_of_words(text: str, words: str) -> tuple[int, int]:
    pattern = r"[\W_]+".join(re.escape(word) for word in words.split())
    match = re.search(pattern, text, re.IGNORECASE)
    return match.span() if match else (0, len(text))


def _padded(text: str) -> str:
    return f" {spaced(text)} "


def _texts(index: Index, name: str, make: Callable[[str], str]) -> list[str]:
    known = index.remembered.get(name)
    if known is None:
        made = [make(document.text) for document in index.documents]
        known = index.remembered[name] = made
    return cast("list[str]", known)
