"""Amounts inside code, markup and file names: technical, and no facts to look up."""

from __future__ import annotations

import re

from agentflow_checks.grounding.spans import Spans

_LINE = r"(?:\A|(?<=\n))[ \t]*"
_IDENTIFIER = r"[A-Za-z_$][\w.$]*"
_SHOWN = "alt|title|content|value|href|label|datetime|placeholder"
#: What is taken, and a sign without which it cannot occur.
_TAKEN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("<", re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)),
    (
        "<",
        re.compile(
            r"<(script|style)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
        ),
    ),
    # An argument, an attribute (but what a reader is shown) or a variable of the shell.
    (
        "=",
        re.compile(
            rf"(?<![\w&?$])(?!(?:{_SHOWN})=){_IDENTIFIER}=(?!=)"
            r"(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|[0-9][\w.]*)"
        ),
    ),
    # What code compares with or gives back.
    ("=", re.compile(r"(?:===?|!==?|=>)[ ]?[0-9][\w.]*")),
    # A call, and the comment behind it.
    (
        "(",
        re.compile(
            rf"(?<![\w$€£]){_IDENTIFIER}\([^()\n]{{0,200}}\)"
            r"(?:[ ]{0,8}(?:#|//)[ ][^\n]*)?"
        ),
    ),
    # A subscript and what is put there.
    ("[", re.compile(rf"(?<!\w){_IDENTIFIER}\[[^\]\n]{{0,80}}\](?:[ ]?=[ ]?[0-9.]+)?")),
    ("{", re.compile(rf"{_LINE}return[ ][\[{{][^\n]*")),
    (
        "=",
        re.compile(
            r"(?:\A|(?<=\n))[ \t]*(?:const|let|var|export|set)[ ]\w+[ ]?=[^\n]*"
        ),
    ),
    ("FROM", re.compile(r"\bSELECT\b[^\n;]{1,300}\bFROM\b[^\n]*")),
    # Hexadecimal numbers, and snake case with digits in it.
    ("0x", re.compile(r"(?<!\w)0x[0-9A-Fa-f]+")),
    ("_", re.compile(r"(?<![\w$€£/.])[A-Za-z][\w-]*_[\w-]*(?![\w])")),
    # Names of classes and items (but "mid-1995" is a year).
    ("-", re.compile(r"(?<![\w-])[a-z]+(?:-[a-z]+)*-[0-9]{1,3}(?![\w%.-])")),
    # The port of a host.
    (
        ":",
        re.compile(
            r"(?:\blocalhost|(?<![0-9])[0-9]{1,3}(?:\.[0-9]{1,3}){3}):[0-9]{2,5}"
        ),
    ),
    (
        ":",
        re.compile(
            r"\b(?:transition|animation|transform|box-shadow|text-shadow|font-family"
            r"|grid-template-(?:columns|rows)|(?:transition|animation)-(?:duration|delay)"
            r"|letter-spacing|backdrop-filter)[ ]?:[^;}\n]*"
        ),
    ),
    ("?", re.compile(r"(?<=\?)[\w-]+=\S*")),
    (
        " ",
        re.compile(
            rf"{_LINE}(?:\$[ ])?(?:chmod|chown|git|pip|npm|docker|kubectl|curl|sudo"
            r"|kill)[ ][^\n]*"
        ),
    ),
)


def take_code(text: str, taken: Spans) -> None:
    """Take the spans of a claim in which numbers configure or name something.

    Contact data, dates and times are read before: an address in a code span is still
    an address. Only amounts are left out here.
    """
    for sign, pattern in _TAKEN:
        if sign in text:
            for match in pattern.finditer(text):
                _take_free(taken, *match.span())


def _take_free(taken: Spans, start: int, end: int) -> None:
    """Take a span, or those parts of it that are not taken yet."""
    for first, last in taken.gaps(start, end):
        taken.take(first, last)
