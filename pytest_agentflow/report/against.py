"""What today's findings are held against: recordings of a git revision, or a report."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.evaluate import evaluate
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.revision import materialise, merge_base


@dataclass(slots=True)
class AgainstRevision:
    """Judges the recordings of a commit with today's checks, when asked for them."""

    ref: str
    commit: str
    scratch: tempfile.TemporaryDirectory[str]
    runs: dict[str, Run | None] = field(default_factory=dict)
    findings: dict[tuple[str, Check], Counter[str]] = field(default_factory=dict)

    def before(self, run: Run) -> Run | None:
        """Give the run's recording as it stood at the commit; `None` when new."""
        if run.path is None:
            return None
        if run.id not in self.runs:
            path = materialise(self.commit, run.path, Path(self.scratch.name))
            self.runs[run.id] = None if path is None else load(path)
        return self.runs[run.id]

    def known(self, run: Run, checks: Sequence[Check]) -> Mapping[str, int]:
        """Count the fingerprints that `checks` find in the earlier recording."""
        earlier = self.before(run)
        if earlier is None:
            return {}
        for check in checks:
            if (run.id, check) not in self.findings:
                found = evaluate(earlier, check)
                self.findings[run.id, check] = _prints(found)
        whole: Counter[str] = Counter()
        for check in dict.fromkeys(checks):
            whole.update(self.findings[run.id, check])
        return whole

    def close(self) -> None:
        """Remove the copies of the recordings."""
        self.scratch.cleanup()


@dataclass(slots=True)
class AgainstReport:
    """Holds findings against those that a JSON report lists."""

    ref: str
    evaluations: Mapping[str, Evaluation]

    def before(self, run: Run) -> Run | None:  # noqa: ARG002 - the same form
        """A report holds no runs."""
        return None

    def known(self, run: Run, checks: Sequence[Check]) -> Mapping[str, int]:
        """Count the fingerprints that the report lists for the run and the checks."""
        evaluation = self.evaluations.get(run.id)
        if evaluation is None:
            return {}
        written = {str(check) for check in checks}
        whole: Counter[str] = Counter()
        for result in evaluation.results:
            if result.written in written:
                whole.update(f.fingerprint for f in result.findings)
        return whole

    def close(self) -> None:
        """Nothing to remove."""


def _prints(evaluation: Evaluation) -> Counter[str]:
    return Counter(finding.fingerprint for finding in evaluation.findings)


def against_revision(ref: str, folder: Path) -> AgainstRevision:
    """Prepare the comparison with the merge base of HEAD and `ref`.

    Raises `RevisionError` where that would be an empty comparison.
    """
    commit = merge_base(ref, folder)
    scratch = tempfile.TemporaryDirectory(prefix="agentflow-against-")
    return AgainstRevision(ref=ref, commit=commit, scratch=scratch)
