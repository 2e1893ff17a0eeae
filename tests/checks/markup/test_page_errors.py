"""The check ``page_errors`` in a real browser."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import page_errors

import pytest_agentflow as af

HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>'
    "</head><body>\n"
)
END = "\n<p>shown</p></body></html>\n"
DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
PLANTED = Path(__file__).parent.parent / "web" / "planted.html"


def page(
    body: str, *, stage: str | None = "frontend", name: str = "index.html"
) -> af.Artefact:
    """Make a page that shows a text, sound but for its body, begun on line 2."""
    data = (HEAD + body + END).encode()
    return af.Artefact(name=name, media_type="text/html", data=data, stage=stage)


def beside(name: str, text: str) -> af.Artefact:
    """Make a file that lies beside the page."""
    return af.Artefact(
        name=name, media_type="text/plain", data=text.encode(), stage="frontend"
    )


def run_of(*artefacts: af.Artefact) -> af.Run:
    """Make a run of two stages."""
    stages = (af.Stage(name="frontend"), af.Stage(name="qa", after=("frontend",)))
    return af.Run(workflow="w", case="c", stages=stages, artefacts=artefacts)


def judge(*artefacts: af.Artefact, **arguments: Any) -> af.CheckResult:
    """Judge the files by the check alone."""
    (result,) = af.evaluate(run_of(*artefacts), page_errors(**arguments)).results
    return result


def told(result: af.CheckResult) -> list[tuple[str, str, str]]:
    """Give rule, verdict and line:column of each finding."""
    return [
        (
            f.rule.removeprefix("page."),
            str(f.verdict),
            "" if f.place.line is None else f"{f.place.line}:{f.place.column}",
        )
        for f in result.findings
    ]


def test_the_planted_page_tells_each_fault_once() -> None:
    """Of its 21 faults those that no HTML checker sees, and references it sees too."""
    planted = af.Artefact(
        name="index.html", media_type="text/html", data=PLANTED.read_bytes()
    )
    (result,) = af.evaluate(
        af.Run(workflow="w", case="c", artefacts=(planted,)), page_errors()
    ).results
    assert sorted(told(result)) == [
        ("asset-missing", "failed", "3:25"),
        ("asset-missing", "failed", "3:56"),
        ("asset-missing", "failed", "3:98"),
        ("broken-anchor", "failed", "3:1"),
        ("console-error", "failed", "4:79"),
        ("handler-syntax", "failed", "2:111"),
        ("reference", "failed", "6:1"),
        ("reference", "failed", "6:58"),
        ("reference", "failed", "6:85"),
        ("rejected-promise", "failed", "4:126"),
        ("script-error", "failed", "4:17"),
        ("script-error", "failed", "4:35"),
    ]
    words = {f.fault for f in result.findings if f.rule == "page.reference"}
    assert words == {
        "reference:commandfor",
        "reference:for",
        "reference:aria-labelledby",
    }


def test_a_sound_page_passes() -> None:
    """A page without faults passes, and what it does not have does not count."""
    result = judge(page('<p id="a">fine <a href="#a">up</a> <a href="#top">top</a>'))
    assert (str(result.verdict), result.findings) == ("passed", ())
    met = {rule.rule: rule.examined for rule in result.rules}
    assert met["page.broken-anchor"] == 2
    assert "page.script-error" not in met


def test_errors_of_scripts_have_their_place() -> None:
    """Also behind signs that browsers count twice, and in a file beside the page."""
    result = judge(
        page("<p>😀</p><script>nope()</script><script src=app.js></script>"),
        beside("app.js", "\n  missing();\n"),
    )
    assert told(result) == [
        ("script-error", "failed", "2:17"),
        ("script-error", "failed", "2:3"),
    ]
    assert [f.place.artefact for f in result.findings] == ["index.html", "app.js"]


def test_a_page_answers_for_no_other() -> None:
    """What the page before still says while it goes, and a framed page, is theirs."""
    noisy = page("<p>x<script>setInterval(() => { alert(1); nope(); }, 0)</script>")
    assert judge(noisy).findings != ()
    framed = page('<iframe src="b.html" title="b"></iframe>')
    result = judge(framed, page("<script>nope()</script>", name="b.html"))
    assert [f.place.artefact for f in result.findings] == ["b.html"]


def test_promises_handled_later_are_no_fault() -> None:
    """A rejection counts where nobody ever handles it."""
    script = (
        "const late = Promise.reject(new Error('a')); setTimeout(() => "
        "late.catch(() => 0), 1); Promise.reject(new Error('b'));"
    )
    (finding,) = judge(page(f"<script>{script}</script>")).findings
    assert finding.rule == "page.rejected-promise"
    assert finding.message == "unhandled: Error: b"


def test_console_errors_warn_fail_or_are_left_out() -> None:
    """The page's own report is a warning unless it is asked for more or less."""
    noisy = page("<p>x<script>console.error('boom\\nmore')</script>")
    result = judge(noisy)
    assert (str(result.verdict), result.warnings) == ("passed", 1)
    assert result.findings[0].message == "console.error: boom"
    assert str(judge(noisy, console_error="fail").verdict) == "failed"
    assert judge(noisy, console_error="ignore").findings == ()


