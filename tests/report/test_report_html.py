from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_checks import accessibility, evaluation
from report_runs import split_run
from report_sample import entries as sample_entries
from report_sample import sample_report
from report_strategies import HOSTILE, entries, gates

import pytest_agentflow as af
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.document import (
    AUTHORED_MARK,
    ESTIMATED,
    Entry,
    GateEntry,
    Report,
)
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.html import marked_pieces, render_html, web_address
from pytest_agentflow.report.text import visible

SAFE = re.compile(r"#[A-Za-z0-9._/-]+|https?://[^\s\"'<>]+|data:image/[a-z]+;base64,.*")
VOID = {"meta", "link", "br", "input", "image", "rect", "line", "circle", "use", "path"}


@dataclass
class Page(HTMLParser):
    """What stands in a page, as a browser would take it apart."""

    tags: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count a tag and take its attributes."""
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given[n] or "" for n in ("href", "src") if n in given]
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open_tags.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text.append(data)


def parsed(html: str) -> Page:
    """Take `html` apart; fails where tags do not close in order."""
    page = Page()
    page.feed(html)
    page.close()
    assert page.open_tags == []
    return page


def assert_harmless(html: str) -> Page:
    """Fail where recorded text became markup, script, style or an address."""
    page = parsed(html)
    assert (page.tags["script"], page.tags["style"]) == (1, 1)
    assert not page.tags.keys() & {"img", "iframe", "object", "embed", "link", "base"}
    handlers = {a for a in page.attributes if a.startswith("on") or a == "style"}
    assert handlers == set()
    assert [link for link in page.links if not SAFE.fullmatch(link)] == []
    assert [i for i, n in Counter(page.ids).items() if n > 1 or not i] == []
    targets = {link[1:] for link in page.links if link.startswith("#")}
    assert targets <= set(page.ids)
    return page


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(entries, max_size=2), st.lists(gates, max_size=1))
def test_every_report_can_be_drawn_and_is_harmless(
    found: list[Entry], gates: list[GateEntry]
) -> None:
    """Whatever was recorded, the page is whole and holds no markup but ours."""
    report = build_report(found, decompositions=gates, before=found[:1], against="x")

    html = render_html(report)

    assert_harmless(html)
    html.encode()


def test_the_sample_is_harmless_and_has_one_main_heading(report: Report) -> None:
    """The realistic report is whole, too."""
    page = assert_harmless(render_html(report))

    assert page.tags["h1"] == 1
    assert page.tags["details"] > 20


def test_only_our_style_and_script_may_run(report: Report) -> None:
    """The page's policy names the digests of its one style and its one script."""
    html = render_html(report)
    policy = html.partition('Security-Policy" content="')[2].partition('"')[0]
    policy = policy.replace("&#39;", "'")

    for tag in ("style", "script"):
        text = html.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_five_findings_of_a_cause_are_shown_then_a_count(report: Report) -> None:
    """Seven findings of one rule are five and 'and 2 more' that unfold.

    The list of what to fix first names three, and the repair.
    """
    html = render_html(report)

    assert "and 2 more of <code>a11y.color-contrast</code>" in html
    assert "and 11 more of the same cause" in html


def test_what_all_findings_of_a_rule_say_is_said_once() -> None:
    """Repair and reason of seven alike findings stand above them, not seven times.

    The repair is told a second time where it is said what to fix first.
    """
    run = split_run("hotel")
    entry = build_entry("t", run, evaluation(run, accessibility(failing=True)))
    html = render_html(build_report([entry]))

    assert html.count("Use ink #14282b for the text of buttons") == 2
    assert html.count("Observed") > 7


def test_every_finding_has_its_own_link(report: Report) -> None:
    """Findings are reached by run, rule and number."""
    page = parsed(render_html(report))

    assert "run-build_site/hotel/a11y.label/1" in page.ids
    assert "#run-build_site/hotel/a11y.color-contrast/7" in page.links


def test_the_offending_element_is_shown_in_its_picture(report: Report) -> None:
    """A finding shows the cut-out around its box; the picture is stored once."""
    html = render_html(report)
    hotel = html.partition('id="run-build_site/hotel/a11y.color-contrast/1"')[2]

    assert 'class="cutout" viewBox="0 368 420 200"' in hotel.partition("</svg>")[0]
    assert html.count("data:image/png;base64") == 11


def test_authored_answers_are_marked_at_every_figure(report: Report) -> None:
    """A report over authored recordings has a banner, and a mark in each caption."""
    html = render_html(report)

    assert "illustrates the tool, is no evidence about any model" in html
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", html, re.DOTALL)
    assert len(captions) > 50
    assert [c for c in captions if AUTHORED_MARK not in c] == []


def test_recorded_answers_are_not_called_authored() -> None:
    """A report over real recordings has neither banner nor mark."""
    run = split_run("hotel", provenance="recorded")
    entry = build_entry("t", run, evaluation(run, accessibility(failing=False)))

    assert "authored" not in render_html(build_report([entry])).lower()


def test_estimated_usage_is_marked_at_every_figure() -> None:
    """Money and tokens that rest on estimates carry the sign and the sentence."""
    run = split_run("hotel")
    calls = tuple(
        replace(c, usage=c.usage and replace(c.usage, source="estimated"))
        for c in run.calls
    )
    run = replace(run, calls=calls)
    entry = build_entry("t", run, evaluation(run, accessibility(failing=False)))
    html = render_html(build_report([entry]))

    assert ESTIMATED in html
    amounts = re.findall(r"(≈ )?\$0\.0485", html)
    assert len(amounts) >= 4
    assert [sign for sign in amounts if not sign] == []


