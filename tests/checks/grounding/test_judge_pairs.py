"""Models that score pairs judge claims, with thresholds as data."""

from __future__ import annotations

import math
from typing import Any

import pytest
from agentflow_checks.grounding.judge_pairs import (
    PairThresholds,
    pair_thresholds,
    paired,
    passages_of,
)
from agentflow_checks.grounding.judging import JudgeEvidence, rule_on
from hypothesis import given
from hypothesis import strategies as st

GUIDE = JudgeEvidence(
    id="guide.md", text="Dogs are not allowed. Breakfast is served from 7 to 10."
)
LIMITS = PairThresholds(supported=0.7, unsupported=0.3, contradicted=0.8)


def ruled(answer: Any, limits: PairThresholds | str = LIMITS) -> str:
    """Give the verdict on a claim that a model scores so."""
    judge = paired(lambda _claim, _passage: answer, limits)
    (one,) = rule_on(judge, ["Dogs stay out."], [GUIDE]).rulings
    return one.verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (0.7, "supported"),
        (0.69, "undetermined"),
        (0.3, "undetermined"),
        (0.29, "unsupported"),
        ((0.1, 0.1, 0.8), "contradicted"),
        ({"contradiction": 0.8, "entailment": 0.1, "neutral": 0.1}, "contradicted"),
        ({"ENTAILMENT": 0.9, "NEUTRAL": 0.1, "CONTRADICTION": 0.0}, "supported"),
        ([0.1, 0.8, 0.1], "unsupported"),
    ],
)
def test_thresholds_part_the_verdicts(answer: Any, verdict: str) -> None:
    """One chance, or three of an NLI model in their order or by name."""
    assert ruled(answer) == verdict


@pytest.mark.parametrize(
    "answer",
    [
        math.nan, math.inf, -0.1, 1.1, None, "0.9", "yes", (0.5, 0.5), (0.9, 0.9, 0.9),
        (math.nan, 0.5, 0.5), {"yes": 1.0}, {}, [],
    ],
)  # fmt: skip
def test_what_is_no_chance_is_an_error(answer: Any) -> None:
    """NaN, logits and words are never a pass."""
    assert ruled(answer) == "error"


def test_the_best_passage_decides_and_is_quoted() -> None:
    """A claim need stand in one place only."""
    judge = paired(lambda _, text: 0.9 if "Breakfast" in text else 0.1, LIMITS)
    far = JudgeEvidence(id="other.md", text="A lake is near.")
    (one,) = rule_on(judge, ["You can eat at eight."], [far, GUIDE]).rulings
    assert (one.verdict, one.source) == ("supported", "guide.md")
    assert "Breakfast" in one.quote


def test_passages_that_differ_decide_nothing() -> None:
    """Where one supports and another contradicts, a person must look."""
    texts = {"yes": (0.9, 0.1, 0.0), "no": (0.0, 0.1, 0.9)}
    sources = [JudgeEvidence(id=t, text=t) for t in texts]
    judge = paired(lambda _, text: texts[text], LIMITS)
    (one,) = rule_on(judge, ["x"], sources).rulings
    assert one.verdict == "undetermined"


def test_without_sources_nothing_is_decided() -> None:
    """No passage is no evidence of anything."""
    (one,) = rule_on(paired(lambda *_: 1.0, LIMITS), ["x"], []).rulings
    assert one.verdict == "undetermined"


@pytest.mark.parametrize("name", ["minicheck", "hhem", "nli"])
def test_published_thresholds_are_data_with_their_source(name: str) -> None:
    """Who reads them sees where they are from, and that we did not measure them."""
    held = pair_thresholds(name)
    assert "not measured here" in held.source
    assert ruled(0.9 if name != "nli" else (0.9, 0.05, 0.05), name) == "supported"


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    """The message lists them."""
    with pytest.raises(ValueError, match="it has minicheck, hhem, nli"):
        pair_thresholds("alignscore")


@pytest.mark.parametrize(
    "limits",
    [
        {"supported": 1.5, "unsupported": 0.1},
        {"supported": 0.5, "unsupported": math.nan},
        {"supported": 0.4, "unsupported": 0.6},
        {"supported": 0.5, "unsupported": 0.5, "contradicted": 2},
    ],
)
def test_thresholds_that_cannot_be_are_refused(limits: dict[str, float]) -> None:
    """Chances, in this order."""
    with pytest.raises(ValueError, match=r"threshold|overlap"):
        PairThresholds(**limits)


@given(st.text(max_size=400), st.integers(20, 120))
def test_every_word_of_a_source_stands_in_a_passage(text: str, longest: int) -> None:
    """Sources are cut, and nothing of them is lost."""
    passages = list(passages_of(text, longest))
    assert all(passage in text for passage in passages)
    at = 0
    for passage in passages:
        begin = text.find(passage, max(0, at - len(passage) - 400))
        assert not text[at : max(at, begin)].strip() or begin <= at
        at = max(at, begin + len(passage))
    assert not text[at:].strip()
