"""Processes that this process started: their children, and their end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple


def descendants(*pids: int) -> list[int]:
    """List the process ids below PIDS, parents before children."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [*pids]
    while waiting:
        born = children.get(waiting.pop(0), [])
        found.extend(born)
        waiting.extend(born)
    return found


def _parents() -> list[tuple[int, int]]:
    """List (pid, parent's pid) of all processes; empty where it cannot be asked."""
    if Path("/proc/self/stat").exists():
        return _parents_from_proc()
    if sys.platform == "win32":
        return []
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    rows = (line.split() for line in table.stdout.splitlines())
    return [(int(row[0]), int(row[1])) for row in rows if len(row) == 2]


def _parents_from_proc() -> list[tuple[int, int]]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            # A process may end between listing and reading.
            with contextlib.suppress(OSError):
                # The name in parentheses may itself hold spaces and parentheses.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                found.append((int(folder.name), int(fields[1])))
    return found


def end(*pids: int) -> None:
    """End processes and everything below them, by process id."""
    if sys.platform == "win32":
        for pid in pids:
            subprocess.run(  # noqa: S603 - our own words
                ["taskkill", "/T", "/F", "/PID", str(pid)],  # noqa: S607 - the same
                capture_output=True,
                check=False,
            )
        return
    for each in dict.fromkeys([*pids, *descendants(*pids)]):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)


class Known(NamedTuple):
    """One process, and no other one that gets its number when it has ended."""

    pid: int
    born: str
    """When it was started, as the system counts; empty where it does not tell."""


def known(pids: Iterable[int]) -> tuple[Known, ...]:
    """Remember processes that run now."""
    return tuple(Known(pid, _born(pid)) for pid in pids)


def end_known(remembered: Iterable[Known]) -> None:
    """End those of them that still run, and everything below them."""
    end(*(one.pid for one in remembered if _born(one.pid) == one.born))


def _born(pid: int) -> str:
    # A process may have ended; elsewhere than on Linux nothing is known.
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[19]
    return ""


_AFTER_US = """
cat >/dev/null
for one in $PROCESSES; do
  pid=${one%%:*}
  set -- $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null)
  # Numbers are given anew: only what was started then is ended.
  [ "${20}" = "${one#*:}" ] && kill -9 "$pid" 2>/dev/null
done
sleep 0.3
rm -rf -- "$FOLDER"
"""


def end_with_us(
    remembered: Sequence[Known], folder: Path
) -> subprocess.Popen[bytes] | None:
    """Start a watcher that ends processes and removes FOLDER when this process dies.

    A test run that is killed runs no exit handler, and a browser of 0.8 GB would stay.
    The watcher waits for its input to close, which the system does for the dead too.

    :returns: the watcher, to be killed when the processes were ended in good order;
        None on systems without ``/bin/sh``.
    """
    if not Path("/bin/sh").exists():
        return None
    surroundings = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PROCESSES": " ".join(f"{one.pid}:{one.born}" for one in remembered),
        "FOLDER": str(folder),
    }
    return subprocess.Popen(  # noqa: S603 - our own words
        ["/bin/sh", "-c", _AFTER_US],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=surroundings,
        start_new_session=True,
    )


def dismiss(watcher: subprocess.Popen[bytes] | None) -> None:
    """End a watcher whose processes are already gone."""
    if watcher is not None:
        watcher.kill()
        watcher.wait()
        if watcher.stdin:
            watcher.stdin.close()
