"""What is said when a part that page checks need is not on this machine."""

from __future__ import annotations

import pytest_agentflow as af

_tolerated = False


class PartMissing(RuntimeError):
    """A browser, driver, Java or engine is not installed; it names the cure."""


def python_package(name: str, why: str) -> PartMissing:
    """Say that a Python package of the ``[web]`` extra is missing."""
    return PartMissing(
        f"Page checks need the Python package {name} {why}, and it is not installed. "
        "Install it with: pip install 'pytest-agentflow[web]'"
    )


def tolerate(tolerated: bool) -> None:
    """Decide what a missing part does to what it should have judged.

    Args:
        tolerated: leave it undetermined; else it is an error, as at the start.
    """
    global _tolerated  # noqa: PLW0603 - one answer per process
    _tolerated = tolerated


def verdict() -> af.Verdict:
    """Give the verdict of what a missing part keeps from being judged."""
    return af.Verdict.UNDETERMINED if _tolerated else af.Verdict.ERROR


def unjudged(rule: af.Rule, place: af.Place, missing: PartMissing) -> af.Finding:
    """Say of one page that it was not judged, and what to install."""
    return af.Finding(
        rule=rule.id,
        title=rule.title,
        message=f"the page was not judged: {missing}",
        verdict=verdict(),
        place=place,
        subject=place.artefact,
        evidence="a part is missing",
    )
