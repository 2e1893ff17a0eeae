"""What a comparison of two sets of runs shows: charts and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from pytest_agentflow.decomposition.bound import Bound
from pytest_agentflow.decomposition.causes import effects, signed
from pytest_agentflow.decomposition.diagnosis import Suspicion
from pytest_agentflow.decomposition.flips import Flip
from pytest_agentflow.decomposition.money import Spending
from pytest_agentflow.decomposition.pairs import Pair
from pytest_agentflow.decomposition.quality import Measured
from pytest_agentflow.decomposition.wording import (
    is_too_few,
    percent,
    plain,
    points,
    times,
)
from pytest_agentflow.model.exhibit import Bar, Bars, Exhibit, Table
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.economics import cost_of_pass
from pytest_agentflow.statistics.outcome import Outcome
from pytest_agentflow.statistics.reliability import absorption, error_amplification

ROWS = 20
"""So many cases are listed; the others are counted."""


_COLUMNS = (
    "bound",
    "measured",
    "between",
    "allowed",
    "would pass at",
    "cases",
    "cases to decide",
    "method",
)
_NUMERIC = ("measured", "allowed", "would pass at", "cases", "cases to decide")


def bounds_table(bounds: Sequence[Bound], *, graded: bool) -> Exhibit | None:
    """List estimate, interval, limit and cases of every bound.

    Columns that say nothing of any of them are left out: a fixed population has no
    interval, and what is decided needs no more cases.

    Args:
        bounds: those that may be told.
        graded: whether quality is a score, in a unit of its own.
    """
    rows = [
        _bound_row(bound, found, graded=graded)
        for bound in bounds
        if (found := bound.outcome) is not None
    ]
    used = [n for n in range(len(_COLUMNS)) if any(row[n] for row in rows)]
    table = Table(
        title="What was measured, beside what is allowed",
        columns=tuple(_COLUMNS[n] for n in used),
        rows=tuple(tuple(row[n] for n in used) for row in rows),
        numeric=tuple(at for at, n in enumerate(used) if _COLUMNS[n] in _NUMERIC),
    )
    return table if rows else None


def _bound_row(bound: Bound, found: Outcome, *, graded: bool) -> tuple[str, ...]:
    if bound.name == "tokens":
        write: Callable[[float], str] = times
    elif bound.name == "quality":
        write = _plain if graded else points
    else:
        write = percent
    few = is_too_few(found)
    supported = None if few else found.supported
    is_loss = bound.name == "quality"
    return (
        bound.name,
        "" if few or found.estimate is None else write(found.estimate),
        "" if few else _between(found, write),
        write(-found.limit if is_loss else found.limit),
        "" if supported is None else write(-supported if is_loss else supported),
        f"{found.n:,}",
        "" if found.n_to_decide is None else f"{found.n_to_decide:,}",
        found.method,
    )


def _between(found: Outcome, write: Callable[[float], str]) -> str:
    """Give both bounds of the estimate; empty where it is exact, or has none."""
    lower, upper = found.lower, found.upper
    if lower is None or upper is None or lower == upper:
        return ""
    first = write(lower).removesuffix(" points")
    return f"{first} to {write(upper)}"


def _plain(value: float) -> str:
    return plain(round(value, 4))


def cost_bars(spent: Spending, limit: Decimal) -> Bars:
    """Chart the split's cost, whole and by stage, beside limit and single model."""
    split, single = spent.split, spent.single
    allowed = single.amount * limit
    whole = Bar(
        label="split, all stages",
        value=split.amount,
        limit=allowed,
        against=single.amount,
        verdict=Verdict.PASSED if split.amount <= allowed else Verdict.FAILED,
    )
    stages = [Bar(label=n, value=amount) for n, amount in split.stages().items()]
    return Bars(
        title="Cost of the split beside the single model",
        unit=split.unit,
        bars=(whole, *stages),
        against="single model",
    )


