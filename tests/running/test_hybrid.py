"""Stages that go live or are recorded anew while the others are replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from flows import MakeFlow, without_recorded
from scripted_server import Asked, Reply, Server, as_json, serving

import pytest_agentflow as af

STAGES = ("plan", "paint", "build")
WORDS = {"plan": "Plan a page.", "paint": "Paint it.", "build": "Build it."}
"""What the stages are told; tests change it between recording and replay."""

SAYS = {"round": 1}
"""How the provider answers; a new round gives new answers."""


@pytest.fixture(autouse=True)
def _settings() -> Any:
    words, says = dict(WORDS), dict(SAYS)
    yield
    WORDS.update(words)
    SAYS.clear()
    SAYS.update(says)


def provider(asked: Asked) -> Reply:
    """Answer by the last message, otherwise in every round."""
    said = asked.json["messages"][-1]["content"]
    text = f"{said.split()[0].lower()} done in round {SAYS['round']}"
    if SAYS.get("same"):
        text = f"{said.split()[0].lower()} done"
    return as_json(
        {
            "id": "c",
            "object": "chat.completion",
            "model": "gpt-5-mini",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5},
        }
    )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serve the provider."""
    with serving(provider) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{running.url}/v1")
        yield running


def say(text: str) -> str:
    """Ask the provider once."""
    with openai.OpenAI() as client:
        answer = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": text}]
        )
    return str(answer.choices[0].message.content)


def flow_of_three() -> str:
    """Hand over from stage to stage."""
    given = ""
    for name in STAGES:
        with af.stage(name):
            given = say(f"{WORDS[name]} {given}".strip())
    return given


def recorded(flow: MakeFlow) -> Path:
    """Record the flow, and give the file."""
    run = flow("record").run(flow_of_three)
    assert run.path is not None
    return run.path


def answers(run: af.Run) -> list[str | None]:
    """Give the answer of each stage."""
    return [run.stage(name).calls[0].answer for name in STAGES]


@pytest.mark.parametrize("stage", STAGES)
def test_a_live_stage_asks_the_network_and_all_else_is_replayed(
    flow: MakeFlow, server: Server, stage: str
) -> None:
    """First, middle and last: what is before is replayed, what is after in order."""
    path = recorded(flow)
    before = path.read_bytes()
    server.asked.clear()
    SAYS["round"] = 2
    run = flow(live_stages=(stage,)).run(flow_of_three)
    at = STAGES.index(stage)
    assert len(server.asked) == 1
    assert answers(run)[at] == f"{stage} done in round 2"
    others = [name for name in STAGES if name != stage]
    assert [run.stage(n).calls[0].answer for n in others] == [
        f"{name} done in round 1" for name in others
    ]
    assert run.live == (stage,)
    assert [drift.stage for drift in run.drifts] == list(STAGES[at + 1 : at + 2])
    assert path.read_bytes() == before


def test_a_drift_says_what_changed(flow: MakeFlow, server: Server) -> None:
    """The finding of the next stage shows the words that are new."""
    recorded(flow)
    SAYS["round"] = 2
    run = flow(live_stages=("plan",)).run(flow_of_three)
    (drift,) = run.drifts
    assert drift.call == "paint/1"
    assert "[-1-]{+2+}" in drift.changes[0]
    assert "round 2" in run.stage("paint").calls[0].prompt
    assert server.asked


def test_stages_below_a_live_one_may_go_live_too(
    flow: MakeFlow, server: Server
) -> None:
    """What is asked otherwise goes over the network; what is not is replayed."""
    recorded(flow)
    server.asked.clear()
    SAYS["round"] = 2
    run = flow(live_stages=("paint",), match="live").run(flow_of_three)
    assert len(server.asked) == 2
    assert run.live == ("paint", "build")
    assert run.drifts == ()
    assert answers(run) == [
        "plan done in round 1",
        "paint done in round 2",
        "build done in round 2",
    ]


def test_an_equal_answer_of_a_live_stage_changes_nothing_below(
    flow: MakeFlow, server: Server
) -> None:
    """Exact questions get their recorded answers, whatever the policy."""
    SAYS["same"] = 1
    recorded(flow)
    for match in ("strict", "stage-order", "live"):
        server.asked.clear()
        run = flow(live_stages=("plan",), match=match).run(flow_of_three)
        assert (run.live, run.drifts) == (("plan",), ())
        assert len(server.asked) == 1


def test_strict_matching_below_a_live_stage_is_a_miss(
    flow: MakeFlow, server: Server
) -> None:
    """Who wants only exact answers gets told which question changed."""
    recorded(flow)
    SAYS["round"] = 2
    with pytest.raises(af.Miss, match="stage 'paint' sent POST"):
        flow(live_stages=("plan",), match="strict").run(flow_of_three)
    assert server.asked


