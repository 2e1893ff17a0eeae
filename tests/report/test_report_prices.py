"""Forward passes beside money, the coordination line, and prices that are old."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from report_checks import accessibility, evaluation
from report_runs import split_run

import pytest_agentflow as af
from pytest_agentflow.report import terminal, wording
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.document import Report
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.html import render_html
from pytest_agentflow.report.markdown import render_markdown

SIZES = tuple(
    af.ModelSize(model=model, parameters=Decimal(size), steps=20)
    for model, size in (
        ("gpt-5-mini-2025-08-07", "8e9"),
        ("gpt-5-nano-2025-08-07", "1e9"),
        ("gpt-image-1-mini", "3e9"),
    )
)
FEE = af.Fee(name="step transitions", each="stage", amount=Decimal("0.01"))


def report_of(provenance: str = "authored", **lock: object) -> Report:
    """The report of one run with such a price lock."""
    run = split_run("hotel", provenance=provenance)
    prices = replace(run.recorded.prices, **lock)  # type: ignore[arg-type]
    run = replace(run, recorded=replace(run.recorded, prices=prices))
    result = evaluation(run, accessibility(failing=False))
    return build_report([build_entry("t", run, result)])


def rows(html: str, caption: str) -> dict[str, list[str]]:
    """The cells of a table by the heading of their row, without markup."""
    (table,) = re.findall(
        rf"<figcaption>{caption}.*?</figcaption>.*?</table>", html, re.DOTALL
    )
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]", row, re.DOTALL)
        texts = [re.sub(r"<[^>]*>", "", cell).strip() for cell in cells]
        found[texts[0]] = texts[1:]
    return found


def test_without_a_declared_size_there_is_no_column() -> None:
    """Who never declared the size of a model is not bothered."""
    report = report_of()
    for text in (render_html(report), render_markdown(report)):
        assert "orward passes" not in text


@pytest.mark.parametrize("caption", ["Stages", "Mean of 1 run"])
def test_forward_passes_stand_beside_money(caption: str) -> None:
    """By stage and in all; a stage that asks no model costs none."""
    html = render_html(report_of(sizes=SIZES))
    found = rows(html, caption)
    assert found["Stage"][-1] == "Forward passes"
    tokens = 4_210 * 1_180 + 1_180 * 1_181 // 2
    assert found["personalizer"][-1] == f"{8 * 10**9 * tokens:.2e}"
    assert found["artist"][-1] == "2.40e+11"
    assert found["offers"][-1] == "0"
    assert re.fullmatch(r"\d\.\d\de\+17", found["Whole run"][-1])
    assert f"| {found['Whole run'][-1]} |" in render_markdown(report_of(sizes=SIZES))


def test_a_missing_size_leaves_a_blank_with_the_reason() -> None:
    """The stage and the whole have no number; the others keep theirs."""
    report = report_of(sizes=SIZES[:2])
    found = rows(render_html(report), "Stages")
    assert found["artist"][-1].startswith(
        "the size of gpt-image-1-mini is not declared"
    )
    assert found["Whole run"][-1] == ""
    assert found["qa"][-1].endswith("e+15")
    assert "the size of gpt-image-1-mini is not declared" in render_markdown(report)


def test_what_is_charged_beside_the_models_has_a_line_of_its_own() -> None:
    """Stages and coordination add up to the whole."""
    report = report_of(fees=(FEE,))
    (entry,) = report.entries
    *stages, coordination = entry.run.stages
    assert (coordination.name, coordination.models) == (
        "coordination",
        ("step transitions",),
    )
    costs = [stage.spent.cost for stage in (*stages, coordination)]
    total = sum((cost.amount for cost in costs if cost is not None), Decimal(0))
    assert entry.run.total.cost == af.Money(amount=total)
    assert coordination.spent.cost == af.Money(amount=Decimal("0.06"))
    lines = "\n".join(terminal.summary_lines(report, width=200))
    assert "coordination $0.06" in lines


def days_ago(days: int) -> str:
    """A moment so many days ago."""
    return (dt.datetime.now(dt.UTC) - dt.timedelta(days=days)).isoformat()


def test_old_prices_are_said() -> None:
    """Older than 90 days: in terminal and report, with the command that looks."""
    report = report_of("recorded", as_of=days_ago(91))
    day = days_ago(91).partition("T")[0]
    said = (
        f"The prices of 1 of 1 run are older than 90 days (the oldest of {day}): "
        "--agentflow-prices=current tells which changed."
    )
    assert said in terminal.summary_lines(report, width=80)
    assert said in wording.verdict_sentences(report)
    assert said in render_html(report).replace("\u00a0", " ")


@pytest.mark.parametrize(("provenance", "days"), [("recorded", 89), ("authored", 500)])
def test_new_prices_and_authored_answers_are_not_warned_of(
    provenance: str, days: int
) -> None:
    """Ninety days are no age yet, and authored answers are no evidence anyway."""
    report = report_of(provenance, as_of=days_ago(days))
    assert "older than" not in "\n".join(terminal.summary_lines(report, width=80))
