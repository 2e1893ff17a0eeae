"""The sentences of a gate's bounds: estimate, bound, cases, and what would decide."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_agentflow.decomposition.bound import MINIMUM, Terms
from pytest_agentflow.statistics.outcome import Decision, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The words of one ratio of the split to the single model."""

    noun: str
    """What is compared: ``cost``, ``time``, ``tokens``."""
    times: bool = False
    """Whether it is written as a factor, ``3.3x``, rather than as a share."""

    def text(self, value: float, near: float | None = None) -> str:
        """Write a ratio, so fine that it is not mistaken for `near`."""
        digits = 1
        while digits < 9 and near is not None and value != near:
            if self._text(value, digits) != self._text(near, digits):
                break
            digits += 1
        return self._text(value, digits)

    def _text(self, value: float, digits: int) -> str:
        shown = f"{value if self.times else 100 * value:,.{digits}f}"
        return f"{shown}x" if self.times else f"{shown}%"

    def of(self, value: float, near: float | None = None) -> str:
        """Write a ratio before what it is of: ``40% of``, ``3.3x``."""
        return self.text(value, near) + ("" if self.times else " of")

    def is_text(self, value: float, near: float | None = None) -> str:
        """Write a ratio as a statement: ``is 40% of``, ``are 3.3x``."""
        return f"{'are' if self.noun.endswith('s') else 'is'} {self.of(value, near)}"

    def limit(self, value: float) -> str:
        """Write the limit, as it was given."""
        shown = f"{value if self.times else 100 * value:,.9f}".rstrip("0").rstrip(".")
        return f"{shown}x" if self.times else f"{shown}%"


def cases(n: int) -> str:
    """Count cases: ``30 cases``."""
    return f"{n:,} case" if n == 1 else f"{n:,} cases"


def ratio_sentence(found: Outcome, words: Ratio, terms: Terms) -> str:
    """Say how a ratio of a sample stands to its limit."""
    allowed = f"allowed {words.limit(found.limit)}"
    sure = terms.confidence
    if found.estimate is None or found.upper is None or is_too_few(found):
        return f"{found.reason}; {allowed}"
    lower, upper = found.lower or 0.0, found.upper
    measured = words.is_text(found.estimate, found.limit)
    head = f"the split's {words.noun} {measured} the single model's"
    over = f"over {cases(found.n)}"
    if found.decision is Decision.PASS:
        bound = words.text(upper, found.limit)
        return f"{head}, at most {bound} {sure}, {over}; {allowed}"
    if found.decision is Decision.FAIL:
        bound = words.text(lower, found.limit)
        return f"{head}, at least {bound} {sure}, {over}; {allowed}"
    low, high = words.text(lower, found.limit), words.of(upper, found.limit)
    return (
        f"undecided {over}: {low} to {high} the single model's {words.noun}, each "
        f"bound {sure} (estimate {words.text(found.estimate, found.limit)}); "
        f"{allowed}. {would_decide(found)}; these support a limit of "
        f"{words.text(upper, found.limit)}"
    )


def guarded_sentence(found: Outcome, words: Ratio, terms: Terms) -> str:
    """Say that a limit is kept, and not how much is saved."""
    sure = f" {terms.confidence}" if terms.sampled else ""
    return (
        f"within the {words.limit(found.limit)} allowed{sure}, over {cases(found.n)}; "
        "what is saved is told once everything is decided"
    )


def would_decide(found: Outcome) -> str:
    """Say how many cases would decide."""
    if found.n_to_decide is None:
        return "No number of such cases would decide"
    return f"About {cases(found.n_to_decide)} would decide"


def is_too_few(found: Outcome) -> bool:
    """Whether so few cases were compared that no figure may be told."""
    is_open = found.decision is Decision.INCONCLUSIVE
    return is_open and found.n < MINIMUM and found.method.startswith("paired t")


def points(value: float, near: float | None = None) -> str:
    """Write a difference of pass rates: ``-3.3 points``."""
    digits = 1
    while near is not None and digits < 9 and value != near:
        if f"{100 * value:+.{digits}f}" != f"{100 * near:+.{digits}f}":
            break
        digits += 1
    return f"{100 * value:+.{digits}f} points"


def plain(value: float) -> str:
    """Write a number as short as it is exact to six digits."""
    return f"{value:.6g}"
