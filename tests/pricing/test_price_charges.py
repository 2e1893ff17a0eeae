"""Fees, rates of exchange, service tiers, and models of a user's own."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.model.rate import converted
from pytest_agentflow.model.tier import service_tier
from pytest_agentflow.pricing.file import parse_file
from pytest_agentflow.pricing.lock import locked_again

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TOKENS = af.Usage(input_tokens=1_000_000, output_tokens=1_000_000)


def book(text: str, *, listed: bool = False) -> af.PriceBook:
    """The book of a price file."""
    file = parse_file(text, "prices.toml")
    return af.PriceBook(
        entries=file.prices,
        listed=listed,
        currency=file.currency,
        rates=file.rates,
        fees=file.fees,
        sizes=file.sizes,
    )


def call(model: str = "m", usage: af.Usage | None = TOKENS, **more: object) -> af.Call:
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
    return af.Call(**fields)  # type: ignore[arg-type]


def run_of(book: af.PriceBook, *calls: af.Call, at: dt.datetime = NOW) -> af.Run:
    """A run of these calls, priced by the book."""
    names = dict.fromkeys(c.stage for c in calls)
    return af.Run(
        workflow="build_site",
        case="c",
        calls=calls,
        stages=tuple(af.Stage(name=name) for name in names),
        recorded=af.Recorded(prices=af.lock_prices(calls, book, at)),
    )


PRICE = '[[price]]\nmodel = "{}"\nunit = "input_tokens"\nusd = "{}"\nper = 1000000\n'
BOTH = PRICE + PRICE.replace("input", "output")


def priced(model: str, amount: str = "1") -> str:
    """Entries for the input and the output of a model."""
    return BOTH.format(model, amount, model, amount)


FEES = """
[[charge]]
name = "step transitions"
each = "stage"
usd = "0.025"
per = 1000
count = 2

[[charge]]
name = "orchestrator"
each = "run"
usd = "0.01"
workflow = "build_*"

[[charge]]
name = "vector queries"
each = "call"
kind = "retriever"
usd = "0.004"

[[charge]]
name = "another workflow's"
each = "run"
usd = "7"
workflow = "audit"
"""


def test_fees_stand_on_a_line_of_their_own_and_count_for_the_run() -> None:
    """Per run, per visit of a stage and per call of a kind; none is a stage's own."""
    retrieved = af.Call(
        id="b/1", kind="retriever", stage="b", invocation=af.Invocation(function="m:f")
    )
    run = run_of(book(priced("m") + FEES), call(), retrieved)
    visited = replace(run.stages[1], outputs=("x", "y"))
    run = replace(run, stages=(run.stages[0], visited))
    told = [(fee.fee, fee.stage, fee.call, fee.money.amount) for fee in run.fees()]
    assert told == [
        ("step transitions", "a", "", Decimal("0.00005")),
        ("step transitions", "b", "", Decimal("0.0001")),
        ("orchestrator", "", "", Decimal("0.01")),
        ("vector queries", "b", "b/1", Decimal("0.004")),
    ]
    fees = sum((amount for *_, amount in told), Decimal(0))
    assert run.cost().amount == 2 + fees
    assert run.cost("a").amount + run.cost("b").amount == 2
    assert af.cost_of(run, af.priced()).amount == run.cost().amount


def test_a_fee_holds_from_its_day_on() -> None:
    """Of two entries for the same thing the latest that has come counts."""
    text = '[[charge]]\nname = "x"\neach = "run"\nusd = "{}"\neffective = "{}"\n'
    dated = book(text.format(1, "2026-01-01") + text.format(2, "2026-12-01"))
    for year, amounts in {2025: [], 2026: [1], 2027: [2]}.items():
        run = run_of(dated, at=NOW.replace(year=year))
        assert [fee.money.amount for fee in run.fees()] == amounts


EUROS = 'currency = "USD"\n[[rate]]\nfrom = "EUR"\nto = "USD"\nrate = "1.09"\n'
MIXED = priced("m") + priced("n").replace("usd", 'currency = "EUR"\namount')


