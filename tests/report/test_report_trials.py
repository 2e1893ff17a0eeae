"""A test with trials has one verdict, and nothing examined is told as a failure."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_checks import accessibility, cost, evaluation, result, rule, validity
from report_runs import split_run
from report_strategies import entries, trials
from test_report_html import assert_harmless

import pytest_agentflow as af
from pytest_agentflow.report import tally, wording
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.causes import causes
from pytest_agentflow.report.document import Entry, Report, TrialsEntry
from pytest_agentflow.report.encoding import trials_from_text, trials_to_text
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.html import render_html
from pytest_agentflow.report.markdown import render_markdown
from pytest_agentflow.report.terminal import summary_lines
from pytest_agentflow.report.trials import (
    failed_lines,
    first_failure,
    numbers,
    trials_text,
)
from pytest_agentflow.statistics.proportion import Proportion

TARGET = "tests/test_site.py::test_site[hotel]"
COMMAND = f"pytest '{TARGET}' --agentflow-trials=4"


def tried(passed: int, needed: int, target: str = TARGET) -> TrialsEntry:
    """Give how four trials went of which the first ones failed."""
    rate = Proportion(passed=passed, trials=4)
    return TrialsEntry(
        target=target,
        passed=passed,
        trials=4,
        needed=needed,
        interval=rate.interval(),
        pass_2=rate.all_of(2),
        failed=tuple(range(1, 5 - passed)),
    )


def trial(number: int, *, failing: bool, target: str = TARGET) -> Entry:
    """Give what one trial judged."""
    run = replace(split_run("hotel"), trial=number)
    judged = evaluation(run, validity(), accessibility(failing))
    return build_entry(
        target,
        run,
        judged,
        outcome="failed" if failing else "passed",
        trial=number,
        reproduce=COMMAND,
    )


def rated(passed: int, needed: int) -> Report:
    """Give the report of a session with one test of four trials."""
    made = [trial(number, failing=number <= 4 - passed) for number in range(1, 5)]
    return build_report(made, trials=[tried(passed, needed)])


def nothing_examined(case: str = "hotel", *notes: str) -> Entry:
    """Give a run of which one check found nothing to examine, and fails the test."""
    idle = result(
        "hallucination",
        'hallucination(stage="writer")',
        "Claims stand in the sources of the run.",
        notes=tuple(af.Note(text=text) for text in notes),
    )
    run = split_run(case)
    return build_entry(f"{TARGET}[{case}]", run, evaluation(run, validity(), idle))


def test_a_test_that_passes_by_its_rate_passes_in_every_form() -> None:
    """The headline is the test's; what failed in a trial is told of that trial."""
    report = rated(passed=2, needed=2)
    told = (
        "The one test with trials passes: 2 of 4 trials passed, 2 needed; "
        "95 % interval 15 to 85 %, pass^2 17 %."
    )

    assert report.ok
    assert wording.verdict_of(report) is af.Verdict.PASSED
    assert wording.verdict_sentences(report)[:2] == (
        told,
        "In the runs of trials that failed: accessibility in 2.",
    )
    text = render_markdown(report)
    assert text.startswith("## ✅")
    row = f"| `{TARGET}` | ✅ passed | 2 of 4 | 2 | 15 to 85 % | 17 % |"
    assert row in text
    assert "❌ failed in trials | 2 of 4" in text
    assert re.search(r"^- hotel, trial 1 .*contrast", text, re.MULTILINE)
    assert "To see each failure again" not in text
    assert COMMAND not in text
    page = render_html(report)
    assert "To see each failure again" not in page
    assert "<title>Passed: " in page
    assert page.count("trial failed</span>") == 2
    assert "hotel, trial 2" in page
    first = summary_lines(report, width=100)[0]
    assert first == f"{TARGET}: {trials_text(report.trials[0])}"


