"""The two charts of page one: cost against k, and total cost against users."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_agentflow.decomposition.tradeoff import Tradeoff
from pytest_agentflow.decomposition.tradeoff_figures import amount_words
from pytest_agentflow.decomposition.tradeoff_month import ownership_of
from pytest_agentflow.report.charts import Label, Stroke, round_step
from pytest_agentflow.report.figures import NONE
from pytest_agentflow.report.tradeoff_words import money

HEIGHT = 150
LEFT, RIGHT = 15.0, 98.0
"""Percent of the width: labels of the axis stand left of the first."""
TOP, FLOOR = 10, 132
_SMOOTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A measured point."""

    x: float
    y: float
    chosen: bool
    """Whether it is the one in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A chart with at most two lines, and the table of its figures."""

    title: str
    description: str
    x_label: str
    dots: tuple[Dot, ...]
    split: tuple[Stroke, ...]
    single: tuple[Stroke, ...]
    ticks_x: tuple[Label, ...]
    ticks_y: tuple[Label, ...]
    crossing: Dot | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    split_name: str
    single_name: str


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values go."""

    left: float
    right: float
    high: float

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.left) / (self.right - self.left)
        up = y / self.high if self.high else 0.0
        return (
            round(LEFT + (RIGHT - LEFT) * across, 2),
            round(FLOOR - (FLOOR - TOP) * min(up, 1.0), 1),
        )

    def line(self, points: Sequence[tuple[float, float]]) -> tuple[Stroke, ...]:
        placed = [self(*point) for point in points]
        return tuple(
            Stroke(x1=a[0], y1=a[1], x2=b[0], y2=b[1])
            for a, b in itertools.pairwise(placed)
        )


def stages_plot(told: Tradeoff) -> Plot | None:
    """Draw cost against k with the fitted curve and the single-model line.

    `None` where the comparison is INCONCLUSIVE, for its distance is a saving.
    """
    rows = told.stages.rows
    single = next((r.amount for r in rows if r.workflow == told.baseline), None)
    if not told.saves or single is None:
        return None
    ks, curve = [row.k for row in rows], told.stages.curve
    splits = [row.k for row in rows if row.workflow != told.baseline]
    high = 1.1 * max(row.amount for row in rows)
    scale = _Scale(min(ks) - 0.25, max(ks) + 0.25, high)
    smooth = [
        min(splits) + (max(splits) - min(splits)) * step / _SMOOTH
        for step in range(_SMOOTH + 1)
    ]
    return Plot(
        title=f"Cost of a run against the number of stages, {told.stages.cases} cases",
        description=_described(told, single),
        x_label="stages (k)",
        dots=tuple(
            Dot(x=x, y=y, chosen=row.k == told.k)
            for row in rows
            for x, y in [scale(row.k, row.amount)]
        ),
        split=() if curve is None else scale.line([(k, curve.at(k)) for k in smooth]),
        single=scale.line([(min(ks) - 0.25, single), (max(ks) + 0.25, single)]),
        ticks_x=tuple(
            Label(x=scale(k, 0)[0], y=FLOOR + 15, text=str(k), anchor="middle")
            for k in ks
        ),
        ticks_y=tuple(_ticks(scale, high, told.unit)),
        crossing=None,
        columns=("k", "workflow", "cost", "pass", "best in"),
        rows=tuple(
            (
                f"{row.k}{' (in use)' if row.k == told.k else ''}",
                row.workflow,
                amount_words(row.amount, told.unit),
                NONE if row.passed is None else f"{row.passed}/{told.stages.cases}",
                "ruled out" if row.best_share is None else f"{row.best_share:.0%}",
            )
            for row in rows
        ),
        split_name="" if curve is None else "a + b/k + c kᵐ, fitted to the splits",
        single_name="single large model",
    )


def _described(told: Tradeoff, single: float) -> str:
    parts = [
        f"{row.k} stages {amount_words(row.amount, told.unit)}"
        for row in told.stages.rows
        if row.workflow != told.baseline
    ]
    line = amount_words(single, told.unit)
    return f"The single large model costs {line}; {', '.join(parts)}."


def users_plot(told: Tradeoff) -> Plot | None:
    """Draw total cost a month against users; `None` where there is no break-even."""
    if not told.saves or told.bill is None or told.bill.break_even is None:
        return None
    lines = ownership_of(told.bill, told.declared)
    if lines is None:
        return None
    even, currency = told.bill.break_even.users, told.bill.currency
    declared = (told.declared.volume or 0) / (told.declared.requests_per_user or 1)
    right = max(2 * (even or 0), 1.2 * declared) or 1000.0
    ends = lines.at(right)
    high = 1.05 * max(*ends, lines.fixed)
    scale = _Scale(0, right, high)
    cross = None if even is None else scale(even, lines.at(even)[0])
    marks = sorted({0.0, declared, even or 0.0, right})
    return Plot(
        title="Cost a month, all counted, against users a month",
        description=_crossing(told, lines.fixed),
        x_label="users a month",
        dots=(),
        split=scale.line([(0, lines.fixed), (right, ends[0])]),
        single=scale.line([(0, 0), (right, ends[1])]),
        ticks_x=tuple(_user_ticks(scale, right)),
        ticks_y=tuple(_ticks(scale, high, currency)),
        crossing=None if cross is None else Dot(x=cross[0], y=cross[1], chosen=True),
        columns=("users", "split", "single model", ""),
        rows=tuple(
            (
                f"{users:,.0f}",
                money(lines.at(users)[0], currency),
                money(lines.at(users)[1], currency),
                _named(users, declared, even),
            )
            for users in marks
        ),
        split_name="split, with engineering, upkeep, fine-tuning and errors",
        single_name="single large model, with errors",
    )


def _crossing(told: Tradeoff, fixed: float) -> str:
    bill = told.bill
    if bill is None or bill.break_even is None:
        return ""
    start = f"The split begins at {money(fixed, bill.currency)} a month"
    if bill.break_even.users is None:
        return f"{start} and never costs less than the single model."
    return (
        f"{start} and costs less than the single model from "
        f"{bill.break_even.users:,.0f} users on."
    )


def _named(users: float, declared: float, even: float | None) -> str:
    if even is not None and users == even:
        return "break-even"
    return "declared volume" if users and users == declared else ""


def _ticks(scale: _Scale, high: float, unit: str) -> Iterator[Label]:
    step = round_step(high, 4)
    count = int(high / step) if step else 0
    for number in range(count + 1):
        _, y = scale(scale.left, number * step)
        text = money(number * step, unit) if number else "0"
        yield Label(x=LEFT - 1.5, y=y, text=text, anchor="end")


def _user_ticks(scale: _Scale, right: float) -> Iterator[Label]:
    step = round_step(right, 4)
    for number in range(int(right / step) + 1 if step else 1):
        x, _ = scale(number * step, 0)
        text = f"{number * step:,.0f}"
        yield Label(x=x, y=FLOOR + 15, text=text, anchor="end" if x > 94 else "middle")
