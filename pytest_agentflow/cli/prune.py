"""agentflow prune: recordings that no test reads, and what is left of others."""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.outcome import PASSED, CallWrong
from pytest_agentflow.cli.partial import prune_partial
from pytest_agentflow.cli.targets import find_targets
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.recording.names import JUDGE, SUFFIX, blobs_folder, judge_path

_BLOBS = ".flow.blobs"
_JUDGE_BLOBS = ".judge.blobs"

_SELECTING = ("-k", "-m", "--deselect", "--ignore", "--lf", "--last-failed", "--sw")

#: Runs the tests in a process that notes which recordings are opened. An audit hook
#: sees every reader, a test's own `af.load` included, and needs nothing of the plugin.
_WATCHED = """
import json, os, sys
read = set()
def note(event, args):
    if event == "open" and isinstance(args[0], (str, os.PathLike)):
        path = os.fspath(args[0])
        reads = args[1] is None or "r" in args[1]
        if reads and isinstance(path, str) and path.endswith(".flow.json"):
            read.add(os.path.abspath(path))
sys.addaudithook(note)
import pytest
ran, failed = set(), {}
class Noted:
    def pytest_collectreport(self, report):
        if report.failed:
            failed[report.nodeid] = None
    def pytest_runtest_logreport(self, report):
        ran.add(report.nodeid)
        if report.failed:
            failed[report.nodeid] = None
status = int(pytest.main(sys.argv[2:], plugins=[Noted()]))
noted = {"status": status, "read": sorted(read), "ran": len(ran), "failed": [*failed]}
with open(sys.argv[1], "w") as out:
    json.dump(noted, out)
"""

LISTED = 20
"""So many tests that did not pass are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """One file or folder that may go, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the tests did while they were watched."""

    status: int
    """Pytest's exit status."""
    read: frozenset[Path]
    """The recordings that they opened."""
    ran: int
    """How many there were."""
    failed: tuple[str, ...]
    """Tests that did not pass, and files that could not be collected."""


def main(argv: list[str]) -> int:
    """List what no test reads; with --delete, remove it."""
    words, _, rest = _split(argv)
    options = _parser().parse_args(words)
    if options.partial:
        return prune_partial(options.folder or Path(), delete=options.delete)
    folder: Path = options.folder or _own_folder()
    if options.delete and (parts := list(filter(_selects, rest))):
        raise CallWrong(
            f"--delete with {' '.join(parts)!r}: a part of the tests does not say what "
            "the others read, so none was run and nothing was removed; leave the "
            "selection out, or leave --delete out to see what that part does not read"
        )
    if not folder.is_dir():
        raise CallWrong(f"{folder} is no folder of recordings")
    recordings = sorted(folder.rglob(f"*{SUFFIX}"))
    if not recordings:
        raise CallWrong(f"{folder} holds no recording (*{SUFFIX})")
    watched = _watch_tests(rest)
    unused = list(_unused(folder, recordings, watched.read))
    _tell(folder, len(recordings), unused, watched, deleted=options.delete)
    if watched.status != 0:
        raise CallWrong(
            f"pytest ended with status {watched.status}. A test that did not pass may "
            "not have read its recording: nothing was removed. Let the tests pass first"
        )
    if options.delete:
        for one in unused:
            _remove(one.path)
    return PASSED


def _own_folder() -> Path:
    """Give the folder of recordings: beside the tests, wherever there is only one."""
    given = {path.parent.parent for path in find_targets(["."], pages=False)}
    if len(given) > 1:
        listed = ", ".join(map(str, sorted(given)))
        raise CallWrong(
            f"there are several folders of recordings: name one of {listed}"
        )
    return given.pop()


def _split(argv: list[str]) -> tuple[list[str], str, list[str]]:
    if "--" not in argv:
        return argv, "", []
    place = argv.index("--")
    return argv[:place], "--", argv[place + 1 :]


