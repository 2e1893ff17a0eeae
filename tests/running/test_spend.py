"""No call is made that would exceed the session's budget."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openai
import pytest
from flows import MakeFlow
from hypothesis import given
from hypothesis import strategies as st
from scripted_server import Server

import pytest_agentflow as af
from pytest_agentflow.model.call import Call, Request
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.running.spend import Spend

PRICES = """
[[price]]
model = "m-small"
unit = "input_tokens"
usd = "1"
per = 1000000

[[price]]
model = "m-small"
unit = "output_tokens"
usd = "2"
per = 1000000
"""


def dollars(amount: str) -> af.Money:
    """An amount of US dollars."""
    return af.Money(amount=Decimal(amount))


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A price file with one model."""
    file = tmp_path_factory.mktemp("prices") / "prices.toml"
    file.write_text(PRICES)
    return file


def ask(limit: int = 1000, model: str = "m-small") -> None:
    """Ask once, for at most so many tokens."""
    with openai.OpenAI() as client:
        client.chat.completions.create(
            model=model,
            max_completion_tokens=limit,
            messages=[{"role": "user", "content": "Plan a page."}],
        )


def ask_three() -> int:
    """Ask three times, and swallow what goes wrong."""
    done = 0
    for _ in range(3):
        with contextlib.suppress(Exception):
            ask()
            done += 1
    return done


def test_the_call_that_would_exceed_it_is_not_sent(
    flow: MakeFlow, server: Server, prices: Path
) -> None:
    """What was answered before is kept in the journal, which the message names."""
    made = flow("record", budget=dollars("0.00207"), prices=prices)
    with pytest.raises(af.OverBudget, match=r"of the budget of \$0\.0021") as caught:
        made.run(ask_three)
    assert len(server.asked) == 2
    notes = "\n".join(caught.value.__notes__)
    assert "partial.jsonl" in notes
    journal = next((made.settings.recordings()).glob("*/*.partial.jsonl"))
    assert journal.read_text().count('"event": "call"') == 2


def test_a_budget_is_for_all_runs_together(
    flow: MakeFlow, server: Server, prices: Path
) -> None:
    """The second run of a session finds what the first one left."""
    made = flow("live", budget=dollars("0.0041"), prices=prices)
    made.run(ask_three)
    made.run(ask_three)
    with pytest.raises(af.OverBudget):
        made.run(ask, 2040)


def test_a_model_without_a_price_is_not_asked(
    flow: MakeFlow, server: Server, prices: Path
) -> None:
    """An unknown price is never 0, and the message says where to give one."""
    made = flow("live", budget=dollars("5"), prices=prices)
    with pytest.raises(af.OverBudget, match="file that agentflow_prices names"):
        made.run(ask, 10, model="m-unheard-of")
    assert server.asked == []


def test_a_replay_costs_nothing(flow: MakeFlow, server: Server, prices: Path) -> None:
    """A budget does not count what is answered from the recording."""
    flow("record", prices=prices).run(ask_three)
    flow("replay", budget=dollars("0.0000001"), prices=prices).run(ask_three)


def a_request(limit: int) -> Request:
    """A request for at most so many tokens."""
    body = f'{{"model": "m-small", "max_tokens": {limit}, "messages": []}}'
    return Request(
        method="POST",
        scheme="https",
        host="api.openai.com",
        port=443,
        path="/v1/chat/completions",
        body=body.encode(),
    )


def answered(used: int) -> Call:
    """A call whose answer took so many tokens."""
    usage = Usage(input_tokens=5, output_tokens=used)
    return Call(id="s/1", kind="chat", stage="s", model="m-small", usage=usage)


def test_calls_under_way_count(prices: Path) -> None:
    """Of calls made side by side only as many go out as can be paid for."""
    spend = Spend(dollars("0.01"), af.load_book(prices))

    def send(number: int) -> bool:
        try:
            spend.before(number, a_request(1000))
        except af.OverBudget:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(20)))
    assert sum(sent) == 4
    assert spend.spent == dollars("0")


@given(st.lists(st.tuples(st.integers(1, 3000), st.floats(0, 1)), max_size=30))
def test_it_is_never_exceeded(prices: Path, calls: list[tuple[int, float]]) -> None:
    """Whatever is asked for, answers within their own limits stay within the budget."""
    spend = Spend(dollars("0.02"), af.load_book(prices))
    for number, (limit, share) in enumerate(calls):
        try:
            spend.before(number, a_request(limit))
        except af.OverBudget:
            continue
        spend.after(number, answered(int(limit * share)))
    assert spend.spent <= spend.limit


def test_a_failed_try_gives_back_what_was_set_aside(prices: Path) -> None:
    """Rate limits and broken connections cost nothing."""
    spend = Spend(dollars("0.0021"), af.load_book(prices))
    for number in range(5):
        spend.before(number, a_request(1000))
        spend.after(number, None)
    assert spend.spent == dollars("0")


def test_without_a_limit_the_longest_answer_so_far_is_assumed(prices: Path) -> None:
    """It is found by the name that was asked for; an answer names a dated version."""
    spend = Spend(dollars("0.001"), af.load_book(prices))
    body = b'{"model": "m-small", "messages": []}'
    request = replace(a_request(1), body=body)
    with pytest.raises(
        af.OverBudget,
        match=r"4,096 output tokens assumed; the request names no limit, and m-small "
        r"has not answered yet\)",
    ):
        spend.before(1, request)
    spend.before(2, a_request(100))
    spend.after(2, replace(answered(78), model="m-small-2026-01-01"))
    for number in range(3, 7):
        spend.before(number, request)
    with pytest.raises(
        af.OverBudget, match="78 output tokens assumed, the longest answer of m-small"
    ):
        spend.before(8, request)
    with pytest.raises(af.OverBudget, match="4,000 output tokens: the request's own"):
        spend.before(20, a_request(4000))
