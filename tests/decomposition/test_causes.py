"""Why one bill is higher than another."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from gate_runs import make, single, split
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.decomposition.causes import effects, effects_text
from pytest_agentflow.decomposition.ledger import Ledger, bill

sides = st.lists(
    st.tuples(
        st.sampled_from(["small", "large"]),
        st.dictionaries(
            st.sampled_from(["a", "b", "c"]), st.integers(0, 10_000), min_size=1
        ),
    ),
    min_size=1,
    max_size=4,
)


PASSES = af.aalp({"small": "8e9", "large": "70e9"})
RENTED = af.gpu_hour(
    2.5,
    utilisation=0.4,
    prefill_tokens_per_second=8000,
    decode_tokens_per_second=2500,
)


def ledger_of(side: list[tuple[str, dict[str, int]]], model: af.CostModel) -> Ledger:
    """The bill of some cases."""
    runs = [make("w", f"c{n}", t, model=m) for n, (m, t) in enumerate(side)]
    return bill([[run] for run in runs], model)


@given(sides, sides, st.sampled_from([af.priced(), PASSES, RENTED]))
def test_effects_add_up_to_the_difference(
    now: list[tuple[str, dict[str, int]]],
    before: list[tuple[str, dict[str, int]]],
    model: af.CostModel,
) -> None:
    """Whatever changed together, nothing of the difference is lost or told twice."""
    new, old = ledger_of(now, model), ledger_of(before, model)
    apart = new.amount / new.cases - old.amount / old.cases
    told = sum((e.amount for e in effects(new, old)), Decimal(0))
    size = max(new.amount, old.amount, Decimal(1))

    assert abs(told - apart) < Decimal("1e-20") * size


def test_a_single_change_is_the_only_effect() -> None:
    """Twice the output at one price is more output, and a dearer model one too."""
    small, more = bill([[split("a", 1000)]]), bill([[split("a", 2000)]])
    assert effects_text(effects(more, small), more) == "more output +$0.0010"
    large = bill([[make("w", "a", {"writer": 500, "critic": 500}, model="large")]])
    assert effects_text(effects(large, small), large) == "dearer model +$0.0090"
    one = bill([[make("w", "a", {"writer": 500}, model="small")]])
    assert effects_text(effects(small, one), small) == "more calls +$0.00050"


def test_forward_passes_have_causes_of_their_own() -> None:
    """Longer texts, more calls and a larger model; a rented hour knows no model."""
    one, longer, larger, more = (
        make("w", "a", tokens, model=model)
        for tokens, model in (
            ({"writer": 500}, "small"),
            ({"writer": 1000}, "small"),
            ({"writer": 500}, "large"),
            ({"writer": 500, "critic": 500}, "small"),
        )
    )

    def told(run: af.Run, model: af.CostModel) -> str:
        now, before = bill([[run]], model), bill([[one]], model)
        return effects_text(effects(now, before), now)

    assert told(longer, PASSES) == "longer texts +3.00e+15"
    assert told(larger, PASSES) == "larger model +7.77e+15"
    assert told(more, PASSES) == "more calls +1.00e+15"
    assert told(longer, RENTED) == "more output +$0.00035"
    assert told(larger, RENTED) == ""
    busy = af.busy_time(3600)
    slow, quick = (
        make("w", "a", {"writer": 500}, model="small", seconds=s) for s in (3, 1)
    )
    times = (
        {"writer/1": af.Timing(start=0, end=3000)},
        {"writer/1": af.Timing(start=0, end=1000)},
    )
    now, before = (
        bill([[replace(run, recorded=replace(run.recorded, calls=calls))]], busy)
        for run, calls in zip((slow, quick), times, strict=True)
    )
    assert effects_text(effects(now, before), now) == "slower calls +$2.00"


def test_a_stage_over_the_limit_is_explained_in_forward_passes() -> None:
    """The unit that it uses, the size of its model, and both of the baseline."""
    with pytest.raises(af.DecompositionFailure) as caught:
        af.require_decomposition(
            [make("split", "a", {"plan": 400, "check": 500}, model="large")],
            baseline=[make("single", "a", {"one": 800}, model="small")],
            cost_ratio=0.5,
            cost_model=PASSES,
        )
    bound = caught.value.decomposition.bound("cost")
    assert bound.stage == "check"
    assert bound.sentence.endswith(
        "125,250 token passes a run of large at 7.00e+10 parameters each, against "
        "320,400 of small at 8.00e+9 parameters each in the baseline: each is dearer"
    )
    notes = caught.value.decomposition.notes
    assert any("larger model +" in note for note in notes)


def test_trials_weigh_as_one_case() -> None:
    """The bill of a case is the mean of its trials."""
    twice = bill([[split("a", 1000, trial=1), split("a", 3000, trial=2)]])

    assert twice.amount == bill([[split("a", 2000)]]).amount
    assert twice.tokens == 2000


def test_a_dearer_model_of_one_stage_is_named() -> None:
    """At the price of the other stages the split would stay within."""
    calls = [
        af.Call(
            id=f"{name}/1",
            kind="chat",
            stage=name,
            model=model,
            usage=af.Usage(input_tokens=0, output_tokens=1000),
        )
        for name, model in (("plan", "small"), ("write", "small"), ("check", "large"))
    ]
    lock = split("a").recorded
    run = af.Run(workflow="split", case="a", calls=tuple(calls), recorded=lock)
    try:
        af.require_decomposition([run], baseline=[single("a")], cost_ratio=0.5)
    except af.DecompositionFailure as failure:
        bound = failure.decomposition.bound("cost")
    assert bound.stage == "check"
    assert (
        "check pays $10.00 a million for output tokens of large, the other stages "
        "$1.00 a million: a dearer model, $0.0090 of the $0.012; at their price the "
        "split would stay within" in bound.sentence
    )
