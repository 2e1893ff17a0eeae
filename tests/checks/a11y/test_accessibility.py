"""The check ``accessibility`` on pages in a real browser."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import accessibility

import pytest_agentflow as af

GOOD = """<!doctype html>
<html lang="en"><head><title>Hotel</title></head><body>
<main><h1>Hotel</h1>
{}
</main></body></html>
"""
IMAGE = '<img id="hero" src="hero.png">'
PALE = '<p style="color:#aaa;background:#fff">pale</p>'


def page(*parts: str, stage: str | None = "frontend", name: str = "index.html") -> Any:
    """Make a page that is sound but for the parts given."""
    html = GOOD.format("\n".join(parts))
    return af.Artefact(
        name=name, media_type="text/html", data=html.encode(), stage=stage
    )


def run_of(*pages: af.Artefact, stages: tuple[str, ...] = ("frontend", "qa")) -> af.Run:
    """Make a run of stages one after the other with these artefacts."""
    graph = tuple(
        af.Stage(name=name, after=stages[:number]) for number, name in enumerate(stages)
    )
    return af.Run(workflow="w", case="c", stages=graph, artefacts=pages)


def judge(run: af.Run, *arguments: Any, **named: Any) -> af.CheckResult:
    """Judge a run by the check alone."""
    (result,) = af.evaluate(run, accessibility(*arguments, **named)).results
    return result


def test_a_sound_page_passes_with_denominators() -> None:
    """Elements that passed are counted, rule by rule."""
    result = judge(run_of(page("<p>fine</p>")))
    assert (result.verdict, result.findings) == ("passed", ())
    by_id = {rule.rule: rule for rule in result.rules}
    assert by_id["a11y.document-title"].passed == 1
    assert by_id["a11y.image-alt"].verdict == "inapplicable"


def test_a_finding_says_where_what_and_how_to_mend_it() -> None:
    """A violation carries selector, source line, markup, fix, box and help."""
    result = judge(run_of(page(IMAGE)))
    assert result.verdict == "failed"
    (finding,) = result.findings
    assert finding.rule == "a11y.image-alt"
    assert str(finding.place) == "frontend index.html:4:1 #hero"
    assert finding.place.box is not None
    assert finding.observed == IMAGE
    assert finding.title == "Images must have alternative text"
    assert finding.message == "Element does not have an alt attribute"
    assert finding.fix.startswith('Add alt="..." that says what it shows;')
    assert finding.evidence == IMAGE
    assert finding.why == (
        "People who do not see it are told nothing of it. "
        "WCAG 1.1.1 Non-text Content, level A."
    )
    assert finding.severity == "critical"
    assert finding.help_url is not None
    assert "image-alt" in finding.help_url
    assert "wcag2a" in finding.tags
    assert finding.introduced_by == "frontend"


def test_the_picture_shows_the_findings_in_boxes() -> None:
    """One screenshot of the page holds a box per finding, tied to it."""
    result = judge(run_of(page(PALE, IMAGE)))
    (exhibit,) = result.exhibits
    assert isinstance(exhibit, af.PictureExhibit)
    assert exhibit.data.startswith(b"\x89PNG")
    prints = {finding.fingerprint for finding in result.findings}
    assert {box.fingerprint for box in exhibit.boxes} <= prints
    assert all(box.y + box.height <= exhibit.height for box in exhibit.boxes)


def test_what_axe_cannot_decide_is_a_question_with_its_reason() -> None:
    """Text whose shadow lies over a gradient is undetermined, and says so in words."""
    style = "color:#777;text-shadow:0 0 2px red;background:linear-gradient(#000,#fff)"
    over = f'<p style="{style}">over</p>'
    result = judge(run_of(page(over)))
    assert (result.verdict, result.undetermined) == ("passed", 1)
    (finding,) = result.findings
    assert finding.verdict == "undetermined"
    assert finding.message.endswith("the text stands on a gradient (bgGradient)")
    assert judge(run_of(page(over))).ok
    strict = af.evaluate(run_of(page(over)), accessibility().strict())
    assert strict.failed


def test_best_practices_ask_unless_they_are_told_to_fail() -> None:
    """What WCAG does not demand asks once a page and rule; or fails; or is left out."""
    html = b"<!doctype html><html lang=en><title>t</title><p>a</p><p>b</p>"
    bare = af.Artefact(
        name="index.html", media_type="text/html", data=html, stage="frontend"
    )
    asked = judge(run_of(bare))
    assert asked.verdict == "passed"
    rules = {rule.rule: rule for rule in asked.rules}
    assert rules["a11y.region"].undetermined == 1
    assert len(rules["a11y.region"].findings) == 2
    assert judge(run_of(bare), best_practices="fail").verdict == "failed"
    assert judge(run_of(bare), best_practices="ignore").findings == ()


def test_a_doubtful_rule_only_asks() -> None:
    """A rule that is often wrong yields a question, never a failure."""
    result = judge(
        run_of(page('<button aria-label="Send">Buy now</button>')),
        rules=["label-content-name-mismatch"],
    )
    assert [f.verdict for f in result.findings] == ["undetermined"]


def test_the_level_decides_what_fails() -> None:
    """Contrast is no criterion of level A."""
    assert judge(run_of(page(PALE)), "AA").verdict == "failed"
    assert judge(run_of(page(PALE)), "A").verdict == "passed"


def test_a_contrast_finding_names_figures_and_a_colour_that_will_do() -> None:
    """Observed and expected are ratios, and the fix passes when it is made."""
    (finding,) = judge(run_of(page(PALE))).findings
    assert finding.message == "text has a contrast of 2.32 to 1 with its background"
    assert finding.observed == "2.32:1, #aaaaaa on #ffffff, 16 px"
    assert finding.expected == "4.5:1"
    assert finding.fix == "Use #767676, the nearest text colour that has enough."
    assert judge(run_of(page(PALE.replace("#aaa", "#767676")))).verdict == "passed"


def test_rules_can_be_left_out() -> None:
    """An excluded rule reports nothing."""
    result = judge(run_of(page(PALE, IMAGE)), exclude=["image-alt"])
    assert {finding.rule for finding in result.findings} == {"a11y.color-contrast"}


def test_no_page_is_no_pass() -> None:
    """A run without a page examines nothing."""
    assert judge(run_of()).verdict == "inapplicable"


@pytest.mark.parametrize(
    "body",
    [
        "",
        '<div id="root"></div>',
        "<header></header><main></main>",
        '<p style="display: none">a</p>',
        "<p>a</p><script>document.body.innerHTML = ''</script>",
    ],
)
def test_a_page_with_nothing_in_its_body_is_no_pass(body: str) -> None:
    """A sound title and language are the document's: nothing of access was examined."""
    html = f'<!doctype html><html lang="en"><head><title>a</title></head><body>{body}'
    bare = af.Artefact(name="index.html", media_type="text/html", data=html.encode())
    result = judge(af.Run(workflow="w", case="c", artefacts=(bare,)))
    assert (str(result.verdict), result.findings) == ("inapplicable", ())
    assert any("nothing in its body to judge" in note.text for note in result.notes)


