"""How often the statistical gates are wrong, beside what others use in their place.

    python benchmarks/error_rates.py [--json] [--quick]

Workflows whose truth is known are simulated with fixed seeds, and the gates of
``pytest_agentflow.statistics`` judge them: growth, context growth, cost ratio, quality,
passing several times, sequential trials, coordination, best number of stages and
break-even. "False fail" is the share of correct workflows that FAIL, "power" that of
incorrect ones, "type I" the share of workflows exactly at the limit that PASS.

Peers, in the same runs on the same values: big_O 0.11 (the package itself), Google
Benchmark's one-coefficient fit (src/complexity.cc, MinimalLeastSq, written anew here),
the slope of a log-log plot; percentile, BCa and t bootstraps, comparison of point
estimates, the log-ratio t test; Wald, Bonett-Price and McNemar. Quality is not
simulated: the rates are exact sums over all tables. Needs numpy and big_O.

--quick makes a tenth of the runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from big_o.big_o import infer_big_o_class

from pytest_agentflow.statistics.context_growth import context_growth
from pytest_agentflow.statistics.economics import break_even_users
from pytest_agentflow.statistics.growth import growth_excess
from pytest_agentflow.statistics.noninferiority import tango_bounds
from pytest_agentflow.statistics.overhead import overhead_exponent, pairwise_share
from pytest_agentflow.statistics.ratio import cost_ratio_gate
from pytest_agentflow.statistics.reliability import pass_hat_k, sprt
from pytest_agentflow.statistics.split_curve import best_k_set, split_curve
from pytest_agentflow.statistics.student import normal_quantile, t_quantile

Truth = Callable[[float], float]
LINEAR: dict[str, Truth] = {
    "n": lambda n: n,
    "10 + n": lambda n: 10 + n,
    "100 + n": lambda n: 100 + n,
    "n^0.7": lambda n: n**0.7,
    "10 + sqrt n": lambda n: 10 + n**0.5,
}
#: All with a fixed prompt, as workflows have: without one, any fit sees the growth.
BARRED: dict[str, Truth] = {
    "n log n": lambda n: 10 + n * math.log(n),
    "n^1.25": lambda n: 10 + n**1.25,
    "n^1.5": lambda n: 10 + n**1.5,
    "100 + n^2": lambda n: 100 + n * n,
}
STEEPER: dict[str, Truth] = BARRED | {
    "n^1.25, no prompt": lambda n: n**1.25,
    "25 % n^2": lambda n: 10 + n + n * n * 14 / 1024,
    "50 % n^2": lambda n: 10 + n + n * n * 42 / 1024,
}
CLASSES: dict[str, tuple[Truth, Truth]] = {
    "1": (lambda _: 10, lambda n: 10 + n / 9.6),
    "log n": (lambda n: 5 + math.log(n), lambda n: 5 + math.log(n) + n / 11),
    "n log n": (lambda n: 10 + n * math.log(n), lambda n: 10 + n * n / 27),
    "n^2": (lambda n: 10 + n * n, lambda n: 10 + n * n + n**3 / 96),
}
DESIGNS = [
    (largest, cases, noise)
    for largest, cases in ((8, 1), (8, 3), (16, 1), (16, 3), (32, 1), (32, 3), (64, 3))
    for noise in (0.05, 0.15)
] + [(32, 3, 0.02)]
MAIN = (32, 3, 0.05)
RESAMPLES = 600


def main() -> None:
    """Simulate, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="figures in one last line")
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    args = parser.parse_args()
    scale = 0.1 if args.quick else 1.0
    figures: dict[str, Any] = {}
    for part in (growth, context, cost_ratio, quality, repeats, stages, economics):
        figures |= part(lambda runs: max(round(runs * scale), 20))
    figures["bars_met"] = bars(figures)
    table("Bars", ["bar", "met"], list(figures["bars_met"].items()))
    if args.json:
        print(json.dumps(figures))


