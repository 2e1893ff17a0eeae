"""Recorded text made fit to be read, as the report's modules name it."""

from __future__ import annotations

from pytest_agentflow.model.text import brief, one_line, visible

__all__ = ["brief", "one_line", "visible"]
