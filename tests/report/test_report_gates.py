"""Comparisons on the page: what fails first, by which bound, and where to look."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_checks import evaluation, validity
from report_runs import split_run

import pytest_agentflow as af
from pytest_agentflow.report import gates, wording
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.charts import axis_text, curve
from pytest_agentflow.report.document import GateEntry
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.html import render_html
from pytest_agentflow.report.terminal import summary_lines

COST = "cost: PASS: $0.28 is 21.2% of $1.32 over 6 cases; allowed 40%"
QUALITY = "quality: FAIL: the split passes 4 of 6 cases; allowed 10% lower"
NOTE = "population: fixed: exact for these 6 cases"
FAILING = GateEntry(
    title="split against single",
    verdict=af.Verdict.FAILED,
    sentences=(QUALITY, COST, NOTE),
    target="test_split.py::test_pays",
)
PASSING = GateEntry(
    title="split against single",
    verdict=af.Verdict.PASSED,
    sentences=(COST, NOTE),
)


def test_a_sentence_is_taken_apart_to_bound_verdict_and_text() -> None:
    """A note has no verdict, though it has a name, too."""
    quality, _, note = gates.gate_lines(FAILING)

    assert (quality.name, quality.verdict) == ("quality", af.Verdict.FAILED)
    assert quality.text == "the split passes 4 of 6 cases; allowed 10% lower"
    assert (note.name, note.verdict) == ("population", None)


@given(st.text())
def test_no_sentence_is_lost(text: str) -> None:
    """Whatever stands in a sentence stands in its line."""
    (line,) = gates.gate_lines(dataclasses.replace(FAILING, sentences=(text,)))
    assert line.verdict is not None or (line.name or "") + line.text in (
        text,
        text.replace(": ", "", 1),
    )


def test_a_comparison_that_fails_is_told_before_runs_that_pass() -> None:
    """The headline of a failed report names what failed."""
    run = split_run("hotel")
    report = build_report(
        [build_entry("t", run, evaluation(run, validity()))], decompositions=[FAILING]
    )
    first, *_ = wording.verdict_sentences(report)
    page = render_html(report)

    assert first == "The comparison split against single fails: quality."
    fix = page.partition('id="causes"')[2].partition("</section>")[0]
    assert 'href="#gate-1"' in fix
    assert "the split passes 4 of 6 cases" in fix


def test_several_comparisons_are_named_by_the_bound_that_fails() -> None:
    """What is undecided is called so, and what fails stands first on the page."""
    narrow = "cost: INCONCLUSIVE: undecided over 30 cases"
    is_open = GateEntry(
        title="four against one",
        verdict=af.Verdict.UNDETERMINED,
        sentences=(narrow,),
    )
    found = [PASSING, is_open, FAILING]

    (sentence,) = gates.gate_sentences(found)
    assert sentence == (
        "2 of 3 comparisons fail: split against single (quality); "
        "four against one (cost inconclusive)."
    )
    assert gates.worst_first(found) == [FAILING, is_open, PASSING]
    assert "inconclusive" in render_html(build_report([], decompositions=found))


def test_a_second_line_of_a_chart_is_called_what_it_is() -> None:
    """A declared fit is no bound; what names nothing else is one."""
    points = ((1.0, 10.0), (2.0, 20.0))
    fit = af.Line(
        title="calls",
        x_label="size",
        y_label="calls",
        points=points,
        bound=points,
        bound_name="fitted as O(n)",
    )
    page = render_html(
        build_report([], decompositions=[dataclasses.replace(PASSING, exhibits=(fit,))])
    )

    assert "fitted as O(n)</span></p>" in page
    assert ">bound<" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(30260.7, "30,261"), (-0.0, "0"), (0.25, "0.25"), (16.0, "16"), (2e12, "2e+12")],
)
def test_numbers_at_an_axis_are_short(value: float, text: str) -> None:
    """Thousands stand apart, and nought has no sign."""
    assert axis_text(value) == text


def test_measured_sizes_are_named_below_their_points() -> None:
    """Where sizes have room each has its tick; else the first and the last have."""
    few = af.Line(
        title="", x_label="", y_label="", points=((1.0, 1.0), (8.0, 2.0), (16.0, 4.0))
    )
    many = dataclasses.replace(few, points=tuple((float(n), 1.0) for n in range(1, 99)))

    def ticks(line: af.Line) -> list[str]:
        drawn = curve(line)
        assert drawn is not None
        return [tick.text for tick in drawn.x_ticks]

    assert ticks(few) == ["1", "8", "16"]
    assert ticks(many) == ["1", "98"]


def test_the_terminal_says_of_what_population_a_comparison_speaks() -> None:
    """A pass over a fixed population is no promise about other cases."""
    money = af.Money(amount=Decimal("0.28"))
    gate = dataclasses.replace(PASSING, cost=money, baseline_cost=money)
    lines = summary_lines(build_report([], decompositions=[gate]), width=100)

    assert f"  {NOTE}" in lines


def test_a_recording_in_parts_says_so_where_it_says_when_it_was_made() -> None:
    """Whoever reads times reads that they are those of no run."""
    run = split_run("hotel")
    parts = ("2026-11-01T10:00:00Z", "2026-11-02T11:30:00Z")
    recorded = dataclasses.replace(run.recorded, at=parts[1], parts=parts)
    run = dataclasses.replace(run, recorded=recorded)
    page = render_html(
        build_report([build_entry("t", run, evaluation(run, validity()))])
    )

    assert "in 2 parts that were begun 2026-11-01 10:00 UTC and 2026-11-02" in page
