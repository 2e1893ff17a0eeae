from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_checks import accessibility, cost, design, evaluation, validity
from report_runs import split_run
from report_sample import entries as sample_entries
from report_strategies import entries

import pytest_agentflow as af
from pytest_agentflow.report import figures, tally, wording
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.causes import causes
from pytest_agentflow.report.compare import compare_entries, known_findings
from pytest_agentflow.report.document import Entry, GateEntry, Report, Spent
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.figures import (
    even_rows,
    figure,
    mean,
    pad,
    places,
    when,
)
from pytest_agentflow.report.summary import add_spent


def test_the_verdict_sentence_says_who_fails_and_what_it_costs(report: Report) -> None:
    """A manager reads how many runs fail, at what, the money, where it began."""
    assert wording.verdict_sentences(report) == (
        "3 of 9 runs fail: accessibility in 2, hallucination in 1 and cost in 1.",
        "The 19 findings begin: 17 in frontend and 2 in personalizer.",
        "The comparison build_site against build_site_single fails.",
        "The split costs $0.1506, 51% of the single model's $0.2932.",
        "Since origin/main: 19 new findings, 1 known, 8 fixed.",
        "9 questions are left to review.",
    )


def test_runs_that_pass_say_how_much_was_examined() -> None:
    """Passing is told with its denominator."""
    run = split_run("hotel")
    entry = build_entry("t", run, evaluation(run, validity(), design(failing=False)))

    assert wording.verdict_sentences(build_report([entry])) == (
        "The one run passes 2 checks: 155 subjects examined.",
        "It cost $0.0485.",
    )


def test_a_test_that_broke_without_a_run_is_no_run() -> None:
    """Runs are runs; tests that had none are counted apart."""
    run = split_run("hotel")
    good = build_entry("t", run, evaluation(run, validity()))
    broken = [
        build_entry(
            f"t::{name}",
            af.Run(workflow="t", case=name, missing=("run",)),
            af.Evaluation(run=name),
            outcome="error",
        )
        for name in ("a", "b")
    ]
    told = wording.verdict_sentences(build_report([good, *broken]))

    assert told[0].startswith("The one run passes 1 check")
    assert told[1] == "2 tests broke before any run: nothing was judged there."


def test_a_dearer_split_is_called_so() -> None:
    """A split above the single model's price is said to be the dearer one."""
    gate = GateEntry(
        title="a against b",
        verdict=af.Verdict.FAILED,
        cost=af.Money(amount=Decimal("0.3")),
        baseline_cost=af.Money(amount=Decimal("0.2")),
    )

    assert wording.gate_money(gate) == (
        "The split costs $0.30, 150% of the single model's $0.20: the split is the "
        "dearer one."
    )


def test_one_run_judged_by_two_tests_is_one_run() -> None:
    """Its money counts once, and each check once, however many tests asked."""
    run = split_run("hotel")
    both = (accessibility(failing=False), validity())
    found = [
        build_entry(f"t[{n}]", run, evaluation(run, *results))
        for n, results in enumerate([both, both[:1], both[1:]])
    ]
    runs = tally.judged_runs(build_report(found))
    (line,) = tally.workflow_lines(runs)

    assert len(runs) == 1
    assert [(c.check, c.runs) for c in tally.check_lines(runs)] == [
        ("accessibility", 1),
        ("html_validity", 1),
    ]
    assert (line.runs, str(line.total.cost)) == (1, "$0.0485")


def test_runs_of_one_name_and_two_contents_are_two_runs() -> None:
    """A planted regression beside the healthy run is not taken for the same run."""
    healthy, planted = split_run("hotel"), split_run("hotel", blow_up=4)
    found = [build_entry("t", r, evaluation(r, validity())) for r in (healthy, planted)]

    assert len(tally.judged_runs(build_report(found))) == 2


def test_check_lines_count_runs_subjects_findings_and_questions(report: Report) -> None:
    """Every count of a check is over all runs that it judged."""
    lines = {c.check: c for c in tally.check_lines(tally.judged_runs(report))}
    line = lines["accessibility"]

    assert (line.passed_runs, line.runs, line.examined) == (7, 9, 457)
    assert (line.findings, line.review, line.known) == (16, 9, 0)
    assert (lines["design"].findings, lines["design"].known) == (0, 1)
    assert lines["policy"].verdict is af.Verdict.INAPPLICABLE


