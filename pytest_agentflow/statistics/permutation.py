"""Whether two sets differ: the labels are dealt again and again."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Statistic = Callable[[Sequence[int], Sequence[int]], float]
"""From the places of the first side's and of the second side's items to a number."""

#: Equal values that were added up in another order count as equal.
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Permutation:
    """What a permutation test found."""

    observed: float
    """The statistic of the sides as they are."""
    p: float
    """Chance of a statistic at least as large if the labels meant nothing."""
    rounds: int
    """How many ways of dealing were looked at."""
    exact: bool
    """Whether these were all that there are."""
    paired: bool


def permutation_test(
    statistic: Statistic,
    first: int,
    second: int,
    *,
    paired: bool = False,
    rounds: int = 9_999,
    seed: int = 0,
) -> Permutation:
    """Test one-sided whether a statistic is larger than labels dealt by chance make it.

    All ways of dealing are looked at where there are no more than `rounds` of them;
    else `rounds` drawn ones, and p = (1 + as large) / (1 + rounds), which is never 0
    and keeps its level (Phipson and Smyth 2010, "Permutation p-values should never be
    zero").

    Args:
        statistic: gets the places of the items that are dealt to either side; items of
            the first side have the places 0 to first - 1, those of the second follow.
        first: how many items are on the first side.
        second: how many on the second.
        paired: item i of either side belongs to the same case; only the two of a case
            change places. Needs sides of the same size.
        rounds: how many ways of dealing to draw.
        seed: of the drawing; the same seed gives the same p.

    Raises:
        ValueError: a side is empty, pairs are not pairs, `rounds` is below 1.
    """
    if first < 1 or second < 1 or rounds < 1:
        message = f"{first} against {second} in {rounds} rounds: each is at least 1"
        raise ValueError(message)
    if paired and first != second:
        message = f"{first} items against {second} are no pairs; leave paired out"
        raise ValueError(message)
    ways = 2**first if paired else math.comb(first + second, first)
    exact = ways <= rounds
    deals = (
        _all(first, second, paired)
        if exact
        else _drawn(
            first,
            second,
            paired,
            rounds,
            random.Random(seed),  # noqa: S311 - no secret
        )
    )
    observed = statistic(range(first), range(first, first + second))
    least = observed - _TOLERANCE * max(1.0, abs(observed))
    large = sum(statistic(a, b) >= least for a, b in deals)
    p = large / ways if exact else (1 + large) / (1 + rounds)
    return Permutation(
        observed=observed,
        p=p,
        rounds=ways if exact else rounds,
        exact=exact,
        paired=paired,
    )


Deal = tuple[Sequence[int], Sequence[int]]


def _all(first: int, second: int, paired: bool) -> Iterator[Deal]:
    if paired:
        for swaps in itertools.product((False, True), repeat=first):
            yield _swapped(swaps)
        return
    everything = range(first + second)
    for side in itertools.combinations(everything, first):
        chosen = set(side)
        yield side, [place for place in everything if place not in chosen]


def _drawn(
    first: int, second: int, paired: bool, rounds: int, chance: random.Random
) -> Iterator[Deal]:
    places = list(range(first + second))
    for _ in range(rounds):
        if paired:
            bits = chance.getrandbits(first)
            yield _swapped([bool(bits >> case & 1) for case in range(first)])
        else:
            chance.shuffle(places)
            yield places[:first], places[first:]


def _swapped(swaps: Sequence[bool]) -> Deal:
    n = len(swaps)
    one = [case + n * swap for case, swap in enumerate(swaps)]
    return one, [case + n * (not swap) for case, swap in enumerate(swaps)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for being several, in the order in which they came.

    Holm 1979: the chance of any false alarm among them stays at the level, however
    they depend on each other.

    Raises:
        ValueError: one is no chance between 0 and 1.
    """
    if not all(0 <= p <= 1 for p in p_values):
        message = f"{list(p_values)} are no p-values between 0 and 1"
        raise ValueError(message)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(
        sorted(range(len(p_values)), key=p_values.__getitem__)
    ):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
