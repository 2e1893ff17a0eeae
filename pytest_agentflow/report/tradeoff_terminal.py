"""The trade-off as lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_agentflow.decomposition.tradeoff import Tradeoff
from pytest_agentflow.decomposition.tradeoff_answers import percent
from pytest_agentflow.decomposition.tradeoff_figures import amount_words
from pytest_agentflow.decomposition.tradeoff_stages import SplitRow
from pytest_agentflow.report import tradeoff_words as words
from pytest_agentflow.report.document import ESTIMATED
from pytest_agentflow.report.tradeoff_head import head_lines


def tradeoff_lines(told: Tradeoff, noun: str = "run") -> Iterator[str]:
    """Write everything: four answers first, then the decision, k, models and money.

    Args:
        told: what was weighed.
        noun: what a run makes: ``site``.
    """
    yield from head_lines(told, noun)
    yield ""
    yield (
        f"{told.decision}: {told.in_use} ({told.k} stages; {told.chosen_how}) against "
        f"{told.baseline}, by {told.objective}"
    )
    yield from (f"  {answer}" for answer in told.answers)
    yield ""
    yield from _table(_rows(told))
    yield ""
    yield f"curve of the splits: {words.curve_sentence(told)}"
    yield f"span of the splits: {words.law_sentence(told)}"
    if tokens := words.multiplier_sentence(told):
        yield f"tokens: {tokens}"
    if told.models is not None:
        yield ""
        yield from words.model_lines(told.models)
    yield ""
    yield from _money(told, noun)
    yield from (f"note: {note}" for note in told.notes)
    if told.estimated:
        yield ESTIMATED


def _money(told: Tradeoff, noun: str) -> Iterator[str]:
    yield f"cost: {words.cost_sentence(told, noun)}"
    yield f"saving: {words.saving_sentence(told, noun)}"
    yield f"break-even: {words.break_even_sentence(told)}"
    if net := words.net_sentence(told):
        yield f"net: {net}"
    yield f"largest lever: {words.lever_sentence(told)}"
    yield words.price_sentence(told)


def _rows(told: Tradeoff) -> list[tuple[str, ...]]:
    priced = any(row.errors for row in told.stages.rows)
    head = ["k", "workflow", "a run", "tokens", "span", "orchestration"]
    head += ["errors"] * priced + ["pass", "quality", "best in"]
    return [tuple(head), *(_row(told, row, priced) for row in told.stages.rows)]


def _row(told: Tradeoff, row: SplitRow, priced: bool) -> tuple[str, ...]:
    quality = "-" if row.quality is None else str(row.quality.decision)
    passed = "-" if row.passed is None else f"{row.passed} of {told.stages.cases}"
    share = "ruled out" if row.best_share is None else percent(row.best_share)
    errors = [amount_words(row.errors, told.unit)] * priced
    return (
        f"{row.k}{'*' if row.k == told.k else ''}",
        row.workflow,
        amount_words(row.amount, told.unit),
        "-" if row.tokens is None else f"{row.tokens:,.0f}",
        "-" if row.seconds is None else f"{row.seconds:.2f} s",
        "-" if row.orchestration is None else percent(row.orchestration),
        *errors,
        passed,
        quality,
        share,
    )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(w) for cell, w in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()
