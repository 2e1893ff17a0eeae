"""A brand's design tokens: DTCG 2025.10 JSON, read strictly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agentflow_checks.brand import document
from agentflow_checks.brand.document import Node, open_tokens, shown, suggestion
from agentflow_checks.brand.references import alias_of, expand, follow_path
from agentflow_checks.brand.values import TYPES, Resolver, read_value

GROUP_KEYS = (
    "$type",
    "$description",
    "$extensions",
    "$extends",
    "$deprecated",
    "$root",
)
TOKEN_KEYS = ("$value", "$ref", "$type", "$description", "$extensions", "$deprecated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One design token."""

    name: str
    """Path with dots, ``color.primary``."""
    kind: str
    """Its type: ``color``, ``dimension``, ``fontFamily``, ..."""
    value: Any
    """`Colour`; CSS pixels; names of families; ... see `values`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A token file, read."""

    name: str
    tokens: tuple[Token, ...]
    extensions: Node | None
    """What stands in ``$extensions.agentflow``."""

    def of(self, *kinds: str) -> Iterator[Token]:
        """Give the tokens of these types."""
        return (token for token in self.tokens if token.kind in kinds)


def load_tokens(path: Path, name: str) -> Tokens:
    """Read the token file at `path`, called `name` in messages; raises `BadTokens`."""
    return _load(path.resolve(), name, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _load(path: Path, name: str, _changed: int) -> Tokens:
    # Every test of a suite judges by the same file.
    return read_tokens(open_tokens(path, name))


def read_tokens(root: Node) -> Tokens:
    """Read a parsed token file; raises `BadTokens` with the JSON path and a repair."""
    extensions = _extensions(root)
    root = expand(root)
    resolver = Resolver(root=root, type_of=lambda node: _type_of(node, root))
    return Tokens(
        name=root.file,
        tokens=tuple(_group(root, None, (), resolver)),
        extensions=extensions,
    )


def _extensions(root: Node) -> Node | None:
    if "$extensions" not in root.value:
        return None
    outer = root.key("$extensions")
    if not isinstance(outer.value, dict):
        raise outer.bad(f"expected an object, found {shown(outer.value)}")
    return outer.key("agentflow") if "agentflow" in outer.value else None


def _group(
    node: Node, inherited: str | None, names: tuple[str, ...], resolver: Resolver
) -> Iterator[Token]:
    known = (*GROUP_KEYS, "$schema") if not names else GROUP_KEYS
    kind = _own_type(node) or inherited
    for key in node.value:
        if key.startswith("$") and key not in known:
            raise node.bad(f"there is no key {key!r}{suggestion(key, known)}")
        if key.startswith("$") and key != "$root":
            continue
        if any(sign in key for sign in "{}.") or not key.strip():
            raise node.bad(f"the name {key!r} may not be empty or hold {{, }} or a dot")
        inner = node.key(key)
        if not isinstance(inner.value, dict):
            raise inner.bad(f"expected a token or a group, found {shown(inner.value)}")
        if _is_token(inner):
            yield _token(inner, kind, (*names, key), resolver)
        elif key == "$root":
            raise inner.bad("$root is a token; it needs a $value")
        else:
            yield from _group(inner, kind, (*names, key), resolver)


def _is_token(node: Node) -> bool:
    return "$value" in node.value or "$ref" in node.value


def _token(
    node: Node, inherited: str | None, names: tuple[str, ...], resolver: Resolver
) -> Token:
    given = document.keys(node, TOKEN_KEYS)
    if "$value" in given and "$ref" in given:
        raise node.bad("says both $value and $ref; keep one")
    name = ".".join(names)
    kind = _own_type(node) or _aliased_type(node, resolver) or inherited
    if kind is None:
        raise node.bad(
            f"has no type: give it, or a group around it, a $type of {', '.join(TYPES)}"
        )
    value = given.get("$value", node.holding({"$ref": node.value.get("$ref")}))
    return Token(name=name, kind=kind, value=read_value(value, kind, resolver))


def _own_type(node: Node) -> str | None:
    if "$type" not in node.value:
        return None
    written = node.key("$type")
    if not isinstance(written.value, str) or written.value not in TYPES:
        word = written.value if isinstance(written.value, str) else shown(written.value)
        raise written.bad(f"{word!r} is no type of token{suggestion(word, TYPES)}")
    return written.value


def _aliased_type(node: Node, resolver: Resolver) -> str | None:
    path = alias_of(node.value.get("$value"))
    if path is None:
        return None
    target = follow_path(node.key("$value"), resolver.root, path)
    return resolver.type_of(target)


def _type_of(node: Node, root: Node) -> str | None:
    """Find a token's type: its own, its target's, or that of the nearest group."""
    seen: set[str] = set()
    while node.path not in seen and isinstance(node.value, dict):
        seen.add(node.path)
        if own := _own_type(node):
            return own
        path = alias_of(node.value.get("$value"))
        if path is None:
            return _group_type(node, root)
        node = follow_path(node.key("$value"), root, path)
    return None


def _group_type(node: Node, root: Node) -> str | None:
    kind, at = _own_type(root), root
    while at.path != node.path:
        inner = next(
            (
                at.key(key)
                for key in at.value
                if node.path == at.key(key).path
                or node.path.startswith(
                    (f"{at.key(key).path}.", f"{at.key(key).path}[")
                )
            ),
            None,
        )
        if inner is None or not isinstance(inner.value, dict):
            break
        kind, at = _own_type(inner) or kind, inner
    return kind
