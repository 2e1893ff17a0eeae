"""Which engines judged pages in this process; each says so itself when it starts."""

from __future__ import annotations

_versions: dict[str, str] = {}


def note(engine: str, version: str) -> None:
    """Remember that an engine was started, in this version."""
    _versions[engine] = version


def versions() -> dict[str, str]:
    """Give the engines that were started and their versions; starts and asks none."""
    return dict(_versions)
