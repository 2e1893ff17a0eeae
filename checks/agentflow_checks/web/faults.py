"""Words that name a fault of a page alike, whoever reports it, so it is told once."""

from __future__ import annotations

import re

RULES = {
    "area-alt": "alt",
    "aria-allowed-role": "role",
    "aria-deprecated-role": "role",
    "aria-roles": "role",
    "autocomplete-valid": "autocomplete",
    "autoplay-audio": "autoplay",
    "document-title": "page:title",
    "empty-heading": "heading-text",
    "header-heads-cells": "header-cells",
    "heading-order": "heading-level",
    "html-has-lang": "page:lang",
    "html-lang-valid": "lang-value",
    "html-xml-lang-mismatch": "xml-lang",
    "image-alt": "alt",
    "input-image-alt": "alt",
    "label-content-name-mismatch": "label-in-name",
    "label-in-name": "label-in-name",
    "media-captions": "captions",
    "meta-viewport": "zoom",
    "meta-viewport-large": "zoom",
    "no-autoplay-audio": "autoplay",
    "page.broken-anchor": "anchor",
    "scope-attr-valid": "scope",
    "skip-link": "anchor",
    "td-headers-attr": "reference:headers",
    "th-has-data-cells": "header-cells",
    "valid-lang": "lang-value",
    "video-caption": "captions",
}
"""Rules of axe-core and of ours, and the words of the faults that they find.

A word stands for one fault of one element, and is told with line and column of its
start tag; one that begins with ``page:`` a page has but once.
"""

ATTRIBUTES = {
    "aria-allowed-attr": "attribute",
    "aria-conditional-attr": "attribute",
    "aria-name-prohibited": "attribute",
    "aria-prohibited-attr": "attribute",
    "aria-required-attr": "required",
    "aria-valid-attr": "attribute",
    "aria-valid-attr-value": "value",
}
"""Rules about an attribute, which stands behind the word: ``attribute:aria-level``."""

NESTING = frozenset({"definition-list", "dlitem", "list", "listitem"})
"""Rules about what may stand in what: the element that is out of place has the spot."""

REFERENCES = frozenset(
    {
        "aria-activedescendant",
        "aria-controls",
        "aria-describedby",
        "aria-details",
        "aria-errormessage",
        "aria-flowto",
        "aria-labelledby",
        "aria-owns",
    }
)
"""Attributes of ARIA whose values are ids."""

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
    (r"^Duplicate ID “([^”]+)”", r"page:id=\1"),
    (r"^An “img” element must have an “alt”", "alt"),
    (r"^Element “(?:area|input)” is missing required attribute “alt”", "alt"),
    (r"instance of child element “title”|^Element “title” must not", "page:title"),
    (r"^Consider adding a “lang” attribute to the “html”", "page:lang"),
    (r"^Bad value “[^”]*” for attribute “lang”", "lang-value"),
    (r"“xml:lang”.*“lang”", "xml-lang"),
    (r"^The heading “h\d”.*follows the heading", "heading-level"),
    (r"^Empty heading", "heading-text"),
    (r"^Consider avoiding viewport values that prevent users", "zoom"),
    (r"^Bad value “[^”]*” for attribute “role”", "role"),
    (r"^Bad value “[^”]*” for attribute “autocomplete”", "autocomplete"),
    (r"^Bad value “[^”]*” for attribute “scope”|^The “scope” attribute", "scope"),
    (r"^Bad value “[^”]*” for attribute “(aria-[\w-]+)”", r"value:\1"),
    (r"^Attribute “(aria-[\w-]+)” (?:is )?not allowed", r"attribute:\1"),
    (r"^The “(aria-[\w-]+)” attribute (?:must not|is never)", r"attribute:\1"),
    (r"missing (?:a )?required attribute “(aria-[\w-]+)”", r"required:\1"),
    (
        r"missing one or more of the following attributes: “(aria-[^”]+)”",
        r"required:\1",
    ),
    (r"^Element “(\w+)” not allowed as child of element “(\w+)”", r"nesting:\1 in \2"),
    (
        r"“(\w+)”.* must not appear as a descendant of (?:the|an?) “([^”]+)”",
        r"nesting:\1 in \2",
    ),
)
"""Messages of the HTML checker, and the words of the faults that they are about."""


def reference(attribute: str) -> str:
    """Name the fault that an attribute refers to nothing: ``reference:for``."""
    return f"reference:{attribute}"


def nesting(inner: str, outer: str, spot: tuple[int, int] | None) -> str:
    """Name the fault that an element stands where it may not.

    Who reports it may stand on the outer element or on the inner one, so the word
    itself says where.

    Args:
        inner: name of the element that is out of place.
        outer: name of the element that may not hold it.
        spot: line and column of the inner one's start tag, where they are known.
    """
    return f"page:nesting={spot[0]}:{spot[1]}" if spot else f"page:{inner} in {outer}"


def word_of(message: str, spot: tuple[int, int] | None = None) -> str | None:
    """Name the fault of a message of the HTML checker, where some rule finds it, too.

    Args:
        message: the checker's own words.
        spot: line and column that it is about.
    """
    for pattern, word in MESSAGES:
        if found := re.search(pattern, message):
            told = found.expand(word)
            if told.startswith("nesting:"):
                inner, _, outer = told.removeprefix("nesting:").partition(" in ")
                return nesting(inner, outer, spot)
            return told
    return None


def steady(message: str) -> str:
    """Take the values that a page fills in out of a message of the HTML checker."""
    return re.sub(r"^(Bad value )“[^”]*”", r"\1", message)
