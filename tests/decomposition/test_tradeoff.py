"""How many stages, which model, and what the split is worth."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradeoff_runs import LOCK, fine, make, site, sites

import pytest_agentflow as af
from pytest_agentflow.decomposition.tradeoff_figures import levers, span_seconds
from pytest_agentflow.decomposition.tradeoff_money import Declared
from pytest_agentflow.decomposition.tradeoff_month import month_of, ownership_of
from pytest_agentflow.decomposition.tradeoff_variants import calling_stages, variants
from pytest_agentflow.report.tradeoff_terminal import tradeoff_lines
from pytest_agentflow.statistics.outcome import Decision

ALL = Declared(
    volume=1000,
    engineering_cost=1200,
    months=12,
    upkeep=20,
    fine_tuning=0,
    error_price=0,
    requests_per_user=10,
)
GOOD = (fine(),)


def test_a_split_that_is_cheaper_and_as_good_passes() -> None:
    """Money, quality and number of stages are decided over thirty cases."""
    told = af.tradeoff(sites(1, 2, 3), checks=GOOD, in_use="two", declared=ALL)

    assert told.decision is Decision.PASS
    assert told.k == 2
    assert told.baseline == "single"
    assert [answer.decision for answer in told.answers] == [Decision.PASS] * 3
    assert told.saves


def test_k_counts_the_stages_that_called_a_model() -> None:
    """A stage without a model call is none of the k; calls in no stage are one."""
    run = make("w", "c", [("a", "small", 1), ("b", "small", 1), ("a", "small", 1)])
    idle = replace(run, stages=(*run.stages, af.Stage(name="idle")))
    nowhere = make("w", "c", [("unattributed", "small", 1)])

    assert calling_stages(idle) == ("a", "b")
    assert calling_stages(replace(nowhere, stages=())) == ("unattributed",)


def test_the_most_usual_k_stands_for_a_workflow_and_is_told() -> None:
    """A stage that only some runs need does not split the workflow in two."""
    runs = [*sites(1, 2), *(site(2, case) for case in range(30, 39))]
    runs.append(replace(site(3, 39), workflow="two"))
    found = variants(runs)

    assert [(v.workflow, v.k) for v in found] == [("single", 1), ("two", 2)]
    assert "differ (2 in 39 runs, 3 in 1 runs); taken as 2" in found[1].note


def test_more_stages_than_the_best_are_over_engineered() -> None:
    """Five cheap calls that buy nothing fail, with what they cost."""
    dear = [site(4, case, tokens=2000) for case in range(30)]
    told = af.tradeoff([*sites(1, 2), *dear], checks=GOOD, in_use="four")
    stages = told.answers[2]

    assert told.decision is Decision.FAIL
    assert stages.would_do == (2,)
    assert stages.sentence.startswith("over-engineered: best by money: 2 stages (95 %")
    assert "4 are in use and take $0.0116 a run more" in stages.sentence


def test_a_dearer_stage_that_buys_quality_asks_for_the_price_of_an_error() -> None:
    """Nobody but the payer knows what an error costs; it names where it pays."""
    broken = [site(2, case, output="bad" if case < 3 else "fine") for case in range(30)]
    four = [site(4, case, tokens=900) for case in range(30)]
    runs = [*sites(1), *broken, *four]
    told = af.tradeoff(runs, checks=GOOD, in_use="four")
    cheap = af.tradeoff(
        runs, checks=GOOD, in_use="four", declared=Declared(error_price=0)
    )
    dear = af.tradeoff(
        runs, checks=GOOD, in_use="four", declared=Declared(error_price=1)
    )

    assert told.answers[2].decision is Decision.INCONCLUSIVE
    assert "worth it where an error costs $0.0050 and more" in told.answers[2].sentence
    assert told.answers[2].sentence.endswith("declare --error-price")
    assert cheap.answers[2].would_do == (2,)
    assert dear.decision is Decision.PASS
    assert dear.stages.best.members == (4,)


def test_the_best_number_of_stages_may_be_open_beside_a_pass() -> None:
    """A split that is cheaper and as good pays, whatever another k would save."""
    broken = [site(2, case, output="bad" if case < 1 else "fine") for case in range(30)]
    four = [site(4, case, tokens=900) for case in range(30)]
    told = af.tradeoff([*sites(1), *broken, *four], checks=GOOD, in_use="four")
    few = [*sites(1, 2), *(site(3, case) for case in range(9))]
    untold = af.tradeoff(few, checks=GOOD, in_use="two")

    for found in (told, untold):
        assert found.decision is Decision.PASS
        assert found.saves
        assert found.answers[2].decision is Decision.INCONCLUSIVE
        assert "%" in found.answers[0].sentence
    assert "9 cases rule little out" in untold.answers[2].sentence


def test_fewer_stages_with_which_as_many_pass_need_no_price_of_an_error() -> None:
    """Two are the cheapest and worse; three are as good as four, and take less."""
    two = [site(2, case, output="bad" if case < 2 else "fine") for case in range(30)]
    four = [site(4, case, tokens=1500) for case in range(30)]
    told = af.tradeoff([*sites(1, 3), *two, *four], checks=GOOD, in_use="four")
    stages = told.answers[2]

    assert told.stages.best.members == (2,)
    assert (told.stages.gains, told.stages.as_good) == (pytest.approx(2 / 30), 3)
    assert told.decision is Decision.FAIL
    assert stages.would_do == (3,)
    assert "a run more than 3, with which as many cases pass" in stages.sentence


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(100, 3000))
def test_as_good_stages_are_fewer_pass_as_many_and_take_less(
    bad: int, worse: int, tokens: int
) -> None:
    """Whatever was recorded, the k that would do is no worse in any of the three."""
    runs = [
        *sites(1),
        *(site(2, c, output="bad" if c < bad else "fine") for c in range(30)),
        *(
            site(3, c, tokens=tokens, output="bad" if c < worse else "fine")
            for c in range(30)
        ),
    ]
    stages = af.tradeoff(runs, checks=GOOD, in_use="three").stages

    if stages.as_good is not None:
        fewer, own = stages.row(stages.as_good), stages.row(3)
        assert fewer.k < own.k
        assert fewer.amount < own.amount
        assert (fewer.passed or 0) >= (own.passed or 0)


def test_a_k_that_is_worse_than_the_single_model_is_ruled_out() -> None:
    """What FAILs on quality is no best number of stages, however cheap."""
    bad = [site(2, case, output="bad") for case in range(30)]
    told = af.tradeoff([*sites(1, 3), *bad], checks=GOOD, in_use="three")

    assert told.stages.row(2).best_share is None
    assert told.stages.best.members == (3,)
    assert any("2 stages (two) ruled out" in note for note in told.notes)


def test_few_cases_are_inconclusive_and_tell_no_saving() -> None:
    """Nine cases decide neither money nor the number of stages."""
    told = af.tradeoff(sites(1, 2, 3, cases=9), checks=GOOD, in_use="three")

    assert told.decision is Decision.INCONCLUSIVE
    assert not told.saves
    assert {answer.decision for answer in told.answers} == {Decision.INCONCLUSIVE}
    assert "9 cases are too few" in told.answers[0].sentence


def test_a_decided_cost_is_not_told_while_quality_is_open() -> None:
    """A ratio beside an open quality would be read as a saving."""
    runs = [
        *sites(1),
        *(site(2, case, output="open" if case < 9 else "fine") for case in range(30)),
    ]
    told = af.tradeoff(runs, checks=GOOD)

    assert told.decision is Decision.INCONCLUSIVE
    assert told.answers[0].decision is Decision.PASS
    assert "%" not in told.answers[0].sentence
    assert not told.saves


def test_without_checks_quality_is_open() -> None:
    """What was not compared is no pass."""
    told = af.tradeoff(sites(1, 2))

    assert told.decision is Decision.INCONCLUSIVE
    assert "no check was given" in told.answers[1].sentence


def test_a_split_that_is_dearer_fails() -> None:
    """Its lower bound lies above the single model's money."""
    dear = [site(2, case, tokens=20_000) for case in range(30)]
    told = af.tradeoff([*sites(1), *dear], checks=GOOD)

    assert told.decision is Decision.FAIL
    assert told.answers[0].decision is Decision.FAIL
    assert not told.saves


