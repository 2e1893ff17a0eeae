"""Recordings from disk: found, read and checked, with one clear error each."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.blobs import ReadBlob
from pytest_agentflow.recording.bodies import parse_json
from pytest_agentflow.recording.document import decode
from pytest_agentflow.recording.kept import KEPT
from pytest_agentflow.recording.migrate import migrate
from pytest_agentflow.recording.names import SUFFIX, blobs_folder, partial_path, slug

_RERECORD = (
    "record it anew (`pytest --agentflow=record`) or take it back from version "
    "control (`git checkout -- {file}`)"
)
_UPGRADE = "upgrade: `pip install --upgrade pytest-agentflow`"
_BLOBS = (
    "bring the side files back (`git checkout -- {blobs}`); if git changes their line "
    "ends, add the line `**/*.flow.blobs/** -text` to .gitattributes"
)


class RecordingError(ValueError):
    """A recording cannot be read: which file, where, what is wrong, what to do.

    Args:
        file: the recording.
        json_path: where in it; empty where the whole file is meant.
        problem: what is wrong.
        repair: what to do, with a command to paste.
        told: lines that say more, between the two.
    """

    __module__ = "pytest_agentflow"

    def __init__(
        self, file: Path, json_path: str, problem: str, repair: str, told: str = ""
    ) -> None:
        super().__init__(file, json_path, problem, repair, told)
        self.file = file
        self.json_path = json_path
        self.problem = problem
        self.repair = repair
        self.told = told

    def __str__(self) -> str:
        where = f" at {self.json_path}" if self.json_path else ""
        lines = f".\n{self.told}\n  " if self.told else ". "
        return f"{self.file}{where}: {self.problem}{lines}To repair: {self.repair}."


def load(path: str | Path, *, folder: Path | None = None) -> Run:
    """Read one recording.

    Args:
        path: a ``*.flow.json`` file.
        folder: the recordings folder it belongs to; found from the file's place when
            not given.

    A file that is read again and has not changed is not decoded again (`kept`).

    Raises `RecordingError` for a file that is missing, damaged, of a newer version or
    without one of its side files.
    """
    file = Path(path)
    run = KEPT.get(
        file, lambda: loads(_read(file), file=file, read_blob=_blobs_of(file))
    )
    place = folder or _folder_of(file, run)
    return dataclasses.replace(run, folder=place, path=file)


def loads(data: bytes, *, file: Path, read_blob: ReadBlob) -> Run:
    """Build a run from the bytes of a recording, wherever they come from.

    Args:
        data: what the file holds.
        file: how the file is named in errors.
        read_blob: gives a side file by its name; raises `OSError` where there is none.

    Raises `RecordingError`.
    """
    document = _parse(data, file)
    try:
        return decode(migrate(document), read_blob)
    except Malformed as error:
        repair = _repair(error, file)
        raise RecordingError(file, error.path, error.problem, repair) from None


#: What `load_inputs` reads; calls and side files are left alone.
_HEAD = ("schema", "workflow", "case", "inputs")


def load_inputs(path: Path) -> Mapping[str, Any]:
    """Read the inputs of a recording, and nothing else of it.

    Raises `RecordingError` as `load` does.
    """
    return _inputs(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=1024)  # every test without a recording compares with the same ones
def _inputs(file: Path, _changed: int) -> Mapping[str, Any]:
    document = _parse(_read(file), file)
    if isinstance(document, dict):
        document = {key: document[key] for key in _HEAD if key in document}
    try:
        return decode(migrate(document), _blobs_of(file)).inputs
    except Malformed as error:
        repair = _repair(error, file)
        raise RecordingError(file, error.path, error.problem, repair) from None


def _repair(error: Malformed, file: Path) -> str:
    if error.path == "$.schema" and "newer" in error.problem:
        return _UPGRADE
    if "the side file" in error.problem:
        return _BLOBS.format(blobs=blobs_folder(file))
    return _RERECORD.format(file=file)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise _missing(file) from None
    except IsADirectoryError:
        problem = "is a folder, not a recording"
        repair = f"name one of the *{SUFFIX} files in it"
        raise RecordingError(file, "", problem, repair) from None
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {error}"
        raise RecordingError(file, "", problem, "check path and permissions") from None


def _missing(file: Path) -> RecordingError:
    partial = partial_path(file)
    if partial.exists():
        problem = f"there is only a part of it, {partial.name}: the recording broke off"
        repair = f"record it again; to discard the part: `rm {partial}`"
        return RecordingError(file, "", problem, repair)
    near = sorted(p.name for p in file.parent.glob(f"*{SUFFIX}"))[:5]
    listed = f" ({file.parent} holds {', '.join(near)})" if near else ""
    problem = f"there is no such recording{listed}"
    return RecordingError(file, "", problem, "record it: `pytest --agentflow=record`")


def _parse(data: bytes, file: Path) -> Any:
    repair = _RERECORD.format(file=file)
    if file.suffix.lower() in (".html", ".htm", ".xhtml"):
        repair = f"judge a page as one: af.page_run({str(file)!r})"
        raise RecordingError(file, "", "is a page, and no recording", repair)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is no UTF-8"
        raise RecordingError(file, "$", problem, repair) from None
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        # Looked for only now: no JSON is empty, or has a line that begins so.
        if not text.strip():
            raise RecordingError(file, "$", "the file is empty", repair) from None
        if text.startswith("<<<<<<< ") or "\n<<<<<<< " in text:
            problem = "holds the marks of a merge conflict"
            repair = f"keep one side, or {repair}"
            raise RecordingError(file, "$", problem, repair) from None
        cut = ", the file ends too early" if error.pos >= len(text.rstrip()) else ""
        problem = f"is no JSON: {error.msg}, line {error.lineno}, column {error.colno}"
        raise RecordingError(file, "$", problem + cut, repair) from None
    except ValueError as error:
        raise RecordingError(file, "$", f"is no JSON: {error}", repair) from None


def _blobs_of(file: Path) -> ReadBlob:
    folder = blobs_folder(file)
    return lambda name: (folder / name).read_bytes()


def _folder_of(file: Path, run: Run) -> Path:
    return file.parent.parent if file.parent.name == slug(run.workflow) else file.parent


def find_recordings(folder: str | Path, pattern: str = "**") -> list[Path]:
    """List the recordings below `folder`, sorted by name.

    Args:
        folder: the recordings folder.
        pattern: ``workflow/case`` with ``*``, ``?`` and ``[...]``; ``**`` is any depth.
            The ending ``.flow.json`` may be left out.

    Raises `RecordingError` where `folder` is no folder.
    """
    root = Path(folder)
    if not root.is_dir():
        problem = "is a file" if root.exists() else "there is no such folder"
        repair = "name the recordings folder, or set the ini `agentflow_recordings`"
        raise RecordingError(root, "", f"{problem}, not a recordings folder", repair)
    wanted = pattern.removesuffix(SUFFIX)
    return [
        file
        for file in sorted(root.rglob(f"*{SUFFIX}"))
        if file.is_file() and _matches(file.relative_to(root).as_posix(), wanted)
    ]


def _matches(name: str, pattern: str) -> bool:
    return _match_parts(
        name.removesuffix(SUFFIX).split("/"), pattern.strip("/").split("/")
    )


def _match_parts(names: list[str], patterns: list[str]) -> bool:
    if not patterns or not names:
        return not names and patterns in ([], ["**"])
    if patterns[0] == "**":
        return _match_parts(names, patterns[1:]) or _match_parts(names[1:], patterns)
    here = fnmatch.fnmatchcase(names[0], patterns[0]) or names[0] == slug(patterns[0])
    return here and _match_parts(names[1:], patterns[1:])
