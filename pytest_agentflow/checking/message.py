"""Evaluations as terminal text: one message that lists every finding of every check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_agentflow.attribution.trace import INPUTS, WORKFLOW
from pytest_agentflow.checking.results import CheckResult, Evaluation, RuleResult
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.text import plain_line, visible
from pytest_agentflow.model.verdict import Severity, Verdict

PER_CAUSE = 5
"""At most so many findings of one rule are printed, then a count."""

OPTIONAL = (
    "if that is intended: optional=True in a mark or with -c, .optional() in Python"
)

LONGEST = 300
"""At most so many characters of what was expected or observed are printed."""


def failure_message(evaluation: Evaluation) -> str:
    """Say what of `evaluation` does not hold, check by check."""
    bad = [r for r in evaluation.results if not r.ok]
    run = plain_line(evaluation.run)
    head = f"run {run} fails {len(bad)} of {_checks(evaluation)}"
    if not evaluation.results:
        return f"run {run} was judged by no check"
    return "\n".join([head, *(line for result in bad for line in _result(result))])


def _checks(evaluation: Evaluation) -> str:
    count = len(evaluation.results)
    return f"{count} check" if count == 1 else f"{count} checks"


def _result(result: CheckResult) -> Iterator[str]:
    yield ""
    written, title = plain_line(result.written), plain_line(result.title)
    if result.verdict is Verdict.INAPPLICABLE:
        yield f"  {written}  examined nothing: {title}"
        yield from (f"    {_block(note.text, 4)}" for note in result.notes)
        yield f"    ({OPTIONAL})"
        return
    yield f"  {written}  {result.verdict}: {title}"
    for rule in result.rules:
        if rule.verdict in (Verdict.FAILED, Verdict.ERROR) or _unclear(result, rule):
            yield from _rule(result, rule)
    yield from (f"    note: {_block(n.text, 4)}" for n in result.notes if n.warning)


def _unclear(result: CheckResult, rule: RuleResult) -> bool:
    return (
        result.verdict is Verdict.UNDETERMINED and rule.verdict is Verdict.UNDETERMINED
    )


def _rule(result: CheckResult, rule: RuleResult) -> Iterator[str]:
    shown = [f for f in rule.findings if _shown(result, f)]
    if rule.rule != result.check:
        name, title = plain_line(rule.rule), plain_line(rule.title)
        # "error" is what a reader takes for granted; warnings have their note.
        critical = any(f.severity is Severity.CRITICAL for f in shown)
        name += "  critical" if critical else ""
        counted = f"    {name}  {len(_keys(shown))} of {rule.examined}"
        yield f"{counted}  {title}" if title else counted
    elif rule.examined:
        yield f"    {len(_keys(shown))} of {rule.examined}"
    for finding in shown[:PER_CAUSE]:
        yield from finding_lines(finding, indent="      ")
    if len(shown) > PER_CAUSE:
        yield f"      and {len(shown) - PER_CAUSE} more of {plain_line(rule.rule)}"


def _keys(findings: Sequence[Finding]) -> set[str]:
    return {f.subject or f"#{i}" for i, f in enumerate(findings)}


def _shown(result: CheckResult, finding: Finding) -> bool:
    if finding.verdict is Verdict.UNDETERMINED:
        return result.strict or result.verdict is Verdict.UNDETERMINED
    return finding.verdict is Verdict.ERROR or finding.fails


def finding_lines(finding: Finding, indent: str = "") -> Iterator[str]:
    """Give one finding as lines: place and message, then what helps to repair it.

    What was recorded is quoted so that no terminal obeys it: controls are shown. A
    place that the message begins with is not said twice.
    """
    place = plain_line(str(finding.place))
    message = " ".join(visible(finding.message).split())
    named = not place or re.match(rf"{re.escape(place)}(?![\w./-])", message)
    yield f"{indent}{message}" if named else f"{indent}{place}: {message}"
    inner = indent + "  "
    if finding.expected is not None:
        yield f"{inner}expected {_one_line(finding.expected)}"
    if finding.observed is not None:
        yield f"{inner}observed {_one_line(finding.observed)}"
    if blame := attribution_text(finding):
        yield f"{inner}{plain_line(blame)}"
    if finding.verdict is Verdict.ERROR and finding.status == "known":
        yield f"{inner}the run had the same error before, and is still not examined"
    if finding.status == "expired":
        yield f"{inner}its waiver has expired"
    if finding.fix:
        yield f"{inner}fix: {_block(finding.fix, len(inner))}"


def _block(text: str, indent: int) -> str:
    """Give text of several lines; the later ones cannot pass for lines of ours."""
    first, *more = map(plain_line, visible(text).split("\n"))
    return "\n".join([first, *(f"{' ' * indent}  {line}" for line in more)])


def _one_line(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ... ({len(line)} long)"


def attribution_text(finding: Finding) -> str:
    """Say in words which stage brought the fault in, and which way it went."""
    if finding.introduced_between is not None:
        first, last = map(_who, finding.introduced_between)
        text = f"introduced between {first} and {last}"
    elif finding.introduced_by is not None:
        text = f"introduced by {_who(finding.introduced_by)}"
    elif finding.lost_at is not None:
        text = f"lost at {finding.lost_at}"
    else:
        return ""
    if finding.propagated_through:
        text += f", propagated through {', '.join(finding.propagated_through)}"
    if finding.repaired_by is not None:
        text += f", repaired by {finding.repaired_by}"
    return text


def _who(name: str) -> str:
    """Name a stage, or in words what is none: the workflow's own code, the inputs."""
    words = {
        WORKFLOW: "the workflow's own code, in no stage",
        INPUTS: "the inputs or sources of the run",
    }
    return words.get(name, name)