def _selects(word: str) -> bool:
    """Whether a word of pytest's command line makes it run a part of the tests."""
    return not word.startswith("-") or word.startswith(_SELECTING)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="agentflow prune",
        description=__doc__,
        usage=(
            "agentflow prune [--delete] [DIR] [-- PYTEST ARGUMENT...]\n"
            "       agentflow prune --partial [--delete] [DIR | JOURNAL]"
        ),
    )
    parser.add_argument("folder", metavar="DIR", nargs="?", type=Path)
    parser.add_argument(
        "--partial",
        action="store_true",
        help="list what recordings that broke off left, and what it cost; no test runs",
    )
    parser.add_argument("--delete", action="store_true", help="remove what is listed")
    return parser


def _watch_tests(words: list[str]) -> Watched:
    """Run the tests and note the recordings that they open."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "read.json")
        # Workers of xdist would open files where nobody watches.
        alone = ["-n0"] if importlib.util.find_spec("xdist") else []
        command = [sys.executable, "-c", _WATCHED, str(out), *alone, *words]
        sys.stdout.flush()
        subprocess.run(command, check=False)  # noqa: S603 - the user's own tests
        if not out.exists():
            raise CallWrong("the tests ended the process, so nothing is known")
        found = json.loads(out.read_text("utf-8"))
    return Watched(
        status=found["status"],
        read=frozenset(Path(path).resolve() for path in found["read"]),
        ran=found["ran"],
        failed=tuple(found["failed"]),
    )


def _unused(
    folder: Path, recordings: list[Path], read: frozenset[Path]
) -> Iterator[Unused]:
    held = set(recordings)
    cases = {_case(path) for path in recordings if path.resolve() in read}
    for path in recordings:
        # Trials of a case are read only with --agentflow-trials, which costs nothing
        # to keep and a lot to make again.
        if path.resolve() not in read and _case(path) not in cases:
            yield Unused(path=path, why="no test reads it")
            judged = judge_path(path)
            for beside in (blobs_folder(path), judged, blobs_folder(judged)):
                if beside.exists():
                    yield Unused(path=beside, why=f"belongs to {path.name}")
    for path in sorted(folder.rglob(f"*{_BLOBS}")):
        if path.is_dir() and _owner(path, _BLOBS) not in held:
            yield Unused(path=path, why="its recording is gone")
    for ending in (JUDGE, _JUDGE_BLOBS):
        for path in sorted(folder.rglob(f"*{ending}")):
            if _owner(path, ending) not in held:
                yield Unused(path=path, why="its recording is gone")


def _case(path: Path) -> Path:
    """Give the name of a recording without its trial."""
    return path.with_name(re.sub(r"\.t\d+(?=\.flow\.json$)", "", path.name)).resolve()


def _owner(path: Path, ending: str) -> Path:
    return path.with_name(path.name.removesuffix(ending) + SUFFIX)


def _tell(
    folder: Path,
    number: int,
    unused: list[Unused],
    watched: Watched,
    *,
    deleted: bool,
) -> None:
    lines = list(_listed(folder, number, unused, watched))
    if watched.status != 0:
        lines += _blocked(watched)
    elif unused:
        lines.append(
            f"removed {len(unused)} "
            f"{'file or folder' if len(unused) == 1 else 'files and folders'}"
            if deleted
            else "nothing was removed; agentflow prune --delete removes them"
        )
    sys.stdout.write("".join(plain_line(line) + "\n" for line in lines))


def _listed(
    folder: Path, number: int, unused: list[Unused], watched: Watched
) -> Iterator[str]:
    if not watched.ran:
        yield f"no test ran, so nothing is known of {number} recordings in {folder}"
        return
    gone = sum(one.path.name.endswith(SUFFIX) for one in unused)
    tests = f"none of the {watched.ran} tests that ran"
    by = "no test" if watched.status == 0 else tests
    yield f"{gone} of {number} recordings in {folder} are read by {by}"
    yield from (f"  {one.path}: {one.why}" for one in unused)


def _blocked(watched: Watched) -> Iterator[str]:
    """Name the tests that have to pass before anything is removed."""
    if not watched.failed:
        yield "nothing was removed, because pytest did not come to its end"
        return
    yield "nothing was removed, because these did not pass and may read some of it:"
    yield from (f"  {test}" for test in watched.failed[:LISTED])
    if (more := len(watched.failed) - LISTED) > 0:
        yield f"  and {more} more"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
