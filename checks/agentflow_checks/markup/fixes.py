"""What to do about a message of the HTML checker, where it does not say so itself."""

from __future__ import annotations

import re

FIXES = (
    (r"^Stray end tag", "Remove it, or add the start tag that it should close."),
    (
        r"^Stray start tag",
        "Move it: it stands outside its table, or behind the end of the page.",
    ),
    (
        r"^No “[^”]+” element in scope",
        "Remove it: the element has already ended, before a block inside it.",
    ),
    (
        r"^Unclosed element|seen, but there were open elements|unclosed elements",
        "Add the missing end tag, innermost element first.",
    ),
    (
        r"An “img” element must have an “alt”",
        'Add alt="..." that says what it shows; alt="" where it only decorates.',
    ),
    (r"^Duplicate ID", "Give each element an id of its own; use class for groups."),
    (r"^Duplicate attribute", "Keep one of the two: browsers drop the second."),
    (
        r"^Element “(?:style|link|meta|title|base)” not allowed|“style” .* in “body”",
        "Move it into <head>.",
    ),
    (
        r"^Element “div” not allowed as child of element “(?:p|span|h\d|label|button)”",
        "Use a <span> here, or end the outer element before it.",
    ),
    (r"not allowed as child of element “[uo]l”", "Put it inside an <li>."),
    (
        r"not allowed as child of element “(?:table|tbody|thead|tr)”",
        "Put it inside a cell, <td> or <th>, of a row.",
    ),
    (
        r"^Element “[^”]+” not allowed as child of element “([^”]+)”",
        r"Move it out of <\1>, or wrap it in what <\1> may hold.",
    ),
    (
        r"must not appear as a descendant of",
        "Take the inner element out: one control, one purpose.",
    ),
    (
        r"^Attribute “(?:width|height|align|valign|bgcolor|border|size|color)” not",
        "Remove it, and say so in CSS.",
    ),
    (
        r"^Attribute “[^”]+” not allowed on element",
        "Remove it; data of your own belongs into a data-* attribute.",
    ),
    (
        r"missing a required instance of child element “title”",
        "Add <title> with words that tell this page from others.",
    ),
    (
        r"without seeing a doctype first|Expected “<!DOCTYPE html>”|^Almost standards",
        "Begin the file with <!doctype html>, and nothing before it.",
    ),
    (
        r"“&” did not start a character reference|^Named character reference was not",
        "Write &amp; for a plain &, and end references with a semicolon.",
    ),
    (
        r"^The value of the “for” attribute",
        "Give the field this id, or point for= at the id that it has.",
    ),
    (
        r"must (?:be the ID of|point to|refer to)",
        "Correct the id, or give it to the element that is meant.",
    ),
    (r"^Self-closing syntax", "Close it with an end tag: the slash is ignored."),
    (r"^No space between attributes", "Put a space between the attributes."),
    (
        r"^Bad value “[^”]*” for attribute “(?:src|href|action)”.*[Ss]pace",
        "Write spaces in addresses as %20.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “(?:width|height)”",
        "Write a bare number of pixels; other sizes belong into CSS.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “role”",
        "Correct the role's spelling, or remove it and use a plain element.",
    ),
    (
        r"^Bad value “[^”]*” for attribute “id”",
        "Give the id at least one character, and no space.",
    ),
    (
        r"is missing (?:a )?required attribute “(aria-[\w-]+)”",
        r"Add \1 with the value that holds now.",
    ),
)
"""Patterns of messages, the first that fits, with what to do."""

SCRIPTED = "Look at the script that makes this element, not at the page's source."

ALWAYS = {
    "html.css": "Correct the property or value: browsers drop what they do not know.",
    "html.warning": "Mend it, or leave warnings out with warnings='ignore'.",
}


def fix(rule: str, text: str) -> str:
    """Say what to do about one message; empty where the message says all there is.

    Args:
        rule: ``html.source``, ``html.css``, ``html.dom`` or ``html.warning``.
        text: the checker's message.
    """
    own = ALWAYS.get(rule) or next(filter(None, (_apply(text, f) for f in FIXES)), "")
    return f"{own} {SCRIPTED}".strip() if rule == "html.dom" else own


def _apply(text: str, candidate: tuple[str, str]) -> str:
    pattern, words = candidate
    found = re.search(pattern, text)
    return found.expand(words) if found else ""
