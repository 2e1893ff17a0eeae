"""Browser and HTML checker for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def engines_end() -> Iterator[None]:
    """No browser and no checker outlives a module, so that none is ever leaked."""
    yield
    from agentflow_checks import web

    web.shutdown()


@pytest.fixture(scope="session")
def planted() -> bytes:
    """One page with 21 faults of all kinds."""
    return (HERE / "planted.html").read_bytes()


@pytest.fixture(scope="session")
def hostile() -> dict[str, Any]:
    """Pages that must not hurt, with what should come of each."""
    found: dict[str, Any] = json.loads((HERE / "hostile.json").read_text("utf-8"))
    return found
