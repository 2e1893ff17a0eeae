"""What coordination costs as stages are added: the exponent m of the k^m overhead."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_agentflow.statistics.excess import (
    ExcessLimits,
    nothing_measured,
    unit_fit,
)
from pytest_agentflow.statistics.least_squares import weighted_fit
from pytest_agentflow.statistics.outcome import Outcome
from pytest_agentflow.statistics.sample import Number, amounts, mean, same_length, share
from pytest_agentflow.statistics.student import t_quantile

#: Fewer numbers of stages cannot tell links from pairs.
LEAST_STAGE_COUNTS = 4
#: Above the m <= 2 of pairs there is a little room; what comes out there is no m.
LARGEST_EXPONENT = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponent:
    """The m of an overhead that grows as (k - 1)^m."""

    m: float | None
    """`None` where these numbers of stages do not tell it."""
    lower: float | None
    """One-sided lower bound; `None` without an m."""
    upper: float | None
    alpha: float
    n: int
    """Numbers of stages that it rests on."""
    reason: str = ""
    """Why there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """An overhead taken apart into what links and what pairs of stages cost."""

    outcome: Outcome
    """Its estimate is the pairs' share at the largest number of stages."""
    per_link: float | None = None
    """Tokens for each of the k - 1 links of a chain."""
    per_pair: float | None = None
    """Tokens for each of the (k - 1)(k - 2)/2 pairs beyond neighbours."""


def exponent_doubt(stages: Iterable[int], m: float | None = None) -> str:
    """Say why some numbers of stages do not tell an exponent m; empty if they do.

    The one judgement for every m that is printed or bounded: that of `split_curve`,
    that of `overhead_exponent`, and the share of pairs that rests on it. Variants with
    few numbers of stages differ in more than k, so that more runs of them do not help.

    Args:
        stages: numbers of stages k, of all runs or each once.
        m: what was fitted, if that is known yet.
    """
    ks = sorted(set(stages))
    if len(ks) < LEAST_STAGE_COUNTS:
        some = f"{len(ks)} number{'s' * (len(ks) != 1)} of stages"
        return f"{some}; {LEAST_STAGE_COUNTS} are needed to tell m"
    if m is not None and m >= LARGEST_EXPONENT:
        told = " or ".join([", ".join(map(str, ks[:-1])), str(ks[-1])])
        return (
            f"m is {LARGEST_EXPONENT:g} or more, the end of its range: "
            f"{told} stages do not tell it"
        )
    return ""


def overhead_exponent(
    stages: Sequence[int], overhead: Sequence[Number], *, alpha: float = 0.05
) -> Exponent:
    """Estimate m from runs with different numbers of stages.

    The slope of ln(mean overhead) on ln(k - 1), with t bounds. On ln k, as the formula
    k^m suggests, a plain chain (m = 1) comes out at 1.4; on ln(k - 1) at 1.0. The means
    of the numbers of stages are the points, since what a variant adds of its own is the
    same in all its runs: with a spread of 20 % between variants, bounds that counted
    each run would call a chain superlinear in one experiment of five
    (``benchmarks/error_rates.py``). A window of the last two stages, or part of the
    history, still lies between 1 and 2: `pairwise_share` tells them from a chain, and
    the profile of lags tells them from each other.

    Args:
        stages: number of stages k of each run, at least 2.
        overhead: of the same runs, such as tokens copied between stages.
        alpha: chance that one bound is wrong.

    Returns:
        m with its bounds, or the reason why these stages do not tell it.

    Raises:
        ValueError: for fewer than two stages or unknown or negative overheads.
    """
    share(alpha, "alpha")
    ks, ws = _means(stages, overhead)
    doubt = exponent_doubt(ks)
    if not doubt and not all(ws):
        doubt = f"{ks[ws.index(0)]} stages have no overhead at all: m has no end"
    if doubt:
        return _no_exponent(alpha, len(ks), doubt)
    rows = [(1.0, math.log(k - 1)) for k in ks]
    fit = weighted_fit(rows, [math.log(w) for w in ws], [1.0] * len(ks))
    m = fit.coefficients[1] if fit is not None else None
    doubt = exponent_doubt(ks, m)
    if fit is None or m is None or doubt:
        reason = doubt or "these numbers of stages show no growth"
        return _no_exponent(alpha, len(ks), reason)
    half = math.sqrt(fit.variance) * fit.deviation((0.0, 1.0))
    half *= t_quantile(1 - alpha, fit.df)
    return Exponent(m=m, lower=m - half, upper=m + half, alpha=alpha, n=len(ks))


def pairwise_share(
    stages: Sequence[int],
    overhead: Sequence[Number],
    *,
    materiality: float = 0.10,
    alpha: float = 0.05,
) -> Mixture:
    """Decide whether stages read more than what their neighbours hand them.

    Fits W = a (k - 1) + b (k - 1)(k - 2)/2 with relative noise to the mean overhead of
    each number of stages, and bounds the share of the second term at the largest k.
    FAIL if the lower bound exceeds `materiality`: the overhead grows with the pairs of
    stages, as with a shared history. A window wider than half the stages looks so too;
    see the profile of lags. INCONCLUSIVE wherever `overhead_exponent` finds that these
    stages do not tell m.

    Args:
        stages: number of stages k of each run, at least 2.
        overhead: of the same runs, such as tokens copied between stages.
        materiality: share of the overhead at the largest k that pairs may have.
        alpha: chance of a wrong FAIL, and of a wrong PASS at the materiality.

    Returns:
        The decision; its n is the number of different k.

    Raises:
        ValueError: for fewer than two stages or unknown or negative overheads.
    """
    share(alpha, "alpha")
    share(materiality, "materiality")
    ks, ws = _means(stages, overhead)
    limits = ExcessLimits(materiality=materiality, alpha=alpha)
    reason = nothing_measured(ws) or overhead_exponent(ks, ws).reason
    if reason:
        return Mixture(outcome=limits.undecided(len(ks), reason))
    most = max(ks)
    rows = [
        ((k - 1) / (most - 1), (k - 1) * (k - 2) / ((most - 1) * (most - 2)))
        for k in ks
    ]
    fit = unit_fit(rows, ws)
    if fit is None:
        reason = "these numbers of stages cannot tell links from pairs"
        return Mixture(outcome=limits.undecided(len(ks), reason))
    links, pairs = fit.coefficients
    return Mixture(
        outcome=_by_stages(limits.judge(fit, (1.0, 1.0), thin="")),
        per_link=links * max(ws) / (most - 1),
        per_pair=pairs * max(ws) * 2 / ((most - 1) * (most - 2)),
    )


def _by_stages(outcome: Outcome) -> Outcome:
    """Say of an open decision what helps: other numbers of stages, not more runs."""
    if outcome.lower is None or not outcome.n_to_decide:
        return outcome
    reason = (
        f"pairs make up {max(outcome.lower, 0.0):.0%} to {outcome.upper or 0.0:.0%} of "
        "it, and the limit lies within; runs of further numbers of stages narrow that"
    )
    return replace(outcome, n_to_decide=None, reason=reason)


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


def _means(
    stages: Sequence[int], overhead: Sequence[Number]
) -> tuple[list[int], list[float]]:
    """Give the mean overhead of each number of stages, ascending."""
    ks, ws = _stages(stages), amounts(overhead, "overhead")
    same_length(ks, ws)
    groups: dict[int, list[float]] = {}
    for k, w in zip(ks, ws, strict=True):
        groups.setdefault(k, []).append(w)
    return sorted(groups), [mean(groups[k]) for k in sorted(groups)]


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
