"""The gate where the cases stand for others: bounds, clusters, and what it refuses."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import gate_runs
import pytest
from gate_runs import fit, single, split, varied, without_usage
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.require import Settings, using
from pytest_agentflow.statistics.ratio import cost_ratio_gate


def gate(runs: list[af.Run], baseline: list[af.Run], **asked: Any) -> af.Decomposition:
    """What the gate decides, whatever it is; of a sample unless told otherwise."""
    try:
        return af.require_decomposition(
            runs, baseline=baseline, **{"population": "sample", **asked}
        )
    except af.DecompositionFailure as failure:
        return failure.decomposition


def test_a_pass_tells_estimate_bound_and_cases() -> None:
    """The upper bound keeps the limit; the outcome holds the figures."""
    found = gate(*varied(25), cost_ratio=0.5)
    bound = found.bound("cost")

    assert found.word == "PASS"
    assert bound.sentence == (
        "the split's cost is 31.8% of the single model's, at most 33.5% at 95% "
        "confidence, over 25 cases; allowed 50%"
    )
    assert bound.outcome is not None
    assert bound.outcome.n == 25
    assert found.cost is not None


def test_a_fail_tells_the_lower_bound_and_names_the_stage() -> None:
    """Every case is too dear: neither stage alone is, and the share is told."""
    found = gate(*varied(25), cost_ratio=0.25)
    sentence = found.bound("cost").sentence

    assert found.word == "FAIL"
    assert sentence.startswith(
        "the split's cost is 31.8% of the single model's, at least 30.2% at 95% "
        "confidence, over 25 cases; allowed 25%. "
    )
    assert "the largest share is critic's, 50%" in sentence


def test_an_open_bound_tells_how_many_cases_would_decide() -> None:
    """The interval holds the limit: what it would support is told, no saving is."""
    found = gate(*varied(25), cost_ratio=0.33)

    assert found.word == "INCONCLUSIVE"
    assert found.bound("cost").sentence == (
        "undecided over 25 cases: 30.2% to 33.5% of the single model's cost, each "
        "bound at 95% confidence (estimate 31.8%); allowed 33%. About 109 cases would "
        "decide; these support a limit of 33.5%"
    )
    assert found.cost is found.baseline_cost is None
    assert found.notes == ()
    assert not any(isinstance(shown, af.Bars) for shown in found.exhibits)
    assert "$" not in str(found)


def test_too_few_cases_give_no_number() -> None:
    """Below twenty no ratio is told, however clear it looks."""
    found = gate(*varied(19), cost_ratio=0.9)

    assert str(found) == (
        "INCONCLUSIVE: split against single\n"
        "  cost: INCONCLUSIVE: 19 cases are too few: rare, dear runs stay unseen below "
        "20 cases; record more, or compare them as a fixed population; allowed 90%"
    )
    (table,) = found.exhibits
    assert isinstance(table, af.Table)
    assert table.columns == ("bound", "allowed", "cases", "cases to decide", "method")
    assert table.rows[0][:4] == ("cost", "90.0%", "19", "20")


def test_an_open_quality_hides_what_a_decided_cost_would_save() -> None:
    """An INCONCLUSIVE gate prints no saving, though its cost has passed."""
    runs, baseline = varied(25)
    runs[:2] = [split(r.case, 4000, output="bad") for r in runs[:2]]
    found = gate(runs, baseline, cost_ratio=0.5, checks=[fit()], quality_margin=0.10)

    assert found.word == "INCONCLUSIVE"
    assert found.bound("cost").sentence == (
        "within the 50% allowed at 95% confidence, over 25 cases; what is saved is "
        "told once everything is decided"
    )
    assert found.bound("quality").sentence.startswith(
        "the split passes 23 of 25 cases, the single model 25 of 25; undecided: -21.5 "
        "to +2.5 points, each bound at 95% confidence (estimate -8.0 points); allowed "
        "10% lower. "
    )
    assert found.sentences[0].startswith("quality: INCONCLUSIVE")
    assert found.cost is None


def test_optional_lets_inconclusive_pass_and_says_so() -> None:
    """It fails the test otherwise."""
    runs, baseline = varied(5)
    found = af.require_decomposition(
        runs, baseline=baseline, cost_ratio=1, population="sample", optional=True
    )
    assert str(found).startswith(
        "INCONCLUSIVE: split against single (optional: it fails nothing)"
    )
    with pytest.raises(af.DecompositionFailure, match="5 cases are too few"):
        af.require_decomposition(
            runs, baseline=baseline, cost_ratio=1, population="sample"
        )


def test_a_worse_split_of_a_sample_fails_with_flips_and_diagnosis() -> None:
    """What broke is named with its stage; the p of the check stands as diagnosis."""
    runs, baseline = varied(30)
    runs[:10] = [split(r.case, output="bad") for r in runs[:10]]
    baseline[20] = single(baseline[20].case, output="bad")
    found = gate(runs, baseline, checks=[fit()], quality_margin=0.10)
    bound = found.bound("quality")
    tables = {t.title: t for t in found.exhibits if isinstance(t, af.Table)}

    assert found.word == "FAIL"
    assert bound.stage == "writer"
    assert "at best -13.6 points at 95% confidence" in bound.sentence
    assert (
        "Newly broken: c00 (fit, by writer), c01 (fit, by writer), c02 (fit, by "
        "writer), and 7 more; fixed: 1 case" in bound.sentence
    )
    flips = tables["What flipped between the single model and the split"]
    assert flips.rows[0] == ("c00", "fit", "newly broken", "writer", "not good")
    assert flips.rows[-1] == ("c20", "fit", "fixed", "all", "not good")
    look = tables["Where to look: diagnosis beside the verdict, decides nothing"]
    assert look.rows == (("check fit", "10 broken, 1 fixed", "0.006", "0.006"),)
    sides = {row[0]: row[1:] for row in tables["Both sides"].rows}
    assert sides["error amplification"] == ("10.00x", "1x")


def test_selected_takes_are_no_sample() -> None:
    """Runs that were kept after others were discarded are refused unless allowed."""
    runs, baseline = varied(25)
    runs[3] = dataclasses.replace(
        runs[3],
        recorded=dataclasses.replace(runs[3].recorded, takes=af.Takes(discarded=2)),
    )
    found = gate(runs, baseline, cost_ratio=0.5)

    assert found.word == "ERROR"
    told = found.bound("takes").sentence
    assert "1 of 50 runs: split/c03 (2 discarded)" in told
    assert "recordings/split/*.flow.json, recordings/single/*.flow.json" in told
    assert gate(runs, baseline, cost_ratio=0.5, discarded_takes="allow").ok
    assert gate(runs, baseline, cost_ratio=0.5, population="fixed").ok


def test_trials_of_a_case_count_as_one_case() -> None:
    """Ten trials of three cases are three cases, and too few."""
    runs = [split(c, 900 + t, trial=t) for c in "abc" for t in range(10)]
    baseline = [single(c, 1000 + 9 * n) for n, c in enumerate("abc")]
    found = gate(runs, baseline, cost_ratio=0.5)

    assert "3 cases are too few" in found.bound("cost").sentence
    exact = gate(runs, baseline, cost_ratio="0.0897", population="fixed")
    assert exact.word == "PASS"
    assert not gate(runs, baseline, cost_ratio="0.0896", population="fixed").ok


def test_rates_of_trials_are_compared_as_means() -> None:
    """Two of four trials good is half a case; undecided ones leave both answers."""

    def runs(*said: str) -> list[af.Run]:
        return [split("a", trial=t, output=o) for t, o in enumerate(said)]

    asked = {"checks": [fit()], "quality_margin": 0.5, "population": "fixed"}
    baseline = [single("a")]
    half = gate(runs("good", "bad", "good", "bad"), baseline, **asked)
    assert half.word == "PASS"
    assert half.bound("quality").sentence.startswith(
        "the split passes 2 of 4 trials, the single model 1 of 1, over the fixed "
        "population of 1 case; allowed 50% lower"
    )
    assert gate(runs("good", "bad", "bad"), baseline, **asked).word == "FAIL"
    assert gate(runs("good", "bad", "open"), baseline, **asked).word == "INCONCLUSIVE"


def test_cases_of_one_cluster_are_one_observation() -> None:
    """Thirty cases of six customers are six."""
    runs, baseline = varied(30)
    found = gate(
        runs, baseline, cost_ratio=0.5, cluster_by=lambda run: int(run.case[1:]) % 6
    )
    assert "6 cases are too few" in found.bound("cost").sentence
    torn = gate(runs, baseline, cost_ratio=0.5, cluster_by=lambda run: run.workflow)
    assert torn.word == "ERROR"
    assert "belong to 2 clusters" in str(torn)


def test_runs_that_are_no_trials_may_not_share_a_case() -> None:
    """Two variants of one case are not added up."""
    runs = [split("a"), dataclasses.replace(split("a"), workflow="other")]
    found = gate(runs, [single("a")], cost_ratio=1, population="fixed")

    assert found.word == "ERROR"
    assert "several runs of one side share the key a" in str(found)


def test_a_function_may_score_runs() -> None:
    """Scores are held to a margin in their own unit; a bad one is an error."""
    runs, baseline = varied(25)

    def score(run: af.Run) -> float:
        return (
            0.8 + (0.02 if run.case > "c12" else 0) - 0.01 * (run.workflow == "split")
        )

    asked = {"quality": score, "quality_scale": (0, 1)}
    passing = gate(runs, baseline, quality_margin=0.2, **asked)
    assert passing.word == "PASS"
    assert "the split scores 0.7996 on average" in passing.bound("quality").sentence
    exact = gate(runs, baseline, quality_margin=0.01, population="fixed", quality=score)
    assert exact.word == "PASS"
    nan = gate(runs, baseline, quality_margin=1, quality=lambda _: float("nan"))
    assert nan.word == "ERROR"
    none = gate(runs, baseline, quality_margin=0.5, quality=lambda _: None)
    assert none.word == "INCONCLUSIVE"


def test_a_function_may_say_whether_a_run_is_good() -> None:
    """True and False are pass and fail, by Tango's bound."""
    runs, baseline = varied(60)
    found = gate(runs, baseline, quality=lambda _: True, quality_margin=0.10)

    assert found.word == "PASS"
    outcome = found.bound("quality").outcome
    assert outcome is not None
    assert "Tango" in outcome.method
    mixed = gate(
        runs,
        baseline,
        quality=lambda run: True if run.case == "c00" else 0.5,
        quality_margin=0.10,
    )
    assert mixed.word == "ERROR"