def cost_table(pairs: Sequence[Pair], spent: Spending) -> Table:
    """List the cost of both sides case by case, the worst for the split first."""
    rows: list[tuple[str, ...]] = []
    ranked = sorted(
        zip(pairs, spent.costs, strict=True),
        key=lambda one: one[1][1] - one[1][0],
    )
    write = spent.split.text
    for pair, (cheap, dear) in ranked[:ROWS]:
        share = f"{cheap / dear:.1%}" if dear else "no ratio"
        more = signed(cheap - dear, spent.split)
        rows.append((pair.key, write(cheap), write(dear), more, share))
    rows += _rest(len(ranked) - ROWS, "case", 5)
    return Table(
        title="Cost case by case, the least saving first",
        columns=("case", "split", "single model", "difference", "share"),
        rows=tuple(rows),
        numeric=(1, 2, 3, 4),
    )


def _rest(more: int, noun: str, columns: int) -> list[tuple[str, ...]]:
    if more <= 0:
        return []
    told = f"and {more:,} more {noun}{'' if more == 1 else 's'}"
    return [(told, *[""] * (columns - 1))]


def causes_table(spent: Spending) -> Exhibit | None:
    """List what each cause adds to a case of the single model, or saves."""
    found = effects(spent.split, spent.single)
    rows = tuple((e.cause, signed(e.amount, spent.split)) for e in found)
    title = "What a case of the split costs more, and less, and why"
    table = Table(title=title, columns=("cause", "adds"), rows=rows, numeric=(1,))
    return table if rows else None


def flips_table(found: Sequence[Flip]) -> Exhibit | None:
    """List every check that flipped, what broke first."""
    if not found:
        return None
    rows: list[tuple[str, ...]] = [
        (
            flip.key,
            flip.check,
            "newly broken" if flip.broken else "fixed",
            ", ".join(flip.stages) or "no stage known",
            flip.message,
        )
        for flip in found[:ROWS]
    ]
    rows += _rest(len(found) - ROWS, "flip", 5)
    return Table(
        title="What flipped between the single model and the split",
        columns=("case", "check", "what", "brought in by", "finding"),
        rows=tuple(rows),
    )


def sides_table(spent: Spending | None, measured: Measured | None) -> Exhibit | None:
    """List what both sides used and achieved; costs only where `spent` is given."""
    rows = [*_used(spent), *_achieved(spent, measured)]
    columns = ("what", "split", "single model")
    table = Table(title="Both sides", columns=columns, rows=tuple(rows), numeric=(1, 2))
    return table if rows else None


def _used(spent: Spending | None) -> Iterator[tuple[str, str, str]]:
    if spent is None:
        return
    split, single = spent.split, spent.single
    yield "cost of all cases", split.text(split.amount), single.text(single.amount)
    yield "tokens", f"{split.tokens:,.0f}", f"{single.tokens:,.0f}"
    sides = (split, single)
    first, second = (f"{side.calls:,.1f}".removesuffix(".0") for side in sides)
    yield "model calls", first, second


def _achieved(
    spent: Spending | None, measured: Measured | None
) -> Iterator[tuple[str, str, str]]:
    if measured is None or (errors := measured.errors()) is None:
        return
    split, single = errors
    yield "share of bad runs", f"{split:.1%}", f"{single:.1%}"
    factor, absorbed = error_amplification(split, single), absorption(split, single)
    if factor is not None and absorbed is not None:
        yield "error amplification", f"{factor:.2f}x", "1x"
        added = absorbed < 0
        name = "errors added" if added else "errors absorbed"
        yield name, percent(abs(absorbed), 0), "0%"
    if spent is not None:
        ledgers = (spent.split, split), (spent.single, single)
        passes = [cost_of_pass(one.amount / one.cases, 1 - bad) for one, bad in ledgers]
        told = (
            "nothing passes" if cost is None else spent.split.text(Decimal(str(cost)))
            for cost in passes
        )
        first, second = told
        yield "cost of one good run", first, second


def diagnosis_table(found: Sequence[Suspicion]) -> Exhibit | None:
    """List what stands out, with the adjusted chance that it means nothing."""
    rows = tuple(
        (one.what, one.seen, f"{one.p:.3f}", f"{one.adjusted:.3f}") for one in found
    )
    columns = ("what", "seen", "p", "p by Holm")
    title = "Where to look: diagnosis beside the verdict, decides nothing"
    table = Table(title=title, columns=columns, rows=rows, numeric=(2, 3))
    return table if rows else None
