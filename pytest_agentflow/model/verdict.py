"""The five verdicts, how they fold, and how grave a finding is."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What was decided about a subject, a rule, a check or a test."""

    PASSED = "passed"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    """Examined, but not decidable: a question for a person."""
    INAPPLICABLE = "inapplicable"
    """Nothing was there to examine."""
    ERROR = "error"
    """It could not be examined: content, a price or an engine is missing."""


class Severity(StrEnum):
    """How grave a finding is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


def fold(
    *, errors: int = 0, failing: int = 0, decided: int = 0, examined: int = 0
) -> Verdict:
    """Fold the verdicts of many into one; the only folding rule there is.

    Args:
        errors: how many errored.
        failing: how many findings fail (new ones; known and waived do not).
        decided: how many subjects were decided, passed or failed.
        examined: how many subjects were examined at all.
    """
    if errors:
        return Verdict.ERROR
    if failing:
        return Verdict.FAILED
    if decided:
        return Verdict.PASSED
    return Verdict.UNDETERMINED if examined else Verdict.INAPPLICABLE


def fold_verdicts(verdicts: list[Verdict]) -> Verdict:
    """Fold the verdicts of parts (rules, checks) into that of the whole."""
    return fold(
        errors=verdicts.count(Verdict.ERROR),
        failing=verdicts.count(Verdict.FAILED),
        decided=verdicts.count(Verdict.PASSED),
        examined=verdicts.count(Verdict.UNDETERMINED),
    )
