"""What makes a run good in a comparison: the faults that are there, and no excuse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import pytest_agentflow as af
from pytest_agentflow.checking.require import Settings, judge_run, using
from pytest_agentflow.checking.waivers import Waiver
from pytest_agentflow.decomposition.judging import decided, evaluation_of, goodness

BAD = af.Run(workflow="split", case="a", stages=(af.Stage(name="writer"),))


@af.check("bad")
def bad(run: af.Run) -> Iterator[object]:
    """Nothing is good."""
    del run
    yield af.Finding(rule="bad", message="not good", place=af.Place(stage="writer"))


@af.check("silent")
def silent(run: af.Run) -> Iterator[object]:
    """Nothing is examined."""
    del run
    yield af.Rule(id="silent", title="nothing to examine")


WAIVED = Settings(
    waivers=(Waiver(rule="bad", until="2099-01-01", by="qa", reason="for now"),)
)
KNOWN = Settings(
    known=lambda run, checks: {
        finding.fingerprint: 1
        for finding in af.evaluate(run, *checks).results[0].findings
    }
)


@pytest.mark.parametrize("settings", [WAIVED, KNOWN], ids=["waived", "known"])
def test_a_fault_that_is_excused_in_a_test_counts_in_a_comparison(
    settings: Settings,
) -> None:
    """A bad page that main had too, or that a waiver covers, is no good page."""
    with using(settings):
        assert judge_run(BAD, [bad()]).results[0].verdict is af.Verdict.PASSED
        assert goodness(evaluation_of(BAD, [bad()])) is False


def test_what_is_optional_lets_a_test_pass_and_makes_no_run_good() -> None:
    """A check that examined nothing decided nothing, whatever a test makes of it."""
    (result,) = af.evaluate(BAD, silent().optional()).results
    assert result.ok
    assert decided(result) is None
