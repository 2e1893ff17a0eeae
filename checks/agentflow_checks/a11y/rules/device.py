"""Devices that are moved, turned, or fixed in place: nobody needs to hold them so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules import controls
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

SIZES = (400, 1280)
"""CSS pixels: a window of a phone and one of a desk, each a pixel higher than wide and
a pixel wider than high, so that nothing but its orientation is another one."""

STOPPING = (
    r"motion|shak|tilt|rotat|orient|gyro|sensor|accelero|disable|turn.?off|switch.?off"
    r"|deaktiv|ausschalt|bewegung|neigung|mouvement|désactiv|movimiento|desactiv"
)

_SCRIPTED = re.compile(r"<script\b|\bondevice", re.IGNORECASE)
_TURNING = re.compile(r"orientation|aspect-ratio", re.IGNORECASE)
_LOCKING = re.compile(r"orientation\s*\.\s*lock\s*\(", re.IGNORECASE)

_MOVES = """(async () => {
  const send = (type, Kind, given) => {
    let event;
    try { event = new Kind(type, given); } catch { event = new Event(type); }
    for (const [name, value] of Object.entries(given)) {
      if (event[name] === undefined || event[name] === null) {
        try { Object.defineProperty(event, name, { value }); } catch {}
      }
    }
    window.dispatchEvent(event);
  };
  const turn = globalThis.DeviceOrientationEvent;
  const shake = globalThis.DeviceMotionEvent;
  for (const side of [1, -1, 1, -1, 1]) {
    send("deviceorientation", turn,
      { alpha: 90 + 60 * side, beta: 50 * side, gamma: 50 * side, absolute: false });
    const acceleration = { x: 25 * side, y: 25 * side, z: 25 * side };
    send("devicemotion", shake, { acceleration, interval: 16,
      accelerationIncludingGravity: { ...acceleration, z: 25 * side + 9.8 },
      rotationRate: { alpha: 200 * side, beta: 200 * side, gamma: 200 * side } });
    await new Promise((done) => setTimeout(done, 25));
  }
})()"""


def shake(bench: Bench) -> dict[str, Any]:
    """Tell the page that its device is moved, and see what that does.

    Gives ``listens``; ``moves`` (the page changes by itself); ``changed`` (elements
    that motion changed); ``stop`` (what turned that off); ``otherwise``: whether the
    page's controls led to the same; ``measures``: whether its text names an
    instrument that measures motion.
    """
    found: dict[str, Any] = {"listens": False, "moves": False, "changed": []}
    if not _SCRIPTED.search(bench.visited.dom) or not _listens(bench):
        return found
    found["listens"] = True
    _prepare(bench)
    if _changed(bench, moved=False):
        found |= {"moves": True}
    elif _changed(bench):
        found["changed"] = json.loads(probing.ask(bench, "agentflowDevice.keep()"))
        wanted = _state(bench, found["changed"])
        found["measures"] = bool(probing.ask(bench, "agentflowDevice.measures()"))
        found["stop"] = controls.stopped_by(
            bench, STOPPING, lambda: not _changed(bench)
        )
        found["otherwise"] = _led_to(bench, wanted, found["changed"])
    probing.load(bench)
    return found


def _prepare(bench: Bench) -> None:
    probing.install(bench, __package__, "controls.js")
    probing.install(bench, __package__, "device.js")


def _state(bench: Bench, elements: list[dict[str, Any]]) -> str:
    selectors = json.dumps([one["selector"] for one in elements])
    return str(probing.ask(bench, f"agentflowDevice.state({selectors})"))


def _led_to(bench: Bench, wanted: str, elements: list[dict[str, Any]]) -> bool:
    """Whether the controls of the page as it opens lead to what motion led to."""
    probing.load(bench)
    _prepare(bench)
    if _state(bench, elements) == wanted:
        return False
    seen = controls.stopped_by(bench, ".", lambda: _state(bench, elements) == wanted)
    return seen["by"] is not None and not controls.missing(seen)


def _changed(bench: Bench, *, moved: bool = True) -> bool:
    """Whether the page changes, as its device is moved or all by itself."""
    probing.ask(bench, "agentflowDevice.watch()")
    if moved:
        # Listeners of the page see only what its own world gives an event.
        given = {"expression": _MOVES, "awaitPromise": True}
        probing.command(bench, "Runtime.evaluate", given)
    else:
        probing.pause(bench, 0.2)
    return bool(probing.ask(bench, "agentflowDevice.changed()"))


def _listens(bench: Bench) -> bool:
    value = probing.command(bench, "Runtime.evaluate", {"expression": "window"})
    told = probing.command(
        bench,
        "DOMDebugger.getEventListeners",
        {"objectId": value["result"]["objectId"]},
    )
    kinds = {"devicemotion", "deviceorientation", "deviceorientationabsolute"}
    return any(one["type"] in kinds for one in told["listeners"])


def turn(bench: Bench) -> dict[str, Any]:
    """Show the page in windows of both orientations, and see what is turned with them.

    Gives ``asks`` (whether its styles look at the orientation), ``locks`` (whether a
    script fixes it), ``found`` (elements at right angles to how they were),
    ``differs``, and ``words`` (how much text is seen in each).
    """
    found: dict[str, Any] = {"asks": False, "locks": False, "sizes": []}
    dom = bench.visited.dom
    found["locks"] = bool(_LOCKING.search(dom))
    if not _TURNING.search(dom) and not _asked_elsewhere(bench):
        return found
    found["asks"] = True
    _prepare(bench)
    for size in SIZES:
        probing.resize(bench, size + 1, size)
        probing.ask(bench, "agentflowDevice.remember()")
        probing.resize(bench, size, size + 1)
        seen = json.loads(probing.ask(bench, "agentflowDevice.turned()"))
        found["sizes"].append(seen | {"size": size})
    probing.put_back(bench)
    probing.load(bench)
    return found


def _asked_elsewhere(bench: Bench) -> bool:
    """Whether a style sheet in a file of its own looks at the orientation."""
    if "<link" not in bench.visited.dom and "@import" not in bench.visited.dom:
        return False
    probing.install(bench, __package__, "controls.js")
    probing.install(bench, __package__, "motion.js")
    hints = json.loads(probing.ask(bench, "agentflowMotion.hints()"))
    return bool(hints["turns"])


SHAKING = Probe(name="device-motion", run=shake, acts=False)
TURNING = Probe(name="device-turned", run=turn, acts=False)


def motion_can_be_off(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the page by whether people can turn off what motion does to it."""
    del visited
    seen = facts[SHAKING.name]
    if not seen["listens"]:
        return
    if doubt := _unseen(seen):
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=doubt)
        return
    stop = seen["stop"]
    where = ", ".join(one["selector"] for one in seen["changed"][:3])
    what = f"moving the device changes the page ({where})"
    if stop["by"] is not None and stop["by"]["says"] and not controls.missing(stop):
        yield Subject(verdict=af.Verdict.PASSED)
    elif stop["by"] is not None:
        message = (
            f"{what}, and no longer after {stop['by']['name'] or 'a control'!r} was "
            "used: is that how people turn it off?"
        )
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    elif seen["measures"]:
        message = f"{what}: is to measure motion what the page is for?"
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    elif question := controls.doubt(stop):
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=f"{what}: {question}")
    else:
        yield Subject(
            verdict=af.Verdict.FAILED,
            message=f"{what}, and none of {len(stop['tried'])} controls turns that off",
            observed="the same after every control was used",
            expected="a setting that turns it off",
        )


