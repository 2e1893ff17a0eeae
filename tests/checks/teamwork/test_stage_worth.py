"""The check `stage_worth` counts what a stage caught, missed and brought in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import policy, stage_worth
from flow_runs import chat, flow_run

import pytest_agentflow as af

PLANTED = Path(__file__).parents[3] / "fixtures/planted"
BAD, GOOD = "<p>We guarantee it.</p>", "<p>We try.</p>"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A policy that forbids guarantees."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "version: 1\nrules:\n  - id: CLAIM\n    title: No guarantee\n"
        "    severity: error\n"
        "    forbid: {in: {kind: artefact}, terms: [guarantee]}\n"
        "    why: Lawyers said so.\n    fix: Leave it out.\n"
    )
    return path


def page(text: str, stage: str) -> af.Artefact:
    """A version of the page."""
    return af.Artefact(
        name="p.html", media_type="text/html", data=text.encode(), stage=stage
    )


def reviewed(
    shown: str, *, approved: Any = True, left: str | None = None, case: str = "c"
) -> af.Run:
    """A page, and what QA made of it."""
    run = flow_run(chat("front", "go", shown), chat("qa", shown, "said"))
    front, qa = run.stages
    made = () if left is None else (page(left, "qa"),)
    return replace(
        run,
        case=case,
        stages=(front, replace(qa, outputs=({"approved": approved},))),
        artefacts=(page(shown, "front"), *made),
    )


def judge(runs: Sequence[af.Run], rules: Path, **arguments: Any) -> af.CheckResult:
    """Judge the first run, with the others beside it in a folder."""
    folder = rules.parent / "recordings"
    for number, run in enumerate(runs):
        name = f"{run.case}.flow.json"
        af.save(run, folder / run.workflow / name)
        if not number:
            first = folder / run.workflow / name
    check = stage_worth("qa", checks=[policy(rules)], runs="w/*", **arguments)
    return af.evaluate(replace(af.load(first), folder=folder), check).results[0]


def test_qa_that_approves_everything_is_named(rules: Path) -> None:
    """It caught none of the faults it was shown."""
    runs = [reviewed(BAD, case="a"), reviewed(BAD, case="b"), reviewed(GOOD, case="c")]
    (finding,) = judge(runs, rules).findings
    assert finding.message == (
        "qa caught 0 of 2 faults. It approved 3 of 3 pages as they were; 2 of these "
        "held faults. Missed: CLAIM in w/a, CLAIM in w/b"
    )
    assert (finding.introduced_by, finding.expected) == ("qa", "at least one")


def test_repairs_and_refusals_are_catches(rules: Path) -> None:
    """The page that is refused is not shipped; the one that is repaired is."""
    runs = [
        reviewed(BAD, left=GOOD, case="a"),
        reviewed(BAD, approved="no", case="b"),
        reviewed(BAD, case="c"),
    ]
    assert judge(runs, rules, min_caught=0.6).ok
    (finding,) = judge(runs, rules, min_caught=0.7).findings
    assert finding.observed == "2 of 3"
    rows = judge(runs, rules).exhibits[0].rows
    assert [row[2:6] for row in rows] == [
        ("approved", "yes", "1", "0"),
        ("refused", "no", "1", "0"),
        ("approved", "no", "0", "1"),
    ]


def test_false_alarms_are_counted_on_faultless_runs(rules: Path) -> None:
    """A fault that is refused is none."""
    runs = [
        reviewed(GOOD, approved=False, case="a"),
        reviewed(GOOD, case="b"),
        reviewed(BAD, approved=False, case="c"),
    ]
    (finding,) = judge(runs, rules, max_false_alarms=0.3).findings
    assert finding.message.startswith("qa refused 1 of 2 runs")
    assert judge(runs, rules, max_false_alarms=0.5).ok


def test_faults_that_it_brings_in_are_its_own(rules: Path) -> None:
    """The page was fine before it was corrected."""
    runs = [reviewed(GOOD, left=BAD, case="a"), reviewed(BAD, left=GOOD, case="b")]
    (finding,) = judge(runs, rules, max_introduced=0).findings
    assert finding.message.startswith("qa brought 1 fault into w/a")
    assert judge(runs, rules, max_introduced=1).ok


def test_a_catch_has_a_price(rules: Path) -> None:
    """What the stage cost in all runs, over the faults that it caught."""
    runs = [reviewed(BAD, left=GOOD, case="a"), reviewed(GOOD, case="b")]
    assert judge(runs, rules, max_cost=1).ok
    (finding,) = judge(runs, rules, max_cost=0.0001).findings
    assert "over 2 runs and caught 1 fault, " in finding.message


def test_where_there_is_no_fault_nothing_is_told(rules: Path) -> None:
    """Nothing examined is no pass."""
    result = judge([reviewed(GOOD, case="a")], rules)
    assert (result.verdict, result.findings) == ("inapplicable", ())
    assert "add runs with planted faults" in result.notes[0].text


def test_a_verdict_that_is_not_there_is_an_error(rules: Path) -> None:
    """The path is a typo, or QA says it elsewhere."""
    (finding,) = judge([reviewed(BAD, case="a")], rules, verdict="$.verdict").findings
    assert (finding.verdict, "verdict='$.verdict'" in finding.message) == (
        "error",
        True,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"checks": []}, "lists what qa is held against"),
        ({"checks": "policy('x.yaml')"}, "lists what qa is held against"),
        ({"checks": ["html_validity"], "min_caught": 7}, "share from 0 to 1"),
        ({"checks": ["html_validity"], "verdict": "approved"}, "no JSON path"),
    ],
)
def test_arguments_are_checked_when_they_are_written(
    arguments: dict[str, Any], said: str
) -> None:
    """An error at collection, before any workflow has run."""
    with pytest.raises(af.BadArgument, match=said):
        stage_worth("qa", **arguments)


def test_planted_faults_of_the_sample_are_told_apart() -> None:
    """QA repaired the saving, and let the guarantee through."""
    company = PLANTED.parents[1] / "examples/website_builder/policies/company.yaml"
    checks = [policy(company), 'hallucination(stage="personalizer")']
    verdicts = {}
    for name in ("invented-saving", "guarantee"):
        (path,) = af.find_recordings(PLANTED / name)
        run = af.load(path)
        result = af.evaluate(run, stage_worth("qa", checks=checks)).results[0]
        verdicts[name] = str(result.verdict)
    assert verdicts == {"invented-saving": "passed", "guarantee": "failed"}
