"""Why a stage costs more than before: contributions that sum to the difference."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.pricing.shapley import shapley

MILLION = 1_000_000


def price(model: str, unit: str, amount: str, per: int = 1) -> af.UnitPrice:
    """A locked price."""
    return af.UnitPrice(model=model, unit=unit, amount=Decimal(amount), per=per)


def tokens(model: str, read: str, written: str, cached: str = "") -> list[af.UnitPrice]:
    """The prices of a model that reads and writes, in a million tokens."""
    kinds = {"input_tokens": read, "output_tokens": written}
    kinds |= {"cache_read_tokens": cached} if cached else {}
    return [price(model, unit, amount, MILLION) for unit, amount in kinds.items()]


PRICES = (
    *tokens("small", "1", "2", "0.1"),
    *tokens("large", "5", "10", "0.5"),
    price("painter", "images:1024x1024:medium", "0.04"),
    price("painter", "images:1024x1024:high", "0.16"),
)


def chat(number: int, read: int, written: int, **more: Any) -> af.Call:
    """A call of the small model."""
    usage = af.Usage(
        input_tokens=read,
        output_tokens=written,
        cache_read_tokens=more.pop("cached", None),
    )
    fields = {"kind": "chat", "stage": "plan", "model": "small", "usage": usage}
    return af.Call(id=f"{more.get('stage', 'plan')}/{number}", **{**fields, **more})


def picture(number: int, quality: str = "medium") -> af.Call:
    """A call of the image model."""
    usage = af.Usage(units={f"images:1024x1024:{quality}": Decimal(1)})
    return chat(number, 0, 0, kind="image", model="painter", usage=usage)


def run_of(
    *calls: af.Call, prices: tuple[af.UnitPrice, ...] = PRICES, **lock: Any
) -> af.Run:
    """A run of these calls, at these prices."""
    names = dict.fromkeys(call.stage for call in calls)
    return af.Run(
        workflow="build",
        case="hotel",
        stages=tuple(af.Stage(name=name) for name in names),
        calls=calls,
        recorded=af.Recorded(prices=af.PriceLock(prices=prices, **lock)),
    )


def causes(before: af.Run, now: af.Run) -> dict[str, Decimal]:
    """Id -> money, of the stage ``plan``."""
    change = af.cost_change(before, now, "plan")
    return {cause.id: cause.money.amount for cause in change.causes}


TWICE = "input_tokens of small: $1.00 per 1,000,000 -> $2.00 per 1,000,000"
HEALTHY = run_of(chat(1, 1000, 500), chat(2, 1000, 500))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            run_of(*(chat(n, 1000, 500) for n in range(3))),
            "more calls +$0.0020 (2 -> 3)",
        ),
        (run_of(chat(1, 1000, 500)), "fewer calls -$0.0020 (2 -> 1)"),
        (
            run_of(chat(1, 3000, 500), chat(2, 1000, 500)),
            "longer prompts +$0.0020 (1,000 -> 2,000 tokens each)",
        ),
        (
            run_of(chat(1, 1000, 500), chat(2, 1000, 2500)),
            "more output +$0.0040 (500 -> 1,500 tokens each)",
        ),
        (
            run_of(*(chat(n, 1000, 500, model="large") for n in range(2))),
            "dearer model +$0.016 (small -> large)",
        ),
        (
            run_of(chat(1, 1000, 500, model="large"), chat(2, 1000, 500)),
            "dearer model +$0.0080 (small -> large, small)",
        ),
        (
            replace(
                HEALTHY,
                recorded=af.Recorded(
                    prices=af.PriceLock(prices=tuple(tokens("small", "2", "2")))
                ),
            ),
            f"higher prices +$0.0020 ({TWICE})",
        ),
    ],
)
def test_a_single_change_has_a_single_cause(now: af.Run, told: str) -> None:
    """All of the difference is put down to the one thing that changed."""
    change = af.cost_change(HEALTHY, now, "plan")

    assert str(change) == told
    assert change.causes[0].money == change.difference


def test_what_the_cache_gave_no_longer_is_a_cause_of_its_own() -> None:
    """The same prompt, read in full: no longer prompt, and no changed price."""
    before = run_of(chat(1, 1000, 100, cached=900))
    now = run_of(chat(1, 1000, 100), prices=tuple(tokens("small", "1", "2")))

    (cause,) = af.cost_change(before, now, "plan").causes
    assert str(cause) == "less read from the cache +$0.00081 (90% -> 0% of the input)"


def test_pictures_are_counted_and_graded() -> None:
    """More of them and finer ones are two causes, in the words of pictures."""
    before = run_of(picture(1))
    now = run_of(*(picture(n, "high") for n in range(2)))

    change = af.cost_change(before, now, "plan")
    assert str(change) == (
        "dearer pictures +$0.18 (1024x1024:medium -> 1024x1024:high), "
        "more pictures +$0.10 (1 -> 2)"
    )


def test_accumulated_history_is_more_calls_with_longer_prompts() -> None:
    """Of what both make together each gets half."""
    before = run_of(chat(1, 1000, 0))
    now = run_of(chat(1, 1000, 0), chat(2, 3000, 0))

    # 1 call of 1,000 -> 2 calls of 2,000: 0.001 each alone, and 0.001 together.
    assert causes(before, now) == {
        "calls": Decimal("0.0015"),
        "prompt": Decimal("0.0015"),
    }


def test_prices_are_told_apart_from_usage() -> None:
    """Twice the prompt at twice the price: each half of what they make together."""
    dear = tuple(tokens("small", "2", "2"))
    change = af.cost_change(
        run_of(chat(1, 1000, 0)), run_of(chat(1, 2000, 0), prices=dear), "plan"
    )

    assert change.difference.amount == Decimal("0.003")
    assert change.drift.amount == Decimal("0.0015")


def test_a_new_stage_is_all_new_calls() -> None:
    """A stage that main lacks cost nothing there."""
    now = run_of(*HEALTHY.calls, chat(1, 1000, 0, stage="qa"))
    plan, qa = af.cost_changes(HEALTHY, now)

    assert plan.causes == ()
    assert (str(qa), qa.stage) == ("more calls +$0.0010 (0 -> 1)", "qa")
    (_, gone) = af.cost_changes(now, HEALTHY)
    assert str(gone) == "fewer calls -$0.0010 (1 -> 0)"


def test_what_is_charged_beside_the_models_has_a_line_of_its_own() -> None:
    """Step transitions belong to no stage."""
    fee = af.Fee(name="transitions", each="call", amount=Decimal("0.01"))
    before = run_of(chat(1, 1000, 0), fees=(fee,))
    now = run_of(chat(1, 1000, 0), chat(2, 0, 0), fees=(fee,))

    change = af.cost_changes(before, now)[-1]
    assert (change.stage, str(change)) == (
        "coordination",
        "more charged beside the models +$0.010 (transitions)",
    )


def test_a_dearer_model_that_prices_otherwise_is_still_split() -> None:
    """One painter by the picture and one by the token: nothing is made up."""
    by_token = chat(1, 100, 5000, kind="image", model="brush", pictures=(PNG,))
    prices = (*PRICES, *tokens("brush", "1", "40"))
    change = af.cost_change(run_of(picture(1)), run_of(by_token, prices=prices), "plan")

    assert sum(c.amount for c in change.causes) == Fraction("0.1601")
    assert "model" in {cause.id for cause in change.causes}


PNG = af.Picture(media_type="image/png")


@pytest.mark.parametrize("side", ["before", "now"])
def test_what_has_no_price_is_not_split(side: str) -> None:
    """An unknown cost is never 0: the error names the call."""
    unknown = run_of(chat(1, 10, 10, model="my-llama"))
    sides = (unknown, HEALTHY) if side == "before" else (HEALTHY, unknown)

    with pytest.raises(af.UnknownPrice, match="my-llama"):
        af.cost_change(*sides, "plan")
    broken = run_of(chat(1, 10, 10, missing=("usage",)))
    with pytest.raises(af.UnknownPrice, match="broke off"):
        af.cost_change(broken, HEALTHY, "plan")


def test_two_currencies_are_not_subtracted() -> None:
    """The message says how the runs come to be in one."""
    euros = tuple(replace(p, currency="EUR") for p in PRICES)
    with pytest.raises(af.UnknownPrice, match="EUR and USD; declare a reporting"):
        af.cost_change(HEALTHY, run_of(*HEALTHY.calls, prices=euros), "plan")


models = st.sampled_from(["small", "large", "other"])
amounts = st.decimals("0.001", 100, places=3).map(str)


@st.composite
def locks(draw: st.DrawFn) -> tuple[af.UnitPrice, ...]:
    """Prices of all models, some of them with one for cached input."""
    cached = st.just("") | amounts
    return tuple(
        p
        for model in ("small", "large", "other")
        for p in tokens(model, draw(amounts), draw(amounts), draw(cached))
    ) + tuple(
        price("painter", f"images:1024x1024:{quality}", draw(amounts))
        for quality in ("medium", "high")
    )


@st.composite
def chats(draw: st.DrawFn) -> af.Call:
    """A chat call of any model, some of its input cached."""
    read = draw(st.integers(0, 5000))
    return chat(
        draw(st.integers(0, 999)),
        read,
        draw(st.integers(0, 5000)),
        model=draw(models),
        cached=draw(st.integers(0, read)),
    )


pictures = st.builds(picture, st.integers(0, 99), st.sampled_from(["medium", "high"]))
runs = st.builds(
    lambda calls, prices: run_of(*calls, prices=prices),
    st.lists(chats() | pictures, max_size=6),
    locks(),
)


@given(runs, runs)
def test_the_causes_sum_to_the_difference(before: af.Run, now: af.Run) -> None:
    """Exactly, whatever the two runs are; and backwards it is the same with a minus."""
    change = af.cost_change(before, now, "plan")
    back = af.cost_change(now, before, "plan")

    whole = [
        sum((Fraction(c.money.amount) for c in run.charges()), Fraction())
        for run in (before, now)
    ]
    assert sum((c.amount for c in change.causes), Fraction()) == whole[1] - whole[0]
    found, mirrored = (
        sorted((c.id, sign * c.amount) for c in side.causes)
        for side, sign in ((change, 1), (back, -1))
    )
    assert found == mirrored
    assert af.cost_change(now, now, "plan").causes == ()


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1),
    st.integers(0, 3),
    st.integers(0, 5000),
    st.integers(0, 5000),
    st.sampled_from(["small", "large"]),
)
def test_what_only_grew_makes_nothing_cheaper(
    sizes: list[tuple[int, int]], more: int, read: int, written: int, model: str
) -> None:
    """Each cause has the sign of its change: nothing that rose is told as a saving."""
    before = run_of(*(chat(n, r, w) for n, (r, w) in enumerate(sizes)))
    # As large as the largest: added calls lower no mean.
    added = [(max(r for r, _ in sizes), max(w for _, w in sizes))] * more
    grown = [(r + read, w + written) for r, w in [*sizes, *added]]
    now = run_of(*(chat(n, r, w, model=model) for n, (r, w) in enumerate(grown)))

    found = causes(before, now)
    assert all(amount > 0 for amount in found.values())
    assert ("calls" in found) is bool(more)
    assert ("model" in found) is (model == "large")


@given(
    st.lists(st.fractions(0, 100), min_size=3, max_size=3),
    st.lists(st.fractions(0, 100), min_size=3, max_size=3),
)
def test_the_parts_of_a_product_are_fair(
    old: list[Fraction], new: list[Fraction]
) -> None:
    """They sum to the difference, and what did not change gets nothing."""
    names = ("a", "b", "c")

    def worth(changed: frozenset[str]) -> Fraction:
        product = Fraction(1)
        for name, one, other in zip(names, old, new, strict=True):
            product *= other if name in changed else one
        return product

    parts = shapley(names, worth)
    assert sum(parts.values()) == worth(frozenset(names)) - worth(frozenset())
    for name, one, other in zip(names, old, new, strict=True):
        assert one != other or parts[name] == 0
        assert (other - one) * parts[name] >= 0