def test_a_change_before_the_live_stage_is_no_live_call(
    flow: MakeFlow, server: Server
) -> None:
    """Only what was named goes live: other changes drift, or miss."""
    recorded(flow)
    server.asked.clear()
    WORDS["plan"] = "Plan two pages."
    run = flow(live_stages=("build",)).run(flow_of_three)
    assert [drift.stage for drift in run.drifts] == ["plan"]
    assert len(server.asked) == 1
    with pytest.raises(af.Miss, match="stage 'plan'"):
        flow(live_stages=("build",), match="strict").run(flow_of_three)


def test_answers_come_in_order_and_drift_is_noted(
    flow: MakeFlow, server: Server
) -> None:
    """Under `stage-order` a changed prompt gets the answer recorded in its place."""
    recorded(flow)
    server.stop()
    WORDS["paint"] = "Draw it."
    run = flow(match="stage-order").run(flow_of_three)
    assert run.live == ()
    assert [(d.stage, d.call) for d in run.drifts] == [("paint", "paint/1")]
    assert "[-Paint-]{+Draw+}" in run.drifts[0].changes[0]
    assert answers(run)[1] == "paint done in round 1"


def test_more_calls_than_recorded_are_a_miss_in_order_too(
    flow: MakeFlow, server: Server
) -> None:
    """There is no answer left to serve."""
    recorded(flow)
    server.stop()

    def flow_of_three() -> None:
        for name in STAGES:
            with af.stage(name):
                say("something else")
                if name == "build":
                    say("and more")

    with pytest.raises(af.Miss, match="stage 'build'"):
        flow(match="stage-order").run(flow_of_three)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_recorded_anew_with_all_that_comes_after_it(
    flow: MakeFlow, server: Server, stage: str
) -> None:
    """First, middle and last stage; every byte of the stages before stays."""
    path = recorded(flow)
    before = json.loads(path.read_text())
    server.asked.clear()
    SAYS["round"] = 2
    told: list[str] = []
    run = flow(record_stages=(stage,), announce=told.append).run(flow_of_three)
    after = json.loads(path.read_text())
    at = STAGES.index(stage)
    assert len(server.asked) == len(STAGES) - at
    assert answers(run) == [
        f"{name} done in round {1 if place < at else 2}"
        for place, name in enumerate(STAGES)
    ]
    assert after["calls"][:at] == before["calls"][:at]
    for call in (f"{name}/1" for name in STAGES[:at]):
        timings = [one["recorded"]["calls"][call] for one in (before, after)]
        assert timings[0] == timings[1]
    calls = "1 call" if at == 2 else f"{3 - at} calls"
    assert told[0].startswith(f"recording {', '.join(STAGES[at:])} of ")
    assert f": {calls}, " in told[0]
    elapsed, times = run.recorded.elapsed, list(run.recorded.stages.values())
    assert elapsed is not None
    assert elapsed >= max(end for _, end in times)
    assert all(times[n + 1][0] >= times[n][1] for n in range(2))
    assert run.recorded.all_takes.discarded == 1
    SAYS["round"] = 3
    server.stop()
    assert answers(flow().run(flow_of_three)) == answers(run)


def test_recording_a_stage_anew_with_the_same_answers_leaves_the_file(
    flow: MakeFlow, server: Server
) -> None:
    """Outside of what always changes, the bytes are those of before."""
    SAYS["same"] = 1
    path = recorded(flow)
    before = without_recorded(path)
    flow(record_stages=("paint",)).run(flow_of_three)
    assert without_recorded(path) == before
    assert server.asked


def test_a_change_before_the_stage_recorded_anew_is_a_miss(
    flow: MakeFlow, server: Server
) -> None:
    """The old recording stays; the message names the stage to record instead."""
    path = recorded(flow)
    before = path.read_bytes()
    WORDS["plan"] = "Plan two pages."
    with pytest.raises(af.Miss, match="--agentflow-record-stage=plan"):
        flow(record_stages=("build",)).run(flow_of_three)
    assert path.read_bytes() == before
    assert len(server.asked) == 3


def test_a_stage_that_a_recording_lacks_is_replayed(
    flow: MakeFlow, server: Server
) -> None:
    """Other workflows of the session are not concerned."""
    recorded(flow)
    server.stop()
    run = flow(live_stages=("paint-two",)).run(flow_of_three)
    assert (run.live, run.drifts) == ((), ())


def test_a_function_recorded_anew_still_overlaps_the_calls_it_makes(
    flow: MakeFlow, server: Server
) -> None:
    """What it asked by itself is played with it, and not missed as left out."""

    @af.tool
    def translate(text: str) -> str:
        return say(say(text))

    def translated() -> str:
        with af.stage("plan"):
            given = say("Plan it.")
        with af.stage("build"):
            return translate(given)

    flow("record").run(translated)
    anew = flow(record_stages=("build",)).run(translated)
    server.stop()
    assert flow().run(translated).output == anew.output