def test_handlers_are_compiled_and_not_run() -> None:
    """An attribute that is no JavaScript fails where it stands; the others rest."""
    result = judge(
        page(
            '<button onclick="alert(1); return false">a</button>\n'
            '<button onclick="if (x) { y(">b</button><p onfoo="(">'
            '<img src="data:," alt="" onload="(">'
        )
    )
    found = [one for one in told(result) if one[0] != "asset-missing"]
    assert found == [
        ("handler-syntax", "failed", "3:18"),
        ("handler-syntax", "failed", "3:87"),
    ]


def test_missing_files_name_element_and_kind() -> None:
    """Pictures that are loaded late are missed as well; a request is a question."""
    result = judge(
        page(
            '<img src="here.svg" alt=""><div style="height:9000px"></div>\n'
            '<img loading="lazy" src="far.png" alt="">\n'
            '<code>"/api/x"</code><script>fetch("/api/x").catch(() => 0)</script>'
        ),
        af.Artefact(
            name="here.svg",
            media_type="image/svg+xml",
            data=b'<svg xmlns="http://www.w3.org/2000/svg"/>',
            stage="frontend",
        ),
    )
    assert told(result) == [
        ("asset-missing", "undetermined", "4:37"),
        ("asset-missing", "failed", "3:1"),
    ]


def test_foreign_hosts_are_asked_about_refused_or_allowed() -> None:
    """One finding a host; an error that its scripts may explain is a question."""
    needy = page(
        '<script src="https://cdn.example/a.js"></script>'
        '<link rel="stylesheet" href="https://cdn.example/a.css"><script>X.y()</script>'
    )
    asked = judge(needy)
    assert told(asked) == [
        ("script-error", "undetermined", "2:113"),
        ("foreign-host", "undetermined", "2:1"),
    ]
    assert "1 script, 1 stylesheet" in asked.findings[1].message
    verdicts = [
        [str(f.verdict) for f in judge(needy, **more).findings]
        for more in (
            {"foreign_hosts": "fail"},
            {"foreign_hosts": "ignore"},
            {"allow_hosts": "*.example", "foreign_hosts": "fail"},
        )
    ]
    assert verdicts == [["undetermined", "failed"], ["undetermined"], ["undetermined"]]


def test_sockets_are_asked_about() -> None:
    """A socket to another host is a foreign host, one to the own a server's matter."""
    script = (
        "new WebSocket('wss://live.example/x');"
        "new WebSocket('ws://' + location.host + '/live')"
    )
    result = judge(page(f"<script>{script}</script>"))
    assert [(f.rule, str(f.verdict)) for f in result.findings] == [
        ("page.asset-missing", "undetermined"),
        ("page.foreign-host", "undetermined"),
    ]


