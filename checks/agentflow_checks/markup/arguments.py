"""What the checks of pages are asked alike: texts to leave out, seconds."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection


def words(given: str | Collection[str]) -> tuple[str, ...]:
    """Give one text, or several, as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


def refuse_budget(budget: float) -> None:
    """Hold seconds to be some.

    Raises:
        ValueError: they are none.
    """
    if not budget > 0:
        message = f"budget={budget} is no time; give seconds per page, budget=10"
        raise ValueError(message)


def refuse_ignored(
    ignore: str | Collection[str],
    ignore_re: str | Collection[str],
    *,
    known: Collection[str] = (),
) -> None:
    """Hold what is to be left out to leave something in.

    Args:
        ignore: texts, or ids of rules.
        ignore_re: patterns.
        known: ids of rules, all of them with the same prefix; none: texts only.

    Raises:
        ValueError: a text is empty, a pattern is none or fits everything, or an id that
            looks like a rule's is nobody's.
    """
    for text in words(ignore):
        if not text.strip():
            raise ValueError(
                "ignore holds an empty text, which stands in every message"
            )
        _refuse_unknown(text, known)
    for pattern in words(ignore_re):
        try:
            fits_all = re.search(pattern, "") is not None
        except re.error as error:
            message = f"ignore_re holds {pattern!r}, no regular expression: {error}"
            raise ValueError(message) from error
        if fits_all:
            message = f"ignore_re holds {pattern!r}, which fits every message"
            raise ValueError(message)


def _refuse_unknown(text: str, known: Collection[str]) -> None:
    prefixes = {f"{rule.partition('.')[0]}." for rule in known}
    looks_like_one = re.fullmatch(r"[a-z_]+\.[a-z-]+", text) is not None
    if not looks_like_one or text in known or not text.startswith(tuple(prefixes)):
        return
    near = difflib.get_close_matches(text, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"ignore holds {text!r}, no rule of this check{hint}")
