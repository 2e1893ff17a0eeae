"""How requests are recorded, and what makes two of them the same."""

import os
from typing import Any

import pytest


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """Match on everything that is sent, the body too; keep no key."""
    return {
        "filter_headers": ["authorization"],
        "match_on": ["method", "scheme", "host", "port", "path", "query", "body"],
    }


@pytest.fixture(scope="session")
def vcr_cassette_dir() -> str:
    """Keep the cassettes where this variable says."""
    return os.environ["CASSETTES"]
