"""What the tests of the report share."""

from __future__ import annotations

import pytest
from report_sample import sample_report

from pytest_agentflow.report.document import Report


@pytest.fixture(scope="session")
def report() -> Report:
    """Give a realistic report: nine runs, three of them failing, a failing gate."""
    return sample_report()
