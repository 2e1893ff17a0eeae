"""Start a browser again as its driver started it, without the driver: that is quick."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agentflow_checks.web import processes


def command_of(pids: Iterable[int], profile: Path) -> tuple[str, ...]:
    """Give the command line of the browser among these processes.

    :returns: empty where the system does not tell.
    """
    for pid in pids:
        # A process may end between listing and reading.
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            words = line.rstrip("\0").split("\0")
            helper = any(word.startswith("--type=") for word in words)
            if f"--user-data-dir={profile}" in words and not helper:
                return tuple(words)
    return ()


def start(
    command: Sequence[str],
    surroundings: Mapping[str, str],
    profile: Path,
    *,
    seconds: float,
) -> subprocess.Popen[bytes] | None:
    """Start it, and wait for its debugging socket; None: it has none in time."""
    quiet = subprocess.DEVNULL
    root = subprocess.Popen(  # noqa: S603 - as its driver wrote it
        command,
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        env=surroundings,
        start_new_session=True,
    )
    end = time.monotonic() + seconds
    while time.monotonic() < end and root.poll() is None:
        if is_open(profile):
            return root
        time.sleep(0.01)
    processes.end(root.pid)
    root.wait()
    return None


def is_open(profile: Path) -> bool:
    """Tell whether the browser has written down where its debugging socket is."""
    try:
        return (profile / "DevToolsActivePort").read_text().count("\n") > 0
    except OSError:
        return False
