"""Pages, pictures, texts and files found in what a stage or the workflow gave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from pytest_agentflow.running.media import (
    extension_of,
    from_data_url,
    is_json,
    media_type_of,
    picture_in_base64,
    sniff,
)
from pytest_agentflow.running.plain import fields_of

#: Files and bytes taken from a returned folder; a folder with more is none of a page.
MOST_FILES = 500
MOST_BYTES = 128_000_000

_DEEPEST = 12
_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<kind>html|svg)[^\n]*\n"
    r"(?P<body>.*?)(?:^(?P=fence)[ \t]*$|\Z)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_KINDS = {"html": "text/html", "svg": "image/svg+xml"}
_NAMES = ("name", "filename", "file_name", "file", "path", "label")
_STEMS = {"text/html": "page", "application/json": "data", "text/plain": "text"}


class TooManyFiles(ValueError):
    """A returned folder holds more than a workflow's product would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One artefact, before it has its final name."""

    name: str | None
    media_type: str
    data: bytes
    path: str
    """JSON path in the value it was found in."""


def artefacts_in(value: Any) -> list[Found]:
    """Find artefacts in a value, at any depth, in the order they stand.

    Fenced HTML in a text, a text that is HTML or JSON, pictures as bytes, base64 or
    ``data:`` URL, and the files below a folder that the value names. Raises
    `TooManyFiles` for a folder that holds more than 500 files or 128 MB.
    """
    return list(_found(value, "$", None, 0))


def _found(value: Any, path: str, name: str | None, depth: int) -> Iterator[Found]:
    if depth > _DEEPEST or value is None or isinstance(value, (bool, int, float)):
        return
    if isinstance(value, (bytes, bytearray, memoryview)):
        yield from _in_bytes(bytes(value), path, name)
    elif isinstance(value, str):
        yield from _in_text(value, path, name)
    elif isinstance(value, PurePath):
        yield from _in_files(Path(value), path)
    elif (fields := fields_of(value)) is not None:
        own = _name_in(fields) or name
        for key, item in fields.items():
            yield from _found(item, f"{path}.{key}", own, depth + 1)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _found(item, f"{path}[{number}]", name, depth + 1)


def _name_in(fields: dict[Any, Any]) -> str | None:
    for key in _NAMES:
        value = fields.get(key)
        if isinstance(value, (str, PurePath)) and 0 < len(str(value)) <= 120:
            text = str(value).strip().replace("\\", "/").rpartition("/")[2]
            if text and "\n" not in text:
                return text
    return None


def _in_bytes(data: bytes, path: str, name: str | None) -> Iterator[Found]:
    kind = sniff(data)
    if kind is None and (name is None or "." not in name):
        return
    kind = kind or media_type_of(data, name or "")
    yield Found(name=name, media_type=kind, data=data, path=path)


def _in_text(text: str, path: str, name: str | None) -> Iterator[Found]:
    if text.startswith("data:") and (decoded := from_data_url(text)):
        yield Found(name=name, media_type=decoded[0], data=decoded[1], path=path)
        return
    if picture := picture_in_base64(text):
        kind = media_type_of(picture)
        yield Found(name=name, media_type=kind, data=picture, path=path)
        return
    if folder := _as_place(text):
        yield from _in_files(folder, path)
        return
    data = text.encode("utf-8", "surrogatepass")
    if (whole := sniff(data)) is not None:
        yield Found(name=name, media_type=whole, data=data, path=path)
        return
    fenced = list(_FENCE.finditer(text))
    for block in fenced:
        kind = _KINDS[block["kind"].lower()]
        body = block["body"].encode("utf-8", "surrogatepass")
        yield Found(name=None, media_type=kind, data=body, path=path)
    if not fenced and is_json(text):
        yield Found(name=name, media_type="application/json", data=data, path=path)


def _as_place(text: str) -> Path | None:
    """Give the folder that a text names; a bare word is no path."""
    if len(text) > 1000 or "\n" in text or "\0" in text or "/" not in text:
        return None
    place = Path(text)
    try:
        return place if place.is_dir() else None
    except OSError:
        return None


def _in_files(place: Path, path: str) -> Iterator[Found]:
    try:
        if place.is_file():
            files, root = [place], place.parent
        elif place.is_dir():
            files, root = _files_below(place), place
        else:
            return
    except OSError:
        return
    left = MOST_BYTES
    for file in files:
        data = file.read_bytes()
        left -= len(data)
        if left < 0:
            raise TooManyFiles(_too_many(place, f"{MOST_BYTES // 1_000_000} MB"))
        name = file.relative_to(root).as_posix()
        kind = media_type_of(data, name)
        yield Found(name=name, media_type=kind, data=data, path=path)


def _files_below(folder: Path) -> list[Path]:
    files = []
    for file in folder.rglob("*"):
        below = file.relative_to(folder)
        hidden = any(part.startswith(".") for part in below.parts)
        if hidden or file.is_symlink() or not file.is_file():
            continue
        files.append(file)
        if len(files) > MOST_FILES:
            raise TooManyFiles(_too_many(folder, f"{MOST_FILES} files"))
    return sorted(files, key=lambda f: f.relative_to(folder).as_posix())


def _too_many(folder: Path, what: str) -> str:
    return (
        f"the returned folder {folder.name!r} holds more than {what}, so it is hardly "
        "what the workflow made; return the folder of the product alone"
    )


class Names:
    """Gives each artefact of one stage a file name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, wanted: str | None, media_type: str) -> str:
        """Give `wanted`, completed by an extension, or a name made of the kind."""
        name = wanted or _STEMS.get(media_type) or media_type.partition("/")[0]
        name = "picture" if name == "image" else name
        stem, dot, ending = name.rpartition(".")
        if not dot or not stem or "/" in ending or len(ending) > 5:
            stem, ending = name, extension_of(media_type).lstrip(".")
        chosen, number = f"{stem}.{ending}", 2
        while chosen in self._taken:
            chosen, number = f"{stem}-{number}.{ending}", number + 1
        self._taken.add(chosen)
        return chosen
