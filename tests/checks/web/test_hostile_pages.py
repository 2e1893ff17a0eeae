"""Pages that attack the browser or the machine come to nothing, and quickly."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from agentflow_checks.web import cdp, server, tab, visits
from agentflow_checks.web.page import Page, Visit

HEALTHY = b"<!doctype html><html lang=en><title>t</title><main><h1>h</h1><img src=x>"


@pytest.fixture(scope="module")
def trap() -> Iterator[tuple[int, list[str]]]:
    """A listener on loopback that must see no request."""
    seen: list[str] = []

    class Trap(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)

        def log_message(self, *args: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trap) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        yield listener.server_port, seen
        listener.shutdown()
        thread.join()


def html_of(case: dict[str, Any], prefix: str, port: int) -> bytes:
    """Write out a page of the list."""
    html = case.get("html", "")
    if "repeat" in case:
        repeat = case["repeat"]
        middle = repeat["unit"] * repeat["times"]
        html = repeat["open"] + middle + repeat.get("close", "")
    return f"{prefix}{html}".replace("{port}", str(port)).encode()


def chunks(head: bytes, chunk: bytes, pause: float) -> Iterator[bytes]:
    """Send a beginning, then go on for longer than any budget."""
    yield head
    for _ in range(int(6 / pause) + 1):
        time.sleep(pause)
        yield chunk


def budget_of(name: str, case: dict[str, Any]) -> float:
    """Give little time to what uses all it gets, and enough to what is judged."""
    if case["expect"].startswith("error"):
        return 1.0
    return 3.0 if name in ("mem", "never-loads", "never-ends") else 15.0


def visit_case(name: str, html: bytes, budget: float) -> Visit:
    """Visit a page of the list as its entry says it is served."""
    if name == "never-loads":
        slow = {"slow": lambda: chunks(b"", b"", 6.0)}
        return visits.visit(html, files=slow, budget=budget)
    if name == "never-ends":
        site = server.Site(files={"index.html": lambda: chunks(html, b"<p>x</p>", 0.1)})
        page = Page(html=html)
        return visits._judge(page, site, frozenset({"image-alt"}), budget)
    return visits.visit(html, budget=budget)


def outcome(found: Visit) -> str:
    """Say what came of a page in the list's words."""
    if found.error:
        return "error"
    if found.navigated_to:
        return "finding: page navigates away"
    return "judged" if found.settled else "judged, flagged"


def test_every_hostile_page_comes_to_what_is_wanted(
    hostile: dict[str, Any], trap: tuple[int, list[str]]
) -> None:
    """Each page ends as the list says, and the page after it is judged rightly."""
    port, seen = trap
    wrong = []
    for number, (name, case) in enumerate(hostile["pages"].items()):
        if "url" in case:
            continue
        html = html_of(case, hostile["prefix"], port)
        found = visit_case(name, html, budget_of(name, case))
        wanted = case["expect"].partition(":")[0].split(" or ")
        # How far a page that eats all memory gets is the machine's affair.
        if name != "mem" and not any(outcome(found).startswith(one) for one in wanted):
            wrong.append((name, case["expect"], outcome(found), found.error))
        health = visits.visit(HEALTHY + str(number).encode())
        if health.axe is None or not any(
            rule["id"] == "image-alt" for rule in health.axe["violations"]
        ):
            wrong.append((name, "the next page is judged", health.error, ""))
    assert wrong == []
    assert seen == []


def test_a_page_cannot_fake_or_break_the_rules() -> None:
    """Broken builtins and a frozen axe of the page's own change nothing."""
    found = visits.visit(
        b"<!doctype html><html lang=en><title>t</title><script>"
        b"Array.prototype.map=()=>{throw 1};JSON.stringify=()=>'{}';Promise=null;"
        b"document.getElementsByTagName=()=>[];"
        b"Object.defineProperty(window,'axe',{value:1,writable:false})</script>"
        b"<form name=querySelectorAll></form><img src=x.png>"
    )
    assert found.axe is not None
    assert "image-alt" in {rule["id"] for rule in found.axe["violations"]}


def test_pages_share_no_storage() -> None:
    """What one page stores another does not find."""
    page = (
        b"<!doctype html><html lang=en><title>-</title><script>"
        b"document.title=(localStorage.k||'none')+document.cookie+window.name;"
        b"localStorage.k='dirty';document.cookie='c=dirty;domain=page.test';"
        b"window.name='dirty'</script><p>%d"
    )
    for number in range(2):
        assert "<title>none</title>" in visits.visit(page % number).dom


def test_dialogs_and_windows_are_recorded_and_never_open() -> None:
    """What a page tries to open is listed, at most twenty times a document."""
    found = visits.visit(
        b"<!doctype html><html lang=en><title>t</title><script>alert('a');"
        b"window.open('about:blank');for(let i=0;i<50;i++)confirm(i)</script><p>x"
    )
    assert found.dialogs[:2] == ("alert: a", "open: about:blank")
    assert len(found.dialogs) == 20


def test_a_crashed_tab_is_an_error_and_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page that crashed its tab is an error; the next one has a fresh tab."""
    before = tab.evaluate

    def crash(current: tab.Tab, expression: str, *, by: float) -> object:
        monkeypatch.setattr(tab, "evaluate", before)
        cdp.post(current.connection, "Page.crash", session=current.session)
        return before(current, expression, by=by)

    visits.axe_rules()
    monkeypatch.setattr(tab, "evaluate", crash)
    lost = visits.visit(HEALTHY + b"crash", rules=["image-alt"])
    assert lost.error == "the page crashed its browser tab"
    begin = time.monotonic()
    assert visits.visit(HEALTHY + b"then").error is None
    assert time.monotonic() - begin < 3
