"""What today's findings are held against: recordings of a git revision, or a report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.evaluate import evaluate
from pytest_agentflow.checking.results import CheckResult, Evaluation
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.revision import materialise, merge_base
from pytest_agentflow.report.build import read_report
from pytest_agentflow.report.compare import known_findings
from pytest_agentflow.report.document import Entry
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.summary import file_of


def _as_recorded(run: Run) -> Run:
    return run


@dataclass(slots=True)
class AgainstRevision:
    """Judges the recordings of a commit with today's checks, when asked for them."""

    commit: str
    scratch: tempfile.TemporaryDirectory[str]
    runs: dict[Path, Run | None] = field(default_factory=dict)
    results: dict[tuple[Path | None, Check], CheckResult] = field(default_factory=dict)
    at_prices: Callable[[Run], Run] = _as_recorded
    """Gives a run at the prices that both sides are judged at."""

    def known(self, run: Run, checks: Sequence[Check]) -> Mapping[str, int]:
        """Count the fingerprints that `checks` find in the earlier recording."""
        return _only(known_findings(self.entries(run, checks)))

    def entries(self, run: Run, checks: Sequence[Check]) -> list[Entry]:
        """Judge the earlier recording of `run`; empty where the commit has none."""
        earlier = self.earlier(run)
        if earlier is None:
            return []
        for check in checks:
            if (run.path, check) not in self.results:
                # What was there is its own yardstick: nothing grew beside itself.
                (result,) = evaluate(earlier, check, earlier=earlier).results
                self.results[run.path, check] = result
        found = tuple(self.results[run.path, c] for c in dict.fromkeys(checks))
        evaluation = Evaluation(run=earlier.id, results=found)
        return [build_entry(self.commit, earlier, evaluation)]

    def earlier(self, run: Run) -> Run | None:
        """Give the recording of `run` at the commit; `None`: there is none."""
        if run.path is None:
            return None
        if run.path not in self.runs:
            copy = materialise(self.commit, run.path, Path(self.scratch.name))
            # Known by the name of the file that it is an earlier state of.
            earlier = None if copy is None else replace(load(copy), path=run.path)
            if earlier is not None:
                # At one price for both sides what is left is usage. That prices
                # changed is news of today, and never known from before.
                earlier = replace(self.at_prices(earlier), locked=None)
            self.runs[run.path] = earlier
        return self.runs[run.path]

    def close(self) -> None:
        """Remove the copies of the recordings."""
        self.scratch.cleanup()


@dataclass(slots=True)
class AgainstReport:
    """Holds findings against those that a JSON report lists."""

    listed: Sequence[Entry]

    def known(self, run: Run, checks: Sequence[Check]) -> Mapping[str, int]:
        """Count the fingerprints that the report lists for the run."""
        return _only(known_findings(self.entries(run, checks)))

    def earlier(self, run: Run) -> None:
        """Nothing: a report holds sums, and no calls that could be compared.

        So it tells what rose and not why: checks that hold a run against an earlier
        one, and causes, need recordings (``git:REF``), and their messages say so.
        """

    def entries(self, run: Run, checks: Sequence[Check]) -> list[Entry]:  # noqa: ARG002 - a report lists what was judged then
        """Give what the report lists of `run`."""
        return [e for e in self.listed if e.run.key in (file_of(run), run.id)]

    def close(self) -> None:
        """Nothing to remove."""


def _only(known: Mapping[str, Mapping[str, int]]) -> Mapping[str, int]:
    return next(iter(known.values()), {})


def against(given: str, folder: Path) -> AgainstRevision | AgainstReport:
    """Prepare the comparison that ``--agentflow-against`` asks for.

    Args:
        given: ``git:REF`` (the merge base of HEAD and REF) or a JSON report's path.
        folder: the project's; relative paths start here.

    Raises:
        RevisionError: where it would be an empty comparison.
        UnreadableReport: where the file is no report.
    """
    if not given.startswith("git:"):
        return AgainstReport(listed=read_report(folder / given).entries)
    commit = merge_base(given.removeprefix("git:"), folder)
    scratch = tempfile.TemporaryDirectory(prefix="agentflow-against-")
    return AgainstRevision(commit=commit, scratch=scratch)
