"""What is no HTML, and HTML in a wrong encoding: told once, and never passed."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from agentflow_checks import best_practices, design, html_validity, page_errors
from agentflow_checks.markup import css, page_errors_encoding, page_errors_source
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

ROOT = Path(__file__).parents[3]
TOKENS = ROOT / "examples" / "website_builder" / "brand.tokens.json"
PAGE = (
    '<!doctype html>\n<html lang="en"><head>{}<title>Öl</title></head>\n'
    "<body><main><h1>Öl</h1><p>Größe 5 — naïve</p></main></body></html>\n"
)
UTF8 = '<meta charset="utf-8">'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9"><text y="9">x</text></svg>'
NOISE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(250))
NO_PAGES = {
    "png": b"\x89PNG\r\n\x1a\n" + NOISE,
    "random": NOISE,
    "gzip": gzip.compress(PAGE.format(UTF8).encode()),
    "svg": SVG,
    "xml": b'<?xml version="1.0"?><book><title>x</title></book>',
    "json": b'{"page": "<p>x</p>"}',
}


def judge(data: bytes, check: af.Check) -> af.CheckResult:
    """Judge one page by one check."""
    page = af.Artefact(name="index.html", media_type="text/html", data=data)
    run = af.Run(workflow="w", case="c", artefacts=(page,))
    (result,) = af.evaluate(run, check).results
    return result


@pytest.mark.parametrize("name", NO_PAGES)
def test_what_is_no_page_is_one_finding(name: str) -> None:
    """It says what the bytes are and what to do, whatever is asked of it."""
    for check in (html_validity(), page_errors()):
        result = judge(NO_PAGES[name], check)
        (finding,) = result.findings
        assert str(result.verdict) == "failed"
        assert finding.message.startswith("the file is no HTML page, it is ")
        assert finding.fix.startswith("Store it under its own ending")
        assert str(finding.place) == "index.html:1:1"
    assert str(judge(NO_PAGES[name], best_practices()).verdict) == "error"


def test_no_brand_is_kept_by_what_is_no_page() -> None:
    """A picture in place of a page was not examined, so no rule of the brand holds."""
    result = judge(SVG, design(str(TOKENS)))
    assert str(result.verdict) == "error"
    assert {f.observed for f in result.findings} == {"an SVG picture"}


def test_one_fault_of_several_checks_is_told_once() -> None:
    """The two checks that see it name it by one word."""
    page = af.Artefact(name="a.html", media_type="text/html", data=NO_PAGES["png"])
    run = af.Run(workflow="w", case="c", artefacts=(page,))
    assert len(af.evaluate(run, html_validity(), page_errors()).told_once) == 1


def test_mixed_content_is_told_once() -> None:
    """What page_errors and best_practices both find on a spot is one fault."""
    body = '<img src="http://shop.example/a.png" alt="a" width="9" height="9">'
    data = PAGE.format(UTF8).replace("<p>", body + "<p>").encode()
    page = af.Artefact(name="a.html", media_type="text/html", data=data)
    run = af.Run(workflow="w", case="c", artefacts=(page,))
    evaluation = af.evaluate(run, page_errors(), best_practices())
    mixed = [f for f in evaluation.findings if f.rule.endswith("mixed-content")]
    (one,) = evaluation.told_once
    assert {one.told, *one.also} == {f.fingerprint for f in mixed}


def test_xhtml_is_judged_as_browsers_read_it_and_asked_about() -> None:
    """A page with an XML declaration shipped as .html is read as HTML."""
    data = b'<?xml version="1.0"?>\n' + PAGE.format(UTF8).encode()
    (finding,) = judge(data, page_errors()).findings
    assert (finding.rule, str(finding.verdict)) == ("page.format", "undetermined")


@pytest.mark.parametrize(
    ("data", "verdict", "line", "column"),
    [
        (PAGE.format("").encode("cp1252"), "failed", 2, 30),
        (PAGE.format(UTF8).encode("cp1252"), "failed", 2, 52),
        (PAGE.format(UTF8).encode("utf-16"), "failed", 1, 1),
        (PAGE.format("").encode("utf-16"), "undetermined", 1, 1),
        (PAGE.format(UTF8).encode("utf-16-le"), "failed", 1, 1),
        (PAGE.format(UTF8).encode("utf-16-be"), "failed", 1, 1),
        (PAGE.format(UTF8).encode("utf-32"), "failed", 1, 1),
        (PAGE.format('<meta charset="latin1">').encode(), "failed", 2, 29),
        (PAGE.format('<meta charset="shift_jis">').encode(), "failed", 2, 29),
        (PAGE.format('<meta charset="utf-16">').encode(), "undetermined", 2, 29),
        (PAGE.format('<meta charset="utf8x">').encode(), "undetermined", 2, 29),
        (PAGE.format('<meta charset="utf-7">').encode(), "undetermined", 2, 29),
        (PAGE.format(UTF8).replace("naïve", "na\0ve").encode(), "failed", 3, 39),
        (PAGE.format(UTF8).encode().decode("cp1252").encode(), "failed", 2, 52),
    ],
)
def test_a_wrong_encoding_is_found_in_its_place(
    data: bytes, verdict: str, line: int, column: int
) -> None:
    """Once, with line and column, beyond doubt or as a question."""
    found = [f for f in judge(data, page_errors()).findings if "encoding" in f.rule]
    assert [(str(f.verdict), f.place.line, f.place.column) for f in found] == [
        (verdict, line, column)
    ]


@pytest.mark.parametrize(
    "data",
    [
        PAGE.format(UTF8).encode(),
        PAGE.format("").encode(),
        PAGE.format(UTF8).encode("utf-8-sig"),
        PAGE.format('<meta charset="windows-1252">').encode("cp1252"),
        PAGE.format(UTF8).replace("naïve", "« café\xa0» à\xa0« là\xa0»").encode(),
    ],
)
def test_a_right_encoding_is_no_fault(data: bytes) -> None:
    """UTF-8 with and without mark, a charset that holds, and French spaces."""
    rules = {f.rule for f in judge(data, page_errors()).findings}
    assert "page.encoding" not in rules


def test_a_wrong_encoding_is_one_message_of_the_checker() -> None:
    """It counts what the checker says of each byte, and stands where the first is."""
    (finding,) = judge(PAGE.format(UTF8).encode("cp1252"), html_validity()).findings
    assert finding.message == (
        "Malformed byte sequence: “d6”. (6 messages about the page's encoding)"
    )
    assert (finding.place.line, finding.place.column) == (2, 52)
    (finding,) = judge(PAGE.format(UTF8).encode("utf-16"), html_validity()).findings
    assert finding.message.startswith("The file is written in UTF-16")


def test_a_message_that_repeats_is_counted() -> None:
    """The first twenty places are listed, and a note counts the others."""
    data = PAGE.format(UTF8).replace("Größe", "x</b>" * 50).encode()
    result = judge(data, html_validity())
    assert (str(result.verdict), len(result.findings)) == ("failed", 20)
    (note,) = result.notes
    assert note.text == (
        "index.html: 30 more places are not listed of: Stray end tag “b”."
    )


def test_messages_of_one_kind_are_counted() -> None:
    """Thousands of faults that differ in a name alone are not all listed."""
    twice = "".join(f"<p id=a{n}>x<p id=a{n}>y" for n in range(300))
    result = judge(PAGE.format(UTF8).replace("Größe", twice).encode(), html_validity())
    assert len(result.findings) < 300
    (note,) = [n for n in result.notes if "Duplicate ID" in n.text]
    assert note.text == (
        "index.html: 100 more places are not listed of: Duplicate ID “…”."
    )


BLANK = PAGE.partition("<body>")[0].format(UTF8)


@pytest.mark.parametrize(
    ("rest", "verdict"),
    [
        ("<body></body></html>", "inapplicable"),
        ("<body><main>&nbsp;</main></body></html>", "inapplicable"),
        ("<body><noscript>No</noscript></body></html>", "inapplicable"),
        ("<body><style>p{color:red}</style></body></html>", "inapplicable"),
        ("<body><p>x</p></body></html>", "passed"),
        ("<body><hr><img src=a.png alt=a></body></html>", "passed"),
        ("<body><script>document.body.append('x')</script></body></html>", "passed"),
        ("<body><script>var a = 1</script></body></html>", "inapplicable"),
    ],
)
def test_a_valid_page_without_content_passes_nothing(rest: str, verdict: str) -> None:
    """Nothing examined is no pass; what scripts draw counts."""
    result = judge((BLANK + rest).encode(), html_validity())
    assert str(result.verdict) == verdict
    warned = any("nothing in its body" in note.text for note in result.notes)
    assert warned == (verdict == "inapplicable")


@given(st.text(alphabet="ÃÂâ€™é¯ \x85ð", max_size=20))
def test_misread_text_is_found_or_not_but_judged(text: str) -> None:
    """No mixture of its signs is too odd, and each place lies in the source."""
    source = PAGE.format(UTF8).replace("Größe", text)
    found = page_errors_source.pieces(source)
    for fault in page_errors_encoding.encoding(source.encode(), source, found):
        assert fault.spot is not None
        assert 1 <= fault.spot.line <= 4


@given(st.text(alphabet="{}ab;: ", max_size=40), st.integers(0, 40))
def test_the_block_around_an_offset_is_the_innermost(sheet: str, at: int) -> None:
    """Found through a table of braces, it is what walking back finds."""
    if not css.balanced(sheet) or not sheet:
        return
    at = min(at, len(sheet) - 1)
    depth, expected = 0, -1
    for index in range(at, -1, -1):
        if sheet[index] == "}" and index < at:
            depth += 1
        elif sheet[index] == "{" and depth:
            depth -= 1
        elif sheet[index] == "{":
            expected = index
            break
    assert css._enclosing(sheet, at)[1] == expected
