"""Whether the page stays what it is while people look around and fill in fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

MOST = 40
"""Controls of a page that are tried; those after them are asked about."""

KEYS = {"select-one": "ArrowDown", "checkbox": "Space", "radio": "Space"}
"""What makes a choice in a field; in the others a letter is written."""


def _listed(bench: Bench) -> Any:
    probing.install(bench, __package__, "changes.js")
    return json.loads(probing.ask(bench, f"agentflowChanges.list({MOST})"))


def _led(bench: Bench, act: Callable[[], object]) -> str:
    """Do something, and say where the page would go by it, or what it opens."""
    gone, opened = len(bench.tab.navigated_to), len(bench.tab.dialogs)
    act()
    probing.ask(bench, "agentflowChanges.rest()")
    new = [*bench.tab.navigated_to[gone:], *bench.tab.dialogs[opened:]]
    return new[0] if new else ""


def focused(bench: Bench) -> dict[str, Any]:
    """Give the focus to each control, and see whether the page leaves or opens."""
    page = _listed(bench)
    if not page["hears"]:
        return _untouched(page, "stops")
    stops = [
        stop | {"led": _led(bench, lambda i=index: _ask(bench, f"focus({i})"))}  # type: ignore[misc]
        for index, stop in enumerate(page["stops"])
    ]
    return {"tried": stops, "left": page["left"]["stops"]}


def filled(bench: Bench) -> dict[str, Any]:
    """Choose or write something in each field, and see whether the page leaves."""
    page = _listed(bench)
    if not page["hears"]:
        return _untouched(page, "fields")
    found = []
    for index, field in enumerate(page["fields"]):
        if _ask(bench, f"enter({index})"):
            led = _led(bench, lambda kind=field["type"]: _fill(bench, kind))  # type: ignore[misc]
            found.append(field | {"led": led})
    return {"tried": found, "left": page["left"]["fields"]}


def _untouched(page: dict[str, Any], kind: str) -> dict[str, Any]:
    """Give the controls of a page that hears of nothing: none leads anywhere."""
    return {
        "tried": [one | {"led": ""} for one in page[kind]],
        "left": page["left"][kind],
    }


def _fill(bench: Bench, kind: str) -> None:
    probing.press(bench, KEYS.get(kind, "1" if kind == "number" else "a"))
    if kind not in KEYS:
        probing.press(bench, "Tab")


def _ask(bench: Bench, question: str) -> Any:
    return probing.ask(bench, f"agentflowChanges.{question}")


FOCUSED = Probe(name="changes-focused", run=focused, passing=True)
FILLED = Probe(name="changes-filled", run=filled, passing=True)


def _subject(found: dict[str, Any], verdict: af.Verdict, message: str = "") -> Subject:
    return Subject(
        verdict=verdict,
        selector=found["selector"],
        html=found["html"],
        box=af.Box(*found["box"]),
        message=message,
    )


def _beyond(left: int) -> Iterator[Subject]:
    """Ask about the controls that were not tried."""
    if left:
        message = f"{left} more controls were not tried: {MOST} of a page are"
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)


def on_focus(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each control by what giving it the focus does."""
    del visited
    yield from _beyond(facts[FOCUSED.name]["left"])
    for stop in facts[FOCUSED.name]["tried"]:
        if stop["led"]:
            message = f"the focus alone makes the page leave or open: {stop['led']}"
            yield _subject(stop, af.Verdict.FAILED, message)
        else:
            yield _subject(stop, af.Verdict.PASSED)


def on_input(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each field by what filling it in does."""
    del visited
    yield from _beyond(facts[FILLED.name]["left"])
    for field in facts[FILLED.name]["tried"]:
        if field["led"]:
            message = (
                f"filling it in makes the page leave or open: {field['led']}; is that "
                "said before it?"
            )
            yield _subject(field, af.Verdict.UNDETERMINED, message)
        else:
            yield _subject(field, af.Verdict.PASSED)


RULES = (
    OwnRule(
        id="focus-changes-nothing",
        title="The focus alone changes nothing",
        criteria=("3.2.1",),
        category="keyboard",
        fix="Act on a click or on Enter, not on focus.",
        probes=(FOCUSED,),
        judge=on_focus,
    ),
    OwnRule(
        id="input-changes-nothing",
        title="Filling in a field does not leave the page",
        criteria=("3.2.2",),
        category="forms",
        fix="Offer a button that goes on, or say before the field what it does.",
        probes=(FILLED,),
        judge=on_input,
    ),
)