def test_a_broken_function_is_not_caught() -> None:
    """A mistake in the user's code shows as what it is."""
    with pytest.raises(ZeroDivisionError):
        gate(*varied(3), quality=lambda _: 1 / 0, quality_margin=0.1)


def test_what_is_not_known_is_an_error_and_no_number() -> None:
    """Missing usage, no model call, no time: each with its reason."""
    runs, baseline = varied(25)
    silent = [without_usage(runs[0]), *runs[1:]]
    for asked in ({"cost_ratio": 1}, {"max_token_multiplier": 9}):
        found = gate(silent, baseline, **asked)
        assert found.word == "ERROR"
        assert "split/c00" in str(found)
        assert "%" not in str(found)
    empty = [dataclasses.replace(runs[0], calls=()), *runs[1:]]
    assert "holds no model call" in str(gate(empty, baseline, cost_ratio=1))
    assert "holds no times" in str(gate(runs, baseline, latency_ratio=1))


def test_time_is_held_to_a_share_and_the_longest_stage_is_told() -> None:
    """Recorded times; a recording made in parts has none."""
    cases = [f"c{i}" for i in range(4)]
    runs = [split(c, seconds=3) for c in cases]
    baseline = [single(c, seconds=4) for c in cases]
    asked = {"population": "fixed"}
    assert gate(runs, baseline, latency_ratio=0.75, **asked).word == "PASS"
    found = gate(runs, baseline, latency_ratio=0.7, **asked)
    assert found.bound("latency").sentence == (
        "the split's time is 75.0% of the single model's "
        "over the fixed population of 4 cases; allowed 70%. "
        "writer alone takes longer than is allowed: 3.00 s a case of 3.00 s, against "
        "4.00 s of the single model"
    )
    assert found.bound("latency").stage == "writer"
    parts = dataclasses.replace(runs[0].recorded, parts=("a", "b"))
    resumed = [dataclasses.replace(runs[0], recorded=parts), *runs[1:]]
    assert "recorded in parts" in str(gate(resumed, baseline, latency_ratio=1, **asked))


