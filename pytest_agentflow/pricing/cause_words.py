"""Causes of a difference in cost as words: what it is called, and from what to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

from pytest_agentflow.model.money import Money
from pytest_agentflow.model.price import PriceLock
from pytest_agentflow.pricing.drift import PriceDrift, price_drifts
from pytest_agentflow.pricing.lanes import SERVICES, Family, Lane, Side, mean, name_of

CauseId: TypeAlias = Literal[
    "calls",
    "model",
    "prompt",
    "cache",
    "output",
    "pictures",
    "picture",
    "other",
    "price",
    "fees",
    "length",
    "size",
    "time",
]
"""``pictures`` is how many there are, ``picture`` what one costs. The last three are
causes under a cost model that is not money: of forward passes and of busy time."""

ARROW = " -> "

_CACHE = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
_KINDS = {
    SERVICES: "calls of services",
    "embeddings": "embeddings",
    "rerank": "reranks",
}

_LABELS: Mapping[CauseId, tuple[str, str]] = {
    "calls": ("more calls", "fewer calls"),
    "model": ("dearer model", "cheaper model"),
    "prompt": ("longer prompts", "shorter prompts"),
    "cache": ("less read from the cache", "more read from the cache"),
    "output": ("more output", "less output"),
    "pictures": ("more pictures", "fewer pictures"),
    "picture": ("dearer pictures", "cheaper pictures"),
    "other": ("dearer kinds of usage", "cheaper kinds of usage"),
    "price": ("higher prices", "lower prices"),
    "fees": ("more charged beside the models", "less charged beside the models"),
    "length": ("longer texts", "shorter texts"),
    "size": ("larger model", "smaller model"),
    "time": ("slower calls", "quicker calls"),
}


def cause_id(lane: Lane, family: Family | None, player: str) -> CauseId:
    """Name the cause that a factor of a lane's bill is."""
    if player in ("calls", "model", "price"):
        counted = lane.pictures and player == "calls"
        return "pictures" if counted else _PLAIN[player]
    if family == "prompt":
        return "prompt" if player == "quantity" else _grade_of_prompts(lane)
    if family == "pictures" and not lane.pictures and player == "quantity":
        return "pictures"
    if family == "pictures" or (lane.pictures and family == "output"):
        return "picture"
    return "output" if (family, player) == ("output", "quantity") else "other"


_PLAIN: Mapping[str, CauseId] = {"calls": "calls", "model": "model", "price": "price"}


def _grade_of_prompts(lane: Lane) -> CauseId:
    return "cache" if any(map(_cached, (lane.before, lane.now))) else "other"


def _cached(side: Side) -> int:
    used = [call.usage for call in side.calls if call.usage is not None]
    return sum(getattr(usage, kind, None) or 0 for usage in used for kind in _CACHE)


def label(id_: CauseId, *, rise: bool) -> str:
    """Say what happened: ``more calls``, ``cheaper model``."""
    more, less = _LABELS[id_]
    return more if rise else less


def detail(lane: Lane, id_: CauseId) -> str:
    """Say from what to what; empty where that is one and the same, or not there."""
    tell, unit = _DETAILS.get(id_, (None, ""))
    on_both = lane.before.calls and lane.now.calls
    if tell is None or not (on_both or id_ == "calls"):
        return ""
    old, new = tell(lane.before), tell(lane.now)
    if id_ == "calls":
        unit = _KINDS.get(lane.kind, "")
    return f"{old}{ARROW}{new} {unit}".rstrip() if old != new else ""


def _models(side: Side) -> str:
    return ", ".join(sorted({name_of(call) for call in side.calls}))


def _number(side: Side) -> str:
    return str(side.number)


def _read(side: Side) -> str:
    return f"{mean(side, 'prompt'):,.0f}"


def _written(side: Side) -> str:
    return f"{mean(side, 'output'):,.0f}"


def _share_cached(side: Side) -> str:
    used = [call.usage for call in side.calls if call.usage is not None]
    whole = sum(usage.input_tokens or 0 for usage in used)
    read = sum(usage.cache_read_tokens or 0 for usage in used)
    return f"{Decimal(read) / whole:.0%}" if whole else "0%"


def _picture(side: Side) -> str:
    used = [call.usage for call in side.calls if call.usage is not None]
    units = {u.partition("images:")[2] for usage in used for u in usage.units}
    return ", ".join(sorted(filter(None, units))) or f"{_written(side)} tokens"


_DETAILS: Mapping[CauseId, tuple[Callable[[Side], str], str]] = {
    "calls": (_number, ""),
    "model": (_models, ""),
    "prompt": (_read, "tokens each"),
    "cache": (_share_cached, "of the input"),
    "output": (_written, "tokens each"),
    "pictures": (_number, ""),
    "picture": (_picture, ""),
}


def prices(names: Sequence[str], locks: tuple[PriceLock, PriceLock]) -> str:
    """Name the price that changed most, of the models called, and count the others."""
    found = [
        drift
        for drift in price_drifts(*locks)
        if drift.before.model in names and drift.after is not None
    ]
    found.sort(key=_size, reverse=True)
    if not found:
        return "rates of exchange" if price_drifts(*locks) else ""
    more = f", {len(found) - 1} more" if len(found) > 1 else ""
    return f"{_drift(found[0])}{more}"


def _size(drift: PriceDrift) -> Decimal:
    assert drift.after is not None  # noqa: S101 - others are left out
    old, new = (p.amount / p.per for p in (drift.before, drift.after))
    return abs(new - old) / old if old else Decimal(0)


def _drift(drift: PriceDrift) -> str:
    assert drift.after is not None  # noqa: S101 - others are left out
    texts = (
        f"{Money(amount=p.amount, currency=p.currency)}"
        f"{f' per {p.per:,}' if p.per > 1 else ''}"
        for p in (drift.before, drift.after)
    )
    return f"{drift.name}: {ARROW.join(texts)}"
