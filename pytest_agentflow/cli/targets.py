"""What a command is pointed at: recordings, pages, or folders of either."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pytest_agentflow.cli.outcome import CallWrong
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.load import RecordingError, load
from pytest_agentflow.running.page_run import page_run

RECORDING = ".flow.json"
_NAMED = 3
"""So many files of a folder are named where one has to be chosen."""
_READ = 200
"""Recordings after which no more are looked for, to name where they are."""
PAGES = (".html", ".htm")
FOREIGN = ("node_modules", "__pycache__")
"""Folders that are never searched, beside hidden ones and virtual environments."""


def find_targets(targets: list[str], *, pages: bool = True) -> list[Path]:
    """List the recordings and pages that `targets` name, sorted within each folder.

    Args:
        targets: files, and folders that are searched through. Hidden folders, virtual
            environments and what package managers and caches keep are passed over.
        pages: whether pages are wanted, too.

    Raises `CallWrong` for a path that does not exist, is of another kind, or for a
    folder that holds neither: nothing examined is never a pass.
    """
    found = [path for target in targets for path in _expand(Path(target), pages)]
    return list(dict.fromkeys(found))


def _expand(target: Path, pages: bool) -> list[Path]:
    if not target.exists():
        raise CallWrong(absent(target))
    if target.is_file():
        if _fits(target, pages):
            return [target]
        kinds = f"neither a recording (*{RECORDING}) nor a page (*.html)"
        message = f"{target} is {kinds if pages else f'no recording (*{RECORDING})'}"
        raise CallWrong(message)
    inside = sorted(path for path in _files(target) if _fits(path, pages))
    if not inside:
        also = " and no page (*.html)" if pages else ""
        message = f"{target} holds no recording (*{RECORDING}){also}; {_elsewhere()}"
        raise CallWrong(message)
    return inside


def absent(path: Path) -> str:
    """Say that there is no such file or folder, and which may have been meant."""
    siblings = path.parent.iterdir() if path.parent.is_dir() else ()
    near = difflib.get_close_matches(path.name, [s.name for s in siblings], n=1)
    hint = f"did you mean {path.parent / near[0]}?" if near else _elsewhere()
    return f"{path} does not exist; {hint}"


def _elsewhere() -> str:
    """Name folders below the current one that hold recordings."""
    # The folder of a workflow lies in the one that is of use: recordings/NAME/.
    files = islice((f for f in _files(Path()) if f.name.endswith(RECORDING)), _READ)
    tops = sorted({str(file.parent.parent) for file in files})
    if tops:
        return f"recordings are in {', '.join(tops[:_NAMED])}"
    return "nothing is recorded here yet: `pytest --agentflow=record` does"


def _files(top: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if _is_theirs(Path(folder, name))]
        yield from (path for n in names if (path := Path(folder, n)).is_file())


def _is_theirs(folder: Path) -> bool:
    """Whether a folder is the user's own work, and not a tool's or a package's."""
    name = folder.name
    environment = (folder / "pyvenv.cfg").is_file()
    return not (name.startswith(".") or name in FOREIGN or environment)


def _fits(path: Path, pages: bool) -> bool:
    in_blobs = any(part.endswith(".flow.blobs") for part in path.parts[:-1])
    is_page = pages and path.suffix.lower() in PAGES
    return path.name.endswith(RECORDING) or (is_page and not in_blobs)


def load_target(path: Path, root: Path | None) -> Run:
    """Load one recording or page; `root` is the site's root for pages.

    Raises `CallWrong` for what cannot be read, and for a page outside of the root.
    """
    if path.is_dir() and (inside := find_targets([str(path)])):
        message = (
            f"{path} is a folder; name one of {', '.join(map(str, inside[:_NAMED]))}"
            + (f", ... ({len(inside)} in all)" if len(inside) > _NAMED else "")
        )
        raise CallWrong(message)
    if not path.exists():
        raise CallWrong(absent(path))
    if not _fits(path, pages=True):
        kinds = f"neither a recording (*{RECORDING}) nor a page (*.html)"
        raise CallWrong(f"{path} is {kinds}")
    try:
        return load(path) if path.name.endswith(RECORDING) else _page(path, root)
    except (RecordingError, OSError) as error:
        raise CallWrong(str(error)) from error


def _page(path: Path, root: Path | None) -> Run:
    if root is not None and not path.resolve().is_relative_to(root.resolve()):
        message = (
            f"{path} does not lie below --root {root}, "
            "the folder where links that begin with / point to"
        )
        raise CallWrong(message)
    try:
        return page_run(path, root)
    except ValueError as error:
        message = f"{path} cannot be read as a page: {error}"
        raise CallWrong(message) from error
