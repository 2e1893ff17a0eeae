"""Whether the latency of a replay is to be computed: that costs a little time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agentflow.checking.check import is_timed
from pytest_agentflow.plugin.options import latency_of

if TYPE_CHECKING:
    from pytest_agentflow.plugin.session import SessionPlugin


def times_calls(plugin: SessionPlugin) -> bool:
    """Whether the option, the mark or a check of the running test asks for it."""
    if (said := latency_of(plugin.config)) is not None:
        return bool(said == "computed")
    asked = plugin.mark_argument("latency")
    if asked is not None:
        return bool(asked)
    return any(is_timed(check) for check in plugin.checks_under_way())