def test_budgets_are_read_off_charts_of_money(report: Report) -> None:
    """The budget of a stage is the limit that the cost check drew."""
    split, single = tally.workflow_lines(tally.judged_runs(report))

    assert split.limits["artist"] == af.Money(amount=Decimal("0.045"))
    assert single.limits == {}


def test_causes_group_findings_by_rule_and_stage(report: Report) -> None:
    """Findings of one rule from one stage are one cause; the widest stands first."""
    found = causes(tally.judged_runs(report))

    assert [(c.rule, c.stage, c.runs, len(c.findings)) for c in found] == [
        ("a11y.color-contrast", "frontend", 2, 14),
        ("a11y.label", "frontend", 2, 2),
        ("hallucination.contact", "personalizer", 1, 1),
        ("hallucination.number", "personalizer", 1, 1),
        ("cost.stage", "frontend", 1, 1),
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(entries, max_size=3))
def test_counts_add_up_whatever_was_judged(found: list[Entry]) -> None:
    """No run, finding or question is lost or counted twice on the way to a figure."""
    runs = tally.judged_runs(build_report(found))
    lines = tally.check_lines(runs)
    results = [r for judged in runs for r in tally.results_of(judged)]

    assert sum(len(judged.entries) for judged in runs) == len(found)
    asked = {(id(j), r.written) for j in runs for r in tally.results_of(j)}
    assert sum(line.runs for line in lines) == len(asked)
    standing = [f for r in results for f in r.findings if tally.counts(f)]
    assert sum(line.findings for line in lines) == len(standing)
    assert sum(len(c.findings) for c in causes(runs)) == len(standing)
    assert all(0 <= line.passed_runs <= line.runs for line in lines)
    assert all(
        (line.verdict in (af.Verdict.PASSED, af.Verdict.INAPPLICABLE))
        <= (line.passed_runs == line.runs)
        or line.verdict is af.Verdict.INAPPLICABLE
        for line in lines
    )


def test_new_known_and_fixed_are_told_apart() -> None:
    """What is new fails, what is known is known, what is gone is fixed."""
    run = split_run("hotel")
    before = build_entry("t", run, evaluation(run, accessibility(failing=True)))
    known = known_findings([before])["build_site/hotel"]
    label = next(f for f in before.evaluation.findings if f.rule == "a11y.label")
    now_result = replace(
        accessibility(failing=False),
        rules=tuple(
            replace(r, findings=(label.with_status("known"),))
            if r.rule == "a11y.label"
            else r
            for r in accessibility(failing=False).rules
        ),
    )
    now = build_entry("t", run, evaluation(run, now_result))
    (comparison,) = compare_entries([now], [before])

    assert known[label.fingerprint] == 1
    assert comparison.known == (label.fingerprint,)
    assert comparison.new == ()
    assert [f.rule for f in comparison.fixed] == ["a11y.color-contrast"] * 7


def test_an_error_that_was_there_before_stands_and_is_not_new() -> None:
    """It is counted as a finding and as known, but not as a new one."""
    run = split_run("hotel")
    error = af.Finding(rule="a", message="no engine", verdict=af.Verdict.ERROR)
    rule = af.RuleResult(rule="a", verdict=af.Verdict.ERROR, findings=(error,))
    told = af.CheckResult(
        check="a", written="a", verdict=af.Verdict.ERROR, rules=(rule,)
    )
    before = build_entry("t", run, evaluation(run, told))
    assert known_findings([before])["build_site/hotel"] == {error.fingerprint: 1}

    known = replace(rule, findings=(error.with_status("known"),))
    now = build_entry("t", run, evaluation(run, replace(told, rules=(known,))))
    (line,) = tally.check_lines(tally.judged_runs(build_report([now])))
    assert (line.findings, line.new, line.known) == (1, 0, 1)


