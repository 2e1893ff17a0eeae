"""Which check is under way on which run, for people who wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from pytest_agentflow.checking.check import Check
from pytest_agentflow.model.text import plain_line


@dataclass(slots=True)
class Progress:
    """Call it before each check: on a terminal one line is rewritten, elsewhere none.

    A log cannot be rewritten, and the line would stand amid pytest's dots.
    """

    stream: TextIO
    shown: bool = False

    def __call__(self, check: Check, run: str) -> None:
        """Say that `check` is about to judge the run with id `run`."""
        if not self.stream.isatty():
            return
        text = plain_line(f"agentflow: {check} on {run}")
        self.stream.write(f"\r\x1b[2K{text[:100]}")
        self.shown = True
        self.stream.flush()

    def clear(self) -> None:
        """Remove the rewritten line."""
        if self.shown:
            self.stream.write("\r\x1b[2K")
            self.stream.flush()
            self.shown = False
