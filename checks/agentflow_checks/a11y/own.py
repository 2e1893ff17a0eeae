"""Our own rules' answers, in axe-core's form, so that one pipeline reads both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.outcome import KINDS
from agentflow_checks.a11y.rules import RULES
from agentflow_checks.a11y.rules.rule import OwnRule, Subject
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Unknown
from agentflow_checks.web.visits import probe


def answer(
    visited: Visit, rules: Collection[str], *, budget: float
) -> dict[str, list[dict[str, Any]]]:
    """Judge a visited page by rules of ours.

    Args:
        visited: a visit without `error`.
        rules: ids of `RULES`; others are left to axe-core.
        budget: seconds for the page, those of its visit included.
    """
    asked = [rule for name, rule in RULES.items() if name in rules]
    probes = {one.name: one for rule in asked for one in rule.probes}
    facts = probe(visited, probes.values(), budget=budget) if probes else {}
    whole: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    unseen: dict[str, list[str]] = {}
    for rule in asked:
        if lacking := _lacking(rule, facts):
            unseen.setdefault(lacking.reason, []).append(rule.id)
            continue
        for kind, found in _judged(rule, visited, facts).items():
            whole[kind].append(found)
    if unseen:
        whole["incomplete"].append(_not_examined(unseen))
    return whole


def merged(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Put two answers together."""
    return {kind: [*one.get(kind, ()), *other.get(kind, ())] for kind in KINDS}


def _judged(
    rule: OwnRule, visited: Visit, facts: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Give one rule's part of each kind of answer that it has a part in."""
    shown = {
        "id": rule.id,
        "tags": list(rule.tags),
        "help": rule.title,
        "helpUrl": rule.help_url,
        "description": rule.fix,
        "impact": rule.impact,
    }
    mine = {one.name: facts[one.name] for one in rule.probes}
    subjects = list(rule.judge(visited, mine))
    if not subjects:
        return {"inapplicable": shown}
    parts: dict[str, dict[str, Any]] = {}
    for kind, verdict in (
        ("violations", af.Verdict.FAILED),
        ("incomplete", af.Verdict.UNDETERMINED),
    ):
        if nodes := [_node(rule, s) for s in subjects if s.verdict is verdict]:
            parts[kind] = shown | {"nodes": nodes}
    if good := sum(s.verdict is af.Verdict.PASSED for s in subjects):
        parts["passes"] = shown | {"count": good}
    return parts


def _lacking(rule: OwnRule, facts: Mapping[str, Any]) -> Unknown | None:
    """Give why a rule cannot be judged: a probe that did not come to its end."""
    found = (facts[one.name] for one in rule.probes)
    return next((one for one in found if isinstance(one, Unknown)), None)


EXAMINED = "own-rules-examined"
"""Asks about the page for all rules that were not judged: they themselves are not told,
for they neither hold nor are without a subject, and what they found before is not gone.
"""


def _not_examined(unseen: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """Ask once for each reason why rules were not judged, and name them."""
    return {
        "id": EXAMINED,
        "tags": [],
        "help": "Every rule of ours was judged",
        "helpUrl": None,
        "description": "",
        "impact": "serious",
        "nodes": [_without(reason, rules) for reason, rules in unseen.items()],
    }


def _without(reason: str, rules: Collection[str]) -> dict[str, Any]:
    count = "1 rule was" if len(rules) == 1 else f"{len(rules)} rules were"
    listed = ", ".join(rules)
    message = f"{reason}, and {count} not examined: {listed}"
    return {
        "target": ["html"],
        "html": f"not examined: {listed}",
        "impact": "serious",
        "box": None,
        "checks": [{"id": EXAMINED, "message": message, "data": None}],
        "remedy": {
            "message": message,
            "observed": "",
            "expected": None,
            "fix": "Give the page more time, accessibility(budget=30), or judge by "
            "fewer rules or states.",
        },
    }


def _node(rule: OwnRule, subject: Subject) -> dict[str, Any]:
    return {
        "target": [subject.selector],
        "html": subject.html,
        "impact": rule.impact,
        "box": None if subject.box is None else list(subject.box),
        "checks": [{"id": rule.id, "message": subject.message, "data": None}],
        "remedy": {
            "message": subject.message,
            "observed": subject.observed or subject.html,
            "expected": subject.expected,
            "fix": subject.fix or rule.fix,
        },
    }
