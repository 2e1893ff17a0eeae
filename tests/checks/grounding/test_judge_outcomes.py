"""A judge moves questions, and nothing else; it fails tests once it has earned that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.grounding.calibration import (
    Calibrated,
    JudgeCalibration,
    ScoreCalibration,
    Threshold,
    calibration_text,
)
from agentflow_checks.grounding.hallucination import hallucination
from agentflow_checks.grounding.judging import JudgeClaim, JudgeEvidence, JudgeVerdict
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.check import BadArgument

DOGS = "Dogs are not allowed in the house."
GUIDE = af.Source(
    id="guide.md",
    text=f"{DOGS} Breakfast is served on the terrace. Telephone +1 510 889 8690.",
    stage="writer",
)
SAID = (
    "Dogs are welcome in our house.",
    "Guests eat outside in the morning.",
    "Call us on +1 510 889 1111.",
)


def run(*said: str, sources: Sequence[af.Source] = (GUIDE,)) -> af.Run:
    """Make a run of one stage that says something."""
    call = af.Call(id="writer/1", kind="chat", stage="writer", model="gpt-5-mini")
    return af.Run(
        workflow="house",
        case="alpine",
        inputs={},
        stages=(af.Stage(name="writer", outputs=("\n".join(said or SAID),)),),
        calls=(call,),
        sources=tuple(sources),
    )


class Judge:
    """Says the same of every claim; remembers what it was given."""

    models = ("gpt-5",)

    def __init__(self, word: str, quote: str = DOGS) -> None:
        self.said = JudgeVerdict(verdict=word, quote=quote)
        self.claims: list[str] = []
        self.evidence: list[JudgeEvidence] = []

    def __call__(
        self, claims: Sequence[JudgeClaim], evidence: Sequence[JudgeEvidence], /
    ) -> Mapping[str, JudgeVerdict]:
        """Judge all claims alike."""
        self.claims += [claim.text for claim in claims]
        self.evidence += evidence
        return {claim.id: self.said for claim in claims}


def judged(judge: Any, made: af.Run | None = None, **arguments: Any) -> af.CheckResult:
    """Judge a run with a judge."""
    check = hallucination(stage="writer", **arguments)
    (result,) = af.evaluate(made or run(), check, judge=judge).results
    return result


def claims_of(result: af.CheckResult) -> list[tuple[str, str]]:
    """Give verdict and words of what was found on claims as a whole."""
    return [
        (f.verdict.value, f.message)
        for f in result.findings
        if f.rule == "hallucination.claim"
    ]


def calibrated(folder: Path, *, kappa: float = 0.8, **more: Any) -> Path:
    """Write a calibration."""
    judge = JudgeCalibration(
        judge="m:f", models=(), kappa=kappa, low=kappa - 0.2, high=0.95, decided=120,
        undecided=0, rate=0.5, rate_low=0.4, rate_high=0.6, judge_rate=0.5,
    )  # fmt: skip
    found = Calibrated(
        labels="labels.jsonl", sha256="0" * 64, at="2026-11-22", unit="claim",
        supported=60, unsupported=60, groups=20, judge=judge,
    )  # fmt: skip
    path = folder / "calibration.json"
    path.write_text(calibration_text(replace(found, **more)))
    return path


def test_only_what_sources_leave_open_is_asked() -> None:
    """A claim with a value that decides it is never sent."""
    judge = Judge("unsupported")
    judged(judge)
    assert set(judge.claims) == set(SAID[:2])
    assert {one.id for one in judge.evidence} == {"guide.md"}


@pytest.mark.parametrize(
    "word", ["supported", "contradicted", "unsupported", "nonsense"]
)
def test_no_answer_changes_the_verdict_on_a_value(word: str, tmp_path: Path) -> None:
    """The invented telephone number fails, whatever the judge says of all else."""
    plain, with_judge = (
        judged(None),
        judged(Judge(word), calibration=calibrated(tmp_path)),
    )

    def phones(result: af.CheckResult) -> list[af.Finding]:
        return [f for f in result.findings if f.rule == "hallucination.phone"]

    assert phones(plain) == phones(with_judge)
    assert [f.verdict for f in phones(plain)] == [af.Verdict.FAILED]


def test_what_a_judge_supports_with_a_quote_is_held() -> None:
    """It counts as examined and is a question no more."""
    plain, with_judge = judged(None), judged(Judge("supported"))
    assert len(claims_of(plain)) == 2
    assert claims_of(with_judge) == []
    assert with_judge.examined == plain.examined


def test_what_a_judge_denies_is_a_question_until_it_is_calibrated(
    tmp_path: Path,
) -> None:
    """With its words and the quotation; then it fails."""
    said = (
        'the judge says that a source contradicts it: guide.md, "Dogs are not allowed'
    )
    judge = Judge("contradicted")
    ((verdict, message), *_) = claims_of(judged(judge))
    assert (verdict, message[: len(said)]) == ("undetermined", said)
    found = judged(judge, calibration=calibrated(tmp_path))
    assert {verdict for verdict, _ in claims_of(found)} == {"failed"}
    weak = judged(judge, calibration=calibrated(tmp_path, kappa=0.39))
    assert {verdict for verdict, _ in claims_of(weak)} == {"undetermined"}
    assert "too little for a test to fail by it" in str(weak.notes)


@pytest.mark.parametrize("answer", [None, {}, "supported", {"c1": None}])
def test_a_judge_that_answers_nothing_is_an_error(answer: Any) -> None:
    """It is never a pass."""
    result = judged(lambda *_: answer)
    assert result.verdict is af.Verdict.ERROR
    assert {verdict for verdict, _ in claims_of(result)} == {"error"}


def test_the_notes_tell_what_was_asked_and_who_shares_a_vendor() -> None:
    """Counts have their denominator; a judge of the same family is warned of."""
    notes = judged(Judge("unsupported")).notes
    assert any("judge, 2 open claims: 2 unsupported" in note.text for note in notes)
    assert any("not calibrated, so that nothing fails" in note.text for note in notes)
    assert any(note.warning and "of openai" in note.text for note in notes)


def test_of_long_sources_a_judge_gets_what_is_near_the_claims(tmp_path: Path) -> None:
    """What it does not find there stays open: it may stand elsewhere."""
    filling = " ".join(f"The path number {n} leads to a lake." for n in range(2_000))
    long = replace(GUIDE, text=f"{filling} {GUIDE.text} {filling}")
    made = run(*SAID[:2], sources=(long,))
    judge = Judge("unsupported")
    found = judged(judge, made, calibration=calibrated(tmp_path))
    assert sum(len(one.text) for one in judge.evidence) < 20_000
    assert any(DOGS in one.text for one in judge.evidence)
    assert {verdict for verdict, _ in claims_of(found)} == {"undetermined"}
    assert "excerpts of long sources" in claims_of(found)[0][1]
    denied = judged(Judge("contradicted"), made, calibration=calibrated(tmp_path))
    assert {verdict for verdict, _ in claims_of(denied)} == {"failed"}


def _score(low: float, high: float) -> ScoreCalibration:
    def at(chance: float) -> Threshold:
        return Threshold(
            chance=chance, precision=0.9, low=0.85, coverage=0.3, decided=90
        )

    return ScoreCalibration(
        slope=1.0, intercept=0.0, ece_before=0.1, ece_after=0.03, target=0.9,
        supported=at(low), unsupported=at(high),
    )  # fmt: skip


def test_a_calibrated_score_decides_and_the_judge_gets_the_rest(tmp_path: Path) -> None:
    """What it decides is not asked, and its bound stands in the finding."""
    judge = Judge("unsupported")
    path = calibrated(tmp_path, score=_score(0.0, 0.01))
    found = judged(judge, calibration=path)
    assert {verdict for verdict, _ in claims_of(found)} == {"failed"}
    assert "unsupported in 90% of 90 (at least 85%, 95 %)" in claims_of(found)[0][1]
    assert judge.claims == []
    held = judged(judge, calibration=calibrated(tmp_path, score=_score(0.99, 1.0)))
    assert claims_of(held) == []
    path = calibrated(tmp_path, score=_score(0.0, 1.0))
    judged(judge, calibration=path)
    assert set(judge.claims) == set(SAID[:2])


def test_thresholds_of_whole_outputs_decide_no_claim(tmp_path: Path) -> None:
    """A note says why."""
    path = calibrated(tmp_path, score=_score(0.0, 0.01), unit="output")
    found = judged(None, calibration=path)
    assert {verdict for verdict, _ in claims_of(found)} == {"undetermined"}
    assert "labels of whole outputs" in str(found.notes)


def test_a_calibration_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    """The message has the command that makes it anew."""
    path = tmp_path / "calibration.json"
    path.write_text("{}")
    found = judged(None, calibration=path)
    assert found.verdict is af.Verdict.ERROR
    assert "agentflow calibrate" in found.findings[-1].message


@pytest.mark.parametrize("name", ["max_judge_calls", "max_judge_cost"])
def test_a_limit_below_nothing_is_refused(name: str) -> None:
    """When the check is made."""
    with pytest.raises(BadArgument, match=f"{name}=-1 must be 0 or more"):
        hallucination(**{name: -1})


def test_a_limit_of_calls_leaves_the_rest_open_and_says_how_many() -> None:
    """Nothing is asked where not all votes can be."""
    judge = Judge("supported")
    result = judged(judge, max_judge_calls=1)
    assert judge.claims == []
    assert any("2 of 2 open claims: not asked" in note.text for note in result.notes)
    assert all(m.endswith("it was not judged") for _, m in claims_of(result))


@given(
    st.sampled_from(["supported", "contradicted", "unsupported", "undetermined", ""])
)
def test_a_judge_never_makes_a_failing_run_pass(word: str) -> None:
    """Deciding questions leaves what fails as it is."""
    assert judged(Judge(word)).verdict in {af.Verdict.FAILED, af.Verdict.ERROR}