@pytest.mark.parametrize(
    ("runs", "arguments", "sentence"),
    [
        ([], {}, "there is no run to weigh"),
        (sites(2, cases=2), {}, "no workflow of these runs has one stage (two has 2)"),
        (
            sites(1, 2, 3, cases=2),
            {},
            "the split in use: 2 workflows may be meant: two (k = 2), three (k = 3)",
        ),
        (
            sites(1, 2, cases=2),
            {"in_use": "nobody"},
            "--in-use nobody: no workflow of these runs",
        ),
        (
            [site(1, 1), site(2, 2)],
            {},
            "two and single share no case",
        ),
        (sites(1, 2, cases=2) * 2, {}, "single/c00 stands there twice"),
        (
            [site(1, 1), site(2, 1, output="broken")],
            {"checks": GOOD},
            "two/c01 cannot be judged: the page is lost",
        ),
        (
            [site(k, 1, output="open") for k in (1, 2)],
            {"checks": GOOD},
            "fine decided nothing in 2 runs",
        ),
        (sites(1, 2, cases=2), {"objective": "joy"}, "objective='joy' is none of"),
        (
            sites(1, 2, cases=2),
            {"objective": "aalp"},
            "the size of small is not declared",
        ),
        (
            sites(1, 2, cases=2),
            {"coordinators": ["boss"]},
            "--coordinator boss: no workflow has such a stage",
        ),
    ],
)
def test_what_cannot_be_weighed_is_refused_in_one_sentence(
    runs: list[af.Run], arguments: dict[str, object], sentence: str
) -> None:
    """Neither a number nor a guess stands for what is not known."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        af.tradeoff(runs, **arguments)  # type: ignore[arg-type]

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_price_is_no_number() -> None:
    """Money asks for all prices; latency does without."""
    runs = [
        replace(run, recorded=replace(run.recorded, prices=af.PriceLock()))
        for run in sites(1, 2)
    ]
    with pytest.raises(ValueError, match="no price is known for output_tokens"):
        af.tradeoff(runs, checks=GOOD)
    told = af.tradeoff(runs, checks=GOOD, objective="latency")

    assert told.bill is None
    assert any("no money: the cost of" in note for note in told.notes)


def tried_before(run: af.Run, usage: af.Usage | None) -> af.Run:
    """The same run, where the first call was answered once before, in vain."""
    first, *others = run.calls
    attempt = af.Attempt(status=200, error="no JSON", usage=usage)
    return replace(run, calls=(replace(first, attempts=(attempt,)), *others))


def test_failed_attempts_are_paid_for() -> None:
    """What was answered in vain is part of the money of its k, and a lever."""
    wasted = af.Usage(input_tokens=0, output_tokens=1000)
    singles, splits = sites(1), sites(2)
    before = af.tradeoff([*singles, *splits], checks=GOOD)
    again = [tried_before(run, wasted) for run in splits]
    told = af.tradeoff([*singles, *again], checks=GOOD)
    assert before.bill is not None
    assert told.bill is not None

    assert told.bill.cost == pytest.approx(before.bill.cost + 0.002)
    assert told.stages.row(2).amount == pytest.approx(told.bill.cost)
    shares = {lever.name: lever.share for lever in told.bill.levers}
    assert shares["failed attempts"] == pytest.approx(0.002 / told.bill.cost)
    assert sum(shares.values()) == pytest.approx(1)


def test_a_failed_attempt_that_hides_its_usage_has_no_price() -> None:
    """An answer in vain that does not tell its tokens is not taken to be free."""
    runs = [tried_before(run, None) if run.case == "c07" else run for run in sites(1)]
    with pytest.raises(ValueError, match=r"single/c07 .* \(failed attempt 1\)"):
        af.tradeoff([*runs, *sites(2)], checks=GOOD)


def test_tokens_that_nobody_tells_are_not_none() -> None:
    """A call that is priced as one picture tells no tokens: unknown, and not 0."""
    price = af.UnitPrice(model="small", unit="calls", amount=Decimal("0.001"))
    lock = replace(LOCK, prices=(LOCK.prices[0], price))
    runs = [
        replace(
            run,
            calls=(replace(run.calls[0], usage=None), *run.calls[1:]),
            recorded=replace(run.recorded, prices=lock),
        )
        for run in sites(2)
    ]
    told = af.tradeoff([*sites(1), *runs], checks=GOOD, objective="latency")

    assert told.stages.row(2).tokens is None
    assert told.stages.row(1).tokens is not None
    assert told.bill is None or told.bill.multiplier is None
    cells = next(line for line in tradeoff_lines(told) if line.startswith("2*"))
    assert cells.split()[2:5] == ["0.79", "s", "-"] or "  -  " in cells


def test_cases_that_no_other_k_has_still_decide_whether_the_split_pays() -> None:
    """Where no case was recorded for every k, cost and quality can be decided.

    They rest on the cases of the split in use and of the single model.
    """
    elsewhere = [site(3, case) for case in range(25, 30)]
    fewer = [site(2, case) for case in range(25)]
    told = af.tradeoff([*sites(1), *fewer, *elsewhere], checks=GOOD, in_use="two")
    cost, quality, stages = told.answers

    assert told.decision is Decision.PASS
    assert (told.cases, cost.decision, quality.decision) == (
        25,
        Decision.PASS,
        Decision.PASS,
    )
    assert stages.decision is Decision.INCONCLUSIVE
    assert "no case was recorded for all of single, two, three" in stages.sentence
    assert [row.k for row in told.stages.rows] == [1, 2]
    assert not any("every number of stages" in note for note in told.notes)


def test_selected_runs_are_no_sample() -> None:
    """Runs with discarded takes are refused, unless they are allowed."""
    first, *others = sites(1, 2)
    takes = af.Takes(discarded=2)
    runs = [replace(first, recorded=replace(first.recorded, takes=takes)), *others]

    with pytest.raises(ValueError, match=r"1 of 60 runs .* single/c00 \(2 discarded\)"):
        af.tradeoff(runs, checks=GOOD)
    allowed = af.tradeoff(runs, checks=GOOD, discarded_takes="allow")
    assert allowed.decision is Decision.PASS


def test_drift_of_prices_is_told_apart_from_the_split() -> None:
    """Another day's prices on one side are no merit of the split."""
    later = replace(
        LOCK,
        as_of="2026-12-01T10:00:00Z",
        prices=tuple(replace(p, amount=p.amount * 2) for p in LOCK.prices),
    )
    runs = [
        replace(run, recorded=replace(run.recorded, prices=later))
        if run.workflow == "two"
        else run
        for run in sites(1, 2)
    ]
    told = af.tradeoff(runs, checks=GOOD)

    assert told.prices_as_of == ("2026-11-01", "2026-12-01")
    assert any("prices differ between the recordings" in note for note in told.notes)


