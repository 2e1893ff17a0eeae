"""What a session says of its configuration at the end, whatever processes it had."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from glob import glob
from pathlib import Path
from typing import TypedDict

import pytest

from pytest_agentflow.model.text import plain_line
from pytest_agentflow.report.wording import number
from pytest_agentflow.running.agentflow import AgentFlow

FOLDERS = 5
"""So many folders of new recordings are named."""


class Notices(TypedDict):
    """What one process has to say; crosses to the main one as it is."""

    uncalled: list[str]
    """Configured lines that no run of the process called."""
    doubled: dict[str, str]
    """Stages that the code names, too, and the configured line."""
    stages: list[str]
    """The stages of the recordings that were replayed."""
    recorded: list[str]
    """The recordings that were written."""
    deselected: bool
    """Whether tests that use us were collected and left out."""


def notices_of(
    agentflow: AgentFlow, *, ran: bool, recorded: Iterable[str], deselected: bool
) -> Notices | None:
    """Give what there is to say; `None` of a process that ran no workflow."""
    stages = sorted(agentflow.stages())
    if not (ran or stages):
        return None
    return Notices(
        uncalled=list(agentflow.uncalled()) if ran else [],
        doubled={one.stage: one.written for one in agentflow.doubled()},
        stages=stages,
        recorded=list(recorded),
        deselected=deselected,
    )


def shown_path(path: Path, root: Path) -> str:
    """Give `path` from `root`, where it is below; with slashes on every system."""
    inside = path.is_relative_to(root)
    return (path.relative_to(root) if inside else path).as_posix()


def recorded_lines(said: Sequence[Notices]) -> list[str]:
    """Say where recordings were written: a line for each folder, up to a few."""
    files = dict.fromkeys(file for one in said for file in one["recorded"])
    folders = Counter(file.rpartition("/")[0] for file in files)
    lines = [
        f"recorded {number(count, 'run')} to {plain_line(folder)}/"
        for folder, count in folders.items()
    ]
    if (more := len(lines) - FOLDERS) > 0:
        rest = sum(list(folders.values())[FOLDERS:])
        where = number(more, "more folder")
        lines[FOLDERS:] = [f"recorded {number(rest, 'run')} to {where}"]
    return lines


def all_asked_for(config: pytest.Config) -> bool:
    """Whether the command asks for all tests of the project, and none stopped it.

    All are in the root folder, in a folder directly below it, or in `testpaths` where
    there is one. Tests that were collected and left out, by ``-k`` say, are not seen
    here: they are counted where they are collected.
    """
    session = config.pluginmanager.get_plugin("session")
    stopped = session is not None and (session.shouldstop or session.shouldfail)
    left_out = any(str(a).startswith("--ignore") for a in config.invocation_params.args)
    if stopped or left_out or config.getoption("lf", False):
        return False
    if config.args_source is config.ArgsSource.TESTPATHS:
        return True
    asked = [Path(config.invocation_params.dir, given) for given in config.args]
    return _cover_all({path.resolve() for path in asked if path.is_dir()}, config)


def _cover_all(folders: set[Path], config: pytest.Config) -> bool:
    root = config.rootpath.resolve()
    paths = [
        (root / found).resolve()
        for pattern in config.getini("testpaths")
        # As pytest itself looks for them: "." and absolute patterns are allowed.
        for found in glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207
    ]
    if paths:
        return all(folders & {path, *path.parents} for path in paths)
    above = {root, *root.parents}
    return any(folder in above or folder.parent == root for folder in folders)


def notice_lines(said: Sequence[Notices], *, everything: bool) -> list[str]:
    """Put the notices of all processes together, one line for each.

    Args:
        said: what they said.
        everything: whether all tests of the project were asked for: of a part of them
            nobody expects that it calls everything.
    """
    first, *others = said
    uncalled = [x for x in first["uncalled"] if all(x in o["uncalled"] for o in others)]
    if not everything or any(one["deselected"] for one in said):
        uncalled = []
    doubled = {stage: line for one in said for stage, line in one["doubled"].items()}
    return [
        f"agentflow: {line} is configured, but no run of this session called it"
        for line in uncalled
    ] + [
        f"agentflow: the stage {stage!r} is named twice, in the code and by {line}: "
        "both are one stage, and the code's output counts"
        for stage, line in sorted(doubled.items())
    ]


def unknown_stages(said: Sequence[Notices], asked: dict[str, str]) -> list[str]:
    """Say which of the stages that options name no run of the session had.

    Args:
        said: the notices of all processes.
        asked: stage -> the option as it was written.
    """
    known = sorted({stage for one in said for stage in one["stages"]})
    lines = []
    for stage, option in asked.items():
        if stage not in known:
            near = difflib.get_close_matches(stage, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else ""
            there = hint or f"their stages: {', '.join(known) or 'none'}"
            lines.append(f"agentflow: {option}: no run has this stage; {there}")
    return lines
