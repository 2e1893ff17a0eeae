"""Names that the running room's tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytest_agentflow.running.agentflow import AgentFlow

SECRET = "sk-proj-" + "Zq7" * 14  # made up

MakeFlow = Callable[..., AgentFlow]


def without_recorded(path: Path) -> bytes:
    """Give the bytes of a recording up to the block that changes every time."""
    data = path.read_bytes()
    return data[: data.index(b'\n "recorded": {')]
