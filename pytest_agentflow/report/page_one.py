"""Page one for whoever pays: one A4 page that says what the split is worth."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_agentflow.decomposition.tradeoff import Tradeoff
from pytest_agentflow.decomposition.tradeoff_answers import percent
from pytest_agentflow.decomposition.tradeoff_month import month_of
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report import page_charts
from pytest_agentflow.report import tradeoff_words as words
from pytest_agentflow.report.figures import NONE
from pytest_agentflow.report.html import asset, environment, own_markup, policy
from pytest_agentflow.statistics.outcome import Decision

VERDICTS = {
    Decision.PASS: Verdict.PASSED,
    Decision.FAIL: Verdict.FAILED,
    Decision.INCONCLUSIVE: Verdict.UNDETERMINED,
}


#: Engineering and upkeep are no part of the decision; the headline tells of them.
LABELS = {
    Decision.PASS: "PASS: cheaper to run, and as good",
    Decision.FAIL: "FAIL",
    Decision.INCONCLUSIVE: "INCONCLUSIVE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure in large type."""

    name: str
    value: str
    under: str


def render_page_one(told: Tradeoff, *, noun: str = "run", command: str = "") -> str:
    """Draw the page: HTML in one file, without scripts, that prints on one A4 page.

    Args:
        told: what was weighed. While it is INCONCLUSIVE, no saving is drawn.
        noun: what a run makes: ``site``.
        command: that makes the page again.
    """
    style = f"{asset('report.css')}\n{asset('page_one.css')}"
    charts = [page_charts.stages_plot(told), page_charts.users_plot(told)]
    template = environment().get_template("page_one.html.j2")
    return template.render(
        told=told,
        noun=noun,
        command=command,
        verdict=VERDICTS[told.decision],
        label=LABELS[told.decision],
        headline=words.headline(told, noun),
        tiles=tiles(told, noun),
        lines=answer_lines(told, noun),
        charts=[chart for chart in charts if chart is not None],
        rests=_rests(told),
        declared=_declared(told),
        style=own_markup(style),
        policy=policy(style),
        plot=page_charts,
    )


def tiles(told: Tradeoff, noun: str) -> list[Tile]:
    """Give the figures in large type; what is not decided or declared has none."""
    bill = told.bill
    if bill is None:
        return []
    month = month_of(bill, told.declared)
    found = [
        Tile(
            name=f"Cost of a {noun}",
            value=words.money(bill.cost, bill.currency),
            under=f"mean of {bill.cases} cases",
        )
    ]
    found.append(
        Tile(
            name="Cost of a month",
            value=NONE if month is None else words.money(month.cost, bill.currency),
            under="declare --volume"
            if month is None
            else f"{month.volume:,.0f} {noun}s a month",
        )
    )
    if told.saves:
        found.extend(_saved(told))
    if bill.levers:
        first = bill.levers[0]
        found.append(
            Tile(
                name="Largest lever",
                value=percent(round(first.share, 2)),
                under=f"{first.name} = {percent(first.share)} of the cost",
            )
        )
    return found


def _saved(told: Tradeoff) -> list[Tile]:
    bill = told.bill
    if bill is None:
        return []
    month, shares = month_of(bill, told.declared), bill.share_interval
    within = "" if shares is None else f"{percent(shares[0])} to {percent(shares[1])}"
    saved = Tile(
        name="Saved beside the single model",
        value=percent(round(bill.saved_share, 2)),
        under=f"{words.level(told)} {within}",
    )
    if month is not None:
        interval = month.saving_interval
        saved = Tile(
            name="Saved a month beside the single model",
            value=words.money(month.saving, bill.currency),
            under=f"{percent(bill.saved_share)}; {words.level(told)} "
            + ("" if interval is None else words.between(*interval, bill.currency)),
        )
    even = bill.break_even
    if even is None:
        users = Tile(name="Break-even", value=NONE, under="not all is declared")
    elif even.users is None:
        users = Tile(name="Break-even", value="never", under=even.reason)
    else:
        high = "never" if even.upper is None else f"{even.upper:,.0f}"
        users = Tile(
            name="Break-even, users a month",
            value=f"{even.users:,.0f}",
            under=f"{percent(even.level)} interval {even.lower or 0:,.0f} to {high}",
        )
    return [saved, users]


def answer_lines(told: Tradeoff, noun: str) -> list[tuple[str, str]]:
    """Give the lines of the page: a question, and its answer in a sentence."""
    found = [
        ("Does it pay?", _pays(told, noun)),
        ("From how many users?", words.break_even_sentence(told)),
        ("At this volume?", words.net_sentence(told)),
        ("Which part to change?", words.lever_sentence(told)),
    ]
    found += [
        (name, sentence)
        for name, sentence in (
            ("Is it as good?", _answer(told, "quality")),
            ("How many stages?", _answer(told, "stages")),
        )
    ]
    if told.models is not None:
        changed = [line for line in words.model_lines(told.models) if line[0] != " "]
        found.append(("Which model?", "; ".join(changed)))
    return [(name, sentence) for name, sentence in found if sentence]


def _pays(told: Tradeoff, noun: str) -> str:
    """Tell the saving, or what keeps it from being told."""
    if told.saves:
        return f"it saves {words.saving_sentence(told, noun)}"
    return _answer(told, told.objective)


def _answer(told: Tradeoff, name: str) -> str:
    answer = next(one for one in told.answers if one.name == name)
    return f"{answer.decision}: {answer.sentence}"


def _rests(told: Tradeoff) -> str:
    checks = ", ".join(told.checks) or "no check"
    level = percent(1 - told.alpha)
    return (
        f"{told.in_use} ({told.k} stages) against {told.baseline}, "
        f"by {told.objective}: {told.cases} cases recorded with both, judged by "
        f"{checks}; each bound holds at {level}. "
        f"{words.price_sentence(told).capitalize()}."
    )


def _declared(told: Tradeoff) -> str:
    given = told.declared.given()
    named = [
        f"{name.replace('_', ' ')} {_plain(value)}" for name, value in given.items()
    ]
    return ", ".join(named) if named else "nothing"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,g}"
