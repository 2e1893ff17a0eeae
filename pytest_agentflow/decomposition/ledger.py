"""What sets of runs consumed: money, tokens and calls by stage and by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One unit of one stage over a set of runs."""

    stage: str
    unit: str
    quantity: Decimal
    money: Money
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The bill of a set of runs."""

    runs: int
    total: Money
    tokens: int
    calls: int
    estimated: bool
    lines: tuple[Line, ...] = field(default=())

    def stages(self) -> dict[str, Money]:
        """Give the money of each stage, dearest first."""
        names = dict.fromkeys(line.stage for line in self.lines)
        sums = {n: total(x.money for x in self.lines if x.stage == n) for n in names}
        return dict(sorted(sums.items(), key=lambda item: -item[1].amount))


def bill(runs: Sequence[Run]) -> Ledger:
    """Add up what `runs` consumed; raises `UnknownPrice` where a price is missing."""
    charges = [charge for run in runs for charge in run.charges()]
    keys = dict.fromkeys((charge.stage, charge.unit) for charge in charges)
    return Ledger(
        runs=len(runs),
        total=total(charge.money for charge in charges),
        tokens=sum(map(_tokens, runs)),
        calls=sum(call.is_model_call for run in runs for call in run.calls),
        estimated=any(charge.estimated for charge in charges),
        lines=tuple(
            Line(
                stage=stage,
                unit=unit,
                quantity=sum((c.quantity for c in same), Decimal(0)),
                money=total(c.money for c in same),
                models=tuple(sorted({c.model for c in same})),
            )
            for stage, unit in keys
            if (same := [c for c in charges if (c.stage, c.unit) == (stage, unit)])
        ),
    )


def _tokens(run: Run) -> int:
    # A model that had pictures painted inside its call reports their tokens apart.
    usage = run.usage()
    apart = sum(n for unit, n in usage.units.items() if unit.endswith("_tokens"))
    return (usage.total_tokens or 0) + int(apart)