def test_a_declared_currency_is_reported_in_at_the_rate_of_the_day() -> None:
    """The lock keeps the rate used: later rates do not change what a run cost."""
    dated = EUROS + 'date = "2026-11-01"\n'
    later = '[[rate]]\nfrom = "USD"\nto = "EUR"\nrate = "2"\ndate = "2026-11-21"\n'
    run = run_of(book(dated + later + MIXED), call(), call("n", id="a/2"))
    assert run.cost() == af.Money(amount=Decimal("4.18"))
    assert [rate.date for rate in run.recorded.prices.rates] == ["2026-11-01"]
    tomorrow = run_of(
        book(dated + later + MIXED), call("n"), at=NOW + dt.timedelta(days=1)
    )
    assert tomorrow.cost() == af.Money(amount=Decimal(1))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", 'charged in several currencies: EUR, USD.*currency = "USD"'),
        ('currency = "USD"\n', r"no rate from EUR to USD.*\[\[rate\]\] from = \"EUR\""),
        (
            EUROS + 'date = "2027-01-01"\n',
            "no rate from EUR to USD is declared for the",
        ),
    ],
)
def test_a_mix_of_currencies_without_a_rate_is_an_error(head: str, said: str) -> None:
    """No number is made up; the message holds the entry to paste."""
    run = run_of(book(head + MIXED), call(), call("n", id="a/2"))
    with pytest.raises(af.UnknownRate, match=said):
        run.cost()
    assert af.cost_of(run, af.priced()).amount is None


amounts = st.decimals("0.000001", 10**6, places=6)
rates = st.decimals("0.001", 1000, places=3)


@given(amounts, rates)
def test_an_amount_converted_there_and_back_is_the_same(
    amount: Decimal, rate: Decimal
) -> None:
    """Nothing is lost on the way, in either direction of the rate."""
    there = af.Rate(currency="EUR", into="USD", rate=rate, date="2026-01-01")
    money = af.Money(amount=amount, currency="EUR")
    assert converted(converted(money, "USD", there), "EUR", there) == money
    assert converted(money, "EUR", None) is money
    with pytest.raises(af.UnknownRate):
        converted(money, "GBP", there)


def answered(tier: str | None, *, place: str = "top") -> af.Response:
    """An answer that names a service tier where its provider does."""
    said = {} if tier is None else {"service_tier": tier}
    if place == "stream":
        first = json.dumps({"response": {"service_tier": "auto"}})
        last = json.dumps({"type": "response.completed", "response": said})
        body = f"event: a\ndata: {first}\n\nevent: b\ndata: {last}\n\n"
    else:
        body = json.dumps(said if place == "top" else {"usage": said, "text": "x"})
    return af.Response(status=200, body=body.encode())


@pytest.mark.parametrize("place", ["top", "usage", "stream"])
def test_the_tier_is_the_one_the_answer_states(place: str) -> None:
    """Standard by any of its names, else as it is said; of a stream the last."""
    for said, tier in (("flex", "flex"), ("default", ""), ("standard", "")):
        made = call(response=answered(said, place=place))
        assert service_tier(made) == tier
    assert service_tier(call()) == ""
    told = json.dumps({"text": '{"service_tier": "flex"}'}).encode()
    assert service_tier(call(response=af.Response(status=200, body=told))) == ""


@given(st.binary(max_size=80))
def test_any_answer_has_a_tier(body: bytes) -> None:
    """Whatever bytes came: a text, and no error."""
    for data in (body, b'data: "service_tier" ' + body, b'{"service_tier": ' + body):
        made = call(response=af.Response(status=200, body=data))
        assert isinstance(service_tier(made), str)


def test_each_tier_has_its_own_price_and_an_unlisted_one_has_none() -> None:
    """The standard price never stands for another tier."""
    cheap = priced("m", "0.5").replace("per =", 'tier = "flex"\nper =')
    both = book(priced("m", "1") + cheap)
    calls = [call(id="a/1"), call(id="a/2", response=answered("flex"))]
    run = run_of(both, *calls)
    half = Decimal("0.5")
    assert [c.money.amount for c in run.charges()] == [1, 1, half, half]
    other = run_of(both, call(response=answered("priority")))
    with pytest.raises(af.UnknownPrice, match="at service tier 'priority'"):
        other.cost()


def test_listed_tiers_are_those_of_genai_prices() -> None:
    """Batch costs half; of a tier that is not listed no price is given."""
    pytest.importorskip("genai_prices")
    listed = af.PriceBook()
    standard = run_of(listed, call("gpt-5-mini")).cost()
    batch = run_of(listed, call("gpt-5-mini", response=answered("batch"))).cost()
    assert batch.amount * 2 == standard.amount == Decimal("2.25")
    with pytest.raises(af.UnknownPrice, match="'scale'"):
        run_of(listed, call("gpt-5-mini", response=answered("scale"))).cost()


