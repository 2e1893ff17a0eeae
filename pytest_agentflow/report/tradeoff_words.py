"""What a trade-off tells, in sentences for the terminal and for page one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pytest_agentflow.decomposition.tradeoff import Tradeoff
from pytest_agentflow.decomposition.tradeoff_answers import (
    STAGES,
    Answer,
    listed_or,
    percent,
)
from pytest_agentflow.decomposition.tradeoff_figures import amount_words
from pytest_agentflow.decomposition.tradeoff_models import (
    CLAIM,
    ByModel,
    ModelChoice,
    StageModels,
)
from pytest_agentflow.decomposition.tradeoff_month import month_of
from pytest_agentflow.model.money import Money
from pytest_agentflow.report.wording import listed, number
from pytest_agentflow.statistics.outcome import Decision

SHOWN = 3
"""So many cases that flipped are named in a sentence; the CSV has all of them."""


def option(name: str) -> str:
    """Write the name of a declared figure as the command's option."""
    return "--" + name.replace("_", "-")


def money(amount: float, currency: str) -> str:
    """Write an amount of at most three significant digits below a hundred."""
    whole = abs(amount) >= 100
    digits = f"{amount:.0f}" if whole else f"{amount:.3g}"
    text = str(Money(amount=Decimal(digits), currency=currency))
    return text.replace(".00", "") if whole else text


def between(low: float, high: float, currency: str) -> str:
    """Write an interval of money: ``$1,472 to $1,755``."""
    return f"{money(low, currency)} to {money(high, currency)}"


def level(told: Tradeoff) -> str:
    """Name the level of a two-sided interval: ``90 % interval``."""
    return f"{percent(1 - 2 * told.alpha)} interval"


def headline(told: Tradeoff, noun: str) -> str:
    """Say in one sentence what whoever pays has to know."""
    if told.decision is Decision.INCONCLUSIVE:
        return "Not decided: these runs cannot tell whether the split pays."
    failing = {a.name for a in told.answers if a.decision is Decision.FAIL}
    if "quality" in failing:
        return "The split is worse than the single model."
    if told.objective in failing:
        return "The split takes more than the single model."
    if failing:
        return _too_many(told)
    if not (told.saves and told.bill):
        return "The split pays."
    start = f"A {noun} costs {percent(round(told.bill.saved_share, 2))} less"
    month, reckoned = month_of(told.bill, told.declared), told.bill.break_even
    if reckoned is not None and reckoned.users is None:
        return f"{start}, but the split never earns what it costs to run."
    if month is None or month.net is None or month.net >= 0:
        return f"{start} than with the single large model."
    return f"{start}, but there are not yet users enough to pay for the split."


def _too_many(told: Tradeoff) -> str:
    stages = stages_of(told)
    if not stages.over_engineered:
        return f"{told.k} stages are worse than the single model."
    best = listed_or(stages.would_do)
    return f"Too many stages: {told.k} are in use, and {best} would do."


def stages_of(told: Tradeoff) -> Answer:
    """Give the answer about the number of stages."""
    return next(answer for answer in told.answers if answer.name == STAGES)


def cost_sentence(told: Tradeoff, noun: str) -> str:
    """Say what one run costs, and a month at the declared volume."""
    bill = told.bill
    if bill is None:
        return "What it costs in money is not known."
    one = f"a {noun} costs {money(bill.cost, bill.currency)}"
    month = month_of(bill, told.declared)
    if month is None:
        return f"{one}; for a month's bill declare --volume"
    each = money(month.cost, bill.currency)
    return f"{one}; {month.volume:,.0f} a month cost {each}"


def saving_sentence(told: Tradeoff, noun: str) -> str:
    """Say what the split saves beside the single model, or that nothing is told."""
    bill = told.bill
    if bill is None or not told.saves:
        return _no_saving(told)
    shares = bill.share_interval
    told_share = percent(bill.saved_share)
    if shares is not None:
        told_share += f"; {level(told)} {percent(shares[0])} to {percent(shares[1])}"
    one = f"{money(bill.saving, bill.currency)} a {noun} ({told_share})"
    month = month_of(bill, told.declared)
    if month is None:
        return one
    whole = f"{one}, {money(month.saving, bill.currency)} a month"
    if month.saving_interval is None:
        return whole
    return f"{whole} ({between(*month.saving_interval, bill.currency)})"


def _no_saving(told: Tradeoff) -> str:
    if told.bill is None:
        return "none: what it costs in money is not known"
    words = {told.bill.ratio.decision, told.decision}
    words |= {told.quality.decision} if told.quality is not None else set()
    if Decision.INCONCLUSIVE in words:
        return "INCONCLUSIVE: none is told"
    return "none: the split does not pay"


def break_even_sentence(told: Tradeoff) -> str:
    """Say from how many users on the split has earned its keep, or why that lacks."""
    bill = told.bill
    if bill is None or not told.saves:
        return _no_saving(told)
    if bill.lacking:
        asked = listed([option(name) for name in bill.lacking])
        return f"left out, for nothing is assumed: declare {asked}"
    found = bill.break_even
    if found is None:
        return f"left out: {bill.problem}"
    if found.users is None:
        return f"never: {found.reason}"
    low = "?" if found.lower is None else f"{found.lower:,.0f}"
    high = "never" if found.upper is None else f"{found.upper:,.0f}"
    return (
        f"{found.users:,.0f} users a month "
        f"({percent(found.level)} interval {low} to {high})"
    )


