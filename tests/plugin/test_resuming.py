"""A recording that broke off is resumed by an option of pytest."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_agentflow.cli.main import main

Recorder = Callable[..., pytest.RunResult]

TEST = """
    import os

    from flow import build
    import flow

    def site(topic):
        page = build(topic)
        if os.environ.get("BREAKS"):
            raise OSError("the disk is full")
        return page

    def stopped(topic):
        page = build(topic)
        if os.environ.get("BREAKS"):
            raise KeyboardInterrupt
        return page

    def test_site(agentflow):
        agentflow.run(site, "whales")

    def test_stopped(agentflow):
        agentflow.run(stopped, "whales")
"""


def command(result: pytest.RunResult, before: str) -> list[str]:
    """Give the words of a command that a message names."""
    line = next(line for line in result.outlines if before in line)
    return shlex.split(line[line.index(before) + len(before) :])


def test_what_broke_off_is_told_resumed_and_paid_once(
    project: pytest.Pytester, record: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Project, command, output: from the failure over the named command to a replay."""
    project.makepyfile(test_whales=TEST)
    monkeypatch.setenv("BREAKS", "1")
    broken = record("-k", "test_site", apart=True)
    broken.assert_outcomes(failed=1)
    broken.stdout.fnmatch_lines(
        [
            "*OSError: the disk is full*",
            (
                "*The recording broke off; an older one, if any, is as it was. 2 calls "
                "worth $0.00040 are kept in *whales-*.flow.partial.jsonl."
            ),
            (
                "*Resume it, and pay only for the rest: pytest "
                "'test_whales.py::test_site' --agentflow=record --agentflow-resume"
            ),
            "*Record anew (it then counts as a discarded take): pytest '*",
            "*Discard it: agentflow prune --partial --delete *.flow.partial.jsonl",
        ]
    )
    monkeypatch.delenv("BREAKS")
    replayed = project.runpytest("-k", "test_site")
    replayed.assert_outcomes(failed=1)
    replayed.stdout.fnmatch_lines(
        [
            (
                "*there is only a part of it, *: the recording broke off. To repair: "
                "finish it: `pytest 'test_whales.py::test_site' --agentflow=record "
                "--agentflow-resume`; or discard the part: `agentflow prune --partial *"
            )
        ]
    )
    # The provider is not reachable: both answers come from the journal.
    words = command(broken, "pay only for the rest: pytest ")
    resumed = project.runpytest_subprocess(*words)
    resumed.assert_outcomes(passed=1)
    resumed.stdout.fnmatch_lines(
        [
            (
                "agentflow: resuming site/whales-*: 2 calls worth $0.00040 stand in "
                "whales-*.flow.partial.jsonl and are not paid for again, nor counted "
                "by a budget; all else is asked"
            ),
            "site, 1 run: *  total $0.00040",
            "recorded 1 run to recordings/site/",
        ]
    )
    project.runpytest("-k", "test_site").assert_outcomes(passed=1)
    again = project.runpytest("--agentflow=record", "--agentflow-resume", "-ktest_site")
    again.assert_outcomes(passed=1)
    again.stdout.no_fnmatch_line("recorded *")


