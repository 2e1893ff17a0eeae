"""deepeval's own metrics, with a scripted model: what their scores hide is told."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.grounding.judge_deepeval import deepeval_judge
from agentflow_checks.grounding.judging import JudgeEvidence, Ruling, rule_on

import pytest_agentflow as af

GUIDE = JudgeEvidence(id="guide.md", text="Dogs are not allowed. There is a lake.")
MEALS = JudgeEvidence(id="meals.md", text="Breakfast is served on the terrace.")

needs_deepeval = pytest.mark.skipif(
    importlib.util.find_spec("deepeval") is None,
    reason="deepeval pins other clients; scripts/test gives it an environment",
)

Script = Callable[[str], str]


def scripted(**answers: Any) -> Script:
    """Answer deepeval's prompts by the key that they ask for; written by people."""

    def ask(prompt: str) -> str:
        asked = max(
            answers,
            key=lambda key: max(prompt.rfind(f"'{key}'"), prompt.rfind(f'"{key}"')),
        )
        return json.dumps({asked: answers[asked]})

    return ask


def ruled(ask: Script, metric: Any, *evidence: JudgeEvidence) -> Ruling:
    """Rule on one claim."""
    judge = deepeval_judge(ask, metric)
    (one,) = rule_on(judge, ["Dogs are welcome."], evidence or [GUIDE]).rulings
    return one


def verdicts(*words: str) -> list[dict[str, str]]:
    """Write verdicts as deepeval reads them."""
    return [{"verdict": word, "reason": f"because {word}"} for word in words]


@needs_deepeval
@pytest.mark.parametrize(
    ("claims", "said", "verdict"),
    [
        (["a"], ["no"], "unsupported"),
        (["a", "b"], ["yes", "no"], "unsupported"),
        (["a"], ["yes"], "undetermined"),  # quotes nothing
        (["a"], ["idk"], "undetermined"),  # deepeval: faithful
        (["a", "b"], ["yes", "borderline"], "undetermined"),
        (["a", "b"], ["yes"], "error"),  # deepeval: 1.0
        (["a"], [], "error"),
        (["a"], ["yes", "yes"], "error"),
        ([], [], "undetermined"),  # deepeval: 1
    ],
)
def test_faithfulness_is_read_by_its_verdicts_and_not_by_its_score(
    claims: list[str], said: list[str], verdict: str
) -> None:
    """Fewer verdicts than claims, no claims and idk are never a pass."""
    ask = scripted(truths=["Dogs stay out."], claims=claims, verdicts=verdicts(*said))
    assert ruled(ask, "faithfulness").verdict == verdict


@needs_deepeval
@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (["no", "yes"], "unsupported"),
        (["yes", "yes"], "undetermined"),
        (["yes"], "error"),
        (["yes", "yes", "no"], "error"),
    ],
)
def test_hallucination_needs_a_verdict_on_each_source(
    said: list[str], verdict: str
) -> None:
    """Its score, whose direction has changed, is not looked at."""
    ask = scripted(verdicts=verdicts(*said))
    assert ruled(ask, "hallucination", GUIDE, MEALS).verdict == verdict


@needs_deepeval
@pytest.mark.parametrize(
    ("score", "reason", "verdict"),
    [
        (10, 'The source says "Breakfast is served on the terrace".', "supported"),
        (10, "The source says \u201cBreakfast is served\u201d.", "supported"),
        (10, "It is well known.", "undetermined"),
        (10, 'It says "Breakfast is free for all guests".', "undetermined"),
        (5, 'It says "Breakfast is served on the terrace".', "undetermined"),
        (0, "Nothing says so.", "unsupported"),
    ],
)
def test_geval_supports_only_what_it_quotes(
    score: int, reason: str, verdict: str
) -> None:
    """A high score without words of a source decides nothing."""

    def ask(_: str) -> str:
        return json.dumps({"score": score, "reason": reason})

    found = ruled(ask, "geval", GUIDE, MEALS)
    assert found.verdict == verdict
    assert found.source == ("meals.md" if verdict == "supported" else None)


