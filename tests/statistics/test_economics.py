"""When a decomposition has paid for itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.economics import (
    break_even_users,
    cost_of_pass,
    max_token_multiplier,
    payback_months,
)

MONEY = st.floats(0, 1e300)


def test_the_worked_example_comes_out() -> None:
    """60 000 of engineering at 5 against 1.2 cents: 8553 users, 9848 with errors."""
    plan = {"engineering": 60_000, "months": 12, "upkeep": 1_500, "requests": 20}
    plain = break_even_users([0.012] * 50, [0.05] * 50, **plan)
    assert plain.users == pytest.approx(8552.6, abs=0.1)
    wrong, right = [True, *[False] * 49], [False] * 50
    priced = break_even_users(
        [0.012] * 50,
        [0.05] * 50,
        **plan,
        error_price=0.25,
        errors=wrong,
        baseline_errors=right,
    )
    assert priced.users == pytest.approx(9848.5, abs=0.1)
    never = break_even_users(
        [0.012] * 50,
        [0.05] * 50,
        **plan,
        error_price=1.91,
        errors=wrong,
        baseline_errors=right,
    )
    assert never.users is None
    assert "never" in never.reason


def test_the_interval_holds_the_figure() -> None:
    """It lies around the figure, and a higher level is wider."""
    split = [0.01 + 0.001 * k for k in range(20)]
    single = [0.05 + 0.002 * (k % 7) for k in range(20)]
    plan = {"engineering": 1000, "months": 12, "requests": 10}
    found = break_even_users(split, single, **plan)
    wider = break_even_users(split, single, **plan, level=0.98)
    assert found.lower is not None
    assert found.upper is not None
    assert found.users is not None
    assert found.lower < found.users < found.upper
    assert wider.lower is not None
    assert wider.lower < found.lower


def test_an_interval_that_reaches_never_has_no_end() -> None:
    """Where some samples save nothing, no upper number of users is named."""
    found = break_even_users(
        [1, 1, 1, 9], [3, 3, 3, 3], engineering=10, months=1, requests=1
    )
    assert found.users is None or found.upper is None
    one = break_even_users([1], [3], engineering=10, months=1, requests=1)
    assert one.users == 5
    assert (one.lower, one.upper) == (None, None)
    assert "one case" in one.reason


@given(
    st.lists(st.tuples(MONEY, MONEY), min_size=1, max_size=6),
    MONEY,
    st.floats(1e-3, 1e3),
    MONEY,
)
def test_every_plan_has_an_answer(
    pairs: list[tuple[float, float]], once: float, months: float, extra: float
) -> None:
    """Free, huge and losing plans end in a finite figure or none, with the reason."""
    found = break_even_users(
        [a for a, _ in pairs],
        [b for _, b in pairs],
        engineering=once,
        months=months,
        requests=3,
        per_request=extra,
    )
    for users in (found.users, found.lower, found.upper):
        assert users is None or (math.isfinite(users) and users >= 0)
    assert found.users is not None or found.reason


def test_plans_that_make_no_sense_are_refused() -> None:
    """No cases, no months, negative money, an error price without errors."""
    plan = {"engineering": 1, "months": 1, "requests": 1}
    with pytest.raises(ValueError, match="no case"):
        break_even_users([], [], **plan)
    with pytest.raises(ValueError, match="months=0"):
        break_even_users([1], [1], **{**plan, "months": 0})
    with pytest.raises(ValueError, match="less than nothing"):
        break_even_users([-1], [1], **plan)
    with pytest.raises(ValueError, match="needs errors="):
        break_even_users([1], [1], **plan, error_price=1)
    with pytest.raises(ValueError, match="both sides"):
        break_even_users([1], [1], **plan, errors=[])


def test_savings_pay_back_or_never_do() -> None:
    """Months are engineering over what is left after upkeep."""
    assert payback_months(12_000, 1_500, 500) == 12
    assert payback_months(12_000, 500, 500) is None
    assert payback_months(0, -5) is None
    with pytest.raises(ValueError, match="known amount"):
        payback_months(1, math.nan)


@pytest.mark.parametrize(("saving", "times"), [(0.7, 10 / 3), (0.8, 5), (0.9, 10)])
def test_a_cheaper_token_allows_more_of_them(saving: float, times: float) -> None:
    """The published anchors: 70 % off allows 3.3 times the tokens."""
    assert max_token_multiplier(saving) == pytest.approx(times)
    with pytest.raises(ValueError, match="saving="):
        max_token_multiplier(1 + saving)


def test_a_right_answer_costs_its_failed_attempts() -> None:
    """Half the attempts fail: twice the money; all fail: no price."""
    assert cost_of_pass(0.02, 0.5) == pytest.approx(0.04)
    assert cost_of_pass(0.02, 0) is None
    with pytest.raises(ValueError, match="pass_rate="):
        cost_of_pass(0.02, 1.2)
