"""What a test's JUnit XML says of the runs that it judged."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_runs import split_run
from report_strategies import evaluations, runs

import pytest_agentflow as af
from pytest_agentflow.report.junit import MOST, junit_properties


def failing(*findings: af.Finding) -> Iterator[af.CheckResult]:
    """Give a check that found them."""
    rule = af.RuleResult(rule="r", verdict=af.Verdict.FAILED, findings=findings)
    yield af.CheckResult(
        check="c", written='c("AA")', verdict=af.Verdict.FAILED, rules=(rule,)
    )


def test_a_test_tells_verdicts_cost_per_stage_and_findings() -> None:
    """A fault of two rules counts once, and the stage where it begins is named."""
    place = af.Place(artefact="index.html", line=3, column=1)
    found = [
        af.Finding(
            rule=rule,
            message="no alt",
            fault="alt",
            place=place,
            introduced_by="artist",
        )
        for rule in ("a11y.image-alt", "html.source")
    ]
    run = split_run("hotel")
    evaluation = af.Evaluation(run=run.id, results=tuple(failing(*found)))
    told = dict(junit_properties(run, evaluation, trial=2))

    assert told["agentflow.run"] == "build_site/hotel"
    assert told["agentflow.trial"] == "2"
    assert told["agentflow.verdict"] == told['agentflow.check.c("AA")'] == "failed"
    assert told["agentflow.findings"] == "1"
    assert told["agentflow.begins_in"] == "artist"
    assert told["agentflow.finding"] == "a11y.image-alt index.html:3:1: no alt"
    assert told["agentflow.cost"].startswith("$")
    stages = {stage.name for stage in run.stages if stage.calls}
    costs = {name for name in told if name.startswith("agentflow.cost.")}
    assert costs == {f"agentflow.cost.{stage}" for stage in stages}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs, evaluations, st.none() | st.integers(1, 9))
def test_every_run_has_its_properties(
    run: af.Run, evaluation: af.Evaluation, trial: int | None
) -> None:
    """Whatever was recorded, names and values are single lines of bounded length."""
    told = list(junit_properties(run, evaluation, trial=trial))

    assert all(name.startswith("agentflow.") for name, _ in told)
    assert all("\n" not in name + value for name, value in told)
    assert sum(name == "agentflow.finding" for name, _ in told) <= MOST
