"""What a run or a stage cost, as words."""

from __future__ import annotations

from pytest_agentflow.model.money import total
from pytest_agentflow.model.price import UnknownPrice
from pytest_agentflow.model.run import Run


def money_text(run: Run, stage: str | None = None) -> str:
    """Give the cost of `run`, or of one stage, as text.

    Amounts of several currencies stand side by side, since nothing here knows a rate:
    ``$0.0120 + €0.0300``. Where a price is missing: ``unknown: `` and the reason.
    """
    try:
        amounts = [charge.money for charge in run.charges(stage)]
    except UnknownPrice as error:
        return f"unknown: {error}"
    if not amounts:
        return str(total(()))
    return " + ".join(
        str(total(money for money in amounts if money.currency == currency))
        for currency in sorted({money.currency for money in amounts}, reverse=True)
    )