def bars(f: dict[str, Any]) -> dict[str, bool]:
    """Compare the figures with what they must reach."""
    ours, peers = f["growth_power"], f["growth_peers"]
    safe = [name for name, peer in peers.items() if peer["false_fail"] <= 0.05]
    return {
        "growth_false_fail <= 0.061": f["growth_false_fail"] <= 0.061,
        "false fail <= 0.05 at 1-32 x 3": f["growth_false_fail_main"] <= 0.05,
        "power >= 0.95 at 1-32 x 3": min(ours.values()) >= 0.95,
        "no peer has both": not any(
            min(peers[name]["power"][truth] for truth in BARRED) >= 0.95
            for name in safe
        ),
        "cost_ratio_type1 4-8 % at n >= 20": all(
            0.04 <= rate <= 0.08
            for n, rate in f["cost_ratio_type1"].items()
            if int(n) >= 20
        ),
        "tango_type1 <= 0.054": f["tango_type1"] <= 0.054,
        "break-even held in 87-92 %": all(
            0.87 <= held <= 0.92 for held in f["break_even_coverage"].values()
        ),
    }


# Growth


def growth(runs: Callable[[int], int]) -> dict[str, Any]:
    """Rates of the growth test over designs, beside peers."""
    rows, worst = [], {}
    for design in DESIGNS:
        wrong = {
            name: decided(truth, design, runs(2000), "n")["FAIL"]
            for name, truth in LINEAR.items()
        }
        worst[design] = max(wrong.values())
        power = [
            decided(truth, design, runs(300), "n")["FAIL"] for truth in STEEPER.values()
        ]
        largest, cases, noise = design
        label = f"{largest // 32 or 1}-{largest} x {cases}, {noise:.0%}"
        rows.append([label, worst[design], *power])
    table(
        "Growth, declared n: false fail (worst), power",
        ["design", "fpr", *STEEPER],
        rows,
    )
    shares = {
        name: decided(truth, MAIN, runs(1000), "n") for name, truth in LINEAR.items()
    }
    table(
        "Growth, correct workflows at 1-32 x 3, 5 %",
        ["truth", "PASS", "FAIL", "INCONCLUSIVE"],
        [[name, s["PASS"], s["FAIL"], s["INCONCLUSIVE"]] for name, s in shares.items()],
    )
    power = {n: decided(t, MAIN, runs(1000), "n")["FAIL"] for n, t in STEEPER.items()}
    others = {
        kind: [decided(t, MAIN, runs(500), kind)["FAIL"] for t in pair]
        for kind, pair in CLASSES.items()
    }
    table(
        "Growth, other declared classes at 1-32 x 3, 5 %",
        ["declared", "false fail", "power"],
        [[kind, *rates] for kind, rates in others.items()],
    )
    peers = growth_peers(runs(400))
    rows = [["ours", worst[MAIN], *power.values()]]
    rows += [[p, f["false_fail"], *f["power"].values()] for p, f in peers.items()]
    table("Growth beside peers at 1-32 x 3, 5 %", ["", "fpr", *STEEPER], rows)
    return {
        "growth_false_fail": max(worst.values()),
        "growth_false_fail_main": worst[MAIN],
        "growth_power": {name: power[name] for name in BARRED},
        "growth_power_more": power,
        "growth_shares_of_correct": shares,
        "growth_classes": others,
        "growth_peers": peers,
    }


def values(
    truth: Truth, design: tuple[int, int, float], seed: int
) -> tuple[list, list]:
    """One simulated experiment: sizes and tokens."""
    largest, cases, noise = design
    least = 2 if largest == 64 else 1
    sizes = [n for k in range(7) if least <= (n := 2**k) <= largest] * cases
    dice, sigma = random.Random(seed), math.sqrt(math.log1p(noise**2))  # noqa: S311
    return sizes, [
        200 * truth(n) * dice.lognormvariate(-sigma * sigma / 2, sigma) for n in sizes
    ]


def decided(
    truth: Truth, design: tuple[int, int, float], runs: int, declared: str
) -> dict[str, float]:
    """Shares of decisions over experiments of one truth."""
    return shares_of(
        growth_excess(*values(truth, design, seed), declared=declared).decision
        for seed in range(runs)
    )


def growth_peers(runs: int) -> dict[str, Any]:
    """Rates of what others do, on the same experiments."""
    peers = {"big_O": big_o_fails, "Google": google_fails, "log-log": slope_fails}

    def rate(fails: Callable[..., bool], truth: Truth) -> float:
        return sum(fails(*values(truth, MAIN, s)) for s in range(runs)) / runs

    return {
        name: {
            "false_fail": max(rate(fails, truth) for truth in LINEAR.values()),
            "power": {t: rate(fails, truth) for t, truth in STEEPER.items()},
        }
        for name, fails in peers.items()
    }


