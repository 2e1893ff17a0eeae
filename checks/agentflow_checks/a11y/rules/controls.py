"""What stops on a page when its own controls are used."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from agentflow_checks.web import probing
from agentflow_checks.web.probing import Bench

MOST_TRIED = 12
"""Controls that are used on one page; those whose name says so come first."""


def stopped_by(
    bench: Bench,
    pattern: str,
    stopped: Callable[[], bool],
    *,
    near: Sequence[float] = (),
) -> dict[str, Any]:
    """Use the page's controls one after the other until something has stopped.

    Args:
        bench: the page.
        pattern: regular expression of the names to begin with.
        stopped: whether what is looked for has stopped, or is gone.
        near: the box of what is to be stopped: some controls are shown only while the
            pointer is there.

    Returns:
        ``by``: the control that stopped it, None if none did; ``shown``: whether that
        one is to be seen, at least when it has the focus; ``tried``: names of those
        used; ``left``: how many were not; ``doubts``: names that say so of controls
        that were not used or did not stop it.
    """
    probing.install(bench, __package__, "controls.js")
    found: dict[str, Any] = {"by": None, "shown": False, "left": 0}
    tried: list[str] = []
    doubts: list[str] = []
    for hidden in (False, True):
        while len(tried) < MOST_TRIED * (1 + hidden):
            one = _next(bench, pattern, hidden=hidden)
            doubts += one["away"]
            control = one["control"]
            found["left"] = one["left"]
            if control is None:
                break
            seen = not hidden or _shown(bench, near)
            probing.ask(bench, "agentflowControls.press()")
            tried.append(control["name"])
            if stopped():
                found |= {"by": control, "shown": seen}
                break
            if control["says"]:
                doubts.append(control["name"])
        # What is hidden is a control for nobody, unless another one shows it.
        if found["by"] or found["left"]:
            break
    return found | {"tried": tried, "doubts": list(dict.fromkeys(doubts))}


def _next(bench: Bench, pattern: str, *, hidden: bool) -> Any:
    asked = f"agentflowControls.next({json.dumps(pattern)}, {json.dumps(hidden)})"
    return json.loads(probing.ask(bench, asked))


def _shown(bench: Bench, near: Sequence[float]) -> bool:
    """Whether a control is shown once it has the focus, or the pointer is near."""
    if near:
        x, y, width, height = near
        probing.point(bench, x + width / 2, y + height / 2)
    return bool(probing.ask(bench, "agentflowControls.shown()"))


def missing(found: dict[str, Any]) -> str:
    """Say what keeps a control from being one for everybody; empty: nothing does."""
    control = found["by"]
    if not control["name"]:
        return f"the control that stops it ({control['selector']}) has no name"
    if not control["told"]:
        return f"the control that stops it ({control['selector']}) is aria-hidden"
    if not found["shown"]:
        return f"the control that stops it ({control['selector']}) cannot be seen"
    return ""


def doubt(found: dict[str, Any]) -> str:
    """Say which controls may do it nevertheless; empty: there are none."""
    if found["doubts"]:
        names = ", ".join(repr(name) for name in found["doubts"][:3])
        return f"does {names} stop it?"
    if found["left"]:
        return f"does one of the {found['left']} controls that were not tried stop it?"
    return ""
