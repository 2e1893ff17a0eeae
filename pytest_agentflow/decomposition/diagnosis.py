"""Which checks and stages stand out, Holm-adjusted: where to look, no verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pytest_agentflow.decomposition.flips import Flip
from pytest_agentflow.decomposition.ledger import bill
from pytest_agentflow.decomposition.pairs import Pair
from pytest_agentflow.pricing.cost_model import CostModel
from pytest_agentflow.statistics.permutation import holm
from pytest_agentflow.statistics.sample import covariance, mean
from pytest_agentflow.statistics.student import t_cdf


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One check or stage that may have got worse."""

    what: str
    seen: str
    p: float
    """Chance of so much if nothing were worse, before adjusting."""
    adjusted: float
    """The same by Holm's method for all that was looked at."""


def suspicions(
    pairs: Sequence[Pair], found: Sequence[Flip], model: CostModel | None
) -> list[Suspicion]:
    """Test each check by the signs of its flips, and each stage of both by its cost.

    A gate has one primary bound for each thing it is asked for; these tests stand
    beside it. Forty of them at 5 % would raise a false alarm in 87 % of sessions,
    hence Holm's adjustment, and hence no verdict.

    Args:
        pairs: the cases; a stage is tested where both sides have it.
        found: what flipped.
        model: what stages cost; `None` tests none.
    """
    raw = [*_checks(found), *(_stages(pairs, model) if model is not None else ())]
    adjusted = holm([p for _, _, p in raw])
    listed = [
        Suspicion(what=what, seen=seen, p=p, adjusted=q)
        for (what, seen, p), q in zip(raw, adjusted, strict=True)
    ]
    return sorted(listed, key=lambda one: one.p)


def _checks(found: Sequence[Flip]) -> Iterator[tuple[str, str, float]]:
    for check in dict.fromkeys(flip.check for flip in found):
        broken = sum(flip.broken for flip in found if flip.check == check)
        n = sum(flip.check == check for flip in found)
        tail = sum(math.comb(n, k) for k in range(broken, n + 1)) / 2**n
        yield f"check {check}", f"{broken} broken, {n - broken} fixed", tail


def _stages(
    pairs: Sequence[Pair], model: CostModel
) -> Iterator[tuple[str, str, float]]:
    if len(pairs) < 3:
        return
    bills = [(bill([p.split], model), bill([p.single], model)) for p in pairs]
    shared = [
        name
        for name in bills[0][0].stages()
        if all(name in side.stages() for both in bills for side in both)
    ]
    for name in shared:
        more = [float(a.stages()[name] - b.stages()[name]) for a, b in bills]
        spread = math.sqrt(covariance(more, more) / len(more))
        if spread:
            p = 1 - t_cdf(mean(more) / spread, len(more) - 1)
            ledger = bills[0][0]
            each = sum(
                (a.stages()[name] - b.stages()[name] for a, b in bills), Decimal(0)
            )
            told = ledger.text(abs(each) / len(bills))
            sign = "+" if each > 0 else "-"
            yield f"cost of stage {name}", f"{sign}{told} a case", p
