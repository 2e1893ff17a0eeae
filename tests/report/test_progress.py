"""Progress is for people who watch a terminal."""

from __future__ import annotations

import io

from agentflow_checks import cost

from pytest_agentflow.report.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_a_terminal_has_one_line_that_is_removed() -> None:
    """Nothing of it stays among what pytest prints."""
    stream = Terminal()
    progress = Progress(stream)
    progress(cost(total=1), "w/c")
    assert stream.getvalue() == "\r\x1b[2Kagentflow: cost(total=1) on w/c"
    progress.clear()
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_a_log_has_none() -> None:
    """No line stands amid the dots of a log, however often it is called."""
    stream = io.StringIO()
    progress = Progress(stream)
    for _ in range(3):
        progress(cost(total=1), "w/c")
    progress.clear()
    assert stream.getvalue() == ""
