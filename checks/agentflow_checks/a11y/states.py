"""States of a page: what opens, dark, narrow, pointed at; judged as the first is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from agentflow_checks.a11y.openers import OPENED, begin, judged, rules_of
from agentflow_checks.a11y.outcome import KINDS
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe, Unknown
from agentflow_checks.web.visits import probe

STATES = ("opened", "dark", "narrow", "pointed")
"""What can be asked for: menus, dialogs and details opened; a dark scheme; a window of
320 px; links and controls pointed at."""

COLOURS = frozenset({"color-contrast", "color-contrast-enhanced", "link-in-text-block"})
PLACES = frozenset({"color-contrast", "target-size", "scrollable-region-focusable"})
"""axe-core's rules whose answer a state can change."""

NARROW = 320


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """axe-core's answer about one state, of what the first one does not show."""

    name: str
    """``with "Menu" opened``: how a finding says it."""
    axe: Mapping[str, Any]
    viewport: int | None = None
    scheme: str | None = None


def states(
    visited: Visit, wanted: Collection[str], rules: Collection[str], *, budget: float
) -> Iterator[State | Unknown]:
    """Bring a page into its states, and give what axe-core finds in each anew.

    Args:
        visited: a visit without `error`.
        wanted: of `STATES`.
        rules: ids of axe-core's rules; of the others nothing is told.
        budget: seconds for the page, those of its visit included.
    """
    names = [name for name in STATES if name in wanted]
    probes = [_PROBES[name] for name in names]
    facts = probe(visited, probes, budget=budget)
    known = _known(visited.axe or {})
    unseen: dict[str, list[str]] = {}
    for name, one in zip(names, probes, strict=True):
        found = facts[one.name]
        if isinstance(found, Unknown):
            unseen.setdefault(found.reason, []).append(name)
            continue
        for state in found["states"]:
            axe = _anew(state["axe"], rules, known)
            yield State(
                name=state["name"],
                axe=axe,
                viewport=state.get("viewport"),
                scheme=state.get("scheme"),
            )
        if left := found.get("left"):
            why = found.get("why", "the time was spent")
            yield Unknown(f"{left} more controls were not tried: {why}")
    for reason, lacking in unseen.items():
        yield Unknown(f"the page {_listed(lacking)}: {reason}")


_SAID = {
    "opened": "with its controls used",
    "dark": "in the dark scheme",
    "narrow": f"in a window of {NARROW} px",
    "pointed": "pointed at",
}


def _listed(names: list[str]) -> str:
    *before, last = (_SAID[name] for name in names)
    return f"{', '.join(before)} and {last}" if before else last


def _known(axe: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Give rule and element of all that the first state shows."""
    return frozenset(
        (rule["id"], json.dumps(node["target"]))
        for kind in ("violations", "incomplete")
        for rule in axe.get(kind, ())
        for node in rule["nodes"]
    )


def _anew(
    axe: Mapping[str, Any],
    rules: Collection[str],
    known: frozenset[tuple[str, str]],
) -> dict[str, Any]:
    """Leave what is asked for and was not found before."""
    whole: dict[str, Any] = {kind: [] for kind in KINDS}
    for kind in ("violations", "incomplete"):
        for rule in axe.get(kind, ()):
            nodes = [
                node
                for node in rule["nodes"]
                if (rule["id"], json.dumps(node["target"])) not in known
            ]
            if nodes and rule["id"] in rules:
                whole[kind].append(rule | {"nodes": nodes})
    return whole


def dark(bench: Bench) -> dict[str, Any]:
    """Ask for a dark scheme, and judge colours if that changes any."""
    begin(bench)
    if not _answers(bench)["dark"]:
        return {"states": []}
    before = probing.ask(bench, "agentflowStates.looks()")
    probing.media(bench, prefers_color_scheme="dark")
    probing.ask(bench, "agentflowStates.rest()")
    if probing.ask(bench, "agentflowStates.looks()") == before:
        return {"states": []}
    axe = judged(bench, COLOURS & rules_of(bench.visited))
    return {"states": [{"name": "in the dark scheme", "scheme": "dark", "axe": axe}]}


def _answers(bench: Bench) -> Any:
    """Give which of ``dark``, ``hover`` and ``focus`` the page may answer to."""
    return json.loads(probing.ask(bench, "agentflowStates.answers()"))


def narrow(bench: Bench) -> dict[str, Any]:
    """Make the window 320 px wide, and judge what that can change."""
    begin(bench)
    probing.resize(bench, NARROW)
    probing.ask(bench, "agentflowStates.rest()")
    axe = judged(bench, PLACES & rules_of(bench.visited))
    name = f"in a window of {NARROW} px"
    return {"states": [{"name": name, "viewport": NARROW, "axe": axe}]}


def pointed(bench: Bench) -> dict[str, Any]:
    """Have every link and control pointed at, then focused; judge their colours."""
    begin(bench)
    answers = _answers(bench)
    wanted = [one for one in POINTED if answers[one[1][0]]]
    if not wanted:
        return {"states": []}
    rules = COLOURS & rules_of(bench.visited)
    before = probing.ask(bench, "agentflowStates.looks()")
    every = _controls(bench)
    nodes = every[:MOST_POINTED]
    found = []
    for name, classes in wanted:
        _force(bench, nodes, classes)
        probing.ask(bench, "agentflowStates.rest()")
        if probing.ask(bench, "agentflowStates.looks()") != before:
            found.append({"name": name, "axe": judged(bench, rules)})
    _force(bench, nodes, ())
    probing.commands(bench, [("CSS.disable", {}), ("DOM.disable", {})])
    return {
        "states": found,
        "left": len(every) - len(nodes),
        "why": f"of a page's links and controls {MOST_POINTED} are pointed at",
    }


POINTED = (
    ("when pointed at", ("hover",)),
    ("with the focus", ("focus", "focus-visible")),
)
"""Names of states, and the pseudo-classes that stand for them."""


def _force(bench: Bench, nodes: Collection[int], classes: Collection[str]) -> None:
    given = {"forcedPseudoClasses": list(classes)}
    forced = [("CSS.forcePseudoState", {"nodeId": node} | given) for node in nodes]
    probing.commands(bench, forced)


MOST_POINTED = 1000


def _controls(bench: Bench) -> list[int]:
    *_, document = probing.commands(
        bench,
        [("DOM.enable", {}), ("CSS.enable", {}), ("DOM.getDocument", {"depth": 0})],
    )
    root = document["root"]["nodeId"]
    wanted = "a[href], button, input, select, textarea, summary, [role], [tabindex]"
    found = probing.command(
        bench, "DOM.querySelectorAll", {"nodeId": root, "selector": wanted}
    )
    return list(found["nodeIds"])


_PROBES = {
    "opened": OPENED,
    "dark": Probe(name="state-dark", run=dark, passing=True),
    "narrow": Probe(name="state-narrow", run=narrow, passing=True),
    "pointed": Probe(name="state-pointed", run=pointed, passing=True),
}
