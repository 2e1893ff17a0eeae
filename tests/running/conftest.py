"""What the running room's tests share: a provider, keys, and flows in each mode."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "wire"))

from flows import SECRET, MakeFlow
from scripted_server import Server, provider, serving

from pytest_agentflow.running.agentflow import AgentFlow
from pytest_agentflow.running.settings import RunSettings


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeFlow:
    """Make an `AgentFlow` of a mode, on one recordings folder."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    folder = tmp_path / "recordings"

    def make(mode: str = "replay", **settings: Any) -> AgentFlow:
        given = {"recordings": lambda: folder, **settings}
        return AgentFlow(RunSettings(mode=mode, **given))

    return make


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve both providers; clients find it by the environment, and may outlive it."""
    with serving(provider) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{running.url}/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running
