"""Runs of a single model and of splits, made up, to weigh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest_agentflow as af

LOCK = af.PriceLock(
    prices=tuple(
        af.UnitPrice(
            model=model, unit="output_tokens", amount=Decimal(price), per=1_000_000
        )
        for model, price in (("large", 10), ("small", 2), ("tiny", 1))
    ),
    as_of="2026-11-01T10:00:00Z",
    sizes=(af.ModelSize(model="large", parameters=Decimal(10)),),
)
SPLITS = {1: "single", 2: "two", 3: "three", 4: "four"}


@af.check("fine")
def fine(run: af.Run) -> Iterator[object]:
    """The last output says that it is fine; an open one decides nothing."""
    last = run.stages[-1].name
    if run.output == "open":
        yield af.Finding(
            rule="fine", message="who knows", verdict=af.Verdict.UNDETERMINED
        )
    elif run.output == "broken":
        raise af.CheckError("the page is lost")
    elif run.output != "fine":
        yield af.Finding(rule="fine", message="not fine", introduced_by=last)
    else:
        yield af.Examined(rule="fine")


def make(
    workflow: str,
    case: str,
    calls: Sequence[tuple[str, str, int]],
    *,
    output: str = "fine",
    lock: af.PriceLock = LOCK,
    **more: object,
) -> af.Run:
    """A run of calls (stage, model, output tokens), each after the one before it."""
    made: list[af.Call] = []
    timings: dict[str, af.Timing] = {}
    at = 0.0
    for number, (stage, model, tokens) in enumerate(calls, start=1):
        made.append(
            af.Call(
                id=f"{stage}/{number}",
                kind="chat",
                stage=stage,
                model=model,
                parents=(made[-1].id,) if made else (),
                usage=af.Usage(input_tokens=0, output_tokens=tokens),
            )
        )
        timings[made[-1].id] = af.Timing(start=at, end=at + tokens)
        at += tokens + 5
    return af.Run(
        workflow=workflow,
        case=case,
        output=output,
        stages=tuple(af.Stage(name=n) for n in dict.fromkeys(c[0] for c in calls)),
        calls=tuple(made),
        recorded=af.Recorded(prices=lock, calls=timings),
        **more,  # type: ignore[arg-type]
    )


def site(
    k: int, case: int, tokens: int | None = None, *, output: str = "fine"
) -> af.Run:
    """A site by k stages; one large call, or small ones that each write a share."""
    spread = 1 + (case % 5) / 10
    if k == 1:
        calls = [("all", "large", round((tokens or 3000) * spread))]
    else:
        jitter = 1 + (case * 7 % 11) / 100
        each = round((tokens or (3000 // k + 100 * k)) * spread * jitter)
        calls = [(f"s{n}", "small", each) for n in range(1, k + 1)]
    return make(SPLITS[k], f"c{case:02}", calls, output=output)


def sites(*ks: int, cases: int = 30) -> list[af.Run]:
    """Sites of all cases by each number of stages."""
    return [site(k, case) for k in ks for case in range(cases)]
