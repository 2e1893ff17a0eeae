"""The language of a page, as far as it says how values are written."""

from __future__ import annotations

import re

from agentflow_checks.grounding.numerals import COMMA_LANGUAGES

_LANG = re.compile(r"<html\b[^>]*\blang\s*=\s*[\"']?([A-Za-z]{2,3})", re.IGNORECASE)


def language_of(html: str) -> str:
    """Give the language of a page as far as it says how numbers are written."""
    found = _LANG.search(html)
    code = found[1].lower()[:2] if found else "en"
    return code if code in COMMA_LANGUAGES else "en"
