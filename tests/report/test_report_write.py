from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_checks import accessibility, evaluation, validity
from report_runs import split_run
from report_strategies import HOSTILE, entries, gates

import pytest_agentflow as af
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.document import Entry, GateEntry, Report
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.markdown import code, escape, render_markdown
from pytest_agentflow.report.terminal import summary_lines
from pytest_agentflow.report.write import (
    STEP_SUMMARY_BYTES,
    ReportNotWritten,
    check_path,
    write,
)

TERMINAL = """\
policy("policies/compa…   7/7 runs       0 examined    0 findings
design("brand.tokens.j…   7/7 runs   1,079 examined    0 findings   1 known
accessibility("AA")       7/9 runs     457 examined   16 findings   9 to review   16 new
html_validity             9/9 runs       9 examined    0 findings
hallucination(stage="p…   6/7 runs      93 examined    2 findings   2 new
cost(total=0.12, stage…   6/7 runs      35 examined    1 finding    1 new
to review: build_site/brewery and 6 more runs: Contrast of text over a picture \
cannot be computed: look at it.
build_site against build_site_single: FAIL
  FAIL: over 2 cases the split costs 51% of the single model's, not 40%.
build_site, 7 runs:  personalizer $0.0239  artist $0.2433  frontend $0.0953  qa $0.0036
  total $0.366 (origin/main $0.3395, +8%)
  latency p50 49.9 s, p95 102 s (7 runs, recorded)
build_site_single, 2 runs:  generalist $0.2932  total $0.2932
authored answers: illustrates the tool, is no evidence
Recordings since origin/main: 2 changed and 1 new, of 9; 1 other only in dates and \
times. No verdict flipped. No test judged 2 of those that changed.
report: quality.html
"""


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("a.html", "<!DOCTYPE html>"),
        ("a.json", "{"),
        ("a.md", "## "),
        ("a.sarif", "{"),
        ("a.HTML", "<!"),
    ],
)
def test_the_suffix_chooses_the_form(
    tmp_path: Path, report: Report, name: str, begin: str
) -> None:
    """Missing folders are made, the file is whole, no draft is left."""
    path = tmp_path / "deep" / "er" / name
    write(report, path)

    assert path.read_text("utf-8").startswith(begin)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["r.pdf", "r.xml", "r.html.gz"])
def test_another_suffix_is_refused_with_the_ones_that_are(
    tmp_path: Path, report: Report, name: str
) -> None:
    """The message lists the forms and gives a path that works; nothing is written."""
    with pytest.raises(ReportNotWritten, match=r"\.md, \.sarif;") as caught:
        write(report, tmp_path / name)

    assert f"For example: {(tmp_path / name).with_suffix('.html')}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_refused_before_anything_runs(tmp_path: Path) -> None:
    """A folder's path is answered with a file's."""
    with pytest.raises(ReportNotWritten, match="Name a file in it"):
        check_path(tmp_path)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, report: Report) -> None:
    """Where a file stands in the way of a folder, the message names a way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ReportNotWritten, match=r"--agentflow-report=quality\.html"):
        write(report, tmp_path / "file" / "r.html")


def test_a_report_that_exists_is_replaced(tmp_path: Path, report: Report) -> None:
    """The second report of the same name is the one that stays."""
    write(report, tmp_path / "r.json")
    write(build_report([]), tmp_path / "r.json")

    assert "entries" not in json.loads((tmp_path / "r.json").read_text())


def test_the_step_summary_is_appended_to_and_stays_small(
    tmp_path: Path, report: Report
) -> None:
    """A path without suffix keeps what the step wrote before, under GitHub's limit."""
    path = tmp_path / "step_summary"
    path.write_text("# before\n")
    write(report, path)

    assert path.read_text("utf-8").startswith("# before\n\n## ")

    path.write_text("x" * (STEP_SUMMARY_BYTES - 600) + "\n")
    write(report, path)
    assert STEP_SUMMARY_BYTES - 600 < path.stat().st_size <= STEP_SUMMARY_BYTES
    assert "more lines do not fit here" in path.read_text("utf-8")

    path.write_text("x" * STEP_SUMMARY_BYTES)
    write(report, path)
    assert path.stat().st_size == STEP_SUMMARY_BYTES


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(entries, max_size=2), st.lists(gates, max_size=1))
def test_every_report_has_its_lines(found: list[Entry], gates: list[GateEntry]) -> None:
    """Markdown and terminal lines exist for any report, without control characters."""
    report = build_report(found, decompositions=gates, before=found, against="git:main")
    text = render_markdown(report)
    lines = summary_lines(report, width=80)

    text.encode()
    assert not any(c in text for c in "\x1b\x00\x07\u202e")
    assert foreign_markup(text) == set()
    assert all("\n" not in line and "\x1b" not in line for line in lines)