def test_an_empty_page_fails_by_its_document() -> None:
    """What is wrong with title or language is told all the same."""
    bare = af.Artefact(
        name="index.html", media_type="text/html", data=b"<!doctype html><body></body>"
    )
    result = judge(af.Run(workflow="w", case="c", artefacts=(bare,)))
    assert result.verdict == "failed"
    failed = {f.rule for f in result.findings}
    assert failed == {"a11y.document-title", "a11y.html-has-lang"}


def test_text_without_a_box_of_its_own_is_judged() -> None:
    """``display: contents`` on the body takes none of its text from the rules."""
    html = '<html lang="en"><title>a</title><body style="display: contents">text'
    odd = af.Artefact(name="index.html", media_type="text/html", data=html.encode())
    result = judge(af.Run(workflow="w", case="c", artefacts=(odd,)))
    assert result.verdict == "passed"


def test_the_stage_that_brought_a_fault_in_is_named() -> None:
    """A fault of the first version goes through; a new one is the last stage's."""
    result = judge(
        run_of(page(IMAGE), page(IMAGE, PALE, stage="qa")),
    )
    blamed = {f.rule: (f.introduced_by, f.propagated_through) for f in result.findings}
    assert blamed == {
        "a11y.image-alt": ("frontend", ("qa",)),
        "a11y.color-contrast": ("qa", ()),
    }


def test_a_fault_that_moved_is_still_the_first_stages() -> None:
    """The same markup at another place of the next version is the same fault."""
    before = "<section><img src='a.png' alt=''><img src='b.png'></section>"
    after = "<div><div><img src='b.png'></div></div>"
    result = judge(run_of(page(before), page(after, stage="qa")))
    assert [f.introduced_by for f in result.findings] == ["frontend"]


def test_the_files_of_the_run_are_served_beside_the_page() -> None:
    """A style sheet among the artefacts takes part in the judgement."""
    style = af.Artefact(
        name="site.css", media_type="text/css", data=b"p{color:#bbb}", stage="frontend"
    )
    linked = page('<link rel="stylesheet" href="site.css"><p>text</p>')
    (finding,) = judge(run_of(linked, style)).findings
    assert finding.rule == "a11y.color-contrast"


def test_a_page_that_cannot_be_judged_is_an_error() -> None:
    """A script that never ends makes an error with a sentence, never a pass."""
    result = judge(run_of(page("<script>while(true){}</script>")), budget=1.0)
    assert result.verdict == "error"
    assert "a script of it never ends" in result.findings[0].message


def test_a_page_that_goes_elsewhere_is_a_question() -> None:
    """The page that was given is judged, and its journey reported."""
    result = judge(run_of(page("<script>location='http://other.test/'</script>")))
    (finding,) = result.findings
    assert finding.rule == "a11y.page-stays"
    assert "http://other.test/" in finding.message


def test_what_nobody_can_examine_is_said() -> None:
    """Elements in closed shadow roots are reported as not examined."""
    closed = (
        "<div id=d></div><script>d.attachShadow({mode:'closed'}).innerHTML='<img>'"
        "</script>"
    )
    (finding,) = judge(run_of(page(closed))).findings
    assert finding.rule == "a11y.closed-shadow-roots"
    assert finding.message.startswith("1 elements")


