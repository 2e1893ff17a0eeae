"""Signed addresses in a text: what lets somebody in is cut from each parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_agentflow.recording.redaction_headers import IN_ADDRESS, is_grant, is_opaque

#: What such a hit is named.
SIGNED_ADDRESS = "signed-address"

_BEGINNING = re.compile(r":(?:\\*/){2}|%3A%2F%2F", re.IGNORECASE)

#: An address as it stands in a text, in HTML, or in JSON of any depth, where ``/`` and
#: ``&`` may be escaped. An escaped blank, quote or angle bracket ends it like a bare
#: one: what is found does not depend on whether JSON was parsed before.
_ESCAPED = (
    r"\\+(?:/|u(?!00[01]|002[027]|003[ce]|0060|007f|00[89a]|1680|20[0-6]|3000)"
    r"[0-9a-f]{4})"
)
_REST = re.compile(rf"(?:[^\s\"'<>`\\]|{_ESCAPED})+", re.IGNORECASE)

_NAME = r"(?P<name>[a-z][\w.~-]{0,60})"
_HELD = r"\[redacted[^\]\s]{0,80}\]"
_VALUE = rf"(?P<value>(?:{_HELD}|[^&#;?)\]}}\\|]|\\+/|\\+u00(?:2[bf5d]|3d))+)"

#: The second is an address inside another one's parameter, encoded once more.
_PARAMETERS = (
    re.compile(
        rf"(?:[?&#;]|\\+u00(?:26|3f|23)){_NAME}(?:=|\\+u003d){_VALUE}", re.IGNORECASE
    ),
    re.compile(
        rf"%(?:3F|26|23){_NAME}%3D(?P<value>(?:{_HELD}|(?!%(?:26|23))[\w.~%*+/:-])+)",
        re.IGNORECASE,
    ),
)
_TRAILING = ".,:!*"


def grants_in(text: str) -> list[tuple[int, int]]:
    """List where values stand that let somebody in, in the addresses of a text.

    They are the parameters that a query is cleaned of, as far as the value is long
    enough to be a secret; the same word outside of an address is prose.
    """
    if "=" not in text and "3d" not in text.lower():
        return []
    return sorted(set(_grants(text)))


def _grants(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for beginning in _BEGINNING.finditer(text):
        if beginning.start() < end:
            continue
        rest = _REST.match(text, beginning.end())
        if rest is None:
            continue
        end = rest.end()
        for parameter in _PARAMETERS:
            for match in parameter.finditer(text, *rest.span()):
                value = match["value"].rstrip(_TRAILING)
                if _lets_in(match["name"], value):
                    start = match.start("value")
                    yield start, start + len(value)


def _lets_in(name: str, value: str) -> bool:
    if value == IN_ADDRESS or value.startswith("[redacted"):
        return False
    return is_opaque(value) and is_grant(name, value)


def without_grants(text: str) -> str:
    """Give `text` with its addresses unsigned; each remains an address."""
    parts, start = [], 0
    for low, high in grants_in(text):
        if low >= start:
            parts += [text[start:low], IN_ADDRESS]
            start = high
    return "".join([*parts, text[start:]]) if parts else text