def test_trials_count_as_their_mean_and_pass_together() -> None:
    """Two trials of a case are one case, which fails where one of them does."""
    runs = [
        replace(run, trial=trial, output="bad" if bad and trial == 2 else "fine")
        for run in sites(1, 2)
        for bad in [run.workflow == "two" and run.case == "c00"]
        for trial in (1, 2)
    ]
    told = af.tradeoff(runs, checks=GOOD)

    assert told.cases == 30
    assert told.stages.row(2).passed == 29


def test_unequal_trials_are_refused_where_quality_is_compared() -> None:
    """Who tries more often fails more often."""
    runs = [*sites(1, 2), replace(site(2, 0), trial=2)]

    with pytest.raises(ValueError, match="c00 has 2 runs of two and 1 of single"):
        af.tradeoff(runs, checks=GOOD)


def test_sizes_of_one_case_are_no_independent_cases() -> None:
    """Three sizes of ten customers are ten cases."""
    runs = [replace(run, size=n) for run in sites(1, 2, cases=10) for n in (1, 2, 4)]

    assert af.tradeoff(runs, checks=GOOD).cases == 10


def test_figures_that_nobody_declared_are_asked_for_by_name() -> None:
    """Nothing is assumed: a break-even needs all of them."""
    told = af.tradeoff(
        sites(1, 2), checks=GOOD, declared=Declared(months=12, fine_tuning=5)
    )

    assert told.bill is not None
    assert told.bill.break_even is None
    assert told.bill.lacking == (
        "engineering_cost",
        "upkeep",
        "requests_per_user",
        "error_price",
        "fine_tuning_requests",
    )


