"""What docs/import.md shows is what happens."""

from __future__ import annotations

from pathlib import Path

import import_example
import pytest


def test_the_example_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a cassette to a test, to a replay, to one that fails for a new prompt.

    Run tests/importers/import_example.py after a change of what is printed.
    """
    pytest.importorskip("genai_prices")
    # pytest does not shorten its summary where it is told that a server runs it
    for name in ("OPENAI_API_KEY", "PYTEST_ADDOPTS", "CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    page = import_example.PAGE.read_text("utf-8")
    assert import_example.played(page, tmp_path) == page


def test_the_example_passes_fails_and_names_stages() -> None:
    """The page shows both ends, and the option that gives calls their stages."""
    page = import_example.PAGE.read_text("utf-8")
    _, _, example = page.partition("## An example")
    assert example.count("1 passed in") == 2
    assert example.count("1 failed in") == 1
    assert "stage 'planner' sent POST api.openai.com" in example
    assert "--stage-by header:x-agent" in example
