"""The rules of a SARIF log: what they ask, why, and how faults are mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.verdict import Severity, Verdict
from pytest_agentflow.report import tally
from pytest_agentflow.report.escaping import code, escape
from pytest_agentflow.report.html import web_address
from pytest_agentflow.report.sarif_text import literal
from pytest_agentflow.report.text import one_line

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}

TEXT = 1_000
"""Characters: GitHub shows at most 1,024 of a rule's descriptions."""

TAGS = 10
"""GitHub keeps the first ten."""


def level_of(finding: Finding) -> str:
    """Give the level of a finding: ``error``, ``warning`` or ``note``."""
    if finding.verdict is Verdict.ERROR:
        return "error"
    if finding.verdict is Verdict.UNDETERMINED:
        return "note"
    level = LEVELS[finding.severity]
    return "warning" if finding.advisory and level == "error" else level


def rule_list(
    runs: Sequence[tally.JudgedRun], found: Sequence[Finding]
) -> list[dict[str, Any]]:
    """Describe each rule that found something, once, in the order of `found`.

    Args:
        runs: what was judged; their results name the rules.
        found: the findings that are told.
    """
    titles: dict[str, str] = {}
    checks: dict[str, str] = {}
    for judged in runs:
        for result in tally.results_of(judged):
            for rule in result.rules:
                checks.setdefault(rule.rule, result.check)
                titles[rule.rule] = titles.get(rule.rule) or rule.title or result.title
    by_rule: dict[str, list[Finding]] = {}
    for finding in found:
        by_rule.setdefault(finding.rule, []).append(finding)
    return [
        _rule(name, titles.get(name, ""), checks.get(name, ""), findings)
        for name, findings in by_rule.items()
    ]


def _rule(
    name: str, title: str, check: str, findings: Sequence[Finding]
) -> dict[str, Any]:
    first = findings[0]
    told = one_line(first.title or title or first.message, TEXT) or "A check of yours."
    made = {
        "id": name,
        "shortDescription": {"text": literal(told)},
        "fullDescription": {"text": literal(one_line(f"{told}. {first.why}", TEXT))},
        "help": dict(_help(told, check, findings)),
        "defaultConfiguration": {"level": level_of(first)},
        "properties": {"tags": _tags(check, first), "precision": _precision(findings)},
    }
    if address := web_address(first.help_url):
        made["helpUri"] = address
    return made


def _help(
    told: str, check: str, findings: Sequence[Finding]
) -> Iterator[tuple[str, str]]:
    fixes = list(dict.fromkeys(f.fix for f in findings if f.fix))[:5]
    why, address = findings[0].why, web_address(findings[0].help_url)
    plain = [told, why, *(f"Fix: {one_line(fix, TEXT)}" for fix in fixes), address]
    yield "text", literal("\n".join(filter(None, plain)))
    marked = [f"**{escape(told, TEXT)}**", escape(why, TEXT)]
    marked += [f"Fix: {escape(fix, TEXT)}" for fix in fixes]
    marked += (
        [f"[About this rule]({address})"] if address and ")" not in address else []
    )
    marked += [f"A rule of the check {code(check)}."] if check else []
    yield "markdown", "\n\n".join(filter(None, marked))


def _tags(check: str, first: Finding) -> list[str]:
    named = dict.fromkeys([one_line(check, 80), *(one_line(t, 80) for t in first.tags)])
    return [tag for tag in named if tag][:TAGS]


def _precision(findings: Sequence[Finding]) -> str:
    """Say how sure the rule is; what only asks is not shown before the rest."""
    asks = all(f.verdict is Verdict.UNDETERMINED for f in findings)
    return "medium" if asks else "very-high"
