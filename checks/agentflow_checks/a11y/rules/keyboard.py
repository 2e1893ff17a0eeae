"""What happens when a page is used from the keyboard: stops, traps, shortcuts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.keyboard_shortcuts import SHORTCUTS, no_single_key
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import browser, probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

MOST_STOPS = 100
"""Of the Tab key; a page with more is judged as far as these."""

INNER_STOPS = 16
"""How often Tab may stay in one control: fields of a date, buttons of a player."""

MARGIN = 8
"""CSS pixels around an element in which a focus ring is looked for first."""

OUTSIDE = -1
"""The place of the focus where no element of the page has it."""


def _open(bench: Bench) -> int:
    probing.install(bench, __package__, "keyboard.js")
    return int(probing.ask(bench, "agentflowKeys.start()"))


def _place(bench: Bench) -> int:
    return int(json.loads(probing.ask(bench, "agentflowKeys.at()")))


def _tab(bench: Bench, *, back: bool = False) -> int:
    modifiers = probing.SHIFT if back else 0
    said = probing.press(bench, "Tab", modifiers=modifiers, then=_AFTER_KEY)
    # A key that the page or a frame keeps to itself is not seen to arrive.
    return _place(bench) if said is None else int(json.loads(said))


_AFTER_KEY = "agentflowKeys.afterKey()"


def walk(bench: Bench) -> dict[str, Any]:
    """Follow the Tab key through the page, and look at every stop.

    Gives ``stops`` (selector, html, box, covered), ``complete`` (whether all of them
    were followed), ``trap`` (stops that no key of those tried leads out of), ``words``
    (text of the page that names a key), ``unseen`` (stops whose focus changes no
    pixel).
    """
    count = _open(bench)
    order, came_round = _followed(bench, count)
    trap: list[int] = []
    told = False
    if not came_round and count <= MOST_STOPS:
        trap = _without_way_out(bench, _circle(order))
        if trap:
            told, leads_out = _told_way_out(bench, trap)
            trap = [] if leads_out else trap
        # Out of the circle by another key, there may be more to come.
        order += [] if trap else _followed(bench, count)[0]
    words = "" if told or not trap else probing.ask(bench, "agentflowKeys.words()")
    stops = json.loads(probing.ask(bench, "agentflowKeys.listed()"))
    unseen = _unseen(bench, list(dict.fromkeys(order)), stops, trap)
    return {
        "stops": stops,
        "complete": came_round or count <= MOST_STOPS,
        "trap": trap,
        "words": words,
        "unseen": unseen,
    }


def _followed(bench: Bench, count: int) -> tuple[list[int], bool]:
    """Press Tab until the focus comes round; give the stops, and whether it did."""
    order: list[int] = []
    most = min(2 * count + INNER_STOPS, 2 * MOST_STOPS)
    for _ in range(most):
        here = _tab(bench)
        # From the last stop the focus leaves the page; or comes round to the first.
        if here == OUTSIDE or (order and here == order[0] and here != order[-1]):
            return order, True
        order.append(here)
    return order, False


def _circle(order: Sequence[int]) -> list[int]:
    """Give the stops that the end of a walk goes round in."""
    late = order[len(order) // 2 :]
    return list(dict.fromkeys(late))


def _without_way_out(bench: Bench, circle: list[int]) -> list[int]:
    """Try the other keys that lead on; give the stops if none leads out of them."""
    inside = set(circle)
    for _ in range(len(circle) + INNER_STOPS):
        if _tab(bench, back=True) not in inside:
            return []
    for key in ("Escape", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"):
        for back in (False, True):
            probing.press(bench, key)
            if _place(bench) not in inside or _tab(bench, back=back) not in inside:
                return []
    return circle


def _told_way_out(bench: Bench, circle: list[int]) -> tuple[bool, bool]:
    """Press the keys that the page names; help may have to be asked for first.

    Gives whether it names any, and whether they lead out.
    """
    tried: list[Any] = []
    for _ in range(len(circle) + 1):
        for modifiers, key in json.loads(
            probing.ask(bench, "agentflowKeys.combinations()")
        ):
            if [modifiers, key] in tried:
                continue
            tried.append([modifiers, key])
            probing.press(bench, _KEYS.get(key, key), modifiers=_sum(modifiers))
            if _place(bench) not in circle or _tab(bench) not in circle:
                return True, True
        probing.press(bench, "Enter")
        if _tab(bench) not in circle:
            return True, True
    return bool(tried), False


def _sum(modifiers: Sequence[str]) -> int:
    return sum({_MODIFIERS[name] for name in modifiers})


_MODIFIERS = {
    "alt": probing.ALT,
    "cmd": probing.META,
    "command": probing.META,
    "control": probing.CTRL,
    "ctrl": probing.CTRL,
    "option": probing.ALT,
    "shift": probing.SHIFT,
}
_KEYS = {
    "end": "End",
    "enter": "Enter",
    "esc": "Escape",
    "escape": "Escape",
    "home": "Home",
    "tab": "Tab",
} | {f"f{number}": f"F{number}" for number in range(1, 13)}


def _unseen(
    bench: Bench,
    order: Sequence[int],
    stops: Sequence[dict[str, Any]],
    trap: Sequence[int],
) -> list[int]:
    """Give the stops at which focus changes no pixel of the viewport."""
    if trap:
        return []  # the focus cannot be taken away there
    return [
        index
        for index in order
        if not stops[index]["frame"] and _looks_alike(bench, index)
    ]


def _looks_alike(bench: Bench, index: int) -> bool:
    """Whether a stop looks the same with and without the focus.

    A ring lies at the element, as a rule; only where there is none the whole viewport
    is looked at, which takes twice as long.
    """
    return _same(bench, index, near=True) and _same(bench, index, near=False)


def _same(bench: Bench, index: int, *, near: bool) -> bool:
    box = json.loads(probing.ask(bench, f"agentflowKeys.focus({index})"))
    if box is None:
        return False
    x, y, width, height = box
    around = af.Box(
        max(0, x - MARGIN),
        max(0, y - MARGIN),
        min(width, browser.VIEWPORT[0]) + 2 * MARGIN,
        min(height, browser.VIEWPORT[1]) + 2 * MARGIN,
    )
    focused = probing.picture(bench, around if near else None)
    if not probing.ask(bench, f"agentflowKeys.blur({index})"):
        return False
    # Equal pictures have equal bytes: one encoder made both.
    return probing.picture(bench, around if near else None) == focused


WALK = Probe(name="keyboard-walk", run=walk)


def _at(
    stop: dict[str, Any], verdict: af.Verdict, message: str = "", **said: Any
) -> Subject:
    return Subject(
        verdict=verdict,
        selector=stop["selector"],
        html=stop["html"],
        box=af.Box(*stop["box"]),
        message=message,
        **said,
    )


def no_trap(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each stop by whether the keyboard gets away from it."""
    del visited
    seen = facts[WALK.name]
    for index, stop in enumerate(seen["stops"]):
        if not seen["complete"]:
            yield _at(
                stop,
                af.Verdict.UNDETERMINED,
                f"the page has more stops than the {MOST_STOPS} that were followed",
            )
            return
        if index not in seen["trap"]:
            yield _at(stop, af.Verdict.PASSED)
        elif stop["frame"] or seen["words"]:
            why = (
                f"the page names keys ({' '.join(seen['words'].split())!r}): do they "
                "lead on, and is that said before one gets there?"
                if seen["words"]
                else "what goes on inside of the frame is not seen"
            )
            message = f"Tab, Shift+Tab, Escape and the arrow keys do not lead on; {why}"
            yield _at(stop, af.Verdict.UNDETERMINED, message)
        else:
            yield _at(
                stop,
                af.Verdict.FAILED,
                "no key leads on from here: Tab, Shift+Tab, Escape and the arrow keys "
                "were tried",
                observed=f"Tab goes round {len(seen['trap'])} of "
                f"{len(seen['stops'])} stops",
                expected="Tab leads on through the page and out of it",
            )


