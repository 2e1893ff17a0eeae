"""What genai-prices lists for a model at a time, as unit prices."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_agentflow.model.price import UnitPrice
from pytest_agentflow.pricing.names import own_kind

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

_MILLION = 1_000_000

#: Price key of genai-prices -> our unit, and how many units the price is for.
UNITS = {
    "input_mtok": ("input_tokens", _MILLION),
    "output_mtok": ("output_tokens", _MILLION),
    "cache_read_mtok": ("cache_read_tokens", _MILLION),
    "cache_write_mtok": ("cache_write_tokens", _MILLION),
    "cache_write_1h_mtok": ("cache_write_1h_tokens", _MILLION),
    "output_reasoning_mtok": ("reasoning_tokens", _MILLION),
    "input_audio_mtok": ("input_audio_tokens", _MILLION),
    "output_audio_mtok": ("output_audio_tokens", _MILLION),
    "input_image_mtok": ("input_image_tokens", _MILLION),
    "output_image_mtok": ("output_image_tokens", _MILLION),
    "web_searches_kcount": ("web_searches", 1000),
    "storage_searches_kcount": ("storage_searches", 1000),
    "requests_kcount": ("requests", 1000),
    "input_document_kpages": ("input_document_pages", 1000),
}

#: Who makes the models that speak an API, for hosts that nobody lists: a gateway, or a
#: local proxy.
_MAKERS = {"openai": "openai", "anthropic": "anthropic"}

#: Anybody serves open weights, at any price: no maker's price stands for another host.
_OPEN_WEIGHTS = "-oss"


def installed() -> bool:
    """Whether genai-prices is there; asking does not import it."""
    return importlib.util.find_spec("genai_prices") is not None


def listed_prices(
    model: str,
    provider: str | None,
    api: str | None,
    at: dt.datetime,
    tier: str = "",
) -> tuple[UnitPrice, ...]:
    """Give all prices listed for a model at a time; none where it is not listed.

    Args:
        model: as the recorded call names it; it is also what the prices given name.
        provider: of the call. The prices of a host that is not known
            (``openai-compatible``) are those of the maker of the API.
        api: of the call, ``openai.chat``.
        at: when it was called. Without it genai-prices would answer for today, and the
            same recording would cost something else next year.
        tier: the service tier, empty for the standard one. Of a tier that it does not
            list genai-prices gives the standard price without a word; here it has none.

    A model is priced for days before it existed, too: genai-prices does not say when
    that was. A model of a user's own has a price only where the list itself names it
    so, ``ft:gpt-4o-mini``.
    """
    if not installed():
        return ()
    seller = _provider(model, provider, api)
    found = _find(model, seller, at)
    if found is None or not found.model.id.startswith(own_kind(model)):
        return ()
    if not tier:
        return tuple(_unit_prices(model, found))
    other = _find(model, seller, at, processing=tier)
    if other is None or other.model_price == found.model_price:
        return ()
    return tuple(replace(p, tier=tier) for p in _unit_prices(model, other))


def _provider(model: str, provider: str | None, api: str | None) -> str | None:
    if provider is not None and not provider.endswith("-compatible"):
        return provider
    if _OPEN_WEIGHTS in model:
        return None
    return _MAKERS.get((api or "").partition(".")[0])


def _find(
    model: str, provider: str | None, at: dt.datetime, processing: str | None = None
) -> PriceCalculation | None:
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - 0.3 s, and optional

    if provider is None:
        return None
    try:
        return calc_price(
            Usage(),
            model,
            provider_id=provider,
            genai_request_timestamp=at,
            # "service_tier", the providers' own word, is ignored in silence.
            price_context={"processing": processing} if processing else None,
        )
    except LookupError:
        return None


def _unit_prices(model: str, found: PriceCalculation) -> Iterator[UnitPrice]:
    for key, value in vars(found.model_price).items():
        if key not in UNITS or value is None:
            continue
        unit, per = UNITS[key]
        for start, amount in _tiers(value):
            yield UnitPrice(
                model=model,
                unit=unit,
                amount=amount,
                per=per,
                above_input_tokens=start,
                source=_source(found),
            )


def _tiers(value: Any) -> Iterator[tuple[int, Any]]:
    """Give base price and tiers; a tier holds for all tokens of a call beyond it."""
    yield 0, getattr(value, "base", value)
    for tier in getattr(value, "tiers", ()):
        yield tier.start, tier.price


def _source(found: PriceCalculation) -> str:
    from genai_prices import __version__  # noqa: PLC0415 - see above

    return f"genai-prices {__version__} ({found.provider.id} {found.model.id})"
