"""What a comparison of two sets of runs shows: charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.decomposition.ledger import Ledger
from pytest_agentflow.decomposition.pairs import Pair
from pytest_agentflow.model.exhibit import Bar, Bars, Table
from pytest_agentflow.model.verdict import Verdict


def cost_bars(split: Ledger, single: Ledger, limit: Decimal) -> Bars:
    """Chart the split's money, whole and by stage, beside limit and single model."""
    allowed = single.total.amount * limit
    whole = Bar(
        label="split, all stages",
        value=split.total.amount,
        limit=allowed,
        against=single.total.amount,
        verdict=Verdict.PASSED if split.total.amount <= allowed else Verdict.FAILED,
    )
    stages = [Bar(label=n, value=m.amount) for n, m in split.stages().items()]
    return Bars(
        title="Money of the split beside the single model",
        unit=split.total.currency,
        bars=(whole, *stages),
        against="single model",
    )


def cost_table(pairs: Sequence[Pair]) -> Table:
    """List the money of both sides case by case."""
    rows = []
    for pair in pairs:
        cheap, dear = pair.split.cost(), pair.single.cost()
        share = f"{cheap / dear:.1%}" if dear.amount else "no ratio"
        rows.append((pair.key, str(cheap), str(dear), share))
    columns = ("case", "split", "single model", "share")
    title = "Money case by case"
    return Table(title=title, columns=columns, rows=tuple(rows), numeric=(1, 2, 3))


def sums(split: Ledger, single: Ledger) -> Table:
    """List what both sides consumed in all."""
    rows = (
        ("money", str(split.total), str(single.total)),
        ("tokens", f"{split.tokens:,}", f"{single.tokens:,}"),
        ("model calls", f"{split.calls:,}", f"{single.calls:,}"),
    )
    columns = ("sum", "split", "single model")
    return Table(title="Sums", columns=columns, rows=rows, numeric=(1, 2))


def quality_table(
    pairs: Sequence[Pair], judged: Sequence[tuple[Evaluation, Evaluation]]
) -> Table:
    """List the verdicts of both sides, case by case and check by check."""
    rows = [
        (
            pair.key,
            result.written,
            str(result.verdict),
            _verdict_of(single, result.check),
        )
        for pair, (split, single) in zip(pairs, judged, strict=True)
        for result in split.results
    ]
    columns = ("case", "check", "split", "single model")
    return Table(title="Verdicts case by case", columns=columns, rows=tuple(rows))


def _verdict_of(evaluation: Evaluation, check: str) -> str:
    return str(evaluation.result(check).verdict)
