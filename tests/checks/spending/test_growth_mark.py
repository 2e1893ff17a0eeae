"""The mark `growth`: a run among the recordings of other sizes, or by itself."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import growth

import pytest_agentflow as af
from pytest_agentflow.checking.check import is_timed

SIZES = (1, 2, 4, 8, 16)


def make(size: int, more: int = 0, workflow: str = "pages") -> af.Run:
    """A run of one call for each item, whose prompts grow by so many tokens."""
    calls = tuple(
        af.Call(
            id=f"writer/{i + 1}",
            kind="chat",
            stage="writer",
            model="m",
            usage=af.Usage(input_tokens=100 + more * i, output_tokens=10),
        )
        for i in range(size)
    )
    return af.Run(
        workflow=workflow,
        case="ant",
        size=size,
        inputs={"pages": size},
        stages=(af.Stage(name="writer"),),
        calls=calls,
    )


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., af.Run]:
    """Records runs at five sizes, and gives the largest one."""

    def record(more: int = 0, workflow: str = "pages") -> af.Run:
        for size in SIZES:
            path = tmp_path / workflow / f"ant.n{size}.flow.json"
            path.parent.mkdir(exist_ok=True)
            af.save(make(size, more, workflow), path)
        return af.load(tmp_path / workflow / "ant.n16.flow.json")

    return record


def judged(run: af.Run, *args: Any, **declared: Any) -> af.CheckResult:
    """What the check says of a run."""
    return af.evaluate(run, growth(*args, **declared)).result("growth")


def test_each_quantity_is_a_rule_of_its_own(recorded: Callable[..., af.Run]) -> None:
    """What passes beside what fails is told; the finding names stage and repair."""
    run = recorded(more=60)
    result = judged(run, "pages/*", calls="n", prompt_tokens="n", at=[100])
    (finding,) = result.findings

    assert {rule.rule: rule.verdict for rule in result.rules} == {
        "growth.calls": "passed",
        "growth.prompt_tokens": "failed",
    }
    assert finding.introduced_by == "writer"
    assert finding.message.startswith("prompt_tokens: faster than O(n); all of")
    assert ". " not in finding.message
    assert finding.observed is not None
    assert "of it at size 16 lies beyond O(n), allowed 10%; at" in finding.observed
    assert "at size 100: 307,000 tokens" in finding.observed
    kinds = [type(exhibit) for exhibit in result.exhibits]
    assert kinds == [af.Table, af.Table, af.Line, af.Line]


def test_the_run_stands_in_for_its_own_recording(
    recorded: Callable[..., af.Run],
) -> None:
    """A replay with today's prompts is judged, not what was recorded of it."""
    run = recorded()
    assert judged(run, "pages/*", prompt_tokens="n").ok

    grown = dataclasses.replace(run, calls=make(16, more=60).calls)
    assert judged(grown, "pages/*", prompt_tokens="n").verdict == "failed"


def test_too_few_sizes_are_undetermined_and_pass_only_if_optional(
    recorded: Callable[..., af.Run],
) -> None:
    """INCONCLUSIVE fails a test, and the sizes that are needed are told."""
    check = growth("pages/ant.n[124]", calls="n")
    run = recorded()
    result = af.evaluate(run, check).result("growth")

    assert (result.verdict, result.ok) == ("undetermined", False)
    assert "4 sizes; a pass needs 5" in (result.findings[0].observed or "")
    assert af.evaluate(run, check.optional()).ok


@pytest.mark.parametrize(
    ("pattern", "there"),
    [
        ("nowhere/*", "pages/* (5)"),
        ("page/*", "pages/* (5)"),
        ("pages/an.n16", "pages/ant.n16"),
    ],
)
def test_a_glob_that_matches_nothing_is_an_error_that_says_what_is_there(
    recorded: Callable[..., af.Run], pattern: str, there: str
) -> None:
    """What was looked for, in which folder, the nearest names, and what to write."""
    run = recorded()
    recorded(workflow="others")
    (finding,) = judged(run, pattern, calls="n").findings
    named = there.removesuffix(" (5)")

    assert finding.verdict == "error"
    assert f"runs={pattern!r} matches none of the 10 recordings" in finding.message
    assert f"below {run.folder}; there are {there}" in finding.message
    assert f"as in runs={named!r}" in finding.message