def big_o_fails(sizes: Sequence[int], tokens: Sequence[float]) -> bool:
    """Whether big_O names a class above linear."""
    best, _ = infer_big_o_class(np.array(sizes), np.array(tokens))
    name = type(best).__name__
    if name == "Polynomial":
        return bool(best.coefficients()[1] > 1.1)
    return name not in {"Constant", "Logarithmic", "Linear"}


def google_fails(sizes: Sequence[int], tokens: Sequence[float]) -> bool:
    """Whether Google Benchmark's fit names a class above linear."""
    curves: dict[str, Truth] = {
        "1": lambda _: 1.0,
        "lgN": math.log2,
        "N": lambda n: n,
        "NlgN": lambda n: n * math.log2(n),
        "N^2": lambda n: n**2,
        "N^3": lambda n: n**3,
    }

    def rms(curve: Truth) -> float:
        g = [curve(n) for n in sizes]
        dot = sum(t * x for t, x in zip(tokens, g, strict=True))
        slope = dot / sum(x * x for x in g)
        return sum((t - slope * x) ** 2 for t, x in zip(tokens, g, strict=True))

    return min(curves, key=lambda name: rms(curves[name])) in {"NlgN", "N^2", "N^3"}


def slope_fails(sizes: Sequence[int], tokens: Sequence[float]) -> bool:
    """Whether the lower bound of the log-log slope exceeds 1.1."""
    x, y = np.log(sizes), np.log(tokens)
    x -= x.mean()
    slope = x @ y / (x @ x)
    residual = y - y.mean() - slope * x
    error = math.sqrt(residual @ residual / (len(y) - 2) / (x @ x))
    return bool(slope - t_quantile(0.95, len(y) - 2) * error > 1.1)


# Context growth


def context(runs: Callable[[int], int]) -> dict[str, Any]:
    """Rates of context growth within one run."""
    rows, worst = [], 0.0
    power: dict[str, float] = {}
    for calls, noise in itertools.product((6, 12, 16, 32), (0.05, 0.15, 0.30)):
        flat = prompts(calls, noise, 0.0, runs(1000))
        grown = prompts(calls, noise, 1.0, runs(1000))
        worst = max(worst, flat["FAIL"])
        power[f"{calls} x {noise:g}"] = grown["FAIL"]
        rows.append(
            [f"{calls} calls, {noise:.0%}", flat["FAIL"], grown["FAIL"], flat["PASS"]]
        )
    head = ["design", "false fail", "power at +100 %", "PASS of correct"]
    table("Context growth within one run", head, rows)
    return {"context_false_fail": worst, "context_power": power}


def prompts(calls: int, noise: float, growth: float, runs: int) -> dict[str, float]:
    """Shares of decisions over runs whose prompt grows by a share."""
    dice, sigma = random.Random(7), math.sqrt(math.log1p(noise**2))  # noqa: S311
    return shares_of(
        context_growth(
            [
                1000 * (1 + growth * k / (calls - 1)) * dice.lognormvariate(0, sigma)
                for k in range(calls)
            ]
        ).decision
        for _ in range(runs)
    )


# Cost ratio


def cost_ratio(runs: Callable[[int], int]) -> dict[str, Any]:
    """Rates of the cost-ratio gate, beside peers."""
    rows, type1, of_correct = [], {}, {}
    peers: dict[str, dict[str, float]] = {}
    for n in (10, 20, 30, 50, 100, 200):
        ours = {
            r: gate_shares(n, r, runs(20000 if r == 0.60 else 1000))
            for r in (0.60, 0.45, 0.30)
        }
        type1[str(n)] = ours[0.60]["PASS"]
        of_correct[str(n)] = ours[0.45]
        peers[str(n)] = bootstraps(n, runs(1000))
        power = (ours[0.45]["PASS"], ours[0.30]["PASS"])
        rows.append([n, type1[str(n)], *power, *peers[str(n)].values()])
    head = ["n", "ours: type I", "power .45", "power .30", *peers["20"]]
    table("Cost ratio at most .60, truth .60 (others: type I)", head, rows)
    table(
        "Cost ratio, correct workflows (truth .45)",
        ["n", "PASS", "FAIL", "INCONCLUSIVE"],
        [[n, s["PASS"], s["FAIL"], s["INCONCLUSIVE"]] for n, s in of_correct.items()],
    )
    return {
        "cost_ratio_type1": type1,
        "cost_ratio_shares_of_correct": of_correct,
        "cost_ratio_peers_type1": peers,
    }


