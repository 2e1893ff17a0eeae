"""Write the report in the form that a path's suffix asks for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_agentflow.report.document import Report
from pytest_agentflow.report.encoding import report_to_text
from pytest_agentflow.report.html import render_html
from pytest_agentflow.report.markdown import render_markdown
from pytest_agentflow.report.sarif import render_sarif

FORMS: Mapping[str, Callable[[Report], str]] = {
    ".html": render_html,
    ".json": report_to_text,
    ".md": render_markdown,
    ".sarif": render_sarif,
}
"""Suffix -> what makes the text. A path without suffix is GitHub's step summary."""

STEP_SUMMARY_BYTES = 1_000_000
"""GitHub refuses a step's summary above 1 MiB; whatever the step wrote before counts.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""


class ReportNotWritten(ValueError):
    """A report cannot be written there or in that form; the message says what can."""

    __module__ = "pytest_agentflow"


def check_path(path: Path) -> None:
    """Raise `ReportNotWritten` unless `path` names a form of the report.

    To be called where the option is read, so that a typing error is told before the
    tests run and not after.
    """
    if path.suffix and path.suffix.lower() not in FORMS:
        known = ", ".join(FORMS)
        message = (
            f"{path}: no report has the form {path.suffix}. Forms by suffix: {known}; "
            "a path without suffix is appended to as Markdown, as $GITHUB_STEP_SUMMARY "
            f"wants it. For example: {path.with_suffix('.html')}"
        )
        raise ReportNotWritten(message)
    if path.is_dir():
        message = f"{path} is a folder. Name a file in it: {path / 'quality.html'}"
        raise ReportNotWritten(message)


def write(report: Report, path: Path) -> None:
    """Write `report` to `path`, whole or not at all; makes missing folders.

    Args:
        report: what to write.
        path: ``.html``, ``.json``, ``.md`` or ``.sarif``; without suffix, Markdown is
            appended.

    Raises:
        ReportNotWritten: another suffix, or a place that cannot be written.
    """
    check_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix:
            _replace(path, FORMS[path.suffix.lower()](report))
        else:
            _append(path, report)
    except OSError as error:
        message = (
            f"the report {path} cannot be written: {error.strerror or error}. "
            "Name a place that can: --agentflow-report=quality.html"
        )
        raise ReportNotWritten(message) from error


def _replace(path: Path, text: str) -> None:
    """Write beside `path` first, so that a reader never sees half a report."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(text, "utf-8", newline="\n")
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _append(path: Path, report: Report) -> None:
    written = path.stat().st_size if path.exists() else 0
    room = max(STEP_SUMMARY_BYTES - written - 2, 0)
    text = render_markdown(report, limit=room)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"\n{text}" if written and text else text)
