"""Prices out of a map in the form of litellm's model_prices_and_context_window.json.

Only the form is known here, not litellm. A key is read where its meaning is known:
tokens by kind, each also ``_above_200k_tokens`` and at the tiers ``_batches``,
``_flex`` and ``_priority``; pictures, pages, requests and seconds. Every other key that
may be about money is listed as unread, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pytest_agentflow.model.price import UnitPrice
from pytest_agentflow.pricing.fields import BadPrice, exact

FORMAT = "litellm"

_TOKENS = {
    "input_cost_per_token": "input_tokens",
    "output_cost_per_token": "output_tokens",
    "cache_read_input_token_cost": "cache_read_tokens",
    "cache_creation_input_token_cost": "cache_write_tokens",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_tokens",
    "output_cost_per_reasoning_token": "reasoning_tokens",
    "input_cost_per_audio_token": "input_audio_tokens",
    "output_cost_per_audio_token": "output_audio_tokens",
    "input_cost_per_image_token": "input_image_tokens",
    "output_cost_per_image_token": "output_image_tokens",
}

#: Key, and the mode of the model that it is read for -> unit.
_UNITS = {
    ("input_cost_per_request", ""): "requests",
    ("output_cost_per_image", ""): "images:*",
    ("ocr_cost_per_page", ""): "input_document_pages",
    ("input_cost_per_second", "audio_transcription"): "audio_seconds",
    ("input_cost_per_character", "audio_speech"): "input_characters",
}

#: No prompt is so long.
_ENDLESS = 10**9

#: Powers of ten that a price of one token, picture or page may have.
_SENSIBLE = range(-20, 7)

_TIERS = {"batches": "batch", "flex": "flex", "priority": "priority"}

_KEY = re.compile(
    rf"(?P<base>{'|'.join(sorted(_TOKENS, key=len, reverse=True))})"
    r"(?:_above_(?P<above>[1-9]\d{0,5})k_tokens)?"
    rf"(?:_(?P<tier>{'|'.join(_TIERS)}))?"
)

#: Keys that say nothing about money.
_OTHER = re.compile(
    r"(?:supports|supported|max|uses|use|gemini|bedrock|token_count|reasoning|prompt)_.*"
    r"|mode|litellm_provider|source|deprecation_date|metadata|comment|rpm|tpm"
    r"|default_reasoning_effort|output_vector_size|vertex_ai_audio_api|rules"
    r"|thinking_always_on|audio_transcription_config|search_free_requests"
    r"|web_search_billing_unit"
)

#: ``hd/1024-x-1792/dall-e-3``, ``1024-x-1024/50-steps/NAME``
_PICTURE = re.compile(
    r"(?:(?P<quality>low|medium|high|hd|standard|auto)/)?"
    r"(?P<width>\d{1,5})-x-(?P<height>\d{1,5})/(?P<steps>(?:\d+|max)-steps/)?(?P<name>.+)"
)

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """One entry of the map, and the name that calls have for it."""

    key: str
    name: str
    prefixed: bool
    """Its key begins with a provider: ``azure/gpt-5-mini``."""
    prices: tuple[UnitPrice, ...]


def is_litellm(document: Mapping[str, Any]) -> bool:
    """Whether a document says so, or holds entries as only such a map does."""
    if document.get("format") == FORMAT:
        return True
    entries = (entry for entry in document.values() if isinstance(entry, Mapping))
    return any("litellm_provider" in entry for entry in entries)


def read(
    document: Mapping[str, Any], file: str
) -> tuple[tuple[UnitPrice, ...], tuple[str, ...]]:
    """Read a map; give the prices and what was not read, ``MODEL: KEY``.

    A model has its price under the key of the map. Where that begins with a provider
    (``gemini/gemini-2.5-flash``), calls name it without: it then has the price of the
    key without provider, or that on which all providers of the map agree.

    Raises:
        BadPrice: for a price that is no number or negative, with model and key.
    """
    unread: list[str] = []
    models: list[_Model] = []
    for key, entry in document.items():
        if key in ("format", "sample_spec"):
            continue
        if not isinstance(entry, Mapping):
            unread.append(f"{key}: is no entry")
            continue
        model, problems = _read_model(key, entry, file)
        unread += [f"{key}: {problem}" for problem in problems]
        models.append(model)
    named, disputed = _by_name(models)
    return tuple(named), (*unread, *disputed)


def _read_model(
    key: str, entry: Mapping[str, Any], file: str
) -> tuple[_Model, list[str]]:
    name, prefixed = _without_provider(key, entry)
    picture = _PICTURE.fullmatch(name)
    prices: list[UnitPrice] = []
    unread: list[str] = []
    if picture is not None:
        name = picture["name"]
        found = _picture_price(key, entry, picture)
        prices += [found] if found is not None else []
        unread += [] if found is not None else ["the price of its pictures"]
    else:
        for one, value in entry.items():
            found_here = tuple(_prices(key, one, value, entry))
            prices += found_here
            if not found_here and _is_about_money(one, value):
                unread.append(one)
    source = f"{file} ({key})" if file else key
    made = tuple(replace(price, model=name, source=source) for price in prices)
    return _Model(key=key, name=name, prefixed=prefixed, prices=made), unread


def _without_provider(key: str, entry: Mapping[str, Any]) -> tuple[str, bool]:
    first, _, rest = key.partition("/")
    provider = entry.get("litellm_provider")
    own = isinstance(provider, str) and provider.split("-")[0].startswith(first)
    if not rest or not first or not own:
        return key, False
    return _REGION.sub("", rest, count=1) if first == "bedrock" else rest, True


def _picture_price(
    key: str, entry: Mapping[str, Any], picture: re.Match[str]
) -> UnitPrice | None:
    """Give the price of a picture of one size; `None` where it depends on more."""
    if picture["steps"]:
        return None  # recorded calls do not tell how many steps they took
    width, height = int(picture["width"]), int(picture["height"])
    amount = None
    for one, factor in (
        ("output_cost_per_image", 1),
        ("input_cost_per_image", 1),
        ("output_cost_per_pixel", width * height),
        ("input_cost_per_pixel", width * height),
    ):
        if amount is None and entry.get(one):
            amount = _amount(key, one, entry[one]) * factor
    if amount is None:
        return None
    unit = f"images:{width}x{height}:{picture['quality'] or '*'}"
    return UnitPrice(model="", unit=unit, amount=amount)


def _prices(
    key: str, one: str, value: Any, entry: Mapping[str, Any]
) -> Iterator[UnitPrice]:
    if value is None:
        return
    if one == "tiered_pricing":
        yield from _tiered(key, value)
    elif one == "search_context_cost_per_query":
        yield from _searches(key, value)
    elif match := _KEY.fullmatch(one):
        yield _per_million(
            _TOKENS[match["base"]],
            _amount(key, one, value),
            above=1000 * int(match["above"] or 0),
            tier=_TIERS.get(match["tier"] or "", ""),
        )
    else:
        unit = _UNITS.get((one, "")) or _UNITS.get((one, str(entry.get("mode"))))
        if unit is not None:
            yield UnitPrice(model="", unit=unit, amount=_amount(key, one, value))


def _per_million(
    unit: str, amount: Decimal, *, above: int = 0, tier: str = ""
) -> UnitPrice:
    return UnitPrice(
        model="",
        unit=unit,
        amount=amount.scaleb(6),
        per=1_000_000,
        above_input_tokens=above,
        tier=tier,
    )


def _tiered(key: str, value: Any) -> Iterator[UnitPrice]:
    """Read prices by the length of the prompt; nothing of a list that holds more."""
    steps = value if isinstance(value, list) else []
    starts = [_start(step) for step in steps]
    known = {"range", *_TOKENS}
    if None in starts or any(set(step) - known for step in steps):
        return
    for step, start in zip(steps, starts, strict=True):
        for one in _TOKENS.keys() & step.keys():
            amount = _amount(key, one, step[one])
            yield _per_million(_TOKENS[one], amount, above=start or 0)


def _start(step: Any) -> int | None:
    """Give the length of prompt that a step begins at; `None` if it says none."""
    span = step.get("range") if isinstance(step, Mapping) else None
    start = exact(span[0]) if isinstance(span, list) and span else None
    good = start is not None and start < _ENDLESS and start == int(start)
    return int(start) if start is not None and good else None


def _searches(key: str, value: Any) -> Iterator[UnitPrice]:
    """Read the price of a web search where it is one, however much it brings."""
    if not isinstance(value, Mapping):
        return
    amounts = {_amount(key, "search_context_cost_per_query", v) for v in value.values()}
    if len(amounts) == 1:
        yield UnitPrice(model="", unit="web_searches", amount=amounts.pop())


def _amount(key: str, one: str, value: Any) -> Decimal:
    amount = exact(value)
    if amount is None or (amount and amount.adjusted() not in _SENSIBLE):
        message = f"{key}: {one} is no price: {str(value)[:60]!r}"
        raise BadPrice(message)
    return amount


def _is_about_money(key: str, value: Any) -> bool:
    if _OTHER.fullmatch(key) or value is None:
        return False
    return bool(value)  # what costs nothing is not missed


def _by_name(models: list[_Model]) -> tuple[list[UnitPrice], list[str]]:
    """Give the prices of each name, and the names that are sold at several prices."""
    groups: dict[str, list[_Model]] = {}
    for model in models:
        groups.setdefault(model.name, []).append(model)
    prices: list[UnitPrice] = []
    disputed: list[str] = []
    for name, group in groups.items():
        bare = [model for model in group if not model.prefixed] or group
        # Sizes of pictures are entries of their own; they do not dispute one another.
        offers: dict[tuple[object, ...], set[Decimal]] = {}
        for price in (p for model in bare for p in model.prices):
            offers.setdefault(_what(price), set()).add(price.amount / price.per)
        clear = {what for what, amounts in offers.items() if len(amounts) == 1}
        kept = {_what(p): p for m in bare for p in m.prices if _what(p) in clear}
        prices += kept.values()
        if len(clear) < len(offers):
            keys = ", ".join(model.key for model in bare[:4])
            disputed.append(f"{name}: has several prices ({keys})")
    return prices, disputed


def _what(price: UnitPrice) -> tuple[object, ...]:
    return price.unit, price.above_input_tokens, price.tier
