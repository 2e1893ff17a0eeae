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
    asked = f"agentflowControls.list({json.dumps(pattern)}, {MOST_TRIED})"
    listed = json.loads(probing.ask(bench, asked))
    found: dict[str, Any] = {"by": None, "shown": False, "left": listed["left"]}
    tried, doubts = [], []
    for index, control in enumerate(listed["controls"]):
        if not control["leads"]:
            seen = control["visible"] or _shown(bench, index, near)
            probing.ask(bench, f"agentflowControls.press({index})")
            tried.append(control["name"])
            if stopped():
                found |= {"by": control, "shown": seen}
                break
        if control["says"] and control["name"]:
            doubts.append(control["name"])
    return found | {"tried": tried, "doubts": doubts}


def _shown(bench: Bench, index: int, near: Sequence[float]) -> bool:
    """Whether a control is shown once it has the focus, or the pointer is near."""
    if near:
        x, y, width, height = near
        probing.point(bench, x + width / 2, y + height / 2)
    return bool(probing.ask(bench, f"agentflowControls.shown({index})"))


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
