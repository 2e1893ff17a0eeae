"""What our own rules decide better than axe-core is not told twice, nor wrongly."""

from __future__ import annotations

import pytest
from agentflow_checks import accessibility

import pytest_agentflow as af

REFRESH = '<meta http-equiv="refresh" content="{}; https://a.example">'


def verdicts(
    html: str, rules: list[str], name: str = "index.html"
) -> list[tuple[str, str]]:
    """Judge a page by rules; give what was found, by rule."""
    found = af.Artefact(name=name, media_type="text/html", data=html.encode())
    run = af.Run(workflow="w", case="c", artefacts=(found,))
    result = af.evaluate(run, accessibility("AAA", rules=rules)).results[0]
    said = [(f.rule.removeprefix("a11y."), str(f.verdict)) for f in result.findings]
    return [one for one in said if one[0] in rules]


def page(body: str, head: str = "") -> str:
    """Write a page."""
    return f'<!doctype html><html lang="en"><title>t</title>{head}<body>{body}</body>'


@pytest.mark.parametrize(
    ("contents", "found"),
    [(["30"], [("refresh-delay", "failed")]), (["0", "5"], []), (["72001"], [])],
)
def test_a_refresh_is_judged_once(
    contents: list[str], found: list[tuple[str, str]]
) -> None:
    """Of several refreshes the first counts, and our rule speaks for axe-core's."""
    html = page("<p>x</p>", "".join(map(REFRESH.format, contents)))
    assert verdicts(html, ["meta-refresh", "refresh-delay"]) == found


def test_without_our_rule_several_refreshes_are_a_question() -> None:
    """axe-core judges each of them: what it says of the later ones is asked."""
    html = page("<p>x</p>", REFRESH.format(0) + REFRESH.format(5))
    assert verdicts(html, ["meta-refresh"]) == [("meta-refresh", "undetermined")]
    one = page("<p>x</p>", REFRESH.format(30))
    assert verdicts(one, ["meta-refresh"]) == [("meta-refresh", "failed")]


FRAME = """<iframe title="f" tabindex="-1" srcdoc="<a href='/'>Home</a>"></iframe>"""
DIALOG = '<dialog id="d" aria-label="d"><button>b</button></dialog>'
RULES = ["frame-focusable-content", "frame-in-tab-order"]


def test_a_frame_behind_a_dialog_is_no_fault() -> None:
    """What a dialog closes off is not to be reached; else a negative tabindex fails."""
    assert verdicts(page(FRAME), RULES) == [("frame-in-tab-order", "failed")]
    shown = "<script>document.getElementById('d').showModal()</script>"
    assert verdicts(page(FRAME + DIALOG + shown), RULES) == []


def test_a_root_that_is_no_html_needs_no_lang() -> None:
    """HTML demands a language of its own root only; of it, it is demanded."""
    rules = ["html-has-lang"]
    math = '<math lang="en">x</math>'
    assert "failed" not in dict(verdicts(math, rules, "x.xml")).values()
    xhtml = '<html xmlns="http://www.w3.org/1999/xhtml"><body>x</body></html>'
    assert verdicts(xhtml, rules, "x.xml") == [("html-has-lang", "failed")]
    bare = "<!doctype html><title>t</title><p>x</p>"
    assert verdicts(bare, rules) == [("html-has-lang", "failed")]


WHITE_TO_BLACK = "linear-gradient(to right, #fff, #fff 60px, #000 60px, #000)"
BOTH = ["color-contrast", "contrast-on-pictures"]


@pytest.mark.parametrize(
    ("behind", "found"),
    [
        (WHITE_TO_BLACK, [("contrast-on-pictures", "failed")]),
        ("linear-gradient(#fff, #eef)", []),
        (
            "repeating-linear-gradient(#fff, #fff 3px, #333 3px, #333 6px)",
            [("contrast-on-pictures", "undetermined")],
        ),
    ],
)
def test_text_on_a_gradient_is_measured_and_not_asked_about_twice(
    behind: str, found: list[tuple[str, str]]
) -> None:
    """axe-core's question about it is answered, by its failing or passing, or ours."""
    text = "Boats leave from the pier at nine"
    html = page(
        f'<p style="width: 400px; color: #111; background: {behind}">{text}</p>'
    )
    assert verdicts(html, BOTH) == found
    assert verdicts(html, BOTH[:1]) == [("color-contrast", "undetermined")]
