"""What moves, blinks or changes by itself, and whether people can make it stop."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules import controls
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

MINUTE = 61_000
"""Milliseconds of the page's own time in which it is watched."""

PATIENCE = 700
"""Milliseconds of our time that they may take."""

SCROLLED = 40
"""CSS pixels; text that an animation moves by as many goes by, and does not quiver."""

BLINKING = 0.8
"""Of its opacity; text that loses and regains as much is gone in between."""

MOST_STOPPED = 4
"""Things for which a control is looked for; a page with more is asked about."""

STOPPING = (
    r"pause|stop|halt|freeze|hide|close|dismiss|disable|motion|animat|turn.?off|play"
    r"|anhalten|ausblenden|schließen|bewegung|arrêt|masquer|fermer|detener|parar|ocultar"
    r"|ferma|nascondi|⏸|⏹|■"
)

_TIMED = re.compile(
    r"setInterval|setTimeout|requestAnimationFrame|\.animate\(|<script[^>]*\bsrc=",
    re.IGNORECASE,
)
_SCROLLING = re.compile(r"<marquee\b", re.IGNORECASE)
_PICTURES = re.compile(r"<img[^>]*(?:\.gif\b|data:image/gif)", re.IGNORECASE)
_STYLED = re.compile(r"<style\b|<link\b|<script\b|<iframe\b", re.IGNORECASE)


def watch(bench: Bench) -> dict[str, Any]:
    """Let a minute of the page's time go by, and see what moves and changes in it.

    Gives ``animated`` and ``reduced`` (animations of more than 5 seconds, and those of
    them that run where reduced motion is asked for), ``changes`` (elements whose text
    or style changes again and again), ``scrolling`` (marquees), ``pictures`` (GIFs),
    ``drawn`` (canvases beside a loop that draws); each with ``stop``, what stops it.
    """
    found: dict[str, Any] = {kind: [] for kind in _KINDS}
    dom = bench.visited.dom
    timed, marquee = bool(_TIMED.search(dom)), bool(_SCROLLING.search(dom))
    if not (timed or marquee or _PICTURES.search(dom) or _STYLED.search(dom)):
        return found
    _prepare(bench)
    keyframes = _ask(bench, "hints()")["keyframes"]
    if keyframes or timed:
        found["reduced"] = _ask(bench, "list(true)")
    if _PICTURES.search(dom):
        found["pictures"] = _ask(bench, "gifs()")
    if keyframes or timed or marquee:
        _load_with_clock(bench)
        found |= _seen(bench)
        # The page is left as it was found: the next probe needs no other.
        probing.media(bench)
        probing.load(bench)
    return found


_KINDS = ("animated", "reduced", "changes", "scrolling", "pictures", "drawn")


def _prepare(bench: Bench) -> None:
    probing.install(bench, __package__, "controls.js")
    probing.install(bench, __package__, "motion.js")


def _ask(bench: Bench, question: str) -> Any:
    return json.loads(probing.ask(bench, f"agentflowMotion.{question}"))


def _load_with_clock(bench: Bench) -> None:
    """Load the page for people who asked for nothing, its timers kept by us."""
    script = importlib.resources.files(__package__).joinpath("clock.js")
    given = {"source": script.read_text("utf-8")}
    method = "Page.{}ScriptToEvaluateOnNewDocument"
    added = probing.command(bench, method.format("add"), given)
    try:
        probing.media(bench, still=False)
        probing.load(bench, still=False)
    finally:
        probing.command(bench, method.format("remove"), added)


def _seen(bench: Bench) -> dict[str, Any]:
    _prepare(bench)
    probing.ask(bench, "agentflowMotion.started()")
    animated = _ask(bench, "list(false)")
    scrolling = _ask(bench, "scrolling()")
    _ask(bench, f"run({MINUTE}, {PATIENCE})")
    changes = _ask(bench, "changes()")
    drawn = _ask(bench, "drawn()")

    def animation_stopped(index: int) -> bool:
        _ask(bench, "run(200, 50)")
        return not probing.ask(bench, f"agentflowMotion.goes({index})")

    def scroll_stopped(index: int) -> bool:
        return bool(probing.ask(bench, f"agentflowMotion.stands({index})"))

    def change_stopped(index: int) -> bool:
        span = 2.5 * changes[index]["gap"] + 100
        return bool(probing.ask(bench, f"agentflowMotion.still({index}, {span})"))

    _find_stops(bench, changes, change_stopped)
    _find_stops(bench, scrolling, scroll_stopped)
    _find_stops(bench, animated, animation_stopped)
    rounds = drawn["canvases"] if drawn["frames"] > _FRAMES else []
    return {
        "animated": animated,
        "scrolling": scrolling,
        "changes": changes,
        "drawn": rounds,
    }


_FRAMES = 300
"""Five seconds of them."""


def _find_stops(
    bench: Bench, moving: list[dict[str, Any]], stopped: Callable[[int], bool]
) -> None:
    """Note what stops each thing that moves; one control may stop several."""
    last: dict[str, Any] | None = None
    for index, one in enumerate(moving):
        one["stop"] = None
        if index >= MOST_STOPPED:
            continue
        if stopped(index):
            # By itself, or with another thing.
            one["stop"] = last or {"itself": True}
            continue
        one["stop"] = controls.stopped_by(
            bench, STOPPING, functools.partial(stopped, index), near=one["box"]
        )
        last = one["stop"] if one["stop"]["by"] is not None else last


