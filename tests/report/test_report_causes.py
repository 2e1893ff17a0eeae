"""Many pages of one template: each fault is one cause, told a few times and counted."""

from __future__ import annotations

import pytest

import pytest_agentflow as af
from pytest_agentflow.checking.message import failure_messages
from pytest_agentflow.report import tally
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.causes import causes
from pytest_agentflow.report.document import Report
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.html import render_html
from pytest_agentflow.report.markdown import render_markdown
from pytest_agentflow.report.terminal import summary_lines

PAGES = 200
GREY = "2.85:1, #999999 on #ffffff, 16 px"


def contrast(page: str, number: int, seen: str = GREY) -> af.Finding:
    """Give the fault of a colour that all pages of the template share."""
    return af.Finding(
        rule="a11y.color-contrast",
        message=f"text has a contrast of {seen[:4]} to 1 with its background",
        observed=seen,
        evidence=f'<p class="lede" title="{page}">Welcome to {page}</p>',
        fix="Use #767676, the nearest text colour that has enough.",
        place=af.Place(artefact=page, line=4 + number % 3, column=1, selector="p"),
    )


def label(page: str, rule: str = "a11y.label") -> af.Finding:
    """Give the missing label, as one of two checks found it."""
    return af.Finding(
        rule=rule,
        message=f"{rule} says: no label",
        observed=f'<input type="email" placeholder="you@{page}">',
        fix="Add a <label>.",
        fault="name",
        place=af.Place(artefact=page, line=9, column=2),
    )


def evaluation(number: int, *extra: af.Finding) -> af.Evaluation:
    """Give what two checks decided about one page."""
    page = f"p{number:03}.html"
    found = {
        "accessibility": [contrast(page, number), label(page), *extra],
        "html_validity": [label(page, "html.source")],
    }
    results = tuple(
        af.CheckResult(
            check=check,
            written=check,
            verdict=af.Verdict.FAILED,
            rules=tuple(
                af.RuleResult(
                    rule=rule,
                    verdict=af.Verdict.FAILED,
                    examined=1,
                    failed=1,
                    findings=tuple(f for f in findings if f.rule == rule),
                )
                for rule in dict.fromkeys(f.rule for f in findings)
            ),
        )
        for check, findings in found.items()
    )
    return af.Evaluation(run=f"pages/{page}", results=results)


@pytest.fixture(scope="module")
def many() -> Report:
    """Give the report of two hundred pages of one template, one with a fault more."""
    odd = contrast("p007.html", 1, "1.10:1, #eeeeee on #ffffff, 16 px")
    return build_report(
        build_entry(
            f"site/p{n:03}.html",
            af.Run(workflow="pages", case=f"p{n:03}.html", provenance=tally.PAGE),
            evaluation(n, *([odd] if n == 7 else [])),
        )
        for n in range(PAGES)
    )


def test_each_fault_of_the_template_is_one_cause(many: Report) -> None:
    """What one page has beside it is a cause of its own, and comes last."""
    found = causes(tally.judged_runs(many))

    told = [(c.rule, c.runs, c.also, c.alike) for c in found]
    assert told == [
        ("a11y.color-contrast", PAGES, (), True),
        ("a11y.label", PAGES, ("html.source",), True),
        ("a11y.color-contrast", 1, (), True),
    ]


def test_the_terminal_tells_a_cause_once_with_five_of_its_pages(many: Report) -> None:
    """The rest is counted, and the last page named."""
    lines = summary_lines(many, width=100)

    begin = lines.index(
        "a11y.color-contrast: one cause, 200 pages: text has a contrast of 2.85 to 1 "
        "with its background"
    )
    assert lines[begin + 1 : begin + 8] == [
        "  fix: Use #767676, the nearest text colour that has enough.",
        "  p000.html:4:1 p",
        "  p001.html:5:1 p",
        "  p002.html:6:1 p",
        "  p003.html:4:1 p",
        "  p004.html:5:1 p",
        "  and 195 more pages, the last pages/p199.html",
    ]
    (head,) = [line for line in lines if line.startswith("a11y.label")]
    assert head.startswith("a11y.label, also html.source: one cause, 200 pages: ")
    assert not any("1.10" in line for line in lines)


def test_the_command_tells_a_cause_of_many_pages_five_times(many: Report) -> None:
    """A page with something of its own is told; those without are counted and named."""
    *told, rest = failure_messages(entry.evaluation for entry in many.entries)

    assert [text.partition("\n")[0] for text in told] == [
        *(f"run pages/p00{n}.html fails 2 of 2 checks" for n in range(5)),
        "run pages/p007.html fails 2 of 2 checks",
    ]
    assert "1.10:1" in told[5]
    assert GREY not in told[5]
    assert "and 1 more of a11y.label, as told above" in told[5]
    assert rest == (
        "194 more runs fail by nothing but what is told above: pages/p005.html, "
        "pages/p006.html, pages/p008.html, pages/p009.html, pages/p010.html, ... "
        "pages/p199.html"
    )


def test_html_markdown_and_json_tell_the_fault_of_two_checks_once(many: Report) -> None:
    """The words of the check that is not told stand nowhere, its id does."""
    drawn, written = render_html(many), render_markdown(many)

    assert "a11y.label says: no label" in drawn
    assert "html.source says: no label" not in drawn
    assert "Also found by" in drawn
    assert "Told once, with what another" in drawn
    assert "also found by `html.source`" in written
    assert "html.source says" not in written
    (pair,) = many.entries[0].evaluation.told_once
    assert len(pair.also) == 1


def test_a_check_whose_every_fault_is_told_elsewhere_names_where() -> None:
    """Its verdict is its own, and a reader finds what it rests on."""
    (text,) = failure_messages([evaluation(1)])

    assert "html_validity  failed" in text
    assert "also html.source" in text
    assert text.endswith("1 told with a11y.label")
