"""The judge that the configuration names: recorded, replayed, capped, trusted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Recorder = Callable[..., pytest.RunResult]

FLOW = """
import pytest_agentflow as af

GUIDE = "Dogs are not allowed in the house. Breakfast is served on the terrace."
SAID = ["Dogs are welcome in our house.", "Guests eat outside in the morning."]


def describe(house):
    with af.stage("writer") as s:
        s.sources([{"id": "guide.md", "text": GUIDE}])
        s.output("\\n".join(SAID))
    return "\\n".join(SAID)
"""

JUDGE = """
import os

import httpx
from agentflow_checks.grounding.judging import JudgeVerdict

DOGS = "Dogs are not allowed in the house"
MEAL = "Breakfast is served on the terrace"


def judge(claims, evidence):
    url = os.environ.get("MODEL_URL", "http://127.0.0.1:9")
    text = "\\n".join(c.text for c in [*claims, *evidence])
    body = {"model": "m-small", "messages": [{"role": "user", "content": text}]}
    httpx.post(url + "/v1/chat/completions", json=body).raise_for_status()
    return {
        c.id: JudgeVerdict(verdict="contradicted", quote=DOGS)
        if "Dogs" in c.text
        else JudgeVerdict(verdict="supported", quote=MEAL)
        for c in claims
    }
"""

TEST = """
import pytest
from house import describe

@pytest.mark.agentflow(case="alpine")
@pytest.mark.hallucination(stage="writer"{arguments})
def test_house(agentflow):
    agentflow.run(describe, "alpine")