WATCHING = Probe(name="motion", run=watch, acts=False)


def _at(
    one: dict[str, Any], verdict: af.Verdict, message: str = "", **said: Any
) -> Subject:
    return Subject(
        verdict=verdict,
        selector=one["selector"],
        html=one["html"],
        box=af.Box(*one["box"]),
        message=message,
        **said,
    )


def can_be_stopped(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each thing that goes on by itself for more than five seconds."""
    seen = facts[WATCHING.name]
    for one in seen["changes"]:
        if not one["alone"]:
            yield _change(one)
    for one in seen["scrolling"]:
        yield _stoppable(one, f"{one['words']!r} scrolls by itself without an end", "")
    for one in seen["animated"]:
        yield _animation(one, seen["reduced"])
    for one in seen["pictures"]:
        lasting = "without an end" if one["endless"] else f"for {one['seconds']:g} s"
        message = f"a picture that moves {lasting}: is it more than decoration?"
        yield _at(one, af.Verdict.UNDETERMINED, message)
    for one in seen["drawn"]:
        message = (
            "it is drawn again in every frame: does something move in it, and can "
        )
        yield _at(one, af.Verdict.UNDETERMINED, f"{message}that be stopped?")
    del visited


def _change(one: dict[str, Any]) -> Subject:
    seconds = one["last"] / 1000
    if one["kind"] == "text":
        what = f"its text changes by itself, {one['times']} times in {seconds:.0f} s"
    else:
        what = f"its style changes by itself, {one['times']} times in {seconds:.0f} s"
    question = ""
    if one["kind"] != "text":
        question = "does something move or blink by that?"
    elif one["busy"]:
        question = "is that a time or a progress, which has to go on?"
    return _stoppable(one, what, question)


def _animation(one: dict[str, Any], reduced: list[dict[str, Any]]) -> Subject:
    lasting = "without an end" if one["endless"] else f"for {one['seconds']:g} s"
    others = f" (and {one['more']} more like it)" if one["more"] else ""
    name = f"animation {one['name']!r}" if one["name"] else "an animation"
    what = f"{name} changes {', '.join(one['properties'][:3])} {lasting}{others}"
    question = "is it more than decoration, and not essential?"
    blinks = one["fade"] >= BLINKING and one["period"] <= _SLOW
    if one["text"] and not one["busy"]:
        if one["shift"] >= SCROLLED or blinks:
            what = f"{one['text']!r} {'blinks' if blinks else 'moves'}: {what}"
            same = any(other["selector"] == one["selector"] for other in reduced)
            question = "" if same else "it stops for reduced motion: is that enough?"
    elif one["busy"]:
        question = "does it stand for something that is loading?"
    return _stoppable(one, what, question)


_SLOW = 5000
"""Milliseconds; what fades more slowly does not blink."""


def _stoppable(one: dict[str, Any], what: str, question: str) -> Subject:
    """Judge by what stops it; a question keeps it from failing, not from passing."""
    stop = one["stop"]
    if stop is not None and stop.get("itself"):
        return _at(one, af.Verdict.PASSED)
    if stop is None:
        message = f"{what}: is there a control that stops it?"
        return _at(one, af.Verdict.UNDETERMINED, message)
    if stop["by"] is not None:
        lacking = controls.missing(stop)
        if not lacking:
            return _at(one, af.Verdict.PASSED)
        what = f"{what}, and {lacking}"
    else:
        question = question or controls.doubt(stop)
        what = f"{what}, and nothing of {len(stop['tried'])} controls stops it"
    if question:
        return _at(one, af.Verdict.UNDETERMINED, f"{what}: {question}")
    return _at(
        one,
        af.Verdict.FAILED,
        what,
        expected="it ends within 5 s, or a control pauses, stops or hides it",
    )


def calm_when_asked(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge what goes on moving where people ask for reduced motion."""
    del visited
    seen = facts[WATCHING.name]
    for one in seen["reduced"]:
        if one["moves"] and one["endless"]:
            yield _at(
                one,
                af.Verdict.UNDETERMINED if one["busy"] else af.Verdict.FAILED,
                f"animation {one['name']!r} goes on changing "
                f"{', '.join(one['properties'][:3])} under prefers-reduced-motion: "
                "reduce",
                expected="no movement, or one that is essential",
            )
    running = {one["selector"] for one in seen["reduced"]}
    for one in seen["animated"]:
        if one["moves"] and one["selector"] not in running:
            yield _at(one, af.Verdict.PASSED)


RULES = (
    OwnRule(
        id="moving-content",
        title="What moves or changes by itself can be paused, stopped or hidden",
        criteria=("2.2.2",),
        act=("efbfc7",),
        category="time-and-media",
        fix="Let it end within 5 seconds, or put a button beside it that pauses it.",
        probes=(WATCHING,),
        judge=can_be_stopped,
    ),
    OwnRule(
        id="reduced-motion",
        title="Movement ends where people ask for reduced motion",
        criteria=(),
        category="time-and-media",
        impact="moderate",
        fix="Put it into @media (prefers-reduced-motion: no-preference) { ... }.",
        probes=(WATCHING,),
        judge=calm_when_asked,
    ),
)
