"""The price file: a project's own prices as TOML, or JSON of the same form.

A file in the form of litellm's ``model_prices_and_context_window.json`` is read as it
is, see `pricing.litellm`; so is one that adds ``"format": "litellm"`` to it.

::

    currency = "USD"                     # everything is reported in it; may be left out

    [[price]]                            # one entry per model and unit
    model = "gpt-image-1-mini"           # or a family: "gpt-image-*"
    unit = "images:1024x1024:medium"     # or input_tokens, gpu_seconds, "images:*", ...
    usd = "0.011"                        # or: amount = "0.010", currency = "EUR"
    per = 1                              # for so many units; of tokens never left out
    effective = "2026-01-01"             # holds from this day on; left out: always
    above_input_tokens = 200000          # only for calls with a longer prompt than this
    tier = "batch"                       # only at this service tier; left out: standard
    source = "https://openai.com/pricing"

    [[price]]                            # a tool, retriever or HTTP host: per call
    model = "tool:site_builder.retrieval:retrieve"
    unit = "requests"
    usd = "0.0004"

    [[gpu]]                              # an own model on rented hardware
    model = "llama-3.1-8b"
    usd_per_hour = "2.50"                # of one GPU
    gpus = 1
    prefill_tokens_per_second = 8000     # measured at full load
    decode_tokens_per_second = 2500
    utilisation = "0.4"                  # share of the time it is at that load

    [[endpoint]]                         # rented by the hour, whatever it answers
    model = "provisioned-model/abc"
    usd_per_hour = "39.60"               # of one instance
    instances = 1
    requests_per_hour = 900              # that it gets; or: capacity_per_hour = 3000
    # utilisation = "0.3"                # and the share of that capacity that is used

    [[charge]]                           # what is charged beside the models
    name = "step transitions"
    each = "stage"                       # or run, or call (kind = "retriever")
    usd = "0.025"
    per = 1000

    [[rate]]                             # holds from its date on
    from = "EUR"
    to = "USD"
    rate = "1.09"
    date = "2026-11-01"

    [[size]]                             # for costs counted in forward passes
    model = "gpt-5-mini"
    parameters = "8e9"
    steps = 30                           # of a picture, for models that paint
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from pytest_agentflow.model.price import Fee, ModelSize, UnitPrice
from pytest_agentflow.model.rate import Rate
from pytest_agentflow.model.usage import TOKEN_KINDS
from pytest_agentflow.pricing import fields, litellm
from pytest_agentflow.pricing.declared import fee, rate, size
from pytest_agentflow.pricing.fields import BadPrice, Entry

__all__ = ["BadPrice", "PriceFile", "entry_lines", "parse_file"]

T = TypeVar("T")

_TABLES = ("price", "gpu", "endpoint", "charge", "rate", "size")

_HEAD = re.compile(r"\s*\[\[\s*(\w+)\s*\]\]")

_PRICE_KEYS = (
    "model",
    "unit",
    "usd",
    "amount",
    "currency",
    "per",
    "above_input_tokens",
    "tier",
    "effective",
    "source",
)

_GPU_KEYS = (
    "model",
    "usd_per_hour",
    "gpus",
    "prefill_tokens_per_second",
    "decode_tokens_per_second",
    "utilisation",
    "effective",
    "source",
)

_ENDPOINT_KEYS = (
    "model",
    "usd_per_hour",
    "amount",
    "currency",
    "instances",
    "requests_per_hour",
    "capacity_per_hour",
    "utilisation",
    "effective",
    "source",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFile:
    """Everything that a price file declares."""

    prices: tuple[UnitPrice, ...] = ()
    currency: str | None = None
    rates: tuple[Rate, ...] = ()
    fees: tuple[Fee, ...] = ()
    sizes: tuple[ModelSize, ...] = ()
    unread: tuple[str, ...] = ()
    """What of a foreign form was not read, and is not guessed: ``gpt-4o: KEY``."""


def parse_file(text: str, name: str = "") -> PriceFile:
    """Read a price file.

    Args:
        text: its content; JSON where `name` ends in ``.json``.
        name: of the file, for errors and as source of prices that name none.

    Raises:
        BadPrice: unknown keys (the nearest known one is named), bad or missing values.
    """
    document = _document(text, name)
    if litellm.is_litellm(document):
        prices, unread = litellm.read(document, name)
        return PriceFile(prices=prices, unread=unread)
    fields.check_keys(document, ("currency", *_TABLES), name or "the price file")
    lines = entry_lines(text)

    def read(key: str, reader: Callable[[Entry, str, str], T]) -> tuple[T, ...]:
        tables = _tables(document, key, name, lines.get(key, ()))
        return tuple(reader(entry, where, name) for entry, where in tables)

    rented = [*read("gpu", _gpu), *read("endpoint", _endpoint)]
    return PriceFile(
        prices=(*read("price", _price), *(p for prices in rented for p in prices)),
        currency=fields.currency(document, "currency", name or "the price file")
        if "currency" in document
        else None,
        rates=read("rate", rate),
        fees=read("charge", fee),
        sizes=read("size", size),
    )


def _document(text: str, name: str) -> Mapping[str, Any]:
    try:
        if name.endswith(".json"):
            document = json.loads(text, parse_float=Decimal)
        else:
            document = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:
        message = f"{name}: no price file: {error}"
        raise BadPrice(message) from error
    if not isinstance(document, dict):
        message = f'{name}: expected an object {{"price": [...]}}'
        raise BadPrice(message)
    return document


def entry_lines(text: str) -> Mapping[str, tuple[int, ...]]:
    """Give the lines, from 1, that the entries of a TOML file start on, by table."""
    found: dict[str, tuple[int, ...]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.match(line):
            found[head[1]] = (*found.get(head[1], ()), number)
    return found


def _tables(
    document: Mapping[str, Any], key: str, name: str, lines: Sequence[int]
) -> Iterator[tuple[Entry, str]]:
    entries = document.get(key, [])
    if not isinstance(entries, list):
        message = f"{name}: {key} is a list; write [[{key}]] above each entry"
        raise BadPrice(message)
    for number, entry in enumerate(entries, 1):
        # What looks like a head may be part of a text: then no line is certain.
        line = f":{lines[number - 1]}" if len(lines) == len(entries) else ""
        where = f"{name}{line}: {key} {number}"
        if not isinstance(entry, dict):
            message = f"{where}: expected a table of keys"
            raise BadPrice(message)
        named = entry.get("model", entry.get("name"))
        if isinstance(named, str):
            where += f" ({named})"
        yield entry, where


def _price(entry: Entry, where: str, name: str) -> UnitPrice:
    fields.check_keys(entry, _PRICE_KEYS, where)
    amount, currency = fields.money(entry, where)
    unit = _unit(entry, where)
    if unit.endswith("_tokens") and amount and "per" not in entry:
        key = "usd" if "usd" in entry else "amount"
        message = (
            f"{where}: {key} = {entry[key]} would be the price of a single token; "
            "write per = 1000000 if it is that of a million, per = 1 if it is not"
        )
        raise BadPrice(message)
    return UnitPrice(
        model=fields.text(entry, "model", where),
        unit=unit,
        amount=amount,
        per=fields.whole(entry, "per", where, default=1, least=1),
        currency=currency,
        above_input_tokens=fields.whole(entry, "above_input_tokens", where),
        tier=fields.text(entry, "tier", where, default=""),
        source=fields.text(entry, "source", where, default=name),
        effective=fields.day(entry, where),
    )


def _gpu(entry: Entry, where: str, name: str) -> tuple[UnitPrice, ...]:
    """Give the token prices of a rented GPU.

    A token costs the hour's rent by the tokens of an hour: ``rate * gpus /
    (3600 * tokens per second * utilisation)``. Utilisation dominates, hence no default.
    """
    fields.check_keys(entry, _GPU_KEYS, where)
    rent = fields.amount(entry, "usd_per_hour", where) * fields.whole(
        entry, "gpus", where, default=1, least=1
    )
    used = fields.share(entry, "utilisation", where)
    speeds = {
        "input_tokens": "prefill_tokens_per_second",
        "output_tokens": "decode_tokens_per_second",
    }
    return tuple(
        _rented(
            entry,
            where,
            name,
            unit=unit,
            rent=rent,
            of_an_hour=3600 * fields.positive(entry, key, where, "2500") * used,
        )
        for unit, key in speeds.items()
    )


def _endpoint(entry: Entry, where: str, name: str) -> tuple[UnitPrice, ...]:
    """Give the price per request of what is rented by the hour: rent by requests."""
    fields.check_keys(entry, _ENDPOINT_KEYS, where)
    amount, currency = fields.money(entry, where, "usd_per_hour")
    rent = amount * fields.whole(entry, "instances", where, default=1, least=1)
    price = _rented(
        entry,
        where,
        name,
        unit="requests",
        rent=rent,
        of_an_hour=_requests(entry, where),
        currency=currency,
    )
    return (price,)


def _requests(entry: Entry, where: str) -> Decimal:
    if ("requests_per_hour" in entry) == ("capacity_per_hour" in entry):
        message = (
            f"{where}: give requests_per_hour, or capacity_per_hour and utilisation; "
            "what a request costs depends on how many share the hour"
        )
        raise BadPrice(message)
    if "requests_per_hour" in entry:
        if "utilisation" in entry:
            message = f"{where}: utilisation goes with capacity_per_hour only"
            raise BadPrice(message)
        return fields.positive(entry, "requests_per_hour", where, "900")
    capacity = fields.positive(entry, "capacity_per_hour", where, "3000")
    return capacity * fields.share(entry, "utilisation", where)


def _rented(
    entry: Entry,
    where: str,
    name: str,
    *,
    unit: str,
    rent: Decimal,
    of_an_hour: Decimal,
    currency: str = "USD",
) -> UnitPrice:
    """Give the price of one of so many units of an hour, without rounding."""
    share = Fraction(of_an_hour)
    return UnitPrice(
        model=fields.text(entry, "model", where),
        unit=unit,
        amount=rent * share.denominator,
        per=share.numerator,
        currency=currency,
        source=fields.text(entry, "source", where, default=name),
        effective=fields.day(entry, where),
    )


def _unit(entry: Entry, where: str) -> str:
    unit = fields.text(entry, "unit", where)
    near = difflib.get_close_matches(unit, TOKEN_KINDS, n=1, cutoff=0.85)
    if near and unit not in (*TOKEN_KINDS, "cache_write_1h_tokens"):
        message = f"{where}: there is no unit {unit!r}; did you mean {near[0]!r}?"
        raise BadPrice(message)
    return unit
