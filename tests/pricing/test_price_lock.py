"""A lock holds the prices that the calls of a run need, and no others."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.call import Call, Invocation
from pytest_agentflow.model.money import total
from pytest_agentflow.model.price import PriceLock, UnitPrice, charges
from pytest_agentflow.model.run import Recorded, Run
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.pricing import genai
from pytest_agentflow.pricing.book import PriceBook, own_prices
from pytest_agentflow.pricing.lock import lock_prices, prices_older_than

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)

genai_prices = pytest.importorskip("genai_prices")


def own(unit: str, amount: str, model: str = "m", **more: object) -> UnitPrice:
    """An own entry."""
    fields = {"model": model, "unit": unit, "amount": Decimal(amount), **more}
    return UnitPrice(**fields)  # type: ignore[arg-type]


def book(*entries: UnitPrice, listed: bool = False) -> PriceBook:
    """A book of own entries only."""
    return PriceBook(entries=entries, listed=listed)


def call(usage: Usage | None, *, model: str = "m", **more: object) -> Call:
    """A model call."""
    fields = {
        "id": "a/1",
        "kind": "chat",
        "stage": "a",
        "model": model,
        "usage": usage,
        "api": "openai.chat",
        "provider": "openai",
        **more,
    }
    return Call(**fields)  # type: ignore[arg-type]


def units_of(lock: PriceLock) -> list[str]:
    """The units that a lock has prices for."""
    return [price.unit for price in lock.prices]


def money(call: Call, lock: PriceLock) -> Decimal:
    """What a call costs."""
    return total(charge.money for charge in charges(call, lock)).amount


def test_listed_prices_are_those_of_the_day_of_the_recording() -> None:
    """A dated price change does not change what a recording cost."""
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    flash = call(usage, model="gemini-3.6-flash", provider="google", api="google.x")
    later = NOW.replace(year=2027, month=2, day=1)
    assert money(flash, lock_prices([flash], PriceBook(), NOW)) == Decimal("4.5")
    assert money(flash, lock_prices([flash], PriceBook(), later)) == 9


@given(
    model=st.sampled_from(("gpt-5-mini", "gpt-5", "claude-sonnet-4-5", "gpt-image-1")),
    fresh=st.integers(0, 300_000),
    cached=st.integers(0, 300_000),
    written=st.integers(0, 100_000),
    output=st.integers(0, 50_000),
)
def test_money_is_what_genai_prices_works_out(
    model: str, fresh: int, cached: int, written: int, output: int
) -> None:
    """Arithmetic on the lock gives what the library itself gives, tiers included."""
    provider = "anthropic" if "claude" in model else "openai"
    written = written if "claude" in model else 0
    counts = {
        "input_tokens": fresh + cached + written,
        "output_tokens": output,
        "cache_read_tokens": cached,
        "cache_write_tokens": written,
    }
    made = call(Usage(**counts), model=model, provider=provider)
    theirs = genai_prices.calc_price(
        genai_prices.Usage(**counts),
        model,
        provider_id=provider,
        genai_request_timestamp=NOW,
    )
    lock = lock_prices([made], PriceBook(), NOW)
    assert money(made, lock) == theirs.total_price


def test_a_lock_holds_what_the_calls_used_and_no_more() -> None:
    """Prices of units that no call used are left out; source and time are kept."""
    made = call(Usage(input_tokens=10, output_tokens=0), model="gpt-5-mini")
    lock = lock_prices([made, made], PriceBook(), NOW.replace(tzinfo=None))
    assert units_of(lock) == ["input_tokens"]
    assert lock.prices[0].source.startswith("genai-prices 0.")
    assert lock.as_of == "2026-11-20T12:00:00Z"


def test_own_entries_win_unit_by_unit() -> None:
    """An own price replaces the listed one of its unit only."""
    made = call(Usage(input_tokens=10, output_tokens=5), model="gpt-5-mini-2025-08-07")
    entry = own("input_tokens", "1", model="gpt-5-mini", per=10)
    lock = lock_prices([made], book(entry, listed=True), NOW)
    assert [(p.unit, p.amount) for p in lock.prices] == [
        ("input_tokens", 1),
        ("output_tokens", 2),
    ]
    assert {p.model for p in lock.prices} == {"gpt-5-mini-2025-08-07"}


def test_an_entry_holds_from_its_day_on() -> None:
    """The latest entry that is not of the future counts."""
    entries = (
        own("requests", "1"),
        own("requests", "2", effective="2026-01-01"),
        own("requests", "3", effective="2026-12-01"),
    )
    days = {2025: 1, 2026: 2, 2027: 3}
    for year, amount in days.items():
        (price,) = own_prices(book(*entries), "m", "requests", NOW.replace(year=year))
        assert price.amount == amount


def test_the_closest_name_wins() -> None:
    """The model itself, then its family by date, then the longest pattern."""
    entries = (
        own("requests", "1", model="*"),
        own("requests", "2", model="gpt-*"),
        own("requests", "3", model="gpt-5-mini"),
        own("requests", "4", model="gpt-5-mini-2025-08-07", effective="2020-01-01"),
    )
    found = {
        model: own_prices(book(*entries), model, "requests", NOW)[0].amount
        for model in ("gpt-5-mini-2025-08-07", "gpt-5-mini-2026-01-01", "gpt-4", "x")
    }
    assert list(found.values()) == [4, 3, 2, 1]


def test_a_tier_holds_for_calls_with_a_longer_prompt() -> None:
    """An own entry can give another price above so many input tokens."""
    entries = (
        own("input_tokens", "1"),
        own("input_tokens", "2", above_input_tokens=100),
    )
    short, long = (call(Usage(input_tokens=n, output_tokens=0)) for n in (100, 101))
    lock = lock_prices([short, long], book(*entries), NOW)
    assert (money(short, lock), money(long, lock)) == (100, 202)


PICTURE = Usage(
    input_tokens=50,
    output_tokens=1056,
    output_image_tokens=1056,
    units={"images:1024x1024:medium": Decimal(1)},
)


def test_a_picture_is_billed_once() -> None:
    """By an own price per picture, else by tokens, and never by both."""
    made = call(PICTURE, model="gpt-image-1-mini", kind="image", api="openai.images")
    entry = own("images:1024x1024:medium", "0.011", model="gpt-image-*")
    by_tokens = lock_prices([made], PriceBook(), NOW)
    by_picture = lock_prices([made], book(entry, listed=True), NOW)
    assert units_of(by_tokens) == ["input_tokens", "output_tokens"]
    assert money(made, by_tokens) == Decimal("0.008548")
    assert units_of(by_picture) == ["images:1024x1024:medium"]
    assert money(made, by_picture) == Decimal("0.011")


def test_pictures_of_two_sizes_are_billed_alike() -> None:
    """Where only one size has a price per picture, both are billed by tokens."""
    large = Usage(output_tokens=4160, units={"images:1536x1024:high": Decimal(1)})
    made = [
        call(PICTURE, model="gpt-image-1-mini", kind="image"),
        call(large, model="gpt-image-1-mini", kind="image"),
    ]
    entry = own("images:1024x1024:medium", "0.011", model="gpt-image-1-mini")
    lock = lock_prices(made, book(entry, listed=True), NOW)
    assert units_of(lock) == ["input_tokens", "output_tokens"]


PAINTED = Usage(
    input_tokens=1000,
    output_tokens=500,
    units={
        "images:1024x1024:medium": Decimal(2),
        "gpt-image-1:input_tokens": Decimal(40),
        "gpt-image-1:output_image_tokens": Decimal(2112),
    },
)


def test_pictures_that_a_chat_model_had_painted_are_billed_beside_its_text() -> None:
    """By the tokens of the model that painted them, or by an own price of it."""
    made = call(PAINTED, model="gpt-5")
    text = Decimal("0.00125") + Decimal("0.005")
    by_tokens = lock_prices([made], PriceBook(), NOW)
    assert money(made, by_tokens) == text + Decimal("0.0002") + Decimal("0.08448")
    entry = own("images:1024x1024:medium", "0.042", model="gpt-image-1")
    by_picture = lock_prices([made], book(entry, listed=True), NOW)
    assert money(made, by_picture) == text + Decimal("0.084")
    assert "gpt-image-1:output_image_tokens" not in units_of(by_picture)


def test_an_hour_of_caching_has_its_own_price() -> None:
    """Tokens cached for an hour leave those cached for five minutes and the rest."""
    counts = {
        "input_tokens": 1000,
        "output_tokens": 10,
        "cache_read_tokens": 300,
        "cache_write_tokens": 500,
    }
    usage = Usage(**counts, units={"cache_write_1h_tokens": Decimal(200)})
    made = call(usage, model="claude-sonnet-4-5", provider="anthropic")
    theirs = genai_prices.calc_price(
        genai_prices.Usage(**counts, cache_write_1h_tokens=200),
        "claude-sonnet-4-5",
        provider_id="anthropic",
        genai_request_timestamp=NOW,
    )
    assert money(made, lock_prices([made], PriceBook(), NOW)) == theirs.total_price


def test_tools_and_retrievers_are_billed_per_call() -> None:
    """A flat fee of a named function, under either word."""
    made = Call(
        id="a/1",
        kind="retriever",
        stage="a",
        invocation=Invocation(function="site_builder.retrieval:retrieve"),
    )
    entry = own("requests", "0.0004", model="tool:site_builder.retrieval:retrieve")
    lock = lock_prices([made], book(entry), NOW)
    assert money(made, lock) == Decimal("0.0004")
    assert lock_prices([made], book(), NOW).prices == ()


def test_gpu_seconds_stand_for_tokens() -> None:
    """An own price per GPU second replaces listed prices of tokens."""
    usage = Usage(input_tokens=9, output_tokens=9, units={"gpu_seconds": Decimal(3)})
    made = call(usage, model="gpt-5")
    lock = lock_prices([made], book(own("gpu_seconds", "0.001", "gpt-5")), NOW)
    assert money(made, lock) == Decimal("0.003")
    entry = own("gpu_seconds", "0.001", model="gpt-5")
    assert units_of(lock_prices([made], book(entry, listed=True), NOW)) == [
        "gpu_seconds"
    ]


def test_a_gateway_sells_at_the_makers_price_but_open_weights_have_none() -> None:
    """An unknown host is priced by the model's maker only where one sells it."""
    usage = Usage(input_tokens=10)
    local = {"provider": "openai-compatible"}
    closed = call(usage, model="gpt-5-mini", **local)
    opened = call(usage, model="gpt-oss-120b", **local)
    unknown = call(usage, model="my-llama", **local)
    other = call(usage, model="gpt-5-mini", provider="snowflake")
    assert units_of(lock_prices([closed], PriceBook(), NOW)) == ["input_tokens"]
    for made in (opened, unknown, other):
        assert lock_prices([made], PriceBook(), NOW).prices == ()


