"""What a test of declared growth shows: tables of the quantities, a curve of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_agentflow.decomposition.growth_outcome import QuantityGrowth
from pytest_agentflow.decomposition.growth_project import design_row
from pytest_agentflow.decomposition.growth_text import amount, doubling_text, share
from pytest_agentflow.model.exhibit import Exhibit, Line, Table
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.growth import Growth


def growth_exhibits(quantities: Sequence[QuantityGrowth]) -> Iterator[Exhibit]:
    """Give the tables of all quantities, then the curve of each that was fitted."""
    yield _table(quantities)
    if any(one.projections for one in quantities):
        yield _projections(quantities)
    for one in quantities:
        if one.growth is not None and one.growth.model_declared is not None:
            yield _curve(one, one.growth)


def _table(quantities: Sequence[QuantityGrowth]) -> Table:
    columns = (
        "quantity",
        "declared",
        "verdict",
        "beyond it at the largest size",
        "bounds",
        "twice the size",
        "stage",
    )
    rows = tuple(map(_row, quantities))
    title = "Growth with the size of the input"
    return Table(title=title, columns=columns, rows=rows, numeric=(3,))


def _row(one: QuantityGrowth) -> tuple[str, ...]:
    head = (one.quantity, f"O({one.declared})", one.word)
    growth = one.growth
    if growth is None or growth.outcome.estimate is None:
        return (*head, "not known", "none", "not known", "")
    outcome = growth.outcome
    bounds = f"{share(outcome.lower)} to {share(outcome.upper)}"
    return (
        *head,
        share(outcome.estimate),
        "exact" if one.mode == "exact" else bounds,
        doubling_text(growth),
        one.stage or "",
    )


def _projections(quantities: Sequence[QuantityGrowth]) -> Table:
    rows = [
        (
            one.quantity,
            f"{found.size:g}",
            *(
                "none" if value is None else amount(max(value, 0.0), one.unit)
                for value in (found.value, found.lower, found.upper)
            ),
            found.reason,
        )
        for one in quantities
        for found in one.projections
    ]
    return Table(
        title="Projected to sizes that were not measured",
        columns=("quantity", "size", "value", "at least", "at most", "on what"),
        rows=tuple(rows),
        numeric=(1, 2, 3, 4),
    )


def _curve(one: QuantityGrowth, growth: Growth) -> Line:
    declared = growth.model_declared
    assert declared is not None  # noqa: S101 - only what was fitted is drawn
    bound = tuple(
        (n, growth.unit * declared.at(design_row(growth, n, excess=False)))
        for n, _ in one.points
    )
    title = f"{one.quantity} measured, and fitted as O({growth.declared})"
    gap = one.points[-1][1] - bound[-1][1]
    if one.verdict is Verdict.FAILED and gap > 0:
        title += f": {amount(gap, one.unit)} above that fit at the largest size"
    return Line(
        title=title,
        x_label="size of the input",
        y_label=one.unit,
        points=one.points,
        bound=bound,
    )
