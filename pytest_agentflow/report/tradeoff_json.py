"""A trade-off as JSON; a saving that is not decided is left out."""

from __future__ import annotations

import json
from typing import Any

from pytest_agentflow.decomposition.tradeoff import Tradeoff
from pytest_agentflow.model.codec import to_json

_SAVING = ("saving", "saving_interval", "break_even", "single", "ratio")
_RATIO = ("estimate", "lower", "upper", "supported")


def render_json(told: Tradeoff) -> str:
    """Write everything that was weighed, field by field."""
    document: dict[str, Any] = to_json(told)
    if not told.saves:
        for name in _SAVING:
            (document.get("bill") or {}).pop(name, None)
        for name in _RATIO:
            document["ratio"].pop(name, None)
    return json.dumps(document, indent=1)
