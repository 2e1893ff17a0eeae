"""What is said when a part that page checks need is not on this machine."""

from __future__ import annotations


class PartMissing(RuntimeError):
    """A browser, driver, Java or engine is not installed; it names the cure."""


def python_package(name: str, why: str) -> PartMissing:
    """Say that a Python package of the ``[web]`` extra is missing."""
    return PartMissing(
        f"Page checks need the Python package {name} {why}, and it is not installed. "
        "Install it with: pip install 'pytest-agentflow[web]'"
    )
