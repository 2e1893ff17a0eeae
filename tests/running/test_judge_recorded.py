"""Judges are recorded beside the run they judge, and replayed without a network."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import judge_samples
import pytest
from agentflow_checks.grounding.judging import JudgeClaim, JudgeEvidence
from flows import SECRET, MakeFlow
from judge_samples import answered, house_rules
from scripted_server import Server, serving

import pytest_agentflow as af
from pytest_agentflow.checking.check import CheckError
from pytest_agentflow.running.judge_loading import judge_named
from pytest_agentflow.running.judging import RecordedJudge
from pytest_agentflow.running.settings import BadSetting

OUTPUT = "Dogs are welcome.\nThere is a pool."


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve the judge's model over HTTP."""
    with serving(answered) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{running.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        yield running


@pytest.fixture
def run(tmp_path: Path) -> af.Run:
    """Record a run that says two things of a house."""
    made = af.Run(workflow="house", case="alpine", inputs={}, output=OUTPUT)
    folder = tmp_path / "recordings"
    return af.load(af.save(made, folder / "house" / "alpine.flow.json"))


Ask = Callable[..., af.CheckResult]


@pytest.fixture
def asked(flow: MakeFlow) -> Ask:
    """Let a judge judge a run in a mode."""

    def ask(
        run: af.Run,
        mode: str = "replay",
        judge: Any = judge_samples.judge,
        check: af.Check | None = None,
        **settings: Any,
    ) -> af.CheckResult:
        given = flow("replay").judge_settings(mode, **settings)
        source = RecordedJudge(lambda: judge, given)
        (result,) = af.evaluate(run, check or house_rules(), judge=source).results
        return result

    return ask


def told(result: af.CheckResult) -> list[str]:
    """Give what a check found, by line of the output."""
    return [finding.message for finding in result.findings]


FOUND = ["Dogs are welcome.: contradicted ", "There is a pool.: unsupported "]


@contextmanager
def untouched(*allowed: Path) -> Iterator[None]:
    """Hold sockets, environment, working directory and files to stay as they are."""

    def refused(*_: object, **__: object) -> None:
        pytest.fail("a replay opened a socket")

    here = Path.cwd()
    files = {p: p.stat().st_mtime_ns for f in allowed for p in sorted(f.rglob("*"))}
    before, real = dict(os.environ), socket.socket.connect
    socket.socket.connect = refused  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        socket.socket.connect = real  # type: ignore[method-assign]
    assert dict(os.environ) == before
    assert Path.cwd() == here
    again = {p: p.stat().st_mtime_ns for f in allowed for p in sorted(f.rglob("*"))}
    assert files == again


def test_recorded_once_and_replayed_with_nothing(
    run: af.Run, asked: Ask, model: Server, tmp_path: Path, monkeypatch: Any
) -> None:
    """No socket, no changed variable, no file: and the same findings, byte for byte."""
    recorded = asked(run, "record")
    assert told(recorded) == FOUND
    assert len(model.asked) == 2  # orders
    model.stop()
    monkeypatch.delenv("OPENAI_API_KEY")
    with untouched(tmp_path):
        assert asked(run) == asked(run) == recorded


def test_what_is_written_is_a_recording_without_the_key(
    run: af.Run, asked: Ask, model: Server
) -> None:
    """It stands beside the run, as calls of the check's own stage, and is authored."""
    asked(run, "record")
    assert run.path is not None
    file = run.path.with_name("alpine.judge.json")
    held = af.load(file)
    assert [c.id for c in held.calls] == ["judge/house_rules/1", "judge/house_rules/2"]
    assert {c.model for c in held.calls} == {judge_samples.MODEL}
    assert held.calls[0].usage is not None
    assert held.calls[0].usage.input_tokens == 400
    assert held.authored
    assert SECRET not in file.read_text()
    assert sorted(p.name for p in file.parent.iterdir()) == [
        "alpine.flow.json",
        "alpine.judge.json",
    ]


def test_answers_that_people_wrote_are_told(run: af.Run, model: Server) -> None:
    """By the judge that was asked, when it is replayed, too."""
    assert run.path is not None
    claim = [JudgeClaim(id="c1", text="Dogs are welcome.")]
    guide = [JudgeEvidence(id="g", text=judge_samples.GUIDE)]
    for mode in ("record", "replay"):
        judge = af.recorded_judge("judge_samples:judge", run.path, mode=mode)
        assert judge(claim, guide)["c1"].verdict == "contradicted"
        assert judge.authored
        assert judge.models == (judge_samples.MODEL,)


def test_what_is_new_is_a_question_with_the_command_that_judges_it(
    run: af.Run, asked: Ask, model: Server
) -> None:
    """A claim that was put in is asked alone; what was recorded is not asked again."""
    claims = "\n".join(f"Dogs may use pool {n}." for n in range(20))
    longer = replace(run, output=claims)
    asked(longer, "record")
    before = len(model.asked)
    changed = replace(run, output=claims.replace("pool 19", "sauna"))
    replayed = asked(changed)
    open_ = [one for one in told(replayed) if "undetermined" in one]
    assert 0 < len(open_) < 11
    assert "alpine.judge.json holds no such question" in open_[-1]
    assert "To judge what is new: pytest --agentflow-judge=record" in open_[-1]
    assert len(model.asked) == before
    assert not [one for one in told(asked(changed, "record")) if "undeter" in one]
    assert len(model.asked) == before + 2
    assert told(asked(longer)) == [
        f"{line}: contradicted " for line in claims.split("\n")
    ]


def test_a_changed_source_is_judged_again(
    run: af.Run, asked: Ask, model: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said of an older source is not said of the new one."""
    asked(run, "record")
    monkeypatch.setattr(judge_samples, "GUIDE", "Dogs are not allowed inside.")
    assert all("not judged" in one for one in told(asked(run)))


def test_without_a_recording_all_claims_are_questions(run: af.Run, asked: Ask) -> None:
    """Nothing is asked of anybody, and nothing passes."""
    replayed = asked(run)
    assert replayed.verdict is af.Verdict.UNDETERMINED
    assert "alpine.judge.json is not there" in told(replayed)[0]


def test_a_judge_that_swallows_a_miss_decides_nothing(run: af.Run, asked: Ask) -> None:
    """The session knows of it, whatever the judge makes of it."""
    assert all(
        "not judged" in one for one in told(asked(run, judge=judge_samples.swallowing))
    )


def test_live_asks_and_writes_nothing(
    run: af.Run, asked: Ask, model: Server, tmp_path: Path
) -> None:
    """Mode live is for a look."""
    before = sorted(tmp_path.rglob("*"))
    assert told(asked(run, "live")) == FOUND
    assert sorted(tmp_path.rglob("*")) == before
    assert len(model.asked) == 2


def test_a_run_that_is_no_recording_says_so(asked: Ask, run: af.Run) -> None:
    """There is no place beside it to keep what was said."""
    page = replace(run, path=None)
    assert "is no recording" in told(asked(page))[0]
    assert "is no recording" in told(asked(page, "record"))[0]


def test_no_more_calls_than_the_session_allows(
    run: af.Run, asked: Ask, model: Server
) -> None:
    """Beyond them claims stay undetermined, and a call that was made is kept."""
    result = asked(run, "record", max_calls=1)
    assert len(model.asked) == 1
    assert "agentflow_max_judge_calls=1 was reached" in told(result)[0]
    assert "undetermined" in told(result)[0]


def test_a_limit_of_money_stops_before_the_call(
    run: af.Run, asked: Ask, model: Server
) -> None:
    """The session's limit holds, and so does the check's own."""
    limits = {"max_cost": af.Money(amount=Decimal("0.000001"))}
    for result in (
        asked(run, "record", **limits),
        asked(run, "record", check=house_rules(max_judge_cost=0.000001)),
    ):
        assert "this call may cost up to" in told(result)[0]
    assert not model.asked


def test_the_cost_of_judging_is_told(run: af.Run, asked: Ask, model: Server) -> None:
    """The same when it is replayed, at the prices of the recording."""
    recorded = asked(run, "record")
    (note,) = recorded.notes
    assert note.text.startswith("('gpt-5-mini',) ")
    assert note.text.endswith(" 2")
    assert asked(run).notes == recorded.notes


def test_a_local_model_is_replayed_without_its_weights(
    run: af.Run, asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scorer that is marked as a tool is recorded like any other call."""
    recorded = asked(run, "record", judge=judge_samples.local)
    assert told(recorded) == FOUND
    assert run.path is not None
    held = json.loads(run.path.with_name("alpine.judge.json").read_text())
    assert {call["kind"] for call in held["calls"]} == {"tool"}
    ran: list[str] = []
    monkeypatch.setattr(judge_samples, "SCORED", ran)
    assert asked(run, judge=judge_samples.local) == recorded
    assert not ran


def test_an_error_of_the_model_is_an_error_and_is_not_kept(
    run: af.Run, asked: Ask, model: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal that was recorded would be given for ever."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    result = asked(run, "record")
    assert result.verdict is af.Verdict.ERROR
    assert "the judge failed" in told(result)[0]
    assert run.path is not None
    assert not run.path.with_name("alpine.judge.json").exists()


def test_a_plain_callable_judges_without_a_session(run: af.Run) -> None:
    """`af.evaluate(run, check, judge=function)` asks the function itself."""
    from agentflow_checks.grounding.judging import JudgeVerdict

    class Plain:
        models, calls = (), ()

        def cost(self) -> None:
            return None

        def __call__(self, claims: Any, _: Any) -> Any:
            return {c.id: JudgeVerdict(verdict="unsupported") for c in claims}

    (result,) = af.evaluate(run, house_rules(), judge=Plain()).results
    assert [f.verdict for f in result.findings] == [af.Verdict.UNDETERMINED] * 2


@pytest.mark.parametrize("name", ["judge", "a b:c", "m:", ":f", "m:f:g", "m:f()"])
def test_a_name_of_another_form_is_refused(name: str) -> None:
    """Before any test runs."""
    with pytest.raises(BadSetting, match="module:function"):
        judge_named(name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:judge", "cannot be imported"),
        ("judge_samples:nobody", "has no nobody"),
        ("judge_samples:MODEL", "is str, not a function"),
    ],
)
def test_a_judge_that_is_not_there_is_told_when_it_is_asked(
    name: str, said: str
) -> None:
    """The sentence names the setting."""
    with pytest.raises(CheckError, match=said):
        judge_named(name)()
