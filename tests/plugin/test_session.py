"""Reports, parallel runs, comparison, and what a plain run pays."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Recorder = Callable[..., pytest.RunResult]

TEST = """
import pytest
import pytest_agentflow as af
from flow import build
from own_checks import short

TOPICS = ["ants", "bees", "cats", "dogs"]

@pytest.mark.cost(total=1)
@pytest.mark.parametrize("topic", TOPICS)
def test_build(agentflow, topic):
    af.require(agentflow.run(build, topic), short(most=MOST))
"""


def write_test(project: pytest.Pytester, most: int = 1000) -> None:
    """The suite, with a bound on the length of answers."""
    project.makepyfile(test_site=TEST.replace("MOST", str(most)))


def report(path: str) -> Any:
    """A JSON report without what differs from run to run."""
    data = json.loads(Path(path).read_text())
    data.pop("volatile", None)
    return data


def test_two_processes_give_the_same_report_as_one(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Results ride on test reports; the order is that of collection."""
    write_test(project, most=33)
    record()
    # Fresh processes: engines that this one has used would be named in its report.
    serial = project.runpytest_subprocess("--agentflow-report=one.json")
    parallel = project.runpytest_subprocess("-n2", "--agentflow-report=two.json")
    serial.assert_outcomes(failed=4)
    parallel.assert_outcomes(failed=4)
    assert report("one.json") == report("two.json")
    summary = [line for line in serial.outlines if line.startswith("cost(")]
    assert summary == ["cost(total=1)    4/4 runs   12 examined   0 findings"]
    assert summary == [x for x in parallel.outlines if x.startswith("cost(")]


def test_recording_in_several_processes_is_refused(project: pytest.Pytester) -> None:
    """Takes would mix."""
    write_test(project)
    result = project.runpytest("-n2", "--agentflow=record")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*recording in several processes would mix takes*"])


def test_a_test_that_broke_stands_in_the_report(project: pytest.Pytester) -> None:
    """Without recordings nothing was judged: the report must not say passed."""
    write_test(project)
    project.runpytest("--agentflow-report=r.json").assert_outcomes(failed=4)
    assert [e["outcome"] for e in report("r.json")["entries"]] == ["error"] * 4


def test_collecting_writes_and_reads_nothing(
    project: pytest.Pytester, record: Recorder
) -> None:
    """--collect-only makes no report and needs no recordings."""
    write_test(project)
    result = project.runpytest("--collect-only", "-q", "--agentflow-report=r.html")
    assert result.ret == 0
    assert not Path("r.html").exists()


SUITE = """
import pytest
from flow import build, plan

def test_plan(agentflow):
    agentflow.run(plan, "whales")

def test_build(agentflow):
    agentflow.run(build, "whales")

def test_plain():
    pass
"""

NEVER = "agentflow_stages = ask = flow:never"


def uncalled(result: pytest.RunResult) -> list[str]:
    """What the session says was configured and not called."""
    end = " is configured, but no run of this session called it"
    lines = [line for line in result.outlines if line.endswith(end)]
    return [x.removeprefix("agentflow: ").removesuffix(end) for x in lines]


@pytest.fixture
def suite(project: pytest.Pytester, record: Recorder) -> pytest.Pytester:
    """A recorded suite in folders, and a stage that is configured and never called."""
    config = Path("pytest.ini")
    lines = config.read_text().replace(
        "    write = flow:write\n", "    write = flow:write\n    ask = flow:never\n"
    )
    config.write_text(lines + "\nagentflow_recordings = recordings\n")
    project.makepyfile(flow=Path("flow.py").read_text() + "\ndef never(): ...\n")
    unit = project.mkdir("tests") / "unit"
    unit.mkdir()
    (unit / "test_site.py").write_text(SUITE)
    record().assert_outcomes(passed=3)
    return project


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["."],
        ["tests"],
        ["-n2"],
        ["-m", "not slow"],
        ["-k", "not plain"],
        ["-o", "testpaths=tests"],
        ["tests/unit", "-o", "testpaths=tests/unit"],
    ],
)
def test_a_name_that_no_run_of_the_suite_called_is_told(
    suite: pytest.Pytester, words: list[str]
) -> None:
    """A dead or misspelt stage does not go unseen."""
    assert uncalled(suite.runpytest(*words)) == [NEVER]


@pytest.mark.parametrize(
    "words",
    [
        ["tests/unit/test_site.py"],
        ["tests/unit/test_site.py::test_plan"],
        ["tests/unit"],
        ["-k", "plan"],
        ["-n2", "-k", "plan"],
        ["--deselect", "tests/unit/test_site.py::test_build"],
        ["--ignore", "tests/other"],
        ["-x", "--maxfail=1", "tests/unit", "-o", "testpaths=tests"],
    ],
)
def test_a_part_of_the_suite_is_not_expected_to_call_everything(
    suite: pytest.Pytester, words: list[str]
) -> None:
    """Who runs one file is not told what the others do."""
    result = suite.runpytest(*words)
    assert result.ret == 0
    assert uncalled(result) == []


