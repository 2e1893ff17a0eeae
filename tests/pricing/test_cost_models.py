"""The cost of calls under a cost model: money, forward passes, rented hours."""

from __future__ import annotations

import pickle
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

MINI = af.ModelSize(model="mini", parameters=Decimal("8e9"))
PAINTER = af.ModelSize(model="sdxl", parameters=Decimal("2.6e9"), steps=30)


def call(read: int | None, written: int | None, **more: object) -> af.Call:
    """A call of a chat model with so many tokens."""
    usage = af.Usage(input_tokens=read, output_tokens=written)
    fields = {
        "id": "a/1",
        "kind": "chat",
        "stage": "a",
        "model": "mini",
        "usage": usage,
        **more,
    }
    return af.Call(**fields)  # type: ignore[arg-type]


def run_of(*calls: af.Call, **lock: object) -> af.Run:
    """A run of these calls, with such a price lock."""
    prices = af.PriceLock(**lock)  # type: ignore[arg-type]
    return af.Run(
        workflow="w",
        case="c",
        calls=calls,
        stages=tuple(af.Stage(name=n) for n in dict.fromkeys(c.stage for c in calls)),
        recorded=af.Recorded(prices=prices),
    )


def passes(*calls: af.Call, sizes: tuple[af.ModelSize, ...] = (MINI,)) -> Decimal:
    """Forward passes of calls, in parameter-tokens."""
    cost = af.cost_of(run_of(*calls, sizes=sizes), af.aalp())
    assert cost.amount is not None, cost.undetermined
    return cost.amount


def test_a_call_costs_one_pass_for_each_token_it_writes() -> None:
    """``m * (L * P + L * (L + 1) / 2)``, digit by digit."""
    assert passes(call(100, 10)) == Decimal("8e9") * (10 * 100 + 55)
    assert passes(call(100, 10), call(1, 1)) == Decimal("8e9") * (1055 + 2)


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.integers(1, 10**5))
def test_forward_passes_are_those_of_each_token_by_itself(
    read: int, written: int, more: int
) -> None:
    """The formula is the sum over single tokens, and grows with each of its terms."""
    whole = passes(call(read, written))
    assert passes(call(read, written + more)) - whole == passes(
        call(read + written, more)
    )
    assert passes(call(read + more, written)) >= whole
    assert (
        whole
        == sum((Decimal("8e9") * (read + i) for i in (1, written)), Decimal(0))
        * written
        / 2
    )


def test_an_embedding_is_one_pass_over_its_prompt() -> None:
    """It writes no token, and still costs its reading."""
    assert passes(call(7, None, kind="embeddings")) == Decimal("8e9") * 7


def test_a_picture_costs_its_declared_diffusion_steps() -> None:
    """So many passes as the size table says, or the model's argument."""
    units = {"images:1024x1024:medium": Decimal(2)}
    made = call(None, None, kind="image", model="sdxl")
    made = replace(made, usage=af.Usage(units=units))
    assert passes(made, sizes=(PAINTER,)) == Decimal("2.6e9") * 60
    bare = run_of(made, sizes=(replace(PAINTER, steps=None),))
    assert af.cost_of(bare, af.aalp(steps=4)).amount == Decimal("2.6e9") * 8
    cost = af.cost_of(bare, af.aalp())
    assert cost.amount is None
    assert "diffusion steps sdxl takes for a picture is not declared" in str(cost)
    assert '[[size]] model = "sdxl"' in str(cost)


def test_a_picture_that_a_chat_model_had_painted_is_added_to_its_text() -> None:
    """Both models need a size."""
    units = {
        "images:1024x1024:medium": Decimal(1),
        "sdxl:output_image_tokens": Decimal(10),
    }
    made = replace(
        call(0, 0), usage=af.Usage(input_tokens=1, output_tokens=1, units=units)
    )
    expected = Decimal("8e9") * 2 + Decimal("2.6e9") * 30
    assert passes(made, sizes=(MINI, PAINTER)) == expected
    cost = af.cost_of(run_of(made, sizes=(MINI,)), af.aalp())
    assert "the size of sdxl is not declared" in str(cost)


def test_an_unknown_size_is_no_number() -> None:
    """What is known stays readable; what is not names the model and the entry."""
    run = run_of(call(10, 1), call(10, 1, id="a/2", model="other"), sizes=(MINI,))
    cost = af.cost_of(run, af.aalp())
    assert (cost.amount, cost.at_least) == (None, Decimal("8e9") * 11)
    (reason,) = cost.undetermined
    assert '[[size]] model = "other", parameters = "..."' in reason
    known = af.cost_of(run, af.aalp({"other": "1e9"}))
    assert known.amount == Decimal("9e9") * 11


