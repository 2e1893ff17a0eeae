"""What the controls of a page open: used by key, one after the other."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from agentflow_checks.a11y.outcome import KINDS
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

MOST_OPENED = 30
"""Controls that are tried on one page."""

RESERVE = 0.5
"""Seconds that one more control is given at least."""


def begin(bench: Bench) -> None:
    """Put the script beside the page that is asked below."""
    probing.install(bench, __package__, "states.js")


def _said(bench: Bench, question: str) -> Any:
    return json.loads(probing.ask(bench, f"agentflowStates.{question}"))


def judged(bench: Bench, rules: Collection[str], roots: list[str] | None = None) -> Any:
    """Give axe-core's answer to these rules, about the page or what lies in `roots`."""
    if not rules:
        return {}
    question = f"agentflow.judge({json.dumps(sorted(rules))}, {json.dumps(roots)})"
    return json.loads(probing.ask(bench, question))


def rules_of(visited: Visit) -> frozenset[str]:
    """Give the rules that the visit ran: a state repeats no others."""
    axe = visited.axe or {}
    return frozenset(rule["id"] for kind in KINDS for rule in axe.get(kind, ()))


def opened(bench: Bench) -> dict[str, Any]:
    """Use each control that may open something, by its key, and look at what it does.

    Gives ``states``, ``openers`` (see `_opened`) and ``left``, how many were not tried.
    """
    begin(bench)
    rules = rules_of(bench.visited)
    listed = _said(bench, f"listed({MOST_OPENED})")
    openers: list[dict[str, Any]] = []
    slowest = RESERVE
    fresh = True
    marked = probing.mark(bench) if listed else None
    for control in listed:
        since = time.monotonic()
        if since + 2 * slowest > bench.by:
            break
        if not fresh:
            probing.load(bench)
            begin(bench)
        openers.append(control | _opened(bench, control, rules))
        fresh = control["native"] and _closed(bench, marked)
        slowest = max(slowest, time.monotonic() - since)
    return {
        "openers": openers,
        "left": len(listed) - len(openers),
        "states": [
            {"name": f"with {_name(one)} opened", "axe": one["axe"]}
            for one in openers
            if one["shown"]
        ],
    }


def _closed(bench: Bench, marked: Any) -> bool:
    """Whether what was opened is closed, and the page as it was before any of it."""
    probing.ask(bench, "agentflowStates.leave()")
    return bool(probing.mark(bench) == marked)


def _name(control: Mapping[str, Any]) -> str:
    return f"{control['name']!r}" if control["name"] else str(control["selector"])


def _opened(
    bench: Bench, control: Mapping[str, Any], rules: Collection[str]
) -> dict[str, Any]:
    """Use one control.

    Gives ``shown`` (how many elements it brought to sight), ``expanded`` (its
    aria-expanded then), ``renamed``, ``axe``, ``hides`` (whether a second use hides the
    same again) and ``dialog``.
    """
    _use(bench, control)
    seen = _said(bench, "opened()")
    found = {
        "shown": seen["count"],
        "expanded": seen["expanded"],
        "renamed": seen["named"],
        "hides": False,
        "dialog": seen["dialog"],
        "axe": {},
    }
    if not seen["count"]:
        return found
    found["axe"] = judged(bench, rules, seen["roots"])
    if seen["dialog"]:
        found["dialog"] |= _dialog(bench, seen["dialog"])
    else:
        _use(bench, control, again=True)
        found["hides"] = bool(probing.ask(bench, "agentflowStates.hidden()"))
    return found


def _use(bench: Bench, control: Mapping[str, Any], *, again: bool = False) -> None:
    """Press Enter on a control; where the keyboard does not get to it, click it."""
    selector = json.dumps(control["selector"])
    focused = (
        probing.ask(bench, f"agentflowStates.refocus({selector})")
        if again
        else probing.ask(bench, f"agentflowStates.prepare({selector})")
    )
    if focused:
        probing.press(bench, "Enter")
    else:
        probing.ask(bench, "agentflowStates.click()")
    probing.ask(bench, "agentflowStates.rest()")


def _dialog(bench: Bench, dialog: Mapping[str, Any]) -> dict[str, Any]:
    """Tab through an open dialog, and close it.

    Gives ``escaped_to`` (what got the focus outside of it, empty: nothing), ``escape``
    (whether Escape closes it), ``closed``, ``back`` (where the focus is then:
    ``opener``, a selector, or empty where it is lost).
    """
    left = ""
    for _ in range(dialog["stops"] + 2):
        probing.press(bench, "Tab")
        left = left or probing.ask(bench, "agentflowStates.away()")
    # Past the last stop the focus is in the browser's own bars.
    probing.ask(bench, "agentflowStates.into()")
    probing.press(bench, "Escape")
    probing.ask(bench, "agentflowStates.rest()")
    escape = bool(probing.ask(bench, "agentflowStates.closed()"))
    if not escape:
        probing.ask(bench, "agentflowStates.close()")
        probing.ask(bench, "agentflowStates.rest()")
    closed = bool(probing.ask(bench, "agentflowStates.closed()"))
    back = probing.ask(bench, "agentflowStates.where()")
    return {"escaped_to": left, "escape": escape, "closed": closed, "back": back}


def collapsed(bench: Bench) -> Any:
    """Give the content of every collapsed control, and whether it is out of the way."""
    begin(bench)
    return _said(bench, "collapsed()")


OPENED = Probe(name="state-opened", run=opened)
COLLAPSED = Probe(name="state-collapsed", run=collapsed, acts=False)
