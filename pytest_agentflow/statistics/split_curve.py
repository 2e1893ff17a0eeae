"""Cost and latency against the number of stages: fitted curves and the best number."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_agentflow.statistics.least_squares import nonnegative_fit
from pytest_agentflow.statistics.overhead import LARGEST_EXPONENT, exponent_doubt
from pytest_agentflow.statistics.sample import (
    Number,
    amounts,
    mean,
    same_length,
    share,
)

#: The seed names 1 < m <= 2; a little more shows when it does not hold.
_EXPONENTS = [1 + step / 50 for step in range(round((LARGEST_EXPONENT - 1) * 50) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCurve:
    """a + b/k + c k^m: what is fixed, what is divided, what more stages add."""

    fixed: float
    divided: float
    overhead: float
    m: float | None
    """`None` where no overhead was found, or too few numbers of stages tell."""
    doubt: str = ""
    """Why these numbers of stages do not tell m (`exponent_doubt`); empty if they do,
    or where no overhead was found."""

    def at(self, stages: float) -> float:
        """Give the fitted value for a number of stages, at least 1."""
        added = self.overhead * math.pow(stages, self.m or 1.0)
        return self.fixed + self.divided / stages + added

    @property
    def best(self) -> float | None:
        """The k of least value, (b / (c m))^(1/(m+1)), at least 1.

        `None` where the curve only falls: more stages are always better, or nothing
        depends on them.
        """
        if not self.overhead:
            return None
        m = self.m or 1.0
        turn = self.divided / (self.overhead * m)
        return max(math.pow(turn, 1 / (m + 1)), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalability:
    """The Universal Scalability Law: T(k) = T1 ((1 - s)/k + s + c (k - 1))."""

    single: float
    """T1, the time of one stage doing everything."""
    serial: float
    """s, the share that cannot be divided (contention)."""
    crosstalk: float
    """c, the cost of every further stage (coherency)."""

    def at(self, stages: float) -> float:
        """Give the fitted time for a number of stages, at least 1."""
        divided = (1 - self.serial) / stages
        return self.single * (divided + self.serial + self.crosstalk * (stages - 1))

    @property
    def best(self) -> float | None:
        """The k of least time, sqrt((1 - s)/c); `None` if more is always better."""
        if not self.crosstalk:
            return None
        return max(math.sqrt((1 - self.serial) / self.crosstalk), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BestSplit:
    """Which numbers of stages may be the best."""

    best: int
    """The one of least mean."""
    members: tuple[int, ...]
    """Those that cannot be ruled out, ascending."""
    shares: Mapping[int, float]
    """Share of resamples in which each was the best."""
    level: float
    n: int
    """Cases."""
    reason: str = ""
    """Why nothing could be ruled out."""


def split_curve(stages: Sequence[int], values: Sequence[Number]) -> SplitCurve | None:
    """Fit a + b/k + c k^m, no coefficient negative and 1 <= m <= 2.5.

    The total work of the seed's O(1) + k O(n/k) + O(k^m) has no optimum, since its
    middle term does not depend on k; latency, quadratic output cost, and prices that
    fall with the size of the task have one. Noise is taken as relative.

    Args:
        stages: number of stages k of each run, at least 1.
        values: of the same runs: money, tokens or seconds.

    Returns:
        The curve; m is `None` with fewer than four numbers of stages (the overhead is
        then taken as linear). `None` with fewer than three, or where all values are 0.

    Raises:
        ValueError: for unknown or negative values.
    """
    ks, ys = _read(stages, values)
    counts = len(set(ks))
    if counts < 3 or not any(ys):
        return None
    known = not exponent_doubt(ks)
    unit, deviations = max(ys), _deviations(ks, ys)
    scaled = [y / unit for y in ys]
    best: tuple[float, float, tuple[float, ...]] | None = None
    for m in _EXPONENTS if known else [1.0]:
        rows = [(1.0, 1 / k, (k / max(ks)) ** m) for k in ks]
        found = nonnegative_fit(rows, scaled, deviations)
        if found is None:
            continue
        loss = math.fsum(
            ((y - sum(x * c for x, c in zip(row, found, strict=True))) / d) ** 2
            for row, y, d in zip(rows, scaled, deviations, strict=True)
        )
        # Of exponents that fit alike, the smaller says less.
        if best is None or loss < best[0] * (1 - 1e-9):
            best = loss, m, found
    if best is None:
        return None
    _, m, (fixed, divided, overhead) = best
    return SplitCurve(
        fixed=fixed * unit,
        divided=divided * unit,
        overhead=overhead * unit / max(ks) ** m,
        m=m if overhead and known else None,
        doubt=exponent_doubt(ks, m) if overhead else "",
    )


def usl_fit(stages: Sequence[int], seconds: Sequence[Number]) -> Scalability | None:
    """Fit the Universal Scalability Law to latencies (Gunther 1993).

    Linear in A/k + B + C (k - 1) with no coefficient negative; relative noise.

    Args:
        stages: number of stages k of each run, at least 1.
        seconds: latency of the same runs.

    Returns:
        The law; `None` with fewer than three numbers of stages, or no time at all.

    Raises:
        ValueError: for unknown or negative latencies.
    """
    ks, ys = _read(stages, seconds)
    if len(set(ks)) < 3 or not any(ys):
        return None
    unit = max(ys)
    rows = [(1 / k, 1.0, float(k - 1)) for k in ks]
    found = nonnegative_fit(rows, [y / unit for y in ys], _deviations(ks, ys))
    if found is None or not found[0] + found[1]:
        return None
    divided, serial, crosstalk = found
    single = divided + serial
    return Scalability(
        single=single * unit, serial=serial / single, crosstalk=crosstalk / single
    )


def best_k_set(
    costs: Mapping[int, Sequence[Number]],
    *,
    level: float = 0.95,
    rounds: int = 2000,
    seed: int = 0,
) -> BestSplit:
    """Name the numbers of stages that may have the least mean.

    Cases are resampled, the same for every k (they share what makes a case hard), and
    the best k of each resample is counted; the most frequent ones that together reach
    `level` are the set. The k of least mean alone is the wrong one in 37 to 57 % of
    experiments, the set lacks the right one in 4 to 14 % with ten cases and more
    (``benchmarks/error_rates.py``). Gate "the k in use is in the set".

    Args:
        costs: for each k the values of all cases, in the same order for every k.
        level: share of resamples that the set covers.
        rounds: resamples.
        seed: of the resampling; the same seed gives the same set.

    Raises:
        ValueError: for no k, sides of different length, or values that cannot be.
    """
    share(level, "level")
    columns = {k: amounts(costs[k], f"costs[{k}]") for k in sorted(costs)}
    n = _cases(columns)
    means = {k: mean(column) for k, column in columns.items()}
    best = min(means, key=means.__getitem__)
    if n < 2:
        shares = {k: 1 / len(columns) for k in columns}
    else:
        shares = _shares(columns, n, rounds, seed)
    members, covered = [], 0.0
    for k in sorted(shares, key=lambda k: (-shares[k], k)):
        if covered >= level and k != best:
            continue
        members.append(k)
        covered += shares[k]
    return BestSplit(
        best=best,
        members=tuple(sorted(members)),
        shares=shares,
        level=level,
        n=n,
        reason="one case rules nothing out" if n < 2 else "",
    )


def _cases(columns: Mapping[int, Sequence[float]]) -> int:
    if not columns:
        message = "there is no number of stages to choose from"
        raise ValueError(message)
    first, *others = columns.values()
    for other in others:
        same_length(first, other)
    if not first:
        message = "there is no case to choose by"
        raise ValueError(message)
    return len(first)


def _shares(
    columns: Mapping[int, Sequence[float]], n: int, rounds: int, seed: int
) -> dict[int, float]:
    dice = random.Random(seed)  # noqa: S311 - a repeatable bootstrap
    largest = max(map(max, columns.values())) or 1.0
    scaled = {k: [x / largest for x in column] for k, column in columns.items()}
    wins = dict.fromkeys(columns, 0)
    for _ in range(rounds):
        chosen = dice.choices(range(n), k=n)
        totals = {k: sum([c[i] for i in chosen]) for k, c in scaled.items()}
        wins[min(totals, key=totals.__getitem__)] += 1
    return {k: won / rounds for k, won in wins.items()}


def _read(
    stages: Iterable[int], values: Sequence[Number]
) -> tuple[list[int], list[float]]:
    ks, ys = list(stages), amounts(values, "values")
    same_length(ks, ys)
    for place, k in enumerate(ks):
        if not 1 <= k <= 1_000_000 or k != int(k):
            message = f"stages[{place}] is {k}: a run has at least one stage"
            raise ValueError(message)
    return [int(k) for k in ks], ys


def _deviations(ks: Sequence[int], ys: Sequence[float]) -> list[float]:
    """Noise in proportion to the mean at each k, in units of the largest value."""
    groups: dict[int, list[float]] = {}
    for k, y in zip(ks, ys, strict=True):
        groups.setdefault(k, []).append(y / max(ys))
    least = 1e-3
    return [max(mean(groups[k]), least) for k in ks]
