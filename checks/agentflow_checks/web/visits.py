"""One visit of a page serves all checks: load, axe-core, snapshot, widths, document."""

from __future__ import annotations

import base64
import collections
import contextlib
import dataclasses
import json
import os
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.web import browser, cdp, engines, server, tab, used, validator
from agentflow_checks.web.examine import (
    LOAD_SHARE,
    Clock,
    Unjudgeable,
    ask,
    examine,
    resize,
    settle,
    too_slow,
)
from agentflow_checks.web.missing import PartMissing
from agentflow_checks.web.page import Body, Page, Visit
from agentflow_checks.web.probing import Bench, Probe, Unknown, put_back

KEPT_VISITS, KEPT_PICTURES = 256, 32
"""How many are kept per process, the oldest given up first."""

TROUBLE = (cdp.CallTimeout, cdp.ProtocolError, cdp.InterruptedCall)
"""What a page can do to a tab; the tab is then given up."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AxeRule:
    """One rule of the installed axe-core."""

    id: str
    tags: tuple[str, ...]
    enabled: bool
    """Whether axe-core runs it unasked."""


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
    pictures: collections.OrderedDict[tuple[str, af.Box | None], bytes] = (
        dataclasses.field(default_factory=collections.OrderedDict)
    )
    accepted: dict[str, bool] = dataclasses.field(default_factory=dict)
    """Styles, as JSON, and whether the browser understands them."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    visit: Visit
    rules: frozenset[str]
    budget: float
    files: Mapping[Path, tuple[int, int] | None]
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What probes found, by their names."""


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
    key = (visited.page.digest, clip)
    with _lock:
        if key not in _state.pictures:
            try:
                _show(visited.page)
                _state.pictures[key] = _capture(_current_tab(), clip)
            except TROUBLE as error:
                _recover()
                raise Unjudgeable(f"no picture could be taken: {error}") from error
        while len(_state.pictures) > KEPT_PICTURES:
            _state.pictures.popitem(last=False)
        return _state.pictures[key]


def probe(
    visited: Visit, probes: Iterable[Probe], *, budget: float = 10.0
) -> dict[str, Any]:
    """Use a visited page as people do, and give what each probe found, by its name.

    What a probe found is kept as long as the visit. One that did not come to its end
    gives `Unknown`: what rests on it is undetermined.

    Args:
        visited: a visit without `error`.
        probes: what to do.
        budget: seconds for the page, those of its visit included.
    """
    with _lock:
        kept = _state.visits.get(visited.page.digest)
        known = kept.facts if kept is not None and kept.visit is visited else {}
        clock = Clock(budget - sum(visited.timings.values()) / 1000)
        for one in probes:
            if one.name not in known or isinstance(known[one.name], Unknown):
                known[one.name] = _probe(visited, one, clock)
        return dict(known)


def _probe(visited: Visit, probe: Probe, clock: Clock) -> Any:
    if clock.begin + clock.budget <= time.monotonic():
        return Unknown(f"the page's time was spent before: {probe.name} did not begin")
    try:
        _show(visited.page)
        _state.shown = ""
        with _serving(visited.page, _site(visited.page)) as url:
            bench = Bench(tab=_current_tab(), visited=visited, url=url, by=clock.end)
            found = probe.run(bench)
            put_back(bench)
    except cdp.ConnectionLost as gone:
        stop_browser()
        return Unknown(f"{probe.name}: the page ended the browser ({gone})")
    except cdp.CallTimeout:
        _recover()
        return Unknown(f"{probe.name} did not come to its end in the page's time")
    except (*TROUBLE, Unjudgeable) as error:
        _recover()
        return Unknown(f"{probe.name}: {error}")
    if not probe.acts:
        _state.shown = visited.page.digest
    return found


def axe_rules() -> tuple[AxeRule, ...]:
    """Return the rules of the installed axe-core."""
    with _lock:
        _current_tab()
        if not _state.rules:
            _state.rules = _read_rules()
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
    keys = [json.dumps(dict(style), sort_keys=True) for style in styles]
    with _lock:
        _current_tab()
        if new := [key for key in keys if key not in _state.accepted]:
            answers = _ask_anywhere(f"accepts([{','.join(new)}])")
            _state.accepted.update(zip(new, answers, strict=True))
        return tuple(_state.accepted[key] for key in keys)


def _ask_anywhere(question: str) -> Any:
    """Ask what no page can change: in the page that is shown, else in an empty one."""
    try:
        return ask(_ready(), question, time.monotonic() + 2)
    except TROUBLE:
        _recover()
        return ask(_ready(), question, time.monotonic() + 5)


def stop() -> None:
    """Forget every visit and end the browser."""
    global _state  # noqa: PLW0603 - one state per process
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
    site = _site(page)
    try:
        visited = _judge(page, site, rules, budget)
    except Unjudgeable as reason:
        visited = Visit(page=page, error=str(reason))
    return _Kept(visit=visited, rules=rules, budget=budget, files=dict(site.served))


def _site(page: Page) -> server.Site:
    return server.Site(files={**page.files, page.name: page.html}, root=page.root)


def _judge(
    page: Page, site: server.Site, rules: frozenset[str], budget: float
) -> Visit:
    """Do the whole visit; whatever goes wrong leaves a fresh tab behind."""
    current = _current_tab()
    clock = Clock(budget)
    try:
        with _serving(page, site) as url:
            visited = examine(current, page, url, rules, clock)
            _state.shown = page.digest
            return visited
    except cdp.CallTimeout as late:
        _recover()
        raise Unjudgeable(too_slow(clock)) from late
    except cdp.InterruptedCall as crash:
        _recover()
        raise Unjudgeable("the page crashed its browser tab") from crash
    except cdp.ConnectionLost as gone:
        stop_browser()
        raise Unjudgeable("the page ended the browser") from gone
    except (cdp.ProtocolError, Unjudgeable) as error:
        _recover()
        raise Unjudgeable(str(error)) from error


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
    clock = Clock(10.0)
    _state.shown = ""
    with _serving(page, _site(page)) as url:
        tab.load(current, url, by=clock.at(LOAD_SHARE))
        settle(current, clock)
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


def _ready() -> tab.Tab:
    """Return a tab with an isolated world in it, whatever page is there."""
    current = _current_tab()
    if not _state.shown:
        with _serving(_EMPTY, server.Site(files={_EMPTY.name: _EMPTY.html})) as url:
            tab.load(current, url, by=time.monotonic() + 5)
        _state.shown = _EMPTY.digest
    return current


_EMPTY = Page(html=b"<!doctype html><title>-</title>", name="empty.html")


def _read_rules() -> tuple[AxeRule, ...]:
    found = _ask_anywhere("rules()")
    return tuple(
        AxeRule(id=rule["id"], tags=tuple(rule["tags"]), enabled=rule["enabled"])
        for rule in found
    )


def _current_tab() -> tab.Tab:
    """Return the tab of this process's browser, opened on the first call."""
    global _state  # noqa: PLW0603 - one state per process
    if _state.owner != os.getpid():
        _state = _State(owner=os.getpid())
        _start_checker_beside()
    running = browser.running()
    if _state.tab is None or _state.tab.connection is not running.connection:
        axe = engines.axe_path().read_text(encoding="utf-8")
        used.note("axe-core", engines.axe_version())
        _state.tab = tab.open_tab(running.connection, axe=axe, seconds=15)
        _state.shown = ""
        resize(_state.tab, browser.VIEWPORT[0], time.monotonic() + 5)
    return _state.tab


def _start_checker_beside() -> None:
    """Start the HTML checker with the browser where a check will ask it.

    Both need seconds to start, and wait for each other less when they start together.
    The family's module is loaded exactly where such a check was written.
    """
    if "agentflow_checks.markup.html_validity" in sys.modules:
        # What is missing is said when the checker is asked.
        with contextlib.suppress(PartMissing):
            validator.warm_up()


def _recover() -> None:
    """Give up the tab: the next visit opens a fresh one."""
    old, _state.tab, _state.shown = _state.tab, None, ""
    if old is not None:
        tab.abandon(old)


def stop_browser() -> None:
    """End a browser that no longer answers; the next visit starts another."""
    _state.tab, _state.shown = None, ""
    browser.stop()
