"""What a run is charged beside its models: step transitions, queries of an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from pytest_agentflow.model.price import Charge, Fee, UnitPrice, in_currency
from pytest_agentflow.model.run import Run


def fees_of(run: Run) -> tuple[Charge, ...]:
    """Charge `run` the fees of its price lock.

    A fee for stages is charged once for each visit that gave an output, and at least
    once for each stage; one for calls once for each call, retries not counted.
    """
    lock = run.recorded.prices
    return tuple(
        in_currency(_charge(fee, stage, call, times), lock)
        for fee in lock.fees
        if _names(fee.workflow, run.workflow)
        for stage, call, times in _occasions(fee, run)
    )


def _occasions(fee: Fee, run: Run) -> Iterator[tuple[str, str, int]]:
    """Give stage, call and number of all that a fee is charged for."""
    if fee.each == "run":
        yield "", "", 1
    elif fee.each == "stage":
        for stage in run.stages:
            if fee.stage in ("", stage.name):
                yield stage.name, "", max(len(stage.outputs), 1)
    else:
        for call in run.calls:
            if fee.kind in ("", call.kind) and fee.stage in ("", call.stage):
                yield call.stage, call.id, 1


def _charge(fee: Fee, stage: str, call: str, times: int) -> Charge:
    price = UnitPrice(
        model=fee.name,
        unit=f"{fee.each}s",
        amount=fee.amount,
        per=fee.per,
        currency=fee.currency,
        source=fee.source,
        effective=fee.effective,
    )
    return Charge(
        call=call,
        stage=stage,
        model=fee.name,
        unit=price.unit,
        quantity=fee.count * Decimal(times),
        price=price,
        fee=fee.name,
    )


def _names(pattern: str, workflow: str) -> bool:
    if not pattern:
        return True
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), workflow))
