"""What keeps a cost from being known: an error, never a number."""

from __future__ import annotations


class UnknownPrice(ValueError):
    """A call used a unit that no price is known for; never counted as 0."""

    __module__ = "pytest_agentflow"


class UnknownRate(UnknownPrice):
    """Amounts of two currencies meet, and no rate between them is declared."""

    __module__ = "pytest_agentflow"
