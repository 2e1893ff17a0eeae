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
    """Load one recording or page; `root` is the site's root for pages."""
    try:
        return load(path) if path.name.endswith(RECORDING) else page_run(path, root)
    except (RecordingError, OSError) as error:
        raise CallWrong(str(error)) from error


def load_runs(paths: list[Path], root: Path | None = None) -> Iterator[Run]:
    """Load many targets, one at a time."""
    return (load_target(path, root) for path in paths)