def test_computed_times_are_held_against_computed_ones_only() -> None:
    """Where one side was only recorded, recorded times are compared."""
    timed = af.Computed(calls={"writer/1": (0.0, 500.0)})
    run = dataclasses.replace(split("a", seconds=3), computed=timed)
    mixed = gate([run], [single("a", seconds=4)], latency_ratio=0.7, population="fixed")
    assert mixed.word == "FAIL"
    slow = af.Computed(calls={"all/1": (0.0, 1000.0)})
    other = dataclasses.replace(single("a", seconds=4), computed=slow)
    both = gate([run], [other], latency_ratio=0.5, population="fixed")
    assert both.word == "PASS"


def test_tokens_are_held_to_a_multiple() -> None:
    """The multiplier that prices allow stands beside the one that is used."""
    runs, baseline = [split("a", 3000)], [single("a")]
    asked = {"population": "fixed", "cost_ratio": 1}
    found = gate(runs, baseline, max_token_multiplier=3, **asked)
    assert found.word == "PASS"
    assert found.notes[0].startswith("quality: not asked: this says nothing of how")
    assert found.notes[-1] == (
        "token multiplier: at these prices the split may use at most 10.0x the single "
        "model's tokens before it saves nothing; it uses 3.0x"
    )
    over = gate(runs, baseline, max_token_multiplier=2.9, **asked)
    assert over.bound("tokens").word == "FAIL"


