"""All figures of a trade-off as CSV: one figure a line, with its unit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TypeAlias

from pytest_agentflow.decomposition.tradeoff import Tradeoff
from pytest_agentflow.decomposition.tradeoff_models import ByModel
from pytest_agentflow.decomposition.tradeoff_month import month_of
from pytest_agentflow.decomposition.tradeoff_stages import SplitRow
from pytest_agentflow.report.text import one_line
from pytest_agentflow.statistics.outcome import Outcome

Row: TypeAlias = tuple[str, str, str, float | int | str | None, str]
"""Section, of what, figure, value, unit."""

HEAD = ("section", "of", "figure", "value", "unit")


def render_csv(told: Tradeoff) -> str:
    """Write all figures; a saving that is not decided is left out.

    Lines end as RFC 4180 wants it, and no cell can begin a formula.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for row in _figures(told):
        writer.writerow([_safe(cell) for cell in row])
    return text.getvalue()


def _safe(cell: object) -> object:
    """Keep names from being run as formulas by a spreadsheet."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = one_line(cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _figures(told: Tradeoff) -> Iterator[Row]:
    whole = f"{told.in_use} against {told.baseline}"
    yield "decision", whole, "decision", str(told.decision), ""
    for answer in told.answers:
        yield "decision", whole, answer.name, str(answer.decision), ""
    yield "decision", whole, "objective", told.objective, told.unit
    yield "decision", whole, "cases", told.cases, "cases"
    yield "decision", whole, "authored", str(told.authored).lower(), ""
    for row in told.stages.rows:
        yield from _row(told, row)
    for k in told.stages.best.members:
        yield "stages", f"k={k}", "may be best", "true", ""
    yield from _money(told)
    yield from _models(told.models)


def _row(told: Tradeoff, row: SplitRow) -> Iterator[Row]:
    of = f"k={row.k} {row.workflow}"
    yield "stages", of, "mean", row.amount, told.unit
    yield "stages", of, "errors at their price", row.errors, told.unit
    yield "stages", of, "tokens", row.tokens, "tokens"
    yield "stages", of, "span", row.seconds, "s"
    yield "stages", of, "orchestration", row.orchestration, "share"
    yield "stages", of, "cases passed", row.passed, f"of {told.stages.cases}"
    yield "stages", of, "best in", row.best_share, "share of resamples"
    yield from _outcome("stages", of, row.quality)


def _outcome(section: str, of: str, outcome: Outcome | None) -> Iterator[Row]:
    if outcome is not None:
        yield section, of, "quality", str(outcome.decision), ""
        yield section, of, "quality, lower bound", outcome.lower, "pass rate"


def _money(told: Tradeoff) -> Iterator[Row]:
    bill = told.bill
    if bill is None:
        return
    unit, of = bill.currency, told.in_use
    month = month_of(bill, told.declared)
    yield "money", of, "cost of a run", bill.cost, unit
    for lever in bill.levers:
        yield "money", of, f"share of {lever.name}", lever.share, "share"
    if month is not None:
        yield "money", of, "runs a month", month.volume, "runs"
        yield "money", of, "cost of a month", month.cost, unit
    if told.saves:
        yield from _saving(told)
    for name, value in told.declared.given().items():
        yield "declared", of, name, value, ""
    if told.prices_as_of is not None:
        yield "money", of, "prices from", told.prices_as_of[0], "date"
        yield "money", of, "prices to", told.prices_as_of[1], "date"


def _saving(told: Tradeoff) -> Iterator[Row]:
    bill = told.bill
    if bill is None:
        return
    unit, of = bill.currency, told.in_use
    level = f"{1 - 2 * told.alpha:.0%} interval"
    low, high = bill.share_interval or (None, None)
    yield "money", of, "saving of a run", bill.saving, unit
    yield "money", of, "saved share", bill.saved_share, "share"
    yield "money", of, f"saved share, {level}, low", low, "share"
    yield "money", of, f"saved share, {level}, high", high, "share"
    month = month_of(bill, told.declared)
    if month is not None:
        least, most = month.saving_interval or (None, None)
        yield "money", of, "saving of a month", month.saving, unit
        yield "money", of, f"saving of a month, {level}, low", least, unit
        yield "money", of, f"saving of a month, {level}, high", most, unit
        yield "money", of, "left a month after all costs", month.net, unit
    if (found := bill.break_even) is not None:
        never = "never" if found.users is None else found.users
        yield "money", of, "break-even", never, "users a month"
        yield "money", of, "break-even, low", found.lower, "users a month"
        yield "money", of, "break-even, high", found.upper, "users a month"


def _models(found: ByModel | None) -> Iterator[Row]:
    for stage in found.stages if found is not None else ():
        yield "model", stage.stage, "cheapest good enough", stage.cheapest, ""
        for choice in stage.choices:
            of = f"{stage.stage} {choice.model}"
            yield "model", of, "cost of the stage", choice.stage_amount, "a run"
            yield "model", of, "saves of the stage", choice.stage_saving, "share"
            yield "model", of, "saves of a run", choice.saving, "share"
            yield from _outcome("model", of, choice.quality)
            for flip in choice.flips:
                name = "newly broken" if flip.broken else "fixed"
                check = " ".join([flip.check, *flip.stages])
                yield "model", of, name, flip.key, check
        for step in stage.steps:
            of = f"{stage.stage} {step.larger} -> {step.smaller}"
            yield "model", of, "saves of the stage", step.saving, "share"
            yield "model", of, "70 to 90 %", str(step.as_claimed).lower(), ""
