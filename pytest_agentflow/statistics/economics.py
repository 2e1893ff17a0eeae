"""When a decomposition has earned what it cost to build."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_agentflow.statistics.mean_bounds import mean_bounds
from pytest_agentflow.statistics.sample import (
    Number,
    amounts,
    mean,
    same_length,
    share,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """From how many users on the split is cheaper, all costs counted."""

    users: float | None
    """`None` if never."""
    lower: float | None
    """Of the interval; `None` if it never breaks even, at the best that may be."""
    upper: float | None
    """`None` if it may never break even."""
    level: float
    """Of the interval: 90 % holds the true figure in 88 to 92 % of projects with 20
    cases and more, in 87 % where costs lean far (``benchmarks/error_rates.py``)."""
    saving: float
    """Per request, price of errors included, before engineering and upkeep."""
    n: int
    """Cases it rests on."""
    reason: str = ""
    """Why there is no figure, or no interval."""


def break_even_users(
    costs: Sequence[Number],
    baseline: Sequence[Number],
    *,
    engineering: Number,
    months: float,
    requests: float,
    upkeep: Number = 0,
    per_request: Number = 0,
    error_price: Number = 0,
    errors: Sequence[bool] | None = None,
    baseline_errors: Sequence[bool] | None = None,
    level: float = 0.90,
) -> BreakEven:
    """Give the number of users at which the split costs as much as the single model.

    U = (E/H + M) / (r ((c_single - c_split) - price (e_split - e_single))), with means
    over the cases. Only the saving is uncertain in it, so that the interval is that of
    the mean saving (`mean_bounds`), turned over.

    Args:
        costs: of one request each, by the split; all money in one currency.
        baseline: by the single model, for the same cases in the same order.
        engineering: money spent once.
        months: over which it is written off, more than 0.
        requests: of one user in a month, more than 0.
        upkeep: money a month that the split needs beyond the single model.
        per_request: money that each request of the split bears besides, such as
            fine-tuning spread over the requests declared for it.
        error_price: what a wrong answer costs.
        errors: for each case whether the split's answer was wrong.
        baseline_errors: the same of the single model.
        level: of the interval, both sides together.

    Raises:
        ValueError: for negative or unknown money, no months or requests, an error price
            without errors, or sides of different length.
    """
    share(level, "level")
    once, running, extra, price = amounts(
        [engineering, upkeep, per_request, error_price], "money"
    )
    for name, value in (("months", months), ("requests", requests)):
        if not 0 < value < math.inf:
            message = f"{name}={value} must be a number above 0"
            raise ValueError(message)
    savings = _savings(costs, baseline, price, errors, baseline_errors)
    fixed = (once / months + running) / requests
    found = _users(fixed, mean(savings) - extra)
    bounds = mean_bounds(savings, (1 - level) / 2)
    least, most = bounds or (-math.inf, -math.inf)
    low, high = _users(fixed, most - extra), _users(fixed, least - extra)
    return BreakEven(
        users=found if math.isfinite(found) else None,
        lower=low if math.isfinite(low) else None,
        upper=high if math.isfinite(high) else None,
        level=level,
        saving=mean(savings) - extra,
        n=len(savings),
        reason=_reason(found, len(savings)),
    )


def payback_months(
    engineering: Number, saving_per_month: Number, upkeep: Number = 0
) -> float | None:
    """Give the months until savings have paid for the engineering.

    Args:
        engineering: money spent once.
        saving_per_month: requests a month times the saving of each; may be negative.
        upkeep: money a month that the split needs beyond the single model.

    Returns:
        Months; `None` if the saving does not exceed the upkeep: never.
    """
    once, running = amounts([engineering, upkeep], "money")
    saving = float(saving_per_month)
    if not math.isfinite(saving):
        message = f"saving_per_month={saving} must be a known amount"
        raise ValueError(message)
    net = saving - running
    months = once / net if net > 0 else math.inf
    return months if math.isfinite(months) else None


def max_token_multiplier(saving: float) -> float:
    """Give how many times the tokens a cheaper model may use before it saves nothing.

    1 / (1 - saving): 70 % off a token allows 3.3 times the tokens, 90 % ten times.

    Args:
        saving: share by which the small model's token is cheaper, 0 up to 1.
    """
    return 1 / (1 - share(saving, "saving", zero=True))


def cost_of_pass(cost: Number, pass_rate: float) -> float | None:
    """Give the expected money for one correct answer: cost / pass rate.

    Erol et al. 2025, "Cost-of-Pass".

    Args:
        cost: mean money of one attempt, not negative.
        pass_rate: share of attempts that are right, 0 to 1.

    Returns:
        Money, in the currency of `cost`; `None` if nothing passes.
    """
    (money,) = amounts([cost], "cost")
    if not 0 <= pass_rate <= 1:
        message = f"pass_rate={pass_rate} must be a share from 0 to 1"
        raise ValueError(message)
    found = money / pass_rate if pass_rate else math.inf
    return found if math.isfinite(found) else None


def _savings(
    costs: Sequence[Number],
    baseline: Sequence[Number],
    price: float,
    errors: Sequence[bool] | None,
    baseline_errors: Sequence[bool] | None,
) -> list[float]:
    """Give what each case saves, its errors priced."""
    split, single = amounts(costs, "costs"), amounts(baseline, "baseline")
    n = same_length(split, single)
    if not n:
        message = "there is no case to reckon with"
        raise ValueError(message)
    if price and (errors is None or baseline_errors is None):
        message = "error_price= needs errors= and baseline_errors= of every case"
        raise ValueError(message)
    none = [False] * n
    wrong = none if errors is None else errors
    wrong_before = none if baseline_errors is None else baseline_errors
    same_length(wrong, split)
    same_length(wrong_before, split)
    return [
        before - after - price * (int(bad) - int(bad_before))
        for before, after, bad, bad_before in zip(
            single, split, wrong, wrong_before, strict=True
        )
    ]


def _users(fixed: float, saving: float) -> float:
    return fixed / saving if saving > 0 else math.inf


def _reason(users: float, n: int) -> str:
    if not math.isfinite(users):
        return "a request of the split saves nothing: it never breaks even"
    return "one case gives no interval" if n < 2 else ""