def test_another_cost_model_counts_other_things() -> None:
    """Under forward passes sizes decide; unknown sizes are an error."""
    runs, baseline = [split("a", 2000)], [single("a")]
    asked = {"population": "fixed", "cost_ratio": 1}
    model = af.aalp({"small": 1, "large": 8})
    unknown = gate(runs, baseline, cost_model=af.aalp(), **asked)
    assert unknown.word == "ERROR"
    assert "size of" in str(unknown)
    found = gate(runs, baseline, cost_model=model, **asked)
    assert found.word == "PASS"
    assert found.cost is None  # it is no money
    assert "1.00e+6 is 25.0% of 4.00e+6" in found.bound("cost").sentence


def test_runs_are_judged_once_in_a_session() -> None:
    """A second gate over the same runs takes what the first one found."""
    runs, baseline = varied(3)
    gate_runs.JUDGED.clear()
    with using(Settings()):
        for margin in (0.1, 0.2):
            gate(runs, baseline, checks=[fit()], quality_margin=margin)
        assert len(gate_runs.JUDGED) == 6
        changed = [split(runs[0].case, output="bad"), *runs[1:]]
        assert (
            gate(changed, baseline, checks=[fit()], quality_margin=0.1).word != "PASS"
        )
        assert len(gate_runs.JUDGED) == 7


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"cost_ratio": 0}, "cost_ratio=0 must be a number above 0"),
        ({"cost_ratio": "cheap"}, "cost_ratio='cheap'"),
        ({"checks": [fit()]}, "need quality_margin="),
        ({"quality_margin": 0.1}, "needs checks="),
        (
            {"quality_margin": 0.1, "checks": [fit()], "quality": lambda _: True},
            "not both",
        ),
        ({"quality_margin": 2, "checks": [fit()]}, "is a share"),
        ({"cost_ratio": 1, "population": "all"}, "population='all' is not known"),
        ({"cost_ratio": 1, "alpha": 0.7}, "alpha=0.7"),
        ({"cost_ratio": 1, "pair_by": "name"}, "pair_by='name'"),
        ({"cost_ratio": 1, "discarded_takes": "yes"}, "discarded_takes='yes'"),
        ({"cost_ratio": 1, "cost_model": "free"}, "cost_model='free'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    asked: dict[str, Any], told: str
) -> None:
    """Each with what to write."""
    with pytest.raises(ValueError, match="^.*" + told):
        gate([split("a")], [single("a")], **asked)


def test_a_failure_survives_pickling() -> None:
    """It crosses to the main process of pytest-xdist."""
    found = gate(*varied(25), cost_ratio=0.25)
    failure = pickle.loads(pickle.dumps(af.DecompositionFailure(found)))  # noqa: S301
    assert failure.decomposition == found


@given(
    st.lists(
        st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=20, max_size=40
    ),
    st.sampled_from([0.05, 0.1, 0.3]),
)
def test_the_bound_is_that_of_the_statistic(
    tokens: list[tuple[int, int]], limit: float
) -> None:
    """The gate adds nothing to the paired test on the recorded costs."""
    runs = [split(f"c{i}", a) for i, (a, _) in enumerate(tokens)]
    baseline = [single(f"c{i}", b) for i, (_, b) in enumerate(tokens)]
    found = gate(runs, baseline, cost_ratio=limit)
    money = [[float(r.cost().amount) for r in side] for side in (runs, baseline)]
    meant = cost_ratio_gate(*money, limit=limit)

    assert found.word == meant.decision
    assert found.bound("cost").outcome == meant
