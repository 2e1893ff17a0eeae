"""Budgets of `cost` for tokens by kind, prompts, retries, shares and cost models."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from test_cost import HEALTHY, PRICES, chat, judge, only, picture, price, run_of

import pytest_agentflow as af


def test_tokens_are_held_by_kind() -> None:
    """Read, written and thought are budgets of their own, in all and by stage."""
    thought = af.Usage(input_tokens=100, output_tokens=900, reasoning_tokens=700)
    run = run_of(*HEALTHY, chat("qa", 0, 0, usage=thought))
    result = judge(
        run,
        input_tokens={"qa": 2_099},
        output_tokens=1_499,
        reasoning_tokens={"qa": 600, "personalizer": 0},
    )

    assert {f.rule: f.observed for f in result.findings} == {
        "cost.input_tokens": "2,100 input tokens",
        "cost.output_tokens": "1,500 output tokens",
        "cost.reasoning_tokens": "700 reasoning tokens",
    }
    assert {f.introduced_by for f in result.findings} == {"qa"}
    kept = judge(run, input_tokens=3_100, output_tokens=1_500, reasoning_tokens=700)
    assert kept.verdict is af.Verdict.PASSED


def test_tokens_that_are_not_told_are_an_error() -> None:
    """One kind alone may be missing, as in a stream that broke off."""
    half = chat("qa", 0, 0, usage=af.Usage(input_tokens=10))
    result = judge(run_of(*HEALTHY, half), output_tokens=10**9, input_tokens=10**9)

    assert {f.rule: f.verdict for f in result.findings} == {
        "cost.output_tokens": af.Verdict.ERROR
    }


def test_the_largest_prompt_is_named() -> None:
    """With what it is made of, and what it was before."""
    messages = (
        af.Message(role="system", text="x" * 100),
        af.Message(role="user", text="y" * 300),
    )
    run = run_of(*HEALTHY, chat("qa", 5_000, 1, messages=messages))
    result = af.evaluate(
        run, af.parse_check("cost(context=4000)"), earlier=run_of(*HEALTHY)
    ).results[0]

    finding = only(result)
    assert finding.message == (
        "qa/5000-1 was given 5,000 tokens, 1,000 over the 4,000 that a prompt of the "
        "run may have, in 2 messages, the longest (user) with 75 % of the text. "
        "Before, the largest was 2,000."
    )
    assert (finding.introduced_by, str(finding.place)) == ("qa", "qa/5000-1")
    assert judge(run, context={"qa": 5_000, "personalizer": 1_000}).ok


def test_a_prompt_of_unknown_size_is_an_error_and_pictures_have_none() -> None:
    """Pictures are billed apiece; a chat answer without usage is not known."""
    silent = chat("qa", 0, 0, usage=None)
    unknown = only(judge(run_of(*HEALTHY, silent), context=10**6))
    assert unknown.verdict is af.Verdict.ERROR
    drawn = judge(run_of(picture(1)), context=1)
    assert drawn.verdict is af.Verdict.INAPPLICABLE


def test_the_cache_must_give_its_share() -> None:
    """Of all input tokens; what is exactly met passes."""
    usage = af.Usage(input_tokens=1_000, output_tokens=1, cache_read_tokens=400)
    none = replace(usage, cache_read_tokens=0)
    run = run_of(chat("qa", 0, 0, usage=usage), chat("qa", 1_000, 1, usage=none))

    assert judge(run, min_cached=0.2).verdict is af.Verdict.PASSED
    finding = only(judge(run, min_cached={"qa": 0.5}))
    assert finding.message == (
        "qa read 400 of its 2,000 input tokens from the cache, 20 %, where 50 % are "
        "asked for"
    )
    assert judge(run_of(picture(1)), min_cached=0.5).verdict is (
        af.Verdict.INAPPLICABLE
    )


def test_what_a_cache_gave_is_known_only_where_it_is_told() -> None:
    """An answer that says nothing of it decides nothing that it could change."""
    usage = af.Usage(input_tokens=1_000, output_tokens=1, cache_read_tokens=400)
    run = run_of(chat("qa", 0, 0, usage=usage), chat("qa", 1_000, 1))

    assert judge(run, min_cached=0.2).verdict is af.Verdict.PASSED
    assert judge(run, min_cached=0.71).verdict is af.Verdict.FAILED
    finding = only(judge(run, min_cached=0.7))
    assert finding.verdict is af.Verdict.ERROR
    assert "report no tokens read from a cache" in finding.message
    silent = run_of(chat("qa", 0, 0, usage=None))
    assert only(judge(silent, min_cached=0)).verdict is af.Verdict.ERROR


def test_calls_that_tell_no_tokens_are_not_told_as_none() -> None:
    """The cause of too many calls counts what is known, and says so."""
    silent = chat("qa", 0, 0, usage=None, id="qa/2")
    finding = only(judge(run_of(chat("qa", 9, 2), silent), calls={"qa": 1}))
    assert finding.message.endswith(
        "2 calls of small: at least 9 tokens in, at least 2 out."
    )


def asking(number: int, text: str, **more: object) -> af.Call:
    """A call of the personalizer with this prompt."""
    messages = (af.Message(role="user", text=text),)
    name = f"personalizer/{number}"
    return chat("personalizer", 100, 50, id=name, messages=messages, **more)


def test_work_done_again_is_counted() -> None:
    """Failed attempts, and calls that ask the same again, with what these cost."""
    text = " ".join(f"word{n}" for n in range(60))
    other = " ".join(f"other{n}" for n in range(60))
    failed = (af.Attempt(status=503, error="overloaded"), af.Attempt(status=429))
    run = run_of(asking(1, text), asking(2, text), asking(3, other, attempts=failed))

    finding = only(judge(run, retries={"personalizer": 2}))
    assert finding.message == (
        "personalizer did work again 3 times, where 2 are allowed: 2 failed attempts "
        "(overloaded, 429); 1 call that asks the same again (personalizer/2 as "
        "personalizer/1), which cost $0.00020."
    )
    assert finding.introduced_by == "personalizer"
    paid = replace(failed[0], usage=af.Usage(input_tokens=1_000, output_tokens=0))
    dear = run_of(asking(1, text, attempts=(paid,)))
    assert "1 failed attempt (overloaded), which cost $0.0010." in (
        only(judge(dear, retries=0)).message
    )
    assert judge(run, retries=3).verdict is af.Verdict.PASSED
    assert judge(run_of(asking(1, text), asking(2, other)), retries=0).ok


def test_a_stage_has_its_share_of_the_cost() -> None:
    """Exactly the share holds; beyond, the message says what most of it is."""
    run = run_of(*HEALTHY)
    share = Decimal("0.022") / Decimal("0.0262")
    assert judge(run, shares={"artist": share.quantize(Decimal("0.0001"))}).ok

    finding = only(judge(run, shares={"artist": 0.8, "qa": 0.1}))
    assert finding.message == (
        "artist costs $0.022, 84 % of the run's $0.0262, more than its 80 %. Most of "
        "it is 2 calls of painter with 2 images:1024x1024:medium at $0.011 each = "
        "$0.022 (100 %)."
    )
    assert 'shares={"artist": 0.85}' in finding.fix


def test_a_share_of_what_is_not_known_is_an_error() -> None:
    """Nor is a share of nothing a pass."""
    unknown = judge(
        run_of(*HEALTHY, chat("qa", 9, 0, model="my-llama")), shares={"artist": 1}
    )
    assert {f.rule: f.verdict for f in unknown.findings}["cost.share"] is (
        af.Verdict.ERROR
    )
    free = tuple(price(p.unit, "0", p.model) for p in PRICES)
    nothing = judge(run_of(*HEALTHY, prices=free), shares={"artist": 1})
    rule = next(r for r in nothing.rules if r.rule == "cost.share")
    assert rule.verdict is af.Verdict.INAPPLICABLE


SIZES = {"small": 1e9, "painter": "2e9"}
CHATS = (chat("personalizer", 1_000, 500), chat("qa", 2_000, 100))


def test_budgets_can_be_of_forward_passes() -> None:
    """Under `aalp` they are parameter-tokens, as the position paper counts."""
    model = af.aalp(SIZES)
    run = run_of(*CHATS)
    spent = af.cost_of(run, model).amount
    assert spent is not None

    assert judge(run, spent, cost_model=model).verdict is af.Verdict.PASSED
    result = judge(
        run,
        spent - 1,
        stages={"personalizer": 1e14, "qa": 1e18},
        shares={"qa": 0.1},
        cost_model=model,
    )
    messages = {f.rule: f.message for f in result.findings}
    assert messages["cost.total"].startswith("the run takes 8.30e+14 parameter-tokens")
    assert (
        "By stage: personalizer 6.25e+14 parameter-tokens (75 %)"
        in (messages["cost.total"])
    )
    assert messages["cost.share"].startswith("qa takes 25 % of the run's parameter-")
    assert set(messages) == {"cost.total", "cost.stage", "cost.share"}
    assert [e.title for e in result.exhibits] == [
        f"What each stage takes under {model}"
    ]


def test_a_model_of_unknown_size_is_a_question() -> None:
    """Unless the part that is known is too much by itself."""
    run = run_of(*CHATS, chat("qa", 10, 10, model="large"))
    open_ = judge(run, 1e30, shares={"qa": 1}, cost_model=af.aalp(SIZES))
    assert open_.verdict is af.Verdict.UNDETERMINED
    assert "the size of large is not declared" in open_.findings[0].message
    assert judge(run, 1, cost_model=af.aalp(SIZES)).verdict is af.Verdict.FAILED
    assert judge(run, 1, cost_model="aalp").verdict is af.Verdict.UNDETERMINED


def test_rented_hours_are_a_budget_too() -> None:
    """In money, of the tokens that the hardware works through."""
    model = af.gpu_hour(
        36,
        utilisation=1,
        prefill_tokens_per_second=1_000,
        decode_tokens_per_second=100,
    )
    # 3,000 tokens in at 1,000 and 600 out at 100 a second: 9 s at a cent each.
    run = run_of(*CHATS)
    assert judge(run, 0.09, cost_model=model).verdict is af.Verdict.PASSED
    finding = only(judge(run, 0.08, cost_model=model))
    assert "the run takes $0.09" in finding.message


def test_forward_passes_stand_beside_money_where_sizes_are_declared() -> None:
    """A model of unknown size makes them a lower bound."""
    run = run_of(*HEALTHY)
    sizes = (af.ModelSize(model="small", parameters=Decimal("1e9")),)
    lock = af.PriceLock(prices=PRICES, sizes=sizes)
    sized = af.Run(
        workflow=run.workflow,
        case=run.case,
        stages=run.stages,
        calls=run.calls,
        recorded=af.Recorded(prices=lock),
    )
    table = judge(sized).exhibits[1]

    assert table.columns[-1] == "forward passes"
    assert [row[-1] for row in table.rows] == [
        "6.25e+14",
        "at least 0",
        "2.05e+14",
        "at least 8.30e+14",
    ]


def test_a_reporting_currency_is_the_one_of_the_budgets() -> None:
    """Prices in dollars, reported in euros at a declared rate."""
    rate = af.Rate(
        currency="USD", into="EUR", rate=Decimal("0.5"), date="2026-01-01", source="me"
    )
    lock = af.PriceLock(prices=PRICES, currency="EUR", rates=(rate,))
    run = run_of(*HEALTHY)
    run = af.Run(
        workflow="w",
        case="c",
        stages=run.stages,
        calls=run.calls,
        recorded=af.Recorded(prices=lock),
    )

    assert judge(run, 0.0131, currency="EUR").ok
    assert not judge(run, 0.0130, currency="EUR").ok
    with pytest.raises(AssertionError):
        assert judge(run, 1, currency="USD").ok
