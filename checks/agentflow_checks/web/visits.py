"""One visit of a page serves all checks: load, axe-core, snapshot, widths, document."""

from __future__ import annotations

import base64
import collections
import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.web import (
    browser,
    cdp,
    server,
    tab,
    warm,
)
from agentflow_checks.web.examine import (
    Clock,
    Unjudgeable,
    ask,
    examine,
    too_slow,
)
from agentflow_checks.web.page import Body, Page, Visit
from agentflow_checks.web.probed import LATE, Probed, is_open, result, spent
from agentflow_checks.web.probing import (
    Bench,
    Probe,
    Unknown,
    in_order,
    mark,
    put_back,
    unchanged,
)

KEPT_VISITS, KEPT_PICTURES = 256, 32
"""How many are kept per process, the oldest given up first."""

LOAD_SECONDS = 3.0
"""For a page that was visited to load once more; it is used as far as it came."""

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
    probed: dict[str, Probed] = dataclasses.field(default_factory=dict)
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
        more = _visit(page, wanted | (kept.rules if kept else frozenset()), budget)
        if kept is not None and _is_same(kept, more):
            more.probed.update(kept.probed)
        kept = _state.visits[page.digest] = more
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
                _show(visited.page, by=time.monotonic() + 10)
                _state.pictures[key] = _capture(warm.tab(), clip)
            except TROUBLE as error:
                warm.recover()
                raise Unjudgeable(f"no picture could be taken: {error}") from error
        while len(_state.pictures) > KEPT_PICTURES:
            _state.pictures.popitem(last=False)
        return _state.pictures[key]


def probe(
    visited: Visit, probes: Iterable[Probe], *, budget: float = 10.0
) -> dict[str, Any]:
    """Use a visited page as people do, and give what each probe found, by its name.

    What a probe found is kept as long as the visit. One that did not come to its end
    gives `Unknown`: what rests on it is undetermined. It is tried again only where more
    time is given.

    Args:
        visited: a visit without `error`.
        probes: what to do.
        budget: seconds for the page: for its visit and the probes of all checks.
    """
    with _lock:
        known = _probed(visited)
        for one in in_order(probes):
            before = known.get(one.name)
            if is_open(before, budget):
                begin = time.monotonic()
                found = _probe(visited, one, begin + budget - spent(visited, known))
                took = time.monotonic() - begin
                known[one.name] = result(found, took, before, budget)
        return {name: probed.found for name, probed in known.items()}


def probed_ms(visited: Visit) -> dict[str, float]:
    """Give the milliseconds that each probe has taken of a visited page's budget."""
    with _lock:
        return {name: 1000 * one.seconds for name, one in _probed(visited).items()}


def _probed(visited: Visit) -> dict[str, Probed]:
    kept = _state.visits.get(visited.page.digest)
    return kept.probed if kept is not None and kept.visit is visited else {}


def _probe(visited: Visit, probe: Probe, by: float) -> Any:
    if by <= time.monotonic():
        return LATE
    try:
        _show(visited.page, by=by)
        current = warm.tab()
        current.shown = ""
        with _serving(visited.page, _site(visited.page)) as url:
            bench = Bench(tab=current, visited=visited, url=url, by=by)
            before = mark(bench) if probe.passing else None
            found = probe.run(bench)
            put_back(bench)
            if not probe.acts or (probe.passing and unchanged(bench, before)):
                current.shown = visited.page.digest
            return found
    except cdp.ConnectionLost as gone:
        warm.restart()
        return Unknown(f"{probe.name}: the page ended the browser ({gone})")
    except cdp.CallTimeout:
        warm.recover()
        return LATE
    except (*TROUBLE, Unjudgeable) as error:
        warm.recover()
        return Unknown(f"{probe.name}: {error}")


def axe_rules() -> tuple[AxeRule, ...]:
    """Return the rules of the installed axe-core."""
    with _lock:
        warm.tab()
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
        warm.tab()
        if new := [key for key in keys if key not in _state.accepted]:
            answers = _ask_anywhere(f"accepts([{','.join(new)}])")
            _state.accepted.update(zip(new, answers, strict=True))
        return tuple(_state.accepted[key] for key in keys)


def _ask_anywhere(question: str) -> Any:
    """Ask what no page can change: in the page that is shown, else in an empty one."""
    try:
        return ask(_ready(), question, time.monotonic() + 2)
    except TROUBLE:
        warm.recover()
        return ask(_ready(), question, time.monotonic() + 5)


def stop() -> None:
    """Forget every visit and end the browser."""
    global _state  # noqa: PLW0603 - one state per process
    with _lock:
        _state = _State()
        warm.stop()


def _still_holds(kept: _Kept, rules: frozenset[str], budget: float) -> bool:
    """Tell whether a kept visit answers what is asked, of files as they are now."""
    if kept.visit.error is not None and budget > kept.budget:
        return False
    unchanged = all(server.stamp(path) == was for path, was in kept.files.items())
    return unchanged and rules <= kept.rules


def _is_same(kept: _Kept, more: _Kept) -> bool:
    """Tell whether a second visit is for more rules alone: what was probed holds."""
    return kept.visit.error is None and kept.files == more.files


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
    try:
        return _examined(page, site, rules, budget)
    except _GoneBefore:
        # The page has no part in it: tab or browser had ended before.
        return _examined(page, site, rules, budget)


class _GoneBefore(Exception):
    """Tab or browser went away before the page was asked for."""


def _examined(
    page: Page, site: server.Site, rules: frozenset[str], budget: float
) -> Visit:
    current = warm.tab()
    clock = Clock(budget)
    try:
        with _serving(page, site) as url:
            visited = examine(current, page, url, rules, clock)
            current.shown = page.digest
            warm.have_spare()
            return visited
    except cdp.CallTimeout as late:
        warm.recover()
        raise Unjudgeable(too_slow(clock)) from late
    except cdp.InterruptedCall as crash:
        warm.recover()
        if not current.admitted:
            raise _GoneBefore from crash
        raise Unjudgeable("the page crashed its browser tab") from crash
    except cdp.ConnectionLost as gone:
        warm.restart()
        if not current.admitted:
            raise _GoneBefore from gone
        raise Unjudgeable("the page ended the browser") from gone
    except (cdp.ProtocolError, Unjudgeable) as error:
        warm.recover()
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


def _show(page: Page, *, by: float) -> None:
    """Have the tab show a page that was visited before.

    As on its visit, the load event is not waited for without an end.
    """
    current = warm.tab()
    if current.shown == page.digest:
        return
    current.shown = ""
    with _serving(page, _site(page)) as url:
        tab.load(current, url, by=min(time.monotonic() + LOAD_SECONDS, by))
        ask(current, "settle(1500)", by)
    current.shown = page.digest


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
    current = warm.tab()
    if not current.shown:
        with _serving(_EMPTY, server.Site(files={_EMPTY.name: _EMPTY.html})) as url:
            tab.load(current, url, by=time.monotonic() + 5)
        current.shown = _EMPTY.digest
    return current


_EMPTY = Page(html=b"<!doctype html><title>-</title>", name="empty.html")


def _read_rules() -> tuple[AxeRule, ...]:
    found = _ask_anywhere("rules()")
    return tuple(
        AxeRule(id=rule["id"], tags=tuple(rule["tags"]), enabled=rule["enabled"])
        for rule in found
    )
