"""Recorded prices judge by default; changed prices of today fail on demand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Recorder = Callable[..., pytest.RunResult]

SUITE = """
import pytest
from flow import build

@pytest.mark.cost(total=1)
def test_build(agentflow):
    agentflow.run(build, "ants")
"""

CURRENT = "--agentflow-prices=current"


def dearer(project: pytest.Pytester) -> None:
    """Raise the price of what is read, from a day on."""
    path = Path(project.path, "prices.toml")
    entry = '[[price]]\nmodel = "m-small"\nunit = "input_tokens"\nusd = "1.5"\n'
    more = 'per = 1000000\neffective = "2026-01-01"\n'
    path.write_text(f"{path.read_text()}\n{entry}{more}")


def test_recorded_prices_are_not_compared(
    project: pytest.Pytester, record: Recorder
) -> None:
    """A change of prices does not change what a recording cost."""
    project.makepyfile(test_site=SUITE)
    record()
    dearer(project)
    result = project.runpytest()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("prices *")
    result.stdout.no_fnmatch_line("*the price of*")


def test_a_changed_price_fails_and_is_named_with_both_dates(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Model, unit, old and new price; apart from it what the same usage costs now."""
    project.makepyfile(test_site=SUITE)
    record()
    dearer(project)
    result = project.runpytest(CURRENT, "--agentflow-report=r.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*the price of input_tokens of m-small changed: $1.00 per 1M (20??-??-??)*",
            "*expected $1.00 per 1M (20??-??-??)",
            "*observed $1.50 per 1M (2026-01-01)",
            "*price drift: the same usage: $0.00040 at recorded prices, $0.00050 *",
        ]
    )
    result.stdout.fnmatch_lines(["cost(total=1) *1/1 run *0 findings"])
    report = json.loads(Path(project.path, "r.json").read_text())
    (entry,) = report["entries"]
    assert entry["run"]["total"]["cost"]["amount"] == "0.00050"


def test_unchanged_prices_pass(project: pytest.Pytester, record: Recorder) -> None:
    """What was compared is counted, and so are runs that were loaded."""
    project.makepyfile(
        test_site=SUITE,
        test_loaded="""
            import pytest
            @pytest.mark.agentflow(recording="build/ants-db302449")
            def test_loaded(agentflow_run, agentflow):
                assert agentflow.runs("build/*")[0].locked is not None
        """,
    )
    record("test_site.py")
    result = project.runpytest(CURRENT)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["prices *1/1 run *2 examined*0 findings*"])


def test_a_price_that_is_gone_is_an_error_with_its_repair(
    project: pytest.Pytester, record: Recorder
) -> None:
    """It is drift, and the cost is not known: neither is passed over."""
    project.makepyfile(test_site=SUITE)
    record()
    Path(project.path, "prices.toml").write_text("")
    result = project.runpytest(CURRENT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*no price is known for input_tokens*",
            "*the price of input_tokens of m-small is known no more: $1.00 per 1M*",
        ]
    )


def test_the_configuration_can_ask_for_it(
    project: pytest.Pytester, record: Recorder
) -> None:
    """The ini key stands for the option; another word is a usage error."""
    project.makepyfile(test_site=SUITE)
    record()
    dearer(project)
    result = project.runpytest("-o", "agentflow_judged_prices=current")
    result.assert_outcomes(failed=1)
    wrong = project.runpytest("-o", "agentflow_judged_prices=today")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.fnmatch_lines(["*'today' is none of recorded, current*"])


def test_against_a_revision_both_sides_have_todays_prices(
    project: pytest.Pytester, record: Recorder
) -> None:
    """What changed against main is usage alone; the drift is news, and still fails."""
    project.makepyfile(test_site=SUITE)
    record()
    who = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["commit", "-q", "-m", "one"],
        ["commit", "-q", "--allow-empty", "-m", "two"],
    ):
        subprocess.run([*who, *words], check=True, capture_output=True)
    dearer(project)
    result = project.runpytest(CURRENT, "--agentflow-against=git:main")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*total $0.00050 (main $0.00050, ±0%)"])


def test_recording_compares_no_prices(
    project: pytest.Pytester, record: Recorder
) -> None:
    """What is recorded now is priced now."""
    project.makepyfile(test_site=SUITE)
    result = record(CURRENT)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("prices *")
