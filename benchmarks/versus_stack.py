"""Planted regressions: what does this project catch, and what a stack of others?

Every regression of ``fixtures/planted`` and every healthy run of the sample is judged
by the checks that the sample's own tests carry, and by promptfoo, deepeval,
pytest-recording and Lighthouse CI as their documentation says to set them up
(``stack/config``). A peer catches a regression when something fails on it that does
not fail on the healthy run of the same customer. There is no model here: metrics that
ask one do not run, and rows that they might have caught are counted by themselves.

The peers get each stage's text, what it cost and when its calls were; collecting that
is not counted as their set-up. They are installed into WORKDIR, outside of the project.

    python benchmarks/versus_stack.py [--json] [--workdir FOLDER] [--only TOOL]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from agentflow_checks.web import session as web
from stack import (
    deepeval_run,
    exported,
    lighthouse_run,
    ours,
    promptfoo_eval,
    recording_run,
    setup_lines,
    table,
)
from stack.install import NotInstalledError
from stack.subjects import STAGES, Subject, subjects
from stack.verdicts import Judged, caught

Judge = Callable[[tuple[Subject, ...], Path, Path], Judged]
PEERS: dict[str, Judge] = {
    peer.TOOL: peer.judge
    for peer in (promptfoo_eval, deepeval_run, recording_run, lighthouse_run)
}
DEFAULT = Path(tempfile.gettempdir()) / "agentflow-versus-stack"


def main() -> int:
    """Judge all runs by all tools, and print who caught what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="last line: the figures")
    parser.add_argument("--workdir", type=Path, default=DEFAULT)
    parser.add_argument("--only", action="append", choices=PEERS, help="this peer")
    options = parser.parse_args()
    everything = subjects()
    work = exported_to(everything, options.workdir.resolve() / "work")
    try:
        judged = [ours.judge(everything)]
    finally:
        web.shutdown()
    tools = work.parent / "tools"
    judged += [peer(tool, everything, tools, work) for tool in options.only or PEERS]
    rows = compared(everything, judged)
    figures = table.figures(
        rows,
        judged,
        [subject.name for subject in everything if subject.row is None],
        {ours.TOOL: setup_lines.of_ours()}
        | {tool: setup_lines.of_peer(tool) for tool in PEERS},
        len(everything),
    )
    print(f"{dt.datetime.now(dt.UTC):%Y-%m-%d}\n")
    print(table.rendered(rows, figures))
    if options.json:
        print(json.dumps(figures | {"rows": [table.as_json(row) for row in rows]}))
    return 0


def exported_to(everything: tuple[Subject, ...], work: Path) -> Path:
    """Write what the peers read into an empty folder."""
    shutil.rmtree(work, ignore_errors=True)
    for subject in everything:
        exported.export(subject, work / "runs", work / "pages")
    return work


def peer(tool: str, everything: tuple[Subject, ...], tools: Path, work: Path) -> Judged:
    """Let a peer judge all runs; one that does not install is reported as such."""
    try:
        return PEERS[tool](everything, tools, work)
    except NotInstalledError as error:
        return Judged(tool=tool, error=str(error))


def compared(
    everything: tuple[Subject, ...], judged: list[Judged]
) -> tuple[table.Row, ...]:
    """One row for each regression."""
    mine, *peers = judged
    return tuple(
        table.row(
            name=subject.name,
            stage=subject.stage,
            check=subject.row.check.partition("(")[0],
            ours=caught(
                mine.failures[subject.name], mine.failures[healthy_of(subject)]
            ),
            own=ours.SUITE.name,
            peers=peers,
            healthy=healthy_of(subject),
            stages=STAGES,
        )
        for subject in everything
        if subject.row is not None
    )


def healthy_of(subject: Subject) -> str:
    """The healthy run of the same customer."""
    return f"healthy-{subject.case}"


if __name__ == "__main__":
    raise SystemExit(main())
