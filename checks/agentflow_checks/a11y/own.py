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
    for rule in asked:
        for kind, found in _judged(rule, visited, facts).items():
            whole[kind].append(found)
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
    lacking = [found for found in mine.values() if isinstance(found, Unknown)]
    if lacking:
        nodes = [_node(rule, _not_examined(lacking[0]))]
        return {"incomplete": shown | {"nodes": nodes}}
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


def _not_examined(unknown: Unknown) -> Subject:
    return Subject(
        verdict=af.Verdict.UNDETERMINED, message=f"not examined: {unknown.reason}"
    )


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
