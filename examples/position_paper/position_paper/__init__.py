"""Three problems of the position paper, in an intuitive and a careful form."""

from __future__ import annotations

from position_paper.debugging import debug_each, debug_whole
from position_paper.evolution import evolve_blocks, evolve_whole
from position_paper.routing import route_to_generalist, route_to_specialist

__all__ = [
    "debug_each",
    "debug_whole",
    "evolve_blocks",
    "evolve_whole",
    "route_to_generalist",
    "route_to_specialist",
]
