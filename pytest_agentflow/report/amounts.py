"""What was consumed and what it cost, as every part of the report counts it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pytest_agentflow.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a stage, a run or a workflow consumed, and what it cost."""

    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    silent: int = 0
    """How many of the calls do not tell all their tokens: the sums are lower bounds."""
    images: int = 0
    cost: Money | None = None
    """`None`: not known, and `cost_unknown` says why."""
    cost_unknown: str = ""
    estimated: bool = False
    """Whether some usage in it is an estimate."""
    passes: Decimal | None = None
    """Forward passes in parameter-tokens; `None`: not known, or nobody declares sizes
    of models: then `passes_unknown` is empty, too."""
    passes_unknown: str = ""

    @property
    def billed(self) -> bool:
        """Whether somebody charges for it: tools and retrievers may be for nothing."""
        used = self.images or self.input_tokens is not None
        return bool(used or self.cost is None or self.cost.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDelta:
    """What a stage consumed before and now; `None` where it did not exist."""

    name: str
    now: Spent | None = None
    before: Spent | None = None
