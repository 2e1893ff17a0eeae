"""The cost mark beside the run on main, as ``--agentflow-against`` gives it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Recorder = Callable[..., pytest.RunResult]

SITE = """
import pytest
from flow import build

@pytest.mark.cost(max_growth=0.1, optional=True)
def test_build(agentflow):
    agentflow.run(build, "ants")
"""

GROWN = {
    "more calls +$0.00020 (1 -> 2)": (
        "write(plan(topic))",
        'write(plan(topic)) + plan("x")',
    ),
    "dearer model +$0.00080 (m-small -> m-large)": (
        '"model": "m-small"',
        '"model": "m-large"',
    ),
}
LARGE = """
[[price]]
model = "m-large"
unit = "input_tokens"
usd = "5"
per = 1000000

[[price]]
model = "m-large"
unit = "output_tokens"
usd = "10"
per = 1000000
"""


def git(*args: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    subprocess.run(["git", *who, *args], check=True, capture_output=True)


@pytest.fixture
def branch(project: pytest.Pytester, record: Recorder) -> pytest.Pytester:
    """A change of a project of which main holds the recording."""
    project.makepyfile(test_site=SITE)
    record().assert_outcomes(passed=1)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("checkout", "-q", "-b", "change")
    git("commit", "-q", "--allow-empty", "-m", "two")
    return project


@pytest.mark.parametrize("told", GROWN)
def test_what_grew_since_main_fails_with_its_cause(
    branch: pytest.Pytester, record: Recorder, told: str
) -> None:
    """A recorded change that costs more is red in the branch that brings it."""
    flow = Path("flow.py").read_text()
    branch.makepyfile(flow=flow.replace(*GROWN[told]))
    Path("prices.toml").write_text(Path("prices.toml").read_text() + LARGE)
    record().assert_outcomes(passed=1)
    branch.runpytest().assert_outcomes(passed=1)

    result = branch.runpytest(
        "--agentflow-against=git:main", "--agentflow-report=r.json"
    )
    result.assert_outcomes(failed=1)
    assert told in "\n".join(result.outlines)
    (entry,) = json.loads(Path("r.json").read_text())["entries"]
    (check,) = (c for c in entry["evaluation"]["results"] if c["check"] == "cost")
    failed = [r["rule"] for r in check["rules"] if r["verdict"] == "failed"]
    assert failed == ["cost.increase"]
    titles = [exhibit["title"] for exhibit in check["exhibits"]]
    assert "What changed the cost since before" in titles


def test_what_stayed_as_it_was_passes_beside_main(branch: pytest.Pytester) -> None:
    """And where nothing is compared it is open, and the message says how to."""
    branch.runpytest("--agentflow-against=git:main").assert_outcomes(passed=1)
    branch.runpytest("--agentflow-report=r.html").assert_outcomes(passed=1)
    assert "no earlier run of build/" in Path("r.html").read_text()

    branch.makepyfile(test_site=SITE.replace(", optional=True", ""))
    result = branch.runpytest("--agentflow-against=git:main", "--agentflow-report=r.md")
    result.assert_outcomes(passed=1)
    assert "undetermined" not in Path("r.md").read_text()
    result = branch.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*pytest --agentflow-against=git:origin/main*"])


def test_a_report_as_what_is_held_against_has_no_calls(
    branch: pytest.Pytester,
) -> None:
    """It holds sums: no bound on growth is decided by it, and the message says so."""
    branch.runpytest("--agentflow-report=main.json").assert_outcomes(passed=1)
    branch.makepyfile(test_site=SITE.replace("optional", "strict"))
    result = branch.runpytest("--agentflow-against=main.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a JSON report will not do: it holds sums*"])