def net_sentence(told: Tradeoff) -> str:
    """Say what is left a month at the declared volume; empty where that is unknown."""
    if not told.saves or told.bill is None:
        return ""
    month = month_of(told.bill, told.declared)
    users = told.declared.requests_per_user
    if month is None or month.net is None or not users:
        return ""
    left = money(abs(month.net), told.bill.currency)
    what = f"{left} a month is left" if month.net >= 0 else f"{left} a month is missing"
    return (
        f"at {month.volume:,.0f} a month ({month.volume / users:,.0f} users) {what} "
        "after engineering, upkeep, fine-tuning and errors"
    )


def lever_sentence(told: Tradeoff) -> str:
    """Name the part of the cost that is worth looking at first."""
    if told.bill is None or not told.bill.levers:
        return "none: nothing was charged"
    first, *others = told.bill.levers
    rest = ", ".join(f"{one.name} {percent(one.share)}" for one in others[:3])
    return f"{first.name} = {percent(first.share)}" + (f" ({rest})" if rest else "")


def multiplier_sentence(told: Tradeoff) -> str:
    """Say how many times the tokens these prices tolerate; empty without text."""
    found = told.bill.multiplier if told.bill is not None else None
    if found is None:
        return ""
    if found.saving <= 0:
        return (
            f"a token of the split's text costs {percent(-found.saving)} more: the "
            f"split must use fewer; it uses {found.used:.1f} times as many"
        )
    within = "within" if found.used <= found.tolerated else "beyond"
    return (
        f"a token of the split's text costs {percent(found.saving)} less, which "
        f"tolerates {found.tolerated:.1f} times the tokens; it uses {found.used:.1f} "
        f"times as many: {within}"
    )


def curve_sentence(told: Tradeoff) -> str:
    """Write the fitted a + b/k + c k^m beside the single-model line."""
    found = told.stages.curve
    if found is None:
        return "no curve: three numbers of stages beside the single model are needed"
    terms = [
        amount_words(found.fixed, told.unit),
        f"{amount_words(found.divided, told.unit)}/k",
        f"{amount_words(found.overhead, told.unit)} {_power(found.m)}",
    ]
    best = "falls with k" if found.best is None else f"least at k = {found.best:.1f}"
    single = next((r for r in told.stages.rows if r.workflow == told.baseline), None)
    beside = (
        f"; single model {amount_words(single.amount, told.unit)}" if single else ""
    )
    doubt = f"; {found.doubt}" if found.doubt else ""
    return f"{' + '.join(terms)}, {best}{beside}{doubt}"


def _power(m: float | None) -> str:
    return "k" if m is None or m == 1 else f"k^{m:.2g}"


def law_sentence(told: Tradeoff) -> str:
    """Write the Universal Scalability Law of the spans."""
    found = told.stages.law
    if found is None:
        return "no law: three numbers of stages with recorded times are needed"
    best = "falls with k" if found.best is None else f"least at k = {found.best:.1f}"
    return (
        f"{found.single:.2f} s for one stage, {percent(found.serial)} of it serial, "
        f"{percent(found.crosstalk)} more for each further stage; {best}"
    )


def price_sentence(told: Tradeoff) -> str:
    """Say of which day the prices are."""
    if told.prices_as_of is None:
        return "the price locks tell no date"
    first, last = told.prices_as_of
    return f"prices of {first}" if first == last else f"prices of {first} to {last}"


def model_lines(found: ByModel) -> Iterator[str]:
    """Say stage by stage which model would do, and what flipped."""
    for stage in found.stages:
        yield _cheapest(stage)
        for choice in stage.choices:
            yield from (f"  {line}" for line in _choice(choice))
        for step in stage.steps:
            told = "yes" if step.as_claimed else "no"
            yield (
                f"  {step.larger} -> {step.smaller} saves {percent(step.saving)} of "
                f"the stage ({percent(step.run_saving)} of a run, {step.cases} cases); "
                f"the {CLAIM[0]:.0%} to {CLAIM[1]:.0%} of a smaller size: {told}"
            )
    if found.single:
        yield f"{listed(found.single)}: recorded with one model, nothing to compare"
    yield from found.notes


def _cheapest(stage: StageModels) -> str:
    best = next(c for c in stage.choices if c.model == stage.cheapest and c.good_enough)
    if best.in_use:
        return f"{stage.stage}: keep {best.model}; none cheaper is good enough"
    return (
        f"{stage.stage}: {best.model} is the cheapest that is good enough, and saves "
        f"{percent(best.stage_saving)} of the stage ({percent(best.saving)} of a run)"
    )


def _choice(choice: ModelChoice) -> Iterator[str]:
    if choice.in_use:
        yield f"{choice.model}: in use"
        return
    what = "saves" if choice.saving >= 0 else "costs"
    more = "" if choice.saving >= 0 else " more"
    quality = choice.quality
    word = "quality not compared" if quality is None else f"quality {quality.decision}"
    why = f" ({quality.reason})" if quality is not None and quality.reason else ""
    told = f"{what} {percent(abs(choice.saving))} of a run{more}, "
    if choice.saving > 0 and not choice.good_enough:
        told = "" if quality is None or quality.reason else told
    yield f"{choice.model}: {told}{word} over {number(choice.cases, 'case')}{why}"
    for broken, name in ((False, "fixed"), (True, "newly broken")):
        flips = [str(flip) for flip in choice.flips if flip.broken is broken]
        if flips:
            yield f"  {name}, {len(flips)} of {choice.cases}: {_some(flips)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
