"""Visits: facts of a page, kept, and renewed when its files change."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from agentflow_checks.web import browser, processes, snapshot, tab, visits, warm
from agentflow_checks.web.page import Visit
from hypothesis import given
from hypothesis import strategies as st

HEAD = '<!doctype html><html lang="en"><title>t</title>'


def visit(html: str, **more: object) -> Visit:
    """Visit a page that must be judged."""
    found = visits.visit(html.encode(), **more)  # type: ignore[arg-type]
    assert found.error is None
    return found


def rules_of(found: Visit, kind: str = "violations") -> set[str]:
    """Give the ids of the rules that axe-core lists under one kind."""
    assert found.axe is not None
    return {rule["id"] for rule in found.axe[kind]}


def test_one_visit_gives_all_facts() -> None:
    """Rules, styles, boxes, backgrounds, overflow and document come from one load."""
    found = visit(
        HEAD + "<main style='background:#336699'><h1 style='color:#fff;margin:0'>Hi"
        "</h1><img src=x.png><div style='width:900px'>wide</div></main>"
    )
    assert "image-alt" in rules_of(found)
    heading = next(e for e in found.elements if e.tag == "h1")
    assert heading.styles["color"] == "rgb(255, 255, 255)"
    assert heading.background == "rgb(51, 102, 153)"
    assert heading.text == "Hi"
    assert found.elements[heading.parent or 0].tag == "main"
    assert {o.width: o.pixels > 1 for o in found.overflow} == {
        320: True,
        768: True,
        1280: False,
    }
    assert found.overflow[0].culprits == ("html > body > main > div",)
    assert found.dom.startswith("<!DOCTYPE html><html")
    assert [(a.kind, a.reason, a.blocked) for a in found.assets] == [
        ("image", "404", False)
    ]


def test_a_page_is_visited_once_per_process() -> None:
    """The same bytes, files and rules give the very same visit."""
    html = HEAD + "<p>once"
    assert visit(html) is visit(html)
    assert visit(html, rules=()) is visit(html)


def test_more_rules_than_kept_are_another_visit() -> None:
    """Rules that the kept visit did not run are run, and kept with the others."""
    html = HEAD + "<main><h1>x</h1><p>text</p></main>"
    few = visit(html, rules=["document-title"])
    more = visit(html, rules=["html-has-lang"])
    assert rules_of(few, "passes") == {"document-title"}
    assert rules_of(more, "passes") == {"document-title", "html-has-lang"}


def test_a_changed_file_below_the_root_is_seen(tmp_path: Path) -> None:
    """A kept visit is thrown away when a file it was served changes."""
    html = HEAD + "<link rel=stylesheet href=s.css><p>x"
    (tmp_path / "s.css").write_text("p { color: rgb(1, 2, 3) }")
    first = visit(html, root=tmp_path)
    (tmp_path / "s.css").write_text("p { color: rgb(10, 20, 30) }")
    second = visit(html, root=tmp_path)
    colours = [
        next(e for e in found.elements if e.tag == "p").styles["color"]
        for found in (first, second)
    ]
    assert colours == ["rgb(1, 2, 3)", "rgb(10, 20, 30)"]


def test_files_of_the_site_are_found_from_a_page_in_a_folder() -> None:
    """Relative and absolute addresses both resolve against the site."""
    found = visit(
        HEAD + "<link rel=stylesheet href=../s.css><img alt=a src=/i/a.svg><p>x",
        name="de/index.html",
        files={
            "s.css": b"p { color: rgb(1, 2, 3) }",
            "i/a.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        },
    )
    assert found.assets == ()
    assert found.elements[-1].styles["color"] == "rgb(1, 2, 3)"


def test_the_log_tells_what_the_page_did_wrong(planted: bytes) -> None:
    """Script errors, console errors and missing files of the planted page are there."""
    found = visits.visit(planted)
    kinds = [(entry.kind, entry.line) for entry in found.log]
    assert kinds == [
        ("exception", 4),
        ("exception", 4),
        ("console.error", 4),
        ("console.warn", 4),
        ("exception", 4),
    ]
    assert sorted(a.url.rpartition("/")[2] for a in found.assets) == [
        "missing.css",
        "missing.js",
        "missing.png",
    ]


def test_selectors_find_their_element_and_no_other() -> None:
    """Each element's selector matches exactly one element of the live document."""
    found = visit(
        HEAD + "<body><p>a<p>b<p id=x>c<p id=x>d<div id='1st'><i>e</i><i>f</i></div>"
        "<svg><linearGradient id='g:1'/><text>g</text><text>h</text></svg>"
        "<ul><li class='a b'>i<li>j</ul>"
    )
    selectors = [e.selector for e in found.elements if "::" not in e.selector]
    assert len(selectors) > 10
    question = f"""JSON.stringify({json.dumps(selectors)}.map(
        (s) => document.querySelectorAll(s).length))"""
    answer = tab.evaluate(warm.tab(), question, by=time.monotonic() + 5)
    assert set(json.loads(answer)) == {1}


def test_generated_boxes_are_elements_too() -> None:
    """A ::before box is listed below its element, with its own styles."""
    found = visit(
        HEAD + "<style>p::before{content:'>';color:rgb(9,8,7)}</style><p id=p>x"
    )
    before = next(e for e in found.elements if e.tag == "::before")
    assert before.selector == "#p::before"
    assert before.styles["color"] == "rgb(9, 8, 7)"


