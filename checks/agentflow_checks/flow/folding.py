"""Text folded for comparison: what was only escaped or set otherwise is the same."""

from __future__ import annotations

import html
import re
import unicodedata

# Each pattern meets a run of backslashes, or of digits, once: tried from every sign of
# it, a page of backslashes takes the square of its length.
_NESTED = re.compile(r"&(?:amp;)++", re.IGNORECASE)
_CODE = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_QUOTED = re.compile(r"(?<!\\)\\++(?=[\"'/])")
_BLANK = re.compile(r"(?<!\\)\\++[nrtbf]")
# Python refuses to read a number of more than 4,300 digits.
_NO_CHARACTER = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")
_MARKS = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
_TYPOGRAPHY = str.maketrans(
    dict.fromkeys(map(chr, (0x2018, 0x2019, 0x201A)), "'")
    | dict.fromkeys(map(chr, (0x201C, 0x201D, 0x201E, 0xAB, 0xBB)), '"')
    | dict.fromkeys(map(chr, (0x2010, 0x2011, 0x2013, 0x2014)), "-")
)
_PASSES = 12


def fold(text: str) -> str:
    """Undo entities and JS and JSON escapes, and fold typography, space and case.

    Without that, text that was only escaped for HTML or JSON, or set with curly quotes,
    looks like other text. Folding twice gives the same as folding once; the time is
    linear in the text, whatever a model wrote.

    Two other rooms fold otherwise, for what they give back: ``grounding.folding.fold``
    keeps case and words and returns offsets, for a claim is shown where it was written;
    it reads narrow spaces as signs between digits. ``policies.values.fold`` keeps one
    character for each and no escape undone, so that a leaked value is masked in place.
    """
    for _ in range(_PASSES):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


def _fold_once(text: str) -> str:
    if "&" in text:
        known = _NO_CHARACTER.sub("\ufffd", _NESTED.sub("&", text))
        text = html.unescape(known)
    if "\\" in text:
        text = _paired(_CODE.sub(_character, text))
        text = _BLANK.sub(" ", _QUOTED.sub("", text)).replace("\\", " ")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _MARKS.sub("", text))
        text = text.translate(_TYPOGRAPHY)
    return " ".join(text.casefold().split())


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _paired(text: str) -> str:
    """Put the halves together that JSON writes characters beyond 16 bits in."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
