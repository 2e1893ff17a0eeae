"""Words that name a fault alike, whoever reports it, so that it can be told once."""

from __future__ import annotations

import re

MESSAGES = (
    (r"^Forbidden code point|^Malformed byte|^Unmappable byte", "encoding"),
    (r"^End of file seen|^Saw an end of file|^End of file in", "truncated"),
    (r"must have valid JSON content", "json"),
    (
        r"“(for|form|list|headers|commandfor)” attribute.*(?:must|refers)",
        r"reference:\1",
    ),
    (r"reference in attribute “usemap” referred", "reference:usemap"),
    (r"“(aria-[\w-]+)” attribute must (?:point|refer|be the ID)", r"reference:\1"),
)
"""Messages of the HTML checker, and the words of the faults that they are about."""


def reference(attribute: str) -> str:
    """Name the fault that an attribute refers to nothing: ``reference:for``."""
    return f"reference:{attribute}"


def word_of(message: str) -> str | None:
    """Name the fault of a message of the HTML checker, where `page_errors` knows it.

    Together with line and column of the start tag it tells that both report one fault.
    """
    for pattern, word in MESSAGES:
        if found := re.search(pattern, message):
            return found.expand(word)
    return None
