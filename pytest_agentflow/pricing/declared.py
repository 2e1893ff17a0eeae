"""What a price file declares beside prices: charges, rates and sizes of models."""

from __future__ import annotations

from typing import get_args

from pytest_agentflow.model.call import CallKind
from pytest_agentflow.model.price import Fee, ModelSize
from pytest_agentflow.model.rate import Rate
from pytest_agentflow.pricing import fields
from pytest_agentflow.pricing.fields import BadPrice, Entry

_FEE_KEYS = (
    "name",
    "each",
    "usd",
    "amount",
    "currency",
    "per",
    "count",
    "kind",
    "stage",
    "workflow",
    "effective",
    "source",
)


def fee(entry: Entry, where: str, name: str) -> Fee:
    """Read a ``[[charge]]``."""
    fields.check_keys(entry, _FEE_KEYS, where)
    amount, currency = fields.money(entry, where)
    each = fields.choice(entry, "each", where, ("run", "stage", "call"))
    if "kind" in entry:
        fields.choice(entry, "kind", where, get_args(CallKind))
        _only_with(each, ("call",), "kind", where)
    if "stage" in entry:
        _only_with(each, ("stage", "call"), "stage", where)
    return Fee(
        name=fields.text(entry, "name", where),
        each="run" if each == "run" else "stage" if each == "stage" else "call",
        amount=amount,
        per=fields.whole(entry, "per", where, default=1, least=1),
        currency=currency,
        count=fields.number({"count": 1, **entry}, "count", where),
        kind=fields.text(entry, "kind", where, default=""),
        stage=fields.text(entry, "stage", where, default=""),
        workflow=fields.text(entry, "workflow", where, default=""),
        source=fields.text(entry, "source", where, default=name),
        effective=fields.day(entry, where),
    )


def _only_with(each: str, good: tuple[str, ...], key: str, where: str) -> None:
    if each not in good:
        words = " or ".join(f'each = "{word}"' for word in good)
        message = f"{where}: {key} goes with {words}"
        raise BadPrice(message)


def rate(entry: Entry, where: str, name: str) -> Rate:
    """Read a ``[[rate]]``."""
    fields.check_keys(entry, ("from", "to", "rate", "date", "source"), where)
    day = fields.day(entry, where, "date")
    if day is None:
        message = f'{where}: date is missing; write date = "2026-11-01"'
        raise BadPrice(message)
    currency = fields.currency(entry, "from", where)
    into = fields.currency(entry, "to", where)
    if currency == into:
        message = f"{where}: from and to are both {into}"
        raise BadPrice(message)
    return Rate(
        currency=currency,
        into=into,
        rate=fields.positive(entry, "rate", where, "1.09"),
        date=day,
        source=fields.text(entry, "source", where, default=name),
    )


def size(entry: Entry, where: str, name: str) -> ModelSize:
    """Read a ``[[size]]``."""
    fields.check_keys(entry, ("model", "parameters", "steps", "source"), where)
    steps = fields.whole(entry, "steps", where, least=1) if "steps" in entry else None
    return ModelSize(
        model=fields.text(entry, "model", where),
        parameters=fields.positive(entry, "parameters", where, "8e9"),
        steps=steps,
        source=fields.text(entry, "source", where, default=name),
    )