def test_plain_http_fails_on_a_page_that_has_https() -> None:
    """Where the page does not say how it is shipped it is a question."""
    picture = '<img src="http://pics.example/a.png" alt="">'
    canonical = '<link rel="canonical" href="https://me.example/">'
    quiet = {"foreign_hosts": "ignore"}
    (asked,) = judge(page(picture), **quiet).findings
    (sure,) = judge(page(canonical + picture), **quiet).findings
    assert [f.rule for f in (asked, sure)] == ["page.mixed-content"] * 2
    assert [str(f.verdict) for f in (asked, sure)] == ["undetermined", "failed"]


def test_anchors_are_decoded_and_pressed() -> None:
    """A link without a target fails unless a script makes something of it."""
    script = (
        "document.getElementById('tab').addEventListener('click', (event) => {"
        "event.preventDefault(); document.body.dataset.open = 'x'; });"
        "document.getElementById('throws').addEventListener('click', (event) => {"
        "event.preventDefault(); document.querySelector('#no').scrollIntoView(); });"
        "addEventListener('hashchange', () => {"
        "if (location.hash === '#route') document.title = 'r'; });"
    )
    result = judge(
        page(
            '<p id="\u00e9"><a href="#%C3%A9">ok</a><a name="old"></a><a href="#old">'
            'ok</a><a href="#later">ok</a>\n<a href="#gone">no</a>\n'
            '<a id="tab" href="#tab1">script</a><a href="#route">route</a>\n'
            '<a id="throws" href="#no">throws</a>'
            f"<script>{script}"
            "const late = document.createElement('p'); late.id = 'later';"
            "document.body.append(late)</script>"
        )
    )
    assert told(result) == [
        ("broken-anchor", "failed", "3:1"),
        ("broken-anchor", "failed", "5:1"),
    ]
    assert "throws TypeError" in result.findings[1].message


def test_links_within_a_site_lead_to_its_files() -> None:
    """Of a single page nobody knows the others; a route may be a server's."""
    links = (
        '<a href="b.html#x">b</a><a href="b">b</a>\n<a href="c.html">c</a>\n'
        '<a href="/contact">d</a><a href="https://x.example/y.html">e</a>'
        '<a href="mailto:a@b.example">f</a>\n<a href="www.x.example">g</a>'
    )
    site = judge(page(links), page("<p>b", name="b.html"))
    assert told(site) == [
        ("broken-link", "failed", "3:1"),
        ("broken-link", "undetermined", "4:1"),
        ("broken-link", "failed", "5:1"),
    ]
    alone = judge(page('<a href="c.html">c</a>'))
    assert told(alone) == [("broken-link", "undetermined", "2:1")]


@pytest.mark.parametrize(
    ("markup", "attribute"),
    [
        ('<label for="no">x</label>', "for"),
        ('<p aria-describedby="no also">x</p>', "aria-describedby"),
        ('<table><tr><td headers="no">x</table>', "headers"),
        ('<input list="no">', "list"),
        ('<input form="no">', "form"),
        ('<button popovertarget="no">x</button>', "popovertarget"),
        ('<svg><use href="#no"/></svg>', "href"),
        ('<svg><rect fill="url(#no)"/></svg>', "fill"),
        (f'<img alt="" src="{DOT}" usemap="#no">', "usemap"),
    ],
)
def test_references_need_a_target(markup: str, attribute: str) -> None:
    """An attribute that names an id which nothing has fails on a page at rest."""
    (finding,) = judge(page(f"<p>{markup}")).findings
    assert (finding.rule, str(finding.verdict)) == ("page.reference", "failed")
    assert finding.fault == f"reference:{attribute}"
    assert finding.place.line == 2


def test_references_that_scripts_may_fill_are_asked_about() -> None:
    """What scripts name, or commonly make when needed, is a question."""
    result = judge(
        page(
            '<button aria-controls="menu">x</button><label for="made">y</label>'
            "<script>const later = () => { box.id = 'made'; }</script>"
        )
    )
    assert [str(f.verdict) for f in result.findings] == ["undetermined"] * 2


def test_links_to_nothing_are_asked_about() -> None:
    """Unless something happens when they are pressed."""
    result = judge(
        page(
            '<a href="#">dead</a>\n<a href="#" onclick="return false">idle</a>\n'
            '<a href="javascript:void(0)" onclick="document.title = 2">live</a>'
        )
    )
    assert told(result) == [
        ("dead-control", "undetermined", "2:1"),
        ("dead-control", "undetermined", "3:1"),
    ]
    assert {f.severity for f in result.findings} == {af.Severity.INFO}


