"""Answers are whole, are answers, and belong to the questions that were asked."""

from __future__ import annotations

import dataclasses

import pytest
from agentflow_checks import replayed
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af


def a_run(*reasons: str | None, drifts: tuple[af.Drift, ...] = ()) -> af.Run:
    """Make a run of one stage, with a call for each finish reason."""
    calls = tuple(
        af.Call(
            id=f"write/{number}",
            kind="chat",
            stage="write",
            model="m",
            answer="Once upon",
            finish_reason=reason,
            usage=af.Usage(input_tokens=3, output_tokens=64),
        )
        for number, reason in enumerate(reasons, 1)
    )
    stages = (af.Stage(name="write"),) if calls else ()
    return af.Run(workflow="w", case="c", stages=stages, calls=calls, drifts=drifts)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("length", "the answer of m was cut off after 64 tokens"),
        ("refusal", "m refused to answer"),
        ("content_filter", "a content filter cut the answer of m"),
    ],
)
def test_an_ending_that_is_no_answer_fails(reason: str, said: str) -> None:
    """Clients take it for an answer; the stage that got it is named."""
    result = af.evaluate(a_run("stop", reason), replayed())
    (finding,) = result.findings
    assert result.failed
    assert finding.message == said
    assert finding.introduced_by == "write"
    assert str(finding.place) == "write/2"


def test_an_ending_that_is_meant_is_allowed() -> None:
    """A stage that is given few tokens on purpose says so."""
    run = a_run("length", "refusal", "content_filter")
    allowed = ("truncation", "refusal", "content_filter")
    assert af.evaluate(run, replayed(allow=allowed)).ok
    assert len(af.evaluate(run, replayed(allow=["refusal"])).findings) == 2


def test_a_misspelt_ending_is_refused() -> None:
    """The names there are stand in the error."""
    for wrong in (["lenght"], "truncation"):
        with pytest.raises(af.BadArgument, match="allow= takes a list of truncation"):
            replayed(allow=wrong)


def test_drift_warns_and_does_not_fail() -> None:
    """An answer to another question is shown with what changed in it."""
    drift = af.Drift(stage="write", call="write/1", changes=("$.a: [-x-]{+y+}",))
    result = af.evaluate(a_run("stop", drifts=(drift,)), replayed())
    assert result.ok
    (finding,) = result.findings
    assert finding.advisory
    assert "$.a: [-x-]{+y+}" in finding.message
    assert finding.fix.endswith("--agentflow-record-stage=write")


def test_a_run_without_calls_is_inapplicable() -> None:
    """Nothing was asked, so nothing was examined; a test may carry it all the same."""
    result = af.evaluate(a_run(), replayed())
    assert result.verdict is af.Verdict.INAPPLICABLE
    assert result.results[0].examined == 0
    assert "no call was made" in result.results[0].notes[0].text
    assert af.evaluate(a_run(), replayed().optional()).ok


def test_a_run_that_was_partly_live_says_how_each_stage_was_answered() -> None:
    """Live, replayed, or served in order."""
    drift = af.Drift(stage="write", call="write/1")
    run = a_run("stop", drifts=(drift,))
    stages = (af.Stage(name="plan"), af.Stage(name="paint"), *run.stages)
    run = dataclasses.replace(run, live=("paint",), stages=stages)
    notes = [note.text for note in af.evaluate(run, replayed()).results[0].notes]
    told = (
        "plan: replayed, paint: live, "
        "write: served in order, though its questions changed"
    )
    assert told in notes


@given(st.lists(st.none() | st.sampled_from(["stop", "length", "refusal", "other"])))
def test_every_call_is_counted(reasons: list[str | None]) -> None:
    """Findings and passed calls add up to the calls, rule by rule."""
    rules = af.evaluate(a_run(*reasons), replayed()).results[0].rules
    assert [rule.examined for rule in rules[:2]] == [len(reasons)] * 2
    unknown = reasons.count(None)
    assert len(rules[0].findings) == reasons.count("length") + unknown
    assert len(rules[1].findings) == reasons.count("refusal") + unknown


def test_calls_in_no_stage_fail_where_that_is_asked_for() -> None:
    """Each of them is named, and those in a stage pass."""
    run = a_run("stop", "stop")
    lost = dataclasses.replace(run.calls[0], stage="unattributed")
    run = dataclasses.replace(run, calls=(lost, run.calls[1]))
    assert af.evaluate(run, replayed()).ok
    result = af.evaluate(run, replayed(attributed=True))
    assert [f.message for f in result.findings] == ["a call of m stands in no stage"]
    assert result.results[0].rules[-1].examined == 2


def verdicts(run: af.Run) -> list[af.Verdict]:
    """The verdicts on whole answers, and on answers that are none."""
    return [r.verdict for r in af.evaluate(run, replayed()).results[0].rules[:2]]


def changed(run: af.Run, **fields: object) -> af.Run:
    """The run with all its calls changed alike."""
    calls = tuple(dataclasses.replace(call, **fields) for call in run.calls)
    return dataclasses.replace(run, calls=calls)


def test_an_unknown_ending_is_a_question() -> None:
    """Nobody can know whether the answer was cut off; strictness lets it fail."""
    run = a_run(None, "stop")
    assert verdicts(a_run(None)) == [af.Verdict.UNDETERMINED] * 2
    result = af.evaluate(run, replayed())
    assert result.ok
    assert result.results[0].undetermined == 2
    assert {str(finding.place) for finding in result.findings} == {"write/1"}
    assert not af.evaluate(run, replayed().strict()).ok


def test_an_answer_that_the_recording_lacks_is_no_green_line() -> None:
    """Endings that are told still count; a refusal may stand in what is lacking."""
    told = changed(a_run("stop"), missing=("answer",))
    assert verdicts(told) == [af.Verdict.PASSED, af.Verdict.ERROR]
    untold = changed(a_run(None), missing=("answer",))
    assert verdicts(untold) == [af.Verdict.ERROR] * 2
    cut = changed(a_run("length", "refusal"), missing=("answer",))
    assert verdicts(cut) == [af.Verdict.FAILED] * 2
    result = af.evaluate(told, replayed().optional())
    assert result.results[0].verdict is af.Verdict.ERROR
    assert not result.ok
    assert "import it anew" in result.findings[0].fix


@pytest.mark.parametrize(
    "kind", ["image", "embeddings", "rerank", "audio", "retriever", "tool", "http"]
)
def test_what_cannot_be_cut_off_is_not_counted(kind: str) -> None:
    """A picture or a vector is no whole answer, and none that was cut off."""
    run = changed(a_run(None, "stop"), kind=kind)
    assert verdicts(run) == [af.Verdict.INAPPLICABLE] * 2
    assert af.evaluate(run, replayed()).ok


def test_a_picture_that_a_filter_stopped_fails() -> None:
    """An image model refuses as others do."""
    run = changed(a_run("content_filter"), kind="image")
    assert verdicts(run) == [af.Verdict.INAPPLICABLE, af.Verdict.FAILED]
