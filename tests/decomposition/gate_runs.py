"""Small runs of a split and of a single model, with prices, times and takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

import pytest_agentflow as af

LOCK = af.PriceLock(
    prices=(
        af.UnitPrice(
            model="small", unit="output_tokens", amount=Decimal(1), per=1_000_000
        ),
        af.UnitPrice(
            model="large", unit="output_tokens", amount=Decimal(10), per=1_000_000
        ),
    )
)
JUDGED: list[str] = []
"""Every run that `fit` judged, in order."""


@af.check("fit")
def fit(run: af.Run) -> Iterator[object]:
    """The output is good; an open one cannot be decided."""
    JUDGED.append(run.id)
    said = run.stages[0].output
    if said == "good":
        yield af.Examined(rule="fit")
        return
    yield af.Finding(
        rule="fit",
        message="not good",
        verdict=af.Verdict.UNDETERMINED if said == "open" else af.Verdict.FAILED,
        introduced_by=run.stages[0].name,
    )


def make(
    workflow: str,
    case: str,
    tokens: dict[str, int],
    *,
    model: str,
    output: str = "good",
    seconds: float | None = None,
    trial: int | None = None,
    discarded: int = 0,
) -> af.Run:
    """A run with one call a stage that writes so many tokens."""
    calls = tuple(
        af.Call(
            id=f"{stage}/1",
            kind="chat",
            stage=stage,
            model=model,
            usage=af.Usage(input_tokens=0, output_tokens=count),
        )
        for stage, count in tokens.items()
    )
    times = dict.fromkeys(tokens, (0.0, 1000 * (seconds or 0)))
    return af.Run(
        workflow=workflow,
        case=case,
        trial=trial,
        stages=tuple(af.Stage(name=name, outputs=(output,)) for name in tokens),
        calls=calls,
        recorded=af.Recorded(
            prices=LOCK,
            duration=None if seconds is None else 1000 * seconds,
            stages={} if seconds is None else times,
            takes=af.Takes(discarded=discarded),
        ),
    )


def split(case: str, tokens: int = 1000, **more: object) -> af.Run:
    """A run of the split: two stages of a small model."""
    both = {"writer": tokens // 2, "critic": tokens - tokens // 2}
    return make("split", case, both, model="small", **more)  # type: ignore[arg-type]


def single(case: str, tokens: int = 1000, **more: object) -> af.Run:
    """A run of the single large model."""
    return make("single", case, {"all": tokens}, model="large", **more)  # type: ignore[arg-type]


def varied(n: int, split_tokens: int = 4000) -> tuple[list[af.Run], list[af.Run]]:
    """Cases whose costs vary: the split uses about so many tokens, the other 1000."""
    cases = [f"c{i:02}" for i in range(n)]
    runs = [split(c, split_tokens + 37 * (i * 7 % 11)) for i, c in enumerate(cases)]
    return runs, [single(c, 1000 + 53 * (i * 5 % 13)) for i, c in enumerate(cases)]


def without_usage(run: af.Run) -> af.Run:
    """The same run, of which the first call reports no usage."""
    first, *others = run.calls
    return dataclasses.replace(
        run, calls=(dataclasses.replace(first, usage=None), *others)
    )