@pytest.mark.parametrize(
    "name", ["months", "requests_per_user", "fine_tuning_requests"]
)
def test_a_divisor_cannot_be_nought(name: str) -> None:
    """Months, requests and users divide; the rest may be 0."""
    with pytest.raises(ValueError, match=f"{name}=0: give a number above 0"):
        Declared(**{name: 0})
    with pytest.raises(ValueError, match="volume=nan"):
        Declared(volume=math.nan)


def test_break_even_is_where_both_lines_cross() -> None:
    """The lines of the total cost meet at the number of users that is told."""
    declared = replace(ALL, error_price=0.01, fine_tuning=50, fine_tuning_requests=1e4)
    told = af.tradeoff(sites(1, 2), checks=GOOD, declared=declared)
    assert told.bill is not None
    assert told.bill.break_even is not None
    users = told.bill.break_even.users
    lines = ownership_of(told.bill, declared)
    assert users is not None
    assert lines is not None

    assert lines.at(users)[0] == pytest.approx(lines.at(users)[1])
    month = month_of(told.bill, replace(declared, volume=users * 10))
    assert month is not None
    assert month.net == pytest.approx(0, abs=1e-9)


def test_planners_fees_and_stray_calls_are_orchestration() -> None:
    """They are part of what k stages cost, and have a share of their own."""
    lock = replace(
        LOCK, fees=(af.Fee(name="steps", each="run", amount=Decimal("0.001")),)
    )
    run = make("w", "c", [("planner", "small", 500), ("a", "small", 1000)], lock=lock)
    found = levers(run, ["planner"])

    assert found == {
        "orchestration": Decimal("0.002"),
        "text of a": Decimal("0.002"),
    }
    assert sum(found.values(), Decimal(0)) == run.cost().amount


