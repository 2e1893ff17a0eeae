"""What the HTML checker says of one page, each fault in one message."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from agentflow_checks.markup import page_errors_encoding
from agentflow_checks.web import faults, file_kind, validator
from agentflow_checks.web.validator import Message

MOST_ALIKE, MOST_OF_KIND = 20, 200
"""Messages of one text, and of texts that differ in what they quote, that are listed
for a page; the others are counted."""

WIDE = "HTML is written in UTF-8"
ENCODING = "encoding"
SAID = re.compile(
    r"^Internal encoding declaration|attribute for the “meta” element is “utf-8”|"
    r"“charset=” must be followed by “utf-8”"
)
"""Messages about what the page says of its encoding."""


def about(data: bytes, *, name: str, seconds: float) -> list[Message]:
    """Give what the checker says, all about the page's encoding put into one message.

    Of a wrongly encoded page it names every byte, and that is one fault. Pages of two
    or four bytes a sign are checked as the text that they are, and told for it.

    Args:
        data: the page.
        name: its file name.
        seconds: time for it.
    """
    kind = file_kind.kind_of(data)
    if kind.wide:
        text = f"The file is written in {kind.encoding[:6].upper()}, and {WIDE}."
        read = file_kind.text_of(data).encode("utf-8", "replace")
        found = validator.validate(read, name=name, seconds=seconds)
        return [Message(type="error", text=text, line=1, column=1), *found]
    found = validator.validate(data, name=name, seconds=seconds)
    wrong = [message for message in found if of_encoding(message)]
    if not wrong:
        return list(found)
    others = (message for message in found if not of_encoding(message))
    return [_together(data, wrong), *others]


def _together(data: bytes, wrong: Sequence[Message]) -> Message:
    first = wrong[0]
    spot = page_errors_encoding.first_wrong(data)
    if spot is not None and first.text.startswith("Malformed"):
        # The checker names the line alone.
        first = dataclasses.replace(first, line=spot.line, column=spot.column)
    if len(wrong) > 1:
        text = f"{first.text} ({len(wrong):,} messages about the page's encoding)"
        first = dataclasses.replace(first, text=text)
    return first


def of_encoding(message: Message) -> bool:
    """Whether a message is about the page's encoding."""
    return steady(message.text) == ENCODING


def steady(text: str) -> str:
    """Give a message as other versions of the page have it: one word for encoding."""
    told = WIDE in text or SAID.search(text) or faults.word_of(text) == ENCODING
    return ENCODING if told else text


def texts(data: bytes, *, name: str, seconds: float) -> frozenset[str] | None:
    """Give what the checker says of a version of a page; None where it fails on it."""
    if file_kind.kind_of(data).other:
        return frozenset()
    try:
        found = about(data, name=name, seconds=seconds)
    except validator.Unchecked:
        return None
    return frozenset(steady(message.text) for message in found)


def listed(found: Sequence[Message]) -> tuple[list[Message], Mapping[str, int]]:
    """Take the first messages of each text and kind, and count those that are left."""
    seen: Counter[str] = Counter()
    left: dict[str, list[str]] = {}
    kept = []
    for message in found:
        kind = re.sub("“[^”]*”", "“…”", message.text)
        alike = seen[message.text] < MOST_ALIKE
        if alike and seen[f"kind {kind}"] < MOST_OF_KIND:
            seen.update([message.text, f"kind {kind}"])
            kept.append(message)
        else:
            left.setdefault(kind, []).append(message.text)
    return kept, {
        texts[0] if len(set(texts)) == 1 else kind: len(texts)
        for kind, texts in left.items()
    }
