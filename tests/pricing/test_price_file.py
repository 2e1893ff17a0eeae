"""The price file is read exactly, and its mistakes are explained."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_printing import parse_prices, print_file, print_prices

from pytest_agentflow.model.price import Fee, ModelSize, UnitPrice
from pytest_agentflow.model.rate import Rate
from pytest_agentflow.pricing import file
from pytest_agentflow.pricing.book import PriceBook, load_book
from pytest_agentflow.pricing.file import BadPrice, PriceFile, parse_file

ENTRY = """
[[price]]
model = "gpt-image-1-mini"
unit = "images:1024x1024:medium"
usd = "0.011"
effective = "2026-01-01"
source = "https://openai.com/pricing"
"""

names = st.text(min_size=1, max_size=12)
prices = st.builds(
    UnitPrice,
    model=names,
    unit=st.sampled_from(("input_tokens", "images:1x1:low", "gpu_seconds", "requests")),
    amount=st.decimals(0, 10**9, allow_nan=False, allow_infinity=False),
    per=st.integers(1, 10**9),
    currency=st.sampled_from(("USD", "EUR")),
    above_input_tokens=st.integers(0, 10**6),
    source=st.text(max_size=12),
    effective=st.none() | st.dates().map(lambda day: day.isoformat()),
    tier=st.sampled_from(("", "batch", "flex")),
)
numbers = st.decimals("0.000001", 10**12, allow_nan=False, allow_infinity=False)
amounts = st.decimals("0.000001", 10**9, allow_nan=False, allow_infinity=False)
files = st.builds(
    PriceFile,
    prices=st.lists(prices, max_size=2).map(tuple),
    currency=st.sampled_from((None, "USD", "EUR")),
    rates=st.lists(
        st.builds(
            Rate,
            currency=st.just("EUR"),
            into=st.sampled_from(("USD", "GBP")),
            rate=numbers,
            date=st.dates().map(lambda day: day.isoformat()),
            source=st.text(max_size=8),
        ),
        max_size=2,
    ).map(tuple),
    fees=st.lists(
        st.builds(
            Fee,
            name=names,
            each=st.just("call"),
            amount=amounts,
            per=st.integers(1, 10**6),
            currency=st.sampled_from(("USD", "EUR")),
            count=numbers,
            kind=st.sampled_from(("", "retriever")),
            stage=st.text(max_size=8),
            workflow=st.text(max_size=8),
            source=st.text(max_size=8),
        ),
        max_size=2,
    ).map(tuple),
    sizes=st.lists(
        st.builds(
            ModelSize,
            model=names,
            parameters=numbers,
            steps=st.none() | st.integers(1, 100),
            source=st.text(max_size=8),
        ),
        max_size=2,
    ).map(tuple),
)


@given(st.lists(prices, max_size=4).map(tuple))
def test_printed_prices_are_read_back(entries: tuple[UnitPrice, ...]) -> None:
    """Writing entries and reading them again gives the same entries."""
    assert parse_prices(print_prices(entries)) == entries


@given(files)
def test_a_printed_file_is_read_back(file: PriceFile) -> None:
    """Currency, rates, charges and sizes stand beside the prices."""
    assert parse_file(print_file(file)) == file


@given(st.text())
def test_any_text_gives_prices_or_one_clear_error(text: str) -> None:
    """A file that is no price file is an error of ours, never another."""
    for name in ("prices.toml", "prices.json"):
        try:
            entries = parse_prices(text, name)
        except BadPrice:
            continue
        assert all(price.amount >= 0 for price in entries)


def test_an_amount_means_what_is_written() -> None:
    """Numbers and texts are taken digit by digit, never through a float."""
    (price,) = parse_prices(ENTRY)
    assert price == UnitPrice(
        model="gpt-image-1-mini",
        unit="images:1024x1024:medium",
        amount=Decimal("0.011"),
        effective="2026-01-01",
        source="https://openai.com/pricing",
    )
    bare = ENTRY.replace('"0.011"', "0.011").replace('"2026-01-01"', "2026-01-01")
    assert parse_prices(bare) == (price,)


def test_json_has_the_same_form() -> None:
    """A JSON file is read like a TOML one."""
    text = '{"price": [{"model": "m", "unit": "requests", "usd": 0.1}]}'
    (price,) = parse_prices(text, "prices.json")
    assert price.amount == Decimal("0.1")
    assert price.source == "prices.json"


def test_the_example_in_the_documentation_is_a_price_file() -> None:
    """What the module shows can be used as it stands."""
    assert file.__doc__ is not None
    example = file.__doc__.partition("::\n")[2]
    found = parse_file(example, "prices.toml")
    image, tool, read, written, endpoint = found.prices
    assert (image.above_input_tokens, image.tier) == (200_000, "batch")
    assert tool.model == "tool:site_builder.retrieval:retrieve"
    assert (read.unit, written.unit) == ("input_tokens", "output_tokens")
    assert (endpoint.unit, endpoint.amount / endpoint.per) == (
        "requests",
        Decimal("0.044"),
    )
    assert found.currency == "USD"
    assert [fee.name for fee in found.fees] == ["step transitions"]
    assert [rate.rate for rate in found.rates] == [Decimal("1.09")]
    assert [size.parameters for size in found.sizes] == [Decimal("8e9")]


def test_a_gpu_costs_its_rent_by_the_tokens_of_an_hour() -> None:
    """$2.50 an hour, 2500 tokens a second at 40 %: $0.69 for a million tokens."""
    text = """
    [[gpu]]
    model = "llama-3.1-8b"
    usd_per_hour = "2.50"
    prefill_tokens_per_second = 8000
    decode_tokens_per_second = 2500
    utilisation = "0.4"
    """
    read, written = parse_prices(text)
    assert round(written.amount / written.per * 1_000_000, 2) == Decimal("0.69")
    assert read.per == 8000 * 3600 * 4 // 10


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ('modle = "x"', "no key 'modle'; did you mean 'model'"),
        ('per = "1"', "per is a whole number of at least 1"),
        ("per = 0", "per is a whole number of at least 1"),
        ('currency = "EUR"', "usd, or amount and currency, not both"),
        ("effective = 2026", "no day like 2026-12-31"),
    ],
)
def test_a_mistake_is_named_with_its_entry(wrong: str, complaint: str) -> None:
    """The message says which entry of which file, what is wrong and what is right."""
    text = "\n".join(
        line
        for line in ENTRY.splitlines()
        if not line.startswith(wrong.partition(" ")[0] + " ")
    )
    where = re.escape("prices.toml:2: price 1 (gpt-image-1-mini)")
    with pytest.raises(BadPrice, match=f"{where}.*{complaint}"):
        parse_prices(f"{text}\n{wrong}\n", "prices.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ENTRY.replace("0.011", "-1"), "usd is a number that is not negative"),
        (ENTRY.replace("0.011", "1e400"), "usd = '1e400' is more than a thousand mill"),
        (ENTRY.replace("0.011", "1000000001"), "is more than a thousand million"),
        (
            '[[gpu]]\nmodel = "m"\nutilisation = 1\nusd_per_hour = "1e10"',
            "usd_per_hour = '1e10' is more than",
        ),
        (ENTRY.replace("0.011", "cheap"), "usd is a number that is not negative"),
        (ENTRY.replace('usd = "0.011"', ""), "usd is missing"),
        (ENTRY.replace("[[price]]", "[[prices]]"), "did you mean 'price'"),
        (ENTRY.replace("[[price]]", "[price]"), "price is a list"),
        (ENTRY.replace("images:1024x1024:medium", "input_token"), "'input_tokens'"),
        (ENTRY.replace('model = "gpt-image-1-mini"', ""), "model is missing"),
        ('[[gpu]]\nmodel = "m"\nutilisation = 2\nusd_per_hour = 1', "above 0 and at"),
        ('[[gpu]]\nmodel = "m"\nusd_per_hour = 1', "utilisation is a number"),
    ],
)
def test_senseless_entries_are_errors(text: str, complaint: str) -> None:
    """What is missing or senseless is refused, so that no price silently drops out."""
    with pytest.raises(BadPrice, match=complaint):
        parse_prices(text, "prices.toml")


@pytest.mark.parametrize("money", ['usd = "0.25"', 'amount = 2\ncurrency = "EUR"'])
def test_a_forgotten_per_is_no_price_of_a_token(money: str) -> None:
    """A million times too dear is told with its line; said, or free, it is taken."""
    entry = f'[[price]]\nmodel = "m"\nunit = "input_tokens"\n{money}\n'
    with pytest.raises(BadPrice) as caught:
        parse_prices(f"{ENTRY}\n{entry}", "prices.toml")
    said = str(caught.value)
    assert said.startswith("prices.toml:9: price 2 (m): ")
    assert money.partition("\n")[0].replace('"', "") in said
    assert "write per = 1000000 if it is that of a million, per = 1 if" in said
    assert parse_prices(f"{entry}per = 1")[0].per == 1
    free = entry.replace("0.25", "0").replace("amount = 2", "amount = 0")
    assert parse_prices(free)[0].amount == 0


@given(st.lists(st.sampled_from(("price", "size")), max_size=5), st.text(max_size=9))
def test_the_line_of_an_entry_is_that_of_its_head(
    tables: list[str], noise: str
) -> None:
    """Or none is given, where the text holds what only looks like one."""
    noise = noise.replace("'", "").replace("\x7f", "")
    text = "".join(f"# a\n[[{table}]]\nwrong = 1\n" for table in tables)
    text += f"# {json.dumps(noise)}\n"
    found = file.entry_lines(text)
    for table in set(tables):
        where = [2 + 3 * i for i, one in enumerate(tables) if one == table]
        assert found[table] == tuple(where)
    hidden = "[[size]]\nmodel = '''\n[[size]]\n'''\n"
    with pytest.raises(BadPrice, match=r"^prices\.toml: size 1"):
        parse_file(hidden, "prices.toml")


def test_a_file_becomes_a_book(tmp_path: Path) -> None:
    """The book holds the entries; without a file it holds none; no file is an error."""
    path = tmp_path / "prices.toml"
    path.write_text(ENTRY)
    assert load_book(path).entries == parse_prices(ENTRY, "prices.toml")
    assert load_book(None) == PriceBook()
    with pytest.raises(BadPrice, match="cannot be read"):
        load_book(tmp_path / "none.toml")
