"""Prints what both forms of each problem consume at every size, and the ratio."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest_agentflow as af

FOLDER = Path(__file__).resolve().parent / "recordings"
DEVELOPER = "developer"
PAIRS = (
    ("routing", "route_to_generalist/*", "route_to_specialist/*", None),
    ("functions", "debug_whole/functions-*", "debug_each/functions-*", DEVELOPER),
    ("bugs", "debug_whole/bugs-*", "debug_each/bugs-*", DEVELOPER),
    ("evolution", "evolve_whole/*", "evolve_blocks/*", None),
)
"""Problem, intuitive form, careful form, and the stage that the paper speaks of."""


def ratios(problem: str, cost: af.CostModel) -> dict[int, float]:
    """Size -> how many times as much the intuitive form costs."""
    _, intuitive, careful, stage = next(pair for pair in PAIRS if pair[0] == problem)
    slow, fast = means(intuitive, cost, stage), means(careful, cost, stage)
    return {size: amount / fast[size] for size, amount in slow.items()}


def means(
    pattern: str, cost: af.CostModel, stage: str | None = None
) -> dict[int, float]:
    """Size -> mean cost over the cases."""
    found: dict[int, list[float]] = defaultdict(list)
    for path in af.find_recordings(FOLDER, pattern):
        run = af.load(path)
        known = af.cost_of(run, cost, stage=stage)
        if known.amount is None:
            raise SystemExit(f"{run.id}: {known}")
        found[run.size or 0].append(float(known.amount))
    return {size: sum(v) / len(v) for size, v in sorted(found.items())}


def main() -> None:
    """Print one table for each problem and cost model."""
    for problem, intuitive, careful, stage in PAIRS:
        for name, cost in (("forward passes", af.aalp()), ("money", af.priced())):
            sys.stdout.write(f"{problem}, {name}\n")
            slow, fast = means(intuitive, cost, stage), means(careful, cost, stage)
            for size, ratio in ratios(problem, cost).items():
                sys.stdout.write(
                    f"  n={size:<3} {slow[size]:12.4g} {fast[size]:12.4g} "
                    f"ratio {ratio:8.2f}\n"
                )


if __name__ == "__main__":
    main()
