"""`cost(latency=...)`: computed from the replay where it is, else as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from agentflow_checks import cost

import pytest_agentflow as af

Spans = Mapping[str, tuple[float, float]]

SIDE_BY_SIDE: Spans = {
    "plan/1": (0, 1000),
    "paint/1": (1000, 2000),
    "paint/2": (1000, 2500),
    "write/1": (2500, 4000),
}
IN_TURN: Spans = {
    "plan/1": (0, 1000),
    "paint/1": (1000, 2000),
    "paint/2": (2000, 3500),
    "write/1": (3500, 5000),
}
STAGES = ("plan", "paint", "write")


def run_of(recorded: Spans, computed: Spans | None = None, **more: object) -> af.Run:
    """Make up a run with the times of its recording, and of its replay."""
    calls = tuple(
        af.Call(id=id_, kind="chat", stage=id_.partition("/")[0]) for id_ in recorded
    )
    timings = {id_: af.Timing(start=a, end=b) for id_, (a, b) in recorded.items()}
    stages = {
        name: (
            min(t.start for i, t in timings.items() if i.startswith(name)),
            max(t.end or 0 for i, t in timings.items() if i.startswith(name)),
        )
        for name in STAGES
    }
    ends = max(b for _, b in recorded.values())
    found = None
    if computed is not None:
        found = af.Computed(calls=computed, critical=tuple(computed), **more)  # type: ignore[arg-type]
    return af.Run(
        workflow="build",
        case="one",
        stages=tuple(af.Stage(name=name) for name in STAGES),
        calls=calls,
        recorded=af.Recorded(duration=ends, calls=timings, stages=stages),
        computed=found,
    )


def judged(run: af.Run, latency: object) -> af.CheckResult:
    """Judge the latency alone."""
    check = cost(latency=latency)
    return af.evaluate(run, check).result("cost")


def the_finding(run: af.Run, latency: object) -> af.Finding:
    """Give the one finding."""
    (finding,) = judged(run, latency).findings
    return finding


def test_a_serialised_stage_turns_red_without_a_new_recording() -> None:
    """The recording is quick enough; the code that replays it is not."""
    assert judged(run_of(SIDE_BY_SIDE), {"paint": 1.5}).ok
    assert judged(run_of(SIDE_BY_SIDE, SIDE_BY_SIDE), {"paint": 1.5}).ok
    finding = the_finding(run_of(SIDE_BY_SIDE, IN_TURN), {"paint": 1.5})
    assert finding.rule == "cost.latency"
    assert finding.introduced_by == "paint"
    assert finding.message == (
        "paint takes 2.500 s (computed from this replay), 1.000 s (67 %) over its 1.5 "
        "s. paint: 2 calls one after the other, 2.500 s; recorded 1.500 s side by "
        "side, which costs 1.000 s."
    )


def test_a_slow_run_names_its_critical_path_and_the_stage_that_was_serialised() -> None:
    """The whole run's finding is put down to the stage that does otherwise now."""
    finding = the_finding(run_of(SIDE_BY_SIDE, IN_TURN), 4)
    assert finding.introduced_by == "paint"
    assert finding.message == (
        "the run takes 5.000 s (computed from this replay), 1.000 s (25 %) over its 4 "
        "s. Critical path: plan 1.000 s -> paint 2.500 s -> write 1.500 s. paint: 2 "
        "calls one after the other, 2.500 s; recorded 1.500 s side by side, which "
        "costs 1.000 s."
    )


def test_a_run_that_was_as_slow_when_recorded_names_its_longest_stage() -> None:
    """Where nothing was serialised, the stage that takes the longest is named."""
    finding = the_finding(run_of(IN_TURN, IN_TURN), 4)
    assert finding.introduced_by == "paint"
    assert finding.message.endswith("paint takes the longest, 2.500 s.")


