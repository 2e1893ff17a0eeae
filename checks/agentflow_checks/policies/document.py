"""A policy file as YAML nodes that know their line, read with errors that teach."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

MOST_NODES = 100_000
"""An alias may repeat a node without end; a policy has fewer nodes than this."""

DEEPEST = 40


class BadPolicy(ValueError):
    """A policy file cannot be used; the message names file, line and repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value of a policy file: its YAML node, and where it stands."""

    file: str
    trail: str
    """How a reader would name it: ``rule CLAIM-01: forbid: terms``."""
    node: yaml.Node

    @property
    def form(self) -> str:
        """``scalar``, ``sequence`` or ``mapping``."""
        return form_of(self.node)

    @property
    def where(self) -> str:
        """File and line, ``company.yaml:12``."""
        return f"{self.file}:{self.node.start_mark.line + 1}"

    def bad(self, problem: str) -> BadPolicy:
        """Make the error that says what is wrong here."""
        trail = f"{self.trail}: " if self.trail else ""
        return BadPolicy(f"{self.where}: {trail}{problem}")

    def named(self, trail: str) -> Entry:
        """Give the same value under another name."""
        return Entry(file=self.file, trail=trail, node=self.node)

    def inner(self, name: str, node: yaml.Node) -> Entry:
        """Give a value inside this one."""
        trail = f"{self.trail}: {name}" if self.trail else name
        return Entry(file=self.file, trail=trail, node=node)


def open_document(path: Path, name: str) -> Entry:
    """Read the YAML file at `path`; `name` stands for it in messages."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BadPolicy(f"{name}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadPolicy(f"{name}: is not UTF-8 text; save it as UTF-8") from error
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Entry:
    """Parse YAML text into nodes; raises `BadPolicy`, whatever the text is."""
    import yaml  # noqa: PLC0415 - only where a policy is read

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = error.problem or error.context or "this is no YAML"
        raise BadPolicy(f"{name}{line}: is no valid YAML: {problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadPolicy(f"{name}: is no valid YAML: {reason}") from error
    if node is None:
        raise BadPolicy(f"{name}: is empty; a policy begins with 'rules:'")
    _check_size(node, name)
    return Entry(file=name, trail="", node=node)


def form_of(node: yaml.Node) -> str:
    """Give the form of a node: ``scalar``, ``sequence`` or ``mapping``."""
    return str(node.id)  # type: ignore[attr-defined] # the stubs lack it


def _check_size(root: yaml.Node, name: str) -> None:
    seen, todo = 0, [(root, 0)]
    while todo:
        node, depth = todo.pop()
        seen += 1
        if seen > MOST_NODES or depth > DEEPEST:
            line = node.start_mark.line + 1
            problem = "nests too deeply, or repeats an alias without end"
            raise BadPolicy(f"{name}:{line}: {problem}; write the values out")
        todo.extend((child, depth + 1) for child in _children(node))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if form_of(node) == "sequence":
        yield from node.value
    elif form_of(node) == "mapping":
        for key, value in node.value:
            yield key
            yield value


def mapping(
    entry: Entry, known: Iterable[str] | None = None, *, needs: Iterable[str] = ()
) -> dict[str, Entry]:
    """Read a mapping with text keys.

    Args:
        entry: the value.
        known: the keys that there are; `None`: any. An unknown one is an error that
            suggests the nearest.
        needs: keys that must be there.
    """
    if entry.form != "mapping":
        takes = f" of {', '.join(known)}" if known is not None else ""
        raise entry.bad(f"expected a mapping{takes}, found {_shown(entry.node)}")
    found: dict[str, Entry] = {}
    for key_node, value in entry.node.value:
        key = _key(entry, key_node)
        if key in found:
            at = Entry(file=entry.file, trail=entry.trail, node=key_node)
            raise at.bad(f"the key {key!r} stands here twice; keep one")
        if known is not None and key not in (names := tuple(known)):
            at = Entry(file=entry.file, trail=entry.trail, node=key_node)
            raise at.bad(f"there is no key {key!r}{suggestion(key, names)}")
        found[key] = entry.inner(key, value)
    for key in needs:
        if key not in found:
            raise entry.bad(f"the key {key!r} is missing")
    return found


def _key(entry: Entry, node: yaml.Node) -> str:
    at = Entry(file=entry.file, trail=entry.trail, node=node)
    if form_of(node) != "scalar":
        raise at.bad("a key must be plain text")
    kind = node.tag.rpartition(":")[2]
    if kind == "bool":
        value = node.value.lower() in ("on", "yes", "y", "true")
        raise at.bad(
            f"the key {node.value!r} is read as {value} by YAML 1.1, never as text; "
            f'use another key, or quote it: "{node.value}"'
        )
    if kind == "merge":
        raise at.bad("merge keys (<<) are not read; write the keys out")
    if kind != "str":
        raise at.bad(f"the key {node.value!r} is read as {kind}; quote it")
    return str(node.value)


def near(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def placeholders(pattern: str) -> tuple[str, ...]:
    """Give the names in braces of a text like ``profiles/{profile}.json``."""
    return tuple(dict.fromkeys(re.findall(r"\{(\w+)\}", pattern)))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Say what was probably meant, and what there is."""
    names = list(known)
    meant = near(word, names)
    hint = f"; did you mean {meant!r}?" if meant else "."
    return f"{hint} There are: {', '.join(names)}."


def text(entry: Entry) -> str:
    """Read one non-empty text, as written: ``no`` and ``1.10`` stay what they are."""
    if entry.form != "scalar" or entry.node.tag.endswith(":null"):
        raise entry.bad(f"expected a text, found {_shown(entry.node)}")
    if not entry.node.value.strip():
        raise entry.bad("this text is empty")
    return str(entry.node.value)


def items(entry: Entry) -> list[Entry]:
    """Read a list, or one value as a list of one."""
    if entry.form != "sequence":
        return [entry]
    listed = [
        entry.inner(f"item {number + 1}", node)
        for number, node in enumerate(entry.node.value)
    ]
    if not listed:
        raise entry.bad("this list is empty; a rule over nothing never fires")
    return listed


def texts(entry: Entry) -> tuple[str, ...]:
    """Read one text or a list of texts."""
    return tuple(text(item) for item in items(entry))


def choice(entry: Entry, known: Iterable[str]) -> str:
    """Read one of the known words."""
    names, word = tuple(known), text(entry)
    if word not in names:
        raise entry.bad(f"{word!r} is unknown{suggestion(word, names)}")
    return word


def choices(entry: Entry, known: Iterable[str]) -> tuple[str, ...]:
    """Read one of the known words, or a list of them."""
    names = tuple(known)
    return tuple(choice(item, names) for item in items(entry))


def count(entry: Entry, *, least: int = 0) -> int:
    """Read a whole number that is not below `least`."""
    value = plain(entry)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise entry.bad(f"expected a whole number from {least}, found {value!r}")
    return value


def flag(entry: Entry) -> bool:
    """Read true or false."""
    value = plain(entry)
    if not isinstance(value, bool):
        raise entry.bad(f"expected true or false, found {value!r}")
    return value


def plain(entry: Entry) -> Any:
    """Read the value as Python values."""
    import yaml  # noqa: PLC0415 - only where a policy is read

    constructor = yaml.constructor.SafeConstructor()
    try:
        return constructor.construct_document(entry.node)
    except yaml.MarkedYAMLError as error:
        raise entry.bad(f"cannot be read: {error.problem}") from error
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise entry.bad(f"cannot be read: {error}") from error


def only_one(entry: Entry, given: Mapping[str, Entry], names: Iterable[str]) -> str:
    """Tell which one of `names` is given; none or two of them is an error."""
    listed = tuple(names)
    there = [name for name in listed if name in given]
    if len(there) == 1:
        return there[0]
    says = "says none of them" if not there else f"says {' and '.join(there)}"
    raise entry.bad(f"needs exactly one of {', '.join(listed)}, and {says}")


def _shown(node: yaml.Node) -> str:
    if form_of(node) == "scalar":
        return repr(node.value) if node.value else "nothing"
    return {"sequence": "a list", "mapping": "a mapping"}[form_of(node)]
