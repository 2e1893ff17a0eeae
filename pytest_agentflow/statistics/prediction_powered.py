"""A rate of a judge's verdicts, put right by the labels of people."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from pytest_agentflow.statistics.student import t_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class PoweredRate:
    """A rate over many judged items, of which few are labelled.

    Args:
        rate: mean(judge over all) + mean(label - judge over labelled), 0 to 1.
        low: lower end of its 95 % interval.
        high: upper end.
        judged: how many items the judge alone was asked about.
        labelled: how many people labelled, too.
        judge_rate: what the judge alone says; it is off by its bias.
        bias: how much too high that is, by the labels.
    """

    rate: float
    low: float
    high: float
    judged: int
    labelled: int
    judge_rate: float
    bias: float


def prediction_powered_rate(
    judged: Sequence[float],
    labels: Sequence[float],
    judged_too: Sequence[float],
    groups: Sequence[Hashable] | None = None,
) -> PoweredRate:
    """Estimate a rate by prediction-powered inference (Angelopoulos et al. 2023).

    The judge's mean over all, plus what labels differ from the judge on average; the
    variances add. So a biased judge widens the interval and does not shift the rate.
    Quantiles are Student's, by the number of labelled groups, and items of one group
    count as one mean each: items of one source are not independent.

    Args:
        judged: the judge's verdicts on items without label, 0 to 1 each. None of them:
            the rate is that of the labels.
        labels: 0 to 1 each.
        judged_too: the judge's verdicts on the labelled items, in the same order.
        groups: what each labelled item comes from; each its own where not given.

    Raises `ValueError` for fewer than two groups of labels, or different numbers.
    """
    if len(labels) != len(judged_too):
        message = f"{len(labels)} labels, and {len(judged_too)} verdicts on them"
        raise ValueError(message)
    every = range(len(labels)) if groups is None else groups
    all_judged = judged or judged_too
    errors = [a - b for a, b in zip(labels, judged_too, strict=True)]
    shift, spread, number = _mean_and_variance(errors, list(every))
    mean = math.fsum(all_judged) / len(all_judged)
    if not judged:  # the labels themselves: both parts rest on the same items
        mean = math.fsum(judged_too) / len(judged_too)
        _, spread, _ = _mean_and_variance(list(labels), list(every))
        within = 0.0
    else:
        within = _variance(judged) / len(judged)
    rate = mean + shift
    half = t_quantile(0.975, number - 1) * math.sqrt(spread + within)
    return PoweredRate(
        rate=min(1.0, max(0.0, rate)),
        low=min(1.0, max(0.0, rate - half)),
        high=min(1.0, max(0.0, rate + half)),
        judged=len(judged),
        labelled=len(labels),
        judge_rate=mean,
        bias=-shift,
    )


def _mean_and_variance(
    values: Sequence[float], groups: Sequence[Hashable]
) -> tuple[float, float, int]:
    """Give the mean, the variance of the mean by group, and the number of groups.

    Groups of different sizes: the linearised variance of a ratio (Cochran 1977, 6.3).
    """
    if len(values) != len(groups):
        message = f"{len(values)} values, and groups of {len(groups)}"
        raise ValueError(message)
    parts: dict[Hashable, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        parts[group].append(value)
    number = len(parts)
    if number < 2:
        message = "labels of at least two sources are needed for an interval"
        raise ValueError(message)
    mean = math.fsum(values) / len(values)
    squares = math.fsum((math.fsum(p) - mean * len(p)) ** 2 for p in parts.values())
    return mean, squares * number / (number - 1) / len(values) ** 2, number


def _variance(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.25  # the most that values of 0 to 1 can have
    mean = math.fsum(values) / len(values)
    return math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
