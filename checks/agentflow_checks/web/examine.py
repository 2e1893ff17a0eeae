"""Examine one loaded page: every fact, in one pass, within one budget."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Collection, Iterator
from typing import Any

from agentflow_checks.web import browser, snapshot, tab
from agentflow_checks.web.page import Overflow, Page, Visit

WIDTHS = (1280, 768, 320)
"""Widths at which overflow is measured, the one that is there already first; 320 CSS px
is that of WCAG 2.2's 1.4.10 (Reflow)."""

MAX_ELEMENTS = 50_000
"""Beyond it axe-core alone needs more than ten seconds (5.6 s for 20,000, linear)."""

LOAD_SHARE, SETTLE_SHARE, ANSWER_SHARE = 0.3, 0.15, 0.5
"""Parts of the budget: the longest wait for the load event, then the longest for fonts
and frames to come to rest, and the moment until which scripts must have let us in."""

GROWTH = 1.5
"""A page whose elements multiply so between start and end of a visit never rests."""


class Unjudgeable(Exception):
    """Why a page could not be judged, as one sentence."""


def examine(
    current: tab.Tab, page: Page, url: str, rules: Collection[str], clock: Clock
) -> Visit:
    """Load a page that is served at URL and collect its facts.

    Raises:
        Unjudgeable: the page is too large, never rests, or put another in its place.
        CallTimeout: the budget is spent; `too_slow` says at what.
    """
    tab.load(current, url, by=clock.at(LOAD_SHARE))
    clock.note("load")
    _stays(current, url)
    rest = settle(current, clock)
    clock.note("settle")
    _stays(current, url)
    _refuse_crowds(rest["elements"])
    axe = (
        ask(current, f"judge({json.dumps(sorted(rules))})", clock.end)
        if rules
        else None
    )
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
class Clock:
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


def settle(current: tab.Tab, clock: Clock) -> Any:
    """Wait until fonts and frames are at rest, then bring animations to theirs."""
    limit = SETTLE_SHARE * clock.budget * 1000
    return ask(current, f"settle({limit})", clock.at(ANSWER_SHARE))


def ask(current: tab.Tab, question: str, by: float) -> Any:
    """Call one function of ours in the page's isolated world."""
    return json.loads(tab.evaluate(current, f"agentflow.{question}", by=by))


def _stays(current: tab.Tab, url: str) -> None:
    if current.moved:
        raise Unjudgeable("the page put another document in its own place")
    if url in current.navigated_to:
        raise Unjudgeable("the page reloads itself as soon as it is open")


def _refuse_crowds(count: int) -> None:
    if count > MAX_ELEMENTS:
        raise Unjudgeable(
            f"the page has {count:,} elements; {MAX_ELEMENTS:,} is the most judged"
        )


def _refuse_growth(before: int, after: int) -> None:
    if after > max(1000, GROWTH * before):
        raise Unjudgeable(
            f"the page never stops growing: {before:,} elements, then {after:,}"
        )


def too_slow(clock: Clock) -> str:
    """Say what a page was busy with when its budget was spent."""
    done = list(clock.steps)
    spent = time.monotonic() - clock.begin
    if "settle" not in done:
        return (
            f"the page did not answer within {spent:.1f} s: a script of it never ends, "
            "or it is too large"
        )
    step = ("axe", "snapshot", "dom", "overflow")[min(len(done) - 2, 3)]
    return (
        f"the page was not judged in {clock.budget:g} s: {step} did not come to its end"
    )


def _overflow(current: tab.Tab, by: float) -> Iterator[Overflow]:
    """Measure each width and leave the tab as it was."""
    try:
        for width in WIDTHS:
            if width != browser.VIEWPORT[0]:
                resize(current, width, by)
            found = ask(current, "overflow()", by)
            yield Overflow(
                width=width,
                pixels=max(0, found["pixels"]),
                culprits=tuple(found["culprits"]),
            )
    finally:
        resize(current, browser.VIEWPORT[0], by)


def resize(
    current: tab.Tab, width: int, by: float, height: int = browser.VIEWPORT[1]
) -> None:
    """Give the tab a viewport, in CSS pixels."""
    metrics = {
        "width": width,
        "height": height,
        "deviceScaleFactor": 1,
        "mobile": False,
    }
    tab.command(current, "Emulation.setDeviceMetricsOverride", metrics, by=by)
