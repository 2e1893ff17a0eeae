"""References in token files: ``{group.token}``, JSON pointers, ``$extends``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from agentflow_checks.brand.document import Node, shown, suggestion

MOST_VALUES = 50_000
"""Groups that extend groups can double at every step; a guide has fewer values."""

_ALIAS = re.compile(r"\{([^{}]+)\}")


def alias_of(value: object) -> str | None:
    """Give the path in a curly-brace reference, ``color.primary``."""
    match = _ALIAS.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else None


def pointer_of(value: object) -> str | None:
    """Give the JSON pointer of a ``$ref`` object."""
    if isinstance(value, Mapping) and set(value) == {"$ref"}:
        pointer = value["$ref"]
        return pointer if isinstance(pointer, str) else ""
    return None


def expand(root: Node) -> Node:
    """Give the tree with every ``$extends`` written out (deep merge, own keys win)."""
    return root.holding(_expanded(root, root, (), [0]))


def _expanded(node: Node, root: Node, chain: tuple[str, ...], seen: list[int]) -> Any:
    seen[0] += 1
    if seen[0] > MOST_VALUES:
        raise node.bad("groups extend each other without end; write the tokens out")
    value = node.value
    if not isinstance(value, dict) or "$value" in value:
        return value
    own = {
        key: _expanded(node.key(key), root, chain, seen)
        if not key.startswith("$") or key == "$root"
        else inner
        for key, inner in value.items()
        if key != "$extends"
    }
    if "$extends" not in value:
        return own
    target = _group(node.key("$extends"), root)
    if target.path in chain:
        raise node.key("$extends").bad(
            "extends a group that extends it; break the ring"
        )
    if node.path == target.path or node.path.startswith(f"{target.path}."):
        raise node.key("$extends").bad("extends a group that it lies in")
    inherited = _expanded(target, root, (*chain, node.path, target.path), seen)
    return _merged(inherited, own)


def _group(node: Node, root: Node) -> Node:
    path = alias_of(node.value)
    if path is not None:
        target = follow_path(node, root, path)
    elif isinstance(node.value, str) and node.value.startswith("#/"):
        target = follow_pointer(node, root, node.value)
    else:
        raise node.bad(f"expected a group like {{color}}, found {shown(node.value)}")
    if not isinstance(target.value, dict) or "$value" in target.value:
        raise node.bad(f"{shown(node.value)} is no group")
    return target


def _is_group(value: Any) -> bool:
    return isinstance(value, dict) and "$value" not in value


def _merged(below: Any, above: Any) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        if _is_group(known) and _is_group(value):
            merged[key] = _merged(known, value)
        else:
            merged[key] = value
    return merged


def follow_path(node: Node, root: Node, path: str) -> Node:
    """Find what ``{a.b}`` names; an unknown part is an error with a suggestion."""
    found = root
    for name in path.split("."):
        if not isinstance(found.value, dict) or name not in found.value:
            raise node.bad(f"{{{path}}} leads nowhere{_meant(name, found)}")
        found = found.key(name)
    return found


def follow_pointer(node: Node, root: Node, pointer: str) -> Node:
    """Find what a JSON pointer (RFC 6901) within this file names."""
    if not pointer.startswith("#/"):
        problem = "expected a pointer within this file, such as #/color/primary"
        raise node.bad(f"{problem}, found {pointer!r}")
    found = root
    for part in pointer[2:].split("/"):
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        value = found.value
        if isinstance(value, list) and name.isascii() and name.isdigit():
            if int(name[:6]) < len(value):
                found = found.item(int(name[:6]))
                continue
        elif isinstance(value, dict) and name in value:
            found = found.key(name)
            continue
        raise node.bad(f"{pointer} leads nowhere{_meant(name, found)}")
    return found


def _meant(name: str, at: Node) -> str:
    if isinstance(at.value, dict):
        return suggestion(name, [key for key in at.value if key != "$extensions"])
    return f": {at.path} holds no {name!r}"
