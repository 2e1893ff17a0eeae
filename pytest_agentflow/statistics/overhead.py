"""What coordination costs as stages are added: the exponent m of the k^m overhead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_agentflow.statistics.excess import (
    ExcessLimits,
    nothing_measured,
    unit_fit,
)
from pytest_agentflow.statistics.least_squares import weighted_fit
from pytest_agentflow.statistics.outcome import Outcome
from pytest_agentflow.statistics.sample import Number, amounts, same_length, share
from pytest_agentflow.statistics.student import t_quantile

#: Fewer numbers of stages cannot tell links from pairs.
LEAST_STAGE_COUNTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponent:
    """The m of an overhead that grows as (k - 1)^m."""

    m: float | None
    lower: float | None
    """One-sided lower bound; `None` without residual freedom."""
    upper: float | None
    alpha: float
    n: int
    reason: str = ""
    """Why there is no figure, or no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """An overhead taken apart into what links and what pairs of stages cost."""

    outcome: Outcome
    """Its estimate is the pairs' share at the largest number of stages."""
    per_link: float | None = None
    """Tokens for each of the k - 1 links of a chain."""
    per_pair: float | None = None
    """Tokens for each of the (k - 1)(k - 2)/2 pairs beyond neighbours."""


def overhead_exponent(
    stages: Sequence[int], overhead: Sequence[Number], *, alpha: float = 0.05
) -> Exponent:
    """Estimate m from runs with different numbers of stages.

    The slope of ln(overhead) on ln(k - 1), with t bounds. On ln k, as the formula k^m
    suggests, a plain chain (m = 1) comes out at 1.4 and is called superlinear in 90 %
    of experiments; on ln(k - 1) at 1.0 and in none. A window of the last two stages, or
    part of the history, still lies between 1 and 2: `pairwise_share` tells them from a
    chain, and the profile of lags tells them from each other.

    Args:
        stages: number of stages k of each run, at least 2.
        overhead: of the same runs, such as tokens copied between stages; above 0.
        alpha: chance that one bound is wrong.

    Raises:
        ValueError: for fewer than two stages or unknown or negative overheads.
    """
    share(alpha, "alpha")
    ks, ws = _stages(stages), amounts(overhead, "overhead")
    n = same_length(ks, ws)
    if not all(ws):
        return _no_exponent(alpha, n, "a run without any overhead has no exponent")
    if len(set(ks)) < 2:
        return _no_exponent(alpha, n, "one number of stages shows no growth")
    rows = [(1.0, math.log(k - 1)) for k in ks]
    fit = weighted_fit(rows, [math.log(w) for w in ws], [1.0] * n)
    if fit is None:
        return _no_exponent(alpha, n, "these numbers of stages show no growth")
    m = fit.coefficients[1]
    if not fit.df:
        reason = "two runs give a slope, but no bounds"
        return Exponent(m=m, lower=None, upper=None, alpha=alpha, n=n, reason=reason)
    half = math.sqrt(fit.variance) * fit.deviation((0.0, 1.0))
    half *= t_quantile(1 - alpha, fit.df)
    return Exponent(m=m, lower=m - half, upper=m + half, alpha=alpha, n=n)


def pairwise_share(
    stages: Sequence[int],
    overhead: Sequence[Number],
    *,
    materiality: float = 0.10,
    alpha: float = 0.05,
) -> Mixture:
    """Decide whether stages read more than what their neighbours hand them.

    Fits W = a (k - 1) + b (k - 1)(k - 2)/2 with relative noise and bounds the share of
    the second term at the largest k. FAIL if the lower bound exceeds `materiality`: the
    overhead grows with the pairs of stages, as with a shared history. A window wider
    than half the stages looks so too; see the profile of lags.

    Args:
        stages: number of stages k of each run, at least 2.
        overhead: of the same runs, such as tokens copied between stages.
        materiality: share of the overhead at the largest k that pairs may have.
        alpha: chance of a wrong FAIL, and of a wrong PASS at the materiality.

    Returns:
        The decision; PASS needs four numbers of stages.

    Raises:
        ValueError: for fewer than two stages or unknown or negative overheads.
    """
    share(alpha, "alpha")
    share(materiality, "materiality")
    ks, ws = _stages(stages), amounts(overhead, "overhead")
    n = same_length(ks, ws)
    limits = ExcessLimits(materiality=materiality, alpha=alpha)
    nothing = nothing_measured(ws)
    if nothing:
        return Mixture(outcome=limits.undecided(n, nothing))
    most, counts = max(ks), len(set(ks))
    rows = [
        ((k - 1) / (most - 1), (k - 1) * (k - 2) / max((most - 1) * (most - 2), 1))
        for k in ks
    ]
    fit = unit_fit(rows, ws) if counts > 2 else None
    few = f"{counts} numbers of stages; a pass needs {LEAST_STAGE_COUNTS}"
    if fit is None:
        return Mixture(outcome=limits.undecided(n, few))
    thin = few if counts < LEAST_STAGE_COUNTS else ""
    links, pairs = fit.coefficients
    return Mixture(
        outcome=limits.judge(fit, (1.0, 1.0), thin=thin),
        per_link=links * max(ws) / (most - 1),
        per_pair=pairs * max(ws) * 2 / ((most - 1) * (most - 2)),
    )


def single_trace_exponent(
    copied: Number, mean_output: Number, stages: int
) -> float | None:
    """Describe one run's coordination as an exponent: ln(W / u) / ln k.

    Args:
        copied: W, tokens of all prompts that were copied from other stages' outputs.
        mean_output: u, mean tokens of one stage's output.
        stages: k, at least 2.

    Returns:
        About 0.8 to 0.9 for a chain, 1.3 for a hub and 1.6 to 1.9 for a mesh of 4 to 8
        stages: a description, no gate. `None` where nothing was copied or written.
    """
    (k,) = _stages([stages])
    tokens, output = amounts([copied, mean_output], "tokens")
    if not tokens or not output:
        return None
    return (math.log(tokens) - math.log(output)) / math.log(k)


def imbalance(work: Sequence[Number]) -> float | None:
    """Give how uneven a split is: k max(w) / sum(w), 1 if all stages do the same.

    Args:
        work: of each stage: tokens, seconds or money.

    Returns:
        The factor by which the largest stage exceeds an even share; `None` where no
        work was done.
    """
    ws = amounts(work, "work")
    largest = max(ws, default=0.0)
    if not largest:
        return None
    return len(ws) / math.fsum(w / largest for w in ws)


def _stages(stages: Sequence[int]) -> list[int]:
    for place, k in enumerate(stages):
        if not 2 <= k <= 1_000_000 or k != int(k):
            message = (
                f"stages[{place}] is {k}: overhead between stages needs at least two; "
                "leave runs of one stage out"
            )
            raise ValueError(message)
    return [int(k) for k in stages]


def _no_exponent(alpha: float, n: int, reason: str) -> Exponent:
    return Exponent(m=None, lower=None, upper=None, alpha=alpha, n=n, reason=reason)
