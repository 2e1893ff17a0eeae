"""The four answers that a trade-off begins with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_page_one import weighed

from pytest_agentflow.decomposition.flips import Flip
from pytest_agentflow.report.tradeoff_head import change_sentence, head_lines
from pytest_agentflow.statistics.outcome import Decision

QUESTIONS = ["does it pay?", "how much?", "change what?", "how sure?"]


@pytest.mark.parametrize("kind", ["pass", "fail", "open"])
def test_four_answers_under_the_banner(kind: str) -> None:
    """The banner comes first where answers are authored; then one line a question."""
    told = weighed(kind)
    lines = list(head_lines(told, "site"))[:5]

    assert lines[0] == "authored answers: illustrates the tool, is no evidence"
    assert [line.partition("?")[0] + "?" for line in lines[1:]] == QUESTIONS
    assert lines[1].startswith(f"does it pay?  {told.decision}: ")
    assert list(head_lines(replace(told, authored=False), "site"))[:4] == lines[1:]


def test_what_is_open_tells_no_saving_and_what_would_decide() -> None:
    """INCONCLUSIVE: none is told, no bound that looks like one, and how many cases."""
    _, _, how_much, _, sure, best = head_lines(weighed("open"), "site")

    assert how_much == "how much?     INCONCLUSIVE: none is told"
    assert "would decide" in sure
    assert "of the single model's" not in sure
    assert best.startswith("best k?       INCONCLUSIVE: 9 cases rule little out")


def test_an_open_number_of_stages_has_a_line_of_its_own_beside_a_pass() -> None:
    """It pays, so much; which k is the best is open, and what would decide is told."""
    told = weighed("best open")
    *four, best = list(head_lines(told, "site"))[1:]

    assert four[0].startswith("does it pay?  PASS: A site costs ")
    assert "90 % interval" in four[1]
    assert best.startswith("best k?       INCONCLUSIVE: best by money: 2 stages")
    assert best.endswith("declare --error-price")


def test_too_many_stages_are_the_first_thing_to_change() -> None:
    """Over-engineering is named before the dearest part."""
    first, _, second = change_sentence(weighed("fail")).partition("; ")

    assert "stages are too many" in first
    assert second.endswith("of the cost")


def test_the_stage_that_newly_breaks_most_is_named() -> None:
    """Where quality fails, its stage comes first; what was mended does not count."""
    told = weighed("pass")
    assert told.quality is not None
    flips = tuple(
        Flip(key=str(n), check="c", stages=(stage,), broken=broken)
        for n, (stage, broken) in enumerate(
            [("qa", False), ("qa", False), ("qa", True)] + [("artist", True)] * 2
        )
    )
    failing = replace(told.quality, decision=Decision.FAIL)

    assert change_sentence(replace(told, quality=failing, flips=flips)).startswith(
        "artist: newly breaks 2 verdicts"
    )
    assert "newly breaks" not in change_sentence(replace(told, flips=flips))