def focus_visible(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each stop by whether a pixel changes when it has the focus."""
    del visited
    seen = facts[WALK.name]
    for index, stop in enumerate(seen["stops"]):
        if stop["frame"] or index in seen["trap"]:
            continue
        if index in seen["unseen"]:
            yield _at(
                stop,
                af.Verdict.FAILED,
                "nothing on the page looks different when it has the focus",
                observed="the same pixels with and without focus",
                expected="a focus ring, or another change that is seen",
            )
        else:
            yield _at(stop, af.Verdict.PASSED)


def focus_not_covered(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each stop by whether something pinned to the viewport hides all of it."""
    del visited
    for stop in facts[WALK.name]["stops"]:
        cover = stop["covered"]
        if cover is None:
            yield _at(stop, af.Verdict.PASSED)
        elif cover["clear"]:
            message = f"it lies under {cover['by']}; can it be seen through that?"
            yield _at(stop, af.Verdict.UNDETERMINED, message)
        else:
            yield _at(
                stop,
                af.Verdict.FAILED,
                f"it lies wholly under {cover['by']} when Tab comes to it",
                observed=f"covered by {cover['by']}",
                expected="at least a part of it is seen",
            )


RULES = (
    OwnRule(
        id="keyboard-trap",
        title="The keyboard leads into every control and out of it",
        criteria=("2.1.2",),
        # A trap for every key is one for those of browser and page alike.
        act=("80af7b", "a1b64e", "ebe86a"),
        impact="critical",
        fix="Let Tab and Shift+Tab do what they do; take focus() out of blur handlers.",
        probes=(WALK,),
        judge=no_trap,
    ),
    OwnRule(
        id="focus-visible",
        title="What has the keyboard focus looks different",
        criteria=("2.4.7",),
        level="AA",
        act=("oj04fd",),
        fix="Remove outline: none, or give :focus-visible an outline of its own.",
        probes=(WALK,),
        judge=focus_visible,
    ),
    OwnRule(
        id="focus-not-covered",
        title="What has the keyboard focus is not hidden under a bar",
        criteria=("2.4.11",),
        level="AA",
        version="2.2",
        fix="Give the page scroll-padding as high as the bar that is pinned over it.",
        probes=(WALK,),
        judge=focus_not_covered,
    ),
    OwnRule(
        id="single-key-shortcut",
        title="Single letters, digits and signs are no shortcuts",
        criteria=("2.1.4",),
        version="2.1",
        act=("ffbc54",),
        fix="Ask for Ctrl or Alt too, or offer a setting that turns the shortcut off.",
        probes=(SHORTCUTS,),
        judge=no_single_key,
    ),
)
