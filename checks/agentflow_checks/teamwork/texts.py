"""What a stage said, as plain text that can be compared."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af

_TAGS = re.compile(
    r"<(script|style|template)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
_QUOTES = str.maketrans(
    dict.fromkeys(map(chr, (0x2018, 0x2019, 0x201A)), "'")
    | dict.fromkeys(map(chr, (0x201C, 0x201D, 0x201E, 0xAB, 0xBB)), '"')
    | dict.fromkeys(map(chr, (0x2010, 0x2011, 0x2013, 0x2014)), "-")
)


def normalised(text: str) -> str:
    """Fold entities, escapes, quotes, dashes, white space and case.

    Without that, a hand-off that was only escaped for HTML or JSON looks like a loss.
    """
    unescaped = html.unescape(text).replace("\\'", "'").replace('\\"', '"')
    folded = unicodedata.normalize("NFKC", unescaped).translate(_QUOTES)
    return _SPACE.sub(" ", folded).strip().casefold()


def visible(markup: str) -> str:
    """Give the text of a page without tags, scripts and styles."""
    return _TAGS.sub(" ", markup)


def stage_texts(stage: af.Stage) -> Iterator[str]:
    """Give the texts that a stage handed on: outputs and text artefacts."""
    for output in stage.outputs:
        text = as_text(output)
        if text.strip():
            yield text
    for artefact in stage.artefacts:
        if artefact.media_type.startswith("text/"):
            yield artefact.text


def prompt_texts(stage: af.Stage) -> Iterator[str]:
    """Give the texts that a stage's models were given."""
    for call in stage.calls:
        for message in call.messages:
            yield message.text


def as_text(value: Any) -> str:
    """Give the strings and numbers of a JSON value, one a line."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes) or value is None:
        return ""
    if isinstance(value, dict):
        return "\n".join(filter(None, map(as_text, value.values())))
    if isinstance(value, (list, tuple)):
        return "\n".join(filter(None, map(as_text, value)))
    return json.dumps(value)


def shingles(text: str, size: int = 5) -> frozenset[tuple[str, ...]]:
    """Give all runs of `size` words of `text`, numbers and names included."""
    words = _WORD.findall(normalised(text))
    return frozenset(zip(*(words[i:] for i in range(size)), strict=False))


def overlap(first: frozenset[Any], second: frozenset[Any]) -> float | None:
    """Give the shared part of the smaller set, 0 to 1; `None` when one is empty."""
    if not first or not second:
        return None
    return len(first & second) / min(len(first), len(second))
