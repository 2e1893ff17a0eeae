"""Which fault a rule of axe-core or of ours reports, in words that all checks share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from agentflow_checks.a11y.remedies import checks_of, detail
from agentflow_checks.web import faults

Where = Callable[[str], tuple[int, int] | None]


def fault_of(rule: str, node: Mapping[str, Any], where: Where) -> str | None:
    """Name the fault, where the HTML checker or another rule may report it, too.

    Args:
        rule: id of the rule, as axe-core has it.
        node: what it found, in axe-core's form.
        where: gives line and column of a selector's element in the source.
    """
    if word := faults.RULES.get(rule):
        return word
    said = detail(node)
    if word := faults.ATTRIBUTES.get(rule):
        return _of_attribute(word, said)
    if rule in faults.NESTING or rule == "nested-interactive":
        return _of_nesting(node, said, where)
    # Only that ids are given twice is told with the id.
    if rule.startswith("duplicate-id") and (same := re.search(r": (\S+)$", said)):
        return f"page:id={same[1]}"
    return None


def _of_attribute(word: str, said: str) -> str | None:
    named = re.search(r"\baria-[\w-]+", said)
    if named is None:
        return None
    if word == "value" and named[0] in faults.REFERENCES:
        return faults.reference(named[0])
    return f"{word}:{named[0]}"


def _of_nesting(node: Mapping[str, Any], said: str, where: Where) -> str | None:
    """Name the spot of what is out of place: a child of the node, else the node."""
    related = [one for check in checks_of(node) for one in check.get("related", ())]
    target = related[0] if related else node["target"]
    flat = [step for step in target if isinstance(step, str)]
    spot = where(flat[0]) if len(flat) == len(target) == 1 else None
    inner = re.search(r"not allowed: (\w+)", said)
    outer = re.match(r"<(\w+)", node["html"])
    if spot is None and not (inner and outer):
        return None
    names = (inner[1] if inner else "", outer[1] if outer else "")
    return faults.nesting(*names, spot)