"""

CALIBRATION = {
    "schema": "agentflow-calibration/1",
    "labels": "labels.jsonl",
    "sha256": "0" * 64,
    "at": "2026-11-22",
    "unit": "claim",
    "supported": 60,
    "unsupported": 60,
    "groups": 20,
    "score": None,
    "judge": {
        "judge": "judges:judge",
        "models": ["m-small"],
        "kappa": 0.8,
        "low": 0.6,
        "high": 0.9,
        "decided": 120,
        "undecided": 0,
        "rate": 0.5,
        "rate_low": 0.4,
        "rate_high": 0.6,
        "judge_rate": 0.5,
    },
}


@pytest.fixture
def judged(project: pytest.Pytester) -> pytest.Pytester:
    """A project whose configuration names a judge."""
    project.makepyfile(house=FLOW, judges=JUDGE, test_house=TEST.format(arguments=""))
    config = (
        Path("pytest.ini").read_text().replace("agentflow_stages =", "").split("\n")
    )
    kept = [line for line in config if "flow:" not in line]
    project.makefile(
        ".ini", pytest="\n".join([*kept, "agentflow_judge = judges:judge"])
    )
    return project


def _calibrated(project: pytest.Pytester, **judge: Any) -> None:
    value = {**CALIBRATION, "judge": {**CALIBRATION["judge"], **judge}}  # type: ignore[dict-item]
    Path("calibration.json").write_text(json.dumps(value))
    arguments = ', calibration="calibration.json"'
    project.makepyfile(test_house=TEST.format(arguments=arguments))


JUDGED = Path("recordings/describe/alpine.judge.json")


def _report(project: pytest.Pytester, *args: str) -> dict[str, Any]:
    project.runpytest("--agentflow-report=r.json", *args)
    value: dict[str, Any] = json.loads(Path("r.json").read_text())
    return value


def _findings(report: dict[str, Any]) -> list[tuple[str, str]]:
    result, _ = report["entries"][0]["evaluation"]["results"]
    return [
        (f["verdict"], f["message"]) for r in result["rules"] for f in r["findings"]
    ]


def test_recorded_with_the_run_and_replayed_without_a_server(
    judged: pytest.Pytester, record: Recorder
) -> None:
    """What the judge supports is counted as held, what it denies is a question."""
    record().assert_outcomes(passed=1)
    assert JUDGED.exists()
    written = JUDGED.read_bytes()
    report = _report(judged)
    (finding,) = _findings(report)
    assert finding[0] == "undetermined"
    assert "the judge says that a source contradicts it: guide.md" in finding[1]
    notes = report["entries"][0]["evaluation"]["results"][0]["notes"]
    assert "judge, 2 open claims: 1 supported, 1 contradicted (2 calls" in str(notes)
    assert "it is not calibrated, so that nothing fails by it" in str(notes)
    assert JUDGED.read_bytes() == written


def test_a_judge_that_agrees_with_people_fails_the_test(
    judged: pytest.Pytester, record: Recorder
) -> None:
    """Only with its calibration, and not with one of kappa below 0.4."""
    record()
    _calibrated(judged)
    result = judged.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the judge says that a source contradicts it*"])
    for worth in ({"kappa": 0.39}, {"low": 0.19}):
        _calibrated(judged, **worth)
        judged.runpytest().assert_outcomes(passed=1)


def test_a_changed_claim_is_a_question_with_the_command(
    judged: pytest.Pytester, record: Recorder, model_url: str, monkeypatch: Any
) -> None:
    """The command it gives asks what is new, and replays the workflow."""
    record()
    before = len(json.loads(JUDGED.read_text())["calls"])
    flow = FLOW.replace("Guests eat outside", "Guests dine outside")
    judged.makepyfile(house=flow)
    result = judged.runpytest("-q")
    result.stdout.fnmatch_lines(
        ["*alpine.judge.json holds no such question*--agentflow-judge=record*"]
    )
    monkeypatch.setenv("MODEL_URL", model_url)
    judged.runpytest("--agentflow-judge=record").assert_outcomes(passed=1)
    assert len(json.loads(JUDGED.read_text())["calls"]) == before + 2
    assert [v for v, _ in _findings(_report(judged))] == ["undetermined"]


def test_no_judge_changes_the_verdict_on_a_value(
    judged: pytest.Pytester, record: Recorder
) -> None:
    """A telephone number that no source holds fails, whatever the judge supports."""
    said = FLOW.replace("in the morning.", "in the morning. Call +1 510 889 8690.")
    judged.makepyfile(house=said)
    result = record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*telephone number +1 510 889 8690 stands in no sour*"]
    )


def test_the_limits_of_a_session_and_of_a_check_are_kept(
    judged: pytest.Pytester, record: Recorder
) -> None:
    """The rest stays undetermined and says so."""
    judged.makepyfile(test_house=TEST.format(arguments=", max_judge_calls=1"))
    result = record()
    result.stdout.fnmatch_lines(
        ["*2 of 2 open*not asked: max_judge_calls=1 was reached*"]
    )
    assert not JUDGED.exists()
    judged.makepyfile(test_house=TEST.format(arguments=", max_judge_cost=0.0000001"))
    record("--agentflow-resume").stdout.fnmatch_lines(["*this call may cost up to*"])
    assert not JUDGED.exists()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("agentflow_judge=judges", "*must be written as 'module:function'*"),
        ("agentflow_max_judge_calls=many", "*give a whole number of calls*"),
        ("agentflow_max_judge_cost=cheap", "*give US dollars*"),
    ],
)
def test_wrong_settings_are_usage_errors(
    judged: pytest.Pytester, option: str, said: str
) -> None:
    """Before any test runs."""
    result = judged.runpytest("-o", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


def test_a_mode_of_judges_needs_a_judge(project: pytest.Pytester) -> None:
    """The message names the setting."""
    project.makepyfile(test_site="def test_x(agentflow): agentflow.runs('*')")
    result = project.runpytest("--agentflow-judge=record")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*no judge is configured*agentflow_judge = module:fun*"]
    )


def test_a_judge_is_not_recorded_in_several_processes(judged: pytest.Pytester) -> None:
    """As no run is: takes would mix."""
    result = judged.runpytest("-n2", "--agentflow-judge=record")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*pytest --agentflow-judge=record -p no:xdist*"])
