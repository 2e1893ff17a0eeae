"""Builds the small runs that policies are tried on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

import pytest_agentflow as af


def run_from(data: Mapping[str, Any]) -> af.Run:
    """Build a run from JSON values; the data of artefacts may be text."""
    document = dict(data)
    document["artefacts"] = [
        {**a, "data": a["data"].encode()} for a in data.get("artefacts", ())
    ]
    return af.from_json(af.Run, document)


def policy_file(folder: Path, policy: object) -> Path:
    """Write a policy, text or data, into `folder`."""
    path = folder / "policy.yaml"
    text = policy if isinstance(policy, str) else yaml.safe_dump(policy)
    path.write_text(text, "utf-8")
    return path
