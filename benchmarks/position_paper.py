"""Growth classes of the position paper's problems, measured under both cost models.

    python benchmarks/position_paper.py [RECORDINGS] [--json]

Each algorithm is declared class by class, from the lowest, until one is not exceeded.
The paper counts forward passes (`af.aalp`); a price list charges tokens (`af.priced`).
What the paper claims is from arXiv 2502.04358; the classes in money are computed from
its formulas with a linear price (see examples/position_paper/README.md).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest_agentflow as af

DATA = Path(__file__).resolve().parents[1] / "examples/position_paper/recordings"
CLASSES = ("1", "n", "n^2", "2^n", "n 2^n", "n^2 2^n", "n^3 2^n")
HEAD = ("problem", "runs", "stage", "unit", "expected", "measured", "proved", "why")
PROBLEMS = (
    ("routing, kinds", "route_to_generalist/*", None, "n", "n"),
    ("routing, kinds", "route_to_specialist/*", None, "1", "1"),
    ("debugging, functions", "debug_whole/functions-*", "developer", "n^2", "n"),
    ("debugging, functions", "debug_each/functions-*", "developer", "1", "1"),
    ("debugging, bugs", "debug_whole/bugs-*", "developer", "n^2", "n^2"),
    ("debugging, bugs", "debug_each/bugs-*", "developer", "n", "n"),
    ("evolution, blocks", "evolve_whole/*", None, "n^2 2^n", "n 2^n"),
    ("evolution, blocks", "evolve_blocks/*", None, "n", "n"),
)
"""Problem and its n, runs, stage, and the expected class in passes and in money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One algorithm under one cost model."""

    problem: str
    runs: str
    stage: str
    cost_model: str
    expected: str
    measured: str
    """The lowest class that the runs do not exceed."""
    proved: bool
    """Whether the sizes are enough to pass, not merely to refuse what is lower."""
    excess: float | None
    """Of the value at the largest size, beyond the class."""
    doubling: float | None
    reason: str

    @property
    def agrees(self) -> bool:
        """Whether what was measured is what was expected."""
        return self.measured == self.expected


def measured(data: Path) -> Iterator[Row]:
    """Measure every algorithm under both cost models."""
    for problem, pattern, stage, passes, money in PROBLEMS:
        runs = [af.load(path) for path in af.find_recordings(data, pattern)]
        for model, expected in (("aalp", passes), ("priced", money)):
            found = lowest(runs, model, stage)
            growth = found.growth
            yield Row(
                problem=problem,
                runs=pattern,
                stage=stage or "all",
                cost_model=model,
                expected=expected,
                measured="more" if found.word == "FAIL" else found.declared,
                proved=found.word == "PASS",
                excess=None if growth is None else growth.outcome.estimate,
                doubling=None if growth is None else growth.doubling,
                reason="" if growth is None else growth.outcome.reason,
            )


def lowest(runs: Sequence[af.Run], model: str, stage: str | None) -> af.QuantityGrowth:
    """Declare class after class until one is not exceeded."""
    for declared in CLASSES:
        claim = af.growth_claim(cost=declared, cost_model=model, stage=stage)
        found = af.measure_growth(runs, claim).of("cost")
        if found.word == "ERROR":
            raise SystemExit(found.sentence)
        if found.word != "FAIL":
            break
    return found


def main() -> None:
    """Print the table; exit status 1 where a class is another one than expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = list(measured(given.data))
    form = "{:22}{:26}{:11}{:9}{:10}{:10}{:8}{}"
    print(form.format(*HEAD))
    for row in rows:
        print(
            form.format(
                row.problem,
                row.runs,
                row.stage,
                row.cost_model,
                row.expected,
                row.measured,
                "yes" if row.proved else "no",
                row.reason,
            )
        )
    agree = sum(row.agrees for row in rows)
    print(f"{agree} of {len(rows)} classes are those expected")
    if given.json:
        print(json.dumps({"agree": agree, "rows": [asdict(row) for row in rows]}))
    raise SystemExit(0 if agree == len(rows) else 1)


if __name__ == "__main__":
    main()
