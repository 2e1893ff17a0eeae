"""The configuration of pytest as the settings that runs are made with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentflow.plugin import mode_of
from pytest_agentflow.running.settings import RunSettings

if TYPE_CHECKING:
    from pytest_agentflow.plugin.session import SessionPlugin


def run_settings(plugin: SessionPlugin) -> RunSettings:
    """Read the ini keys; what depends on the running test is asked of `plugin`."""
    config = plugin.config
    prices = str(config.getini("agentflow_prices") or "")
    lists = {
        name: tuple(line for line in config.getini(f"agentflow_{name}") if line.strip())
        for name in (
            "stages",
            "retrievers",
            "tools",
            "allow_hosts",
            "ignore",
            "host_aliases",
        )
    }
    return RunSettings(
        mode=mode_of(config),
        recordings=plugin.recordings_folder,
        prices=Path(config.rootpath, prices) if prices else None,
        case_for=plugin.case_for,
        argument=plugin.mark_argument,
        command=plugin.reproduce,
        ran=plugin.ran,
        **lists,
    )
