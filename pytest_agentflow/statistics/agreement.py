"""Whether two judges agree beyond chance: Cohen's kappa, and its interval by group."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

#: Resamples of an interval: its ends are then off by less than 0.01 (Efron 1987).
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two raters on the same items.

    Args:
        kappa: Cohen's kappa: 1 for agreement on all, 0 for as much as chance gives.
        low: lower end of its 95 % interval.
        high: upper end.
        items: how many were rated.
        groups: how many independent groups they come from.
        observed: share of items that they agree on.
    """

    kappa: float
    low: float
    high: float
    items: int
    groups: int
    observed: float


_Counts = tuple[int, int, int, int]
"""Items that both, the first alone, the second alone and none called positive."""


def cohen_kappa(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Give Cohen's kappa of two raters (Cohen 1960): (po - pe) / (1 - pe).

    0 where chance alone makes them agree on all: where both gave one and the same
    answer to everything, nothing says that they tell items apart.

    Args:
        first: ratings of one.
        second: ratings of the other, of the same items in the same order.

    Raises `ValueError` for no items, or different numbers of them.
    """
    return _kappa(_count(first, second))


def agreement(
    first: Sequence[bool],
    second: Sequence[bool],
    groups: Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Give Cohen's kappa with a 95 % percentile interval of a bootstrap by group.

    Whole groups are drawn: claims of one source are not independent, and an interval
    that takes them for it is too short (Field and Welsh 2007). With one group only
    nothing is known of other sources, and the interval is -1 to 1.

    Args:
        first: ratings of one.
        second: ratings of the other.
        groups: what each item comes from, its source say.
        seed: of the draws; the same one gives the same interval.
        resamples: how many.

    Raises `ValueError` as `cohen_kappa` does.
    """
    whole = _count(first, second)
    if len(groups) != len(first):
        message = f"{len(first)} ratings, and groups of {len(groups)}"
        raise ValueError(message)
    parts: dict[Hashable, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        parts[group].append(number)
    counts = [
        _count([first[n] for n in numbers], [second[n] for n in numbers])
        for numbers in parts.values()
    ]
    low, high = _interval(counts, seed, resamples) if len(counts) > 1 else (-1.0, 1.0)
    kappa = _kappa(whole)
    return Agreement(
        kappa=kappa,
        low=min(low, kappa),
        high=max(high, kappa),
        items=len(first),
        groups=len(counts),
        observed=(whole[0] + whole[3]) / len(first),
    )


def _interval(
    counts: Sequence[_Counts], seed: int, resamples: int
) -> tuple[float, float]:
    draw = random.Random(seed)  # noqa: S311 - draws, no secrets
    drawn = sorted(
        _kappa(_sum(draw.choices(counts, k=len(counts)))) for _ in range(resamples)
    )
    cut = round(0.025 * resamples)
    return drawn[cut], drawn[-1 - cut]


def _sum(counts: Sequence[_Counts]) -> _Counts:
    both, one, other, none = map(sum, zip(*counts, strict=True))
    return both, one, other, none


def _count(first: Sequence[bool], second: Sequence[bool]) -> _Counts:
    if len(first) != len(second) or not first:
        message = f"{len(first)} and {len(second)} ratings cannot be compared"
        raise ValueError(message)
    both = sum(1 for a, b in zip(first, second, strict=True) if a and b)
    one, other = sum(map(bool, first)) - both, sum(map(bool, second)) - both
    return both, one, other, len(first) - both - one - other


def _kappa(counts: _Counts) -> float:
    both, one, other, none = counts
    n = sum(counts)
    chance = (both + one) * (both + other) + (none + one) * (none + other)
    if chance == n * n:
        return 0.0
    return ((both + none) * n - chance) / (n * n - chance)