def test_an_unknown_price_is_said_and_never_nothing() -> None:
    """Where a price is missing, the report says which, and shows no amount."""
    run = replace(split_run("hotel"), recorded=af.Recorded())
    entry = build_entry("t", run, evaluation(run, accessibility(failing=False)))
    html = render_html(build_report([entry]))

    assert "no price is known for input_tokens of gpt-5-mini-2025-08-07" in html
    assert "$0.0" not in html


def test_calls_that_are_no_chat_are_counted_by_kind() -> None:
    """A stage that paints or ranks is not taken for one that talks."""
    run = split_run("hotel")
    entry = build_entry("t", run, evaluation(run, accessibility(failing=False)))
    stages = {stage.name: stage.kinds for stage in entry.run.stages}
    assert stages["artist"] == {"image": 4}
    assert stages["qa"] == stages["retrieval"] == {}
    page = render_html(build_report([entry]))
    assert page.count('<td class="n">4<small>4 image</small></td>') == 1


def test_nothing_judged_is_said() -> None:
    """A report without runs says that nothing was judged."""
    html = render_html(build_report([]))

    assert "Nothing was judged: no run was given to any check." in html
    assert 'class="badge passed"' not in html


def test_a_test_that_failed_beside_its_checks_says_so() -> None:
    """A miss or an assertion of the test's own stands with its run."""
    (entry, *_) = sample_entries()[1:2]
    entry = replace(entry, outcome="failed", problem="Miss: no recorded call fits")
    html = render_html(build_report([entry]))

    assert "The one run fails." in html
    assert "Miss: no recorded call fits" in html


def test_discarded_takes_and_reproduction_are_shown(report: Report) -> None:
    """The page says how many takes were discarded, and how to see a failure again."""
    text = " ".join("".join(parsed(render_html(report)).text).split())

    assert "2 takes before this one were discarded ($0.0871):" in text
    assert "pytest 'tests/test_site.py::test_site_is_fit_to_ship[hotel]'" in text


def test_long_text_is_cut_with_a_count() -> None:
    """What is cut says how much is missing."""
    run = split_run("hotel")
    finding = af.Finding(rule="r", message="m" * 5_000, observed="o" * 5_000)
    rule = af.RuleResult(
        rule="r", verdict=af.Verdict.FAILED, examined=1, failed=1, findings=(finding,)
    )
    result = af.CheckResult(
        check="c", written="c", verdict=af.Verdict.FAILED, rules=(rule,)
    )
    html = render_html(build_report([build_entry("t", run, evaluation(run, result))]))

    assert "… 4,400 more characters" in html
    assert "… 4,000 more characters" in html
    assert "o" * 1_001 not in html


def test_thousands_of_findings_do_not_swell_the_page() -> None:
    """A rule with 3,000 findings shows a hundred and counts the rest."""
    found = tuple(af.Finding(rule="r", message=f"m{n}") for n in range(3_000))
    rule = af.RuleResult(
        rule="r",
        verdict=af.Verdict.FAILED,
        examined=3_000,
        failed=3_000,
        findings=found,
    )
    result = af.CheckResult(
        check="c", written="c", verdict=af.Verdict.FAILED, rules=(rule,)
    )
    run = split_run("hotel")
    html = render_html(build_report([build_entry("t", run, evaluation(run, result))]))

    assert "and 2995 more of" in html
    assert "2900 more are in the JSON report." in html
    assert len(html) < 300_000


def test_the_same_report_is_drawn_the_same(report: Report) -> None:
    """Drawing is a function of the report: no clock, no chance."""
    assert render_html(report) == render_html(sample_report())


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "//evil.example/x",
        "file:///etc/passwd",
        "https:///nohost",
        'https://x.example/"onmouseover=alert(1)',
        "https://exämple.org",
        "http://[::1",
        "",
        None,
    ],
)
def test_only_plain_web_addresses_become_links(url: str | None) -> None:
    """Anything but an http address with a host is shown as text."""
    assert web_address(url) == ""


def test_a_web_address_stays() -> None:
    """The address of a rule's explanation is linked."""
    url = "https://dequeuniversity.com/rules/axe/4.14/color-contrast?x=1#y"

    assert web_address(url) == url


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(-5, 50), st.integers(-5, 50)), max_size=6),
)
def test_marks_never_lose_or_double_text(
    text: str, spans: list[tuple[int, int]]
) -> None:
    """However marks overlap or stick out, the pieces give the text, each part once."""
    marks = tuple(
        af.Mark(start=start, end=end, verdict=af.Verdict.FAILED) for start, end in spans
    )
    marked = af.MarkedText(title="t", text=text, marks=marks)
    pieces = marked_pieces(marked, 30)

    assert "".join(piece for piece, _ in pieces) == text[:30]
    assert all(piece for piece, _ in pieces)


@given(st.text(st.characters(exclude_categories=())) | st.sampled_from(HOSTILE))
def test_text_made_visible_can_be_written_and_hides_nothing(text: str) -> None:
    """No control, direction mark or half character is left, and nothing vanishes."""
    shown = visible(text)

    shown.encode()
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown
    )
    assert bool(shown) == bool(text)


def test_controls_and_direction_marks_are_shown() -> None:
    """Escape, bell and the right-to-left override are seen as what they are."""
    assert (
        visible("\x1b[31m\x07 \u202egnp.exe \ud83d") == "␛[31m␇ ⟨U+202E⟩gnp.exe \ufffd"
    )
