"""The report as the few lines that end a session in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report import causes as found
from pytest_agentflow.report import changed, tally, trials, wording
from pytest_agentflow.report.document import AUTHORED, ESTIMATED, Report
from pytest_agentflow.report.prices import old_prices
from pytest_agentflow.report.text import one_line

WARNED = 5
"""So many warnings are told in full; the others are counted."""

PER_CAUSE = 5
"""A cause that stands in more runs is told once for all, with so many of them."""

ASKED = 3
"""So many questions that are left to a person are told in full."""

PARTLY = 5
"""So many runs that were not wholly replayed are named."""


def summary_lines(
    report: Report, *, width: int, paths: Sequence[Path] = ()
) -> list[str]:
    """Sum `report` up: a line per check, the money per stage, where reports lie.

    Args:
        report: what to sum up.
        width: columns of the terminal; long names are cut to fit.
        paths: the reports that were written.

    Returns:
        No line where no run was checked and no report was written.
    """
    runs = tally.judged_runs(report)
    lines = list(_trial_lines(report))
    lines += _check_lines(report, runs, width)
    lines += _cause_lines(runs)
    lines += _question_lines(runs)
    lines += _partly_lines(runs)
    lines += _warning_lines(report)
    lines += _gate_lines(report, width)
    lines += _money_lines(report, runs, width)
    lines += filter(None, [old_prices(judged.run for judged in runs)])
    if lines and report.authored:
        lines.append(AUTHORED)
    if lines and report.estimated:
        lines.append(f"≈ {ESTIMATED}")
    if report.recordings is not None:
        lines.append(changed.summary(report))
    return lines + [f"report: {path}" for path in paths]


def _trial_lines(report: Report) -> Iterator[str]:
    """Give each test's rate, and what its failed trials failed by."""
    for test in report.trials:
        yield f"{one_line(test.target, 200)}: {trials.trials_text(test)}"
        yield from (f"  {line}" for line in trials.failed_lines(test))


def _check_lines(
    report: Report, runs: Sequence[tally.JudgedRun], width: int
) -> Iterator[str]:
    lines = tally.check_lines(runs)
    noun = tally.thing(runs)
    cells = [_cells(line, report, noun) for line in lines]
    columns = [_aligned(column) for column in zip_longest(*cells, fillvalue="")]
    names = [one_line(line.written, 2_000) for line in lines]
    room = max(width - sum(3 + len(column[0]) for column in columns), 16)
    longest = min(max(map(len, names), default=0), room)
    for name, *row in zip(names, *columns, strict=True):
        yield "   ".join([_cut(name, longest).ljust(longest), *row]).rstrip()


def _aligned(cells: Sequence[str]) -> list[str]:
    """Give the cells of a column as wide as each other: numbers end at one place."""
    numbers, nouns = zip(*(cell.partition(" ")[::2] for cell in cells), strict=True)
    left, right = (max(map(len, parts)) for parts in (numbers, nouns))
    return [
        f"{number.rjust(left)} {noun.ljust(right)}"
        for number, noun in zip(numbers, nouns, strict=True)
    ]


def _cells(line: tally.CheckLine, report: Report, noun: str) -> list[str]:
    """Give runs, examined and findings, then what only some lines have."""
    new = line.new if report.comparisons else 0
    extra = (
        (line.review, "to review"),
        (new, "new"),
        (line.known, "known"),
        (line.waived, "waived"),
        (line.warnings, "warning" if line.warnings == 1 else "warnings"),
    )
    return [
        f"{line.passed_runs}/{line.runs} {noun if line.runs == 1 else noun + 's'}",
        f"{line.examined:,} examined",
        wording.number(line.findings, "finding"),
        *(f"{count:,} {word}" for count, word in extra if count),
    ]


def _cause_lines(runs: Sequence[tally.JudgedRun]) -> Iterator[str]:
    """Give what many runs have alike: each of them tells but its own."""
    noun = tally.thing(runs)
    for cause in found.causes(runs):
        if cause.alike and cause.runs > PER_CAUSE:
            yield from _cause(cause, noun)


