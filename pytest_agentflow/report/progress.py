"""Which check is under way on which run, for people who wait."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TextIO

from pytest_agentflow.checking.check import Check
from pytest_agentflow.model.text import plain_line

QUIET_SECONDS = 10.0
"""Where lines cannot be rewritten (a CI log), at most one line in so many seconds."""


@dataclass(slots=True)
class Progress:
    """Call it before each check; on a terminal one line is rewritten, elsewhere few."""

    stream: TextIO
    last: float = 0.0
    shown: bool = False

    def __call__(self, check: Check, run: str) -> None:
        """Say that `check` is about to judge the run with id `run`."""
        text = plain_line(f"agentflow: {check} on {run}")
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[2K{text[:100]}")
            self.shown = True
        elif self.last and time.monotonic() - self.last > QUIET_SECONDS:
            self.stream.write(f"{text}\n")
            self.last = time.monotonic()
        else:
            self.last = self.last or time.monotonic()
        self.stream.flush()

    def clear(self) -> None:
        """Remove the rewritten line."""
        if self.shown:
            self.stream.write("\r\x1b[2K")
            self.stream.flush()
            self.shown = False
