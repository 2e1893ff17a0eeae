"""Words of a text, however it was escaped, and the runs of eight that mark a copy."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate

WIDTH = 8
"""Words in a shingle.

Related but independent documents share 4 % of their runs of eight words and 20 % of
their runs of three; a true hand-off is found at any width from 3 to 16 (75 to 73 %).
"""

_WORD = re.compile(r"\w+")
_WITH_MARKS = re.compile(r"\W*\w+")
_NESTED = re.compile(r"&(?:amp;)+", re.IGNORECASE)
_CODE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_BLANK = re.compile(r"\\+[nrtbf]")
_MARKS = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
_PASSES = 12


def fold(text: str) -> str:
    """Undo entities and JS and JSON escapes, and fold typography, space and case.

    Without that, text that was only escaped for HTML or JSON, or set with curly quotes,
    looks like other text. Folding twice gives the same as folding once.
    """
    for _ in range(_PASSES):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


def _fold_once(text: str) -> str:
    if "&" in text:
        text = html.unescape(_NESTED.sub("&", text))
    if "\\" in text:
        text = _paired(_CODE.sub(_character, text))
        text = _BLANK.sub(" ", text).replace("\\", " ")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _MARKS.sub("", text))
    return " ".join(text.casefold().split())


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _paired(text: str) -> str:
    """Put the halves together that JSON writes characters beyond 16 bits in."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def words(text: str) -> list[str]:
    """Give the words of `text`, numbers and names included, in order."""
    return _WORD.findall(fold(text))


class Vocabulary:
    """Numbers for words, so that texts are compared as numbers.

    Numbers are given in the order of first sight, so that the same texts give the same
    shingles in every process, whatever the seed of string hashing.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def read(self, text: str) -> list[int]:
        """Give the words of `text` as numbers."""
        known = self._numbers
        return [known.setdefault(word, len(known)) for word in words(text)]

    def measure(self, text: str) -> tuple[list[int], list[int]]:
        """Give the words as numbers, and where each begins and the last one ends.

        Places are characters of the folded text; marks belong to the word behind them.
        """
        folded = fold(text)
        known = self._numbers
        found = _WORD.findall(folded)
        numbers = [known.setdefault(word, len(known)) for word in found]
        places = accumulate(map(len, _WITH_MARKS.findall(folded)), initial=0)
        return numbers, list(places)

    def write(self, numbers: Iterable[int]) -> str:
        """Give numbers back as words, folded, with blanks between."""
        known = list(self._numbers)
        return " ".join(known[number] for number in numbers)


def shingle_keys(numbers: Sequence[int], width: int = WIDTH) -> list[int]:
    """Give one 64-bit key for each run of `width` words; none where there are fewer.

    Two different runs share a key with a chance of about n^2 / 2^65: one in a hundred
    million for a million words.
    """
    shifted = (numbers[start:] for start in range(width))
    return list(map(hash, zip(*shifted, strict=False)))