def test_a_stage_named_like_a_planner_is_pointed_out() -> None:
    """It is not taken for one: its user says so."""
    planned = [
        make("planned", f"c{n:02}", [("planner", "small", 9), ("a", "small", 90 + n)])
        for n in range(30)
    ]
    runs = [*sites(1), *planned]
    told = af.tradeoff(runs, checks=GOOD)
    declared = af.tradeoff(runs, checks=GOOD, coordinators=["planner"])

    assert told.stages.row(2).orchestration == 0
    assert any("--coordinator planner" in note for note in told.notes)
    assert declared.stages.row(2).orchestration == pytest.approx(0.08, abs=0.01)


def test_the_span_follows_recorded_parents_and_no_gaps() -> None:
    """Calls that did not wait for each other run side by side."""
    chain = make("w", "c", [("a", "small", 100), ("b", "small", 200)])
    both = replace(chain, calls=tuple(replace(c, parents=()) for c in chain.calls))

    assert span_seconds(chain) == pytest.approx(0.3)
    assert span_seconds(both) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="holds no time of a/1"):
        span_seconds(replace(chain, recorded=replace(chain.recorded, calls={})))


def variant(workflow: str, model: str, bad: int = 0, cases: int = 40) -> list[af.Run]:
    """Two stages, of which the second has another model."""
    return [
        make(
            workflow,
            f"c{case:02}",
            [("a", "small", 500 + case), ("b", model, 500)],
            output="bad" if case < bad else "fine",
        )
        for case in range(cases)
    ]


