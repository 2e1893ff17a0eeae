"""Instructions and examples in a prompt, counted."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BULLET = re.compile(r"^\s*(?:[-*\u2022\u2013]|\(?\d{1,3}[.)]|[a-z][.)])\s+(?=\S)")
_END = re.compile(r"(?<=[.!?;])\s+")
_CODE = re.compile(r"^\s*(?:[{}<\[\]\"]|--|//|/\*|@|#[\w-]*\s*\{|:root)|[{;]\s*$")
_DIRECTIVE = re.compile(
    r"\b(?:must|never|always|do not|don't|should(?: not)?|shall|may not|cannot|only|"
    r"at most|at least|no more than|no fewer than|exactly|make sure|ensure|avoid|"
    r"need to|have to|without)\b",
    re.IGNORECASE,
)
_REQUESTS = """
add adhere answer apply ask assume avoid base be begin build call check choose cite
collect combine compare consider convert copy correct create decide define describe
design do draft end ensure evaluate explain extract fill find follow format generate
give highlight identify ignore implement include incorporate insert keep leave limit
list look maintain make mark mention name optimize order output paraphrase pick place
plan point present prioritize produce provide put quote read refer remember remove
reply respond return review rewrite seek select set show split start state stay stop
structure suggest summarize take tell test think translate turn use utilize verify
write
"""
VERBS = frozenset(_REQUESTS.split())
_EXAMPLES = (
    re.compile(r"<example[\s>]", re.IGNORECASE),
    re.compile(
        r"^[^\w\n]*+(?:examples?|sample)\b[^.\n]{0,40}:[ \t]*+$",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(r"\b(?:e\.\s?g\.|for example|for instance)", re.IGNORECASE),
    re.compile(
        r"^[^\w\n]*+(?:input|question|user)[ \t]*+:.*\n\W{0,40}+"
        r"(?:output|answer|assistant)[ \t]*+:",
        re.IGNORECASE | re.MULTILINE,
    ),
)


def instructions(lines: Iterable[str]) -> tuple[str, ...]:
    """Give the sentences of a template that tell a model what to do.

    A sentence counts that begins with one of some ninety verbs of request, or holds a
    word of obligation (must, never, only, at most, ...). A bullet counts once where no
    sentence of it does. Code, markup and JSON do not count. The measure is for prompts
    in English, and for growth rather than for its absolute height.
    """
    found: list[str] = []
    for line in _unwrapped(lines):
        bullet = _BULLET.match(line)
        text = line[bullet.end() :] if bullet else line
        told = [s.strip() for s in _END.split(text) if _tells(s)]
        if bullet and not told and len(text.split()) > 1:
            told = [text.strip()]
        found.extend(told)
    return tuple(found)


def _unwrapped(lines: Iterable[str]) -> list[str]:
    """Join what was wrapped: a line that goes on in lower case belongs to the last."""
    found: list[list[str]] = []
    open_ = False
    for line in lines:
        text = line.strip()
        if not text or _CODE.search(line):
            open_ = False
            continue
        if open_ and text[0].islower() and not _BULLET.match(line):
            found[-1].append(text)
        else:
            found.append([line.rstrip()])
        open_ = True
    return [" ".join(parts) for parts in found]


def _tells(sentence: str) -> bool:
    words = re.findall(r"[A-Za-z']+", sentence)
    if len(words) < 2:
        return False
    first = words[0].casefold()
    if first in {"please", "then", "also", "first", "finally", "now", "and", "or"}:
        first = words[1].casefold()
    return first in VERBS or _DIRECTIVE.search(sentence) is not None


def examples(text: str) -> int:
    """Count examples: tagged, headed, behind "e.g.", or as question and answer."""
    fences = text.count("```") // 2
    return fences + sum(len(pattern.findall(text)) for pattern in _EXAMPLES)
