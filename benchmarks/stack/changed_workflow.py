"""A pytest plugin of the benchmark: the test runs the changed code of a regression."""

from __future__ import annotations

import os
from importlib import util

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the changed workflow where the test's module has the example's own."""
    path = os.environ.get("PLANTED_WORKFLOW")
    spec = util.spec_from_file_location("changed", path) if path else None
    if spec is None or spec.loader is None:
        return
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for item in items:
        if isinstance(item, pytest.Function):
            item.module.build_site = module.build_site
