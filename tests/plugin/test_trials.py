"""Tests run several times, against a provider that answers by chance."""

from __future__ import annotations

import json
import random
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

QUIZ = """
    import os

    import openai


    def answer(question):
        client = openai.OpenAI(
            base_url=os.environ.get("MODEL_URL", "http://127.0.0.1:9/v1"),
            api_key="none",
        )
        made = client.chat.completions.create(
            model="m-small", messages=[{"role": "user", "content": question}]
        )
        return made.choices[0].message.content
"""

TEST = """
    import pytest
    from quiz import answer

    MADE = []

    @pytest.fixture
    def fresh():
        MADE.append("set up")
        yield
        MADE.append("torn down")

    @pytest.fixture(scope="module")
    def wide():
        MADE.append("module")

    @pytest.mark.agentflow(AT_LEAST)
    def test_answer(agentflow, fresh, wide):
        run = agentflow.run(answer, "Right or wrong?")
        assert run.output == "right"

    def test_fixtures_of_the_test_are_new_in_every_trial():
        assert MADE.count("set up") == MADE.count("torn down") == 6
        assert MADE.count("module") == 1
"""


@pytest.fixture
def chance() -> Iterator[str]:
    """A provider that is right two times in three, and limits its rate: seeded."""
    dice = random.Random(1)  # noqa: S311 - chance that is the same each time

    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            if dice.random() < 0.2:
                self.send(429, {"error": {"message": "slow down"}})
                return
            said = "right" if dice.random() < 0.67 else "wrong"
            message = {"role": "assistant", "content": said}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            usage = {"prompt_tokens": 100, "completion_tokens": 50}
            answer = {"object": "chat.completion", "model": "m-small", "id": "1"}
            self.send(200, {**answer, "choices": [choice], "usage": usage})

        def send(self, status: int, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def made(project: pytest.Pytester, at_least: str) -> None:
    """Write the flow and its test with a bar."""
    project.makepyfile(quiz=QUIZ, test_quiz=TEST.replace("AT_LEAST", at_least))


def test_a_rate_is_held_to_its_bar(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enough trials pass: the test passes, and the rate is told with its interval."""
    made(project, "at_least=0.5")
    monkeypatch.setenv("MODEL_URL", chance)
    option = "--agentflow-trials=6"
    result = project.runpytest("--agentflow=record", option)
    result.assert_outcomes(passed=2)
    told = "? of 6 trials passed, 3 needed; 95 % interval * to * %, pass^2 * %"
    result.stdout.fnmatch_lines(
        [
            "*= agentflow =*",
            f"test_quiz.py::test_answer: {told}",
            "  trial ? failed: *assert 'wrong' == 'right'*",
        ]
    )
    result.stdout.fnmatch_lines(["recorded 6 runs to recordings/answer/"])
    recorded = sorted(p.name for p in project.path.glob("recordings/*/*.json"))
    assert [name.split(".")[-3] for name in recorded] == [
        f"t{trial}" for trial in range(1, 7)
    ]
    monkeypatch.setenv("MODEL_URL", "http://127.0.0.1:9/v1")
    again = project.runpytest(option)
    again.assert_outcomes(passed=2)
    line = next(x for x in result.outlines if "trials passed" in x)
    assert line in again.outlines
    again.stdout.no_fnmatch_line("recorded *")


def test_the_report_agrees_with_pytest_about_trials(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test passes by its rate: so do the headlines; failed trials are listed."""
    made(project, "at_least=1")
    monkeypatch.setenv("MODEL_URL", chance)
    reports = [f"--agentflow-report=r.{form}" for form in ("md", "json", "html")]
    options = ("--agentflow=live", "--agentflow-trials=6", *reports)
    result = project.runpytest(*options)
    assert result.ret == pytest.ExitCode.OK
    data = json.loads((project.path / "r.json").read_text())
    (test,) = data["trials"]
    assert test["target"] == "test_quiz.py::test_answer"
    assert (test["trials"], test["needed"]) == (6, 1)
    assert test["passed"] + len(test["failed"]) == 6
    assert test["failed"]  # else nothing is shown here
    assert {entry["trial"] for entry in data["entries"]} == set(range(1, 7))
    failed = [entry for entry in data["entries"] if entry["outcome"] != "passed"]
    assert [entry["trial"] for entry in failed] == test["failed"]
    assert len(test["reasons"]) == len(test["failed"])
    assert "assert 'wrong' == 'right'" in test["reasons"][0]
    again = "pytest 'test_quiz.py::test_answer' --agentflow-trials=6"
    assert {entry["reproduce"] for entry in failed} == {again}
    markdown = (project.path / "r.md").read_text()
    assert markdown.startswith("## ✅")
    assert f"| {test['passed']} of 6 | 1 |" in markdown
    page = (project.path / "r.html").read_text()
    assert "<title>Passed: " in page
    assert "The one test with trials passes" in page
    assert f">trial {test['failed'][0]}</a> failed: " in page


def test_trials_in_several_processes_are_told_by_the_main_one(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker found out about a rate crosses to the one that writes."""
    made(project, "at_least=1")
    monkeypatch.setenv("MODEL_URL", chance)
    options = ("--agentflow=live", "--agentflow-trials=3", "-n2", "-k", "test_answer")
    result = project.runpytest(*options, "--agentflow-report=r.json")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_quiz.py::test_answer: ? of 3 trials passed, *"])
    (test,) = json.loads((project.path / "r.json").read_text())["trials"]
    assert test["trials"] == 3


def repair_of(result: pytest.RunResult) -> list[str]:
    """Give the commands that a failure names to repair it, as arguments."""
    line = next(line for line in result.outlines if "To repair: " in line)
    return re.findall(r"`pytest ([^`]*)`", line)


def test_the_command_that_is_named_for_missing_trials_repairs_them(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It records trials, and leaves the recording of one run as it is."""
    made(project, "at_least=1")
    monkeypatch.setenv("MODEL_URL", chance)
    project.runpytest("--agentflow=record", "-k", "test_answer")
    (single,) = project.path.glob("recordings/*/*.json")
    before = single.read_bytes()
    missing = project.runpytest("--agentflow-trials=3", "-k", "test_answer")
    missing.assert_outcomes(failed=1)
    (command,) = repair_of(missing)
    project.runpytest(*shlex.split(command)).assert_outcomes(passed=1)
    assert single.read_bytes() == before
    again = project.runpytest("--agentflow-trials=3", "-k", "test_answer")
    again.assert_outcomes(passed=1)


def test_where_only_trials_are_recorded_one_run_is_told_how_to_replay_them(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both commands that the failure names work as they stand."""
    made(project, "at_least=0.5")
    monkeypatch.setenv("MODEL_URL", chance)
    project.runpytest("--agentflow=record", "--agentflow-trials=3", "-k", "test_answer")
    once = project.runpytest("-k", "test_answer")
    once.assert_outcomes(failed=1)
    once.stdout.fnmatch_lines(["*only trials .t1-.t3 are recorded*"])
    more = project.runpytest("--agentflow-trials=5", "-k", "test_answer")
    replay, record = repair_of(once)
    assert repair_of(more) == [replay, f"{record} --agentflow-trials=5"]
    project.runpytest(*shlex.split(replay)).assert_outcomes(passed=1)
    project.runpytest(*shlex.split(record))
    names = [p.name for p in project.path.glob("recordings/*/*.json")]
    assert len(names) == 4


def test_a_trial_without_recording_is_not_counted_as_a_failed_one(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A low bar does not let a test pass whose trials are not there; others go on."""
    made(project, "at_least=1")
    project.makepyfile(test_later="def test_later(): pass")
    monkeypatch.setenv("MODEL_URL", chance)
    project.runpytest("--agentflow=record", "--agentflow-trials=3", "-k", "test_answer")
    both = ("test_quiz.py::test_answer", "test_later.py::test_later")
    result = project.runpytest("--agentflow-trials=5", *both)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*.t4.flow.json: *only trials .t1-.t3 are recorded*"])
    result.stdout.no_fnmatch_line("*of 5 trials*")


def test_a_changed_question_is_no_failed_trial(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The miss fails the test as itself, however low the bar is."""
    made(project, "at_least=1")
    monkeypatch.setenv("MODEL_URL", chance)
    project.runpytest("--agentflow=record", "--agentflow-trials=3", "-k", "test_answer")
    project.makepyfile(quiz=QUIZ.replace('"content": q', '"content": "So: " + q'))
    result = project.runpytest("--agentflow-trials=3", "-k", "test_answer")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "trial 1 of 3 could not be judged, and counts neither as passed nor as *",
            "*pytest_agentflow.Miss: *",
        ]
    )
    result.stdout.no_fnmatch_line("*of 3 trials*")


def test_a_check_that_cannot_be_made_is_no_failed_trial(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A price that nobody knows is not the workflow's failure."""
    made(project, "at_least=1")
    test = (project.path / "test_quiz.py").read_text()
    test = test.replace(
        "@pytest.mark.agentflow", "@pytest.mark.cost(total=1)\n@pytest.mark.agentflow"
    )
    project.makepyfile(test_quiz=test)
    project.makefile(".toml", prices="")
    monkeypatch.setenv("MODEL_URL", chance)
    options = ("--agentflow=live", "--agentflow-trials=3", "-k", "test_answer")
    result = project.runpytest(*options)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["trial 1 of 3 could not be judged, *"])
    result.stdout.no_fnmatch_line("*of 3 trials passed*")


def test_a_spent_budget_is_no_failed_trial(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered before is told, and the trials that are whole stay."""
    made(project, "at_least=1")
    limited = QUIZ.replace('"m-small", m', '"m-small", max_completion_tokens=4000, m')
    project.makepyfile(quiz=limited)
    monkeypatch.setenv("MODEL_URL", chance)
    trials = ("--agentflow-trials=3", "-k", "test_answer")
    record = ("--agentflow=record", *trials)
    result = project.runpytest(*record, "--agentflow-budget=0.0081")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "trial 2 of 3 could not be judged, *; ? of 1 before it passed:",
            "*pytest_agentflow.OverBudget: *",
            "No call was answered: nothing is kept of this recording.",
        ]
    )
    result.stdout.no_fnmatch_line("*of 3 trials passed*")
    kept = [p.name for p in project.path.glob("recordings/*/*")]
    assert [name.split(".")[-3] for name in kept] == ["t1"]
    before = (project.path / "recordings" / "answer" / kept[0]).read_bytes()
    again = project.runpytest(*record, "--agentflow-resume")
    again.stdout.fnmatch_lines(["recorded 2 runs to recordings/answer/"])
    assert (project.path / "recordings" / "answer" / kept[0]).read_bytes() == before


@pytest.mark.parametrize("number", [0, -2])
def test_a_number_of_trials_that_is_none_is_a_usage_error(
    project: pytest.Pytester, number: int
) -> None:
    """A test that is run no time would pass without having been run."""
    made(project, "")
    result = project.runpytest(f"--agentflow-trials={number}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--agentflow-trials={number}: *once or more*"])


def test_without_a_bar_every_trial_must_pass(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too few pass: the test fails once, and tells of the trials that failed."""
    made(project, "")
    monkeypatch.setenv("MODEL_URL", chance)
    options = ("--agentflow=live", "--agentflow-trials=6", "-k", "test_answer")
    result = project.runpytest(*options)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "? of 6 trials passed, 6 needed; *",
            "trial ? failed:",
            "*AssertionError: assert 'wrong' == 'right'",
        ]
    )


@pytest.mark.parametrize("bar", ["at_least=7", "at_least=1.5", "at_least='most'"])
def test_an_impossible_bar_is_a_usage_error(project: pytest.Pytester, bar: str) -> None:
    """Nothing runs, and the sentence names the test."""
    made(project, bar)
    result = project.runpytest("--agentflow-trials=6")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_quiz.py::test_answer: *at_least*"])


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("at_least=0.5, sequential=0.1", "? of ? trials passed, *: PASS; 1? of 20 *"),
        ("at_least=0.99, sequential=0.5", "*against 50 %: FAIL; * of 20 spared"),
        ("at_least=0.7, sequential=0.6", "* of 20 trials *: INCONCLUSIVE after 20"),
    ],
)
def test_a_sequential_test_ends_once_it_is_decided(
    project: pytest.Pytester,
    chance: str,
    monkeypatch: pytest.MonkeyPatch,
    mark: str,
    told: str,
) -> None:
    """PASS and FAIL spare trials, undecided fails; a replay ends at the same one."""
    made(project, mark)
    monkeypatch.setenv("MODEL_URL", chance)
    options = ("--agentflow-trials=20", "-k", "test_answer")
    passes = "PASS" in told
    result = project.runpytest("--agentflow=record", *options)
    result.assert_outcomes(passed=passes, failed=not passes)
    result.stdout.fnmatch_lines([f"test_quiz.py::test_answer: {told}"])
    recorded = list(project.path.glob("recordings/*/*.json"))
    assert len(recorded) < 20 or "INCONCLUSIVE" in told
    again = project.runpytest(*options, "--agentflow-report=r.md")
    line = next(x for x in result.outlines if "sequential test" in x)
    assert line in again.outlines
    assert "sequential test" in (project.path / "r.md").read_text()


def test_fixtures_are_torn_down_where_trials_end_early(
    project: pytest.Pytester, chance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next test finds as many fixtures torn down as were set up."""
    made(project, "at_least=0.5, sequential=0.1")
    text = (project.path / "test_quiz.py").read_text().replace("== 6", "< 6")
    project.makepyfile(test_quiz=text)
    monkeypatch.setenv("MODEL_URL", chance)
    result = project.runpytest("--agentflow=live", "--agentflow-trials=6")
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("sequential=True", "needs a bar, at_least=0.9"),
        ("at_least=0.9, sequential=True", "6 trials cannot tell * needs 11 at least"),
        ("at_least=0.9, sequential=0.95", "must lie above bad"),
        ("at_least=1.0, sequential=True", "at_least=1.0 must be a share between"),
    ],
)
def test_a_sequential_test_that_cannot_be_made_is_a_usage_error(
    project: pytest.Pytester, mark: str, told: str
) -> None:
    """Nothing runs, and the sentence says what is needed."""
    made(project, mark)
    result = project.runpytest("--agentflow-trials=6")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*test_quiz.py::test_answer: *{told}*"])
