"""Recordings to disk: whole or not at all, and untouched where nothing changed."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.blobs import Blobs, is_blob_name
from pytest_agentflow.recording.document import decode, encode
from pytest_agentflow.recording.names import blobs_folder
from pytest_agentflow.recording.pretty import pretty


def save(run: Run, path: str | Path) -> Path:
    """Write `run` as the recording `path`, and give the path.

    Side files are written first, the recording replaces the old one in one step, and
    side files that it no longer names are removed last: at every moment there is one
    whole recording. Files whose bytes would not change are not touched.

    Raises `Malformed` for a value that is no JSON value, and for a run that could not
    be read again, before anything is written.
    """
    file = Path(path)
    document, blobs = encode(run)
    decode(document, blobs.__getitem__)
    data = pretty(document).encode("utf-8")
    folder = blobs_folder(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    _write_blobs(folder, blobs)
    if not _holds(file, data):
        _replace(file, data)
    _remove_orphans(folder, blobs)
    return file


def _write_blobs(folder: Path, blobs: Blobs) -> None:
    if blobs:
        folder.mkdir(exist_ok=True)
    for name, data in blobs.items():
        if not _holds(folder / name, data):
            _replace(folder / name, data)


def _holds(file: Path, data: bytes) -> bool:
    try:
        return file.stat().st_size == len(data) and file.read_bytes() == data
    except FileNotFoundError:
        return False


def _replace(file: Path, data: bytes) -> None:
    """Write beside the file and rename: readers see the old or the new, never half."""
    draft = file.with_name(f".{secrets.token_hex(8)}.writing")
    try:
        with draft.open("xb") as stream:
            stream.write(data)
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _remove_orphans(folder: Path, blobs: Blobs) -> None:
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        if is_blob_name(file.name) and file.name not in blobs:
            file.unlink()
    # Somebody else's file in there keeps the folder.
    with contextlib.suppress(OSError):
        folder.rmdir()
