"""Lines of the configuration are read, and wrong ones explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.running.settings import (
    BadSetting,
    RunSettings,
    read_configuration,
)


def _read(**lines: Any) -> Any:
    return read_configuration(RunSettings(recordings=Path, **lines))


def test_every_list_is_read() -> None:
    """Stages, retrievers, tools, hosts, telemetry and aliases."""
    read = _read(
        stages=("artist = a.b:paint, a.b:draw",),
        retrievers=("a.b:find",),
        tools=("a.b:Tool.use replay=false",),
        allow_hosts=("localhost:8080", "DB.internal", "[::1]:9", "::1"),
        ignore=("POST stats.example.com/v1/*",),
        host_aliases=("LLM.corp = openai",),
    )
    assert [(n.role, n.stage, n.function, n.replays) for n in read.named] == [
        ("stage", "artist", "a.b:paint", True),
        ("stage", "artist", "a.b:draw", True),
        ("retriever", "", "a.b:find", True),
        ("tool", "", "a.b:Tool.use", False),
    ]
    assert read.allowed == {
        ("localhost", 8080),
        ("db.internal", None),
        ("::1", 9),
        ("::1", None),
    }
    assert read.telemetry[0].host == "stats.example.com"
    assert read.matching.host_aliases == {"llm.corp": "openai"}


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("stages", "artist"),
        ("stages", "= a:b"),
        ("retrievers", "a:b replay=maybe"),
        ("tools", "a:b twice"),
        ("allow_hosts", "host:port"),
        ("allow_hosts", "host:99999"),
        ("ignore", "https://x.example"),
        ("host_aliases", "x"),
    ],
)
def test_a_wrong_line_names_its_option_and_itself(option: str, line: str) -> None:
    """The error quotes what stands in the configuration."""
    with pytest.raises(BadSetting, match=f"agentflow_{option}") as caught:
        _read(**{option: (line,)})
    assert repr(line) in str(caught.value)


@given(
    option=st.sampled_from(
        ["stages", "retrievers", "tools", "allow_hosts", "ignore", "host_aliases"]
    ),
    line=st.text(min_size=1, max_size=30),
)
def test_any_line_is_read_or_refused(option: str, line: str) -> None:
    """No line ends in another error than `BadSetting`."""
    try:
        _read(**{option: (line,)})
    except BadSetting:
        return
