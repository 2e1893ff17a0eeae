"""The check `cost` judges money, tokens, calls, seconds and images."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import cost
from agentflow_checks.spending.amounts import money_text, price_text, rounded_up
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

STAGES = ("offers", "personalizer", "artist", "qa")


def price(unit: str, amount: str, model: str = "small", **more: Any) -> af.UnitPrice:
    """A locked price."""
    return af.UnitPrice(model=model, unit=unit, amount=Decimal(amount), **more)


PRICES = (
    price("input_tokens", "1", per=1_000_000, source="genai-prices 0.2.3"),
    price("output_tokens", "2", per=1_000_000, source="genai-prices 0.2.3"),
    price("images:1024x1024:medium", "0.011", model="painter"),
)


def chat(stage: str, read: int, written: int, **more: Any) -> af.Call:
    """A call of the small model."""
    usage = af.Usage(input_tokens=read, output_tokens=written)
    fields = {"kind": "chat", "model": "small", "usage": usage, **more}
    name = more.pop("id", None) or f"{stage}/{read}-{written}"
    return af.Call(**{"id": name, "stage": stage, **fields})


def picture(number: int) -> af.Call:
    """A call of the image model."""
    usage = af.Usage(units={"images:1024x1024:medium": Decimal(1)})
    return af.Call(
        id=f"artist/{number}",
        kind="image",
        stage="artist",
        model="painter",
        usage=usage,
    )


HEALTHY = (
    chat("personalizer", 1_000, 500),
    picture(1),
    picture(2),
    chat("qa", 2_000, 100),
)


def run_of(
    *calls: af.Call, prices: tuple[af.UnitPrice, ...] = PRICES, **recorded: Any
) -> af.Run:
    """A run of four stages, of which the first calls no model."""
    return af.Run(
        workflow="build_site",
        case="hotel",
        stages=tuple(af.Stage(name=name) for name in STAGES),
        calls=calls,
        recorded=af.Recorded(prices=af.PriceLock(prices=prices), **recorded),
    )


def judge(run: af.Run, *args: Any, **kwargs: Any) -> af.CheckResult:
    """The result of `cost` with these arguments."""
    return af.evaluate(run, cost(*args, **kwargs)).results[0]


def only(result: af.CheckResult) -> af.Finding:
    """The one finding there is."""
    (finding,) = result.findings
    return finding


def test_a_run_within_all_its_budgets_passes() -> None:
    """Every limit is decided, and each rule says of how many subjects."""
    result = judge(
        run_of(*HEALTHY, duration=900.0, stages={"artist": (100.0, 600.0)}),
        0.0262,
        stages={"personalizer": 0.002, "artist": "0.022"},
        tokens={"qa": 2_100},
        calls=4,
        latency={"artist": 0.5},
        images=2,
    )
    assert result.verdict is af.Verdict.PASSED, result.findings
    assert {rule.rule: rule.passed for rule in result.rules} == {
        "cost.priced": 4,
        "cost.total": 1,
        "cost.stage": 2,
        "cost.tokens": 1,
        "cost.calls": 1,
        "cost.latency": 1,
        "cost.images": 1,
    }


def test_money_is_exact() -> None:
    """A budget of exactly what was spent holds; one step less does not."""
    run = run_of(*HEALTHY)
    assert run.cost().amount == Decimal("0.0262")
    assert judge(run, 0.0262).ok
    assert judge(run, Decimal("0.0262")).ok
    assert not judge(run, "0.02619999999").ok


def test_a_stage_over_its_budget_is_named_with_its_cause() -> None:
    """The message says which stage, by how much, and what it spent the money on."""
    run = run_of(chat("personalizer", 1_000, 2_500), chat("qa", 10, 10))
    finding = only(judge(run, stages={"personalizer": 0.004, "qa": 1}))
    assert finding.rule == "cost.stage"
    assert finding.message == (
        "personalizer costs $0.0060, $0.0020 (50 %) over its $0.0040"
    )
    assert finding.fix == (
        "personalizer spent it on 1 call of small with 2,500 output_tokens at $2.00 "
        "per 1M = $0.0050 (83 %); 1 call of small with 1,000 input_tokens at $1.00 per "
        "1M = $0.0010 (17 %). Spend less there, or raise the budget: "
        'stages={"personalizer": 0.006}'
    )
    assert finding.introduced_by == "personalizer"
    assert finding.observed == "$0.0060"
    assert finding.expected == "at most $0.0040"


def test_a_breach_of_the_total_is_put_down_to_the_stage_over_its_own_budget() -> None:
    """Not the dearest stage, but the one furthest over what it may spend."""
    run = run_of(*HEALTHY, chat("qa", 5_000, 0))
    result = judge(run, 0.03, stages={"artist": 0.03, "qa": 0.003})
    total = next(f for f in result.findings if f.rule == "cost.total")
    assert total.introduced_by == "qa"
    assert "qa is furthest over its own budget, by $0.0042" in total.message


def test_without_budgets_of_stages_it_is_put_down_to_the_largest_share() -> None:
    """The message says that this is why the stage is named."""
    finding = only(judge(run_of(*HEALTHY), 0.02))
    assert finding.introduced_by == "artist"
    assert finding.message == (
        "the run costs $0.0262, $0.0062 (31 %) over its $0.020: artist has the largest "
        "share, 84 %"
    )
    assert finding.observed == (
        "$0.0262: artist $0.022 (84 %), qa $0.0022 (8 %), personalizer $0.0020 (8 %)"
    )
    assert finding.fix.startswith(
        "artist spent it on 2 calls of painter with 2 images:1024x1024:medium at "
        "$0.011 each = $0.022 (100 %). Spend less there, or raise the budget: total="
    )
    beside = judge(run_of(*HEALTHY), 0.02, stages={"artist": 1})
    assert "no stage is over a budget of its own" in only(beside).message


def test_calls_of_no_stage_are_no_stage() -> None:
    """What no door attributed counts in the total and is not called a stage."""
    finding = only(judge(run_of(chat("unattributed", 0, 9_000)), 0.01))
    assert finding.introduced_by is None
    assert "unattributed has the largest share, 100 %" in finding.message


def test_an_unknown_price_is_an_error_and_never_nothing() -> None:
    """The call, the model and its unit are named, and both ways to mend it."""
    run = run_of(*HEALTHY, chat("qa", 9, 0, model="my-llama"), prices=PRICES)
    result = judge(run, 1)
    assert result.verdict is af.Verdict.ERROR
    priced, whole = result.findings
    assert priced.message == "no price is known for input_tokens of my-llama"
    assert str(priced.place) == "qa/9-0"
    assert '\nmodel = "my-llama"\nunit = "input_tokens"\nusd = "..."' in priced.fix
    assert "then: agentflow prices RECORDING --file prices.toml" in priced.fix
    assert "genai-prices does not list it" in priced.fix
    assert whole.rule == "cost.total"
    assert whole.observed == "at least $0.0262"
    assert {r.rule: (r.errors, r.examined) for r in result.rules} == {
        "cost.priced": (1, 5),
        "cost.total": (1, 1),
    }


def test_a_recording_without_any_price_names_the_command() -> None:
    """Without genai-prices and own prices, both repairs are given."""
    result = judge(run_of(chat("qa", 9, 0), prices=()), 1)
    assert result.verdict is af.Verdict.ERROR
    assert result.findings[0].fix.startswith(
        "pip install 'pytest-agentflow[prices]', or add to prices.toml"
    )


def test_a_budget_that_the_known_part_breaks_is_broken() -> None:
    """What is not known can only add: the total fails, and says "at least"."""
    run = run_of(*HEALTHY, chat("qa", 9, 0, model="my-llama"))
    total = judge(run, 0.01).findings[-1]
    assert total.verdict is af.Verdict.FAILED
    assert total.message.startswith("the run costs at least $0.0262")
    assert total.introduced_by is None


def test_an_answer_without_usage_is_an_error_for_money_and_tokens() -> None:
    """The repair for streams is the option that providers need."""
    silent = chat("qa", 0, 0, usage=None, api="openai.chat")
    result = judge(run_of(*HEALTHY, silent), 1, tokens={"qa": 10**9})
    assert result.verdict is af.Verdict.ERROR
    by_rule = {finding.rule: finding for finding in result.findings}
    assert set(by_rule) == {"cost.priced", "cost.total", "cost.tokens"}
    assert 'stream_options={"include_usage": True}' in by_rule["cost.priced"].fix
    assert "small reports no usage" in by_rule["cost.priced"].message


def test_a_stream_that_broke_off_is_not_priced() -> None:
    """Partial usage is not taken for the whole."""
    broken = chat("qa", 10, 1, missing=("usage",))
    result = judge(run_of(broken), 1)
    assert result.verdict is af.Verdict.ERROR
    assert "broke off" in result.findings[0].fix


def test_a_misspelt_stage_is_an_error_with_a_suggestion() -> None:
    """Every budget names a stage that the run has; the other budgets still count."""
    result = judge(
        run_of(*HEALTHY), stages={"artst": 1, "artist": 0.01}, calls={"q": 1}
    )
    assert result.verdict is af.Verdict.ERROR
    messages = [finding.message for finding in result.findings]
    assert "Did you mean 'artist'?" in messages[0]
    assert messages[1].startswith("artist costs $0.022")
    assert "no stage 'q'" in messages[2]


def test_nothing_to_bill_is_never_a_pass() -> None:
    """A run without model calls, and a stage without any, decide nothing."""
    assert judge(run_of(), 1).verdict is af.Verdict.INAPPLICABLE
    assert judge(run_of(), tokens=1, calls=1).verdict is af.Verdict.INAPPLICABLE
    result = judge(run_of(*HEALTHY), stages={"offers": 1})
    stage = next(rule for rule in result.rules if rule.rule == "cost.stage")
    assert stage.verdict is af.Verdict.INAPPLICABLE
    assert result.notes[0].text == (
        "offers has a budget, but made no call that costs money"
    )


def test_counts_over_their_budgets_are_explained() -> None:
    """Tokens, calls, images and seconds each fail with their figures."""
    run = run_of(*HEALTHY, duration=12_345.6, stages={"qa": (0.0, 2_000.0)})
    result = judge(run, tokens=3_000, calls={"qa": 0}, images=1, latency=10)
    messages = {finding.rule: finding.message for finding in result.findings}
    assert messages == {
        "cost.tokens": "the run used 3,600 tokens, 600 (20 %) over its 3,000. qa has "
        "the largest part, 2,100 tokens. 1 call of small: 2,000 tokens in, 100 out.",
        "cost.calls": "qa made 1 model calls, 1 over its 0. 1 call of small: 2,000 "
        "tokens in, 100 out.",
        "cost.latency": "the run took 12.346 s (recorded), 2.346 s (23 %) over its "
        "10 s. qa takes the longest, 2.000 s.",
        "cost.images": "the run made 2 images, 1 (100 %) over its 1. artist has the "
        "largest part, 2 images. 2 calls of painter: 0 tokens in, 0 out.",
    }
    stages = {finding.rule: finding.introduced_by for finding in result.findings}
    assert set(stages.values()) == {"qa", "artist"}


def test_money_is_not_judged_where_only_counts_are_asked_for() -> None:
    """A budget of tokens needs no prices."""
    result = judge(run_of(chat("qa", 9, 0), prices=()), tokens=10)
    assert result.verdict is af.Verdict.PASSED
    assert [rule.rule for rule in result.rules] == ["cost.tokens"]


def test_a_recording_without_times_cannot_hold_a_latency() -> None:
    """Times that were not recorded are an error, not 0 s."""
    result = judge(run_of(*HEALTHY), latency={"qa": 1})
    assert result.verdict is af.Verdict.ERROR
    assert "holds no times" in only(result).message


def test_estimates_are_marked_at_every_figure() -> None:
    """A figure that rests on estimated usage says so, in findings and exhibits."""
    usage = af.Usage(input_tokens=1_000, output_tokens=1_000, source="estimated")
    result = judge(run_of(chat("qa", 1, 1, usage=usage)), 0.001, tokens=10)
    for finding in result.findings:
        assert "(estimated)" in finding.message
        assert finding.observed is not None
        assert "(estimated)" in finding.observed
    bars, table = result.exhibits
    assert bars.bars[0].label == "qa (estimated)"
    assert table.rows[0][5] == "$0.0030 (estimated)"


def test_the_bill_is_shown_even_where_nothing_is_limited() -> None:
    """Without arguments prices are checked, and bars and table are shown."""
    result = judge(run_of(*HEALTHY))
    assert result.verdict is af.Verdict.PASSED
    bars, table = result.exhibits
    assert [(bar.label, bar.value) for bar in bars.bars] == [
        ("personalizer", Decimal("0.002")),
        ("artist", Decimal("0.022")),
        ("qa", Decimal("0.0022")),
    ]
    assert table.rows == (
        ("personalizer", "1", "1,000", "500", "0", "$0.0020", "8 %"),
        ("artist", "2", "0", "0", "2", "$0.022", "84 %"),
        ("qa", "1", "2,000", "100", "0", "$0.0022", "8 %"),
        ("total", "4", "3,000", "600", "2", "$0.0262", "100 %"),
    )


def test_bars_carry_their_limits_and_verdicts() -> None:
    """A bar over its limit is failed, one with unknown prices is an error."""
    run = run_of(*HEALTHY, chat("qa", 9, 0, model="my-llama"))
    bars = judge(run, stages={"artist": 0.01, "personalizer": 1}).exhibits[0]
    assert [(bar.label, bar.verdict) for bar in bars.bars] == [
        ("personalizer", af.Verdict.PASSED),
        ("artist", af.Verdict.FAILED),
        ("qa (not all priced)", af.Verdict.ERROR),
    ]


def test_two_currencies_are_not_mixed() -> None:
    """A budget in another currency than the prices is an error that names both."""
    prices = tuple(
        price(unit, "1", per=1000, currency="EUR")
        for unit in ("input_tokens", "output_tokens")
    )
    run = run_of(chat("qa", 10, 10), prices=prices)
    assert 'Write currency="EUR"' in only(judge(run, 1)).message
    assert judge(run, 1, currency="EUR").ok
    assert judge(run).ok
    mixed = run_of(chat("qa", 10, 10), prices=(prices[0], PRICES[1]))
    assert "is charged in EUR and USD" in only(judge(mixed, 1)).message
    counted = judge(mixed, tokens=10)
    assert [f.rule for f in counted.findings] == ["cost.tokens"]
    assert counted.exhibits == ()


@pytest.mark.parametrize("declared", [False, True])
def test_the_rate_that_is_handed_out_is_the_one_that_lacks(
    declared: bool, tmp_path: Path
) -> None:
    """Pasted with its number, and brought in by the command, the run has a cost."""
    prices = (price("input_tokens", "1", currency="EUR"), price("output_tokens", "2"))
    lock = af.PriceLock(
        prices=prices,
        as_of="2026-11-20T12:00:00Z",
        currency="USD" if declared else None,
    )
    run = replace(run_of(chat("qa", 10, 10)), recorded=af.Recorded(prices=lock))
    path = tmp_path / "hotel.flow.json"
    af.save(run, path)

    finding = only(judge(af.load(path), 100))
    assert finding.rule == "cost.priced"
    assert finding.verdict is af.Verdict.ERROR
    assert finding.fix.endswith(f"then: agentflow prices {path} --file prices.toml")
    head, _, entry = finding.fix.partition('with the rate for "...":\n')
    entry, _, _ = entry.partition("then: ")
    assert entry == (
        '[[rate]]\nfrom = "EUR"\nto = "USD"\nrate = "..."\ndate = "2026-11-20"\n'
    )
    assert ('at the top of prices.toml:\ncurrency = "USD"\n' in head) != declared
    book = tmp_path / "prices.toml"
    book.write_text('currency = "USD"\n' + entry.replace("...", "1.5"))
    agentflow = Path(sys.executable).with_name("agentflow")
    command = [agentflow, "prices", path, "--file", book]
    subprocess.run(command, check=True, capture_output=True)
    assert af.load(path).cost() == af.Money(amount=Decimal(35), currency="USD")
    assert judge(af.load(path), 35).ok
    assert not judge(af.load(path), 34).ok


def test_a_charge_that_charges_nothing_is_told_beside_the_cost() -> None:
    """A stage that is misspelt is a warning; one that this run did without is none."""
    fees = tuple(
        af.Fee(name=name, each=each, amount=Decimal(1), source="prices.toml", **more)
        for name, each, more in (
            ("steps", "stage", {"stage": "artits"}),
            ("lookups", "call", {"kind": "retriever"}),
            ("runs", "run", {}),
        )
    )
    run = run_of(*HEALTHY)
    lock = replace(run.recorded.prices, fees=fees)
    run = replace(run, recorded=replace(run.recorded, prices=lock))
    result = judge(run, 2)
    assert result.ok
    told = (
        "the charge {!r} of prices.toml is charged for nothing: run build_site/hotel "
        "has no"
    )
    repair = (
        "(correct it, then: agentflow prices RECORDING --file prices.toml; or say "
        'whose it is: workflow = "...")'
    )
    assert [(note.text, note.warning) for note in result.notes] == [
        (
            f"{told.format('steps')} stage 'artits'; did you mean 'artist'? {repair}",
            True,
        ),
        (f"{told.format('lookups')} retriever call", False),
    ]


def test_a_breach_keeps_its_fingerprint_when_recorded_again() -> None:
    """The same budget broken by another amount is the same finding."""
    first = only(judge(run_of(chat("qa", 0, 9_000)), stages={"qa": 0.01}))
    second = only(judge(run_of(chat("qa", 0, 9_500)), stages={"qa": 0.01}))
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"total": -1}, "total=: -1 is negative"),
        ({"total": "cheap"}, "total=: 'cheap' is no number"),
        ({"total": True}, "True is no number"),
        ({"total": float("nan")}, "nan is no number"),
        ({"total": {"artist": 1}}, "total= is one number"),
        ({"stages": 0.1}, "stages= maps stages to money"),
        ({"stages": {"artist": "x"}}, r"stages\['artist'\]: 'x' is no number"),
        ({"stages": {1: 2}}, "stages= maps names of stages"),
        ({"tokens": 1.5}, "tokens= counts: 1.5 is no whole number"),
        ({"calls": {"artist": -1}}, "-1 is negative"),
        ({"stages": {"artist": -0.00001}}, "-0.00001 is negative"),
        ({"latency": []}, "is no number"),
        ({"currency": "dollars"}, "is no currency code"),
        ({"totl": 1}, "did you mean total="),
    ],
)
def test_a_senseless_budget_is_refused_when_it_is_written(
    arguments: dict[str, Any], complaint: str
) -> None:
    """Wrong limits are errors at collection, before anything is judged."""
    with pytest.raises(af.BadArgument, match=complaint):
        cost(**arguments)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STAGES), st.integers(0, 10**7), st.integers(0, 10**7)
        ),
        min_size=1,
        max_size=6,
    ),
    st.randoms(),
)
def test_what_the_check_adds_up_is_the_cost_of_the_run(
    used: list[tuple[str, int, int]], order: Any
) -> None:
    """Bars add up to the run's cost, which is the exact budget, in any order."""
    calls = [chat(*u, id=f"{u[0]}/{n}") for n, u in enumerate(used)]
    run = run_of(*calls)
    exact = run.cost().amount
    result = judge(run, exact)
    assert sum(bar.value for bar in result.exhibits[0].bars) == exact
    assert result.ok
    order.shuffle(calls)
    again = judge(run_of(*calls), exact)
    assert again.exhibits[1].rows[-1] == result.exhibits[1].rows[-1]
    if exact:
        assert not judge(run, exact - Decimal("1e-9")).ok


@given(st.decimals(0, 10**6, places=9))
def test_amounts_are_written_close_to_what_they_are(amount: Decimal) -> None:
    """The text of an amount is within five percent, and a proposal is never less."""
    text = money_text(amount, "USD").removeprefix("$").replace(",", "")
    assert abs(Decimal(text) - amount) <= amount / 20
    assert amount <= rounded_up(amount) <= amount * Decimal("1.1") + 1


def test_unit_prices_are_written_with_their_size() -> None:
    """Prices per piece, per thousand and per million."""
    assert price_text(price("x", "0.25", per=1_000_000)) == "$0.25 per 1M"
    assert price_text(price("x", "10", per=1000)) == "$10.00 per 1k"
    assert price_text(price("x", "0.011", currency="EUR")) == "€0.011 each"
    assert price_text(price("x", "2.5", per=3_600_000)) == "$2.50 per 3,600,000"
