"""The browser's DOM snapshot as elements: computed styles, boxes, backgrounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.web.page import Element

PROPERTIES = (
    "color",
    "background-color",
    "background-image",
    "font-family",
    "font-size",
    "font-weight",
    "font-style",
    "line-height",
    "letter-spacing",
    "text-align",
    "text-decoration-line",
    "text-transform",
    "text-overflow",
    "white-space",
    "display",
    "visibility",
    "opacity",
    "position",
    "z-index",
    "overflow-x",
    "overflow-y",
    "clip-path",
    "box-shadow",
    "fill",
    "stroke",
    "outline-color",
    "outline-style",
    "outline-width",
    *(f"border-{side}-color" for side in ("top", "right", "bottom", "left")),
    *(f"border-{side}-style" for side in ("top", "right", "bottom", "left")),
    *(f"border-{side}-width" for side in ("top", "right", "bottom", "left")),
    "border-top-left-radius",
    "border-top-right-radius",
    "border-bottom-right-radius",
    "border-bottom-left-radius",
    *(f"padding-{side}" for side in ("top", "right", "bottom", "left")),
    *(f"margin-{side}" for side in ("top", "right", "bottom", "left")),
    "row-gap",
    "column-gap",
)
"""Properties whose computed values every `Element` carries."""

REQUEST = {
    "computedStyles": list(PROPERTIES),
    "includePaintOrder": True,
    "includeBlendedBackgroundColors": True,
    "includeTextColorOpacities": True,
}

ELEMENT, TEXT = 1, 3


def elements(snapshot: Mapping[str, Any]) -> tuple[Element, ...]:
    """Give the laid-out elements of the main document, in document order.

    Args:
        snapshot: the answer of ``DOMSnapshot.captureSnapshot`` to `REQUEST`.
    """
    return tuple(_Document(snapshot["strings"], snapshot["documents"][0]).elements())


def hidden_roots(snapshot: Mapping[str, Any]) -> int:
    """Count the elements inside closed shadow roots, which scripts cannot reach."""
    strings, nodes = snapshot["strings"], snapshot["documents"][0]["nodes"]
    rare = nodes.get("shadowRootType", {"index": [], "value": []})
    closed = {
        index
        for index, value in zip(rare["index"], rare["value"], strict=True)
        if strings[value] == "closed"
    }
    inside = set(closed)
    count = 0
    # Parents come before their children.
    for index, parent in enumerate(nodes["parentIndex"]):
        if parent in inside:
            inside.add(index)
            count += nodes["nodeType"][index] == ELEMENT
    return count


class _Document:
    """One document of a snapshot, its parallel arrays made readable."""

    def __init__(self, strings: Sequence[str], document: Mapping[str, Any]) -> None:
        self.strings = strings
        self.nodes = document["nodes"]
        self.layout = document["layout"]
        self.parents: list[int] = self.nodes["parentIndex"]
        self.types: list[int] = self.nodes["nodeType"]
        self.names = [strings[i] for i in self.nodes["nodeName"]]
        self.pseudo = _rare(self.nodes.get("pseudoType"), strings)
        self.clickable = frozenset(self.nodes.get("isClickable", {}).get("index", ()))
        self.texts = self._texts()
        self.ids = Counter(
            filter(None, (self.attribute(i, "id") for i in self._elements()))
        )
        self.steps = dict(self._steps())
        self.selectors: dict[int, str] = {}
        # Parents come before their children, so no page is too deep.
        for node in self._elements():
            self.selectors[node] = self._selector(node)

    def _elements(self) -> Iterator[int]:
        return (i for i, kind in enumerate(self.types) if kind == ELEMENT)

    def attributes(self, node: int) -> dict[str, str]:
        """Give an element's attributes."""
        words = [self.strings[i] for i in self.nodes["attributes"][node]]
        return dict(zip(words[::2], words[1::2], strict=True))

    def attribute(self, node: int, name: str) -> str:
        """Give one attribute, empty where it is missing."""
        return self.attributes(node).get(name, "")

    def elements(self) -> Iterator[Element]:
        """Give each laid-out element once, with its nearest laid-out ancestor."""
        styles: dict[tuple[int, ...], dict[str, str]] = {}
        known: dict[int, int] = {}
        for row, node in enumerate(self.layout["nodeIndex"]):
            if self.types[node] != ELEMENT or node in known:
                continue
            parent = self.parents[node]
            while parent >= 0 and parent not in known:
                parent = self.parents[parent]
            key = tuple(self.layout["styles"][row])
            if key not in styles:
                values = (self.strings[i] for i in key)
                styles[key] = dict(zip(PROPERTIES, values, strict=True))
            place = known.get(parent)
            known[node] = len(known)
            yield self._element(node, row, styles[key], place)

    def _element(
        self, node: int, row: int, styles: dict[str, str], parent: int | None
    ) -> Element:
        text, background, opacity = self.texts.get(node, ("", None, None))
        generated = self.pseudo.get(node)
        return Element(
            selector=self.selectors[node],
            tag=f"::{generated}" if generated else self.names[node].lower(),
            attributes=self.attributes(node),
            text=text,
            box=af.Box(*self.layout["bounds"][row]),
            styles=styles,
            background=background,
            text_opacity=opacity,
            paint_order=self.layout["paintOrders"][row],
            parent=parent,
            clickable=node in self.clickable,
        )

    def _texts(self) -> dict[int, tuple[str, str | None, float | None]]:
        """Map an element to its own text and what the browser knows behind it."""
        found: dict[int, tuple[str, str | None, float | None]] = {}
        for row, node in enumerate(self.layout["nodeIndex"]):
            words = " ".join(self._string(self.layout["text"][row]).split())
            if self.types[node] != TEXT or not words:
                continue
            parent = self.parents[node]
            before, background, opacity = found.get(parent, ("", None, None))
            behind = self._string(self.layout["blendedBackgroundColors"][row])
            found[parent] = (
                f"{before} {words}".strip(),
                background or behind or None,
                self.layout["textColorOpacities"][row] if opacity is None else opacity,
            )
        return found

    def _string(self, index: int) -> str:
        return self.strings[index] if index >= 0 else ""

    def _selector(self, node: int) -> str:
        """Make a selector that finds this element and no other."""
        parent = self.parents[node]
        above = self.selectors.get(parent)
        if generated := self.pseudo.get(node):
            return f"{above}::{generated}"
        own = self.attribute(node, "id")
        if own and self.ids[own] == 1:
            return f"#{escape(own)}"
        step = self.steps[node]
        return step if above is None else f"{above} > {step}"

    def _steps(self) -> Iterator[tuple[int, str]]:
        """Name each element among its siblings: ``p``, or ``p:nth-of-type(2)``."""
        families: dict[tuple[int, str], list[int]] = {}
        for node in self._elements():
            if node not in self.pseudo:
                key = (self.parents[node], self.names[node])
                families.setdefault(key, []).append(node)
        for (_, name), members in families.items():
            # HTML's names are in capitals here; SVG's keep their case, and need it.
            tag = escape(name.lower() if name.isupper() else name)
            for place, node in enumerate(members, start=1):
                yield node, f"{tag}:nth-of-type({place})" if len(members) > 1 else tag


def _rare(data: Mapping[str, Any] | None, strings: Sequence[str]) -> dict[int, str]:
    if data is None:
        return {}
    pairs = zip(data["index"], data["value"], strict=True)
    return {index: strings[value] for index, value in pairs}


def escape(identifier: str) -> str:
    """Escape a CSS identifier as ``CSS.escape`` does (CSSOM 2.1)."""
    out = []
    for index, char in enumerate(identifier):
        leads = index == 0 or (index == 1 and identifier[0] == "-")
        if char == "\0":
            out.append("\ufffd")
        elif char < " " or char == "\x7f" or (char in "0123456789" and leads):
            out.append(f"\\{ord(char):x} ")
        elif char == "-" and len(identifier) == 1:
            out.append("\\-")
        elif char >= "\x80" or char in "-_" or char.isalnum():
            out.append(char)
        else:
            out.append(f"\\{char}")
    return "".join(out)