@pytest.mark.parametrize(
    "model",
    [
        "ft:gpt-5-mini-2025-08-07:acme::abc",
        "provisioned-model/gpt-5-mini",
        "arn:aws:sagemaker:eu-west-1:1:endpoint/gpt-5-mini",
        "application-inference-profile/gpt-5-mini",
    ],
)
def test_a_model_of_ones_own_needs_an_entry_that_says_so(model: str) -> None:
    """Neither the base model, nor a family, nor the list stands for it."""
    general = priced("gpt-5-mini") + priced("*") + priced("*gpt-5-mini*")
    with pytest.raises(af.UnknownPrice):
        run_of(book(general, listed=True), call(model)).cost()
    own = priced(model[: model.index("gpt") + 3] + "*", "3")
    assert run_of(book(general + own), call(model)).cost().amount == 6
    assert run_of(book(general + own + priced(model, "4")), call(model)).cost() == (
        af.Money(amount=Decimal(8))
    )


def test_a_fine_tuned_model_may_have_its_own_listed_price() -> None:
    """What the list itself calls ``ft:`` is no base model's price."""
    pytest.importorskip("genai_prices")
    tuned = run_of(af.PriceBook(), call("ft:gpt-4o-mini-2024-07-18:acme::abc"))
    base = run_of(af.PriceBook(), call("gpt-4o-mini-2024-07-18"))
    assert tuned.cost() > base.cost()


ENDPOINT = '[[endpoint]]\nmodel = "endpoint:sdxl"\nusd_per_hour = "6"\n'


@pytest.mark.parametrize(
    "load",
    ["requests_per_hour = 60", 'capacity_per_hour = 120\nutilisation = "0.5"'],
)
def test_an_endpoint_by_the_hour_costs_its_share_of_the_hour(load: str) -> None:
    """Whatever a request used: tokens and pictures of it are not billed beside it."""
    units = {"images:1024x1024:auto": Decimal(2)}
    made = call("endpoint:sdxl", af.Usage(input_tokens=5, units=units), kind="image")
    run = run_of(book(ENDPOINT + load), made)
    (charge,) = run.charges()
    assert (charge.unit, charge.money.amount) == ("requests", Decimal("0.1"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ENDPOINT, "give requests_per_hour, or capacity_per_hour and utilisation"),
        (ENDPOINT + "capacity_per_hour = 9", "utilisation is a number"),
        (ENDPOINT + "requests_per_hour = 0", "requests_per_hour is a number above 0"),
        (ENDPOINT + 'requests_per_hour = 9\nutilisation = "1"', "goes with capacity"),
        ('currency = "euro"', 'currency = "EUR"'),
        ('[[rate]]\nfrom = "EUR"\nto = "EUR"\nrate = 1\ndate = "2026-01-01"', "both"),
        ('[[rate]]\nfrom = "EUR"\nto = "USD"\nrate = 1', "date is missing"),
        (
            '[[rate]]\nfrom = "EUR"\nto = "USD"\nrate = 0\ndate = "2026-01-01"',
            "above 0",
        ),
        ('[[size]]\nmodel = "m"', 'parameters = "8e9"'),
        ('[[size]]\nmodel = "m"\nparameters = "-1"', "above 0"),
        ('[[size]]\nmodel = "m"\nparameters = 1\nsteps = 0', "whole number"),
        ('[[charge]]\nname = "x"\neach = "hour"\nusd = 1', "one of run, stage, call"),
        (
            '[[charge]]\nname = "x"\neach = "run"\nkind = "tool"\nusd = 1',
            "each = .call",
        ),
        (
            '[[charge]]\nname = "x"\neach = "call"\nkind = "loot"\nusd = 1',
            "one of chat",
        ),
    ],
)
def test_senseless_declarations_are_errors(text: str, complaint: str) -> None:
    """Each says which entry of which file, what is wrong and what is right."""
    with pytest.raises(af.BadPrice, match=f"prices.toml.*{complaint}"):
        parse_file(text, "prices.toml")


