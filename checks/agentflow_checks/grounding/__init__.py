"""Grounding: are the values and claims of an answer in the sources it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentflow_checks.grounding.scoring import (
        Score,
        ScoredClaim,
        ValueFinding,
        score,
    )

__all__ = ["Score", "ScoredClaim", "ValueFinding", "score"]


def __getattr__(name: str) -> Any:
    """Import the Python surface when it is first asked for: a check may not need it."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from agentflow_checks.grounding import scoring  # noqa: PLC0415 - on first use

    return getattr(scoring, name)
