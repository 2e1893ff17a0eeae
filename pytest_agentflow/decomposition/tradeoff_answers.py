"""The answers to "does the split pay" and "how many stages", with their sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from pytest_agentflow.decomposition.tradeoff_figures import Measure, amount_words
from pytest_agentflow.decomposition.tradeoff_quality import Jury
from pytest_agentflow.decomposition.tradeoff_stages import (
    LEAST_CASES,
    HowMany,
    SplitRow,
)
from pytest_agentflow.decomposition.tradeoff_variants import (
    Key,
    Variant,
    some,
    stages_text,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.cost_model import Priced
from pytest_agentflow.statistics.outcome import Decision, Outcome

STAGES = "stages"
"""Name of the answer about the number of stages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the questions, decided or not."""

    name: str
    """The objective (``money``), ``quality`` or ``stages``."""
    decision: Decision
    sentence: str
    would_do: tuple[int, ...] = ()
    """Numbers of stages that would do, where too many are in use."""

    @property
    def over_engineered(self) -> bool:
        """Whether more stages are in use than are worth it."""
        return bool(self.would_do)

    def __str__(self) -> str:
        return f"{self.name}: {self.decision}: {self.sentence}"


def fold_answers(answers: Sequence[Answer]) -> Decision:
    """Fold: FAIL if one fails, else INCONCLUSIVE if cost or quality is open, else PASS.

    Which number of stages is the best is a question of its own: a split that is cheaper
    and as good pays, whether or not another number would pay more.
    """
    if any(answer.decision is Decision.FAIL for answer in answers):
        return Decision.FAIL
    open_ = {a.name for a in answers if a.decision is Decision.INCONCLUSIVE}
    return Decision.INCONCLUSIVE if open_ - {STAGES} else Decision.PASS


def guarded(cost: Answer, quality: Answer) -> Answer:
    """Take the figures from the answer about cost while quality is open."""
    open_ = Decision.INCONCLUSIVE
    if quality.decision is not open_ or cost.decision is open_:
        return cost
    sentence = "decided, and not told while quality is INCONCLUSIVE: it is no saving"
    return replace(cost, sentence=sentence)


def cost_answer(
    ratio: Outcome, measure: Measure, sides: Sequence[Sequence[float]], unit: str
) -> Answer:
    """Say whether the split takes less than the single model; open: no figure."""
    what = {"latency": "time", "money": "money"}.get(measure.name, measure.name)
    if ratio.decision is Decision.INCONCLUSIVE:
        sentence = f"whether the split takes less {what} is open: {ratio.reason}"
    else:
        ours, theirs = (amount_words(sum(s) / len(s), unit) for s in sides)
        sentence = (
            f"a run of the split takes {ours}, one of the single model {theirs}: "
            f"{percent(ratio.estimate)}{_interval(ratio)}, {ratio.n} cases"
        )
    return Answer(name=measure.name, decision=ratio.decision, sentence=sentence)


def _interval(outcome: Outcome) -> str:
    if outcome.lower is None or outcome.upper is None or outcome.alpha is None:
        return ""
    level = percent(1 - 2 * outcome.alpha)
    return f" ({level} interval {percent(outcome.lower)} to {percent(outcome.upper)})"


def percent(share: float | None) -> str:
    """Write a share: ``18.5 %``, ``90 %``; ``unknown`` where there is none."""
    if share is None:
        return "unknown"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def quality_answer(
    quality: Outcome | None,
    jury: Jury,
    split: Variant,
    single: Variant,
    keys: Sequence[Key],
) -> Answer:
    """Say whether the split passes about as many cases as the single model."""
    if quality is None:
        sentence = "not compared, for no check was given: -c CHECK says what is good"
        return Answer(name="quality", decision=Decision.INCONCLUSIVE, sentence=sentence)
    ours, theirs = (
        list(jury.cases(side, keys).values()).count(True) for side in (split, single)
    )
    flips = jury.flips(split, single, keys)
    broken = sum(flip.broken for flip in flips)
    bound = f"; at worst {points(quality.lower)}" if quality.lower is not None else ""
    reason = f"; {quality.reason}" if quality.reason else ""
    sentence = (
        f"{ours} of {quality.n} cases pass {' and '.join(map(str, jury.checks))}, "
        f"{theirs} of {quality.n} by the single model "
        f"({len(flips) - broken} fixed, {broken} newly broken){bound}, allowed "
        f"{points(-quality.limit)}{reason}"
    )
    return Answer(name="quality", decision=quality.decision, sentence=sentence)


def points(difference: float | None) -> str:
    """Write a difference of pass rates in points: ``-4.1 points``."""
    if difference is None:
        return "unknown"
    return f"{100 * difference:+.1f}".removesuffix(".0") + " points"


def stages_answer(
    found: HowMany,
    split: Variant,
    measure: Measure,
    unit: str,
    error_price: float | None,
) -> Answer:
    """Say whether the number of stages in use may be the best, and what it costs."""
    row, best = found.row(split.k), found.row(found.best.best)
    members = listed_or(found.best.members)
    rests = f"{percent(found.best.level)} of resamples of {found.cases} cases"
    if found.unshared:
        return _stages(
            Decision.INCONCLUSIVE,
            f"no case was recorded for all of {', '.join(found.unshared)}: record the "
            "same cases for each",
        )
    if not found.decided:
        return _stages(
            Decision.INCONCLUSIVE,
            f"{found.cases} cases rule little out, {LEAST_CASES} are needed: record "
            "more cases for every number of stages",
        )
    if row.best_share is None:
        worse = f"{split.k} are in use, and worse than the single model"
        return _stages(Decision.FAIL, f"best by {measure.name}: {members}; {worse}")
    if split.k in found.best.members:
        return _stages(
            Decision.PASS,
            f"best by {measure.name}: {members} ({rests}); {split.k} are in use",
        )
    if split.k < max(found.best.members):
        less = f"{split.k} are in use, and more would take less"
        return _stages(
            Decision.PASS, f"best by {measure.name}: {members} ({rests}); {less}"
        )
    return _too_many(
        found, row, best, measure=measure, unit=unit, error_price=error_price
    )


def _too_many(
    found: HowMany,
    row: SplitRow,
    best: SplitRow,
    *,
    measure: Measure,
    unit: str,
    error_price: float | None,
) -> Answer:
    more = row.total - best.total
    told = (
        f"best by {measure.name}: {listed_or(found.best.members)} "
        f"({percent(found.best.level)} of resamples of {found.cases} cases); {row.k} "
        f"are in use and take {amount_words(more, unit)} a run more"
    )
    bought = found.gains or 0.0
    priced = isinstance(measure.model, Priced)
    if bought > 0 and not (priced and error_price is not None):
        if found.as_good is not None:
            return _dominated(row, found.row(found.as_good), measure, unit)
        worth = (
            f"worth it where an error costs {amount_words(more / bought, unit)} and "
            "more; declare --error-price"
            if priced
            else "a question of money: --objective money --error-price"
        )
        return _stages(
            Decision.INCONCLUSIVE,
            f"{told}, but {percent(bought)} more cases pass than with {best.k}: "
            f"{worth}",
        )
    return _over_engineered(told, found.best.members)


def _dominated(row: SplitRow, fewer: SplitRow, measure: Measure, unit: str) -> Answer:
    """Whatever an error costs: another k makes as few for less."""
    more = amount_words(row.amount - fewer.amount, unit)
    told = (
        f"{row.k} are in use and take {more} a run more than {fewer.k}, with which as "
        f"many cases pass: worse by {measure.name} at any price of an error"
    )
    return _over_engineered(told, (fewer.k,))


def _over_engineered(told: str, would_do: tuple[int, ...]) -> Answer:
    return Answer(
        name=STAGES,
        decision=Decision.FAIL,
        sentence=f"over-engineered: {told}",
        would_do=would_do,
    )


def _stages(decision: Decision, sentence: str) -> Answer:
    return Answer(name=STAGES, decision=decision, sentence=sentence)


def listed_or(members: Sequence[int]) -> str:
    """Write a set of numbers of stages: ``3 or 4 stages``."""
    *head, last = members
    numbers = f"{', '.join(map(str, head))} or " if head else ""
    return numbers + stages_text(last)


def price_notes(runs: Sequence[Run]) -> Iterator[str]:
    """Tell of prices that are not the same in all locks: no split is to blame."""
    seen: dict[tuple[object, ...], dict[Decimal, str]] = {}
    for run in runs:
        lock = run.recorded.prices
        for price in lock.prices:
            key = price.model, price.unit, price.tier, price.above_input_tokens
            amounts = seen.setdefault(key, {})
            amounts.setdefault(price.amount / price.per, (lock.as_of or "no date")[:10])
    drifted = [
        f"{key[1]} of {key[0]} ({', '.join(sorted(set(days.values())))})"
        for key, days in seen.items()
        if len(days) > 1
    ]
    if drifted:
        yield (
            f"prices differ between the recordings: {some(drifted, 3)}; bring them to "
            "one day: agentflow prices RUNS --now"
        )
