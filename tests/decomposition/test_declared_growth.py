"""Growth over runs of several sizes, against what was declared."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.require import Settings, using
from pytest_agentflow.decomposition.bound import fold_gate
from pytest_agentflow.decomposition.growth_mode import choose_mode, not_nested

SIZES = (1, 2, 4, 8, 16)
CASES = ("ant", "bee", "cat")
LOCK = af.PriceLock(
    prices=tuple(
        af.UnitPrice(model="m", unit=unit, amount=Decimal(amount), per=1_000_000)
        for unit, amount in (("input_tokens", 1), ("output_tokens", 4))
    ),
    sizes=(af.ModelSize(model="m", parameters=Decimal(10)),),
)
Prompt = Callable[[int, int], float]
"""Tokens of the prompt of the i-th call at size n."""


def make(
    size: int | None,
    case: str = "ant",
    *,
    prompt: Prompt = lambda _i, _n: 300,
    calls: Callable[[int], int] = lambda n: n,
    output: Callable[[int], float] = lambda _n: 50,
    trial: int | None = None,
    **changes: Any,
) -> af.Run:
    """A run of a planner, which asks once, and a writer, which asks for each item."""
    n = size or 1
    made = [call("planner/1", 100, 40)]
    made += [
        call(f"writer/{i + 1}", prompt(i, n), output(n), after="planner/1")
        for i in range(calls(n))
    ]
    run = af.Run(
        workflow="pages",
        case=case,
        size=size,
        trial=trial,
        inputs={"case": case, "pages": n},
        stages=(af.Stage(name="planner"), af.Stage(name="writer")),
        calls=tuple(made),
        recorded=af.Recorded(
            prices=LOCK,
            calls={
                c.id: af.Timing(start=0, end=1000 + 10 * i) for i, c in enumerate(made)
            },
        ),
    )
    return dataclasses.replace(run, **changes)


def call(id_: str, read: float, wrote: float, *, after: str = "") -> af.Call:
    """A chat that read and wrote so many tokens."""
    return af.Call(
        id=id_,
        kind="chat",
        stage=id_.partition("/")[0],
        model="m",
        parents=(after,) if after else (),
        messages=(af.Message(role="user", text=f"write {id_}"),),
        answer=f"the answer to {id_}, which is long enough to be told from others",
        usage=af.Usage(input_tokens=round(read), output_tokens=round(wrote)),
    )


def healthy(**options: Any) -> list[af.Run]:
    """Runs at five sizes of three cases; each item is a call of its own."""
    return [make(n, case, **options) for case in CASES for n in SIZES]


def history() -> list[af.Run]:
    """The same, each prompt holding all the earlier ones."""
    return healthy(prompt=lambda i, _n: 300 + 60 * i)


def measured(runs: list[af.Run], **declared: Any) -> af.GrowthOutcome:
    """What comes out, without raising."""
    return af.measure_growth(runs, af.growth_claim(**declared))


def test_what_grows_as_declared_passes() -> None:
    """Every quantity of a healthy workflow has its class, and the outcome says how."""
    outcome = af.require_growth(
        healthy(),
        calls="n",
        prompt_tokens="n",
        output_tokens="n",
        total_tokens="n",
        context_per_call="1",
        cost="n",
        span="n",
    )

    assert outcome.word == "PASS"
    assert {one.word for one in outcome.quantities} == {"PASS"}
    assert {one.mode for one in outcome.quantities} == {"exact"}
    assert outcome.sizes == SIZES
    assert str(outcome).startswith("PASS: growth of pages: 15 runs, n = 1, 2, 4, 8, 16")


def test_a_history_that_accumulates_fails_and_names_its_stage() -> None:
    """The excess is put down to the writer, whose context grows from call to call."""
    with pytest.raises(af.GrowthFailure, match="writer") as failure:
        af.require_growth(history(), calls="n", prompt_tokens="n")

    calls, prompts = failure.value.outcome.quantities
    assert (calls.word, prompts.word) == ("PASS", "FAIL")
    assert (prompts.stage, prompts.cause) == ("writer", "context")
    assert "its context per call grows (from size 8 to 16:" in prompts.blamed
    assert prompts.fix.startswith("Give each call of writer the part that")


@pytest.mark.parametrize(
    ("options", "quantity", "cause"),
    [
        ({"calls": lambda n: n * n}, "calls", "calls"),
        ({"calls": lambda n: n * n}, "prompt_tokens", "calls"),
        ({"prompt": lambda _i, n: 100 * n}, "prompt_tokens", "context"),
        ({"prompt": lambda _i, n: 100 * n}, "cost", "context"),
        ({"output": lambda n: 100 * n}, "output_tokens", "output"),
        ({"output": lambda n: 100 * n}, "cost", "output"),
    ],
)
def test_the_cause_is_the_factor_that_grows(
    options: Mapping[str, Any], quantity: str, cause: str
) -> None:
    """More calls, longer prompts and longer answers are told apart."""
    found = measured(healthy(**options), **{quantity: "n"}).of(quantity)

    assert found.word == "FAIL"
    assert (found.stage, found.cause) == ("writer", cause)


def test_a_larger_model_for_a_larger_input_is_named() -> None:
    """Where calls and tokens stay and money grows, it is the model."""
    prices = tuple(
        af.UnitPrice(model=f"m{n}", unit=unit, amount=Decimal(n * n), per=1000)
        for n in SIZES
        for unit in ("input_tokens", "output_tokens")
    )
    runs = [
        dataclasses.replace(
            run,
            calls=tuple(
                dataclasses.replace(c, model=f"m{run.size}") for c in run.calls
            ),
            recorded=dataclasses.replace(
                run.recorded, prices=af.PriceLock(prices=prices)
            ),
        )
        for run in healthy(calls=lambda _n: 1)
    ]
    found = measured(runs, cost="n").of("cost")

    assert found.cause == "model"
    assert "it asks m16 instead of m8" in found.blamed


def test_an_excess_of_several_stages_names_none_as_the_one() -> None:
    """Half and half is told, and nobody is charged alone."""
    runs = [
        dataclasses.replace(
            run,
            calls=tuple(
                dataclasses.replace(
                    c,
                    stage=f"writer{i % 3}",
                    usage=af.Usage(input_tokens=(run.size or 1) ** 2, output_tokens=1),
                )
                for i, c in enumerate(make(2, run.case).calls)
            ),
        )
        for run in healthy()
    ]
    found = measured(runs, prompt_tokens="n").of("prompt_tokens")

    assert found.word == "FAIL"
    assert found.stage is None
    assert "33% of the excess" in found.blamed


def test_the_answers_that_a_prompt_holds_again_are_counted() -> None:
    """A conversation that is sent whole each time is told by what it holds."""

    def conversed(run: af.Run) -> af.Run:
        told, calls = "", []
        for one in run.calls:
            messages = (af.Message(role="user", text=told + "next"),)
            calls.append(dataclasses.replace(one, messages=messages))
            told += f"{one.answer}\n"
        return dataclasses.replace(run, calls=tuple(calls))

    found = measured([conversed(r) for r in history()], prompt_tokens="n")

    text = "The longest prompt of writer holds 15 of the 15 other answers of writer"
    assert text in found.of("prompt_tokens").blamed


def test_a_fixed_prompt_before_everything_hides_nothing() -> None:
    """The plan of 100 tokens and a system prompt of thousands leave the excess."""
    runs = healthy(prompt=lambda i, n: 60 * i + 3000 / n)

    assert measured(runs, prompt_tokens="n").word == "FAIL"


def test_more_calls_of_the_longer_prompt_are_no_growing_context() -> None:
    """The mean prompt of a run rises with the size, that of each stage does not."""
    found = measured(healthy(), context_per_call="1").of("context_per_call")

    assert found.word == "PASS"
    assert found.points[0][1] == found.points[-1][1]


def test_one_stage_is_judged_by_itself() -> None:
    """The planner of a growing history has nothing to do with it."""
    declared = {"prompt_tokens": "1", "context_per_call": "1"}

    assert measured(history(), stage="planner", **declared).word == "PASS"
    assert measured(history(), stage="writer", **declared).word == "FAIL"


def test_a_stage_that_is_not_there_is_named_with_the_nearest() -> None:
    """A misspelt stage is no pass."""
    with pytest.raises(af.UnknownStage, match="Did you mean 'writer'"):
        measured(healthy(), calls="n", stage="writr")


def test_calls_in_batches_are_no_growth_where_that_is_declared() -> None:
    """One call for four items passes as declared, whatever the sizes."""
    sizes = (3, 4, 8, 15, 30, 62)
    runs = [make(n, c, calls=lambda n: -(-n // 4)) for c in CASES for n in sizes]

    assert measured(runs, calls="n", batch=4).word == "PASS"


# Exact or sampled


def noisy(noise: float, seed: int = 1) -> list[af.Run]:
    """A healthy workflow whose models write more or less, as they please."""
    dice = random.Random(seed)  # noqa: S311 - repeatable samples
    return healthy(output=lambda _n: 4000 * dice.lognormvariate(0, noise))


def test_what_models_choose_is_a_sample_and_what_goes_in_is_not() -> None:
    """The mode is decided quantity by quantity, and told with its reason."""
    outcome = measured(noisy(0.05), calls="n", output_tokens="n")
    calls, output = outcome.quantities

    assert (calls.mode, calls.mode_reason) == ("exact", "all runs of a size agree")
    assert output.mode == "sample"
    assert output.mode_reason == "models choose how much they write"
    assert output.sentence.endswith("Sampled: models choose how much they write")


def test_prompts_of_nested_inputs_are_compared_exactly() -> None:
    """Cases may differ a little: their names have different lengths."""
    runs = [
        make(n, case, prompt=lambda _i, _n, more=k: 300 + more)  # type: ignore[misc]
        for k, case in enumerate(CASES)
        for n in SIZES
    ]

    found = measured(runs, prompt_tokens="n").of("prompt_tokens")
    assert (found.word, found.mode_reason) == ("PASS", "the inputs are nested")


def test_a_single_case_of_nested_inputs_is_enough_for_what_goes_in() -> None:
    """The design needs no replicates where nothing is left to chance."""
    runs = [make(n) for n in SIZES]
    outcome = measured(runs, calls="n", prompt_tokens="n", output_tokens="n")

    assert [one.word for one in outcome.quantities] == ["PASS", "PASS", "INCONCLUSIVE"]
    assert "1 of a size; a pass needs 3 cases of each" in str(outcome)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"inputs": {"text": "quite another"}}, "the inputs of ant are not nested"),
        ({"live": ("writer",)}, "stages went over the network"),
    ],
)
def test_what_was_not_nested_or_not_replayed_is_a_sample(
    change: Mapping[str, Any], reason: str
) -> None:
    """Exactness is never taken for granted."""
    runs = [make(n) for n in SIZES]
    runs[2] = dataclasses.replace(runs[2], **change)

    found = measured(runs, prompt_tokens="n").of("prompt_tokens")
    assert (found.mode, found.mode_reason) == ("sample", reason)


def test_the_mode_can_be_asked_for() -> None:
    """What the user knows of the workflow wins."""
    runs = [make(n) for n in SIZES]

    assert measured(runs, output_tokens="n", mode="exact").word == "PASS"
    assert measured(runs, calls="n", mode="sample").word == "INCONCLUSIVE"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.lists(JSON, min_size=16, max_size=16), st.randoms())
def test_prefixes_are_nested_and_changed_ones_are_not(
    items: list[Any], dice: random.Random
) -> None:
    """Inputs cut from one list are nested; with another first item they are not."""
    runs = [make(n, inputs={"items": items[:n]}) for n in SIZES]
    assert not_nested(runs) == ""

    changed = copy.deepcopy(items)
    changed[0] = {"another": "item"}
    place = dice.randrange(1, len(SIZES))
    runs[place] = make(SIZES[place], inputs={"items": changed[: SIZES[place]]})
    assert not_nested(runs) == (
        "" if items[0] == {"another": "item"} else "the inputs of ant are not nested"
    )


def test_cases_at_different_sizes_are_not_nested() -> None:
    """Then cases and sizes cannot be told apart, and nothing is exact."""
    runs = [make(1, "ant"), make(2, "ant"), make(1, "bee")]

    assert choose_mode("auto", "calls", runs, [2, 3, 2]) == (
        False,
        "not every case was run at every size",
    )


# What cannot be judged


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"workflow": "others"}, "the runs are of several workflows: others, pages"),
        ({"variant": "b"}, "the runs are of several variants: None, b"),
        ({"size": None}, "1 of 15 runs have no size (pages/ant)"),
        ({"trial": 2}, "trials are mixed: "),
        ({"size": 2}, "pages/ant.n2 stands in the set more than once"),
    ],
)
def test_runs_that_are_no_set_are_an_error_with_the_reason(
    change: Mapping[str, Any], sentence: str
) -> None:
    """Nothing is measured on half of what was given."""
    first, *rest = healthy()
    outcome = measured([dataclasses.replace(first, **change), *rest], calls="n")

    assert outcome.word == "ERROR"
    assert outcome.of("calls").sentence.startswith(sentence)


def test_trials_of_a_case_are_no_further_cases() -> None:
    """They are averaged; as many of each case and size are needed."""
    runs = [make(n, "ant", trial=t) for n in SIZES for t in (1, 2, 3)]
    outcome = measured(runs, output_tokens="n", mode="sample")

    assert "1 of a size; a pass needs 3 cases of each" in str(outcome)
    assert measured(runs[:-1], calls="n").word == "ERROR"


def test_missing_usage_is_an_error_that_names_the_call() -> None:
    """Tokens that nobody reported are not counted as none."""
    first, *rest = healthy()
    calls = (first.calls[0], dataclasses.replace(first.calls[1], usage=None))
    runs = [dataclasses.replace(first, calls=calls), *rest]
    outcome = measured(runs, calls="n", prompt_tokens="n", cost="n")

    assert [q.word for q in outcome.quantities] == ["PASS", "ERROR", "ERROR"]
    assert outcome.word == "ERROR"
    assert "call writer/1 of pages/ant.n1 reports no usage" in str(outcome)


def test_an_unknown_price_is_an_error_and_an_unknown_size_a_question() -> None:
    """Both name the model; neither is a number."""
    runs = [
        dataclasses.replace(
            run, recorded=dataclasses.replace(run.recorded, prices=af.PriceLock())
        )
        for run in healthy()
    ]
    priced = measured(runs, cost="n").of("cost")
    passes = measured(runs, cost="n", cost_model=af.aalp()).of("cost")

    assert priced.word == "ERROR"
    assert "of m" in priced.sentence
    assert passes.word == "INCONCLUSIVE"
    assert "the size of m is not declared" in passes.sentence


def test_two_currencies_are_an_error() -> None:
    """Dollars of one size and euros of another are no growth."""
    euros = af.PriceLock(
        prices=tuple(dataclasses.replace(p, currency="EUR") for p in LOCK.prices),
        currency="EUR",
    )
    first, *rest = healthy()
    recorded = dataclasses.replace(first.recorded, prices=euros)
    runs = [dataclasses.replace(first, recorded=recorded), *rest]

    assert "the runs cost EUR, USD" in measured(runs, cost="n").of("cost").sentence


def test_times_that_were_not_recorded_are_an_error() -> None:
    """A span without times is none."""
    runs = [
        dataclasses.replace(r, recorded=af.Recorded(prices=LOCK)) for r in healthy()
    ]

    assert "holds no times for call" in measured(runs, span="n").of("span").sentence


# Time


def replayed(run: af.Run, at_once: int, **changes: Any) -> af.Run:
    """The run, its writer's calls made in groups of so many; a call takes a second."""
    _planner, *writer = run.calls
    times = {"planner/1": (0.0, 1000.0)}
    for i, one in enumerate(writer):
        start = 1000.0 * (1 + i // at_once)
        times[one.id] = start, start + 1000
    path = ("planner/1", *(one.id for one in writer[::at_once]))
    computed = af.Computed(calls=times, critical=path, **changes)
    return dataclasses.replace(run, computed=computed)


def side_by_side() -> list[af.Run]:
    """Recorded runs whose calls all ran at the same time, but for a little."""
    runs = []
    for case, more in zip(CASES, (0, 7, 12), strict=True):
        for n in SIZES:
            run = make(n, case)
            times = {
                c.id: af.Timing(start=0, end=1000)
                if c.stage == "planner"
                else af.Timing(start=1000, end=2000 + more)
                for c in run.calls
            }
            recorded = dataclasses.replace(run.recorded, calls=times)
            runs.append(dataclasses.replace(run, recorded=recorded))
    return runs


def test_computed_spans_are_judged_where_all_runs_were_replayed() -> None:
    """The recorded times say O(1); what the code does now is O(n), and so told."""
    recorded = measured(side_by_side(), span="1").of("span")
    runs = [replayed(run, at_once=1) for run in side_by_side()]
    one_by_one = measured(runs, span="1").of("span")
    kept = measured([replayed(run, at_once=99) for run in side_by_side()], span="1")

    assert recorded.word == "PASS"
    assert recorded.how.endswith("times as recorded")
    assert kept.word == "PASS"
    assert (one_by_one.word, one_by_one.stage, one_by_one.cause) == (
        "FAIL",
        "writer",
        "order",
    )
    assert "more of its calls wait for each other" in one_by_one.blamed
    assert one_by_one.how.endswith("times computed from this replay")
    assert one_by_one.points[-1] == (16, 17)


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_one_replay_whose_calls_follow_each_other_fails(size: int) -> None:
    """Among recordings it is an outlier that no class explains: it is held to them."""
    runs = side_by_side()
    place = next(i for i, run in enumerate(runs) if run.size == size)
    runs[place] = replayed(runs[place], at_once=1)
    found = measured(runs, span="1").of("span")

    assert (found.word, found.stage, found.cause) == ("FAIL", "writer", "order")
    assert f"this replay of pages/ant.n{size} takes {size + 1} s" in found.measured
    assert "the 14 recorded runs say 2.0" in found.measured
    assert f"its {size} calls one after the other, recorded {size} at a time" in (
        found.blamed
    )
    assert found.fix.startswith("Make calls of writer side by side")
    assert "computed from this replay for 1 of 15 runs" in found.how


def test_one_replay_as_parallel_as_recorded_changes_nothing() -> None:
    """Its computed span stands among the recorded ones."""
    runs = side_by_side()
    runs[4] = replayed(runs[4], at_once=99)

    assert measured(runs, span="1").word == "PASS"


def test_a_case_that_was_slow_when_it_was_recorded_is_no_change_of_the_code() -> None:
    """Its replay takes as long as it did, however far from the others."""
    runs = side_by_side()
    slow = {c.id: af.Timing(start=0, end=9000) for c in runs[4].calls}
    recorded = dataclasses.replace(runs[4].recorded, calls=slow)
    calls = dict.fromkeys(slow, (0.0, 9000.0))
    computed = af.Computed(calls=calls, critical=("planner/1",))
    runs[4] = dataclasses.replace(runs[4], recorded=recorded, computed=computed)

    assert measured(runs, span="1").word == "INCONCLUSIVE"


def test_a_latency_that_could_not_be_computed_is_a_question() -> None:
    """With the reason, and the way to the recorded times."""
    runs = side_by_side()
    runs[4] = replayed(runs[4], at_once=99, undetermined=("a thread never rests",))
    found = measured(runs, span="1").of("span")

    assert found.word == "INCONCLUSIVE"
    assert "a thread never rests" in found.sentence
    assert "--agentflow-latency=recorded" in found.sentence


def test_the_span_of_one_stage_is_its_part_of_the_critical_path() -> None:
    """The planner takes a second, whatever waits for it."""
    runs = [replayed(run, at_once=1) for run in side_by_side()]

    assert measured(runs, span="1", stage="planner").word == "PASS"
    assert measured(runs, span="n", stage="writer").word == "PASS"
    assert measured(runs, span="1", stage="writer").word == "FAIL"


def test_selected_takes_are_no_sample() -> None:
    """They may be compared exactly, or allowed in so many words."""
    takes = af.Takes(discarded=2)
    runs = [
        dataclasses.replace(r, recorded=dataclasses.replace(r.recorded, takes=takes))
        for r in noisy(0.01)
    ]
    declared = {"calls": "n", "output_tokens": "n"}
    calls, output = measured(runs, **declared).quantities

    assert (calls.word, output.word) == ("PASS", "ERROR")
    assert "a selected take is no sample" in output.sentence
    assert "delete the recordings of all its cases (recordings/" in output.sentence
    assert "record once (pytest --agentflow=record)" in output.sentence
    allowed = measured(runs, **declared, discarded_takes="allow")
    assert allowed.of("output_tokens").growth is not None


def test_too_few_sizes_are_inconclusive_and_fail_unless_optional() -> None:
    """What was not shown is not taken for granted."""
    runs = [r for r in healthy() if (r.size or 0) < 5]
    with pytest.raises(af.GrowthFailure, match="INCONCLUSIVE: 3 sizes cannot show"):
        af.require_growth(runs, calls="n")

    assert af.require_growth(runs, calls="n", optional=True).word == "INCONCLUSIVE"


def test_no_run_at_all_is_an_error_of_the_call() -> None:
    """A glob that matches nothing passes nothing."""
    with pytest.raises(ValueError, match="no recording matched"):
        af.require_growth([], calls="n")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({}, "nothing is declared"),
        ({"calls": "quickly"}, "cannot be read"),
        ({"calls": 1}, 'give a class as a text, as in calls="n"'),
        ({"calls": "n", "cost_model": "aalp"}, "declare that, too"),
        ({"cost": "n", "cost_model": "free"}, 'write "priced" or "aalp"'),
        ({"calls": "n", "at": [0]}, "give sizes of at least 1"),
        ({"calls": "n", "at": [float("inf")]}, "give sizes of at least 1"),
        ({"calls": "n", "batch": 0}, "at least 1"),
        ({"calls": "n", "mode": "quick"}, "choose from 'auto', 'exact', 'sample'"),
        ({"calls": "n", "discarded_takes": "no"}, "choose from 'refuse', 'allow'"),
        ({"calls": "n", "alpha": 1.0}, "a share between 0 and 1"),
    ],
)
def test_arguments_that_make_no_sense_are_told(
    declared: Mapping[str, Any], message: str
) -> None:
    """A mistake is found before anything is measured."""
    with pytest.raises(ValueError, match=message):
        af.growth_claim(**declared)


