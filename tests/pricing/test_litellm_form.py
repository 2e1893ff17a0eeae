"""Maps in litellm's form: what is known is read exactly, all else is listed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.pricing.file import PriceFile, parse_file

FILE = "model_prices.json"


def read(**entries: Any) -> PriceFile:
    """Read a map of these entries."""
    return parse_file(json.dumps({"format": "litellm", **entries}), FILE)


def told(file: PriceFile, model: str) -> dict[tuple[str, str, int], Decimal]:
    """Unit, tier and threshold -> price of one unit."""
    return {
        (price.unit, price.tier, price.above_input_tokens): price.amount / price.per
        for price in file.prices
        if price.model == model
    }


MINI = {
    "litellm_provider": "openai",
    "mode": "chat",
    "max_tokens": 1,
    "supports_vision": True,
    "input_cost_per_token": 2.5e-07,
    "output_cost_per_token": 2e-06,
    "input_cost_per_token_batches": 1.25e-07,
    "input_cost_per_token_flex": 1.25e-07,
    "output_cost_per_token_priority": 3.6e-06,
    "input_cost_per_token_above_200k_tokens": 5e-07,
    "input_cost_per_token_above_272k_tokens_priority": 9e-07,
    "cache_read_input_token_cost": 2.5e-08,
    "cache_creation_input_token_cost": 3e-07,
    "cache_creation_input_token_cost_above_1hr": 6e-07,
    "output_cost_per_reasoning_token": None,
    "search_context_cost_per_query": {"search_context_size_low": 0.01},
}


def test_tokens_are_read_by_kind_tier_and_length() -> None:
    """Digit by digit, though JSON writes them as floats."""
    assert told(read(mini=MINI), "mini") == {
        ("input_tokens", "", 0): Decimal("2.5e-7"),
        ("output_tokens", "", 0): Decimal("2e-6"),
        ("input_tokens", "batch", 0): Decimal("1.25e-7"),
        ("input_tokens", "flex", 0): Decimal("1.25e-7"),
        ("output_tokens", "priority", 0): Decimal("3.6e-6"),
        ("input_tokens", "", 200_000): Decimal("5e-7"),
        ("input_tokens", "priority", 272_000): Decimal("9e-7"),
        ("cache_read_tokens", "", 0): Decimal("2.5e-8"),
        ("cache_write_tokens", "", 0): Decimal("3e-7"),
        ("cache_write_1h_tokens", "", 0): Decimal("6e-7"),
        ("web_searches", "", 0): Decimal("0.01"),
    }
    assert read(mini=MINI).unread == ()


def test_other_units_are_read_where_their_meaning_is_known() -> None:
    """Per picture, page, request, letter and second of sound."""
    provider = {"litellm_provider": "x"}
    file = read(
        painter={**provider, "output_cost_per_image": 0.06},
        hearer={
            **provider,
            "mode": "audio_transcription",
            "input_cost_per_second": 0.0001,
        },
        speaker={
            **provider,
            "mode": "audio_speech",
            "input_cost_per_character": 1.5e-05,
        },
        scanner={**provider, "ocr_cost_per_page": 0.001},
        caller={**provider, "input_cost_per_request": 0.005},
    )
    assert [price.unit for price in file.prices] == [
        "images:*",
        "audio_seconds",
        "input_characters",
        "input_document_pages",
        "requests",
    ]


def test_sizes_of_pictures_stand_in_the_key() -> None:
    """By picture or by pixel; what depends on diffusion steps is not read."""
    entry = {"litellm_provider": "openai", "mode": "image_generation"}
    file = read(
        **{
            "low/1024-x-1024/gpt-image-1": {**entry, "input_cost_per_image": 0.011},
            "256-x-256/dall-e-2": {**entry, "input_cost_per_pixel": 2.4414e-07},
            "1024-x-1024/50-steps/sdxl": {**entry, "output_cost_per_image": 0.04},
        }
    )
    units = {price.unit: price.amount for price in file.prices}
    assert units == {
        "images:1024x1024:low": Decimal("0.011"),
        "images:256x256:*": Decimal("2.4414e-07") * 65536,
    }
    assert file.unread == ("1024-x-1024/50-steps/sdxl: the price of its pictures",)


def test_prices_by_length_of_prompt_may_stand_in_a_list() -> None:
    """Each step holds for calls with a longer prompt than its beginning."""
    steps = [
        {"range": [0, 256000.0], "input_cost_per_token": 5e-08},
        {"range": [256000.0, 1e6], "input_cost_per_token": 2.5e-07},
    ]
    entry = {"litellm_provider": "x", "tiered_pricing": steps}
    assert told(read(m=entry), "m") == {
        ("input_tokens", "", 0): Decimal("5e-8"),
        ("input_tokens", "", 256_000): Decimal("2.5e-7"),
    }
    unknown = {**entry, "tiered_pricing": [{**steps[0], "output_cost_per_song": 1}]}
    assert read(m=unknown).unread == ("m: tiered_pricing",)


def test_unknown_keys_are_listed_and_not_guessed() -> None:
    """A key that may be about money is named; what costs nothing is not missed."""
    entry = {
        "litellm_provider": "x",
        "input_cost_per_token": 1e-06,
        "input_cost_per_token_ultrafast": 2e-06,
        "input_cost_per_second": 0.5,
        "regional_uplift": 1.1,
        "output_cost_per_song": 0,
    }
    file = read(m=entry)
    assert [price.unit for price in file.prices] == ["input_tokens"]
    assert file.unread == (
        "m: input_cost_per_token_ultrafast",
        "m: input_cost_per_second",
        "m: regional_uplift",
    )


def test_a_name_without_provider_has_the_price_that_nobody_disputes() -> None:
    """The bare key wins; else all providers of the map must agree."""

    def sold(provider: str, price: float) -> dict[str, Any]:
        return {"litellm_provider": provider, "input_cost_per_token": price}

    file = read(
        **{
            "gpt": sold("openai", 1e-06),
            "azure/gpt": sold("azure", 2e-06),
            "groq/llama": sold("groq", 3e-06),
            "together_ai/llama": sold("together_ai", 3e-06),
            "a/qwen": sold("a", 1e-06),
            "b/qwen": sold("b", 2e-06),
        }
    )
    assert {p.model: p.amount for p in file.prices} == {"gpt": 1, "llama": 3}
    assert file.unread == ("qwen: has several prices (a/qwen, b/qwen)",)


def test_the_form_is_known_by_its_entries() -> None:
    """No word is needed for it; a price file stays a price file."""
    text = json.dumps({"sample_spec": {"litellm_provider": "one of"}, "mini": MINI})
    assert len(parse_file(text, FILE).prices) == 11
    own = '{"price": [{"model": "m", "unit": "requests", "usd": 1}]}'
    assert parse_file(own, FILE).prices[0].unit == "requests"


@pytest.mark.parametrize("wrong", ["cheap", -1, True, [1], 1e9])
def test_a_price_that_is_none_is_an_error(wrong: object) -> None:
    """Model and key are named."""
    with pytest.raises(af.BadPrice, match="m: input_cost_per_token is no price"):
        read(m={"litellm_provider": "x", "input_cost_per_token": wrong})


keys = st.sampled_from(
    [
        *MINI,
        "tiered_pricing",
        "output_cost_per_image",
        "input_cost_per_pixel",
        "cost_per_second",
        "something",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(keys | st.just("range"), inner, max_size=3)
    ),
    max_leaves=6,
)
models = st.sampled_from(("m", "x/m", "512-x-512/m", "hd/1-x-1/50-steps/m", "/", ""))


@given(st.dictionaries(models, st.dictionaries(keys, values) | values, max_size=3))
def test_any_map_gives_prices_or_one_clear_error(entries: dict[str, Any]) -> None:
    """Every key is read, listed, or known to be no price; nothing else is raised."""
    try:
        file = read(**entries)
    except af.BadPrice:
        return
    assert all(price.amount.is_finite() for price in file.prices)
    for model, entry in entries.items():
        if not isinstance(entry, dict):
            assert f"{model}: is no entry" in file.unread
        elif entry.get("cost_per_second") and "-x-" not in model:
            assert f"{model}: cost_per_second" in file.unread
