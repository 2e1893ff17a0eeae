"""The checks that come with pytest-agentflow, each loaded when it is first used."""

from __future__ import annotations

import importlib
from typing import Any

#: Marker function -> module that holds it.
_HOMES = {
    "accessibility": "a11y.accessibility",
    "best_practices": "markup.best_practices",
    "coordination": "teamwork.coordination",
    "cost": "spending.cost",
    "design": "brand.design",
    "diversity": "teamwork.diversity",
    "growth": "spending.growth",
    "hallucination": "grounding.hallucination",
    "handoff": "teamwork.handoff",
    "html_validity": "markup.html_validity",
    "page_errors": "markup.page_errors",
    "personalised": "teamwork.personalised",
    "policy": "policies.policy",
    "prices": "spending.prices",
    "prompts": "teamwork.prompts",
    "replayed": "teamwork.replayed",
    "stage_order": "teamwork.stage_order",
    "stage_worth": "teamwork.stage_worth",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
