"""Does the context of a call grow over the calls of one run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_agentflow.statistics.excess import (
    ExcessLimits,
    nothing_measured,
    unit_fit,
)
from pytest_agentflow.statistics.growth import Growth
from pytest_agentflow.statistics.growth_class import GrowthClass
from pytest_agentflow.statistics.sample import Number, amounts, share

LEAST_CALLS = 6


def context_growth(
    prompt_tokens: Sequence[Number],
    *,
    materiality: float = 0.10,
    alpha: float = 0.05,
) -> Growth:
    """Decide whether the context of a call stays constant over the calls of one run.

    One run is enough: the prompt's tokens are regressed on the index of the call, and
    the share of the growth in the last call's fitted prompt is bounded as in
    `growth_excess`. Correct runs fail in at most 5 %; a prompt that doubles by the last
    of 12 calls is caught in all runs at 5 % noise and in 98 % at 15 %.

    Args:
        prompt_tokens: of each call, in order; not negative.
        materiality: share of the last prompt that may be growth.
        alpha: chance of a wrong FAIL, and of a wrong PASS at the materiality.

    Returns:
        The decision; PASS needs at least 6 calls, any decision 4. Sizes are the calls'
        numbers, 1 for the first.

    Raises:
        ValueError: for unknown or negative values.
    """
    share(alpha, "alpha")
    share(materiality, "materiality")
    ys = amounts(prompt_tokens, "prompt_tokens")
    calls = [float(k + 1) for k in range(len(ys))]
    limits = ExcessLimits(materiality=materiality, alpha=alpha)
    constant, linear = GrowthClass(), GrowthClass(power=1)
    rows = [(1.0, (call - 1) / max(len(ys) - 1, 1)) for call in calls]
    # Three points are too near to a line for their scatter to say anything.
    enough = len(ys) >= 4
    fit = unit_fit(rows, ys) if enough and any(ys) else None
    if fit is None:
        reason = (
            nothing_measured(ys) or f"{len(ys)} calls are too few to see growth; 6 can"
        )
        outcome = limits.undecided(len(ys), reason)
        return Growth(outcome=outcome, declared=constant, excess=linear)
    few = f"{len(ys)} calls are too few to say that the context does not grow"
    outcome = limits.judge(fit, rows[-1], thin=few if len(ys) < LEAST_CALLS else "")
    return Growth(
        outcome=outcome,
        declared=constant,
        excess=linear,
        sizes=tuple(calls),
        noise=math.sqrt(fit.variance),
        unit=max(ys),
    )
