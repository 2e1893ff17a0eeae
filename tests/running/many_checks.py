"""A check at module level, so that worker processes can import it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest_agentflow as af


@af.check("sample.has-title")
def has_title(run: af.Run) -> Iterator[object]:
    """Pages have a title."""
    yield af.Rule(id="sample.has-title", title="Pages have a title.")
    for page in run.pages():
        if "<title>" in page.text:
            yield af.Examined(rule="sample.has-title")
        else:
            yield af.Finding(rule="sample.has-title", message=f"{page.name} has none")
