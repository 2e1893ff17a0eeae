"""A token file as JSON values that know their JSON path, with errors that teach."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

DEEPEST = 60


class BadTokens(ValueError):
    """A token file cannot be used; the message names file, JSON path and repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value of a token file, and where it stands."""

    file: str
    path: str
    """JSON path, ``$.color.primary.$value``."""
    value: Any

    def bad(self, problem: str) -> BadTokens:
        """Make the error that says what is wrong here."""
        return BadTokens(f"{self.file}: {self.path}: {problem}")

    def key(self, name: str) -> Node:
        """Give the value under a key that is there."""
        path = f"{self.path}.{name}" if _is_plain(name) else f"{self.path}[{name!r}]"
        return Node(file=self.file, path=path, value=self.value[name])

    def item(self, number: int) -> Node:
        """Give one item of a list."""
        path = f"{self.path}[{number}]"
        return Node(file=self.file, path=path, value=self.value[number])

    def holding(self, value: Any) -> Node:
        """Give another value at the same place: what a reference stands for."""
        return Node(file=self.file, path=self.path, value=value)


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[\w$-]+", name) is not None


def open_tokens(path: Path, name: str) -> Node:
    """Read the JSON file at `path`; `name` stands for it in messages."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadTokens(f"{name}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadTokens(f"{name}: is not UTF-8 text; save it as UTF-8") from error
    return parse_json(text, name)


def parse_json(text: str, name: str) -> Node:
    """Parse JSON text into a root; raises `BadTokens`, whatever the text is."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno}:{error.colno}"
        raise BadTokens(f"{where}: is no valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise BadTokens(f"{name}: nests too deeply; flatten the groups") from error
    except ValueError as error:
        raise BadTokens(f"{name}: is no valid JSON: {error}") from error
    root = Node(file=name, path="$", value=value)
    if not isinstance(value, dict):
        raise root.bad('expected an object of groups, such as {"color": {...}}')
    _check_depth(root)
    return root


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice in one object; keep one")
        found[key] = value
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _check_depth(root: Node) -> None:
    todo = [(root.value, 0)]
    while todo:
        value, depth = todo.pop()
        if depth > DEEPEST:
            raise root.bad(f"groups nest more than {DEEPEST} deep; flatten them")
        if isinstance(value, dict):
            todo.extend((inner, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            todo.extend((inner, depth + 1) for inner in value)


def keys(
    node: Node, known: Iterable[str], *, needs: Iterable[str] = ()
) -> dict[str, Node]:
    """Read an object with known keys; an unknown one is an error with a suggestion."""
    if not isinstance(node.value, Mapping):
        listed = ", ".join(known)
        raise node.bad(f"expected an object of {listed}, found {shown(node.value)}")
    names = tuple(known)
    for key in node.value:
        if key not in names:
            raise node.bad(f"there is no key {key!r}{suggestion(key, names)}")
    for key in needs:
        if key not in node.value:
            raise node.bad(f"the key {key!r} is missing")
    return {key: node.key(key) for key in node.value}


def suggestion(word: str, known: Iterable[str]) -> str:
    """Say what was probably meant, and what there is."""
    names = list(known)
    meant = difflib.get_close_matches(word, names, n=1)
    hint = f"; did you mean {meant[0]!r}?" if meant else "."
    return f"{hint} There are: {', '.join(names)}."


def number(
    node: Node, *, least: float | None = None, most: float | None = None
) -> float:
    """Read a number within bounds."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise node.bad(f"expected a number, found {shown(value)}")
    try:
        found = float(value)
    except OverflowError as error:
        raise node.bad(f"{shown(value)} is too large") from error
    low = least is not None and found < least
    if low or (most is not None and found > most):
        bounds = f"from {least if least is not None else '-'} to {most or '-'}"
        raise node.bad(f"expected a number {bounds}, found {shown(value)}")
    return found


def text(node: Node) -> str:
    """Read a text that is not empty."""
    if not isinstance(node.value, str) or not node.value.strip():
        raise node.bad(f"expected a text, found {shown(node.value)}")
    return node.value


def items(node: Node, *, length: int | None = None) -> list[Node]:
    """Read a list, of one length where that is given."""
    count = "" if length is None else f" of {length}"
    right = isinstance(node.value, list) and length in (None, len(node.value))
    if not right:
        raise node.bad(f"expected a list{count}, found {shown(node.value)}")
    return [node.item(i) for i in range(len(node.value))]


def shown(value: object) -> str:
    """Show a value in a message, shortened."""
    shown_ = repr(value)
    return shown_ if len(shown_) <= 60 else f"{shown_[:57]}..."
