"""Examine one loaded page: every fact, in one pass, within one budget."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from agentflow_checks.web import browser, cdp, snapshot, tab
from agentflow_checks.web.page import Element, Overflow, Page, Visit

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
    looked, late = _look(current, rules, clock)
    if late:
        # Once: a page that changes without an end is judged as it stands then.
        rest |= {"settled": settle(current, clock)["settled"]}
        looked, _ = _look(current, rules, clock)
    first = looked.first
    overflow, count = _overflow(current, first, clock)
    clock.note("overflow")
    _refuse_growth(rest["elements"], count)
    _stays(current, url)
    return Visit(
        page=page,
        axe=looked.axe,
        axe_error=looked.axe_error,
        elements=looked.elements,
        hidden_roots=looked.hidden_roots,
        overflow=tuple(overflow),
        log=tuple(current.log),
        assets=tuple(current.assets.values()),
        navigated_to=tuple(current.navigated_to),
        dialogs=tuple(current.dialogs),
        dom=first["dom"],
        settled=rest["settled"] and rest["ready"] == "complete",
        timings=clock.steps,
    )


class _Look(NamedTuple):
    """A page as it is at one moment."""

    elements: tuple[Element, ...]
    hidden_roots: int
    first: Mapping[str, Any]
    axe: Any
    axe_error: str | None


def _look(current: tab.Tab, rules: Collection[str], clock: Clock) -> tuple[_Look, bool]:
    """Read a page that has settled; tell whether it changed in the meantime.

    What needs no wait in between is asked for at once: the browser works on one while
    another is read here.
    """
    asked = tab.send(current, "DOMSnapshot.captureSnapshot", snapshot.REQUEST)
    at_rest = tab.ask(current, "agentflow.first()")
    judging = _judging(current, rules)
    changed = tab.ask(current, "agentflow.late()")
    seen = tab.answer(current, asked, by=clock.end)
    laid_out, hidden = snapshot.elements(seen), snapshot.hidden_roots(seen)
    clock.note("snapshot")
    first = _value(current, at_rest, clock)
    clock.note("dom")
    axe, axe_error = _by_axe(current, judging, clock)
    clock.note("axe")
    looked = _Look(laid_out, hidden, first, axe, axe_error)
    return looked, _value(current, changed, clock)


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
        """Close a step: it took the milliseconds since the one before, each time."""
        now = time.monotonic()
        took = (now - (self.last or self.begin)) * 1000
        self.steps[step] = self.steps.get(step, 0.0) + took
        self.last = now


def settle(current: tab.Tab, clock: Clock) -> Any:
    """Wait until fonts and frames are at rest, then bring animations to theirs."""
    limit = SETTLE_SHARE * clock.budget * 1000
    return ask(current, f"settle({limit}, true)", clock.at(ANSWER_SHARE))


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
    step = ("snapshot", "dom", "axe", "overflow")[min(len(done) - 2, 3)]
    return (
        f"the page was not judged in {clock.budget:g} s: {step} did not come to its end"
    )


def _judging(current: tab.Tab, rules: Collection[str]) -> cdp.Sent | None:
    if not rules:
        return None
    return tab.ask(current, f"agentflow.judge({json.dumps(sorted(rules))})")


def _by_axe(
    current: tab.Tab, judging: cdp.Sent | None, clock: Clock
) -> tuple[Any, str | None]:
    """Read what axe-core says; where the page makes it throw, all other facts hold."""
    if judging is None:
        return None, None
    try:
        return _value(current, judging, clock), None
    except cdp.ProtocolError as error:
        said = str(error).partition("\n")[0]
        return None, f"axe-core fails on this page ({said})"


def _value(current: tab.Tab, asked: cdp.Sent, clock: Clock) -> Any:
    return json.loads(tab.value(current, asked, by=clock.end))


def _overflow(
    current: tab.Tab, first: Mapping[str, Any], clock: Clock
) -> tuple[list[Overflow], int]:
    """Measure each width, leave the tab as it was; count the elements at the end."""
    found = {browser.VIEWPORT[0]: first}
    count = 0
    for width in WIDTHS:
        if width not in found:
            tab.post(current, *tab.metrics(width))
            asked = tab.ask(current, f"agentflow.overflow({width})")
            found[width] = _value(current, asked, clock)
            count = found[width]["elements"]
    tab.post(current, *tab.metrics())
    measured = [
        Overflow(
            width=width,
            pixels=max(0, found[width]["pixels"]),
            culprits=tuple(found[width]["culprits"]),
        )
        for width in sorted(found)
    ]
    return measured, count