@given(st.permutations(["ERROR", "FAIL", "INCONCLUSIVE", "PASS"]), st.integers(1, 4))
def test_the_gravest_quantity_decides(words: list[str], many: int) -> None:
    """An open quantity is not outvoted by one that passed."""
    verdicts = dict(
        zip(
            ("ERROR", "FAIL", "INCONCLUSIVE", "PASS"),
            (
                af.Verdict.ERROR,
                af.Verdict.FAILED,
                af.Verdict.UNDETERMINED,
                af.Verdict.PASSED,
            ),
            strict=True,
        )
    )
    chosen = words[:many]
    expected = next(word for word in verdicts if word in chosen)

    assert fold_gate([verdicts[word] for word in chosen]) is verdicts[expected]


# What is told beside the verdict


def test_projections_rest_on_the_curve_that_was_decided_for() -> None:
    """As declared where it holds, with the excess where not, none while open."""
    passed = measured(healthy(), prompt_tokens="n", at=[100]).of("prompt_tokens")
    failed = measured(history(), prompt_tokens="n", at=[100]).of("prompt_tokens")
    few = [r for r in healthy() if (r.size or 0) < 9]
    open_ = measured(few, prompt_tokens="n", at=[100]).of("prompt_tokens")

    assert passed.projections[0].value == pytest.approx(100 + 300 * 100)
    exact = 100 + sum(300 + 60 * i for i in range(100))
    assert failed.projections[0].value == pytest.approx(exact, rel=1e-6)
    assert "as O(n^2); exact, so no interval" in failed.sentence
    assert open_.projections[0].value is None
    assert "to size 100: how it grows is undecided" in open_.sentence


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_a_sampled_projection_has_an_interval_around_it(seed: int) -> None:
    """Further out it is wider, and never below nothing."""
    claim = af.growth_claim(output_tokens="n", at=[20, 2000])
    near, far = (
        af.measure_growth(noisy(0.02, seed), claim).of("output_tokens").projections
    )
    if near.value is None or far.value is None:
        return

    assert near.lower is not None
    assert far.lower is not None
    assert 0 <= near.lower < near.value < (near.upper or 0)
    assert (far.upper or 0) - far.lower > (near.upper or 0) - near.lower
    assert far.times == 125


