"""A page is judged in the states that people bring it into."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from agentflow_checks import accessibility
from agentflow_checks.a11y import states
from agentflow_checks.web import tab, visits

import pytest_agentflow as af

HEAD = '<!doctype html><html lang="en"><title>States</title>'
MENU = """
<style>#menu { color: #999; background: #fff }</style>
<main><h1>Hotels</h1>
<button type="button" aria-expanded="false" onclick="
  const menu = document.querySelector('#menu');
  menu.hidden = !menu.hidden;
  this.setAttribute('aria-expanded', String(!menu.hidden))">Menu</button>
<p id="menu" hidden>Rooms with a view</p></main>
"""
DARK = """
<style>p { color: #555 }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }</style>
<main><h1>Hotels</h1><p>Rooms with a view</p></main>
"""
POINTED = """
<style>a { color: #00e } a:hover { color: #ddd; background: #fff }</style>
<main><h1>Hotels</h1><p><a href="#rooms">Rooms</a></p><p id="rooms">View</p></main>
"""
NARROW = """
<style>@media (max-width: 400px) { p { color: #999; background: #fff } }</style>
<main><h1>Hotels</h1><p>Rooms with a view</p></main>
"""


def judged(body: str, wanted: Iterable[str] | None = None) -> af.Evaluation:
    """Judge one page, by contrast alone."""
    data = (HEAD + body).encode()
    page = af.Artefact(name="index.html", media_type="text/html", data=data, stage=None)
    run = af.Run(workflow="site", case="hotel", artefacts=(page,))
    given = {} if wanted is None else {"states": list(wanted)}
    return af.evaluate(run, accessibility("AA", rules=["color-contrast"], **given))


def told(evaluation: af.Evaluation) -> list[tuple[str | None, str | None]]:
    """Give state and selector of what failed."""
    return [
        (finding.place.state, finding.place.selector)
        for result in evaluation.results
        for finding in result.findings
        if finding.verdict is af.Verdict.FAILED
    ]


def test_what_a_control_opens_is_judged() -> None:
    """Text of poor contrast in a closed menu is found, and the state is named."""
    assert told(judged(MENU)) == [("with 'Menu' opened", "#menu")]


def test_the_dark_scheme_is_judged() -> None:
    """Colours that were chosen for a white page fail on a dark one."""
    assert told(judged(DARK)) == [("in the dark scheme", "p")]


def test_controls_are_judged_with_the_pointer_on_them() -> None:
    """A colour that only shows on hover is read, too."""
    assert told(judged(POINTED)) == [("when pointed at", "a")]


def test_a_colour_of_the_focus_alone_is_judged() -> None:
    """Styles that a sheet imports, or that name the focus only, are read."""
    body = POINTED.replace("a:hover", "@media all { a:focus-visible").replace(
        "#fff }", "#fff } }"
    )
    assert told(judged(body)) == [("with the focus", "a")]


def test_the_dark_scheme_of_a_script_is_judged() -> None:
    """A page that asks for the scheme by script may look otherwise, too."""
    body = """<main><h1>Hotels</h1><p>Rooms</p></main><script>
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const paint = () => { if (dark.matches) document.body.style = "background: #333" };
    dark.addEventListener("change", paint);
    </script>"""
    found = told(judged(body))
    assert ("in the dark scheme", "p") in found


DETAILS = """<main><h1>Hotels</h1>
<details><summary>Rooms</summary><p style="color: #999">View</p></details>
<details><summary>Meals</summary><p style="color: #999">Breakfast</p></details>
<details><summary>Prices</summary><p style="color: #111">Low</p></details></main>"""


@pytest.mark.parametrize(("script", "loads"), [("", 1), ("<script>;</script>", 3)])
def test_what_a_browser_opens_itself_is_closed_again_without_a_load(
    script: str, loads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script may remember what was opened: only a page without any is used on."""
    seen: list[str] = []
    before = tab.load

    def load(current: tab.Tab, url: str, *, by: float) -> None:
        seen.append(url)
        before(current, url, by=by)

    monkeypatch.setattr(tab, "load", load)
    states = [state for state, _ in told(judged(DETAILS + script, ["opened"]))]
    assert states == ["with 'Rooms' opened", "with 'Meals' opened"]
    assert len(seen) == loads


def test_a_narrow_window_is_judged() -> None:
    """A colour of narrow windows alone is found there."""
    assert told(judged(NARROW)) == [("in a window of 320 px", "p")]


def test_without_states_the_first_look_alone_is_judged() -> None:
    """Whoever asks for no state gets the page as it loads."""
    assert told(judged(MENU, [])) == []
    assert told(judged(DARK, ["opened", "narrow"])) == []


def test_what_the_first_look_shows_is_told_once() -> None:
    """A fault of the page itself is not repeated for each state."""
    body = NARROW + '<p id="faint" style="color: #999; background: #fff">Sea</p>'
    assert told(judged(body, ["narrow"])) == [
        (None, "#faint"),
        ("in a window of 320 px", "main > p"),
    ]


ROOMS = "".join(f"<p><button>Room {number}</button></p>" for number in range(12))
BUSY = f"""
<script>addEventListener("focus", () => {{
  const end = performance.now() + 700;
  while (performance.now() < end);
}}, true)</script>
<main><h1>Hotels</h1>{ROOMS}</main>
"""


def test_a_page_has_one_budget_and_what_it_lacks_is_asked_once() -> None:
    """Visit, rules and states share the seconds; one question names what was left."""
    data = (HEAD + BUSY).encode()
    page = af.Artefact(name="index.html", media_type="text/html", data=data)
    run = af.Run(workflow="site", case="busy", artefacts=(page,))
    (result,) = af.evaluate(run, accessibility("AA", budget=6)).results
    visited = visits.visit(data, budget=6)
    taken = sum(visited.timings.values()) + sum(visits.probed_ms(visited).values())
    assert taken < 7000
    (asked,) = [f for f in result.findings if f.rule == "a11y.own-rules-examined"]
    assert asked.verdict is af.Verdict.UNDETERMINED
    assert "the page's 6 s were spent, and" in asked.message
    assert "focus-changes-nothing" in asked.message
    # A rule that was not examined is not listed: it neither holds nor does not apply.
    assert "a11y.focus-changes-nothing" not in {rule.rule for rule in result.rules}
    (left,) = [f for f in result.findings if f.rule == "a11y.states-examined"]
    assert left.verdict is af.Verdict.UNDETERMINED
    assert "in the dark scheme" in left.message
    assert not af.evaluate(run, accessibility("AA", budget=6).strict()).ok


def test_more_links_than_are_pointed_at_are_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What lies beyond the cap is no pass."""
    monkeypatch.setattr(states, "MOST_POINTED", 1)
    links = "".join(f'<p><a href="#a">Room {n}</a></p>' for n in range(3))
    style = "<style>a { color: #00e } p:last-child a:hover { color: #ddd }</style>"
    result = judged(f'{style}<main id="a"><h1>Hotels</h1>{links}</main>', ["pointed"])
    (asked,) = result.results[0].findings
    assert asked.verdict is af.Verdict.UNDETERMINED
    assert asked.message.startswith("not examined: 2 more controls were not tried")


def test_a_rule_that_was_not_examined_does_not_pass() -> None:
    """Where nothing else was asked for, the check itself is undetermined."""
    data = (HEAD + BUSY).encode()
    page = af.Artefact(name="index.html", media_type="text/html", data=data)
    run = af.Run(workflow="site", case="busy", artefacts=(page,))
    check = accessibility("AA", rules=["input-changes-nothing"], budget=0.001)
    visits.visit(data, budget=60)
    (result,) = af.evaluate(run, check).results
    assert result.verdict is af.Verdict.UNDETERMINED
    told = {finding.rule: finding.message for finding in result.findings}
    assert set(told) == {"a11y.own-rules-examined", "a11y.states-examined"}
    assert told["a11y.own-rules-examined"].endswith(
        "1 rule was not examined: input-changes-nothing"
    )
