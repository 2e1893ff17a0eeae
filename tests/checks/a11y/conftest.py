"""The browser for the tests of this folder ends with each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def engines_end() -> Iterator[None]:
    """No browser outlives a module, so that none is ever leaked."""
    yield
    from agentflow_checks import web

    web.shutdown()