def test_table_and_curve_hold_what_was_found() -> None:
    """A row for each quantity; points, and the fit without excess, for each curve."""
    outcome = measured(history(), calls="n", prompt_tokens="n", at=[100])
    table, projected, *curves = outcome.exhibits

    assert isinstance(table, af.Table)
    assert [row[:3] for row in table.rows] == [
        ("calls", "O(n)", "PASS"),
        ("prompt_tokens", "O(n)", "FAIL"),
    ]
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert isinstance(projected, af.Table)
    assert projected.rows[0][:4] == ("calls", "100", "101 calls", "none")
    assert [len(c.points) for c in curves if isinstance(c, af.Line)] == [5, 5]
    prompts = curves[1]
    assert isinstance(prompts, af.Line)
    assert prompts.points[-1][1] > 1.2 * prompts.bound[-1][1]


def test_the_session_observes_it_as_a_gate() -> None:
    """It stands in the report beside the comparisons of sets of runs."""
    seen: list[Any] = []
    with using(Settings(observe_gate=seen.append)), pytest.raises(af.GrowthFailure):
        af.require_growth(history(), calls="n", prompt_tokens="n")

    (gate,) = seen
    assert gate.verdict is af.Verdict.FAILED
    assert [bound.name for bound in gate.bounds] == ["calls O(n)", "prompt_tokens O(n)"]
    assert gate.bounds[1].stage == "writer"
    assert gate.exhibits


