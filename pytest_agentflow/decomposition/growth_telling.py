"""How growth is told: in sentences with their bounds, in tables, and as curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pytest_agentflow.decomposition.growth_outcome import QuantityGrowth
from pytest_agentflow.model.exhibit import Exhibit, Line, Table
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.pricing.cost import amount_text
from pytest_agentflow.statistics.growth import Growth, GrowthProjection
from pytest_agentflow.statistics.outcome import Decision

_COUNTED = {"calls": "calls", "tokens": "tokens", "tokens a call": "tokens a call"}
_FAR = 10


def amount(value: float, unit: str) -> str:
    """Write an amount with its unit: ``5,698 tokens``, ``$0.0266``, ``1.2 s``."""
    if unit in _COUNTED:
        return f"{value:,.0f} {unit}"
    if unit == "s":
        return f"{value:,.3g} s"
    text = amount_text(Decimal(repr(value)), unit)
    return f"{text} {unit}" if unit == "parameter-tokens" else text


def share(value: float | None) -> str:
    """Write a share in percent, or that it is unbounded."""
    if value is None:
        return "unbounded"
    return f"{value:.1%}" if abs(value) >= 0.0005 else "0.0%"  # never -0.0%


def growth_sentence(growth: Growth, *, exact: bool) -> str:
    """Say what was decided on what estimate, and how sure that is."""
    outcome = growth.outcome
    if outcome.estimate is None:
        return outcome.reason
    beyond = f"of it at size {growth.sizes[-1]:g}"
    beyond_class = f"beyond O({growth.declared})"
    allowed = f"allowed {outcome.limit:.0%}"
    if outcome.decision is Decision.INCONCLUSIVE:
        part = share(outcome.estimate) if exact else _interval(growth)
        return f"{outcome.reason}; {part} {beyond} lies {beyond_class}, {allowed}"
    part = _part(outcome.estimate)
    bound = "" if exact else f" ({_bound(growth)})"
    return f"{part} {beyond} lies {beyond_class}{bound}, {allowed}"


def _part(estimate: float) -> str:
    """Say how much of a whole; a term that outweighs the others is all of it."""
    if estimate < 0.0005:
        return "nothing"
    return "all" if estimate > 0.9995 else share(estimate)


def _bound(growth: Growth) -> str:
    outcome = growth.outcome
    if outcome.decision is Decision.FAIL:
        lower = outcome.lower
        return f"at least {share(None if lower is None else min(lower, 1.0))}"
    upper = outcome.upper
    return f"at most {share(None if upper is None else max(upper, 0.0))}"


def _interval(growth: Growth) -> str:
    lower, upper = growth.outcome.lower, growth.outcome.upper
    if lower is None or lower < 0:
        return f"anything up to {share(None if upper is None else min(upper, 1.0))}"
    return f"between {share(lower)} and {share(upper)}"


def doubling_text(growth: Growth) -> str:
    """Say by how much twice the size multiplies it: ``x1.97 (declared x1.96)``."""
    if growth.doubling is None:
        return "not known"
    declared = growth.doubling_declared
    beside = "" if declared is None else f" (as declared x{declared:.2f})"
    return f"x{growth.doubling:.2f}{beside}"


def projection_text(one: GrowthProjection, unit: str) -> str:
    """Say what a quantity is at a size that was not measured, or why none is said."""
    if one.value is None:
        return f"not projected to size {one.size:g}: {one.reason}"
    told = f"at size {one.size:g}: {amount(max(one.value, 0.0), unit)}"
    if one.lower is not None and one.upper is not None:
        told += f", between {amount(one.lower, unit)} and {amount(one.upper, unit)}"
    far = f", {one.times:.0f} times beyond what was measured"
    return f"{told} ({one.reason}{far if one.times > _FAR else ''})"


def projections_text(found: Sequence[GrowthProjection], unit: str) -> str:
    """Say all projections; empty where there is none."""
    told = "; ".join(projection_text(one, unit) for one in found)
    return told[:1].upper() + told[1:]


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
        (n, growth.unit * declared.at(growth.row(n, excess=False)))
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
        bound_name=f"fitted as O({growth.declared})",
    )
