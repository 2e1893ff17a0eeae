"""Archives that recorded traffic comes in."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

ARCHIVES = (".tar.xz", ".tar.gz", ".tgz", ".tar", ".zip")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into a folder, and nothing beside it."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(folder)  # noqa: S202 - refuses to leave the folder
    else:
        with tarfile.open(archive) as tape:
            tape.extractall(folder, filter="data")
