"""Text folded to one notation before values are read, with the way back to offsets."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_DASHES = "\u2010\u2011\u2012\u2013\u2212\ufe58\ufe63\uff0d"
_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u200a\u3000"
_NARROW = "\u2009\u202f\u205f"
_SINGLE = "\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4"
_DOUBLE = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033"

#: Foldings that keep the length of the text, so that offsets stay as they are.
_SAME_LENGTH = {
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys(_NARROW, "\u2009"),
    **dict.fromkeys(_SINGLE, "'"),
    **dict.fromkeys(_DOUBLE, '"'),
    **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},
    "\u2044": "/",
}
#: Found by a pattern: a table for every character takes ten times as long.
_FOLDABLE = re.compile(f"[{''.join(_SAME_LENGTH)}]")

#: What changes the length: character references, escapes of JSON and JavaScript,
#: invisible characters, ligatures.
_CHANGING = re.compile(
    r"&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
    r"|\\{1,4}u[dD][89abAB][0-9a-fA-F]{2}\\{1,4}u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\{1,4}(?:[nrtbf/\"']|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})"
    r"|[\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
    r"|[\ufb00-\ufb06]"
)
_ONE_ESCAPE = 5
_BLANK_ESCAPES = frozenset("nrtbf")
_NARROW_GROUP = re.compile(r"(?<=[0-9])[\u00a0\u2007](?=[0-9]{3}(?![0-9]))")
_NOT_WORD = re.compile(r"[\W_]+")
_WORDS_REMEMBERED = 4096
#: How often a text may have been escaped (``&amp;nbsp;`` was, twice).
_PASSES = 3


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; ``offsets[i]`` is where its character ``i`` came from.

    ``offsets`` is None when every character stands where it stood, and has one more
    entry than ``text`` (the length of the original) otherwise.
    """

    text: str
    offsets: tuple[int, ...] | None = None


def fold(text: str) -> Folded:
    """Fold entities, escapes, quotes, dashes, spaces, ligatures and invisible signs.

    A true value must not look invented because one side of the comparison went
    through HTML or JSON: both sides are folded by this function.
    """
    if "&" not in text and "\\" not in text and text.isascii():
        return Folded(text)
    if _CHANGING.search(text) is None:
        return Folded(_keep_length(text))
    return _fold_with_offsets(text, passes=_PASSES)


def original_span(folded: Folded, start: int, end: int) -> tuple[int, int]:
    """Give the span of the original text for a span of the folded one."""
    if folded.offsets is None:
        return start, end
    return folded.offsets[start], folded.offsets[end]


def letters(text: str) -> str:
    """Only letters and digits, lower case, accents dropped: for verbatim matching."""
    plain = _without_accents(fold(text).text).casefold()
    return _NOT_WORD.sub("", plain)


def spaced(text: str) -> str:
    """Words in lower case, one space between them, without accents or signs."""
    plain = _without_accents(fold(text).text).casefold()
    return _NOT_WORD.sub(" ", plain).strip()


@lru_cache(maxsize=_WORDS_REMEMBERED)
def word_form(word: str) -> str:
    """Fold one word for comparison: case, accents, possessive."""
    plain = _without_accents(word).casefold()
    return plain[:-2] if plain.endswith("'s") else plain.rstrip("'")


def _keep_length(text: str) -> str:
    if text.isascii():
        return text
    if "\u00a0" in text or "\u2007" in text:
        text = _NARROW_GROUP.sub("\u2009", text)
    return _FOLDABLE.sub(lambda found: _SAME_LENGTH[found.group()], text)


def _fold_with_offsets(text: str, passes: int) -> Folded:
    pieces: list[str] = []
    offsets: list[int] = []
    at = 0
    for match in _CHANGING.finditer(text):
        pieces.append(text[at : match.start()])
        offsets.extend(range(at, match.start()))
        replacement = _replacement(match.group())
        pieces.append(replacement)
        offsets.extend([match.start()] * len(replacement))
        at = match.end()
    pieces.append(text[at:])
    offsets.extend(range(at, len(text) + 1))
    joined = "".join(pieces)
    if passes > 1 and joined != text and _CHANGING.search(joined):
        inner = _fold_with_offsets(joined, passes - 1)
        back = inner.offsets or ()
        return Folded(inner.text, tuple(offsets[i] for i in back))
    return Folded(_keep_length(joined), tuple(offsets))


def _replacement(found: str) -> str:
    if found[0] == "&":
        return html.unescape(found)
    if found[0] != "\\":
        ligature = "\ufb00" <= found <= "\ufb06"
        return unicodedata.normalize("NFKC", found) if ligature else ""
    body = found.lstrip("\\")
    if body[0] in "ux":
        return _character(body)
    return " " if body in _BLANK_ESCAPES else body


def _character(escape: str) -> str:
    """Decode ``u00e9``, ``xe9`` or the two halves of a pair of surrogates."""
    if len(escape) <= _ONE_ESCAPE:
        return chr(int(escape[1:], 16))
    high, low = int(escape[1:5], 16), int(escape[-4:], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))
