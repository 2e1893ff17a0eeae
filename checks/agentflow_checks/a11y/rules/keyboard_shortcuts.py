"""Whether single printable keys do something, wherever the focus is."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

PRINTABLE = string.ascii_lowercase + string.digits + "-=[];',./?!+*#"


def shortcuts(bench: Bench) -> dict[str, Any]:
    """Press each printable key with the focus nowhere, and see what changes.

    Gives ``listens`` (whether anything listens to keys there), ``moves`` (whether the
    page changes by itself), ``keys`` (those that change it), ``settings`` (how many
    controls name keys), ``kept`` (keys that change it when those were used).
    """
    found: dict[str, Any] = {"listens": _listens(bench), "moves": False, "keys": []}
    if not found["listens"]:
        return found
    probing.install(bench, __package__, "keyboard.js")
    probing.ask(bench, "agentflowKeys.start()")
    probing.ask(bench, "agentflowKeys.watch()")
    probing.pause(bench, 0.15)
    if probing.ask(bench, "agentflowKeys.changed()"):
        return found | {"moves": True}
    keys = [key for key in PRINTABLE if _changes(bench, key)]
    settings = int(probing.ask(bench, "agentflowKeys.settings()")) if keys else 0
    if settings:
        probing.ask(bench, "agentflowKeys.set()")
    kept = [key for key in keys if _changes(bench, key)] if settings else keys
    return found | {"keys": keys, "settings": settings, "kept": kept}


def _changes(bench: Bench, key: str) -> bool:
    probing.ask(bench, "agentflowKeys.watch()")
    probing.press(bench, key)
    return bool(probing.ask(bench, "agentflowKeys.changed()"))


def _listens(bench: Bench) -> bool:
    """Whether something listens to keys wherever the focus is."""
    if not _SCRIPTED.search(bench.visited.dom):
        return False
    names = ("window", "document", "document.documentElement", "document.body")
    # The listeners of a world are told to that world alone: here the page's own.
    asked = [("Runtime.evaluate", {"expression": name}) for name in names]
    objects = [one["result"].get("objectId") for one in probing.commands(bench, asked)]
    told = probing.commands(
        bench,
        [
            ("DOMDebugger.getEventListeners", {"objectId": one})
            for one in objects
            if one is not None
        ],
    )
    return any(
        listener["type"].startswith("key")
        for one in told
        for listener in one["listeners"]
    )


_SCRIPTED = re.compile(r"<script\b|\bonkey|<i?frame\b", re.IGNORECASE)
"""Without any of these nothing listens."""


SHORTCUTS = Probe(name="keyboard-shortcuts", run=shortcuts, passing=True)


def no_single_key(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the page by what single printable keys do to it."""
    del visited
    seen = facts[SHORTCUTS.name]
    if not seen["listens"]:
        return
    keys = ", ".join(seen["keys"])
    if seen["moves"]:
        message = (
            "the page listens to keys, and changes by itself, so that it is not seen "
            "what a key changes: do single letters or digits do something?"
        )
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    elif not keys or not seen["kept"]:
        yield Subject(verdict=af.Verdict.PASSED)
    elif seen["settings"]:
        message = (
            f"a single key does something ({keys}), and the page has a setting for "
            "keys: does it turn them off?"
        )
        yield Subject(verdict=af.Verdict.UNDETERMINED, message=message)
    else:
        yield Subject(
            verdict=af.Verdict.FAILED,
            message=f"a single key does something, wherever the focus is: {keys}",
            observed=keys,
            expected="together with Ctrl or Alt only, or a setting that turns it off",
        )
