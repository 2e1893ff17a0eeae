"""What a comparison says of money: each run once, new runs as new, no false figure."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Recorder = Callable[..., pytest.RunResult]

TWICE = """
import pytest
import pytest_agentflow as af
from flow import build
from own_checks import short

TOPICS = ["ants", "bees"]

@pytest.mark.cost(total=1)
@pytest.mark.parametrize("topic", TOPICS)
def test_build(agentflow, topic):
    run = agentflow.run(build, topic)
    af.require(run, short(most=1000))
    af.require(run, short(most=999))

@pytest.mark.cost(total=2)
@pytest.mark.agentflow(recording="build/ants")
def test_again(agentflow_run):
    af.require(agentflow_run, short(most=1000))
"""


def git(*args: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    subprocess.run(["git", *who, *args], check=True, capture_output=True)


def commit() -> None:
    """Make what lies here the state of main, and begin a change."""
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("checkout", "-q", "-b", "change")
    git("commit", "-q", "--allow-empty", "-m", "two")


def money_lines(result: pytest.RunResult) -> list[str]:
    """The lines of the summary that speak of money, up to where they tell of time."""
    text = "\n".join(result.outlines).replace("\n  ", "  ")
    lines = re.findall(r"^\w+, \d+ runs?:.*$", text, re.MULTILINE)
    return [line.partition("  latency ")[0] for line in lines]


def report(path: str) -> Any:
    """Read a JSON report."""
    return json.loads(Path(path).read_text())


def test_each_run_counts_once_however_often_it_was_judged(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Marks, `require` and a second test judge one run: main paid for it once."""
    project.makepyfile(test_site=TWICE)
    record("-k", "build")
    commit()
    forms = [f"--agentflow-report=r.{form}" for form in ("json", "html", "md")]
    result = project.runpytest("--agentflow-against=git:main", *forms)
    result.assert_outcomes(passed=3)

    (line,) = money_lines(result)
    assert line.startswith("build, 2 runs:  plan $0.00040  write $0.00040")
    assert line.endswith("  total $0.00080 (main $0.00080, ±0%)")
    found = report("r.json")["comparisons"]
    runs = [c["run"] for c in found]
    assert sorted(runs) == ["build/ants", "build/bees"]
    assert found[0]["before"] == found[0]["now"]
    text = Path("r.md").read_text().replace("\\", "")
    assert "Together they cost $0.00080 (main $0.00080, ±0%)." in text
    page = Path("r.html").read_text()
    changes = page.partition('id="changes"')[2].partition("</section>")[0]
    assert changes.count("build/ants") == 1
    assert "over 2 runs" in changes
    assert re.findall(r'plan.*?<td class="n"[^>]*>\$(\S+)</td>', changes) == ["0.00040"]


def test_a_test_is_listed_once_under_its_run(
    project: pytest.Pytester, record: Recorder
) -> None:
    """One test that judged one run three times is one line, with all its checks."""
    project.makepyfile(test_site=TWICE)
    record("-k", "build")
    project.runpytest("--agentflow-report=r.html").assert_outcomes(passed=3)
    page = Path("r.html").read_text()
    ants = page.partition('id="run-build/ants"')[2].partition('id="run-build/bees"')[0]

    tests = re.findall(r'<p class="test">.*?<code>(.*?)</code>', ants)
    assert tests == ["test_site.py::test_build[ants]", "test_site.py::test_again"]
    for check in ("cost(total=1)", "cost(total=2)", "short(most=999)"):
        assert ants.count(f"<code>{check}</code>") == 1, check


def test_own_code_that_throws_dice_makes_no_second_run(
    project: pytest.Pytester, record: Recorder
) -> None:
    """A recording that two tests replay was paid for once, whatever came of it."""
    flow = Path("flow.py").read_text()
    dice = 'ask("Write it: " + outline) + str(__import__("random").random())'
    project.makepyfile(flow=flow.replace('ask("Write it: " + outline)', dice))
    project.makepyfile(test_site=TWICE, test_other=TWICE.replace("again", "more"))
    record("test_site.py", "-k", "build")
    result = project.runpytest("-k", "build")
    result.assert_outcomes(passed=4)

    assert money_lines(result) == [
        "build, 2 runs:  plan $0.00040  write $0.00040  total $0.00080"
    ]


def test_a_run_that_main_lacks_is_new(
    project: pytest.Pytester, record: Recorder
) -> None:
    """No percentage stands beside a run that has nothing to be held against."""
    project.makepyfile(test_site=TWICE.replace('"ants", "bees"', '"ants"'))
    record("-k", "build")
    commit()
    project.makepyfile(test_site=TWICE)
    record("-k", "bees")
    result = project.runpytest(
        "--agentflow-against=git:main", "--agentflow-report=r.md"
    )
    assert money_lines(result)[0].endswith(
        "total $0.00080 (main $0.00040 for 1 of 2 runs, ±0%; 1 new)"
    )
    alone = project.runpytest(
        "--agentflow-against=git:main", "-k", "bees", "--agentflow-report=r.html"
    )
    (line,) = money_lines(alone)
    assert line.endswith("total $0.00040 (new: main has no such run)")
    page = Path("r.html").read_text()
    changes = page.partition('id="changes"')[2].partition("</section>")[0]
    assert "%" not in changes
    assert "<strong>new</strong>" in changes


def test_a_difference_is_never_told_as_none(
    project: pytest.Pytester, record: Recorder
) -> None:
    """A rise of less than a percent is a rise."""
    project.makepyfile(test_site=TWICE)
    record("-k", "build")
    commit()
    prices = Path("prices.toml").read_text()
    Path("prices.toml").write_text(prices.replace('usd = "2"', 'usd = "2.01"'))
    record("-k", "build")
    result = project.runpytest("--agentflow-against=git:main")
    (line,) = money_lines(result)
    assert line.endswith("total $0.00080 (main $0.00080, +0.2%)")
