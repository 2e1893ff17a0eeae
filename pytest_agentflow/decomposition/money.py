"""Holds the cost of the split to a share of the single model's, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pytest_agentflow.decomposition.blame import blame
from pytest_agentflow.decomposition.bound import VERDICTS, Bound, Terms, error
from pytest_agentflow.decomposition.causes import effects, effects_text, signed
from pytest_agentflow.decomposition.ledger import (
    Ledger,
    NotComparable,
    bill,
    one_currency,
    run_cost,
)
from pytest_agentflow.decomposition.pairs import Pair, side_means
from pytest_agentflow.decomposition.ratios import compare_ratio
from pytest_agentflow.decomposition.wording import (
    Ratio,
    guarded_sentence,
    over,
    plain,
    ratio_sentence,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.economics import max_token_multiplier

COST = Ratio(noun="cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What both sides spent, as a whole and case by case."""

    split: Ledger
    single: Ledger
    costs: tuple[tuple[Decimal, Decimal], ...]
    """Of the split and the single model, in the order of the pairs."""

    @property
    def estimated(self) -> bool:
        """Whether some usage is an estimate."""
        return self.split.estimated or self.single.estimated


def spending(pairs: Sequence[Pair], terms: Terms) -> Spending:
    """Add up both sides; raises `NotComparable` where something is unknown."""
    model = terms.cost_model
    split = bill([pair.split for pair in pairs], model)
    single = bill([pair.single for pair in pairs], model)
    if split.unit != single.unit:
        raise NotComparable(one_currency({split.unit, single.unit}))
    if not single.amount:
        message = "the baseline cost nothing: there is no ratio"
        raise NotComparable(message)

    def cost(run: Run) -> Decimal:
        return run_cost(run, model).at_least

    sides = side_means(pairs, cost)
    return Spending(split=split, single=single, costs=tuple(zip(*sides, strict=True)))


def judge_cost(
    pairs: Sequence[Pair], limit: Decimal, terms: Terms
) -> tuple[Bound, Spending | None]:
    """Judge the cost; the spending is `None` where it is not known."""
    try:
        spent = spending(pairs, terms)
    except NotComparable as problem:
        return error("cost", str(problem)), None
    split, single = zip(*spent.costs, strict=True)
    found = compare_ratio(pairs, split, single, limit, terms)
    sentence = (
        ratio_sentence(found, COST, terms)
        if terms.sampled
        else _fixed_sentence(spent, limit, terms)
    )
    if spent.estimated and terms.sampled:
        sentence += " (estimated usage)"
    verdict, stage = VERDICTS[found.decision], None
    if verdict is Verdict.FAILED:
        allowed = spent.single.amount * limit
        named = blame(pairs, spent.split, spent.single, allowed, terms.cost_model)
        sentence, stage = f"{sentence}. {named.sentence}", named.stage
    return Bound(
        name="cost",
        verdict=verdict,
        sentence=sentence,
        stage=stage,
        outcome=found,
        guarded=guarded_sentence(found, COST, terms),
    ), spent


def _fixed_sentence(spent: Spending, limit: Decimal, terms: Terms) -> str:
    split, single = spent.split, spent.single
    ratio = float(split.amount / single.amount)
    mark = " (estimated usage)" if spent.estimated else ""
    shown = COST.text(ratio, float(limit))
    return (
        f"{split.text(split.amount)} is {shown} of {single.text(single.amount)}{mark} "
        f"{over(split.cases, terms)}; allowed {COST.limit(float(limit))}"
    )


def difference_note(spent: Spending) -> str:
    """Say what makes the difference to the single model, cause by cause."""
    split, single = spent.split, spent.single
    each = split.amount / split.cases - single.amount / single.cases
    if not each:
        return ""
    why = effects_text(effects(split, single), split)
    return f"difference: {signed(each, split)} a case: {why}"


def multiplier_note(spent: Spending) -> str:
    """Say how many times the tokens the split may use before it saves nothing."""
    split, single = spent.split, spent.single
    if not (split.priced and split.tokens and single.tokens and split.amount):
        return ""
    used = float(split.tokens / single.tokens)
    saving = 1 - float((split.amount / split.tokens) / (single.amount / single.tokens))
    if saving < 0:
        return (
            "token multiplier: a token of the split costs "
            f"{plain(round(1 - saving, 2))}x one of the single model's, so that only "
            f"fewer tokens save; it uses {used:.1f}x"
        )
    most = max_token_multiplier(saving)
    return (
        "token multiplier: at these prices the split may use at most "
        f"{most:.1f}x the single model's tokens before it saves nothing; it uses "
        f"{used:.1f}x"
    )