def costs(n: int, ratio: float, dice: np.random.Generator) -> tuple[Any, Any]:
    """Lognormal cases, CV .8, correlation .6; 5 % of the split's are rework, x 3."""
    sigma2 = math.log1p(0.8**2)
    shared = math.log1p(0.6 * 0.8**2)
    common, own, other = dice.normal(size=(3, n))
    unique = math.sqrt(sigma2 - shared)
    single = np.exp(math.sqrt(shared) * common + unique * own)
    split = np.exp(math.sqrt(shared) * common + unique * other)
    rework = np.where(dice.random(n) < 0.05, 3.0, 1.0)
    return ratio / 1.1 * split * rework, single


def gate_shares(n: int, ratio: float, runs: int) -> dict[str, float]:
    """Shares of decisions over samples of a true ratio."""
    dice = np.random.default_rng(n)
    return shares_of(
        cost_ratio_gate(
            *map(list, costs(n, ratio, dice)), limit=0.60, minimum=2
        ).decision
        for _ in range(runs)
    )


def bootstraps(n: int, runs: int) -> dict[str, float]:
    """Share of samples at the limit that peers pass."""
    dice = np.random.default_rng(n)
    passed: Counter[str] = Counter()
    for _ in range(runs):
        d, baseline = costs(n, 0.60, dice)
        logs = np.log(d / baseline)
        upper = logs.mean() + t_quantile(0.95, n - 1) * logs.std(ddof=1) / math.sqrt(n)
        estimate = d.sum() / baseline.sum()
        passed["point"] += bool(estimate <= 0.60)
        passed["log-ratio t"] += bool(upper <= math.log(0.60))
        for name, bound in bootstrap_bounds(d, baseline, estimate, dice).items():
            passed[name] += bool(bound <= 0.60)
    names = ("point", "percentile", "BCa", "bootstrap-t", "log-ratio t")
    return {name: passed[name] / runs for name in names}


def bootstrap_bounds(
    d: Any, baseline: Any, estimate: float, dice: np.random.Generator
) -> dict[str, float]:
    """Upper bounds of the ratio by three bootstraps."""
    n = len(d)
    chosen = dice.integers(n, size=(RESAMPLES, n))
    ds, bs = d[chosen], baseline[chosen]
    ratios = ds.sum(axis=1) / bs.sum(axis=1)
    left = (d.sum() - d) / (baseline.sum() - baseline)
    skew = left.mean() - left
    a = (skew**3).sum() / (6 * (skew**2).sum() ** 1.5)
    below = min(max((ratios < estimate).mean(), 1e-3), 1 - 1e-3)
    z0, z = normal_quantile(float(below)), normal_quantile(0.95)
    level = 0.5 * math.erfc(-(z0 + (z0 + z) / (1 - a * (z0 + z))) / math.sqrt(2))
    errors = (ds - ratios[:, None] * bs).std(axis=1, ddof=1) / bs.mean(axis=1)
    error = (d - estimate * baseline).std(ddof=1) / baseline.mean()
    studentised = (ratios - estimate) / errors
    return {
        "percentile": float(np.quantile(ratios, 0.95)),
        "BCa": float(np.quantile(ratios, min(max(level, 0.0), 1.0))),
        "bootstrap-t": float(estimate - np.quantile(studentised, 0.05) * error),
    }


# Quality