def test_whoever_records_anew_is_told_what_is_kept(
    project: pytest.Pytester, record: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, before anything is paid for again."""
    project.makepyfile(test_whales=TEST)
    monkeypatch.setenv("BREAKS", "1")
    record("-k", "test_site")
    monkeypatch.delenv("BREAKS")
    anew = record("-k", "test_site", apart=True)
    anew.assert_outcomes(passed=1)
    anew.stdout.fnmatch_lines(
        [
            (
                "agentflow: recording site/whales-* anew: 2 calls worth $0.00040 of a "
                "recording that broke off are kept in whales-*.flow.partial.jsonl; "
                "to use them instead, stop this and run: pytest "
                "'test_whales.py::test_site' --agentflow=record --agentflow-resume"
            )
        ]
    )


def test_the_interrupted_are_told_as_well(
    project: pytest.Pytester, record: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends the session: the way on is told beside it."""
    project.makepyfile(test_whales=TEST)
    monkeypatch.setenv("BREAKS", "1")
    broken = record("-k", "test_stopped", apart=True)
    assert broken.ret == pytest.ExitCode.INTERRUPTED
    broken.stdout.fnmatch_lines(
        ["The recording broke off; * 2 calls worth $0.00040 are kept in *"]
    )
    monkeypatch.delenv("BREAKS")
    words = command(broken, "pay only for the rest: pytest ")
    project.runpytest_subprocess(*words).assert_outcomes(passed=1)


def test_a_spent_budget_names_the_way_on(
    project: pytest.Pytester, record: Recorder
) -> None:
    """What is kept is told below the message, and the rest is recorded with more."""
    project.makepyfile(test_whales=TEST)
    flow = Path("flow.py").read_text()
    limited = flow.replace('"m-small", "mess', '"m-small", "max_tokens": 4000, "mess')
    project.makepyfile(flow=limited)
    stopped = record("-k", "test_site", "--agentflow-budget=0.0081")
    stopped.assert_outcomes(failed=1)
    stopped.stdout.fnmatch_lines(
        [
            "*pytest_agentflow.OverBudget: *Raise --agentflow-budget, or limit *",
            "The recording broke off; *1 call worth $0.00020 is kept in *",
            "Resume it, and pay only for the rest: pytest *",
        ]
    )
    words = command(stopped, "pay only for the rest: pytest ")
    # The budget is of this session: what the journal cost does not count.
    resumed = record(*words, "--agentflow-budget=0.0081")
    resumed.assert_outcomes(passed=1)
    report = record(*words, "--agentflow-report=r.md", mode="replay")
    assert report.ret == pytest.ExitCode.OK


def test_a_journal_can_be_discarded_as_the_message_says(
    project: pytest.Pytester, record: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Afterwards nothing is left of it."""
    project.makepyfile(test_whales=TEST)
    monkeypatch.setenv("BREAKS", "1")
    broken = record("-k", "test_site")
    assert main(command(broken, "Discard it: agentflow ")) == 0
    assert list(project.path.rglob("*.jsonl")) == []


def test_resuming_needs_something_that_records(project: pytest.Pytester) -> None:
    """A replay has nothing to finish; the sentence says which options go with it."""
    project.makepyfile(test_whales=TEST)
    result = project.runpytest("--agentflow-resume")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "\n".join(result.errlines)
    assert re.search("--agentflow-resume finishes recordings: it needs --agentfl", told)


UNREACHED = """
    import httpx
    from flow import plan

    def lookup(topic):
        return ["whales are large"]

    def site(topic):
        page = plan(lookup(topic)[0]) if ASKS else lookup(topic)[0]
        httpx.post("http://127.0.0.1:9/v1/chat/completions", json={"model": "m-small"})

    def test_site(agentflow):
        agentflow.run(site, "whales")
"""


@pytest.mark.parametrize(
    ("asks", "kept"), [(True, "2 calls worth $0.00020 are"), (False, "1 *free*")]
)
def test_a_providers_failure_is_its_sentence_and_the_way_on(
    project: pytest.Pytester, record: Recorder, *, asks: bool, kept: str
) -> None:
    """The client's frames are left out; what is kept, and the way on, stand last."""
    test = UNREACHED.replace("ASKS", str(asks))
    project.makepyfile(test_whales=test)
    config = Path("pytest.ini")
    retrievers = "\nagentflow_retrievers = test_whales:lookup\n"
    config.write_text(config.read_text().rstrip() + retrievers)
    broken = record()
    broken.assert_outcomes(failed=1)
    broken.stdout.fnmatch_lines(
        [
            "httpx.ConnectError: *refused*",
            "Called from (--full-trace shows all):",
            "  test_whales.py:* in site",
            f"The recording broke off; *{kept} kept in recordings/site/*.jsonl.",
            "Resume it, and pay only for the rest: pytest *",
            "Record anew *",
            "Discard it: agentflow prune --partial --delete recordings/site/*",
        ]
    )
    assert not [line for line in broken.outlines if "site-packages" in line]
    assert len(broken.outlines) < 40
    whole = record("--full-trace").stdout.str()
    assert "site-packages" in whole


def test_a_failed_request_of_a_plain_test_keeps_its_trace(
    project: pytest.Pytester,
) -> None:
    """What is no run of ours is shown as pytest shows it."""
    project.makepyfile(
        test_own_request="""
        import httpx

        def test_ours(agentflow): ...

        def test_plain():
            httpx.get("http://127.0.0.1:9")
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    assert "Called from" not in result.stdout.str()
