"""What the tests judged, sent on their reports and put together to one report."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.discovery import engine_versions
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.decomposition.bound import Decomposition
from pytest_agentflow.model.run import Run
from pytest_agentflow.plugin.options import mode_of
from pytest_agentflow.recording.revision import RevisionError
from pytest_agentflow.report.against import AgainstReport, AgainstRevision
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.document import Entry, GateEntry, Outcome, Report
from pytest_agentflow.report.encoding import (
    entry_from_text,
    entry_to_text,
    gate_from_text,
    gate_to_text,
    trials_from_text,
)
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.junit import junit_properties
from pytest_agentflow.report.recorded import RecordingsChanged
from pytest_agentflow.report.recordings import recordings_against
from pytest_agentflow.report.terminal import summary_lines
from pytest_agentflow.report.write import write


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One run that a test had judged, and by which checks."""

    run: Run
    checks: tuple[Check, ...]
    evaluation: Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the report tells of a test beside what it judged."""

    target: str
    outcome: Outcome
    trial: int | None
    problem: str
    reproduce: str
    position: int
    pictures: bool
    """Whether a report is asked for, so that pictures are worth sending."""
    against: AgainstRevision | AgainstReport | None


def pack(judged: Sequence[Judged], gates: Sequence[Decomposition], told: Told) -> str:
    """Give what one test judged as one JSON text."""
    entries = [_entry(one, told) for one in judged]
    if told.problem and not entries:
        entries = [_unjudged(told)]
    before = [
        entry
        for one in judged
        if told.against is not None
        for entry in told.against.entries(one.run, one.checks)
    ]
    return json.dumps(
        {
            "entries": [entry_to_text(e, pictures=told.pictures) for e in entries],
            "before": [entry_to_text(e, pictures=False) for e in before],
            "gates": [gate_to_text(_gate(gate, told)) for gate in gates],
            "versions": engine_versions(),
        }
    )


def properties(judged: Sequence[Judged], trial: int | None) -> list[tuple[str, object]]:
    """Give what the JUnit XML says of the runs that one test judged."""
    found = (junit_properties(j.run, j.evaluation, trial=trial) for j in judged)
    return list(itertools.chain.from_iterable(found))


def _entry(one: Judged, told: Told) -> Entry:
    return build_entry(
        told.target,
        one.run,
        one.evaluation,
        outcome=told.outcome,
        trial=told.trial,
        problem=told.problem,
        reproduce=told.reproduce,
        position=told.position,
    )


def _unjudged(told: Told) -> Entry:
    # A test that broke before anything was judged must not be missing from the report.
    file, _, name = told.target.partition("::")
    run = Run(workflow=Path(file).stem, case=name, missing=("run",))
    nothing = Evaluation(run=run.id)
    return build_entry(
        told.target,
        run,
        nothing,
        outcome="error",
        trial=told.trial,
        problem=told.problem,
        reproduce=told.reproduce,
        position=told.position,
    )


def _gate(gate: Decomposition, told: Told) -> GateEntry:
    return GateEntry(
        title=f"{gate.workflow} against {gate.baseline}",
        verdict=gate.verdict,
        sentences=gate.sentences,
        exhibits=gate.exhibits,
        target=told.target,
        reproduce=told.reproduce,
        position=told.position,
        optional=gate.optional,
        cost=gate.cost,
        baseline_cost=gate.baseline_cost,
        authored=gate.authored,
        estimated=gate.estimated,
    )


class Collector:
    """Takes what test reports carry, in the process that logs them."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        # Keyed by test, so that a test that is run again counts once.
        self.texts: dict[str, list[str]] = {}
        self.trials: dict[str, str] = {}
        self.made: Report | None = None

    def take(self, nodeid: str, texts: list[str]) -> None:
        """Keep what one test judged, in each of its trials."""
        self.texts[nodeid] = texts

    def take_trials(self, nodeid: str, text: str) -> None:
        """Keep how the trials of one test went."""
        self.trials[nodeid] = text

    def report(self) -> Report:
        """Put everything together, once."""
        self.made = self.made or self._make()
        return self.made

    def _make(self) -> Report:
        entries: list[Entry] = []
        before: list[Entry] = []
        gates: list[GateEntry] = []
        versions: dict[str, str] = {}
        for text in itertools.chain.from_iterable(self.texts.values()):
            data = json.loads(text)
            entries += map(entry_from_text, data["entries"])
            before += map(entry_from_text, data["before"])
            gates += map(gate_from_text, data["gates"])
            versions |= data["versions"]
        return build_report(
            entries,
            trials=map(trials_from_text, self.trials.values()),
            decompositions=gates,
            before=before,
            against=self.config.getoption("agentflow_against") or "",
            recordings=self._recordings(),
            mode=str(mode_of(self.config)),
            git=_revision(self.config.rootpath),
            versions=versions,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            command=shlex.join(
                ["pytest", *map(str, self.config.invocation_params.args)]
            ),
        )

    def _recordings(self) -> RecordingsChanged | None:
        """Tell how the recordings changed, where a report is there to show it."""
        given = self.config.getoption("agentflow_against") or ""
        if not self.config.getoption("agentflow_report"):
            return None
        # That there is such a revision was asked before the tests ran.
        with contextlib.suppress(RevisionError):
            return recordings_against(given, self.config.rootpath)
        return None

    def write(self, paths: Sequence[str]) -> None:
        """Write every report that was asked for."""
        report = self.report()
        for path in paths:
            try:
                write(report, Path(self.config.invocation_params.dir, path))
            except (OSError, ValueError) as error:
                message = f"--agentflow-report={path}: {error}"
                raise pytest.UsageError(message) from error

    def summarise(
        self, terminal: pytest.TerminalReporter, recorded: Sequence[str] = ()
    ) -> None:
        """Print one line per check; nothing when no run was judged.

        Args:
            terminal: where to print.
            recorded: lines that say where recordings were written.
        """
        paths = self.config.getoption("agentflow_report")
        width = terminal._tw.fullwidth  # noqa: SLF001 - pytest offers no other way
        lines = list(summary_lines(self.report(), width=width))
        if not (lines or recorded or paths):
            return
        terminal.section("agentflow")
        for line in [*lines, *recorded, *(f"report: {path}" for path in paths)]:
            terminal.write_line(line)


def _revision(folder: Path) -> str:
    if revision := os.environ.get("GITHUB_SHA"):
        return revision
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            command, cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()
