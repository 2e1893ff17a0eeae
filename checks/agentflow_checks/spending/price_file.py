"""Repairs that are written into a price file: entries to paste, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest_agentflow as af

_DAY = "2026-11-01"
"""As the documentation shows it, where a recording does not say when it was made."""


def price_entry(model: str, unit: str, tier: str = "") -> str:
    """Write the entry of a price that is yet to be filled in."""
    per = 1_000_000 if unit.endswith("_tokens") else 1
    at = f"tier = {json.dumps(tier)}\n" if tier else ""
    return (
        f"[[price]]\nmodel = {json.dumps(model)}\nunit = {json.dumps(unit)}\n"
        f'usd = "..."\nper = {per}\n{at}'
    )


def rate_entry(run: af.Run, currency: str, into: str) -> str:
    """Write the entry of a rate that is yet to be filled in, for the run's day."""
    said = run.recorded.prices.as_of or run.recorded.at or _DAY
    return (
        f'[[rate]]\nfrom = "{currency}"\nto = "{into}"\nrate = "..."\n'
        f'date = "{said.partition("T")[0]}"\n'
    )


def prices_command(run: af.Run) -> str:
    """Give the command that brings the prices of a file into the run's recording."""
    path, here = run.path, Path.cwd()
    if path is not None and path.is_relative_to(here):
        path = path.relative_to(here)
    return f"agentflow prices {path or 'RECORDING'} --file prices.toml"
