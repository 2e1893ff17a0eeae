"""The judge that the configuration names, with the session's mode and limits."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import pytest

from pytest_agentflow.model.money import Money
from pytest_agentflow.plugin.options import judge_mode_of
from pytest_agentflow.running.agentflow import AgentFlow
from pytest_agentflow.running.judge_loading import judge_named
from pytest_agentflow.running.judging import RecordedJudge
from pytest_agentflow.running.settings import BadSetting

CALLS, COST = "agentflow_max_judge_calls", "agentflow_max_judge_cost"


def judge_of(config: pytest.Config, agentflow: AgentFlow) -> RecordedJudge | None:
    """Give the session's judge; `None` where none is configured.

    Raises `pytest.UsageError` for a setting that is wrong.
    """
    name = str(config.getini("agentflow_judge") or "").strip()
    calls, cost = _max_calls(config), _max_cost(config)
    if not name:
        if (mode := config.getoption("agentflow_judge_mode")) is not None:
            message = (
                f"--agentflow-judge={mode}: no judge is configured; name one in the "
                "configuration: agentflow_judge = module:function"
            )
            raise pytest.UsageError(message)
        return None
    try:
        judge = judge_named(name)
    except BadSetting as error:
        raise pytest.UsageError(str(error)) from None
    settings = agentflow.judge_settings(
        judge_mode_of(config), max_calls=calls, max_cost=cost
    )
    return RecordedJudge(judge, settings)


def _max_calls(config: pytest.Config) -> int | None:
    given = str(config.getini(CALLS) or "").strip()
    if not given:
        return None
    if not given.isdigit():
        message = f"{CALLS} = {given}: give a whole number of calls, like 50"
        raise pytest.UsageError(message)
    return int(given)


def _max_cost(config: pytest.Config) -> Money | None:
    given = str(config.getini(COST) or "").strip()
    if not given:
        return None
    try:
        amount = Decimal(given.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        message = f"{COST} = {given}: give US dollars, like 0.50"
        raise pytest.UsageError(message)
    return Money(amount=amount)
