"""Every verb's own examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from agentflow_checks import policies
from agentflow_checks.policies.policy import policy
from agentflow_checks.policies.rules import VERBS
from policy_runs import policy_file, run_from

import pytest_agentflow as af

FOLDER = Path(policies.__file__).parent / "cases"
CASES = sorted(FOLDER.glob("*/*.yaml"))
WORDS = {"pass": "passed", "fail": "failed"}


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case_is_judged_as_its_name_says(path: Path, tmp_path: Path) -> None:
    """A verb's example gets the verdict, the denominators and the findings it names."""
    case = yaml.safe_load(path.read_text("utf-8"))
    expect = case["expect"]
    word = path.name.partition("-")[0]
    assert expect["verdict"] == WORDS.get(word, word)

    file = policy_file(tmp_path, case["policy"])
    result = af.evaluate(run_from(case["run"]), policy(str(file))).results[0]

    assert result.verdict == expect["verdict"], result.findings
    assert result.examined == expect.get("examined", result.examined)
    wanted = expect.get("findings", [])
    assert len(result.findings) == len(wanted), result.findings
    for finding, said in zip(result.findings, wanted, strict=True):
        assert_says(finding, said)


def assert_says(finding: af.Finding, said: dict[str, Any]) -> None:
    """Hold a finding against what the example says about it."""
    place = finding.place
    found = {
        "rule": finding.rule,
        "stage": place.stage,
        "call": place.call,
        "path": place.path,
        "span": list(place.span) if place.span else None,
        "evidence": finding.evidence,
        "observed": finding.observed,
        "introduced_by": finding.introduced_by,
        "lost_at": finding.lost_at,
        "propagated_through": list(finding.propagated_through),
        "source_path": finding.source.path if finding.source else None,
    }
    hidden = said.get("hides")
    if hidden is not None:
        assert hidden not in repr(finding).casefold().replace("fields", "")
    wanted = {key: value for key, value in said.items() if key != "hides"}
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize("verb", VERBS)
def test_verb_has_examples_of_each_verdict(verb: str) -> None:
    """Each verb shows a run that passes, one that fails and one it says nothing to."""
    words = {path.name.partition("-")[0] for path in CASES if path.parent.name == verb}
    assert {"pass", "fail", "inapplicable"} <= words
