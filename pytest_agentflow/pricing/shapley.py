"""The Shapley value: what each of a few changes contributes to a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial

Worth = Callable[[frozenset[str]], Fraction]
"""What comes out where some of the players have changed, and the others have not."""


def shapley(players: Sequence[str], worth: Worth) -> Mapping[str, Fraction]:
    """Split ``worth(all) - worth(none)`` over the players, exactly.

    A player gets the mean of what its change adds, over all orders in which the changes
    could have been made; so no order is preferred, the parts sum to the difference, and
    a change that adds nothing, whatever else changed, gets nothing.

    Source: Shapley, "A value for n-person games" (1953); for the difference of two
    products Sun, "Accounting for the global environment" (Energy Economics 20, 1998).

    Args:
        players: names; the work grows with 2 to the power of their number.
        worth: a function of the players that have changed.
    """
    known = {
        frozenset(changed): worth(frozenset(changed))
        for size in range(len(players) + 1)
        for changed in combinations(players, size)
    }
    return {player: _mean(player, players, known) for player in players}


def _mean(
    player: str, players: Sequence[str], known: Mapping[frozenset[str], Fraction]
) -> Fraction:
    number = len(players)
    orders = factorial(number)
    return sum(
        (
            Fraction(factorial(len(s)) * factorial(number - 1 - len(s)), orders)
            * (known[s | {player}] - worth)
            for s, worth in known.items()
            if player not in s
        ),
        Fraction(),
    )