def test_a_test_that_misses_its_bar_fails_in_every_form() -> None:
    """Too few trials passed: verdict, headline and row say so."""
    report = rated(passed=2, needed=3)

    assert not report.ok
    assert wording.verdict_of(report) is af.Verdict.FAILED
    assert wording.verdict_sentences(report)[0].startswith(
        "The one test with trials fails: 2 of 4 trials passed, 3 needed; "
    )
    text = render_markdown(report)
    assert "| ❌ failed | 2 of 4 | 3 |" in text
    assert f"### To see each failure again\n\n- `{COMMAND}`\n" in text
    page = render_html(report)
    assert "<title>Failed: " in page
    assert "trial failed</span>" not in page


def test_only_failing_tests_are_listed_to_be_seen_again() -> None:
    """Of two with a failing trial each, the one that passes by its rate is not."""
    bad = TARGET.replace("hotel", "leaf")
    entries = [
        replace(trial(n, failing=n == 1, target=t), reproduce=f"pytest '{t}'")
        for t in (TARGET, bad)
        for n in range(1, 5)
    ]
    tests = [tried(3, 3), tried(3, 4, bad)]
    report = build_report(entries, trials=tests)
    text, page = render_markdown(report), render_html(report)
    _, _, listed = text.partition("### To see each failure again\n\n")
    assert listed == f"- `pytest '{bad}'`\n"
    _, _, listed = page.partition('id="reproduce-title"')
    assert re.findall(r"<li data-find><code>(.*?)</code>", listed) == [
        f"pytest &#39;{bad}&#39;"
    ]


def test_other_runs_are_counted_apart_from_trials() -> None:
    """A run that no trial judged fails the session, whatever the rates are."""
    run = split_run("bakery")
    other = build_entry("t", run, evaluation(run, cost(run, failing=True)))
    report = rated(passed=3, needed=2)
    mixed = build_report([*report.entries, other], trials=report.trials)

    sentences = wording.verdict_sentences(mixed)

    assert sentences[0].startswith("The one test with trials passes: ")
    assert "The one other run fails: cost." in sentences
    assert wording.verdict_of(mixed) is af.Verdict.FAILED


def test_many_tests_with_trials_are_counted_and_the_worst_named() -> None:
    """The sentence names tests that fail, and counts the others."""
    good = [tried(3, 2, f"t{number}") for number in range(3)]
    report = build_report([], trials=good)
    assert report.ok
    assert wording.verdict_sentences(report) == (
        "All 3 tests with trials pass: 9 of 12 trials passed, enough of each test.",
    )
    bad = build_report([], trials=[*good, tried(1, 2, "bad")])
    assert not bad.ok
    assert wording.verdict_sentences(bad) == (
        "1 of 4 tests with trials fails: bad: 1 of 4 trials passed, 2 needed.",
    )


def test_a_run_that_several_trials_judged_names_them() -> None:
    """A run of a wider fixture is judged once in every trial."""
    made = [replace(trial(1, failing=False), trial=n) for n in (1, 2, 4)]

    assert numbers(made) == "trials 1, 2 and 4"
    assert numbers(made[:2]) == "trials 1 and 2"
    assert numbers([*made, replace(made[0], trial=3)]) == "trials 1 to 4"
    assert numbers([replace(made[0], trial=None)]) == ""


@given(trials)
def test_trials_survive_the_way_to_the_main_process(test: TrialsEntry) -> None:
    """What a worker sends is what the report shows."""
    assert trials_from_text(trials_to_text(test)) == test


@settings(max_examples=25, deadline=None)
@given(st.lists(trials, min_size=1, max_size=2), st.lists(entries, max_size=1))
def test_every_form_takes_any_trials(
    tests: list[TrialsEntry], found: list[Entry]
) -> None:
    """Whatever a test is called, it starts no markup, and all forms are made."""
    report = build_report(found, trials=tests)

    assert_harmless(render_html(report))
    assert render_markdown(report)
    assert len(summary_lines(report, width=80)) >= len(tests)


