"""What probes found of one page, and how much of its time each of them took."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Unknown


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What one probe found, and what that took."""

    found: Any
    seconds: float
    """Of all its tries."""
    budget: float
    """The page's, when it was tried last."""


def is_open(known: Probed | None, budget: float) -> bool:
    """Tell whether a probe is to be tried: for the first time, or with more time."""
    if known is None:
        return True
    return isinstance(known.found, Unknown) and budget > known.budget


def spent(visited: Visit, known: Mapping[str, Probed]) -> float:
    """Give the seconds that a page's visit and its probes have taken together."""
    return sum(visited.timings.values()) / 1000 + sum(
        one.seconds for one in known.values()
    )


LATE = Unknown("there was not time enough")
"""Of a probe that did not come to its end, or did not begin."""


def result(found: Any, seconds: float, before: Probed | None, budget: float) -> Probed:
    """Put together what a probe found and what it took, with what it took before."""
    if found is LATE:
        found = Unknown(f"the page's {budget:g} s were spent")
    took = seconds + (before.seconds if before is not None else 0.0)
    return Probed(found=found, seconds=took, budget=budget)
