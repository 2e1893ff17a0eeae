"""Where what a run made stands among the project's files, line by line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pytest_agentflow.model.run import Artefact, Run
from pytest_agentflow.report.document import FilePlace

_BLOBS = ".blobs"


def files_of(run: Run, names: Collection[str]) -> Mapping[str, FilePlace]:
    """Find the files that hold artefacts of `run`, for whoever looks at the project.

    A page that was judged by itself is a file; big artefacts of a recording lie beside
    it as files; of the others the recording has the lines, as the model wrote them.

    Args:
        run: that was judged.
        names: of the artefacts that are looked for.
    """
    if run.path is None:
        return {}
    found = ((a.name, _place(run, run.path, a)) for a in _named(run, names))
    return {name: place for name, place in found if place is not None}


def _named(run: Run, names: Collection[str]) -> Iterator[Artefact]:
    # The last version of a name is the one that is judged.
    yield from {a.name: a for a in run.artefacts if a.name in names}.values()


def _place(run: Run, path: Path, artefact: Artefact) -> FilePlace | None:
    if run.folder is not None and (own := run.folder / artefact.name).is_file():
        return _file(own)
    blobs = path.with_suffix(_BLOBS)
    for blob in sorted(blobs.glob(f"sha256-{artefact.digest}.*")):
        return _file(blob)
    line = _line(path, artefact.text)
    return None if line is None else _file(path, line)


def _file(path: Path, line: int | None = None) -> FilePlace | None:
    """Name a file from the working directory; one that is not below is not named."""
    place, here = path.resolve(), Path.cwd().resolve()
    if not place.is_relative_to(here):
        return None
    return FilePlace(file=place.relative_to(here).as_posix(), inside=line)


def _line(path: Path, text: str) -> int | None:
    """Find the line of a recording where a text begins, which it keeps line by line."""
    wanted = [json.dumps(one, ensure_ascii=False) for one in _lines(text)]
    try:
        kept = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    held = [line.strip().removesuffix(",") for line in kept]
    for at, line in enumerate(held):
        # A last line without its end may have got one, or have lost it.
        if line == wanted[0] and held[at : at + len(wanted) - 1] == wanted[:-1]:
            return at + 1
    return None


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.split("\n")]