def test_a_rule_that_was_not_examined_again_fixes_nothing() -> None:
    """Dropping a check does not count as repairing what it found."""
    run = split_run("hotel")
    before = build_entry("t", run, evaluation(run, accessibility(failing=True)))
    now = build_entry("t", run, evaluation(run, validity()))

    assert compare_entries([now], [before])[0].fixed == ()


def test_two_tests_that_found_one_fault_found_one_fault() -> None:
    """Known findings are not doubled by judging a run twice."""
    run = split_run("hotel")
    before = build_entry("t", run, evaluation(run, accessibility(failing=True)))

    assert known_findings([before, before]) == known_findings([before])


def test_a_run_that_was_not_there_before_is_new() -> None:
    """It is told from one that cost nothing: it has no before at all."""
    hotel, bakery = sample_entries()[0], sample_entries()[2]
    (comparison,) = compare_entries([hotel], [bakery])

    assert (comparison.before, comparison.stages) == (None, ())
    assert comparison.now == hotel.run.total
    assert comparison.new == tuple(
        f.fingerprint for f in hotel.evaluation.findings if f.fails
    )


def test_a_test_that_broke_before_its_run_is_not_new() -> None:
    """Where nothing was judged there is no run to speak of."""
    run = af.Run(workflow="t", case="broke", missing=("run",))
    broken = build_entry("t", run, evaluation(run), outcome="error", problem="miss")

    assert compare_entries([broken], sample_entries()) == ()


def test_a_run_judged_often_is_compared_once() -> None:
    """What it cost then and now counts once, and so does each of its findings."""
    run = split_run("hotel")
    found = [
        build_entry(f"t[{n // 2}]", run, evaluation(run, accessibility(failing=True)))
        for n in range(3)
    ]
    (comparison,) = compare_entries(found, found)

    assert comparison.targets == ("t[0]", "t[1]")
    assert comparison.before == comparison.now == found[0].run.total
    assert len(comparison.new) == len(found[0].evaluation.findings) - sum(
        not f.fails for f in found[0].evaluation.findings
    )


def test_a_run_without_recording_is_not_held_against_a_revision() -> None:
    """A revision holds recordings: it cannot lack what was never recorded."""
    live = sample_entries()[0]
    recorded = replace(live, run=replace(live.run, file="recordings/x.flow.json"))

    assert build_report([live], against="git:main").comparisons == ()
    assert len(build_report([recorded], against="git:main").comparisons) == 1
    assert len(build_report([live], against="old.json").comparisons) == 1
    assert build_report([recorded]).comparisons == ()


def test_results_of_one_check_that_differ_are_both_kept() -> None:
    """No finding is lost because another test's result came first."""
    run = split_run("hotel")
    found = [
        build_entry("t", run, evaluation(run, accessibility(failing=failing)))
        for failing in (False, True, True)
    ]
    runs = tally.judged_runs(build_report(found))
    (line,) = tally.check_lines(runs)

    assert len(tally.results_of(runs[0])) == 2
    assert (line.passed_runs, line.runs) == (0, 1)
    assert line.findings > 0


def test_money_since_main_says_what_it_is_compared_with() -> None:
    """The same runs then, their change, and how many were not there."""
    hotel, bakery = sample_entries()[0], sample_entries()[2]
    free = replace(hotel, run=replace(hotel.run, total=Spent(cost=_money("0"))))

    def since(now: list[Entry], before: list[Entry]) -> str:
        report = build_report(now, before=before, against="main.json")
        return wording.since_money(report, report.comparisons, len(now))

    assert since([hotel], [hotel]) == " (main.json $0.0485, ±0%)"
    assert since([hotel, bakery], [hotel]) == (
        " (main.json $0.0485 for 1 of 2 runs, ±0%; 1 new)"
    )
    assert since([hotel], [bakery]) == " (new: main.json has no such run)"
    assert since([hotel], [free]) == " (main.json $0)"
    assert since([free], [hotel]) == " (main.json $0.0485, -100%)"
    assert since([free], [free]) == " (main.json $0, ±0%)"


def _money(amount: str) -> af.Money:
    return af.Money(amount=Decimal(amount))


