"""Find checks by name in entry-point metadata, without importing them."""

from __future__ import annotations

import difflib
import importlib.metadata
import sys
from functools import cache

from pytest_agentflow.checking.check import CheckFactory

GROUP = "pytest_agentflow.checks"
VERSIONS = "pytest_agentflow.versions"


class UnknownCheck(LookupError):
    """No installed distribution offers a check of that name."""

    __module__ = "pytest_agentflow"


class CheckNotInstalled(ImportError):
    """A check's own dependencies are not installed."""

    __module__ = "pytest_agentflow"


@cache
def check_names() -> dict[str, str]:
    """Give the names of all installed checks with their ``module:function``."""
    entries = importlib.metadata.entry_points(group=GROUP)
    return {entry.name: entry.value for entry in sorted(entries, key=lambda e: e.name)}


def find_check(name: str) -> CheckFactory[...]:
    """Load the check with this marker name; raises `UnknownCheck` with a suggestion."""
    names = check_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(names) or "none is installed"
        message = f"there is no check {name!r}.{hint} Checks: {listed}."
        raise UnknownCheck(message)
    try:
        found = importlib.metadata.EntryPoint(name, names[name], GROUP).load()
    except ImportError as error:
        message = f"the check {name!r} ({names[name]}) cannot be loaded: {error}"
        raise CheckNotInstalled(message) from error
    if not isinstance(found, CheckFactory):
        message = f"entry point {name} = {names[name]} is no check (@af.check)"
        raise UnknownCheck(message)
    return found


def engine_versions() -> dict[str, str]:
    """Ask the families that were used in this process for their engines' versions.

    The values of the group ``pytest_agentflow.versions`` are functions that give names
    and versions; one whose module was never imported has judged nothing.
    """
    found: dict[str, str] = {}
    for entry in sorted(importlib.metadata.entry_points(group=VERSIONS)):
        if entry.module in sys.modules:
            found |= entry.load()()
    return found
