"""Settings of the whole suite."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

settings.register_profile(
    "suite",
    max_examples=60,
    derandomize=bool(os.environ.get("CI")),  # a red build must be the change's doing
    deadline=None,  # two busy cores decide how long an example takes
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(scope="session")
def third_party_data() -> Path:
    """Folder of the third-party sets; tests that need it skip without it."""
    folder = os.environ.get("AGENTFLOW_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("AGENTFLOW_DATA names no folder of third-party data")
    return Path(folder)