@settings(max_examples=60, deadline=None)
@given(entries)
def test_a_run_held_against_itself_shows_no_change(entry: Entry) -> None:
    """Nothing is fixed and nothing gets dearer between a run and itself."""
    (comparison,) = compare_entries([entry], [entry])

    assert comparison.fixed == ()
    assert comparison.now == comparison.before
    assert all(delta.now == delta.before for delta in comparison.stages)


def test_money_and_tokens_are_compared_stage_by_stage(report: Report) -> None:
    """The stage that got dearer is seen, with its tokens."""
    bakery = next(c for c in report.comparisons if c.run == "build_site/bakery")
    frontend = next(d for d in bakery.stages if d.name == "frontend")

    assert frontend.before is not None
    assert frontend.now is not None
    assert wording.change(frontend.now.cost, frontend.before.cost) == "+270%"
    assert (frontend.before.output_tokens, frontend.now.output_tokens) == (4420, 17680)


def test_an_unknown_part_makes_the_whole_unknown() -> None:
    """A sum with an unknown price is no sum, and says why."""
    known = Spent(cost=af.Money(amount=Decimal(1)), calls=1)
    unknown = Spent(cost_unknown="no price is known for m", calls=1)

    assert add_spent([known, unknown]) == Spent(
        calls=2, cost_unknown="no price is known for m"
    )


def test_tokens_that_some_calls_do_not_tell_are_a_lower_bound() -> None:
    """Sums say so, and of how many calls they hold; without such calls they do not."""
    told = Spent(calls=2, input_tokens=1_000, output_tokens=10)
    half = Spent(calls=1, input_tokens=500, silent=1)
    whole = add_spent([told, half])

    assert figures.least(whole, "input_tokens") == "\u2265 1,500"
    assert figures.least(whole, "output_tokens", runs=2) == "\u2265 5"
    assert figures.tokens(whole) == "\u2265 1,510"
    assert figures.silent_text(whole) == "1 of 3 calls do not report all of theirs"
    assert (figures.least(told, "input_tokens"), figures.silent_text(told)) == (
        "1,000",
        "",
    )


def test_two_currencies_are_no_sum() -> None:
    """Dollars and euros are not added up."""
    parts = [
        Spent(cost=af.Money(amount=Decimal(1), currency=c)) for c in ("USD", "EUR")
    ]

    assert add_spent(parts).cost_unknown == "charged in several currencies: EUR, USD"


def test_stray_calls_stay_in_the_sum() -> None:
    """Calls that no stage of the run holds are shown as a stage of their own."""
    call = af.Call(
        id="x/0", kind="chat", stage="unattributed", usage=af.Usage(input_tokens=7)
    )
    run = af.Run(workflow="w", case="c", calls=(call,))
    (stage,) = build_entry("t", run, evaluation(run)).run.stages

    assert (stage.name, stage.spent.input_tokens) == ("unattributed", 7)


def test_figures_read_well() -> None:
    """Means, numbers and dates are as short as they can be and still right."""
    assert [mean(t, n) for t, n in ((7, 7), (10, 4), (5_000, 3), (None, 2))] == [
        "1",
        "2.5",
        "1,667",
        "–",  # noqa: RUF001
    ]
    assert [figure(Decimal(v)) for v in ("1234567", "0.0348", "0.00001", "1E+20")] == [
        "1,234,567",
        "0.0348",
        "0.00001",
        "1e+20",
    ]
    assert when("2026-11-02T12:00:00Z") == "2026-11-02 12:00 UTC"
    assert when("yesterday") == "yesterday"


