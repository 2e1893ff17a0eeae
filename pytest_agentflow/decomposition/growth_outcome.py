"""What a test of declared growth answers: for each quantity, and for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_agentflow.decomposition.bound import WORDS
from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.growth import Growth, GrowthProjection


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityGrowth:
    """How one quantity grew, against what was declared."""

    quantity: str
    """``calls``, ``prompt_tokens``, ``context_per_call``, ``cost``, ..."""
    declared: str
    """The class it may have: ``n``."""
    verdict: Verdict
    measured: str
    """What was found, with estimate and bound; or why nothing was."""
    blamed: str = ""
    """Which stage brings an excess in, and what grows there, as a sentence."""
    projected: str = ""
    """The projections, as a sentence."""
    unit: str = ""
    mode: str = ""
    """``exact`` or ``sample``; empty where nothing could be measured."""
    mode_reason: str = ""
    growth: Growth | None = None
    """Estimate, bounds and fit; `None` where the quantity is not known."""
    stage: str | None = None
    """The stage that brings in most of an excess."""
    cause: str = ""
    """What grows there: calls, the context of a call, the output, the model."""
    fix: str = ""
    projections: tuple[GrowthProjection, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    """Size and mean over the runs of that size."""

    @property
    def word(self) -> str:
        """``PASS``, ``FAIL``, ``INCONCLUSIVE`` or ``ERROR``."""
        return WORDS[self.verdict]

    @property
    def sentence(self) -> str:
        """All that was found, in one line."""
        told = (
            self.measured,
            self.blamed,
            self.projected,
            f"{self.how[:1].upper()}{self.how[1:]}",
        )
        return ". ".join(filter(None, told))

    @property
    def how(self) -> str:
        """Whether it was compared exactly, and why; empty: nothing was measured."""
        if not self.mode:
            return ""
        word = "exact" if self.mode == "exact" else "sampled"
        return f"{word}: {self.mode_reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthOutcome:
    """How a workflow grew with the size of its input, against what was declared."""

    workflow: str
    verdict: Verdict
    quantities: tuple[QuantityGrowth, ...]
    runs: int
    sizes: tuple[int, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    authored: bool = False
    estimated: bool = False
    optional: bool = False

    @property
    def word(self) -> str:
        """``PASS``, ``FAIL``, ``INCONCLUSIVE`` or ``ERROR``."""
        return WORDS[self.verdict]

    def of(self, quantity: str) -> QuantityGrowth:
        """Find one of the quantities that were declared; raises `LookupError`."""
        for one in self.quantities:
            if one.quantity == quantity:
                return one
        message = f"{quantity} was not declared; {self._declared()} were"
        raise LookupError(message)

    def _declared(self) -> str:
        return ", ".join(one.quantity for one in self.quantities)

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.sizes)) or "no size"
        head = f"{self.word}: growth of {self.workflow}: {self.runs} runs, n = {sizes}"
        lines = (
            f"  {one.quantity} O({one.declared}): {one.word}: {one.sentence}"
            for one in self.quantities
        )
        return "\n".join([head, *lines])


class GrowthFailure(AssertionError):
    """Something grows faster than declared, or that could not be decided."""

    __module__ = "pytest_agentflow"

    def __init__(self, outcome: GrowthOutcome) -> None:
        self.outcome = outcome
        super().__init__(str(outcome))

    def __reduce__(self) -> tuple[type[GrowthFailure], tuple[GrowthOutcome]]:
        return GrowthFailure, (self.outcome,)