def _unseen(seen: dict[str, Any]) -> str:
    if seen["moves"]:
        return (
            "the page listens to how the device is moved, and changes by itself, so "
            "that it is not seen what motion does: can it be turned off?"
        )
    if not seen["changed"]:
        return (
            "the page listens to how the device is moved, and nothing was seen to "
            "change by it: does it do something, and can that be turned off?"
        )
    return ""


def motion_is_not_needed(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the page by whether its controls do what motion does."""
    seen = facts[SHAKING.name]
    if not seen["listens"]:
        return
    clickable = any(element.clickable for element in visited.elements)
    if doubt := _unseen(seen):
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=doubt)
    elif seen["otherwise"]:
        yield Subject(verdict=af.Verdict.PASSED)
    elif seen["stop"]["tried"] or seen["stop"]["doubts"] or clickable:
        message = (
            "moving the device changes the page: do its controls do all that motion "
            f"does ({', '.join(map(repr, seen['stop']['tried'][:5]))} were used once)?"
        )
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    elif seen["measures"]:
        message = "moving the device changes the page: is to measure that its purpose?"
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    else:
        yield Subject(
            verdict=af.Verdict.FAILED,
            message="moving the device changes the page, which has no control at all",
            expected="controls that do what motion does",
        )


def both_orientations(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the page by what turns against the device."""
    del visited
    seen = facts[TURNING.name]
    if seen["locks"]:
        message = "a script fixes the orientation of the screen: is that essential?"
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    if not seen["asks"]:
        return
    found = {one["selector"]: one for size in seen["sizes"] for one in size["found"]}
    yield from map(_turned, found.values())
    hidden = [size for size in seen["sizes"] if _hides(size)]
    if hidden and not found:
        wide, high = hidden[0]["words"]
        message = (
            f"{high} characters of text are seen in a high window, {wide} in a wide "
            "one: is the page kept from one of them?"
        )
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    elif not found:
        yield Subject(verdict=af.Verdict.PASSED)


def _hides(size: dict[str, Any]) -> bool:
    """Whether most of the page's text is seen in one orientation alone."""
    few, many = sorted(size["words"])
    return bool(many > 80 and few < 0.3 * many)


def _turned(one: dict[str, Any]) -> Subject:
    matters = one["text"] or one["large"]
    what = f"it is turned by {one['by']} degrees as the device is turned"
    return Subject(
        verdict=af.Verdict.FAILED if matters else af.Verdict.UNDETERMINED,
        selector=one["selector"],
        html=one["html"],
        message=what if matters else f"{what}: is it content, or a sign?",
        observed=f"{one['by']} degrees between landscape and portrait",
        expected="the same way up in both",
    )


RULES = (
    OwnRule(
        id="device-motion-off",
        title="What moving the device does can be turned off",
        criteria=("2.5.4",),
        version="2.1",
        act=("c249d5",),
        category="sensory-and-visual-cues",
        fix="Offer a setting that turns the response to motion off.",
        probes=(SHAKING,),
        judge=motion_can_be_off,
    ),
    OwnRule(
        id="device-motion-alternative",
        title="What moving the device does can be done with controls",
        criteria=("2.5.4",),
        version="2.1",
        act=("7677a9",),
        category="sensory-and-visual-cues",
        fix="Offer a button for everything that motion does.",
        probes=(SHAKING,),
        judge=motion_is_not_needed,
    ),
    OwnRule(
        id="orientation-lock",
        title="The page can be used in portrait and in landscape",
        criteria=("1.3.4",),
        level="AA",
        version="2.1",
        act=("b33eff",),
        category="structure",
        fix="Remove the rotation from @media (orientation: ...).",
        probes=(TURNING,),
        judge=both_orientations,
    ),
)