@pytest.mark.parametrize(
    "model",
    [
        af.aalp(),
        af.gpu_hour(
            1, utilisation=1, prefill_tokens_per_second=1, decode_tokens_per_second=1
        ),
    ],
)
def test_missing_usage_is_no_number(model: af.CostModel) -> None:
    """A call that reports no tokens, or broke off, leaves the cost undetermined."""
    silent = call(None, None)
    broken = replace(call(1, 1, id="a/2"), missing=("usage",))
    cost = af.cost_of(run_of(silent, broken, sizes=(MINI,)), model)
    assert cost.amount is None
    assert "a/1 reports no tokens" in cost.undetermined[0]
    assert "a/2 broke off" in cost.undetermined[1]


def test_a_gpu_by_the_hour_costs_what_the_arithmetic_says() -> None:
    """$2.50 an hour, 2500 tokens a second at 40 %: $0.69 for a million tokens."""
    model = af.gpu_hour(
        "2.50",
        utilisation="0.4",
        prefill_tokens_per_second=8000,
        decode_tokens_per_second=2500,
    )
    cost = af.cost_of(run_of(call(0, 1_000_000)), model)
    assert (cost.unit, str(cost)) == ("USD", "$0.6944")
    idle = af.cost_of(
        run_of(call(0, 1_000_000)), replace(model, utilisation=Decimal("0.1"))
    )
    assert str(idle) == "$2.7778"


def test_utilisation_has_no_default() -> None:
    """It decides over the result; a senseless one is refused, too."""
    speeds = {"prefill_tokens_per_second": 1, "decode_tokens_per_second": 1}
    with pytest.raises(TypeError, match="utilisation"):
        af.gpu_hour(1, **speeds)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at most 1"):
        af.gpu_hour(1, utilisation=40, **speeds)  # type: ignore[arg-type]


def test_busy_time_counts_recorded_seconds() -> None:
    """A call without times is undetermined; tools are not counted."""
    run = run_of(call(1, 1), call(1, 1, id="a/2", kind="tool"))
    timed = replace(run.recorded, calls={"a/1": af.Timing(start=0.0, end=3_600.0)})
    cost = af.cost_of(replace(run, recorded=timed), af.busy_time(2, concurrency=4))
    assert cost.amount == Decimal("0.0005")
    assert "no times for call a/1" in str(af.cost_of(run, af.busy_time(2)))


def test_money_is_that_of_the_run() -> None:
    """`priced` gives what `Run.cost` gives, of the run and of a stage."""
    price = af.UnitPrice(model="mini", unit="input_tokens", amount=Decimal(2))
    run = run_of(call(3, 0), call(4, 0, id="b/1", stage="b"), prices=(price,))
    assert af.cost_of(run, af.priced()).amount == run.cost().amount == 14
    assert af.cost_of(run, af.priced(), stage="b").amount == 8
    assert af.cost_of(run, af.priced(), calls=run.calls[:1]).amount == 6
    unknown = af.cost_of(run_of(call(3, 1), prices=(price,)), af.priced())
    assert (unknown.amount, unknown.at_least) == (None, 6)
    assert "no price is known for output_tokens of mini" in str(unknown)


@pytest.mark.parametrize(
    ("model", "written"),
    [
        (af.priced(), "priced()"),
        (af.aalp(), "aalp()"),
        (af.aalp({"m": "8e9"}, steps=4), "aalp(sizes={'m': 8000000000}, steps=4)"),
        (af.busy_time("2.5"), "busy_time(rate=2.5)"),
    ],
)
def test_cost_models_are_values(model: af.CostModel, written: str) -> None:
    """They compare, pickle, and are written as the call that makes them."""
    assert repr(model) == written
    assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301 - our own
    assert af.cost_model(model) is model


def test_a_command_line_names_a_cost_model() -> None:
    """Those without arguments have a name; any other name says what to write."""
    assert af.cost_model("aalp") == af.aalp()
    assert af.cost_model("priced") == af.priced()
    with pytest.raises(ValueError, match="gpu_hour"):
        af.cost_model("gpu_hour")
    with pytest.raises(ValueError, match="steps=0: give a number above 0"):
        af.aalp(steps=0)


def test_sizes_that_are_given_stand_for_snapshots_as_prices_do() -> None:
    """The base model's size is that of its snapshot, and never of a tuned one."""
    model = af.aalp({"mini": 1, "gpt-*": 2})
    dated = af.cost_of(run_of(call(1, 1, model="mini-2025-08-07")), model)
    tuned = af.cost_of(run_of(call(1, 1, model="ft:gpt-5:a")), model)
    assert dated.amount == 2
    assert tuned.amount is None
