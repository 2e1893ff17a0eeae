"""Whether a page's source holds anything that people meet: text, pictures, controls."""

from __future__ import annotations

import html
import unicodedata

from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_blank import UNSEEN
from agentflow_checks.markup.page_errors_source import UNBUILT
from agentflow_checks.web.content import SHOWN

OBJECTS = SHOWN | {"textarea"}


def written(source: str) -> bool:
    """Tell whether there is content in the source itself, whatever is made of it.

    What stands in ``<template>`` and ``<noscript>`` is no part of the document.
    """
    inside = 0
    for piece in sources.pieces(source):
        if piece.name in UNBUILT and piece.kind in ("tag", "end"):
            inside = max(0, inside + (1 if piece.kind == "tag" else -1))
        if inside:
            continue
        if piece.kind == "tag" and piece.name in OBJECTS:
            return True
        if piece.kind == "text" and _seen(source[piece.start : piece.end]):
            return True
    return False


def _seen(text: str) -> bool:
    """Whether a text holds a sign that leaves ink."""
    plain = html.unescape(text)
    return any(unicodedata.category(sign) not in UNSEEN for sign in plain)
