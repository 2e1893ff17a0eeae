"""`agentflow check --judge`: what is open is judged beside the recording."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main

JUDGE = """
import pytest_agentflow as af
from agentflow_checks.grounding.judging import JudgeVerdict


@af.tool
def denied(claim: str) -> bool:
    return "Dogs" in claim


def judge(claims, evidence):
    word = {True: "contradicted", False: "undetermined"}
    quote = "Dogs are not allowed"
    return {
        c.id: JudgeVerdict(verdict=word[denied(c.text)], quote=quote) for c in claims
    }
"""


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a recording of one claim, in a project with a judge of its own."""
    run = af.Run(
        workflow="house",
        case="alpine",
        inputs={},
        stages=(af.Stage(name="writer", outputs=("Dogs are welcome in our house.",)),),
        sources=(af.Source(id="g", text="Dogs are not allowed.", stage="writer"),),
    )
    (tmp_path / "house_judge.py").write_text(JUDGE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "house_judge", raising=False)
    return af.save(run, Path("recordings/house/alpine.flow.json"))


def check(recording: Path, *words: str) -> int:
    """Run the command."""
    return main(["check", str(recording), "-c", "hallucination", *words])


def test_asked_once_and_then_replayed(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a recorded answer the message has the command that asks."""
    judge = ["--judge", "house_judge:judge"]
    check(recording, *judge)
    out = capsys.readouterr().out
    assert "it was not judged" in out
    asks = "--judge house_judge:judge --judge-mode record"
    assert asks in out
    check(recording, *judge, "--judge-mode", "record")
    assert "a source contradicts it" in capsys.readouterr().out
    assert Path("recordings/house/alpine.judge.json").exists()
    sys.modules.pop("house_judge")
    Path("house_judge.py").write_text(JUDGE.replace('"Dogs" in', '"Cats" in'))
    check(recording, *judge)
    assert "a source contradicts it" in capsys.readouterr().out


def test_the_projects_own_judge_is_found(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the setting that pytest reads, too."""
    Path("pytest.ini").write_text("[pytest]\nagentflow_judge = house_judge:judge\n")
    check(recording, "--judge-mode", "live")
    assert "a source contradicts it" in capsys.readouterr().out
    assert not Path("recordings/house/alpine.judge.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--judge", "judge"], "must be written as 'module:function'"),
        (["--judge-mode", "live"], "name a judge with --judge"),
    ],
)
def test_a_wrong_judge_is_a_wrong_call(
    recording: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """Status 2, and one sentence."""
    assert check(recording, *words) == 2
    assert said in capsys.readouterr().err
