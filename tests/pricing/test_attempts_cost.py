"""What failed attempts cost: as much as they report, and nothing for a refusal."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from test_cost_models import MINI, call, run_of

import pytest_agentflow as af

PRICES = tuple(
    af.UnitPrice(model="mini", unit=unit, amount=Decimal(amount), per=1_000_000)
    for unit, amount in (("input_tokens", 1), ("output_tokens", 2))
)
REFUSED = af.Attempt(status=429, error="slow down")
LOST = af.Attempt(error="ConnectError")
RENTED = af.gpu_hour(
    3600, utilisation=1, prefill_tokens_per_second=10, decode_tokens_per_second=5
)


def used(read: int | None, written: int | None, status: int = 502) -> af.Attempt:
    """A failed attempt that tells what it used."""
    usage = af.Usage(input_tokens=read, output_tokens=written)
    return af.Attempt(status=status, usage=usage)


def test_an_attempt_costs_what_it_reports_under_each_model() -> None:
    """Beside the answer, which `cost_of` counts alone; refusals cost nothing."""
    one = call(10, 10, attempts=(REFUSED, used(100, 5), LOST))
    run = run_of(one, call(7, 7, stage="b", id="b/1"), prices=PRICES, sizes=(MINI,))
    money = af.attempts_cost(run, af.priced())
    assert (money.amount, money.unit, money.calls) == (Decimal("0.00011"), "USD", 1)
    passes = af.attempts_cost(run, af.aalp())
    assert passes.amount == Decimal("8e9") * (5 * 100 + 15)
    assert af.attempts_cost(run, RENTED).amount == 11
    assert af.attempts_cost(run, af.priced(), stage="a") == money
    assert af.attempts_cost(run, af.priced(), stage="b").amount == 0
    assert af.attempts_cost(run, af.priced(), calls=run.calls[:1]) == money


def test_an_answered_attempt_that_tells_nothing_is_not_known() -> None:
    """It is never taken for 0; nor are the times of attempts, which nobody recorded."""
    silent = run_of(call(1, 1, attempts=(af.Attempt(status=200),)), prices=PRICES)
    half = run_of(call(1, 1, attempts=(used(5, None),)), prices=PRICES)
    for run in (silent, half):
        for model in (af.priced(), af.aalp({"mini": 1}), RENTED):
            cost = af.attempts_cost(run, model)
            assert cost.amount is None
            assert "a/1 (failed attempt 1)" in cost.undetermined[0]
    assert af.attempts_cost(half, af.busy_time(1)).amount is None
    unpriced = run_of(call(1, 1, attempts=(used(5, 5),)))
    assert "no price is known" in str(af.attempts_cost(unpriced, af.priced()))


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)), max_size=4))
def test_attempts_cost_what_the_same_answers_would(
    used_: list[tuple[int, int]],
) -> None:
    """A try that failed is as dear as one that did not."""
    tried = run_of(
        call(0, 0, attempts=tuple(used(*u) for u in used_)),
        prices=PRICES,
        sizes=(MINI,),
    )
    answered = run_of(*(call(*u) for u in used_), prices=PRICES, sizes=(MINI,))
    for model in (af.priced(), af.aalp(), RENTED):
        whole = af.cost_of(answered, model).amount
        assert af.attempts_cost(tried, model).amount == whole
