"""What probes leave behind, and how often a page is loaded for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agentflow_checks.web import probing, tab, visits
from agentflow_checks.web.probing import Bench, Probe

PAGE = (
    b"<!doctype html><html lang=en><title>t</title><main><h1>h</h1>"
    b"<button>One</button><input aria-label=two></main>%b"
)
BEND = b"<script>onresize=()=>document.body.append('bent')</script>"


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that is loaded while a test runs."""
    seen: list[str] = []
    before = tab.load

    def load(current: tab.Tab, url: str, *, by: float) -> None:
        seen.append(url)
        before(current, url, by=by)

    monkeypatch.setattr(tab, "load", load)
    return seen


def after(
    act: Callable[[Bench], Any], loads: list[str], more: bytes = b"", **said: bool
) -> tuple[Any, int]:
    """Do one thing to a page, then look at it: its width and text, and the loads."""
    visited = visits.visit(PAGE % more, budget=60)
    probes = [
        Probe(name=f"act-{len(loads)}-{act.__name__}", run=act, **said),
        Probe(name=f"look-{len(loads)}-{act.__name__}", run=looked, **said),
    ]
    done = len(loads)
    found = visits.probe(visited, probes, budget=60)
    return found[probes[1].name], len(loads) - done


def looked(bench: Bench) -> Any:
    """Give what can be seen of the page."""
    return probing.ask(
        bench,
        "[innerWidth, document.adoptedStyleSheets.length, document.body.innerText"
        ".includes('bent'), matchMedia('(prefers-color-scheme: dark)').matches]",
    )


def bend(bench: Bench) -> None:
    """Change size, media and style sheets."""
    probing.resize(bench, 320)
    probing.media(bench, prefers_color_scheme="dark")
    probing.ask(bench, "document.adoptedStyleSheets = [new CSSStyleSheet()]; null")
    # The page hears of its size with the next frame.
    probing.ask(bench, "new Promise((done) => requestAnimationFrame(done))")


def press(bench: Bench) -> None:
    """Use a key."""
    probing.press(bench, "Tab")


def write(bench: Bench) -> None:
    """Change a field, which the document does not show."""
    probing.ask(bench, "document.querySelector('input').value = 'x'; null")


UNTOUCHED = [1280, 0, False, False]


def test_what_passes_needs_no_other_load(loads: list[str]) -> None:
    """Size, media and sheets are put back, and the page that is there is used on."""
    assert after(bend, loads, passing=True) == (UNTOUCHED, 0)


def test_a_page_that_keeps_a_trace_is_loaded_anew(loads: list[str]) -> None:
    """A script that changed the document when the size changed is found out."""
    assert after(bend, loads, BEND, passing=True) == (UNTOUCHED, 1)


@pytest.mark.parametrize("act", [press, write])
def test_keys_and_fields_leave_a_trace(
    act: Callable[[Bench], Any], loads: list[str]
) -> None:
    """What keys did the page alone knows; what stands in fields is compared."""
    assert after(act, loads, b"<!-- again -->", passing=True) == (UNTOUCHED, 1)


def test_what_acts_is_followed_by_a_load(loads: list[str]) -> None:
    """Without the promise that it passes, the page is another one afterwards."""
    assert after(bend, loads, b"<!-- acts -->")[1] == 1


def test_what_leaves_the_page_alone_comes_first() -> None:
    """One load serves all that look; those that act come last, in their order."""
    made = [
        Probe(name=name, run=looked, acts=acts, passing=passing)
        for name, acts, passing in (
            ("keys", True, False),
            ("size", True, True),
            ("look", False, False),
            ("more keys", True, False),
        )
    ]
    found = [one.name for one in probing.in_order(made)]
    assert found == ["look", "size", "keys", "more keys"]


def late(name: str) -> Probe:
    """Make a probe that waits a second."""
    return Probe(name=name, run=lambda bench: probing.pause(bench, 1), acts=False)


def test_one_budget_covers_the_probes_of_all_calls() -> None:
    """What earlier calls took is not there for later ones; more time is asked anew."""
    visited = visits.visit(PAGE % b"<!-- budget -->", budget=60)
    begun = sum(visited.timings.values()) / 1000
    for name in ("one", "two", "three"):
        found = visits.probe(visited, [late(name)], budget=begun + 2.5)
    assert [found["one"], found["two"]] == [None, None]
    spent = f"the page's {begun + 2.5:g} s were spent"
    assert found["three"] == probing.Unknown(spent)
    took = visits.probed_ms(visited)
    assert took["one"] >= 1000
    assert sum(took.values()) < 2600
    again = visits.probe(visited, [late("three")], budget=60)
    assert again["three"] is None
    assert visits.probed_ms(visited)["three"] >= 1000


def test_what_was_probed_outlives_a_visit_for_more_rules() -> None:
    """Another check that asks axe-core for more does not have the page used again."""
    html = PAGE % b"<!-- more -->"
    few = visits.visit(html, rules=["document-title"], budget=60)
    visits.probe(few, [late("four")], budget=60)
    more = visits.visit(html, rules=["html-has-lang"], budget=60)
    assert more is not few
    assert visits.probed_ms(more)["four"] >= 1000