def test_the_background_of_text_on_a_gradient_is_unknown() -> None:
    """Where the browser cannot tell the colour behind a text, nothing is claimed."""
    found = visit(
        HEAD + "<div style='background:linear-gradient(red,blue)'><p id=p>x</p>"
        "<p id=q style='background:#fff'>x</p></div>"
        "<i style='position:absolute;top:300px;background:url(a.png)'>long text</i>"
        "<b id=r style='position:absolute;top:300px'>x</b><p id=s>x"
    )
    backgrounds = {e.selector: e.background for e in found.elements}
    white = "rgb(255, 255, 255)"
    assert [backgrounds[f"#{name}"] for name in "pqrs"] == [None, white, None, white]


def test_closed_shadow_roots_are_counted() -> None:
    """Elements that no script can reach are counted, not passed over."""
    found = visit(
        HEAD + "<div id=d></div><script>d.attachShadow({mode:'closed'}).innerHTML="
        "'<p><b>x</b></p>'</script>"
    )
    assert found.hidden_roots == 2


def test_a_frame_is_examined_with_its_page() -> None:
    """axe-core gets into frames."""
    found = visit(
        HEAD + "<iframe title=f srcdoc='<html lang=en><title>i</title><img src=x>'>"
    )
    assert found.axe is not None
    images = [r for r in found.axe["violations"] if r["id"] == "image-alt"]
    assert [n["target"] for n in images[0]["nodes"]] == [["iframe", "img"]]


def test_a_picture_shows_the_page_that_was_asked_for() -> None:
    """A screenshot of an earlier page is of that page, though others came since."""
    red = visit(HEAD + "<body style='background:#f00;height:300px'>")
    visit(HEAD + "<body style='background:#00f'>")
    png = visits.screenshot(red, snapshot.af.Box(10, 10, 4, 3))
    image = pytest.importorskip("PIL.Image")
    import io

    picture = image.open(io.BytesIO(png)).convert("RGB")
    assert picture.size == (4, 3)
    assert picture.getpixel((1, 1)) == (255, 0, 0)


def test_styles_are_put_to_the_browser() -> None:
    """Declarations, rules and descriptors are judged by the browser itself."""
    assert visits.accepts(
        [
            {"property": "field-sizing", "value": "content"},
            {"property": "colr", "value": "red"},
            {"rule": "@starting-style{p{opacity:0}}"},
            {"rule": "@nonsense{p{opacity:0}}"},
            {"rule": "@font-face{font-display:swap}", "contains": "font-display"},
        ]
    ) == (True, False, True, False, True)


LATER = """<main><h1>Hotels</h1></main><script>
addEventListener("load", () => setTimeout(() => {
  document.querySelector("main").innerHTML += "<p>sea view<img src=x>";
}, DELAY));
</script>"""


@pytest.mark.parametrize("delay", [0, 20, 50])
def test_what_comes_right_after_loading_is_judged(delay: int) -> None:
    """Content that a script adds soon after the load event is in all the facts."""
    found = visit(HEAD + LATER.replace("DELAY", str(delay)))
    assert "sea view" in found.dom
    assert "sea view" in [element.text for element in found.elements]
    assert "image-alt" in rules_of(found)


def test_what_comes_long_after_loading_is_not_waited_for() -> None:
    """A page is judged as it has settled; a visit does not wait for what may come."""
    found = visit(HEAD + LATER.replace("DELAY", "60000"))
    assert "sea view" not in found.dom.partition("<script>")[0]


def test_a_page_that_changes_without_an_end_is_judged_as_it_stands() -> None:
    """It is read twice, not for ever."""
    ticking = "<main><h1>Time</h1><p id=p>0</p></main><script>"
    ticking += "setInterval(() => { p.textContent = Number(p.textContent) + 1 }, 5)"
    found = visit(f"{HEAD}{ticking}</script>", budget=60)
    assert rules_of(found, "passes") >= {"document-title"}


def test_a_browser_that_died_between_visits_is_replaced() -> None:
    """No page is blamed for what came before it: a new browser judges it."""
    visit(HEAD + "<p>before")
    before = browser.running().root.pid
    processes.end(before)
    found = visit(HEAD + "<p>after")
    assert "after" in [element.text for element in found.elements]
    assert browser.running().root.pid != before


def test_a_page_that_ends_the_browser_is_an_error_and_the_next_one_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The browser dies in the middle of a visit: another is ready for the next."""
    before = tab.evaluate

    def killed(current: tab.Tab, expression: str, *, by: float) -> object:
        monkeypatch.setattr(tab, "evaluate", before)
        processes.end(browser.running().root.pid)
        return before(current, expression, by=by)

    visit(HEAD + "<p>first")
    monkeypatch.setattr(tab, "evaluate", killed)
    lost = visits.visit((HEAD + "<p>during").encode())
    assert lost.error == "the page ended the browser"
    visit(HEAD + "<p>next")


def test_a_spare_tab_changes_nothing_about_the_one_in_use() -> None:
    """The tab in use stays in front: it is drawn, and a picture of it is quick."""
    for number in range(3):
        shown = visit(f"{HEAD}<p>{number}")
        question = "document.visibilityState"
        by = time.monotonic() + 5
        assert tab.evaluate(warm.tab(), question, by=by) == "visible"
        begin = time.monotonic()
        assert visits.screenshot(shown).startswith(b"\x89PNG")
        assert time.monotonic() - begin < 3


@given(st.text(min_size=1, max_size=12).filter(lambda t: "\0" not in t))
def test_an_escaped_identifier_selects_its_element(identifier: str) -> None:
    """What is escaped reads back as the identifier, by a CSS parser not ours."""
    import tinycss2

    source = "".join("\\d " if c == "\r" else c for c in snapshot.escape(identifier))
    tokens = tinycss2.parse_component_value_list(source)
    if any(c in identifier for c in "\r\f\ud800") or identifier != identifier.strip():
        return
    assert [(t.type, t.value) for t in tokens] == [("ident", identifier)]
