"""The sentences of a gate's bounds: estimate, bound, cases, and what would decide."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_agentflow.decomposition.bound import MINIMUM, Terms
from pytest_agentflow.statistics.outcome import Decision, Outcome

NO_QUALITY = (
    "quality: not asked: this says nothing of how good the split is; checks= and "
    "quality_margin= ask for it"
)
"""Stands beside a PASS to which cost, time or tokens alone were held."""


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
        return times(value, digits) if self.times else percent(value, digits)

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


def over(n: int, terms: Terms) -> str:
    """Say what an estimate is over: a sample, or the cases that are the population."""
    if terms.sampled:
        return f"over {cases(n)}"
    return f"over the fixed population of {cases(n)}"


def population_note(n: int) -> str:
    """Say of what a comparison of a fixed population speaks: of it, and of no more."""
    if n == 1:
        return (
            "population: fixed: exact for this one case, with no inference to any "
            "other: it does not say that the split pays on the next one. Record more "
            "cases, and write population='sample' to decide about those to come"
        )
    return (
        f"population: fixed: exact for these {cases(n)}, with no inference to others; "
        "population='sample' decides about those to come"
    )


def ratio_sentence(found: Outcome, words: Ratio, terms: Terms) -> str:
    """Say how a ratio of a sample stands to its limit."""
    allowed = f"allowed {words.limit(found.limit)}"
    sure = terms.confidence
    if found.estimate is None or found.upper is None or is_too_few(found):
        return f"{found.reason}; {allowed}"
    lower, upper = found.lower or 0.0, found.upper
    measured = words.is_text(found.estimate, found.limit)
    head = f"the split's {words.noun} {measured} the single model's"
    beside = over(found.n, terms)
    if found.decision is Decision.PASS:
        bound = words.text(upper, found.limit)
        return f"{head}, at most {bound} {sure}, {beside}; {allowed}"
    if found.decision is Decision.FAIL:
        bound = words.text(lower, found.limit)
        return f"{head}, at least {bound} {sure}, {beside}; {allowed}"
    low, high = words.text(lower, found.limit), words.of(upper, found.limit)
    return (
        f"undecided {beside}: {low} to {high} the single model's {words.noun}, each "
        f"bound {sure} (estimate {words.text(found.estimate, found.limit)}); "
        f"{allowed}. {would_decide(found)}; these support a limit of "
        f"{words.text(upper, found.limit)}"
    )


def guarded_sentence(found: Outcome, words: Ratio, terms: Terms) -> str:
    """Say that a limit is kept, and not how much is saved."""
    sure = f" {terms.confidence}" if terms.sampled else ""
    return (
        f"within the {words.limit(found.limit)} allowed{sure}, "
        f"{over(found.n, terms)}; what is saved is told once everything is decided"
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


def percent(value: float, digits: int = 1) -> str:
    """Write a share in percent, never as minus nought: ``21.2%``."""
    return f"{100 * value:z,.{digits}f}%"


def times(value: float, digits: int = 2) -> str:
    """Write a factor: ``3.30x``."""
    return f"{value:z,.{digits}f}x"


def signed(value: float, digits: int = 1) -> str:
    """Write a difference with its sign; what rounds to nought has none."""
    text = f"{value:z,.{digits}f}"
    return f"{value:+,.{digits}f}" if float(text.replace(",", "")) else text


def points(value: float, near: float | None = None) -> str:
    """Write a difference of shares, so fine that it is not mistaken for `near`.

    ``-3.3 points``; ``0.0 points`` where there is none.
    """
    digits = 1
    while digits < 9 and near is not None and value != near:
        if signed(100 * value, digits) != signed(100 * near, digits):
            break
        digits += 1
    return f"{signed(100 * value, digits)} points"


def plain(value: float) -> str:
    """Write a number as short as it is exact to six digits."""
    return f"{value:z.6g}"


def score(value: float, near: float | None = None) -> str:
    """Write a difference of scores, so fine that it is not mistaken for `near`."""
    digits = 4
    while digits < 12 and near is not None and value != near:
        if f"{value:z.{digits}g}" != f"{near:z.{digits}g}":
            break
        digits += 1
    return f"{value:+.{digits}g}" if value else "0"
