"""Evaluations as terminal text: one message that lists every finding of every check."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pytest_agentflow.attribution.trace import INPUTS, WORKFLOW
from pytest_agentflow.checking.results import CheckResult, Evaluation, RuleResult
from pytest_agentflow.model.fault import Faults, cause_of, same_faults
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


Causes = Counter[tuple[str, str, str, str]]
"""How many findings of each cause were printed."""


def failure_messages(evaluations: Iterable[Evaluation]) -> Iterator[str]:
    """Say what of each evaluation does not hold; what many have alike a few times.

    Of one cause `PER_CAUSE` findings are told in all; runs that fail by nothing else
    are counted and named at the end.
    """
    printed: Causes = Counter()
    alike = []
    for evaluation in evaluations:
        if evaluation.ok:
            continue
        if _nothing_new(evaluation, printed):
            alike.append(plain_line(evaluation.run))
        else:
            yield failure_message(evaluation, printed)
    if alike:
        named = ", ".join(alike[:PER_CAUSE])
        more = f", ... {alike[-1]}" if len(alike) > PER_CAUSE else ""
        runs = "1 more run fails" if len(alike) == 1 else f"{len(alike)} more runs fail"
        yield f"{runs} by nothing but what is told above: {named}{more}"


def _nothing_new(evaluation: Evaluation, printed: Causes) -> bool:
    bad = [r for r in evaluation.results if not r.ok]
    shown = [[f for f in result.findings if _shown(result, f)] for result in bad]
    told = same_faults(f for one in shown for f in one).told
    return all(shown) and all(
        printed[cause_of(finding)] >= PER_CAUSE
        for one in shown
        for finding in told(one)
    )


def failure_message(evaluation: Evaluation, printed: Causes | None = None) -> str:
    """Say what of `evaluation` does not hold, check by check.

    Args:
        evaluation: what was decided.
        printed: how many findings of each cause were printed for other runs before;
            is counted on. Without it every run stands for itself.
    """
    bad = [r for r in evaluation.results if not r.ok]
    run = plain_line(evaluation.run)
    head = f"run {run} fails {len(bad)} of {_checks(evaluation)}"
    if not evaluation.results:
        return f"run {run} was judged by no check"
    shown = (f for r in bad for rule in r.rules for f in rule.findings if _shown(r, f))
    faults = same_faults(shown)
    lines = (line for result in bad for line in _result(result, faults, printed))
    return "\n".join([head, *lines])


def _checks(evaluation: Evaluation) -> str:
    count = len(evaluation.results)
    return f"{count} check" if count == 1 else f"{count} checks"


def _result(
    result: CheckResult, faults: Faults, printed: Causes | None
) -> Iterator[str]:
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
            yield from _rule(result, rule, faults, printed)
    yield from (f"    note: {_block(n.text, 4)}" for n in result.notes if n.warning)


def _unclear(result: CheckResult, rule: RuleResult) -> bool:
    return (
        result.verdict is Verdict.UNDETERMINED and rule.verdict is Verdict.UNDETERMINED
    )


def _rule(
    result: CheckResult, rule: RuleResult, faults: Faults, printed: Causes | None
) -> Iterator[str]:
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
    told = list(faults.told(shown))
    new = told if printed is None else list(_new(told, printed))
    for finding in new[:PER_CAUSE]:
        yield from finding_lines(finding, indent="      ", also=faults.also(finding))
    if left := len(told) - len(new[:PER_CAUSE]):
        above = ", as told above" if not new else ""
        yield f"      and {left} more of {plain_line(rule.rule)}{above}"
    others = [other.rule for f in shown if (other := faults.within(f)) is not None]
    if others:
        more = "more " if told else ""
        yield (
            f"      {len(others)} {more}told with "
            f"{', '.join(map(plain_line, dict.fromkeys(others)))}"
        )


def _new(findings: Iterable[Finding], printed: Causes) -> Iterator[Finding]:
    """Leave out findings of causes that were printed often enough; count the others."""
    for finding in findings:
        printed[cause_of(finding)] += 1
        if printed[cause_of(finding)] <= PER_CAUSE:
            yield finding


def _keys(findings: Sequence[Finding]) -> set[str]:
    return {f.subject or f"#{i}" for i, f in enumerate(findings)}


def _shown(result: CheckResult, finding: Finding) -> bool:
    if finding.verdict is Verdict.UNDETERMINED:
        return result.strict or result.verdict is Verdict.UNDETERMINED
    return finding.verdict is Verdict.ERROR or finding.fails


def also_text(also: Sequence[Finding]) -> str:
    """Name the other rules that found the same fault; empty where there are none."""
    return ", ".join(dict.fromkeys(other.rule for other in also))


def finding_lines(
    finding: Finding, indent: str = "", also: Sequence[Finding] = ()
) -> Iterator[str]:
    """Give one finding as lines: place and message, then what helps to repair it.

    What was recorded is quoted so that no terminal obeys it: controls are shown. A
    place that the message begins with is not said twice.

    Args:
        finding: what was found.
        indent: stands before each line.
        also: the same fault, as other rules found it.
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
    if also:
        yield f"{inner}also {plain_line(also_text(also))}"
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