def test_nothing_examined_is_among_what_fails_with_its_notes() -> None:
    """The tally counts it as the headline does, and says what can be done."""
    note = "the run declares no source to hold claims against."
    report = build_report([nothing_examined("hotel", note), nothing_examined("spa")])
    runs = tally.judged_runs(report)
    line = tally.check_lines(runs)[1]
    (cause,) = causes(runs)

    assert (line.verdict, line.decided) == (
        af.Verdict.FAILED,
        af.Verdict.INAPPLICABLE,
    )
    assert wording.line_label(line) == "nothing examined"
    assert [judged.verdict for judged in runs] == [af.Verdict.FAILED] * 2
    assert (cause.rule, cause.runs) == ('hallucination(stage="writer")', 2)
    advice = wording.OPTIONAL
    assert wording.unmet_text(cause) == f"It examined nothing: {note} {advice}"
    text = render_markdown(report)
    assert "❌ nothing examined | 0 of 2" in text
    assert "nothing examined in 2 of 2 runs" in text
    page = render_html(report)
    assert "Failed <span>1 of 2</span>" in page
    assert "Not applicable <span>" not in page
    assert page.count("1 of 2 checks fails") == 2
    assert 'href="#causes"' in page


def test_what_is_optional_stays_not_applicable() -> None:
    """What was declared optional fails nothing, and is no cause."""
    run = split_run("hotel")
    idle = result("policy", "policy", "The policy is kept.", optional=True)
    report = build_report([build_entry("t", run, evaluation(run, validity(), idle))])
    runs = tally.judged_runs(report)

    assert causes(runs) == ()
    assert tally.check_lines(runs)[1].verdict is af.Verdict.INAPPLICABLE
    assert runs[0].verdict is af.Verdict.PASSED


def test_a_check_that_decided_nothing_is_a_cause() -> None:
    """Questions alone fail the test: the report lists them as what to fix."""
    question = af.Finding(
        rule="tone.claim", message="Is it kind?", verdict=af.Verdict.UNDETERMINED
    )
    run = split_run("hotel")
    judged = result("tone", "tone", "The tone is kind.", rule("tone", "", 0, question))
    report = build_report([build_entry("t", run, evaluation(run, judged))])
    runs = tally.judged_runs(report)
    (cause,) = causes(runs)

    assert wording.line_label(tally.check_lines(runs)[0]) == "nothing decided"
    assert runs[0].verdict is af.Verdict.FAILED
    assert wording.unmet_text(cause) == (
        "It decided nothing. 1 question left to review: waive what is right."
    )
    assert "nothing decided in 1 of 1 run" in render_markdown(report)


HEADLINE = """
from report_sample import entries
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.markdown import render_markdown
print(render_markdown(build_report(entries())))
"""


@pytest.fixture(scope="module")
def by_seed() -> list[str]:
    """The same report, written by processes that hash texts differently."""
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return [
        subprocess.run(
            [sys.executable, "-c", HEADLINE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": here},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]


def test_a_report_is_the_same_whatever_texts_hash_to(by_seed: list[str]) -> None:
    """Checks that fail in as many runs stand in the order in which they were asked."""
    first, *others = by_seed
    assert others == [first, first]
    assert "fail: accessibility in 2, hallucination in 1 and cost in 1" in first


def test_failed_trials_of_a_passing_test_are_named_with_their_first_finding() -> None:
    """Whoever sees 3 of 4 reads which one failed, and by what, in every form."""
    report = rated(passed=3, needed=2)
    (test,) = report.trials
    reason = first_failure([trial(1, failing=True)])
    told = f"trial 1 failed: {reason}"
    report = replace(report, trials=(replace(test, reasons=(reason,)),))

    assert reason.startswith("a11y.")
    assert reason.endswith("(frontend)")
    assert f"  {told}" in summary_lines(report, width=200)
    assert f"trial 1 failed: {reason.partition(':')[0]}" in render_markdown(report)
    assert f">trial 1</a> failed: {reason.partition(':')[0]}" in render_html(report)


def test_trials_without_a_known_reason_are_still_named() -> None:
    """Reports that were written before reasons were kept name the numbers."""
    assert list(failed_lines(tried(passed=0, needed=1))) == [
        "trial 1 failed",
        "trial 2 failed",
        "trial 3 failed",
        "and 1 more trial failed",
    ]
