"""What a test's JUnit XML says of the runs that it judged, as properties."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.model.fault import same_faults
from pytest_agentflow.model.run import Run
from pytest_agentflow.report.summary import spent
from pytest_agentflow.report.tally import counts, stage_of
from pytest_agentflow.report.text import one_line
from pytest_agentflow.report.wording import cost

MOST = 20
"""So many findings are named; their number is told in any case."""


def junit_properties(
    run: Run, evaluation: Evaluation, *, trial: int | None = None
) -> Iterator[tuple[str, str]]:
    """Give names and values for pytest's ``--junitxml``, all beginning ``agentflow.``.

    Args:
        run: that was judged.
        evaluation: what was decided; a fault that several checks found counts once.
        trial: which trial of the test it was, where there were several.
    """
    faults = same_faults(evaluation.findings)
    found = [f for f in faults.told(evaluation.findings) if counts(f)]
    yield "agentflow.run", one_line(run.id, 200)
    if trial is not None:
        yield "agentflow.trial", str(trial)
    yield "agentflow.verdict", evaluation.verdict.value
    for result in evaluation.results:
        yield f"agentflow.check.{one_line(result.written, 120)}", result.verdict.value
    if run.calls:
        yield "agentflow.cost", cost(spent(run, run.calls, run.fees()))
    for stage in run.stages:
        if stage.calls:
            paid = cost(spent(run, stage.calls))
            yield f"agentflow.cost.{one_line(stage.name, 80)}", paid
    yield "agentflow.findings", str(len(found))
    stages = dict.fromkeys(name for f in found if (name := stage_of(f)))
    if stages:
        yield "agentflow.begins_in", one_line(", ".join(stages), 200)
    for finding in found[:MOST]:
        place = f" {finding.place}:" if str(finding.place) else ":"
        yield (
            "agentflow.finding",
            one_line(f"{finding.rule}{place} {finding.message}", 300),
        )