def quality(_runs: Callable[[int], int]) -> dict[str, Any]:
    """Exact rates of Tango's bound, beside peers."""
    designs = [(0.05, n) for n in (20, 50, 100, 200, 400)]
    designs += [(0.10, n) for n in (20, 50, 100)]
    rows, worst, of_correct = [], 0.0, {}
    for margin, n in designs:
        bad = pass_rates(margin, n, lost=0.03 + margin)
        good = pass_rates(margin, n, lost=0.03)
        worst = max(worst, bad["Tango"])
        of_correct[f"{margin} x {n}"] = {
            "PASS": good["Tango"],
            "FAIL": good["fails"],
            "INCONCLUSIVE": 1 - good["Tango"] - good["fails"],
        }
        names = [name for name in bad if name != "fails"]
        cells = [f"{bad[name]:.3f} / {good[name]:.2f}" for name in names]
        rows.append([f"{margin:.2f}, {n}", *cells])
    table(
        "Quality: passed though worse by the margin / passed when equal",
        ["", *names],
        rows,
    )
    table(
        "Quality, correct workflows (equal to the baseline)",
        ["margin x n", "PASS", "FAIL", "INCONCLUSIVE"],
        [[name, *shares.values()] for name, shares in of_correct.items()],
    )
    return {"tango_type1": worst, "quality_shares_of_correct": of_correct}


def pass_rates(margin: float, n: int, *, lost: float) -> dict[str, float]:
    """Chances that each method passes."""
    rates = dict.fromkeys(
        ("Tango", "Wald", "Bonett-Price", "point", "McNemar n.s."), 0.0
    )
    rates["fails"] = 0.0
    z = normal_quantile(0.95)
    for b, c, chance in tables(n, 0.03, lost):
        lower, upper = tango_bounds(b, c, n)
        estimate = (b - c) / n
        wald = math.sqrt(max(b + c - (b - c) ** 2 / n, 0.0)) / n
        p, q = (b + 1) / (n + 2), (c + 1) / (n + 2)
        price = p - q - z * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
        rates["Tango"] += chance * (lower > -margin)
        rates["fails"] += chance * (upper < -margin)
        rates["Wald"] += chance * (estimate - z * wald > -margin)
        rates["Bonett-Price"] += chance * (price > -margin)
        rates["point"] += chance * (estimate > -margin + 1e-12)
        rates["McNemar n.s."] += chance * (mcnemar(b, c) > 0.05)
    return rates


def tables(n: int, gained: float, lost: float) -> Iterator[tuple[int, int, float]]:
    """All discordant counts that matter, with their trinomial chances."""
    log = math.lgamma
    rest = math.log(1 - gained - lost)
    for b, c in itertools.product(range(n + 1), range(n + 1)):
        if b + c > n or b > n * gained + 9 * math.sqrt(n * gained) + 3:
            continue
        if abs(c - n * lost) > 9 * math.sqrt(n * lost) + 3:
            continue
        ways = log(n + 1) - log(b + 1) - log(c + 1) - log(n - b - c + 1)
        chance = ways + b * math.log(gained) + c * math.log(lost) + (n - b - c) * rest
        if chance > -30:
            yield b, c, math.exp(chance)


def mcnemar(b: int, c: int) -> float:
    """Two-sided p of McNemar's exact test."""
    n, least = b + c, min(b, c)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(least + 1)) / 2**n)


# Repeats


def repeats(runs: Callable[[int], int]) -> dict[str, Any]:
    """Passing several times, and sequential trials."""
    rows = []
    for n in (4, 8, 16):
        chances = [math.comb(n, c) * 0.9**c * 0.1 ** (n - c) for c in range(n + 1)]
        found = [pass_hat_k(c, n, 4) for c in range(n + 1)]
        mean = sum(p * x for p, x in zip(chances, found, strict=True))
        square = sum(p * x * x for p, x in zip(chances, found, strict=True))
        plugged = sum(p * (c / n) ** 4 for c, p in enumerate(chances))
        rows.append([n, mean, math.sqrt(square - mean**2), plugged])
    table("pass^4 at p = .9 (true .656)", ["trials", "ours", "sd", "plug-in"], rows)
    dice = random.Random(5)  # noqa: S311
    trials = {}
    for p in (0.95, 0.85, 0.70, 0.50):
        states = [
            sprt([dice.random() < p for _ in range(40)]) for _ in range(runs(4000))
        ]
        mean = sum(state.trials for state in states) / len(states)
        trials[str(p)] = shares_of(s.decision for s in states) | {"trials": mean}
    rules = [
        [p, 1 - p, (1 - p) ** 3, (1 - p) ** 2 * (1 + 2 * p), 1 - p**3]
        for p in (0.99, 0.95, 0.85, 0.70, 0.50)
    ]
    head = ["p", "one run", "any of 3", "majority of 3", "all 3"]
    table("Chance of a red test by rule", head, rules)
    head = ["p", "PASS", "FAIL", "INCONCLUSIVE", "trials"]
    table(
        "Sequential test, good .95, bad .70",
        head,
        [[p, *(t[h] for h in head[1:])] for p, t in trials.items()],
    )
    return {"sprt": trials, "sprt_false_alarm": trials["0.95"]["FAIL"]}


