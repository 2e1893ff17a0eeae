"""How often the growth test is wrong where an exponential class is declared.

    python benchmarks/growth_exponential.py [--runs 200] [--json]

Sizes in a row, three cases of each; 2^n is declared. Printed is the share of simulated
workflows that PASS and FAIL. The sizes span 16 times in 2^n at least, which is what a
pass needs; the last column lies just beyond what is allowed: 12 %, not 10 %.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence

from pytest_agentflow.statistics.growth import growth_excess

Truth = Callable[[float], float]
DESIGNS = ((1, 5), (1, 6), (1, 8), (4, 8), (10, 14))
NOISE = (0.0005, 0.005, 0.02, 0.05)
CORRECT: dict[str, Truth] = {
    "2^n": lambda n: 10 + 2**n,
    "100 + 2^n": lambda n: 100 + 2**n,
    "1.8^n": lambda n: 10 + 1.8**n,
}
BEYOND: dict[str, Truth] = {
    "2.2^n": lambda n: 10 + 2.2**n,
    "2^n log n": lambda n: 10 + 2**n * math.log(n + 1),
    "n 2^n": lambda n: 10 + n * 2**n,
    "3^n": lambda n: 10 + 3**n,
}
EDGE = "12 % n 2^n"


def edge(largest: int, excess: float = 0.12) -> Truth:
    """2^n with such a share of n 2^n at the largest size."""
    factor = excess / (1 - excess) * (10 + 2**largest) / (largest * 2**largest)
    return lambda n: 10 + 2**n + factor * n * 2**n


def rates(
    truth: Truth, sizes: Sequence[int], noise: float, runs: int
) -> tuple[float, float]:
    """Shares of PASS and FAIL."""
    found: Counter[str] = Counter()
    for seed in range(runs):
        dice = random.Random(seed)  # noqa: S311 - repeatable samples
        values = [200 * truth(n) * dice.lognormvariate(0, noise) for n in sizes]
        found[growth_excess(sizes, values, declared="2^n").decision.value] += 1
    return found["PASS"] / runs, found["FAIL"] / runs


def main() -> None:
    """Simulate, judge, print; exit status 1 where a rate is above its bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="figures in one last line")
    given = parser.parse_args()
    false_fail = wrong_pass = edge_pass = 0.0
    print("share that PASS / FAIL")
    print("sizes   noise  ", *(f"{n:>11}" for n in (*CORRECT, *BEYOND, EDGE)))
    for least, largest in DESIGNS:
        sizes = list(range(least, largest + 1)) * 3
        truths = CORRECT | BEYOND | {EDGE: edge(largest)}
        for noise in NOISE:
            row = {n: rates(t, sizes, noise, given.runs) for n, t in truths.items()}
            false_fail = max(false_fail, *(row[name][1] for name in CORRECT))
            wrong_pass = max(wrong_pass, *(row[name][0] for name in BEYOND))
            edge_pass = max(edge_pass, row[EDGE][0])
            told = (f"{p:>5.2f}/{f:<5.2f}" for p, f in row.values())
            print(f"{least:>2}-{largest:<4} {noise:<7.2%}", *told)
    figures = {
        "false_fail": false_fail,
        "wrong_pass": wrong_pass,
        "edge_pass": edge_pass,
    }
    print(", ".join(f"{name} {rate:.3f}" for name, rate in figures.items()))
    if given.json:
        print(json.dumps(figures))
    raise SystemExit(0 if false_fail <= 0.06 and wrong_pass <= 0.05 else 1)


if __name__ == "__main__":
    main()
