"""The report as Markdown, for the summary of a CI step or a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_agentflow.checking.message import attribution_text
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report import causes as first
from pytest_agentflow.report import tally, trials, wording
from pytest_agentflow.report.document import (
    AUTHORED,
    ESTIMATED,
    Report,
    TrialsEntry,
)
from pytest_agentflow.report.escaping import code, escape
from pytest_agentflow.report.figures import NONE, passes
from pytest_agentflow.report.markdown_recordings import recordings_section
from pytest_agentflow.report.signs import SIGNS

__all__ = ["LIMIT", "code", "escape", "render_markdown"]

LIMIT = 65_000
"""Bytes: GitHub refuses a comment of more than 65,536 characters."""
MARGIN = 200
"""Bytes left for the line that says what does not fit."""
CAUSES = 15
WARNINGS = 12
QUESTIONS = 6
PER_CAUSE = 5
PARTLY = 8
GATES = 20
TESTS = 30


def render_markdown(report: Report, *, limit: int = LIMIT) -> str:
    """Draw `report` as GitHub Markdown of at most `limit` bytes.

    Recorded text is escaped: it can start no markup, HTML, link or mention.
    """
    runs = tally.judged_runs(report)
    before = [
        *_head(report),
        *_trials(report.trials),
        *_checks(tally.check_lines(runs), tally.thing(runs)),
        *_money(report, runs),
        *_gates(report),
    ]
    after = [
        *_causes(first.causes(runs), wording.number(len(runs), tally.thing(runs))),
        *_questions(runs),
        *_warnings(runs),
        *_reproduce(report),
    ]
    taken = sum(len(line.encode()) + 1 for line in (*before, *after))
    changed = recordings_section(report, room=limit - taken - MARGIN)
    return _capped([*before, *changed, *after], limit)


def _head(report: Report) -> Iterator[str]:
    verdict = wording.verdict_of(report)
    yield f"## {SIGNS[verdict]} {escape(report.title, 120)}"
    yield ""
    first, *rest = wording.verdict_sentences(report)
    yield f"**{escape(first, 600)}**" + "".join(f" {escape(s, 600)}" for s in rest)
    marks = [m for m, set_ in ((AUTHORED, report.authored),) if set_]
    marks += [f"≈ {ESTIMATED}"] if report.estimated else []
    for mark in marks:
        yield ""
        yield f"> **{mark}**"
    for line in _partly(report):
        yield from ("", line)
    for note in report.notes:
        yield ""
        yield f"{'⚠️ ' if note.warning else ''}{escape(note.text, 600)}"


def _partly(report: Report) -> Iterator[str]:
    runs = [judged.run for judged in tally.judged_runs(report)]
    partly = [run for run in runs if wording.partly(run)]
    for run in partly[:PARTLY]:
        yield f"⚠️ {code(run.id, 120)} {escape(wording.partly(run), 300)}"
    if len(partly) > PARTLY:
        yield f"and {len(partly) - PARTLY:,} more runs that were not wholly replayed"


def _trials(tests: Sequence[TrialsEntry]) -> Iterator[str]:
    if not tests:
        return
    yield from (
        "",
        "| Test | Verdict | Trials passed | Needed | 95 % interval | Twice in a row |",
        "|:--|:--|--:|--:|--:|--:|",
    )
    # What fails is not what is cut off.
    for test in sorted(tests, key=lambda t: t.ok)[:TESTS]:
        sign = Verdict.PASSED if test.ok else Verdict.FAILED
        twice = NONE if test.pass_2 is None else trials.share(test.pass_2)
        yield (
            f"| {code(test.target, 160)} | {SIGNS[sign]} {wording.LABELS[sign]} | "
            f"{test.passed} of {test.trials} | {trials.needed(test)} | "
            f"{trials.interval(test)} | {twice} |"
        )
    if len(tests) > TESTS:
        yield from ("", f"and {len(tests) - TESTS:,} more tests with trials")
    for test in [test for test in tests if test.failed][:TESTS]:
        failed = list(trials.failed_lines(test))
        yield from ("", f"{code(test.target, 160)}", "")
        yield from (f"- {escape(line, 300)}" for line in failed)


def _checks(lines: Sequence[tally.CheckLine], noun: str) -> Iterator[str]:
    if not lines:
        return
    warns = any(line.warnings for line in lines)
    head = (
        f"| Check | Verdict | {noun.capitalize()}s | Examined | Findings | Questions |"
    )
    yield from ("", f"{head} Warnings |" if warns else head)
    yield "|:--|:--|--:|--:|--:|--:|" + ("--:|" if warns else "")
    for line in lines:
        known = f" ({line.known} known)" if line.known else ""
        yield (
            f"| {code(line.written, 120)} | {SIGNS[line.verdict]} "
            f"{wording.line_label(line)} | {line.passed_runs} of {line.runs} | "
            f"{line.examined:,} | {line.findings:,}{known} | "
            f"{f'{line.review:,} to review' if line.review else '0'} |"
            + (f" {line.warnings:,} |" if warns else "")
        )


def _money(report: Report, runs: Sequence[tally.JudgedRun]) -> Iterator[str]:
    workflows = tally.workflow_lines(runs)
    if not workflows:
        return
    totals = [line.total for line in workflows]
    sized = any(t.passes is not None or t.passes_unknown for t in totals)
    marks = [AUTHORED] if report.authored else []
    marks += [f"≈ {ESTIMATED}"] if report.estimated else []
    yield from (
        "",
        f"Money per run{f' ({escape(chr(59).join(marks))})' if marks else ''}",
    )
    yield from (
        "",
        f"| Workflow | Runs | Stages | A run | In all |{' Forward passes |' * sized}",
        f"|:--|--:|:--|--:|--:|{'--:|' * sized}",
    )
    for line in workflows:
        stages = ", ".join(
            f"{escape(name, 40)} {escape(wording.money(line.per_run(spent.cost)))}"
            for name, spent in line.stages
            if spent.billed
        )
        about = "≈ " if line.total.estimated else ""
        mean = wording.money(line.per_run(line.total.cost))
        yield (
            f"| {code(line.workflow, 60)} | {line.runs} | {stages or NONE} | "
            f"{escape(about + mean)} | {escape(wording.cost(line.total))} |"
            + f" {_passes(line)} |"
            * sized
        )
    for line in workflows:
        if line.latency is not None:
            yield from ("", f"{code(line.workflow, 60)}: {line.latency.sentence}.")


def _passes(line: tally.WorkflowLine) -> str:
    """Give forward passes of one run, or why they are not known."""
    return escape(passes(line.total, line.runs) or line.total.passes_unknown, 300)


def _gates(report: Report) -> Iterator[str]:
    for gate in report.decompositions[:GATES]:
        yield from ("", f"{SIGNS[gate.verdict]} **{escape(gate.title, 120)}**")
        yield from (f"{escape(sentence, 600)}" for sentence in gate.sentences[:6])


def _causes(causes: Sequence[first.Cause], runs: str) -> Iterator[str]:
    if causes:
        yield from ("", "### What to fix first")
    for cause in causes[:CAUSES]:
        begins = f", begins in **{escape(cause.stage, 80)}**" if cause.stage else ""
        yield ""
        if cause.unmet:
            yield from _unmet(cause, runs)
            continue
        yield (
            f"**{escape(cause.rule, 100)}** {escape(cause.title, 160)}: "
            f"{wording.number(len(cause.findings), 'finding')} in {cause.runs} of "
            f"{runs}{begins}{_also(cause)}"
        )
        yield ""
        yield from _findings(cause.findings[:PER_CAUSE])
        if len(cause.findings) > PER_CAUSE:
            yield f"- and {len(cause.findings) - PER_CAUSE:,} more"
    if len(causes) > CAUSES:
        yield from ("", f"and {len(causes) - CAUSES:,} more causes")


def _also(cause: first.Cause) -> str:
    named = ", ".join(code(rule, 60) for rule in cause.also[:PER_CAUSE])
    return f", also found by {named}" if named else ""


def _unmet(cause: first.Cause, runs: str) -> Iterator[str]:
    told = wording.label(cause.unmet[0][1].verdict, ok=False)
    title = escape(cause.title.rstrip("."), 160)
    head = f"**{escape(cause.rule, 100)}** {title}".rstrip()
    yield f"{head}: {told} in {cause.runs} of {runs}"
    yield ""
    yield escape(wording.unmet_text(cause), 900)
    yield ""
    for judged, _ in cause.unmet[:PER_CAUSE]:
        yield f"- {escape(trials.case_of(judged), 60)}"
    if len(cause.unmet) > PER_CAUSE:
        yield f"- and {len(cause.unmet) - PER_CAUSE:,} more"


def _findings(found: Iterable[tuple[tally.JudgedRun, Finding]]) -> Iterator[str]:
    for judged, finding in found:
        place = f" {code(str(finding.place), 160)}" if str(finding.place) else ""
        case = escape(trials.case_of(judged), 80)
        text = f"- {case}{place}: {escape(finding.message)}"
        if finding.expected is not None:
            text += f"; expected {code(finding.expected, 120)}"
        if finding.observed is not None:
            text += f"; observed {code(finding.observed, 120)}"
        blame = attribution_text(finding)
        yield text + (f"; {escape(blame, 160)}" if blame else "")


def _questions(runs: Sequence[tally.JudgedRun]) -> Iterator[str]:
    found = first.questions(runs)
    if found:
        yield from ("", "### Questions to review", "")
        yield from _findings((judged, one) for judged, one, _ in found[:QUESTIONS])
    if len(found) > QUESTIONS:
        yield f"- and {len(found) - QUESTIONS:,} more"


def _warnings(runs: Sequence[tally.JudgedRun]) -> Iterator[str]:
    found = [
        (judged, finding)
        for judged in runs
        for told in (tally.faults_of(judged).told,)
        for result in tally.results_of(judged)
        for finding in told(result.findings)
        if tally.warns(finding)
    ]
    if found:
        yield from ("", "### Warnings: told, they fail nothing", "")
        yield from _findings(found[:WARNINGS])
    if len(found) > WARNINGS:
        yield f"- and {len(found) - WARNINGS:,} more"


def _reproduce(report: Report) -> Iterator[str]:
    commands = trials.failing_commands(report)
    if commands:
        yield from ("", "### To see each failure again", "")
        yield from (f"- {code(command, 400)}" for command in commands[:30])
    if len(commands) > 30:
        yield f"- and {len(commands) - 30} more"


def _capped(lines: Sequence[str], limit: int) -> str:
    """Keep whole lines up to `limit` bytes, and say how many were left out."""
    text = "\n".join(lines) + "\n"
    if len(text.encode()) <= limit:
        return text
    kept, size = [], 80
    for line in lines:
        size += len(line.encode()) + 1
        if size > limit:
            break
        kept.append(line)
    if not kept:
        return ""
    left = len(lines) - len(kept)
    return "\n".join([*kept, "", f"… {left:,} more lines do not fit here.", ""])
