"""Who is looked for: values and profiles of a command, and what a project declares."""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_agentflow.cli.outcome import CallWrong
from pytest_agentflow.recording.personal import (
    PersonalDataError,
    identifying,
    parse_personal,
    values_in,
)
from pytest_agentflow.recording.substitution import is_findable
from pytest_agentflow.recording.volatile import JsonPath

SETTING = "agentflow_personal"

Found = list[tuple[str, str, str]]

_INI = {"pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}


def of_profiles(files: Iterable[Path], also: Iterable[str]) -> tuple[Found, list[str]]:
    """Read profiles: what is looked for, and the places that are not.

    Args:
        files: JSON, one person or a list of them each.
        also: names of members that are looked for, too.

    Raises `CallWrong` for a file that is no JSON or tells nobody apart.
    """
    wanted: Found = []
    passed: list[str] = []
    for file in files:
        values = values_in(_json(file))
        chosen = identifying(values, also)
        if not chosen:
            raise CallWrong(
                f"{file} holds no name, mail address or telephone number; name the "
                "members to look for with --member"
            )
        passed += [where for where, _, _ in values if where not in _places(chosen)]
        wanted += chosen
    return wanted, passed


def _places(values: Found) -> set[str]:
    return {where for where, _, _ in values}


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise CallWrong(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CallWrong(f"{file} is no JSON: {error}") from None


def of_values(values: Iterable[str]) -> Found:
    """Read values of the command line; each word of a name is looked for, too.

    Raises `CallWrong` for one that is too short to be told from other texts.
    """
    found = []
    for number, text in enumerate(map(str.strip, values), 1):
        if not is_findable(text):
            raise CallWrong(
                f"{text!r} is too short, or too common, to be looked for everywhere; "
                "give the whole name, or a profile with --profile"
            )
        found.append((f"value {number}", "name", text))
    return found


def declared_in(folder: Path, written: Iterable[str]) -> tuple[JsonPath, ...]:
    """Give the paths that are declared personal, here or in the configuration.

    Args:
        folder: where the configuration of pytest is looked for, and above it.
        written: paths of the command line; with none, the configuration's.

    Raises `CallWrong` for a path that is none.
    """
    lines = list(written) or configured(folder, SETTING)[1]
    try:
        return parse_personal(lines)
    except PersonalDataError as error:
        raise CallWrong(str(error)) from None


def configured(folder: Path, setting: str) -> tuple[Path, list[str]]:
    """Give the lines of a setting of pytest, and the folder of the file they are in.

    Args:
        folder: where the configuration is looked for, and above it.
        setting: its name in pytest's configuration.
    """
    for place in (folder.resolve(), *folder.resolve().parents):
        if lines := _in_toml(place, setting) or _in_ini(place, setting):
            return place, lines
    return folder.resolve(), []


def _in_toml(folder: Path, setting: str) -> list[str]:
    for name, keys in (
        ("pytest.toml", [("pytest",)]),
        ("pyproject.toml", [("tool", "pytest"), ("tool", "pytest", "ini_options")]),
    ):
        try:
            node = tomllib.loads((folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        for key in keys:
            if lines := _lines(_at(node, (*key, setting))):
                return lines
    return []


def _at(node: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _in_ini(folder: Path, setting: str) -> list[str]:
    for name, section in _INI.items():
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(folder / name, "utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        if lines := _lines(parser.get(section, setting, fallback=None)):
            return lines
    return []


def _lines(value: Any) -> list[str]:
    lines = value if isinstance(value, list) else str(value or "").splitlines()
    return [str(line) for line in lines if str(line).strip()]