def test_a_failure_survives_the_way_between_processes() -> None:
    """Tests spread over workers send their failures back."""
    with pytest.raises(af.GrowthFailure) as failure:
        af.require_growth(history(), prompt_tokens="n")

    again = pickle.loads(pickle.dumps(failure.value))  # noqa: S301 - our own bytes
    assert again.outcome == failure.value.outcome


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 500),
    st.integers(1, 900),
    st.sampled_from([0, 0, 1, 5, 40]),
    st.sampled_from(["1", "log n", "n", "n log n", "n^2"]),
)
def test_any_runs_have_a_verdict_and_a_failure_has_its_blame(
    fixed: int, each: int, more: int, declared: str
) -> None:
    """Whatever the runs and the class; a quadratic history is O(n^2).

    A first call of next to nothing bends the curve at small sizes: 20 n^2 - 19 n over
    sizes 1 to 16 is told as more than n^2, and is left out here.
    """
    more = min(more, each)
    runs = healthy(prompt=lambda i, n: fixed / n + each + more * i)
    found = measured(runs, prompt_tokens=declared, at=[64]).of("prompt_tokens")

    assert found.word in {"PASS", "FAIL"}
    assert (found.word == "FAIL") == bool(found.blamed)
    if declared == "n^2" or (declared == "n" and not more):
        assert found.word == "PASS"


# Inside one run


def test_a_context_that_grows_from_call_to_call_fails_without_other_runs() -> None:
    """One trace is enough; the stage is named."""
    run = make(16, prompt=lambda i, _n: 300 + 60 * i)
    (found,) = af.context_growth_within(run)

    assert (found.word, found.stage) == ("FAIL", "writer")
    assert "16 calls of writer: 300 tokens in the first, 1,200 in the last" in (
        found.sentence
    )


def test_a_constant_context_passes_and_few_calls_are_open() -> None:
    """Six calls can show that nothing grows, three cannot; one cannot grow."""
    assert [q.word for q in af.context_growth_within(make(16))] == ["PASS"]
    assert [q.word for q in af.context_growth_within(make(3))] == ["INCONCLUSIVE"]
    assert af.context_growth_within(make(1)) == ()
    assert af.context_growth_within(make(16), stage="planner") == ()


def test_a_call_without_usage_is_an_error_inside_a_run_too() -> None:
    """The context of such a call is not known."""
    run = make(8)
    calls = (*run.calls[:-1], dataclasses.replace(run.calls[-1], usage=None))
    (found,) = af.context_growth_within(dataclasses.replace(run, calls=calls))

    assert found.word == "ERROR"
    assert "reports no usage" in found.sentence
