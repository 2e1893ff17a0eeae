"""The browser's DOM snapshot as elements: computed styles, boxes, backgrounds."""

from __future__ import annotations

import dataclasses
import re
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
    document = _Document(snapshot["strings"], snapshot["documents"][0])
    return honest_backgrounds(list(document.elements()))


PICTURES = frozenset({"img", "video", "canvas", "picture", "object", "embed", "iframe"})
OPAQUE = re.compile(r"rgb\(")


def honest_backgrounds(found: list[Element]) -> tuple[Element, ...]:
    """Forget blended backgrounds under which a picture or a gradient lies.

    The browser blends the first colour of a gradient as if it were all of it. What is
    painted before an opaque ancestor does not count: it is covered.
    """
    pictures = [i for i, element in enumerate(found) if _is_picture(element)]
    if not pictures:
        return tuple(found)
    return tuple(
        dataclasses.replace(element, background=None)
        if element.background and _stands_on(found, index, pictures)
        else element
        for index, element in enumerate(found)
    )


def _is_picture(element: Element) -> bool:
    painted = element.styles["background-image"] != "none"
    return painted or element.tag in PICTURES


def _stands_on(found: Sequence[Element], index: int, pictures: Sequence[int]) -> bool:
    """Whether one of the pictures lies under an element's text."""
    element, covered = found[index], (-1, -1)
    ancestor: int | None = index
    while ancestor is not None:
        above = found[ancestor]
        if _is_picture(above):
            return True
        if OPAQUE.match(above.styles["background-color"]):
            covered = (above.paint_order, ancestor)
            break
        ancestor = above.parent
    own = (element.paint_order, index)
    return any(
        covered < (found[i].paint_order, i) < own
        and _overlap(found[i].box, element.box)
        for i in pictures
    )


def _overlap(one: af.Box, other: af.Box) -> bool:
    beside = one.x >= other.x + other.width or other.x >= one.x + one.width
    apart = one.y >= other.y + other.height or other.y >= one.y + one.height
    return not beside and not apart


def hidden_roots(snapshot: Mapping[str, Any]) -> int:
    """Count the elements inside closed shadow roots, which scripts cannot reach."""
    nodes = snapshot["documents"][0]["nodes"]
    kinds = _rare(nodes.get("shadowRootType"), snapshot["strings"])
    closed = [node for node, kind in kinds.items() if kind == "closed"]
    return sum(nodes["nodeType"][node] == ELEMENT for node in closed)


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
        behind = self._string(self.layout["blendedBackgroundColors"][row])
        generated = self.pseudo.get(node)
        return Element(
            selector=self.selectors[node],
            tag=f"::{generated}" if generated else self.names[node].lower(),
            attributes=self.attributes(node),
            text=self.texts.get(node, ""),
            box=af.Box(*self.layout["bounds"][row]),
            styles=styles,
            background=behind or None,
            text_opacity=self.layout["textColorOpacities"][row],
            paint_order=self.layout["paintOrders"][row],
            parent=parent,
            clickable=node in self.clickable,
        )

    def _texts(self) -> dict[int, str]:
        """Map an element to the text directly inside it."""
        found: dict[int, str] = {}
        for row, node in enumerate(self.layout["nodeIndex"]):
            words = " ".join(self._string(self.layout["text"][row]).split())
            if self.types[node] == TEXT and words:
                parent = self.parents[node]
                found[parent] = f"{found.get(parent, '')} {words}".strip()
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
