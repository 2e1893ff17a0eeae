"""What a comparison of two sets of runs is held to, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.verdict import Verdict, fold_verdicts
from pytest_agentflow.pricing.cost_model import CostModel, Priced
from pytest_agentflow.statistics.outcome import Decision, Outcome

Population = Literal["fixed", "sample"]

WORDS = {
    Verdict.PASSED: "PASS",
    Verdict.FAILED: "FAIL",
    Verdict.UNDETERMINED: "INCONCLUSIVE",
    Verdict.ERROR: "ERROR",
}
VERDICTS = {
    Decision.PASS: Verdict.PASSED,
    Decision.FAIL: Verdict.FAILED,
    Decision.INCONCLUSIVE: Verdict.UNDETERMINED,
}
MINIMUM = 20
"""Fewer cases decide nothing about a mean: rare, dear runs stay unseen (Tango's bound
of pass rates needs no such rule)."""
_WORST_FIRST = (Verdict.ERROR, Verdict.FAILED, Verdict.UNDETERMINED, Verdict.PASSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the two sides are compared."""

    population: Population = "fixed"
    alpha: float = 0.05
    cost_model: CostModel = field(default_factory=Priced)

    @property
    def sampled(self) -> bool:
        """Whether the cases stand for others that were not recorded."""
        return self.population == "sample"

    @property
    def confidence(self) -> str:
        """Name the level of a bound: ``at 95% confidence``."""
        level = Decimal(100) - 100 * Decimal(str(self.alpha))
        return f"at {level.normalize():f}% confidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One bound of the gate: what was measured against what was allowed."""

    name: str
    verdict: Verdict
    sentence: str
    stage: str | None = None
    """The stage that makes the difference."""
    outcome: Outcome | None = None
    """Estimate, bounds, number of cases and method; `None` where nothing was measured.
    """
    guarded: str = ""
    """What stands for `sentence` while the whole gate is open: it tells no saving."""

    @property
    def word(self) -> str:
        """``PASS``, ``FAIL``, ``INCONCLUSIVE`` or ``ERROR``."""
        return WORDS[self.verdict]

    def __str__(self) -> str:
        return f"{self.name}: {self.word}: {self.sentence}"


def error(name: str, sentence: str) -> Bound:
    """Make the bound of something that cannot be compared."""
    return Bound(name=name, verdict=Verdict.ERROR, sentence=sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """The outcome of comparing a decomposition with its baseline."""

    workflow: str
    baseline: str
    verdict: Verdict
    bounds: tuple[Bound, ...]
    """In the order in which they were asked for."""
    notes: tuple[str, ...] = ()
    """What stands beside the bounds and decides nothing."""
    exhibits: tuple[Exhibit, ...] = ()
    cost: Money | None = None
    """Of a run of the split in each case; `None` where money was not compared, or the
    gate is INCONCLUSIVE: there is no saving then."""
    baseline_cost: Money | None = None
    population: Population = "fixed"
    authored: bool = False
    estimated: bool = False
    optional: bool = False

    @property
    def word(self) -> str:
        """``PASS``, ``FAIL``, ``INCONCLUSIVE`` or ``ERROR``."""
        return WORDS[self.verdict]

    @property
    def ok(self) -> bool:
        """Whether it lets a test pass."""
        waved = self.optional and self.verdict is Verdict.UNDETERMINED
        return self.verdict is Verdict.PASSED or waved

    @property
    def sentences(self) -> tuple[str, ...]:
        """All bounds, the worst first, and all notes."""
        ranked = sorted(self.bounds, key=lambda b: _WORST_FIRST.index(b.verdict))
        return (*map(str, ranked), *self.notes)

    def bound(self, name: str) -> Bound:
        """Find a bound: ``cost``, ``quality``, ...; raises `LookupError`."""
        for bound in self.bounds:
            if bound.name == name:
                return bound
        message = f"the gate has no bound {name!r}: {[b.name for b in self.bounds]}"
        raise LookupError(message)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        waved = (
            " (optional: it fails nothing)" if self.ok and self.word != "PASS" else ""
        )
        yield f"{self.word}: {self.workflow} against {self.baseline}{waved}"
        yield from (f"  {line}" for line in (*map(str, self.bounds), *self.notes))


class DecompositionFailure(AssertionError):
    """The decomposition does not pay, or that could not be decided."""

    __module__ = "pytest_agentflow"

    def __init__(self, decomposition: Decomposition) -> None:
        self.decomposition = decomposition
        super().__init__(str(decomposition))

    def __reduce__(self) -> tuple[type[DecompositionFailure], tuple[Decomposition]]:
        return DecompositionFailure, (self.decomposition,)


def fold_gate(verdicts: Sequence[Verdict]) -> Verdict:
    """Fold the bounds of a gate: unlike subjects, an open bound leaves it open."""
    whole = fold_verdicts(list(verdicts))
    is_open = Verdict.UNDETERMINED in verdicts
    return Verdict.UNDETERMINED if whole is Verdict.PASSED and is_open else whole