def test_outcomes_travel_between_processes() -> None:
    """Check and evaluation pickle."""
    check = accessibility("A", exclude=("region",))
    assert pickle.loads(pickle.dumps(check)) == check  # noqa: S301 - our own
    evaluation = af.evaluate(run_of(page(IMAGE)), check)
    assert pickle.loads(pickle.dumps(evaluation)) == evaluation  # noqa: S301 - our own


def test_without_a_browser_the_message_names_the_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine without Chromium gets an error with the command to paste."""
    from agentflow_checks import web
    from agentflow_checks.web import browser

    web.shutdown()
    monkeypatch.setattr(browser, "NAMES", ())
    monkeypatch.setattr(browser, "ELSEWHERE", ())
    result = judge(run_of(page("<p>x</p>")))
    assert result.verdict == "error"
    assert "Install it with: " in result.findings[0].message


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Any]:
    """A user's own selenium driver on a page of theirs."""
    from agentflow_checks.web import browser, server
    from selenium import webdriver

    pages = server.start()
    html = GOOD.format(IMAGE + "<iframe title=f src=/inner.html></iframe>").encode()
    inner = b"<!doctype html><html lang=en><title>i</title><input>"
    pages.sites["127"] = server.Site(files={"a.html": html, "inner.html": inner})
    options = webdriver.ChromeOptions()
    options.binary_location = browser.executable()
    for flag in ("--headless=new", "--no-sandbox", f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=browser.driver())
    session = webdriver.Chrome(options=options, service=service)
    session.get(f"http://127.0.0.1:{pages.port}/a.html")
    yield session
    session.quit()
    server.stop(pages)


def test_a_users_driver_and_a_users_result_are_judged(driver: Any) -> None:
    """The page that a driver has loaded is judged, frames too; so is axe's answer."""
    from agentflow_checks.web import engines
    from axe_selenium_python import Axe

    run = run_of()
    result = judge(run, driver=driver)
    found = {(f.rule, f.place.selector) for f in result.findings}
    assert found >= {("a11y.image-alt", "#hero"), ("a11y.label", "iframe >>> input")}
    axe = Axe(driver, script_url=str(engines.axe_path()))
    axe.inject()
    answer = axe.run()
    result = judge(run, result=answer)
    assert ("a11y.image-alt", "#hero") in {
        (f.rule, f.place.selector) for f in result.findings
    }
    assert result.examined > len(result.findings)


def test_half_a_result_is_an_error() -> None:
    """A dictionary that is no axe result is refused with a sentence."""
    result = judge(run_of(), result={"violations": []})
    assert result.verdict == "error"
    assert "has no incomplete" in result.findings[0].message


def test_pages_written_by_models_are_judged_as_axe_by_hand(
    third_party_data: Path,
) -> None:
    """Rules and nodes equal those of the axe-core run kept as baseline."""
    import json
    import tarfile
    from collections import Counter

    web = third_party_data / "web"
    pages: dict[str, Any] = {}
    for baseline in web.glob("*.baseline.json"):
        pages |= json.loads(baseline.read_text("utf-8"))["pages"]
    differing = []
    with tarfile.open(next(web.glob("llm-*.tar.xz"))) as archive:
        for name in sorted(pages)[::4]:
            member = next(m for m in archive.getnames() if m.endswith(name))
            stream = archive.extractfile(member)
            assert stream is not None
            html = af.Artefact(
                name="index.html",
                media_type="text/html",
                data=stream.read(),
                stage="frontend",
            )
            result = judge(run_of(html))
            certain = Counter(
                f.rule.removeprefix("a11y.")
                for f in result.findings
                if f.verdict == "failed" or "best-practice" in f.tags
            )
            if certain != Counter(pages[name]["axe"]):
                differing.append((name, certain, pages[name]["axe"]))
    assert differing == []


def test_a_page_shipped_under_another_name_is_visited_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same bytes with the same files beside them show the same faults."""
    from agentflow_checks.web import visits

    seen = []

    def visit(html: bytes, **named: Any) -> Any:
        seen.append(named["name"])
        return looked(html, **named)

    looked = visits.visit
    monkeypatch.setattr(visits, "visit", visit)
    made, shipped = page(IMAGE, name="page.html"), page(IMAGE, stage=None)
    (finding,) = judge(run_of(made, shipped, stages=("frontend",))).findings
    assert finding.introduced_by == "frontend"
    assert seen == ["index.html"]


def test_the_same_page_with_another_style_beside_it_is_another_page() -> None:
    """A style sheet that a later stage changed brings the fault in."""
    linked = '<link rel="stylesheet" href="site.css"><p>text</p>'
    styles = [
        af.Artefact(name="site.css", media_type="text/css", data=css, stage=stage)
        for css, stage in ((b"p{color:#000}", "frontend"), (b"p{color:#bbb}", "qa"))
    ]
    run = run_of(page(linked), page(linked, stage="qa"), *styles)
    (finding,) = judge(run).findings
    assert finding.introduced_by == "qa"
