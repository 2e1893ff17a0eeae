"""The configuration of pytest as the settings that runs are made with."""

from __future__ import annotations

import sys
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_agentflow.checking.waivers import BadWaiver, Waiver, load_waivers
from pytest_agentflow.model.money import Money
from pytest_agentflow.plugin.latency import times_calls
from pytest_agentflow.plugin.options import OPTIONS, match_of, mode_of, prices_of
from pytest_agentflow.running.settings import RunSettings

if TYPE_CHECKING:
    from pytest_agentflow.plugin.session import SessionPlugin


def run_settings(plugin: SessionPlugin) -> RunSettings:
    """Read the ini keys; what depends on the running test is asked of `plugin`."""
    config = plugin.config
    prices = str(config.getini("agentflow_prices") or "")
    return RunSettings(
        mode=mode_of(config),
        match=match_of(config),
        pace=config.getoption("agentflow_pace"),
        live_stages=tuple(config.getoption("agentflow_live_stage")),
        record_stages=tuple(config.getoption("agentflow_record_stage")),
        resume=config.getoption("agentflow_resume"),
        personal=_lines(config, "agentflow_personal"),
        redact=_lines(config, "agentflow_redact"),
        volatile=_lines(config, "agentflow_volatile"),
        normalise=tuple(config.getini("agentflow_normalise")),
        budget=budget_of(config),
        announce=plugin.announce,
        recordings=plugin.recordings_folder,
        stages=_lines(config, "agentflow_stages"),
        retrievers=_lines(config, "agentflow_retrievers"),
        tools=_lines(config, "agentflow_tools"),
        allow_hosts=_lines(config, "agentflow_allow_hosts"),
        ignore=_lines(config, "agentflow_ignore"),
        host_aliases=_lines(config, "agentflow_host_aliases"),
        prices=Path(config.rootpath, prices) if prices else None,
        judged_prices=prices_of(config),
        case_for=plugin.case_for,
        argument=plugin.mark_argument,
        times_calls=partial(times_calls, plugin),
        command=plugin.reproduce,
        asked=plugin.asked,
        ran=plugin.ran,
    )


def budget_of(config: pytest.Config) -> Money | None:
    """Read --agentflow-budget; raises `pytest.UsageError`."""
    given = config.getoption("agentflow_budget")
    if given is None:
        return None
    try:
        amount = Decimal(given.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        message = f"--agentflow-budget={given}: give US dollars, like 0.50"
        raise pytest.UsageError(message)
    return Money(amount=amount)


def _lines(config: pytest.Config, name: str) -> tuple[str, ...]:
    return tuple(line for line in config.getini(name) if line.strip())


def where_configured(config: pytest.Config) -> str:
    """Begin a message with the configuration file, where there is one."""
    return f"{config.inipath.name}: " if config.inipath is not None else ""


def waivers_of(config: pytest.Config) -> tuple[Waiver, ...]:
    """Read the file of waivers, where one is named; raises `pytest.UsageError`."""
    if not (name := config.getini("agentflow_waivers")):
        return ()
    try:
        return load_waivers(Path(config.rootpath, str(name)))
    except BadWaiver as error:
        raise pytest.UsageError(str(error)) from None


def hand_over_options(config: pytest.Config) -> None:
    """Give each option of a family to who declared it; raises `pytest.UsageError`."""
    import importlib.metadata  # noqa: PLC0415 - only where options are handed over

    for entry in importlib.metadata.entry_points(group=OPTIONS):
        value = config.getoption(f"agentflow_option_{entry.name}")
        if value is not None:
            try:
                entry.load()(value)
            except ValueError as error:
                message = f"--agentflow-{entry.name}={value}: {error}"
                raise pytest.UsageError(message) from None


def is_watched(config: pytest.Config) -> bool:
    """Whether somebody reads pytest's output on a terminal while it comes."""
    output = sys.__stdout__
    return config.get_verbosity() >= 0 and output is not None and output.isatty()
