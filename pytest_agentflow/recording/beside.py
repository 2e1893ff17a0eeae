"""The recordings that a check is given beside the run it judges, by a glob."""

from __future__ import annotations

import difflib
from collections import Counter
from pathlib import Path

from pytest_agentflow.checking.check import CheckError
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.load import find_recordings, load
from pytest_agentflow.recording.names import SUFFIX

_SHOWN = 3
_ALIKE = 0.7
"""Of letters that two names have in common; below that they look like chance."""


def runs_beside(run: Run, pattern: str, argument: str = "runs") -> tuple[Run, ...]:
    """Load all recordings in the folder of `run` that `pattern` fits, sorted.

    The recording of `run` itself is among them where it fits. Each is decoded twice at
    most in a session, whatever the number of checks that ask for it.

    Args:
        run: the run that is judged.
        pattern: glob below the recordings folder: ``build_pages/*``.
        argument: how the check calls the glob.

    Raises:
        CheckError: the run has no recordings folder, or nothing fits: the message says
            where was looked, what is there instead, and what to write.
    """
    if run.folder is None:
        message = (
            f"{argument}={pattern!r} is looked for beside the run, which was not "
            "loaded from a recordings folder"
        )
        raise CheckError(message)
    paths = find_recordings(run.folder, pattern)
    if not paths:
        raise CheckError(_nothing(run, run.folder, pattern, argument))
    return tuple(load(path, folder=run.folder) for path in paths)


def _nothing(run: Run, folder: Path, pattern: str, argument: str) -> str:
    names = [
        path.relative_to(folder).as_posix().removesuffix(SUFFIX)
        for path in find_recordings(folder)
    ]
    told = f"{argument}={pattern!r} matches none of the {len(names)} recordings below"
    if not names:
        return (
            f"{argument}={pattern!r} matches nothing: {folder} holds no recording; "
            "make some (`pytest --agentflow=record`)"
        )
    there = Counter(_folder(name) for name in names)
    near = _nearest(pattern, run.workflow, there, names)
    listed = ", ".join(_counted(one, there) for one in near)
    more = len(there) - len({_folder(one) for one in near})
    others = f" and {more} other folders" if more > 1 else ""
    return (
        f"{told} {folder}; there are {listed}{others}: name those that are meant, as "
        f"in {argument}={near[0]!r}"
    )


def _nearest(
    pattern: str, workflow: str, there: Counter[str], names: list[str]
) -> list[str]:
    """Give what the pattern may have meant, the likeliest first.

    Recordings of the folder that it names, else folders of a name like that; then the
    workflow's own folder, and others.
    """
    folder, _, rest = pattern.rpartition("/")
    here = [name for name in names if _folder(name) == folder]
    ends = [name.rpartition("/")[2] for name in here]
    meant = [f"{folder}/{end}" for end in _like(rest, ends)]
    globs = [folder] * bool(here) or _like(folder or rest, list(there))
    own = [workflow] * (workflow in there)
    folders = dict.fromkeys([*globs, *own, *sorted(there)])
    return [*meant[:1], *(f"{one}/*" for one in folders)][:_SHOWN]


def _like(word: str, words: list[str]) -> list[str]:
    return difflib.get_close_matches(word, words, n=_SHOWN, cutoff=_ALIKE)


def _folder(name: str) -> str:
    return name.rpartition("/")[0] or "."


def _counted(one: str, there: Counter[str]) -> str:
    return f"{one} ({there[_folder(one)]})" if one.endswith("/*") else one