def test_dialogs_windows_and_leaving_are_told_with_their_call() -> None:
    """What the page does before anybody touched it fails where it is called."""
    result = judge(
        page(
            '<script>\nalert("hi");\n  open("x.html");\n'
            'location.href = "https://other.example/";\n</script>'
        )
    )
    assert told(result) == [
        ("dialog", "failed", "3:1"),
        ("window", "failed", "4:3"),
        ("navigates", "failed", "5:1"),
    ]


def test_what_only_https_offers_is_a_question() -> None:
    """Pages come by plain http here, so what that takes away is not their fault."""
    script = "<script>navigator.serviceWorker.register('sw.js')</script>"
    assert told(judge(page(script))) == [("script-error", "undetermined", "2:33")]


def test_a_page_that_never_ends_is_an_error_and_its_source_is_judged() -> None:
    """What could not be run did not pass; what needs no browser is told anyway."""
    endless = page("<!-- ... rest of the page ... --><script>for(;;);</script>")
    result = judge(endless, budget=2.0)
    assert str(result.verdict) == "error"
    assert told(result) == [("ran", "error", ""), ("placeholder", "failed", "2:1")]


def test_the_stage_that_brought_an_error_is_named() -> None:
    """A fault that only the second version has is the second stage's."""
    old = '<a href="#no">x</a>'
    new = f"{old}<script>nope()</script>"
    result = judge(page(old), page(new, stage="qa"))
    blamed = {f.rule: f.introduced_by for f in result.findings}
    assert blamed == {"page.script-error": "qa", "page.broken-anchor": "frontend"}


def test_findings_can_be_left_out_by_rule_text_and_pattern() -> None:
    """Each way leaves out its own, and the rest stands."""
    both = page('<a href="#no">x</a><img src="gone.png" alt="">')
    assert len(judge(both).findings) == 2
    assert len(judge(both, ignore="page.broken-anchor").findings) == 1
    assert len(judge(both, ignore=["gone.png"]).findings) == 1
    (left,) = [r for r in judge(both, ignore=["gone.png"]).rules if "asset" in r.rule]
    assert (left.verdict, left.passed) == (af.Verdict.INAPPLICABLE, 0)
    assert judge(both, ignore_re=[r"^image .*", r"goes to '\w+'"]).findings == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"console_error": "loud"}, "console_error is 'warn', 'fail', 'ignore'"),
        ({"foreign_hosts": "no"}, "foreign_hosts is 'ask', 'fail', 'ignore'"),
        ({"budget": 0}, "no time"),
        ({"ignore_re": "("}, "no regular expression"),
        ({"ignore_re": "x*"}, "fits every message"),
        ({"ignore": ""}, "an empty text"),
        ({"ignore": "page.broken-anchr"}, "did you mean 'page.broken-anchor'"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], said: str) -> None:
    """A misspelt argument says what it may be."""
    with pytest.raises(af.BadArgument, match=said):
        page_errors(**arguments)


def test_no_message_holds_the_invented_host() -> None:
    """Fingerprints stay when the page changes: its host here is made of its bytes."""
    script = "<script>throw location.href</script>"
    body = f'<img src="a.png" alt=""><a href="#no">x</a>{script}'
    before, after = judge(page(body)), judge(page(body + "<p>more"))
    assert "page.test" not in json.dumps(
        [dataclasses.asdict(f) for f in before.findings]
    )
    prints = [{f.fingerprint for f in one.findings} for one in (before, after)]
    assert prints[0] == prints[1]
    assert len(prints[0]) == 3


@pytest.mark.skipif(
    "AGENTFLOW_DATA" not in os.environ, reason="AGENTFLOW_DATA names the data sets"
)
def test_the_planted_page_of_the_data_is_ours() -> None:
    """The page that is tested is the one of the data set."""
    data = Path(os.environ["AGENTFLOW_DATA"]) / "web" / "planted.html"
    assert data.read_bytes() == PLANTED.read_bytes()
