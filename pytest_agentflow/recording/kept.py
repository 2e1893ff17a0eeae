"""Recordings that were read before: a session decodes each of them twice at most."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.names import blobs_folder

MOST_BYTES = 64 * 2**20
"""What is kept, in all; what was asked for longest ago goes first."""

SETTLED = 2_000_000_000
"""Nanoseconds after which a file's time tells it from what is written next: file
systems count time in steps, and a file may change twice within one."""

Identity: TypeAlias = tuple[tuple[str, int, int, int], ...]
"""Name, inode, time of change in ns and size, of a recording and its side files."""


@dataclass(slots=True)
class Kept:
    """Runs by file, as bytes: whoever changes one it was given changes no other's.

    The first reading of a file only notes it, since most are read once; the second
    keeps it. A recording that has changed since, or one of its side files, is read
    anew.

    Args:
        most: bytes that are kept in all.
        settled: age in ns from which a file's time is relied on.
    """

    most: int = MOST_BYTES
    settled: int = SETTLED
    size: int = 0
    """Bytes that are kept."""
    _held: OrderedDict[str, tuple[Identity, bytes]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, file: Path, read: Callable[[], Run]) -> Run:
        """Give the run of a recording; what `read` raises is kept by nobody."""
        identity = self._identity(file)
        if identity is None:
            return read()
        name = str(file.absolute())
        known, data = self._held.get(name, (None, b""))
        if known == identity and data:
            with self._lock:
                if name in self._held:
                    self._held.move_to_end(name)
            run: Run = pickle.loads(data)  # noqa: S301 - our own bytes, of this process
            return run
        run = read()
        again = known == identity
        self._hold(name, identity, pickle.dumps(run, 5) if again else b"")
        return run

    def forget(self) -> None:
        """Keep nothing: each recording is read anew."""
        with self._lock:
            self._held.clear()
            self.size = 0

    def _hold(self, name: str, identity: Identity, data: bytes) -> None:
        if len(data) > self.most:
            return
        with self._lock:
            _, old = self._held.pop(name, (None, b""))
            self._held[name] = identity, data
            self.size += len(data) - len(old)
            while self.size > self.most:
                _, (_, gone) = self._held.popitem(last=False)
                self.size -= len(gone)

    def _identity(self, file: Path) -> Identity | None:
        """Tell a file from what it was before; `None`: nothing can be told."""
        try:
            found = tuple(_stats(file))
        except (OSError, ValueError):
            return None  # reading it says what is wrong
        newest = max(changed for _, _, changed, _ in found)
        return found if time.time_ns() - newest > self.settled else None


def _stats(file: Path) -> Iterator[tuple[str, int, int, int]]:
    stat = file.stat()
    yield "", stat.st_ino, stat.st_mtime_ns, stat.st_size
    folder = blobs_folder(file)
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                stat = entry.stat()
                yield entry.name, stat.st_ino, stat.st_mtime_ns, stat.st_size


#: One process runs one session.
KEPT = Kept()
