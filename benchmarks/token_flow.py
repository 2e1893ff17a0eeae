"""How long the token flow of a large run takes, and how that grows with its tokens.

    python benchmarks/token_flow.py [RUN.flow.json ...] [--tokens N] [--json]

Runs are made up: 100 stages, of which each is given the same instructions, material of
its own, and what the stages before it said: only the last one (chain), or as many as
fit (history). Twice the tokens are twice the text at the same number of stages, so that
a ratio of 2 is linear. Recordings that are named are timed as well.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

from agentflow_checks.flow.shape import (
    lag_profile,
    redundancy,
    reread_factor,
    single_trace_exponent,
)
from agentflow_checks.flow.token_flow import CHARACTERS_PER_TOKEN, token_flow

import pytest_agentflow as af

STAGES = 100
ROUNDS = 3


def prose(random_: random.Random, tokens: int) -> str:
    """Text of about so many tokens, of 8,000 different words, escaped here and there.

    Frequencies are those of natural text: the n-th word comes with chance 1/n.
    """
    vocabulary = [
        f"w{number:x}ord"[: 3 + number % 7] + str(number) for number in range(8000)
    ]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    wanted, found, size = tokens * CHARACTERS_PER_TOKEN, [], 0
    while size < wanted:
        for word in random_.choices(vocabulary, weights, k=1000):
            found.append(word)
            size += len(word) + 1
            if size >= wanted:
                break
    return " ".join(found).replace("w3", "caf\u00e9 &amp; \\n")


def big_run(tokens: int, *, history: bool, stages: int = STAGES) -> af.Run:
    """A run of so many prompt and answer tokens over `stages` stages."""
    random_ = random.Random(7)  # noqa: S311 - made-up text
    each = tokens // stages
    rules = prose(random_, each // 10)
    answers: list[str] = []
    calls = []
    for number in range(stages):
        kept = answers if history else answers[-1:]
        said = "\n\n".join(reversed(kept))[: each * 6 // 10 * CHARACTERS_PER_TOKEN]
        rest = each * 9 // 10 - (len(rules) + len(said)) // CHARACTERS_PER_TOKEN
        prompt = f"{rules}\n\n{said}\n\n{prose(random_, max(rest, 1))}"
        answer = prose(random_, each // 10)
        answers.append(answer)
        name = f"stage{number:03}"
        usage = af.Usage(
            input_tokens=len(prompt) // CHARACTERS_PER_TOKEN,
            output_tokens=len(answer) // CHARACTERS_PER_TOKEN,
        )
        calls.append(
            af.Call(
                id=f"{name}/1",
                kind="chat",
                stage=name,
                parents=(calls[-1].id,) if calls else (),
                model="m",
                messages=(af.Message(role="user", text=prompt),),
                answer=answer,
                usage=usage,
            )
        )
    graph = tuple(
        af.Stage(
            name=c.stage, after=(calls[i - 1].stage,) if i else (), outputs=(c.answer,)
        )
        for i, c in enumerate(calls)
    )
    return af.Run(workflow="big", case="made", stages=graph, calls=tuple(calls))


def seconds(act: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time of the fastest of some rounds: the others waited."""
    found = []
    for _ in range(ROUNDS):
        begin, used = time.perf_counter(), time.process_time()
        act()
        found.append((time.perf_counter() - begin, time.process_time() - used))
    return min(found)


def measure(run: af.Run) -> dict[str, float | int | None]:
    """Time one run and give its figures."""
    flow = token_flow(run)
    used = run.usage()
    wall, processor = seconds(lambda: token_flow(run))
    shares = [redundancy(flow, stage) or 0 for stage in flow.stages]
    return {
        "stages": len(flow.stages),
        "tokens": used.total_tokens,
        "seconds": round(wall, 3),
        "processor_seconds": round(processor, 3),
        "redundancy": round(sum(shares) / len(shares), 3),
        "reread": round(reread_factor(flow) or 0, 2),
        "m1": round(single_trace_exponent(flow) or 0, 2),
        "longest_lag": max(lag_profile(flow), default=0),
    }


def main() -> None:
    """Print one line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", type=Path, nargs="*")
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="figures on the last line")
    options = parser.parse_args()
    found = {}
    for name, history in (("chain", False), ("history", True)):
        once = measure(big_run(options.tokens, history=history))
        twice = measure(big_run(2 * options.tokens, history=history))
        ratio = float(twice["processor_seconds"] or 0) / float(
            once["processor_seconds"] or 1
        )
        found[name] = {
            **once,
            "seconds_for_twice": twice["seconds"],
            "ratio": round(ratio, 2),
        }
    for path in options.recordings:
        found[path.name] = measure(af.load(path))
    for name, figures in found.items():
        print(name, *(f"{key}={value}" for key, value in figures.items()))
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
