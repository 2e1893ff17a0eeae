"""What a test of declared growth shows: a table of the quantities, a curve of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_agentflow.decomposition.growth_outcome import QuantityGrowth
from pytest_agentflow.decomposition.growth_project import design_row
from pytest_agentflow.decomposition.growth_text import (
    amount,
    doubling_text,
    projection_text,
    share,
)
from pytest_agentflow.model.exhibit import Exhibit, Line, Table
from pytest_agentflow.statistics.growth import Growth


def growth_exhibits(
    quantities: Sequence[QuantityGrowth], at: Sequence[float]
) -> Iterator[Exhibit]:
    """Give the table of all quantities, then the curve of each that was fitted."""
    yield _table(quantities, at)
    for one in quantities:
        if one.growth is not None and one.growth.model_declared is not None:
            yield _curve(one, one.growth)


def _table(quantities: Sequence[QuantityGrowth], at: Sequence[float]) -> Table:
    return Table(
        title="Growth with the size of the input",
        columns=(
            "quantity",
            "declared",
            "verdict",
            "beyond it at the largest size",
            "bounds",
            "mode",
            "twice the size",
            "stage",
            *(f"at size {size:g}" for size in at),
        ),
        rows=tuple((*_row(one), *_projected(one, at)) for one in quantities),
        numeric=(3,),
    )


def _row(one: QuantityGrowth) -> tuple[str, ...]:
    head = (one.quantity, f"O({one.declared})", one.word)
    growth = one.growth
    if growth is None or growth.outcome.estimate is None:
        return (*head, "not known", "none", one.mode or "not measured", "", "")
    outcome = growth.outcome
    bounds = "exact"
    if one.mode != "exact":
        bounds = f"{share(outcome.lower)} to {share(outcome.upper)}"
    return (
        *head,
        share(outcome.estimate),
        bounds,
        f"{one.mode}: {one.mode_reason}",
        doubling_text(growth),
        one.stage or "",
    )


def _projected(one: QuantityGrowth, at: Sequence[float]) -> Iterator[str]:
    known = {found.size: found for found in one.projections}
    for size in at:
        unknown = "not projected: it is not known"
        yield projection_text(known[size], one.unit) if size in known else unknown


def _curve(one: QuantityGrowth, growth: Growth) -> Line:
    declared = growth.model_declared
    assert declared is not None  # noqa: S101 - only what was fitted is drawn
    bound = tuple(
        (n, growth.unit * declared.at(design_row(growth, n, excess=False)))
        for n, _ in one.points
    )
    gap = one.points[-1][1] - bound[-1][1]
    return Line(
        title=f"{one.quantity} measured, and fitted as O({growth.declared}): "
        f"{amount(abs(gap), one.unit)} {'above' if gap > 0 else 'below'} that fit at "
        f"the largest size",
        x_label="size of the input",
        y_label=one.unit,
        points=one.points,
        bound=bound,
    )