def test_a_unit_can_be_a_family_of_units() -> None:
    """One price for pictures of any size; the unit itself is closer than its family."""
    entry = '[[price]]\nmodel = "p"\nunit = "{}"\nusd = "{}"\n'
    flat = entry.format("images:*", 1) + entry.format("images:512x512:*", 2)
    used = {"images:512x512:low": Decimal(1), "images:9x9:low": Decimal(1)}
    made = call("p", af.Usage(units=used), kind="image")
    assert run_of(book(flat), made).cost().amount == 3
    exact = entry.format("images:512x512:low", 4)
    assert run_of(book(flat + exact), made).cost().amount == 5


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 400_000))
def test_splitting_a_call_never_costs_more(one: int, two: int, above: int) -> None:
    """Two calls with the same tokens in all are never dearer, whatever tiers there are.

    A dearer tier begins at a longer prompt, so that shorter prompts never meet it.
    """
    tier = PRICE.format("m", 2) + f"above_input_tokens = {above}\n"
    tiers = book(PRICE.format("m", 1) + tier)

    def cost(*tokens: int) -> Decimal:
        calls = [
            call("m", af.Usage(input_tokens=n, output_tokens=0), id=f"a/{i}")
            for i, n in enumerate(tokens)
        ]
        return run_of(tiers, *calls).cost().amount

    assert cost(one, two) <= cost(one + two)
    assert cost(one) <= cost(one + two)


def test_sizes_rates_and_fees_stay_when_a_stage_is_recorded_again() -> None:
    """What a lock holds is kept, and what the new calls need is added."""
    size = '[[size]]\nmodel = "{}"\nparameters = 1\n'
    first = run_of(book(priced("m") + FEES + size.format("m")), call())
    again = book(priced("n") + size.format("n"))
    lock = locked_again(first.recorded.prices, [call("n")], again, NOW)
    assert [s.model for s in lock.sizes] == ["n", "m"]
    assert lock.fees == first.recorded.prices.fees


def test_a_size_stands_for_snapshots_and_is_kept_in_the_lock() -> None:
    """As prices do; the family of a base model is none for a tuned one."""
    text = '[[size]]\nmodel = "gpt-*"\nparameters = "8e9"\nsteps = 20\n'
    names = ("gpt-5-mini-2025-08-07", "ft:gpt-5-mini:a", "other")
    lock = run_of(book(text), *map(call, names)).recorded.prices
    assert [(s.model, s.steps) for s in lock.sizes] == [(names[0], 20)]


def test_a_sagemaker_endpoint_is_never_free() -> None:
    """It is named by its endpoint, has the price declared for it, and else none."""
    request = af.Request(
        method="POST",
        scheme="https",
        host="runtime.sagemaker.eu-west-1.amazonaws.com",
        port=443,
        path="/endpoints/sdxl-prod/invocations",
    )
    made = call(None, None, kind="http", request=request)  # type: ignore[arg-type]
    with pytest.raises(af.UnknownPrice, match="requests of sagemaker:sdxl-prod"):
        run_of(book(""), made).cost()
    declared = ENDPOINT.replace("endpoint:sdxl", "sagemaker:sdxl-prod")
    run = run_of(book(declared + "requests_per_hour = 60"), made)
    assert run.cost().amount == Decimal("0.1")


def test_drift_is_told_price_by_price() -> None:
    """Prices, charges and rates; what is the same, or new, is none."""
    dated = EUROS + 'date = "2026-11-01"\n'
    euros = priced("m").replace("usd", 'currency = "EUR"\namount')
    old = run_of(book(dated + euros + FEES), call()).recorded.prices
    assert af.price_drifts(old, old) == ()
    text = (dated + euros + FEES).replace('"1"', '"3"', 1).replace("1.09", "1.2")
    text = text.replace('"0.025"', '"0.03"')
    new = run_of(book(text), call(), at=NOW + dt.timedelta(days=9)).recorded.prices
    told = [
        (d.name, d.before.amount, d.after and d.after.amount)
        for d in (af.price_drifts(old, new))
    ]
    assert told == [
        ("input_tokens of m", 1, 3),
        ("stages of step transitions", Decimal("0.05"), Decimal("0.06")),
        ("rate of one EUR", Decimal("1.09"), Decimal("1.2")),
    ]
    assert [d.before_date for d in af.price_drifts(old, new)] == [
        "2026-11-20",
        "2026-11-20",
        "2026-11-01",
    ]
    (gone, *_) = af.price_drifts(old, replace(new, prices=()))
    assert gone.after is None
    assert gone.after_date == "2026-11-29"


def test_a_run_at_other_prices_keeps_its_own_lock() -> None:
    """The same usage at prices of today; the lock of the recording stays beside it."""
    run = run_of(book(priced("m")), call())
    now = af.repriced(run, book(priced("m", "3")), NOW + dt.timedelta(days=400))
    assert (run.cost().amount, now.cost().amount) == (2, 6)
    assert now.locked == run.recorded.prices
    assert af.to_json(now.calls) == af.to_json(run.calls)
    assert af.repriced(now, book(priced("m")), NOW).locked == run.recorded.prices
