"""Which tools do what a verb says: the user's registry over a map of common verbs."""

from __future__ import annotations

import difflib
import fnmatch
import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_agentflow as af

#: What a user gives: a mapping from verb to tools, or the file that holds one.
Actions = str | Path | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolPattern:
    """Tools that do something: a name, its first words or a glob; an argument it needs.

    ``send`` is ``send``, ``send_email``, ``sendEmail`` and ``mail.send``.
    """

    written: str
    name: str
    argument: str = ""

    def matches(self, tool: str, arguments: object) -> bool:
        """Tell whether a call of a tool with these arguments is meant."""
        if self.argument and not _has(arguments, self.argument):
            return False
        names = _names(tool)
        if "*" in self.name:
            return any(fnmatch.fnmatchcase(name, self.name) for name in names)
        return any(n == self.name or n.startswith(f"{self.name}_") for n in names)


Registry = Mapping[str, tuple[ToolPattern, ...]]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|\*")
_SPACE = re.compile(r"__|[.:/]")
_PATTERN = re.compile(r"([^()\s]{1,200})(?:\(([^()\s]{1,200})\))?")


def registry(actions: Actions, run: af.Run | None = None) -> Registry:
    """Give the verbs and the tools that do them: the user's, then the common ones.

    Args:
        actions: verb to tools (one, a list, or ``[]``: needs none), or the YAML or JSON
            file that holds such a mapping. ``{}``: the common verbs only.
        run: beside whose recordings a file may stand.

    Raises:
        af.CheckError: the file is not there, cannot be read, or is no such mapping.
    """
    given = read_actions(actions, run) if isinstance(actions, (str, Path)) else actions
    try:
        own = dict(_entries(given))
    except ValueError as error:
        raise af.CheckError(f"actions {actions}: {error}") from error
    return {**_common(), **own}


def hold_readable(actions: Any) -> None:
    """Raise where the argument ``actions`` is no mapping from verbs to tools.

    Raises:
        ValueError: what is wrong and how it is written.
    """
    if isinstance(actions, Mapping):
        dict(_entries(actions))
    elif actions is not None and (
        not isinstance(actions, (str, Path)) or not str(actions)
    ):
        message = f"actions is a file or a mapping, {_FORM}, not {actions!r}"
        raise ValueError(message)


def find_actions(file: str | Path, run: af.Run | None = None) -> Path | None:
    """Find a file of actions: as given, or beside the run's recordings."""
    folders = [Path()]
    if run is not None and run.folder is not None:
        folders += [run.folder, run.folder.parent]
    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    return None


def read_actions(file: str | Path, run: af.Run | None = None) -> Mapping[str, Any]:
    """Read a file of actions, YAML or JSON; raises `af.CheckError`."""
    found = find_actions(file, run)
    if found is None:
        message = (
            f"actions file {str(file)!r} was not found from {Path.cwd()}, nor "
            "beside the recordings. Give the path from the folder in which pytest runs."
        )
        raise af.CheckError(message)
    try:
        value = _parsed(found.read_text("utf-8"), found.suffix)
    except (OSError, ValueError) as error:
        message = f"actions file {file} cannot be read: {error}"
        raise af.CheckError(message) from error
    if not isinstance(value, Mapping):
        message = f"actions file {file} holds no mapping; write {_FORM}"
        raise af.CheckError(message)
    return value


_FORM = '{"book": ["book_*", "reserve_hotel"], "summarize": []}'


def _parsed(text: str, suffix: str) -> Any:
    if suffix.lower() == ".json":
        return json.loads(text)
    import yaml  # noqa: PLC0415 - only where such a file is read

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


@functools.cache
def _common() -> Registry:
    folder = Path(__file__).with_name("rules")
    text = (folder / "actions.yaml").read_text("utf-8")
    return dict(_entries(_parsed(text, ".yaml")))


def _entries(
    given: Mapping[str, Any],
) -> Iterator[tuple[str, tuple[ToolPattern, ...]]]:
    for verb, tools in given.items():
        if not isinstance(verb, str) or not re.fullmatch(r"[^\W\d_]+( \w+)?", verb):
            message = f"{verb!r} is no verb; write its infinitive: {_FORM}"
            raise ValueError(message)
        listed = [tools] if isinstance(tools, str) else tools
        if not isinstance(listed, Sequence):
            message = f"{verb}: {tools!r} names no tools; write {_FORM}"
            raise ValueError(message)  # noqa: TRY004 - one error for all of the form
        yield verb.lower(), tuple(_pattern(verb, tool) for tool in listed)


def _pattern(verb: str, written: Any) -> ToolPattern:
    match = _PATTERN.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        message = (
            f"{verb}: {written!r} is no tool; write its name, its first words, or "
            "tool(argument) for one that needs an argument"
        )
        raise ValueError(message)
    return ToolPattern(written, _folded(match[1]), match[2] or "")


def nearest_verb(verbs: Sequence[str], known: Registry) -> str | None:
    """Give the verb of the registry that is spelt most like one of these."""
    for verb in verbs:
        if near := difflib.get_close_matches(verb, known, n=1, cutoff=0.85):
            return near[0]
    return None


def _has(arguments: object, name: str) -> bool:
    return isinstance(arguments, Mapping) and bool(arguments.get(name))


@functools.lru_cache(maxsize=4096)
def _names(tool: str) -> tuple[str, ...]:
    """Give a tool's name in one notation, with its namespaces and without them."""
    parts = [folded for part in _SPACE.split(tool) if (folded := _folded(part))]
    return tuple("_".join(parts[at:]) for at in range(len(parts)))


def _folded(name: str) -> str:
    """Write ``sendEmail``, ``send-email`` and ``Send_Email`` alike; ``*`` stays."""
    words = "_".join(_WORDS.findall(name)).lower()
    return words.replace("_*", "*").replace("*_", "*") if "*" in words else words
