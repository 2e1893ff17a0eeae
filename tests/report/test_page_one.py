"""Page one for whoever pays: one A4 page, accessible, valid, no undecided saving."""

from __future__ import annotations

import base64
import csv
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from report_browser import axe_violations, browser, checker_messages, look, served
from report_strategies import HOSTILE

import pytest_agentflow as af
from pytest_agentflow.report.page_one import render_page_one
from pytest_agentflow.report.tradeoff_csv import HEAD, render_csv
from pytest_agentflow.report.tradeoff_json import render_json
from pytest_agentflow.report.tradeoff_terminal import tradeoff_lines

sys.path.insert(0, str(Path(__file__).parents[1] / "decomposition"))
from tradeoff_runs import SPLITS, fine, site, sites

sys.path.pop(0)

DECLARED = af.Declared(
    volume=1000,
    engineering_cost=1200,
    months=12,
    upkeep=20,
    fine_tuning=100,
    fine_tuning_requests=10_000,
    error_price=0.01,
    requests_per_user=10,
)
A4 = (210, 297)
WORSE = ("two/c03",)


@cache
def weighed(kind: str) -> af.Tradeoff:
    """A comparison that passes, fails or is open, in all or in the best k alone."""
    cases = 9 if kind == "open" else 30
    runs = [replace(run, provenance="authored") for run in sites(1, 2, 3, cases=cases)]
    if kind == "fail":
        runs += [site(4, case, tokens=2000) for case in range(cases)]
    if kind == "best open":
        runs = [replace(r, output="bad") if r.id in WORSE else r for r in runs]
    return af.tradeoff(
        runs,
        checks=[fine()],
        in_use={"fail": "four", "best open": "three"}.get(kind, "two"),
        declared=replace(DECLARED, error_price=None)
        if kind == "best open"
        else DECLARED,
        models=True,
    )


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """One browser for the file."""
    with browser() as started:
        yield started


@pytest.mark.parametrize("kind", ["pass", "fail", "open"])
def test_the_page_is_valid_accessible_and_one_a4_page(
    driver: Any, tmp_path: Path, kind: str
) -> None:
    """The engines find nothing to mend, it prints on one page, and loads nothing."""
    page = tmp_path / "page.html"
    page.write_text(render_page_one(weighed(kind), noun="site", command="agentflow"))

    assert checker_messages(page) == []
    with served(tmp_path) as (url, asked):
        driver.get(f"{url}page.html")
        looks = [(1100, "light"), (360, "dark")]
        for width, scheme in looks if kind == "pass" else looks[:1]:
            look(driver, width=width, scheme=scheme)
            wide = driver.execute_script("return document.body.scrollWidth")
            assert wide <= width
            assert axe_violations(driver) == []
        printed = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
        assert [path for path in asked if "favicon" not in path] == ["/page.html"]
    pdf = base64.b64decode(printed["data"])
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box is not None
    assert tuple(round(float(side) / 72 * 25.4) for side in box.groups()) == A4


def test_our_own_checks_pass_on_the_page(tmp_path: Path) -> None:
    """A tool that judges accessibility passes its own checks."""
    pytest.importorskip("agentflow_engines", reason="pages are judged by axe and vnu")
    from agentflow_checks import accessibility, html_validity

    page = tmp_path / "page.html"
    page.write_text(render_page_one(weighed("pass"), noun="site"))
    found = af.evaluate(af.page_run(page), accessibility("AA"), html_validity())

    assert found.ok, af.failure_message(found)


def test_both_charts_are_told_in_text_and_have_their_figures() -> None:
    """A chart is described, and stands beside a table; no script draws it."""
    text = render_page_one(weighed("pass"), noun="site")

    assert text.count('<svg class="curve"') == 2
    assert "The single large model costs" in text
    assert "costs less than the single model from" in text
    assert "<script" not in text
    assert text.count("<table>") == 2


def test_a_best_k_that_is_open_takes_no_saving_from_the_page() -> None:
    """It pays; the line on the stages says what would decide which k is the best."""
    text = " ".join(render_page_one(weighed("best open"), noun="site").split())

    assert "PASS: cheaper to run, and as good" in text
    assert re.search(
        "How many stages\\?.{,40}INCONCLUSIVE: best by money: 2 stages", text
    )
    assert "declare --error-price" in text
    assert '<svg class="curve"' in text


@pytest.mark.parametrize("kind", ["open"])
def test_what_is_not_decided_tells_no_saving_anywhere(kind: str) -> None:
    """Neither page, terminal, CSV nor JSON has a figure that looks like a saving."""
    told = weighed(kind)
    page, lines = render_page_one(told), "\n".join(tradeoff_lines(told))
    table, document = render_csv(told), json.loads(render_json(told))

    assert "INCONCLUSIVE" in page
    assert '<svg class="curve"' not in page
    assert "Break-even," not in page
    assert "saving: INCONCLUSIVE: none is told" in lines
    assert not re.search("sav(ing|ed)|break-even", table)
    assert not {"saving", "single", "break_even"} & set(document["bill"])


def test_authored_answers_have_their_banner() -> None:
    """What rests on written answers says so at the top, and only that."""
    told = weighed("pass")

    assert "Authored answers." in render_page_one(told)
    assert "Authored answers." not in render_page_one(replace(told, authored=False))


def test_the_page_names_what_is_not_declared() -> None:
    """A figure that nobody declared is asked for where it would stand."""
    told = af.tradeoff(sites(1, 2), checks=[fine()])
    text = render_page_one(told)

    assert "declare --volume" in text
    assert "declare --engineering-cost, --months, --upkeep" in text


def test_never_is_told_with_its_reason() -> None:
    """Errors dearer than the saving: it never breaks even."""
    runs = [
        *sites(1),
        *(site(2, case, output="bad" if case < 1 else "fine") for case in range(30)),
    ]
    told = af.tradeoff(
        runs,
        checks=[fine()],
        quality_margin=0.2,
        declared=replace(DECLARED, error_price=2),
    )
    assert told.bill is not None
    assert told.bill.break_even is not None

    assert told.bill.break_even.users is None
    lines = list(tradeoff_lines(told, "site"))
    assert any("saves nothing: it never breaks even" in line for line in lines)


def test_the_csv_has_one_figure_a_line_and_no_formula() -> None:
    """Spreadsheets read it; a name that begins like a formula is none there."""
    runs = [
        replace(run, workflow=f"={run.workflow}") if run.workflow == "two" else run
        for run in sites(1, 2)
    ]
    told = af.tradeoff(runs, checks=[fine()], declared=DECLARED)
    rows = list(csv.reader(render_csv(told).splitlines()))

    assert tuple(rows[0]) == HEAD
    assert {len(row) for row in rows} == {len(HEAD)}
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert any(row[2] == "break-even" for row in rows)


@pytest.mark.parametrize("text", HOSTILE)
def test_recorded_names_are_text_and_nothing_else(text: str) -> None:
    """Workflows, stages and cases come from recordings: hostile input."""
    name = f"two{text}"
    runs = [
        replace(run, workflow=name, case=run.case + text)
        if run.workflow == SPLITS[2]
        else replace(run, case=run.case + text)
        for run in sites(1, 2, cases=4)
    ]
    told = af.tradeoff(runs, checks=[fine()], declared=DECLARED)
    page = render_page_one(told)

    render_csv(told).encode()
    render_json(told).encode()
    assert page.count("<main") == 1
    assert "<script" not in page.lower()
    assert "<img" not in page.lower()