def test_the_cheapest_model_that_is_good_enough_is_named() -> None:
    """A model that passes as much is chosen; its saving is of stage and run."""
    runs = [*sites(1, cases=40), *variant("use", "small"), *variant("tried", "tiny")]
    told = af.tradeoff(runs, checks=GOOD, in_use="use", models=True)
    assert told.models is not None
    (stage,) = told.models.stages

    assert (stage.stage, stage.cheapest) == ("b", "tiny")
    assert told.models.single == ("a",)
    assert stage.steps[0].saving == pytest.approx(0.5)
    assert not stage.steps[0].as_claimed
    assert 0.2 < stage.steps[0].run_saving < 0.3


def test_a_cheaper_model_that_breaks_cases_is_not_chosen() -> None:
    """The cases that it broke are named with check and stage."""
    runs = [
        *sites(1, cases=40),
        *variant("use", "large", bad=1),
        *variant("tried", "tiny", bad=20),
    ]
    told = af.tradeoff(runs, checks=GOOD, in_use="use", models=True)
    assert told.models is not None
    (stage,) = told.models.stages
    tried = next(choice for choice in stage.choices if not choice.in_use)

    assert stage.cheapest == "large"
    assert stage.steps[0].as_claimed
    assert tried.quality is not None
    assert tried.quality.decision is Decision.FAIL
    assert Counter(flip.broken for flip in tried.flips) == {True: 19}
    assert str(tried.flips[0]) == "c01 (fine, by b)"


def test_two_models_changed_at_once_tell_nothing_about_either() -> None:
    """Nobody knows which of them made the difference."""
    both = [
        make("both", f"c{n:02}", [("a", "tiny", 500), ("b", "tiny", 500)])
        for n in range(20)
    ]
    runs = [*sites(1), *variant("use", "small"), *both]
    told = af.tradeoff(runs, checks=GOOD, in_use="use", models=True)
    assert told.models is not None

    assert told.models.stages == ()
    (note,) = told.models.notes
    assert note.startswith("both changes the models of a and b at once")


def test_workflows_without_a_common_case_are_left_out_and_told() -> None:
    """A folder of recordings may hold others, too."""
    alien = make("alien", "x", [("a", "small", 1), ("b", "small", 1)])
    told = af.tradeoff([*sites(1, 2), alien], checks=GOOD, in_use="two")

    assert "alien is left out: it shares no case with single" in told.notes


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9000), st.integers(1, 9000)), min_size=2, max_size=25
    ),
    st.integers(0, 3),
)
def test_any_amounts_are_weighed_and_only_a_pass_tells_a_saving(
    pairs: list[tuple[int, int]], bad: int
) -> None:
    """Whatever was recorded: one decision, and a saving only where it is decided."""
    runs = [
        run
        for n, (single, split) in enumerate(pairs)
        for run in (
            site(1, n, tokens=single),
            site(2, n, tokens=split, output="bad" if n < bad else "fine"),
        )
    ]
    told = af.tradeoff(runs, checks=GOOD, declared=ALL)

    assert told.bill is not None
    assert told.saves <= (told.bill.ratio.decision is Decision.PASS)
    assert told.saves <= (told.decision is not Decision.INCONCLUSIVE)
    assert told.stages.best.best in told.stages.best.members
    assert sum(lever.share for lever in told.bill.levers) == pytest.approx(1)