def test_a_suite_that_was_stopped_is_not_expected_to_call_everything(
    suite: pytest.Pytester,
) -> None:
    """The tests that never began may have called it."""
    file = Path("tests/unit/test_site.py")
    failing = SUITE.replace('agentflow.run(plan, "whales")', "assert False")
    file.write_text(failing.replace("def test_plan", "def test_a") + "\n")
    again = 'def test_last(agentflow):\n    agentflow.run(build, "whales")\n'
    file.write_text(f"from flow import build\n{again}{failing}")
    stopped = suite.runpytest("-x")
    stopped.assert_outcomes(passed=1, failed=1)
    assert uncalled(stopped) == []
    whole = suite.runpytest()
    whole.assert_outcomes(passed=3, failed=1)
    assert uncalled(whole) == [NEVER]


def test_a_check_that_names_a_stage_nobody_called_still_fails(
    suite: pytest.Pytester,
) -> None:
    """One test is enough to know that."""
    file = Path("tests/unit/test_site.py")
    mark = '@pytest.mark.cost(stages={"ask": 1})\ndef test_plan('
    file.write_text(SUITE.replace("def test_plan(", mark))
    result = suite.runpytest(f"{file}::test_plan")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*stage 'ask'*"])
    assert uncalled(result) == []


def test_a_report_of_an_unknown_form_is_refused(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Before any test runs."""
    write_test(project)
    record()
    result = project.runpytest("--agentflow-report=r.pdf")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*r.pdf*.html*.json*.md*"])
    result.stdout.no_fnmatch_line("*collected*")


def git(*args: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    subprocess.run(["git", *who, *args], check=True, capture_output=True)


def test_only_new_findings_fail_against_a_revision(
    project: pytest.Pytester, record: Recorder
) -> None:
    """The recordings at the merge base are judged with today's checks."""
    write_test(project)
    record()
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("checkout", "-q", "-b", "change")
    git("commit", "-q", "--allow-empty", "-m", "two")
    write_test(project, most=10)
    project.runpytest().assert_outcomes(failed=4)
    result = project.runpytest("--agentflow-against=git:main")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["short(most=10)*8 known*"])
    flow = Path("flow.py").read_text()
    project.makepyfile(flow=flow.replace("Write it: ", "Write it at length: "))
    record("-k", "ants")
    result = project.runpytest("--agentflow-against=git:main")
    result.assert_outcomes(passed=0, failed=4)


def test_a_report_can_be_compared_with(
    project: pytest.Pytester, record: Recorder
) -> None:
    """The findings that it lists are known."""
    write_test(project, most=10)
    record("--agentflow-report=before.json")
    result = project.runpytest("--agentflow-against=before.json")
    result.assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("git:nowhere", "*git knows no 'nowhere' here*Here are: main*"),
        ("absent.json", "*absent.json*"),
    ],
)
def test_an_empty_comparison_is_refused(
    project: pytest.Pytester, given: str, message: str
) -> None:
    """A missing revision or report is a usage error that says how to get it."""
    write_test(project)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    result = project.runpytest(f"--agentflow-against={given}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_wrong_configuration_is_told_once(project: pytest.Pytester) -> None:
    """A mode, price file or stage that is wrong stops the session with a sentence."""
    write_test(project)
    config = Path("pytest.ini")
    good = config.read_text()
    for line, message in {
        "agentflow_mode = relive": "*agentflow_mode = 'relive' is none of replay*",
        "agentflow_host_aliases = x": "*must be written as 'name = value'*",
    }.items():
        config.write_text(f"{good}\n{line}\n")
        result = project.runpytest()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([message])


PROBE = """
import os, socket, sys, threading

BEFORE = dict(os.environ)
OPENED = []
sys.addaudithook(
    lambda event, args: OPENED.append(event) if event.startswith("socket.") else None
)

def test_quiet():
    ours = sorted(m for m in sys.modules if m.split(".")[0] in OURS)
    plugin = "pytest_agentflow.plugin"
    assert ours == ["pytest_agentflow", plugin, f"{plugin}.options"], ours
    heavy = {"yaml", "jinja2", "selenium", "bs4", "httpx", "genai_prices", "jpype"}
    assert not heavy & set(sys.modules), heavy & set(sys.modules)
    assert not OPENED
    changed = {k for k in os.environ if BEFORE.get(k) != os.environ[k]}
    assert changed <= {"PYTEST_CURRENT_TEST"}, changed
    assert threading.active_count() == 1

OURS = {"pytest_agentflow", "agentflow_checks", "agentflow_engines"}
"""


def test_a_plain_run_pays_for_three_modules_and_nothing_else(tmp_path: Path) -> None:
    """No further module, socket, file, environment change, thread or output."""
    (tmp_path / "test_probe.py").write_text(PROBE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [*command, "-p", "no:hypothesispytest", "-p", "no:respx", "test_probe.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "agentflow" not in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["test_probe.py"]