def test_stages_that_follow_each_other_now_are_named() -> None:
    """Two stages that were side by side, each as quick as ever, take longer."""
    together = {"plan/1": (0, 1000), "paint/1": (1000, 3000), "write/1": (1000, 3000)}
    apart = {"plan/1": (0, 1000), "paint/1": (1000, 3000), "write/1": (3000, 5000)}
    finding = the_finding(run_of(together, apart), 4)
    assert finding.message.endswith(
        "paint and write were recorded side by side, and follow each other now."
    )


def test_what_is_judged_is_said() -> None:
    """Computed and recorded time are told apart."""
    computed = the_finding(run_of(SIDE_BY_SIDE, SIDE_BY_SIDE), 1)
    recorded = the_finding(run_of(SIDE_BY_SIDE), 1)
    assert computed.observed == "4.000 s, computed from this replay"
    assert recorded.observed == "4.000 s, recorded"


def test_a_latency_that_could_not_be_computed_is_undetermined() -> None:
    """A figure that cannot be relied on decides nothing, either way."""
    run = run_of(SIDE_BY_SIDE, SIDE_BY_SIDE, undetermined=("it never stood still",))
    finding = the_finding(run, 100)
    assert finding.verdict is af.Verdict.UNDETERMINED
    assert "it never stood still" in finding.message
    assert "--agentflow-latency=recorded" in (finding.fix or "")


def test_what_was_not_waited_for_is_noted() -> None:
    """A note of the clock's stands beside the verdict."""
    run = run_of(SIDE_BY_SIDE, SIDE_BY_SIDE, notes=("the poller at x.py:3 waited",))
    result = judged(run, 5)
    assert result.ok
    assert any("the poller" in note.text for note in result.notes)


def test_span_stands_beside_work() -> None:
    """The report's table shows both for each stage, and what was recorded."""
    result = judged(run_of(SIDE_BY_SIDE, IN_TURN), 9)
    (table,) = [
        e
        for e in result.exhibits
        if isinstance(e, af.Table) and e.title.startswith("Latency")
    ]
    assert table.rows[1] == ("paint", "2", "1", "2.500", "2.500", "1.500")
    assert table.rows[-1] == ("the run", "4", "1", "5.000", "5.000", "4.000")


def test_a_stage_without_calls_is_judged_as_recorded() -> None:
    """A stage that only computes takes no time in a replay: the recording tells."""
    run = run_of(SIDE_BY_SIDE, SIDE_BY_SIDE)
    idle = af.Stage(name="publish")
    recorded = replace(
        run.recorded, stages={**run.recorded.stages, "publish": (4000.0, 6000.0)}
    )
    run = replace(run, stages=(*run.stages, idle), recorded=recorded)
    assert the_finding(run, {"publish": 1}).observed == "2.000 s, recorded"


def test_a_recording_that_is_judged_alone_is_held_to_its_recorded_times() -> None:
    """Where no workflow ran, a stage over its limit is told as it was recorded."""
    folder = Path(__file__).parents[3] / "examples/website_builder/recordings"
    run = af.load(folder / "build_site" / "bakery.flow.json")
    (result,) = af.evaluate(run, cost(latency={"artist": 0.1})).results
    assert result.verdict is af.Verdict.FAILED
    (finding,) = result.findings
    assert finding.message.startswith("artist took 0.732 s (recorded), 0.632 s")
    assert finding.message.endswith("4 calls side by side.")


def test_a_stage_that_is_not_there_is_an_error() -> None:
    """A misspelt stage is told, and never passes."""
    finding = the_finding(run_of(SIDE_BY_SIDE, SIDE_BY_SIDE), {"pant": 1})
    assert finding.verdict is af.Verdict.ERROR
    assert "Did you mean 'paint'?" in finding.message


@pytest.mark.parametrize(("arguments", "timed"), [({"latency": 3}, True), ({}, False)])
def test_only_a_check_of_latency_asks_for_it(
    arguments: dict[str, object], timed: bool
) -> None:
    """A budget of money alone lets replays stay as quick as they are."""
    from pytest_agentflow.checking.check import is_timed

    assert is_timed(cost(0.1, **arguments)) is timed
