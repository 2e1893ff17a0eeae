"""Growth of sites of 1 to 16 pages, and of the position paper's three problems."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from agentflow_checks import growth

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[2]
GROWN = ROOT / "fixtures" / "grown" / "recordings"
PAPER = ROOT / "examples" / "position_paper" / "recordings"
SPLIT = {"calls": "n", "prompt_tokens": "n", "context_per_call": "1"}


@cache
def recorded(folder: Path, pattern: str) -> tuple[af.Run, ...]:
    """The runs whose names fit a pattern."""
    return tuple(af.load(path) for path in af.find_recordings(folder, pattern))


def test_pages_that_are_written_one_by_one_pass() -> None:
    """Calls, prompts and contexts grow as declared, compared exactly."""
    outcome = af.require_growth(recorded(GROWN, "build_pages/*"), **SPLIT, at=[100])

    assert outcome.runs == 15
    assert outcome.authored
    assert {one.mode for one in outcome.quantities} == {"exact"}
    assert outcome.of("calls").projections[0].value == pytest.approx(101)


def test_a_conversation_that_keeps_all_pages_fails_at_the_page_writer() -> None:
    """The stage, what grows there, and what its prompts hold again are named."""
    with pytest.raises(af.GrowthFailure) as failure:
        af.require_growth(recorded(GROWN, "build_pages_history/*"), **SPLIT)

    outcome = failure.value.outcome
    assert {q.quantity: q.word for q in outcome.quantities} == {
        "calls": "PASS",
        "prompt_tokens": "FAIL",
        "context_per_call": "FAIL",
    }
    for name in ("prompt_tokens", "context_per_call"):
        found = outcome.of(name)
        assert (found.stage, found.cause) == ("page_writer", "context")
        assert "holds 15 of the 15 other answers of page_writer again" in found.blamed
        assert "page_writer brings in 100% of the excess" in found.blamed


def test_the_page_on_growth_shows_what_is_said() -> None:
    """The sentence of its failure is today's, to the letter."""
    claim = af.growth_claim(prompt_tokens="n", at=[100])
    outcome = af.measure_growth(recorded(GROWN, "build_pages_history/*"), claim)
    page = (ROOT / "docs" / "growth.md").read_text("utf-8")

    assert f"    {str(outcome).splitlines()[1].strip()}\n" in page


def test_three_sizes_are_inconclusive() -> None:
    """They could not have shown an excess, so they do not show that there is none."""
    runs = recorded(GROWN, "build_pages/*.n[124]")
    with pytest.raises(af.GrowthFailure, match="INCONCLUSIVE: 3 sizes cannot show"):
        af.require_growth(runs, **SPLIT)


def test_money_of_models_that_think_at_length_is_inconclusive() -> None:
    """Fifteen runs cannot tell reasoning from growth; how many would is told."""
    runs = recorded(GROWN, "build_pages/*")
    outcome = af.require_growth(runs, cost="n", at=[100], optional=True)
    cost = outcome.of("cost")

    assert (cost.word, cost.mode) == ("INCONCLUSIVE", "sample")
    assert "runs would decide" in cost.measured
    assert cost.projections[0].value is None


def test_one_run_shows_the_growing_context_by_itself() -> None:
    """No other size is needed to see prompts grow from page to page."""
    check = growth(context_per_call="1")
    (healthy,) = recorded(GROWN, "build_pages/aldersea-inn.n16")
    (history,) = recorded(GROWN, "build_pages_history/aldersea-inn.n16")
    (finding,) = af.evaluate(history, check).findings

    assert af.evaluate(healthy, check).ok
    assert finding.introduced_by == "page_writer"


# The position paper: declared class, in forward passes and in money


@pytest.mark.parametrize(
    ("runs", "stage", "passes", "money"),
    [
        ("route_to_generalist/*", None, "n", "n"),
        ("route_to_specialist/*", None, "1", "1"),
        ("debug_whole/functions-*", "developer", "n^2", "n"),
        ("debug_each/functions-*", "developer", "1", "1"),
        ("debug_whole/functions-*", None, "n^2", "n"),
        ("debug_each/functions-*", None, "n", "n"),
        ("debug_whole/bugs-*", "developer", "n^2", "n^2"),
        ("debug_each/bugs-*", "developer", "n", "n"),
        ("evolve_whole/*", None, "n^2 2^n", "n 2^n"),
        ("evolve_blocks/*", None, "n", "n"),
    ],
)
def test_classes_are_those_of_the_paper_in_forward_passes(
    runs: str, stage: str | None, passes: str, money: str
) -> None:
    """And in money as computed: each passes, and the classes below it fail."""
    for model, expected in (("aalp", passes), ("priced", money)):
        assert measured_class(runs, stage, model) == expected


def measured_class(runs: str, stage: str | None, model: str) -> str:
    """The first of the classes, from the lowest, that passes; those below it fail."""
    for declared in ("1", "n", "n^2", "2^n", "n 2^n", "n^2 2^n"):
        claim = af.growth_claim(cost=declared, cost_model=model, stage=stage)
        outcome = af.measure_growth(recorded(PAPER, runs), claim)
        if outcome.verdict is af.Verdict.PASSED:
            return declared
        assert outcome.verdict is af.Verdict.FAILED
    return "more"


def test_six_blocks_prove_an_exponential_class_and_no_linear_one() -> None:
    """Sizes of 1 to 6 span 32 times in 2^n, and six times in n."""
    six = [run for run in recorded(PAPER, "evolve_blocks/*") if (run.size or 0) <= 6]
    outcome = af.measure_growth(six, af.growth_claim(calls="n", cost="2^n"))
    calls, cost = outcome.quantities

    assert (calls.word, cost.word) == ("INCONCLUSIVE", "PASS")
    assert calls.measured.startswith("the sizes span 6 times; a pass needs 16")


def test_the_benchmark_measures_the_papers_classes() -> None:
    """All sixteen, each proved by a pass."""
    name = ROOT / "benchmarks" / "position_paper.py"
    done = subprocess.run(
        [sys.executable, name, "--json"], capture_output=True, text=True, check=True
    )
    rows = json.loads(done.stdout.splitlines()[-1])["rows"]

    assert [row["measured"] for row in rows] == [row["expected"] for row in rows]
    assert all(row["proved"] for row in rows)


def test_calls_alone_do_not_show_the_history() -> None:
    """As computed for the paper: calls pass, contexts and prompts of the whole fail."""
    declared = {"calls": "n", "context_per_call": "1"}
    whole, each = (
        af.measure_growth(recorded(PAPER, runs), af.growth_claim(**declared))
        for runs in ("debug_whole/functions-*", "debug_each/functions-*")
    )

    assert [q.word for q in whole.quantities] == ["PASS", "FAIL"]
    assert [q.word for q in each.quantities] == ["PASS", "PASS"]


def test_an_undeclared_size_is_a_question_that_names_the_model() -> None:
    """Forward passes of a model without parameters are no number."""
    runs = [_unsized(run) for run in recorded(GROWN, "build_pages/*")]
    outcome = af.measure_growth(runs, af.growth_claim(cost="n", cost_model=af.aalp()))

    assert outcome.word == "INCONCLUSIVE"
    assert "the size of gpt-5-mini-2025-08-07 is not declared" in str(outcome)


def _unsized(run: af.Run) -> af.Run:
    prices = replace(run.recorded.prices, sizes=())
    return replace(run, recorded=replace(run.recorded, prices=prices))
