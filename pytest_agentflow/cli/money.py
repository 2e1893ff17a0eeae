"""What a run or a stage cost, as words."""

from __future__ import annotations

from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.price import UnknownPrice
from pytest_agentflow.model.run import Run


def money_text(run: Run, stage: str | None = None) -> str:
    """Give the cost of `run`, or of one stage, as text.

    Amounts of several currencies stand side by side where no reporting currency is
    declared: ``$0.012 + €0.03``. Where a price, or a rate into the reporting currency,
    is missing: ``unknown: `` and the reason.
    """
    try:
        return " + ".join(map(str, _amounts(run, stage)))
    except UnknownPrice as error:
        return f"unknown: {error}"


def money_change(first: Run, second: Run, stage: str | None = None) -> str:
    """Give how the cost differs: ``$0.12 -> $0.15``; empty where it does not.

    Amounts that read alike and differ are told with their difference. Which call lacks
    a price is no difference; that one does is.
    """
    old, new = _known(first, stage), _known(second, stage)
    if old == new:
        return ""
    texts = [" + ".join(map(str, a)) if a else "unknown" for a in (old, new)]
    if texts[0] == texts[1] and old and new:
        apart = [b - a for a, b in zip(old, new, strict=True) if a != b]
        texts[1] += f" ({', '.join(_signed(d) for d in apart)})"
    return " -> ".join(texts)


def _signed(difference: Money) -> str:
    return f"+{difference}" if difference.amount > 0 else str(difference)


def _known(run: Run, stage: str | None) -> list[Money]:
    try:
        return _amounts(run, stage)
    except UnknownPrice:
        return []


def _amounts(run: Run, stage: str | None) -> list[Money]:
    """Add up each currency, zero dollars where nothing was charged."""
    amounts = [charge.money for charge in run.charges(stage)]
    currencies = sorted({money.currency for money in amounts}, reverse=True)
    sums = [total(m for m in amounts if m.currency == one) for one in currencies]
    return sums or [total(())]