def test_changes_are_told_in_percent() -> None:
    """Nothing, more, less and from nothing."""
    now = [af.Money(amount=Decimal(a)) for a in ("1", "1.3", "0.5", "0")]

    assert [wording.change(m, now[0]) for m in now] == ["±0%", "+30%", "-50%", "-100%"]
    assert wording.change(now[0], now[3]) == "from $0"
    assert wording.change(None, now[0]) == wording.change(now[0], None) == ""


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        ("0.1004", "0.1", "+0.4%"),
        ("0.0996", "0.1", "-0.4%"),
        ("0.10001", "0.1", "<0.1% more"),
        ("0.09999", "0.1", "<0.1% less"),
        ("0.0004", "1", "-99.9%"),
        ("0", "1", "-100%"),
        ("0.009", "1", "-99%"),
        ("25", "1", "+2,400%"),
        ("0", "0", "±0%"),
    ],
)
def test_a_change_is_never_rounded_to_none(now: str, before: str, said: str) -> None:
    """±0% is said of equal amounts only, and -100% only where nothing is left."""
    assert wording.change(_money(now), _money(before)) == said


def test_a_cost_check_over_budget_is_drawn_so() -> None:
    """The run whose frontend is over its budget fails, and no other."""
    run = split_run("bakery", blow_up=4)
    entry = build_entry("t", run, evaluation(run, cost(run, failing=True)))

    assert wording.verdict_sentences(build_report([entry]))[:3] == (
        "The one run fails: cost.",
        "The finding begins in frontend.",
        "It cost $0.075.",
    )


def test_amounts_of_a_column_stand_at_one_point() -> None:
    """What a shorter amount lacks is padding; it never becomes a figure."""
    column = [_money(a) for a in ("0.0485", "0.075", "12.4", "0")]

    assert places([*column, None]) == 4
    assert [pad(m, 4) for m in column] == ["", "0", "00", ".0000"]
    assert pad(af.Money(amount=Decimal(1), currency="CHF"), 4) == pad(None, 4) == ""


def test_bars_of_money_are_written_as_money() -> None:
    """A chart in a currency has the same amounts as the sentences beside it."""
    assert figure(Decimal("0.000042"), "USD") == figure(Decimal("0.000042"), "$")
    assert figure(Decimal("0.000042"), "$") == "$0.000042"
    assert figure(Decimal("0.5"), "s") == "0.5000"


money = st.builds(
    lambda amount: str(af.Money(amount=amount)),
    st.decimals(-10, 10**6, places=6, allow_nan=False),
)


@given(st.lists(money, min_size=1, max_size=8))
def test_amounts_of_a_table_stand_at_one_point(amounts: list[str]) -> None:
    """With what is drawn behind them, all have as many decimals; none is changed."""
    table = af.Table(
        title="t", columns=("case", "split"), rows=tuple(("a", x) for x in amounts)
    )
    plain = even_rows(table)
    assert plain == [[("a", ""), (x, "")] for x in amounts]
    rows = even_rows(replace(table, numeric=(1,)))
    assert [[cell for cell, _ in row] for row in rows] == [["a", x] for x in amounts]
    drawn = [cell + pad for (_, (cell, pad)) in rows]
    assert len({len(text.partition(".")[2]) for text in drawn}) == 1


def test_a_column_of_different_things_is_not_aligned() -> None:
    """Tokens below dollars have no point; a word and a dash are left as they are."""
    rows = (("money", "$0.646"), ("tokens", "49,920"))
    sums = af.Table(title="Sums", columns=("sum", "split"), rows=rows, numeric=(1,))
    assert [pad for row in even_rows(sums) for _, pad in row] == [""] * 4
    rows = (("a", "$0.5"), ("b", "no ratio"), ("c",), ("d", "$12"))
    odd = af.Table(title="Odd", columns=("case", "split"), rows=rows, numeric=(1,))
    assert [row[1] for row in even_rows(odd)] == [
        ("$0.5", ""),
        ("no ratio", ""),
        ("", ""),
        ("$12", ".0"),
    ]


def test_an_optional_comparison_that_is_open_is_not_told_as_passed() -> None:
    """It fails nothing, and the headline says that it decided nothing."""
    good = GateEntry(title="a against b", verdict=af.Verdict.PASSED)
    is_open = GateEntry(
        title="c against b", verdict=af.Verdict.UNDETERMINED, optional=True
    )
    report = build_report([], decompositions=[good, is_open])

    assert report.ok
    told = wording.verdict_sentences(report)
    assert told[0] == "1 of 2 comparisons is undecided, and optional."
