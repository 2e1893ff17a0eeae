"""One visit of a page serves all checks: load, axe-core, snapshot, widths, document."""

from __future__ import annotations

import base64
import collections
import contextlib
import dataclasses
import functools
import json
import os
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.web import browser, cdp, engines, server, snapshot, tab
from agentflow_checks.web.page import Body, Overflow, Page, Visit

WIDTHS = (1280, 768, 320)
"""Widths at which overflow is measured, the one that is there already first; 320 CSS px
is that of WCAG 2.2's 1.4.10 (Reflow)."""

MAX_ELEMENTS = 50_000
"""Beyond it axe-core alone needs more than ten seconds (5.6 s for 20,000, linear)."""

KEPT_VISITS = 256
"""Visits kept per process, the oldest given up first."""

LOAD_SHARE, SETTLE_SHARE, ANSWER_SHARE = 0.3, 0.15, 0.5
"""Parts of the budget: the longest wait for the load event, then the longest for fonts
and frames to come to rest, and the moment until which scripts must have let us in."""

GROWTH = 1.5
"""A page whose elements multiply so between start and end of a visit never rests."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AxeRule:
    """One rule of the installed axe-core."""

    id: str
    tags: tuple[str, ...]
    enabled: bool
    """Whether axe-core runs it unasked."""


class Unjudgeable(Exception):
    """Why a page could not be judged, as one sentence."""


@dataclasses.dataclass(slots=True)
class _State:
    """What this process keeps between visits."""

    owner: int = 0
    tab: tab.Tab | None = None
    shown: str = ""
    """Digest of the page that the tab shows, settled and unharmed; else empty."""
    rules: tuple[AxeRule, ...] = ()
    visits: collections.OrderedDict[str, _Kept] = dataclasses.field(
        default_factory=collections.OrderedDict
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    visit: Visit
    rules: frozenset[str]
    budget: float
    files: Mapping[Path, tuple[int, int] | None]


_lock = threading.RLock()
_state = _State()


def visit(
    html: bytes,
    *,
    files: Mapping[str, Body] | None = None,
    root: Path | None = None,
    name: str = "index.html",
    budget: float = 10.0,
    rules: Collection[str] | None = None,
) -> Visit:
    """Visit a page and return its facts; the same page is visited once per process.

    Args:
        html: the page's bytes.
        files: further files of its site by path: styles, pictures, other pages.
        root: folder that answers what `files` does not hold.
        name: the page's own path below the site's root.
        budget: seconds for the visit; a page that takes longer gets an `error`.
        rules: ids of the axe-core rules to run; None: those of `default_rules`, which
            all checks can share; empty: none.

    Raises:
        PartMissing: browser, driver or axe-core is not installed.
    """
    page = Page(html=html, name=name, files=dict(files or {}), root=root)
    with _lock:
        wanted = frozenset(default_rules() if rules is None else rules)
        kept = _state.visits.get(page.digest)
        if kept is not None and _still_holds(kept, wanted, budget):
            _state.visits.move_to_end(page.digest)
            return kept.visit
        kept = _visit(page, wanted | (kept.rules if kept else frozenset()), budget)
        _state.visits[page.digest] = kept
        while len(_state.visits) > KEPT_VISITS:
            _state.visits.popitem(last=False)
        return kept.visit


def screenshot(visited: Visit, clip: af.Box | None = None) -> bytes:
    """Take a PNG of a visited page, or of one rectangle of it, at the first viewport.

    Raises:
        Unjudgeable: the page no longer answers.
    """
    with _lock:
        try:
            _show(visited.page)
            return _capture(_current_tab(), clip)
        except (cdp.CallTimeout, cdp.ProtocolError, cdp.InterruptedCall) as error:
            _recover()
            raise Unjudgeable(f"no picture could be taken: {error}") from error


def axe_rules() -> tuple[AxeRule, ...]:
    """Return the rules of the installed axe-core."""
    with _lock:
        current = _current_tab()
        if not _state.rules:
            _state.rules = _read_rules(current)
        return _state.rules


def default_rules() -> frozenset[str]:
    """Give the rules of WCAG 2.2 A and AA and axe-core's best practices."""
    tags = {"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}
    return frozenset(
        rule.id
        for rule in axe_rules()
        if tags & {*rule.tags} and not {"deprecated", "experimental"} & {*rule.tags}
    )


def accepts(styles: Sequence[Mapping[str, str]]) -> tuple[bool, ...]:
    """Ask the browser whether it understands declarations and rules.

    Args:
        styles: ``{"property": P, "value": V}`` or ``{"rule": CSS}`` each.
    """
    if not styles:
        return ()
    with _lock:
        current = _blank()
        question = f"agentflow.accepts({json.dumps(list(styles))})"
        answer = tab.evaluate(current, question, by=time.monotonic() + 5)
        return tuple(json.loads(answer))


def stop() -> None:
    """Forget every visit and end the browser."""
    global _state
    with _lock:
        _state = _State()
        browser.stop()


def _still_holds(kept: _Kept, rules: frozenset[str], budget: float) -> bool:
    """Tell whether a kept visit answers what is asked, of files as they are now."""
    if kept.visit.error is not None and budget > kept.budget:
        return False
    unchanged = all(server.stamp(path) == was for path, was in kept.files.items())
    return unchanged and rules <= kept.rules


def _visit(page: Page, rules: frozenset[str], budget: float) -> _Kept:
    site = server.Site(files={**page.files, page.name: page.html}, root=page.root)
    try:
        visited = _judge(page, site, rules, budget)
    except Unjudgeable as reason:
        visited = Visit(page=page, error=str(reason))
    return _Kept(visit=visited, rules=rules, budget=budget, files=dict(site.served))


def _judge(page: Page, site: server.Site, rules: frozenset[str], budget: float) -> Visit:
    """Do the whole visit; whatever goes wrong leaves a fresh tab behind."""
    current = _current_tab()
    clock = _Clock(budget)
    try:
        with _serving(page, site) as url:
            return _facts(page, url, rules, current, clock)
    except cdp.CallTimeout as late:
        _recover()
        raise Unjudgeable(_too_slow(clock, budget)) from late
    except cdp.InterruptedCall as crash:
        _recover()
        raise Unjudgeable("the page crashed its browser tab") from crash
    except cdp.ConnectionLost as gone:
        stop_browser()
        raise Unjudgeable("the page ended the browser") from gone
    except (cdp.ProtocolError, Unjudgeable) as error:
        _recover()
        raise Unjudgeable(str(error)) from error


def _facts(
    page: Page, url: str, rules: frozenset[str], current: tab.Tab, clock: _Clock
) -> Visit:
    tab.load(current, url, by=clock.at(LOAD_SHARE))
    clock.note("load")
    _stays(current, url)
    rest = _settle(current, clock)
    clock.note("settle")
    _stays(current, url)
    _refuse_crowds(rest["elements"])
    axe = _ask(current, f"judge({json.dumps(sorted(rules))})", clock.end) if rules else None
    clock.note("axe")
    seen = tab.command(
        current, "DOMSnapshot.captureSnapshot", snapshot.REQUEST, by=clock.end
    )
    clock.note("snapshot")
    dom = tab.evaluate(current, "agentflow.dom()", by=clock.end)
    clock.note("dom")
    overflow = tuple(sorted(_overflow(current, clock.end), key=lambda o: o.width))
    clock.note("overflow")
    count = tab.evaluate(current, "agentflow.count()", by=clock.end)
    _refuse_growth(rest["elements"], count)
    _stays(current, url)
    _state.shown = page.digest
    laid_out = snapshot.elements(seen)
    hidden = snapshot.hidden_roots(seen)
    clock.note("elements")
    return Visit(
        page=page,
        axe=axe,
        elements=laid_out,
        hidden_roots=hidden,
        overflow=overflow,
        log=tuple(current.log),
        assets=tuple(current.assets.values()),
        navigated_to=tuple(current.navigated_to),
        dialogs=tuple(current.dialogs),
        dom=dom,
        settled=rest["settled"] and rest["ready"] == "complete",
        timings=clock.steps,
    )


@dataclasses.dataclass(slots=True)
class _Clock:
    """The budget of one visit, and where it went."""

    budget: float
    begin: float = dataclasses.field(default_factory=time.monotonic)
    last: float = 0.0
    steps: dict[str, float] = dataclasses.field(default_factory=dict)

    def at(self, share: float) -> float:
        """The moment when that share of the budget is spent."""
        return self.begin + share * self.budget

    @property
    def end(self) -> float:
        """The moment when the budget is spent."""
        return self.at(1.0)

    def note(self, step: str) -> None:
        """Close a step: it took the milliseconds since the one before."""
        now = time.monotonic()
        self.steps[step] = (now - (self.last or self.begin)) * 1000
        self.last = now


def _settle(current: tab.Tab, clock: _Clock) -> Any:
    limit = SETTLE_SHARE * clock.budget * 1000
    return _ask(current, f"settle({limit})", clock.at(ANSWER_SHARE))


def _ask(current: tab.Tab, question: str, by: float) -> Any:
    return json.loads(tab.evaluate(current, f"agentflow.{question}", by=by))


def _stays(current: tab.Tab, url: str) -> None:
    if current.moved:
        raise Unjudgeable("the page put another document in its own place")
    if url in current.navigated_to:
        raise Unjudgeable("the page reloads itself as soon as it is open")


def _refuse_crowds(count: int) -> None:
    if count > MAX_ELEMENTS:
        raise Unjudgeable(
            f"the page has {count:,} elements; more than {MAX_ELEMENTS:,} are not judged"
        )


def _refuse_growth(before: int, after: int) -> None:
    if after > max(1000, GROWTH * before):
        raise Unjudgeable(
            f"the page never stops growing: {before:,} elements, then {after:,}"
        )


def _too_slow(clock: _Clock, budget: float) -> str:
    done = list(clock.steps)
    spent = time.monotonic() - clock.begin
    if "settle" not in done:
        return (
            f"the page did not answer within {spent:.1f} s: a script of it never ends, "
            "or it is too large"
        )
    step = ("axe", "snapshot", "dom", "overflow")[min(len(done) - 2, 3)]
    return f"the page was not judged in {budget:g} s: {step} did not come to its end"


def _overflow(current: tab.Tab, by: float) -> Iterator[Overflow]:
    """Measure each width and leave the tab as it was."""
    try:
        for width in WIDTHS:
            if width != browser.VIEWPORT[0]:
                _resize(current, width, by)
            found = _ask(current, "overflow()", by)
            yield Overflow(
                width=width,
                pixels=max(0, found["pixels"]),
                culprits=tuple(found["culprits"]),
            )
    finally:
        _resize(current, browser.VIEWPORT[0], by)


def _resize(current: tab.Tab, width: int, by: float) -> None:
    metrics = {
        "width": width,
        "height": browser.VIEWPORT[1],
        "deviceScaleFactor": 1,
        "mobile": False,
    }
    tab.command(current, "Emulation.setDeviceMetricsOverride", metrics, by=by)


@contextlib.contextmanager
def _serving(page: Page, site: server.Site) -> Iterator[str]:
    """Serve a page's site on a host of its own for the time of the visit."""
    sites = browser.running().pages.sites
    label = f"p{page.digest[:12]}"
    sites[label] = site
    yield server.address(label, page.name)
    # The site stays until the next page comes: a picture may be asked for.
    for other in [known for known in sites if known != label]:
        del sites[other]


def _show(page: Page) -> None:
    """Have the tab show a page that was visited before."""
    current = _current_tab()
    if _state.shown == page.digest:
        return
    site = server.Site(files={**page.files, page.name: page.html}, root=page.root)
    clock = _Clock(10.0)
    _state.shown = ""
    with _serving(page, site) as url:
        tab.load(current, url, by=clock.at(LOAD_SHARE))
        _settle(current, clock)
    _state.shown = page.digest


def _capture(current: tab.Tab, clip: af.Box | None) -> bytes:
    by = time.monotonic() + 10
    request: dict[str, Any] = {"format": "png", "captureBeyondViewport": True}
    if clip is None:
        size = tab.command(current, "Page.getLayoutMetrics", by=by)["cssContentSize"]
        clip = af.Box(0, 0, size["width"], min(size["height"], 16_000))
    request["clip"] = {**clip._asdict(), "scale": 1}
    answer = tab.command(current, "Page.captureScreenshot", request, by=by)
    return base64.b64decode(answer["data"])


def _blank() -> tab.Tab:
    """Return a tab with no page in it, whose isolated world is ready."""
    current = _current_tab()
    if current.context is None or _state.shown:
        _state.shown = ""
        with _serving(_EMPTY, server.Site(files={_EMPTY.name: _EMPTY.html})) as url:
            tab.load(current, url, by=time.monotonic() + 5)
    return current


_EMPTY = Page(html=b"<!doctype html><title>-</title>", name="empty.html")


def _read_rules(current: tab.Tab) -> tuple[AxeRule, ...]:
    del current
    found = _ask(_blank(), "rules()", time.monotonic() + 5)
    return tuple(
        AxeRule(id=rule["id"], tags=tuple(rule["tags"]), enabled=rule["enabled"])
        for rule in found
    )


def _current_tab() -> tab.Tab:
    """Return the tab of this process's browser, opened on the first call."""
    global _state
    if _state.owner != os.getpid():
        _state = _State(owner=os.getpid())
    running = browser.running()
    if _state.tab is None or _state.tab.connection is not running.connection:
        axe = engines.axe_path().read_text(encoding="utf-8")
        _state.tab = tab.open_tab(running.connection, axe=axe, seconds=15)
        _state.shown = ""
        _resize(_state.tab, browser.VIEWPORT[0], time.monotonic() + 5)
    return _state.tab


def _recover() -> None:
    """Give up the tab: the next visit opens a fresh one."""
    old, _state.tab, _state.shown = _state.tab, None, ""
    if old is not None:
        tab.abandon(old)


def stop_browser() -> None:
    """End a browser that no longer answers; the next visit starts another."""
    _state.tab, _state.shown = None, ""
    browser.stop()
