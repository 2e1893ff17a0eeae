"""What a command is pointed at: recordings, pages, or folders of either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_agentflow.cli.outcome import CallWrong
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.load import RecordingError, load
from pytest_agentflow.running.page_run import page_run

RECORDING = ".flow.json"
PAGES = (".html", ".htm")


def find_targets(targets: list[str]) -> list[Path]:
    """List the recordings and pages that `targets` name, sorted within each folder.

    Raises `CallWrong` for a path that does not exist, is of another kind, or for a
    folder that holds neither: nothing examined is never a pass.
    """
    found = [path for target in targets for path in _expand(Path(target))]
    return list(dict.fromkeys(found))


def _expand(target: Path) -> list[Path]:
    if not target.exists():
        message = f"{target} does not exist"
        raise CallWrong(message)
    if target.is_file():
        if _fits(target):
            return [target]
        message = f"{target} is neither a recording (*{RECORDING}) nor a page (*.html)"
        raise CallWrong(message)
    inside = sorted(
        path for path in target.rglob("*") if path.is_file() and _fits(path)
    )
    if not inside:
        message = f"{target} holds no recording (*{RECORDING}) and no page (*.html)"
        raise CallWrong(message)
    return inside


def _fits(path: Path) -> bool:
    in_blobs = any(part.endswith(".flow.blobs") for part in path.parts[:-1])
    is_page = path.suffix.lower() in PAGES
    return path.name.endswith(RECORDING) or (is_page and not in_blobs)


def load_target(path: Path, root: Path | None) -> Run:
    """Load one recording or page; `root` is the site's root for pages.

    Raises `CallWrong` for what cannot be read, and for a page outside of the root.
    """
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


def load_runs(paths: list[Path], root: Path | None = None) -> Iterator[Run]:
    """Load many targets, one at a time."""
    return (load_target(path, root) for path in paths)