# Coordination and the number of stages


def stages(runs: Callable[[int], int]) -> dict[str, Any]:
    """Coordination and the best number of stages."""
    topologies: dict[str, Truth] = {
        "chain": lambda k: k - 1,
        "hub": lambda k: 2 * (k - 1),
        "chain + 25 % of history": lambda k: k - 1 + (k - 1) * (k - 2) / 8,
        "full history": lambda k: k * (k - 1) / 2,
    }
    ks, dice = [2, 3, 4, 6, 8] * 3, random.Random(3)  # noqa: S311
    rows, found = [], {}
    # A variant has tokens of its own, which are the same in all its runs.
    for (name, truth), own in itertools.product(topologies.items(), (0.0, 0.2)):
        samples = [copied(truth, ks, own, dice) for _ in range(runs(500))]
        exponents = [overhead_exponent(ks, sample).m for sample in samples]
        told = [m for m in exponents if m is not None]
        shares = shares_of(pairwise_share(ks, s).outcome.decision for s in samples)
        found[f"{name}, {own:g}"] = shares["FAIL"]
        rows.append(
            [
                f"{name}, {own:.0%}",
                sum(told) / max(len(told), 1),
                1 - len(told) / len(samples),
                shares["FAIL"],
                shares["PASS"],
            ]
        )
    head = ["topology, own", "m on k - 1", "untold", "pairs: FAIL", "pairs: PASS"]
    table("Coordination, k = 2..8 x 3, 15 %", head, rows)
    rows, held = [], {}
    for cases, noise in itertools.product((3, 10, 30), (0.15, 0.30)):
        hits = [best_stages(cases, noise, dice) for _ in range(runs(200))]
        rates = [sum(column) / len(hits) for column in zip(*hits, strict=True)]
        held[f"{cases} x {noise:g}"] = rates[2]
        rows.append([f"{cases} cases, {noise:.0%}", *rates])
    head = ["design", "argmin hits", "curve hits", "set holds it", "set size"]
    table("Best number of stages (truth: 4)", head, rows)
    return {"pairwise_fail": found, "best_k_set_holds": held}


def copied(
    truth: Truth, ks: Sequence[int], own: float, dice: random.Random
) -> list[float]:
    """Tokens copied in runs of variants that differ in more than k."""
    variants = {k: dice.lognormvariate(0, own) for k in sorted(set(ks))}
    return [500 * truth(k) * variants[k] * dice.lognormvariate(0, 0.15) for k in ks]


def best_stages(cases: int, noise: float, dice: random.Random) -> tuple[float, ...]:
    """Whether one experiment finds the best number of stages."""
    truth = {k: 1500 + 8000 / k + 150 * k**1.8 for k in (1, 2, 3, 4, 6, 8)}
    best = min(truth, key=truth.__getitem__)
    hard = [dice.lognormvariate(0, 0.5) for _ in range(cases)]
    seen = {
        k: [y * h * dice.lognormvariate(0, noise) for h in hard]
        for k, y in truth.items()
    }
    found = best_k_set(seen, rounds=200)
    curve = split_curve(
        [k for k in seen for _ in hard], [y for column in seen.values() for y in column]
    )
    fitted = min(truth, key=curve.at) if curve else 0
    inside = best in found.members
    return found.best == best, fitted == best, inside, len(found.members)


# Break-even


def economics(runs: Callable[[int], int]) -> dict[str, Any]:
    """Coverage of the break-even interval, beside other intervals of the saving."""
    rows, covered = [], {}
    for (name, project), n in itertools.product(PROJECTS.items(), (20, 50, 200)):
        held = break_even_held(project, n, runs(4000))
        covered[f"{name}, {n}"] = held["ours"]
        rows.append([f"{name}, {n}", *held.values()])
    head = ["project, cases", "ours", "Student's t", "Hall's t", "percentile"]
    table("Break-even: how often the 90 % interval holds it", head, rows)
    return {"break_even_coverage": covered}