def _cause(cause: found.Cause, noun: str) -> Iterator[str]:
    first = cause.findings[0][1]
    also = f", also {one_line(', '.join(cause.also), 120)}" if cause.also else ""
    head = f"{one_line(cause.rule, 80)}{also}: one cause, {cause.runs:,} {noun}s"
    begins = f", begins in {one_line(cause.stage, 80)}" if cause.stage else ""
    yield f"{head}{begins}: {one_line(first.message, 200)}"
    if cause.fix:
        yield f"  fix: {one_line(cause.fix, 200)}"
    by_run = {id(judged): (judged, finding) for judged, finding in cause.findings[::-1]}
    stands = list(by_run.values())[::-1]
    for judged, finding in stands[:PER_CAUSE]:
        place = str(finding.place)
        name = "" if noun == "page" and place else f"{judged.run.id} "
        yield f"  {one_line(name + place, 160)}"
    if left := len(stands) - PER_CAUSE:
        last = one_line(stands[-1][0].run.id, 80)
        yield f"  and {wording.number(left, f'more {noun}')}, the last {last}"


def _question_lines(runs: Sequence[tally.JudgedRun]) -> Iterator[str]:
    """Give questions of checks that passed; what failed has told its own."""
    asked = found.questions(runs)
    for judged, finding, count in asked[:ASKED]:
        more = f" and {wording.number(count - 1, 'more run')}" if count > 1 else ""
        told = one_line(finding.message, 200)
        yield f"to review: {one_line(judged.run.id, 80)}{more}: {told}"
    if len(asked) > ASKED:
        yield f"{wording.number(len(asked) - ASKED, 'more question')} in the report"


def _partly_lines(runs: Sequence[tally.JudgedRun]) -> Iterator[str]:
    partly = [judged.run for judged in runs if wording.partly(judged.run)]
    for run in partly[:PARTLY]:
        yield f"{one_line(run.id, 80)}: {one_line(wording.partly(run), 200)}"
    if len(partly) > PARTLY:
        more = wording.number(len(partly) - PARTLY, "more run was", "more runs were")
        yield f"{more} not replayed as recorded"


def _warning_lines(report: Report) -> Iterator[str]:
    """Give what checks warned of; the same warning of several runs once."""
    told: dict[str, list[str]] = {}
    for entry in report.entries:
        for result in entry.evaluation.results:
            for note in result.notes:
                if note.warning and entry.run.id not in told.setdefault(note.text, []):
                    told[note.text].append(entry.run.id)
    for text, runs in list(told.items())[:WARNED]:
        more = f" and {wording.number(len(runs) - 1, 'more run')}" if runs[1:] else ""
        yield f"warning: {one_line(runs[0], 80)}{more}: {one_line(text, 300)}"
    if len(told) > WARNED:
        yield f"{wording.number(len(told) - WARNED, 'more warning')} in the report"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _gate_lines(report: Report, width: int) -> Iterator[str]:
    words = {"passed": "PASS", "failed": "FAIL", "undetermined": "INCONCLUSIVE"}
    for gate in report.decompositions:
        verdict = words.get(gate.verdict.value, gate.verdict.value)
        waved = gate.ok and gate.verdict is not Verdict.PASSED
        head = f"{gate.title}: {verdict}"
        if waved:
            head = f"warning: {head} (optional)"
        yield one_line(head, max(width, 40))
        # Sentences stand worst first: what is wrong, or open, is told before money.
        told = list(gate.sentences[:1])
        if gate.verdict is Verdict.PASSED and gate.cost and gate.baseline_cost:
            beside = ("quality:", "population:")
            more = (text for text in gate.sentences if text.startswith(beside))
            told = [wording.gate_money(gate), *more]
        yield from (f"  {one_line(text, max(2 * width, 80))}" for text in told)


def _money_lines(
    report: Report, runs: Sequence[tally.JudgedRun], width: int
) -> Iterator[str]:
    for line in tally.workflow_lines(runs, report.comparisons):
        about = "≈ " if line.total.estimated else ""
        parts = [
            f"{one_line(name, 40)} {wording.money(spent.cost)}"
            for name, spent in line.stages
            if spent.billed
        ]
        total = f"total {about}{wording.money(line.total.cost)}"
        total += wording.since_money(report, line.compared, line.runs)
        head = f"{one_line(line.workflow, 40)}, {wording.number(line.runs, 'run')}:"
        latency = [] if line.latency is None else [line.latency.sentence]
        yield from _wrapped(head, [*parts, total, *latency], width)


def _wrapped(head: str, parts: Sequence[str], width: int) -> Iterator[str]:
    line = head
    for part in parts:
        if len(line) + 2 + len(part) > width and line.strip():
            yield line
            line = "  "
        line += f"  {part}" if line.strip() else part
    yield line