@needs_deepeval
@pytest.mark.parametrize("metric", ["faithfulness", "hallucination", "geval"])
@pytest.mark.parametrize("answer", ["All is well.", "", '{"score": NaN}', "{}"])
def test_prose_instead_of_json_is_an_error(metric: str, answer: str) -> None:
    """It is never a pass."""
    assert ruled(lambda _: answer, metric).verdict == "error"


@needs_deepeval
def test_nothing_of_deepeval_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable, file or directory, no `.env` read, no socket; `ask` stays home."""
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-from-dotenv\nPLANTED=1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(
        socket.socket, "connect", lambda *_: pytest.fail("a socket was opened")
    )
    before, places = dict(os.environ), []
    answer = scripted(truths=["x"], claims=["a"], verdicts=verdicts("no"))

    def ask(prompt: str) -> str:
        places.append(Path.cwd())
        return answer(prompt)

    assert ruled(ask, "faithfulness").verdict == "unsupported"
    assert dict(os.environ) == before
    assert Path.cwd() == tmp_path
    assert set(places) == {tmp_path}
    assert [p.name for p in tmp_path.iterdir()] == [".env"]


@needs_deepeval
def test_its_calls_are_recorded_and_replayed(tmp_path: Path) -> None:
    """Three questions a claim and vote, found by what is asked."""
    answer = scripted(truths=["x"], claims=["a"], verdicts=verdicts("no"))
    asked: list[str] = []

    @af.tool
    def ask(prompt: str) -> str:
        asked.append(prompt)
        return answer(prompt)

    def ruling(mode: Any) -> Ruling:
        judge = deepeval_judge(ask, "faithfulness")
        kept = af.recorded_judge(judge, tmp_path / "x.flow.json", mode=mode)
        (one,) = rule_on(kept, ["Dogs are welcome."], [GUIDE]).rulings
        return one

    assert not ruling("replay").asked
    recorded = ruling("record")
    assert (recorded.verdict, len(asked)) == ("unsupported", 6)
    assert ruling("replay") == recorded
    assert len(asked) == 6
    held = json.loads((tmp_path / "x.judge.json").read_text())
    assert len(held["calls"]) == 6


FRESH = """
import os, socket, sys
from pathlib import Path

def refused(*args, **kwargs):
    os.write(2, b"asked for the network\\n")
    raise OSError("no network")

socket.getaddrinfo = socket.socket.connect = refused
from agentflow_checks.grounding.judge_deepeval import deepeval_judge
assert "deepeval" not in sys.modules
before = dict(os.environ)
judge = deepeval_judge(lambda prompt: '{"verdicts": []}', "hallucination")
assert "deepeval" not in sys.modules
from agentflow_checks.grounding.judging import JudgeEvidence, rule_on
rule_on(judge, ["x"], [JudgeEvidence(id="g", text="y")])
assert "deepeval" in sys.modules
assert dict(os.environ) == before, set(os.environ) ^ set(before)
print(sorted(p.name for p in Path().iterdir()))
"""


@needs_deepeval
def test_a_fresh_process_is_left_as_it_was(tmp_path: Path) -> None:
    """Up to its end: no `.env` read, no variable, no folder, nothing uploaded."""
    (tmp_path / ".env").write_text("PLANTED=1\n")
    home = tmp_path.parent / f"{tmp_path.name}-home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FRESH],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "['.env']"), done.stderr
    assert "network" not in done.stderr
    assert not list(home.iterdir())


def test_without_deepeval_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the command to paste."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(af.CheckError) as caught:
        deepeval_judge(str, "faithfulness")
    assert str(caught.value) == (
        "deepeval is not installed: pip install 'pytest-agentflow[deepeval]'"
    )


def test_another_metric_is_refused() -> None:
    """The message names those there are."""
    with pytest.raises(af.CheckError, match="faithfulness, hallucination, geval"):
        deepeval_judge(str, "bias")  # type: ignore[arg-type]
