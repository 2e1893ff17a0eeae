"""How the trials of tests went, in the words that every form of the report uses."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report.document import Entry, Report, TrialsEntry
from pytest_agentflow.report.tally import JudgedRun, counts, stage_of
from pytest_agentflow.report.text import one_line

NONE = "\u2013"  # an en dash
NAMED = 3
"""So many tests of which too few trials passed are named in a sentence, and so many
trials that failed below their test."""
REASON = 200
"""Letters of what failed in a trial."""


def share(part: float) -> str:
    """Give a share of 0 to 1 as a whole percentage: ``17 %``."""
    return f"{round(100 * part)} %"


def interval(test: TrialsEntry) -> str:
    """Give the interval of the rate of passing: ``15 to 85 %``.

    A rate at which trials were ended by their results has no such interval.
    """
    if test.sequential is not None:
        return NONE
    low, high = test.interval
    return f"{round(100 * low)} to {share(high)}"


def passed(test: TrialsEntry) -> str:
    """Count the trials: ``4 of 5 trials passed, 4 needed``."""
    noun = "trial" if test.trials == 1 else "trials"
    if test.sequential is not None:
        return f"{test.passed} of {test.trials} {noun} passed, {needed(test)}"
    return f"{test.passed} of {test.trials} {noun} passed, {test.needed} needed"


def needed(test: TrialsEntry) -> str:
    """Say what was needed: ``4``; ``sequential test of 90 % against 67.5 %: PASS``."""
    rule = test.sequential
    if rule is None:
        return str(test.needed)
    word = {Verdict.PASSED: "PASS", Verdict.FAILED: "FAIL"}
    told = word.get(rule.verdict, f"INCONCLUSIVE after {rule.most}")
    return f"sequential test of {_rate(rule.good)} against {_rate(rule.bad)}: {told}"


def _rate(part: float) -> str:
    return f"{round(100 * part, 1):g} %"


def trials_text(test: TrialsEntry) -> str:
    """Give all of it: ``4 of 5 trials passed, 4 needed; 95 % interval 38 to 96 %``.

    With several trials the estimate of passing twice in a row stands behind it.
    """
    if test.sequential is not None:
        spared = test.sequential.most - test.trials
        return passed(test) + (
            f"; {spared} of {test.sequential.most} spared" if spared else ""
        )
    text = f"{passed(test)}; 95 % interval {interval(test)}"
    return text if test.pass_2 is None else f"{text}, pass^2 {share(test.pass_2)}"


def failed_lines(test: TrialsEntry, most: int = NAMED) -> Iterator[str]:
    """Name the trials that failed, and what failed first in each.

    ``trial 3 failed: html.source: an end tag is missing (frontend)``.
    """
    for number, reason in failed_trials(test)[:most]:
        yield f"trial {number} failed{f': {reason}' if reason else ''}"
    if (more := len(test.failed) - most) > 0:
        yield f"and {more} more {'trial' if more == 1 else 'trials'} failed"


def failed_trials(test: TrialsEntry) -> list[tuple[int, str]]:
    """Pair the trials that failed with what failed first, where that is known."""
    reasons = itertools.chain(test.reasons, itertools.repeat(""))
    return list(zip(test.failed, reasons, strict=False))


def first_failure(entries: Iterable[Entry]) -> str:
    """Say what failed first in a trial: a finding, a check, or the test beside it."""
    told = [text for entry in entries for text in _failures(entry)]
    return one_line(told[0], REASON) if told else ""


def _failures(entry: Entry) -> Iterator[str]:
    bad = [result for result in entry.evaluation.results if not result.ok]
    for finding in (f for result in bad for f in result.findings if counts(f)):
        stage = stage_of(finding)
        yield f"{finding.rule}: {finding.message}{f' ({stage})' if stage else ''}"
    yield from (f"{result.written}: {result.verdict.value}" for result in bad)
    yield from entry.problem.strip().splitlines()[:1]


def trial_sentences(tests: Sequence[TrialsEntry]) -> Iterator[str]:
    """Say which tests pass by their trials: the test has the verdict, not a trial."""
    bad = [test for test in tests if not test.ok]
    if len(tests) == 1:
        verb = "fails" if bad else "passes"
        yield f"The one test with trials {verb}: {trials_text(tests[0])}."
    elif bad:
        verb = "fails" if len(bad) == 1 else "fail"
        worst = [f"{test.target}: {passed(test)}" for test in bad[:NAMED]]
        worst += [f"{len(bad) - NAMED} more"] if len(bad) > NAMED else []
        head = f"{len(bad)} of {len(tests)} tests with trials {verb}"
        yield f"{head}: {'; '.join(worst)}."
    elif tests:
        good, made = sum(t.passed for t in tests), sum(t.trials for t in tests)
        yield (
            f"All {len(tests)} tests with trials pass: {good:,} of {made:,} trials "
            "passed, enough of each test."
        )


def failing_commands(report: Report) -> tuple[str, ...]:
    """List the commands that show what failed again, in the order of collection.

    A test of which enough trials passed is no failure, though some of them failed.
    """
    excused = {test.target for test in report.trials if test.ok}
    failing = [e for e in report.entries if not e.ok and e.target not in excused]
    commands = [entry.reproduce for entry in failing]
    commands += [gate.reproduce for gate in report.decompositions if not gate.ok]
    return tuple(dict.fromkeys(filter(None, commands)))


def numbers(entries: Iterable[Entry]) -> str:
    """Name the trials that judged a run: ``trial 3``, ``trials 1 and 2``; or none."""
    told = sorted({e.trial for e in entries if e.trial is not None})
    if len(told) < 2:
        return "".join(f"trial {number}" for number in told)
    if told == list(range(told[0], told[-1] + 1)) and len(told) > 2:
        return f"trials {told[0]} to {told[-1]}"
    return f"trials {', '.join(map(str, told[:-1]))} and {told[-1]}"


def case_of(judged: JudgedRun) -> str:
    """Name the case of a run, and the trial that it was: ``leaf, trial 3``."""
    return ", ".join(filter(None, [judged.run.case, numbers(judged.entries)]))