PLAN = {"engineering": 60_000, "months": 12, "upkeep": 1_500, "requests": 20}
#: CV of the costs, correlation of both sides, price of an error, its rates (split,
#: single model). Costs of the split are .012, those of the single model .05.
PROJECTS = {
    "apart": (0.8, 0.0, 0.0, (0.0, 0.0)),
    "together, rework": (0.8, 0.6, 0.0, (0.0, 0.0)),
    "even": (0.25, 0.6, 0.0, (0.0, 0.0)),
    "errors": (0.8, 0.6, 0.25, (0.06, 0.03)),
    "heavy": (1.3, 0.0, 0.0, (0.0, 0.0)),
}
Project = tuple[float, float, float, tuple[float, float]]


def break_even_held(project: Project, n: int, runs: int) -> dict[str, float]:
    """Share of simulated projects whose true number of users each interval holds."""
    dice = np.random.default_rng(n)
    rates, price = project[3], project[2]
    saving = 0.05 - 0.012 - price * (rates[0] - rates[1])
    fixed = (PLAN["engineering"] / PLAN["months"] + PLAN["upkeep"]) / PLAN["requests"]
    held: Counter[str] = Counter()
    for _ in range(runs):
        single, split = project_costs(project, n, dice)
        wrong = [list(map(bool, dice.random(n) < rate)) for rate in rates]
        found = break_even_users(
            list(split),
            list(single),
            **PLAN,
            error_price=price,
            errors=wrong[0],
            baseline_errors=wrong[1],
        )
        upper = math.inf if found.upper is None else found.upper
        held["ours"] += (found.lower or math.inf) <= fixed / saving <= upper
        values = single - split - price * (np.array(wrong[0], float) - wrong[1])
        for name, (low, high) in saving_bounds(values, dice).items():
            held[name] += bool(low <= saving <= high)
    return {name: count / runs for name, count in held.items()}


def project_costs(
    project: Project, n: int, dice: np.random.Generator
) -> tuple[Any, Any]:
    """Lognormal costs of both sides; where they go together, 5 % are rework, x 3."""
    cv, correlation, _, _ = project
    sigma2, shared = math.log1p(cv**2), math.log1p(correlation * cv**2)
    common, own, other = dice.normal(size=(3, n))
    single, split = (
        np.exp(
            math.sqrt(shared) * common + math.sqrt(sigma2 - shared) * apart - sigma2 / 2
        )
        for apart in (own, other)
    )
    if correlation:
        split = split * np.where(dice.random(n) < 0.05, 3.0, 1.0) / 1.1
    return 0.05 * single, 0.012 * split


def saving_bounds(
    values: Any, dice: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """90 % bounds of the mean by Student's t, Hall's alone, and resampling."""
    n, centre = len(values), values.mean()
    error, t = values.std(ddof=1) / math.sqrt(n), t_quantile(0.95, len(values) - 1)
    a = ((values - centre) ** 3).mean() / values.std() ** 3 / math.sqrt(n)
    low, high = (3 / a * (np.cbrt(1 + a * (y - a / 6)) - 1) for y in (t, -t))
    means = values[dice.integers(n, size=(300, n))].mean(axis=1)
    return {
        "Student's t": (centre - t * error, centre + t * error),
        "Hall's t": (centre - low * error, centre - high * error),
        "percentile": (np.quantile(means, 0.05), np.quantile(means, 0.95)),
    }


def shares_of(decisions: Iterable[str]) -> dict[str, float]:
    """Shares of the three decisions."""
    counts = Counter(str(decision) for decision in decisions)
    names = ("PASS", "FAIL", "INCONCLUSIVE")
    return {name: counts[name] / counts.total() for name in names}


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print one table."""
    cells = [list(head)]
    cells += [[f"{x:.3f}" if type(x) is float else str(x) for x in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for row in cells:
        print(
            "  ".join(
                cell.ljust(w) for cell, w in zip(row, widths, strict=True)
            ).rstrip()
        )


if __name__ == "__main__":
    main()