def test_one_name_at_two_prices_has_no_price() -> None:
    """Two providers of one run that differ are not mixed up: neither price is taken."""
    usage = Usage(input_tokens=10)
    model = "deepseek-chat"
    made = [
        call(usage, model=model, provider="deepseek", api="openai.chat"),
        call(usage, model=model, provider="openrouter", api="openai.chat"),
    ]
    locks = [units_of(lock_prices([one], PriceBook(), NOW)) for one in made]
    assert ["input_tokens"] in locks
    assert units_of(lock_prices(made, PriceBook(), NOW)) == []


def test_without_any_book_the_lock_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where genai-prices is not installed there are no prices, and no error yet."""
    monkeypatch.setattr(genai, "installed", lambda: False)
    made = call(Usage(input_tokens=10), model="gpt-5-mini")
    assert lock_prices([made], PriceBook(), NOW).prices == ()


def test_the_room_imports_no_third_party() -> None:
    """Reading a price file costs no import of genai-prices."""
    code = (
        "import sys, pytest_agentflow.pricing.lock, pytest_agentflow.pricing.book\n"
        "assert not {'genai_prices', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


used = st.builds(
    Usage,
    input_tokens=st.none() | st.integers(0, 500),
    output_tokens=st.none() | st.integers(0, 500),
    cache_read_tokens=st.none() | st.integers(0, 100),
    reasoning_tokens=st.none() | st.integers(0, 100),
    units=st.dictionaries(
        st.sampled_from(
            ("images:1x1:low", "gpu_seconds", "web_searches", "p:x_tokens")
        ),
        st.decimals(0, 9, places=1),
    ),
)
made_calls = st.lists(
    st.builds(
        call,
        st.none() | used,
        model=st.sampled_from(("m", "gpt-5-mini", "gpt-image-1")),
        kind=st.sampled_from(("chat", "image", "embeddings")),
        stage=st.sampled_from("abc"),
        id=st.uuids().map(str),
    ),
    max_size=6,
)
entries = st.lists(
    st.builds(
        own,
        st.sampled_from(
            ("input_tokens", "output_tokens", "images:1x1:low", "gpu_seconds")
        ),
        st.sampled_from(("0.1", "3")),
        model=st.sampled_from(("m", "gpt-*")),
    ),
    max_size=5,
)


@given(made=made_calls, entries=entries, order=st.randoms())
def test_charges_add_up_in_any_order(
    made: list[Call], entries: list[UnitPrice], order: object
) -> None:
    """The sum over stages is the total, whatever the order of calls and prices."""
    prices = book(*entries, listed=True)
    lock = lock_prices(made, prices, NOW)
    shuffled = list(made)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(lock_prices(shuffled, prices, NOW).prices) == set(lock.prices)

    def bill(calls: list[Call]) -> dict[str, Decimal]:
        run = Run(
            workflow="w", case="c", calls=tuple(calls), recorded=Recorded(prices=lock)
        )
        sums = dict.fromkeys("abc", Decimal(0))
        for charge in run.charges():
            if charge.price is not None:
                sums[charge.stage] += charge.money.amount
        return sums

    assert bill(made) == bill(shuffled)
    known = [
        charge.money.amount
        for one in made
        for charge in charges(one, lock)
        if charge.price is not None
    ]
    assert sum(bill(made).values()) == sum(known)


@given(made=made_calls, entries=entries)
def test_nothing_that_was_used_drops_out(
    made: list[Call], entries: list[UnitPrice]
) -> None:
    """A model call that used anything is charged, with a price or as unknown."""
    lock = lock_prices(made, book(*entries), NOW)
    for one in made:
        usage = one.usage
        something = usage is None or usage.input_tokens or usage.output_tokens
        if something:
            assert charges(one, lock)


def test_old_prices_are_told_from_new_ones() -> None:
    """The age of a lock is counted from the day its prices were asked for."""
    made = call(Usage(input_tokens=10))
    lock = lock_prices([made], book(own("input_tokens", "1")), NOW)
    later = NOW + dt.timedelta(days=31)
    assert prices_older_than(lock, 30, now=later)
    assert not prices_older_than(lock, 32, now=later)
    assert not prices_older_than(PriceLock(), 0, now=later)
    assert prices_older_than(PriceLock(prices=lock.prices), 9999, now=later)