def foreign_markup(text: str) -> set[str]:
    """Read Markdown as GitHub does, and give the markup that is none of ours."""
    markdown_it = pytest.importorskip(
        "markdown_it", reason="pip install markdown-it-py to read the Markdown back"
    )
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = reader.parse(text)
    tokens += [child for token in tokens for child in token.children or ()]
    ours = {"heading", "paragraph", "inline", "blockquote", "strong", "text"}
    ours |= {"table", "thead", "tbody", "tr", "th", "td", "code_inline", "softbreak"}
    ours |= {"bullet_list", "list_item"}
    return {re.sub("_(open|close)$", "", token.type) for token in tokens} - ours


@given(st.text() | st.sampled_from(HOSTILE))
def test_markdown_takes_no_markup_from_recorded_text(text: str) -> None:
    """Recorded text is read as text: no HTML, no link, no emphasis, no mention."""
    shown = escape(text, 10_000)

    assert (
        foreign_markup(f"a {shown}\n- {shown}\n\n| a |\n|---|\n| {shown} |\n") == set()
    )
    assert "https:" not in shown
    assert "@everyone" not in shown


@given(st.text(max_size=40))
def test_code_spans_close_where_they_should(text: str) -> None:
    """Whatever backticks a text holds, its fence is longer than any of them."""
    span = code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]

    assert span.endswith(fence)
    assert fence not in span[len(fence) : -len(fence)]
    assert "|" not in span.replace("\\|", "")


def test_markdown_says_verdict_checks_money_and_findings(report: Report) -> None:
    """The step summary is short and holds what somebody needs to act."""
    lines = render_markdown(report).splitlines()

    assert lines[0] == "## ❌ Website builder"
    assert lines[2].startswith(
        "**3 of 9 runs fail: accessibility in 2, hallucination in 1 and cost in 1.**"
    )
    assert "> **authored answers: illustrates the tool, is no evidence**" in lines
    assert (
        '| `accessibility("AA")` | ❌ failed | 7 of 9 | 457 | 16 | 9 to review |'
        in lines
    )
    assert "- and 9 more" in lines
    asked = lines.index("### Questions to review")
    assert "Contrast of text over a picture cannot be computed" in lines[asked + 2]
    assert "- `pytest 'tests/test_site.py::test_site_is_fit_to_ship[hotel]'`" in lines
    assert len(lines) < 110


def test_markdown_is_cut_at_a_line_and_says_so(report: Report) -> None:
    """Above its limit the text ends with the number of lines that are missing."""
    whole = render_markdown(report)
    cut = render_markdown(report, limit=1_200)

    assert len(cut.encode()) <= 1_200
    assert cut.rstrip().endswith("more lines do not fit here.")
    assert whole.startswith(cut.rpartition("\n\n")[0])
    assert render_markdown(report, limit=0) == ""


def test_the_terminal_says_one_line_per_check(report: Report) -> None:
    """Counts stand in columns with their denominators; money stands per stage."""
    lines = summary_lines(report, width=88, paths=[Path("quality.html")])

    assert lines == TERMINAL.splitlines()


def test_the_terminal_is_silent_when_nothing_was_judged() -> None:
    """A plain pytest run gets no line."""
    assert summary_lines(build_report([]), width=80) == []


def test_estimates_are_marked_in_the_terminal() -> None:
    """An estimated total carries the sign, and one line says what it means."""
    call = af.Call(
        id="s/0",
        kind="chat",
        stage="s",
        model="m",
        usage=af.Usage(input_tokens=10, source="estimated"),
    )
    run = af.Run(workflow="w", case="c", stages=(af.Stage(name="s"),), calls=(call,))
    lines = summary_lines(
        build_report([build_entry("t", run, evaluation(run, validity()))]), width=80
    )

    assert lines == [
        "html_validity   1/1 run   1 examined   0 findings",
        "w, 1 run:  s unknown  total ≈ unknown",
        "≈ usage estimated, not reported by the provider",
    ]


def test_names_fit_into_narrow_terminals() -> None:
    """A long check is cut, its counts stay."""
    run = split_run("hotel")
    result = accessibility(failing=False)
    entry = build_entry("t", run, evaluation(run, result))
    (line, *_) = summary_lines(build_report([entry]), width=60)

    assert line == 'accessibility("…   1/1 run   49 examined   0 findings   1 to review'
