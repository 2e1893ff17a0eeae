"""What is no good page: one sentence, never a pass, never a hang, in every check."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from agentflow_checks import accessibility, design, html_validity, page_errors

import pytest_agentflow as af

ROOT = Path(__file__).parents[3]
TOKENS = ROOT / "examples" / "website_builder" / "brand.tokens.json"
HTML = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Boilers</title>'
    "</head><body><main><h1>Boilers</h1>{}</main></body></html>"
)
CLOBBERED = HTML.format(
    '<form><label>a <input name="getAttribute"></label></form>'
    '<p style="color: #ccc; background: #fff">pale</p>'
)


def judge(data: bytes, check: af.Check) -> af.CheckResult:
    """Judge one page by one check."""
    page = af.Artefact(name="index.html", media_type="text/html", data=data)
    run = af.Run(workflow="w", case="c", artefacts=(page,))
    (result,) = af.evaluate(run, check).results
    return result


def test_where_axe_fails_the_other_facts_hold() -> None:
    """A field named as a method makes axe-core throw: accessibility alone errs."""
    result = judge(CLOBBERED.encode(), accessibility())
    assert str(result.verdict) == "error"
    (finding,) = [f for f in result.findings if f.rule == "a11y.page-judged"]
    assert finding.message == (
        "axe-core fails on this page (TypeError: e.getAttribute is not a function): "
        "only our own rules were judged"
    )
    assert str(judge(CLOBBERED.encode(), page_errors()).verdict) == "passed"


@pytest.mark.parametrize("data", [b"", b" \n", b"<p></p>", b"\xef\xbb\xbf"])
def test_a_page_that_shows_nothing_keeps_no_brand(data: bytes) -> None:
    """It fits every width, for there is nothing in it: not examined, not passed."""
    result = judge(data, design(str(TOKENS)))
    assert (str(result.verdict), result.findings) == ("inapplicable", ())


def test_the_html_checker_has_the_time_of_the_page() -> None:
    """A document on which it never ends is an error when the budget is spent."""
    judge(HTML.format("").encode(), html_validity())  # its start takes its own time
    begin = time.monotonic()
    result = judge(b"<div>" * 30_000, html_validity(budget=1.0))
    assert str(result.verdict) == "error"
    assert result.findings[0].message.endswith("no answer in 1 s")
    assert time.monotonic() - begin < 8
    assert str(judge(HTML.format("").encode(), html_validity()).verdict) == "passed"


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("", "inapplicable"),
        ("<main></main>", "inapplicable"),
        ("<main><h1>Boilers</h1></main>", "passed"),
        ("<main><img src=a.png alt=boiler></main>", "passed"),
    ],
)
def test_an_axe_result_of_a_blank_page_passes_nothing(body: str, verdict: str) -> None:
    """What somebody else ran on a page without content has examined none of it."""
    from agentflow_checks.web.visits import visit

    head = HTML.partition("<main>")[0]
    visited = visit(f"{head}{body}</body></html>".encode(), files={"a.png": b""})
    answer = {**(visited.axe or {}), "url": "https://shop.example/"}
    result = judge(b"", accessibility(result=answer))
    assert str(result.verdict) == verdict
    blank = (
        "https://shop.example/: nothing in its body to judge, so nothing of it passes"
    )
    assert (blank in [n.text for n in result.notes]) == (verdict == "inapplicable")
