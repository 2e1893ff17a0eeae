"""Numbers up to twelve: they stand in any text, so it counts what they count."""

from __future__ import annotations

import re

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - words
)
_MANY = re.compile(r"(?:0|[1-9]|1[0-2])(?:\.0{1,4})?")
_LAST = re.compile(r"([^.\[\]']{1,200})'?\]?(?:\[\d{1,9}\])*\Z")
_NAME_WORDS = re.compile(r"[A-Z]{0,40}[a-z]{1,40}")
#: Parts of keys that say that something is counted, and not what.
_COUNTING = frozenset(
    "amount at count for in least max maximum min minimum most no num number of per "  # noqa: SIM905 - words
    "qty quantity the total value".split()
)
_SHORTEST = 3


def is_bare(text: str) -> bool:
    """Whether a value is a number up to twelve, in digits or one word, and no more."""
    plain = text.strip().lower()
    return plain in _WORDS or _MANY.fullmatch(plain) is not None


def spelled(text: str) -> tuple[str, str]:
    """Give both notations of a bare number: ``4`` and ``four``."""
    plain = text.strip().lower()
    number = _WORDS.index(plain) if plain in _WORDS else int(float(plain))
    return str(number), _WORDS[number]


def counted(text: str, path: str | None, folded: str) -> bool:
    """Whether a bare number stands beside what it counts: ``4 rooms``, ``rooms: 4``.

    Args:
        text: the number.
        path: where it came from; the last name says what it counts.
        folded: the text that is searched.
    """
    number = rf"(?<![\w.,-])(?:{'|'.join(spelled(text))})(?!\w|[.,]\d)"
    return any(
        re.search(
            rf"{number}[ -](?:[^\W\d]{{1,30}}+[ -]){{0,2}}?{noun}"
            rf"|\b{noun}[ :=(]{{1,3}}+{number}",
            folded,
        )
        for noun in _nouns(path or "")
    )


def _nouns(path: str) -> list[str]:
    last = _LAST.search(path[-240:])
    words = map(str.lower, _NAME_WORDS.findall(last[1] if last else ""))
    return [_any_number(w) for w in words if len(w) >= _SHORTEST and w not in _COUNTING]


def _any_number(noun: str) -> str:
    """Find a noun in singular and plural."""
    if noun.endswith("ies"):
        return rf"{noun[:-3]}(?:y|ies)\b"
    stem = noun[:-1] if noun.endswith("s") and len(noun) > _SHORTEST else noun
    return rf"{stem[:-1]}(?:y|ies)\b" if stem.endswith("y") else rf"{stem}(?:s|es)?\b"
