"""Values of design tokens, type by type, as DTCG 2025.10 defines them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentflow_checks.brand import colours, document
from agentflow_checks.brand.colours import Colour
from agentflow_checks.brand.document import Node, shown
from agentflow_checks.brand.references import (
    alias_of,
    follow_path,
    follow_pointer,
    pointer_of,
)

REM = 16.0
"""CSS pixels of 1 rem where a page does not change it."""

WEIGHTS = {
    "thin": 100,
    "hairline": 100,
    "extra-light": 200,
    "ultra-light": 200,
    "light": 300,
    "normal": 400,
    "regular": 400,
    "book": 400,
    "medium": 500,
    "semi-bold": 600,
    "demi-bold": 600,
    "bold": 700,
    "extra-bold": 800,
    "ultra-bold": 800,
    "black": 900,
    "heavy": 900,
    "extra-black": 950,
    "ultra-black": 950,
}

STROKES = ("solid", "dashed", "dotted", "double", "groove", "ridge", "outset", "inset")

HEX_AGREES = 5.0
"""CIEDE2000 up to which ``hex`` is taken for a rounding of ``components``."""

NARROW = ("srgb", "srgb-linear", "hsl", "hwb")
"""Spaces in which ``hex`` is no fallback, but the same colour."""

_HUE = (0.0, 360.0)
_RANGES: dict[str, tuple[tuple[float, float] | None, ...]] = {
    "hsl": (_HUE, (0, 100), (0, 100)),
    "hwb": (_HUE, (0, 100), (0, 100)),
    "lab": ((0, 100), None, None),
    "lch": ((0, 100), (0, 1e6), _HUE),
    "oklab": ((0, 1), None, None),
    "oklch": ((0, 1), (0, 1e6), _HUE),
}


@dataclass(slots=True)
class Resolver:
    """Follows references in one file, and notices rings."""

    root: Node
    type_of: Callable[[Node], str | None]
    """Gives the type of the token at a node."""
    open: list[str] = field(default_factory=list)

    def resolve(self, node: Node, wanted: str | None = None) -> Node:
        """Follow references until a value; `wanted` is the type it must have."""
        seen: list[str] = []
        while True:
            if node.path in seen:
                raise node.bad(f"these refer to each other: {' -> '.join(seen)}")
            seen.append(node.path)
            path, pointer = alias_of(node.value), pointer_of(node.value)
            if path is not None:
                node = self._token(node, path, wanted)
            elif pointer is not None:
                node = follow_pointer(node, self.root, pointer)
                if isinstance(node.value, dict) and "$value" in node.value:
                    node = node.key("$value")
            else:
                return node

    def _token(self, node: Node, path: str, wanted: str | None) -> Node:
        found = follow_path(node, self.root, path)
        value = found.value
        if isinstance(value, dict) and "$root" in value and "$value" not in value:
            raise node.bad(f"{{{path}}} is a group; write {{{path}.$root}}")
        if not isinstance(value, dict) or not {"$value", "$ref"} & set(value):
            raise node.bad(f"{{{path}}} is a group, not a token")
        kind = self.type_of(found)
        if wanted is not None and kind not in (wanted, None):
            raise node.bad(f"{{{path}}} is a {kind}, and a {wanted} is due here")
        if "$value" in value:
            return found.key("$value")
        return found.holding({"$ref": value["$ref"]})


def read_value(node: Node, kind: str, resolver: Resolver) -> Any:
    """Read the value of a token of type `kind`; an ill-formed one is an error."""
    node = resolver.resolve(node, kind)
    return _READERS[kind](node, resolver)


def _colour(node: Node, resolver: Resolver) -> Colour:
    if isinstance(node.value, str):
        known = colours.parse(node.value)
        example = (
            f'; write {{"colorSpace": "srgb", "components": [{known.red:.3f}, '
            f'{known.green:.3f}, {known.blue:.3f}], "hex": "{known.hex}"}}'
            if known
            else ""
        )
        raise node.bad(
            f"{shown(node.value)} is the form of an older draft; DTCG 2025.10 has an "
            f"object{example}"
        )
    given = document.keys(
        node,
        ("colorSpace", "components", "alpha", "hex"),
        needs=("colorSpace", "components"),
    )
    space = document.text(resolver.resolve(given["colorSpace"]))
    if space not in colours.SPACES:
        hint = document.suggestion(space, colours.SPACES)
        raise given["colorSpace"].bad(f"{space!r} is no colour space{hint}")
    components = _components(given["components"], space, resolver)
    alpha = 1.0
    if "alpha" in given:
        alpha = document.number(resolver.resolve(given["alpha"]), least=0, most=1)
    try:
        exact = colours.from_components(space, components, alpha)
    except ValueError as error:
        raise given["components"].bad(str(error)) from error
    if "hex" not in given:
        return exact
    return _of_hex(resolver.resolve(given["hex"]), space, exact)


def _components(node: Node, space: str, resolver: Resolver) -> tuple[float, ...]:
    ranges = _RANGES.get(space, ((0.0, 1.0),) * 3)
    if space.startswith("xyz"):
        ranges = (None, None, None)
    found = []
    for item, bounds in zip(
        document.items(resolver.resolve(node), length=3), ranges, strict=True
    ):
        value = resolver.resolve(item)
        if value.value == "none":
            found.append(0.0)
            continue
        low, high = bounds or (None, None)
        found.append(document.number(value, least=low, most=high))
    return tuple(found)


def _of_hex(node: Node, space: str, exact: Colour) -> Colour:
    written = document.text(node)
    colour = colours.parse(written) if len(written) == len("#rrggbb") else None
    if colour is None or not written.startswith("#"):
        raise node.bad(f"expected a colour like #1d6a72, found {written!r}")
    # Components are often rounded to three places; hex says what is meant.
    meant = Colour(colour.red, colour.green, colour.blue, exact.alpha)
    if space in NARROW and colours.distance(meant, exact) > HEX_AGREES:
        raise node.bad(
            f"{written} and the components are different colours ({exact.hex}); "
            "correct one of them"
        )
    return meant


def _dimension(node: Node, resolver: Resolver) -> float:
    """Read a length; gives CSS pixels."""
    if not isinstance(node.value, Mapping):
        example = '{"value": 16, "unit": "px"}'
        raise node.bad(
            f"expected a dimension like {example}, found {shown(node.value)}"
        )
    given = document.keys(node, ("value", "unit"), needs=("value", "unit"))
    size = document.number(resolver.resolve(given["value"]))
    unit = document.text(resolver.resolve(given["unit"]))
    if unit not in ("px", "rem"):
        raise given["unit"].bad(f"expected px or rem, found {unit!r}")
    return size * REM if unit == "rem" else size


def _family(node: Node, resolver: Resolver) -> tuple[str, ...]:
    if isinstance(node.value, str):
        return (document.text(node),)
    listed = document.items(node)
    if not listed:
        raise node.bad("this list of font families is empty")
    return tuple(document.text(resolver.resolve(item)) for item in listed)


def _weight(node: Node, _: Resolver) -> float:
    if isinstance(node.value, str):
        if node.value not in WEIGHTS:
            hint = document.suggestion(node.value, WEIGHTS)
            raise node.bad(f"{node.value!r} is no font weight{hint}")
        return WEIGHTS[node.value]
    return document.number(node, least=1, most=1000)


def _number(node: Node, _: Resolver) -> float:
    return document.number(node)


def _duration(node: Node, resolver: Resolver) -> float:
    """Read a duration; gives milliseconds."""
    given = document.keys(node, ("value", "unit"), needs=("value", "unit"))
    value = document.number(resolver.resolve(given["value"]))
    unit = document.text(resolver.resolve(given["unit"]))
    if unit not in ("ms", "s"):
        raise given["unit"].bad(f"expected ms or s, found {unit!r}")
    return value * 1000 if unit == "s" else value


def _bezier(node: Node, resolver: Resolver) -> tuple[float, ...]:
    points = document.items(node, length=4)
    return tuple(
        document.number(
            resolver.resolve(point),
            least=0 if place % 2 == 0 else None,
            most=1 if place % 2 == 0 else None,
        )
        for place, point in enumerate(points)
    )


def _stroke(node: Node, resolver: Resolver) -> Any:
    if isinstance(node.value, str):
        if node.value not in STROKES:
            hint = document.suggestion(node.value, STROKES)
            raise node.bad(f"{node.value!r} is no stroke style{hint}")
        return node.value
    given = document.keys(
        node, ("dashArray", "lineCap"), needs=("dashArray", "lineCap")
    )
    dashes = document.items(resolver.resolve(given["dashArray"]))
    cap = document.text(resolver.resolve(given["lineCap"]))
    if cap not in ("round", "butt", "square"):
        raise given["lineCap"].bad(f"expected round, butt or square, found {cap!r}")
    return tuple(read_value(dash, "dimension", resolver) for dash in dashes), cap


def _composite(parts: Mapping[str, str], optional: tuple[str, ...] = ()) -> Any:
    def read(node: Node, resolver: Resolver) -> dict[str, Any]:
        needs = [name for name in parts if name not in optional]
        given = document.keys(node, parts, needs=needs)
        return {
            name: read_value(inner, parts[name], resolver)
            for name, inner in given.items()
            if parts[name] != "boolean"
        }

    return read


_SHADOW = _composite(
    {
        "color": "color",
        "offsetX": "dimension",
        "offsetY": "dimension",
        "blur": "dimension",
        "spread": "dimension",
        "inset": "boolean",
    },
    ("inset",),
)
_STOP = _composite({"color": "color", "position": "number"})


def _shadows(node: Node, resolver: Resolver) -> list[Any]:
    if isinstance(node.value, list):
        parts = [resolver.resolve(item) for item in document.items(node)]
        return [layer for part in parts for layer in _shadows(part, resolver)]
    return [_SHADOW(node, resolver)]


def _gradient(node: Node, resolver: Resolver) -> list[Any]:
    return [_STOP(resolver.resolve(item), resolver) for item in document.items(node)]


_READERS: dict[str, Callable[[Node, Resolver], Any]] = {
    "color": _colour,
    "dimension": _dimension,
    "fontFamily": _family,
    "fontWeight": _weight,
    "duration": _duration,
    "cubicBezier": _bezier,
    "number": _number,
    "strokeStyle": _stroke,
    "border": _composite(
        {"color": "color", "width": "dimension", "style": "strokeStyle"}
    ),
    "transition": _composite(
        {"duration": "duration", "delay": "duration", "timingFunction": "cubicBezier"}
    ),
    "shadow": _shadows,
    "gradient": _gradient,
    "typography": _composite(
        {
            "fontFamily": "fontFamily",
            "fontSize": "dimension",
            "fontWeight": "fontWeight",
            "letterSpacing": "dimension",
            "lineHeight": "number",
        },
        ("fontWeight", "letterSpacing", "lineHeight"),
    ),
}

TYPES = tuple(_READERS)
"""Types of tokens."""


def colours_in(kind: str, value: Any) -> Iterator[Colour]:
    """Give the colours that a token's value holds."""
    if kind == "color":
        yield value
    elif kind == "border":
        yield value["color"]
    elif kind in ("shadow", "gradient"):
        yield from (part["color"] for part in value)
