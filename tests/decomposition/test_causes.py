"""Why one bill is higher than another."""

from __future__ import annotations

from decimal import Decimal

from gate_runs import make, single, split
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.decomposition.causes import effects, effects_text
from pytest_agentflow.decomposition.ledger import bill

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


def ledger_of(side: list[tuple[str, dict[str, int]]]) -> object:
    """The bill of some cases."""
    runs = [make("w", f"c{n}", t, model=m) for n, (m, t) in enumerate(side)]
    return bill([[run] for run in runs])


@given(sides, sides)
def test_effects_add_up_to_the_difference(
    now: list[tuple[str, dict[str, int]]], before: list[tuple[str, dict[str, int]]]
) -> None:
    """Whatever changed together, nothing of the difference is lost or told twice."""
    new, old = ledger_of(now), ledger_of(before)
    apart = new.amount / new.cases - old.amount / old.cases  # type: ignore[attr-defined]
    told = sum((e.amount for e in effects(new, old)), Decimal(0))  # type: ignore[arg-type]

    assert abs(told - apart) < Decimal("1e-20")


def test_a_single_change_is_the_only_effect() -> None:
    """Twice the output at one price is more output, and a dearer model one too."""
    small, more = bill([[split("a", 1000)]]), bill([[split("a", 2000)]])
    assert effects_text(effects(more, small), more) == "more output +$0.0010"
    large = bill([[make("w", "a", {"writer": 500, "critic": 500}, model="large")]])
    assert effects_text(effects(large, small), large) == "dearer model +$0.0090"
    one = bill([[make("w", "a", {"writer": 500}, model="small")]])
    assert effects_text(effects(small, one), small) == "more calls +$0.00050"


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
