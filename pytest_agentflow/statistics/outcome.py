"""What a statistical gate answers: PASS, FAIL or INCONCLUSIVE, and on what grounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """The answer of a gate."""

    PASS = "PASS"  # noqa: S105 - the word of the verdict
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One decision, with everything needed to print and to doubt it."""

    decision: Decision
    method: str
    """The procedure, in words: "paired t on D - limit*L (Fieller)"."""
    limit: float
    """What was allowed: a ratio, or a margin (a positive share)."""
    n: int
    """Independent cases that the decision rests on."""
    estimate: float | None = None
    """The measured ratio or difference; `None` where there is none."""
    lower: float | None = None
    """One-sided lower bound at level 1 - `alpha`; `None` where it is unbounded."""
    upper: float | None = None
    """One-sided upper bound at level 1 - `alpha`; `None` where it is unbounded."""
    alpha: float | None = None
    """Chance of a wrong PASS at the limit, and of a wrong FAIL; `None` if exact."""
    supported: float | None = None
    """The tightest limit or margin at which these data would still pass."""
    n_to_decide: int | None = None
    """Cases that would decide with a chance of 80 %, were all other things as seen.

    `None` once decided, and where no number of cases would.
    """
    reason: str = ""
    """Why it is INCONCLUSIVE: one sentence, with the way out."""
