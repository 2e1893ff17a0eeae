"""A book of dated prices: a project's own entries, over those of genai-prices."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_agentflow.model.price import UnitPrice
from pytest_agentflow.pricing.file import BadPrice, parse_prices

_SNAPSHOT = re.compile(r"[-@]20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Prices per unit of a model, each from a day on.

    An entry stands for the model it names, for its dated snapshots (``gpt-5-mini`` also
    for ``gpt-5-mini-2025-08-07``), or with ``*`` for a family of names. The closest
    name wins, then the latest day. ``tool:module:function`` names a tool or retriever.
    """

    __module__ = "pytest_agentflow"

    entries: tuple[UnitPrice, ...] = ()
    """The project's own prices; they win over listed ones, unit by unit."""
    listed: bool = True
    """Ask genai-prices for what `entries` do not hold, where it is installed."""


def load_book(path: str | Path | None) -> PriceBook:
    """Read a price file, TOML or JSON; `None` gives the book without own entries.

    Raises `BadPrice` with file, entry and repair; the form is in `pricing.file`.
    """
    if path is None:
        return PriceBook()
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the price file {path} cannot be read: {error}"
        raise BadPrice(message) from error
    return PriceBook(entries=parse_prices(text, path.name))


def own_prices(
    book: PriceBook, model: str, unit: str, at: dt.datetime
) -> tuple[UnitPrice, ...]:
    """Give the own price of a unit at a time, with its long-context tiers.

    Args:
        book: where to look.
        model: as the recorded call names it; it is also what the prices given name.
        unit: a kind of token or another unit.
        at: when it was used; prices of later days do not count.
    """
    day = at.date().isoformat()
    ranked = [
        ((closeness, price.effective or ""), price)
        for price in book.entries
        if price.unit == unit
        and (price.effective or "") <= day
        and (closeness := _closeness(price.model, model))
    ]
    best = max((rank for rank, _ in ranked), default=None)
    return tuple(
        replace(price, model=model)
        for price in _tiers(ranked, best)
        if best is not None
    )


def _tiers(
    ranked: Iterable[tuple[tuple[tuple[int, int], str], UnitPrice]],
    best: tuple[tuple[int, int], str] | None,
) -> Iterable[UnitPrice]:
    # Of two entries for one tier the later in the file wins, as in any settings file.
    tiers = {price.above_input_tokens: price for rank, price in ranked if rank == best}
    return (tiers[start] for start in sorted(tiers))


def _closeness(entry: str, model: str) -> tuple[int, int] | None:
    model = re.sub("^retriever:", "tool:", model)
    entry = re.sub("^retriever:", "tool:", entry)
    if entry == model:
        return 3, 0
    if entry == _SNAPSHOT.sub("", model):
        return 2, 0
    pattern = ".*".join(re.escape(part) for part in entry.split("*"))
    fits = "*" in entry and re.fullmatch(pattern, model, re.DOTALL)
    return (1, len(entry)) if fits else None