def test_recordings_of_another_workflow_are_an_error(
    recorded: Callable[..., af.Run],
) -> None:
    """Two workflows have no growth in common; the run's own sizes are named."""
    run = recorded()
    recorded(workflow="others")
    for pattern in ("**", "others/*"):
        (finding,) = judged(run, pattern, calls="n").findings
        assert finding.verdict == "error"
        assert "matches runs of others" in finding.message
        assert "name those at sizes 1, 2, 4, 8, 16, as in runs='pages/*'" in (
            finding.message
        )


def test_recordings_of_one_size_are_an_error(recorded: Callable[..., af.Run]) -> None:
    """Growth is over sizes; a glob that finds this run's size alone is a mistake."""
    run = recorded()
    (finding,) = judged(run, "pages/*.n16", calls="n").findings

    assert finding.verdict == "error"
    assert "matches 1 recordings" in finding.message
    assert "none of another size than this run's (16)" in finding.message
    assert "name those at sizes 1, 2, 4, 8, 16" in finding.message


def test_a_workflow_recorded_at_one_size_is_told_how_to_record_others(
    tmp_path: Path,
) -> None:
    """There is nothing to name yet: the mark and the command are told."""
    path = tmp_path / "pages" / "ant.n16.flow.json"
    path.parent.mkdir()
    af.save(make(16), path)
    (finding,) = judged(af.load(path), "pages/*", calls="n").findings

    assert finding.verdict == "error"
    assert "record it at several sizes, with @pytest.mark.agentflow(size=8)" in (
        finding.message
    )


def test_a_run_from_nowhere_has_no_other_sizes() -> None:
    """That is an error that says so, and no growth within the one run."""
    (finding,) = judged(make(16), "pages/*", calls="n").findings

    assert finding.verdict == "error"
    assert "not loaded from a recordings folder" in finding.message


def test_a_replay_is_timed_where_the_span_is_declared() -> None:
    """The computed latency is what turns red when calls are made one by one."""
    assert is_timed(growth("pages/*", span="n"))
    assert not is_timed(growth("pages/*", calls="n"))


def test_the_arguments_are_those_of_a_claim_in_signature_and_text() -> None:
    """They are listed once, and all that judges growth takes and tells them."""
    claimed = inspect.signature(af.growth_claim).parameters
    gate = inspect.signature(af.require_growth).parameters

    assert list(growth.parameters) == ["runs", *list(claimed)[:-1]]
    assert list(gate) == ["runs", *claimed]
    for name in list(claimed)[:-1]:
        assert f"\n    {name}: " in inspect.cleandoc(growth.__doc__ or "")
        assert f"\n    {name}: " in inspect.cleandoc(af.require_growth.__doc__ or "")
    with pytest.raises(af.BadArgument, match="did you mean prompt_tokens="):
        growth("pages/*", prompts_tokens="n")
    with pytest.raises(af.BadArgument, match="batch="):
        growth("pages/*", calls="n", batch="four")


def test_inside_one_run_no_other_is_needed() -> None:
    """The prompts of each stage are held against the number of the call."""
    assert judged(make(16), context_per_call="1").verdict == "passed"
    assert judged(make(2), context_per_call="1").verdict == "undetermined"
    result = judged(make(16, more=60), context_per_call="1")

    assert result.verdict == "failed"
    assert result.findings[0].introduced_by == "writer"
    assert isinstance(result.exhibits[0], af.Line)


def test_a_run_of_single_calls_examines_nothing() -> None:
    """Nothing can grow, and nothing examined is no pass."""
    assert judged(make(1), context_per_call="1").verdict == "inapplicable"


@pytest.mark.parametrize(
    "declared", [{"calls": "n"}, {"context_per_call": "n"}, {"calls": "n", "at": [9]}]
)
def test_other_growth_needs_other_runs(declared: dict[str, Any]) -> None:
    """A mark without a glob is told at collection what it lacks."""
    with pytest.raises(af.BadArgument, match='runs="build_pages/\\*"'):
        growth(**declared)


def test_a_mark_is_read_from_a_command_line() -> None:
    """Every argument can be written as a literal."""
    written = 'growth("pages/*", cost="n", cost_model="aalp", at=[100])'
    check = af.parse_check(written)

    assert check.arguments["cost_model"] == "aalp"
    assert str(check) == written
