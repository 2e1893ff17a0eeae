"""Text as SARIF has it: what could pass for a link or a placeholder is escaped."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """Give recorded text as a message that shows it letter by letter.

    Sections 3.11.5 and 3.11.6 of the standard: ``{0}`` is a placeholder, and
    ``[text](target)`` is a link wherever it stands.
    """
    text = re.sub(r"\{(\d+)\}", r"{{\1}}", text)
    return re.sub(r"\[(?=[^\]]*\]\()|(?<=[^\\])\](?=\()", r"\\\g<0>", text)
