"""Probes: a visited page used as people use it, with keys, widths and schemes."""

from __future__ import annotations

import base64
import dataclasses
import importlib.resources
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest_agentflow as af
from agentflow_checks.web import browser, tab
from agentflow_checks.web.cdp import CallTimeout, Json
from agentflow_checks.web.page import Visit

ALT, CTRL, META, SHIFT = 1, 2, 4, 8
"""Modifier keys, as the protocol adds them up."""


class Unknown(NamedTuple):
    """A probe's answer where it has none."""

    reason: str


@dataclasses.dataclass(slots=True, kw_only=True)
class Bench:
    """A visited page, open and settled in a tab; the functions below act on it."""

    tab: tab.Tab
    visited: Visit
    url: str
    by: float
    """Moment, on the clock of `time.monotonic`, when the page's budget is spent."""
    used: bool = False
    """Whether keys or the pointer were used: what that did the page alone knows."""
    bent: bool = False
    """Whether size or media are not those that every visit begins with."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Something to do with a page, and what is seen when it is done."""

    name: str
    """One that no other probe has: what it found is kept under it."""
    run: Callable[[Bench], Any]
    """Gives JSON values; may leave the page in any state where `acts` is set. It raises
    what `command` and `ask` raise."""
    acts: bool = True
    """Whether the page is another one afterwards, so that it has to be loaded anew."""
    passing: bool = False
    """Of one that acts: whether all it does passes when size, media and style sheets
    are put back, unless it used keys or the pointer. The page is loaded anew only where
    its document then differs."""


def in_order(probes: Iterable[Probe]) -> list[Probe]:
    """Put first what leaves the page as it is, then what passes: fewer loads."""
    return sorted(probes, key=lambda one: (one.acts, not one.passing))


def command(bench: Bench, method: str, params: Json | None = None) -> Json:
    """Send one command of the browser's protocol, and give its result.

    Raises:
        CallTimeout: the page's time is spent.
        ProtocolError: the browser refused it.
    """
    return tab.command(bench.tab, method, params, by=bench.by)


def commands(bench: Bench, wanted: Iterable[tuple[str, Json]]) -> list[Json]:
    """Send commands that do not need each other's results, and give all their results.

    They are answered in turn, without a wait between each two; it raises what `command`
    raises.
    """
    sent = [tab.send(bench.tab, method, params) for method, params in wanted]
    return [tab.answer(bench.tab, one, by=bench.by) for one in sent]


def ask(bench: Bench, expression: str) -> Any:
    """Evaluate in our own world beside the page's, await a promise, give JSON values.

    The page's scripts cannot see or change what is evaluated there.
    """
    return tab.evaluate(bench.tab, expression, by=bench.by)


def install(bench: Bench, package: str, script: str) -> None:
    """Evaluate a script file of a package of ours in our own world.

    Args:
        bench: the page.
        package: ``agentflow_checks.a11y.rules``.
        script: the file's name in it, ``keyboard.js``.
    """
    text = importlib.resources.files(package).joinpath(script).read_text("utf-8")
    tab.evaluate(bench.tab, f"{text}\n;null", by=bench.by)


def load(bench: Bench, *, still: bool = True) -> None:
    """Load the page anew.

    Args:
        bench: the page.
        still: wait until it has settled, and bring its animations to their end, as
            every check sees it; else it is given back as soon as it is loaded.
    """
    tab.load(bench.tab, bench.url, by=bench.by)
    if still:
        ask(bench, "agentflow.settle(1500)")


def press(
    bench: Bench, key: str, *, modifiers: int = 0, text: str = "", then: str = ""
) -> Any:
    """Press and release one key, as a person does.

    Args:
        bench: the page.
        key: its name in the DOM, ``Tab``, ``Enter``, ``Escape``, ``ArrowDown``, ``a``.
        modifiers: sum of ALT, CTRL, META and SHIFT.
        text: what it writes; a printable key writes itself.
        then: an expression to `ask` at once, whose value is given back. It may begin
            before the key has reached the page, and has to wait for that by itself.
    """
    if not modifiers & ~SHIFT:
        text = text or _TEXTS.get(key, key if len(key) == 1 else "")
    code = _CODES.get(key, ord(key.upper()) if len(key) == 1 else 0)
    event = {"key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code}
    event["code"] = f"Key{key.upper()}" if len(key) == 1 and key.isalpha() else key
    down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
    bench.used = True
    # Both are taken in turn: only the second one is waited for.
    tab.post(bench.tab, "Input.dispatchKeyEvent", {**event, **down})
    up = tab.send(bench.tab, "Input.dispatchKeyEvent", {**event, "type": "keyUp"})
    asked = tab.ask(bench.tab, then) if then else None
    tab.answer(bench.tab, up, by=bench.by)
    return None if asked is None else tab.value(bench.tab, asked, by=bench.by)


_TEXTS = {"Enter": "\r", "Space": " "}
_CODES = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "Space": 32,
    "PageUp": 33,
    "PageDown": 34,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


def point(bench: Bench, x: float, y: float, *, click: bool = False) -> None:
    """Move the pointer to a place in the viewport, and click there where asked."""
    where: Json = {"x": x, "y": y}
    bench.used = True
    command(bench, "Input.dispatchMouseEvent", {**where, "type": "mouseMoved"})
    if click:
        once = {**where, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            command(bench, "Input.dispatchMouseEvent", {**once, "type": kind})


def resize(bench: Bench, width: int, height: int = browser.VIEWPORT[1]) -> None:
    """Give the viewport a size in CSS pixels."""
    bench.bent = True
    tab.resize(bench.tab, width, height, by=bench.by)


def media(bench: Bench, *, still: bool = True, **features: str) -> None:
    """Emulate what a person asked the browser for.

    Args:
        bench: the page.
        still: whether reduced motion is asked for, as it is on every visit.
        features: by name with underscores, ``prefers_color_scheme="dark"``.
    """
    bench.bent = True
    wanted = {"prefers_reduced_motion": "reduce" if still else "no-preference"}
    listed = [
        {"name": name.replace("_", "-"), "value": value}
        for name, value in (wanted | features).items()
    ]
    command(bench, "Emulation.setEmulatedMedia", {"media": "", "features": listed})


def picture(bench: Bench, clip: af.Box | None = None) -> bytes:
    """Take a PNG of the viewport, or of what a rectangle of the page shows in it."""
    request: dict[str, Any] = {"format": "png", "optimizeForSpeed": True}
    if clip is not None:
        request["clip"] = {**clip._asdict(), "scale": 1}
    answer = command(bench, "Page.captureScreenshot", request)
    return base64.b64decode(answer["data"])


def pause(bench: Bench, seconds: float) -> None:
    """Let the page do what it does by itself.

    Raises:
        CallTimeout: the page's time does not last so long.
    """
    if time.monotonic() + seconds > bench.by:
        message = f"{seconds:g} s are more than the page's time has left"
        raise CallTimeout(message)
    ask(bench, f"new Promise((done) => setTimeout(done, {json.dumps(seconds * 1000)}))")


def put_back(bench: Bench) -> None:
    """Give the tab the viewport and the media that every visit begins with."""
    if bench.bent:
        resize(bench, browser.VIEWPORT[0])
        media(bench)
        bench.bent = False


def mark(bench: Bench) -> Any:
    """Remember the page as it is; `unchanged` compares."""
    return ask(bench, "agentflow.mark()")


def unchanged(bench: Bench, marked: Any) -> bool:
    """Take back our style sheets, and tell whether the page is as it was marked."""
    return not bench.used and bool(
        ask(bench, f"agentflow.unchanged({json.dumps(marked)})")
    )
