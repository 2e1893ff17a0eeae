"""Builds small runs whose prompts copy what other stages said."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest_agentflow as af

PRICES = af.PriceLock(
    prices=(
        af.UnitPrice(
            model="small", unit="input_tokens", amount=Decimal(1), per=1_000_000
        ),
        af.UnitPrice(
            model="small", unit="output_tokens", amount=Decimal(4), per=1_000_000
        ),
    )
)


def prose(seed: str, words: int = 40) -> str:
    """So many words that no other seed has."""
    return " ".join(f"{seed}{number}" for number in range(words))


def chat(stage: str, prompt: str, answer: str, **more: Any) -> af.Call:
    """A call of the small model that reports ten tokens a word."""
    used = af.Usage(
        input_tokens=10 * len(prompt.split()), output_tokens=10 * len(answer.split())
    )
    fields = {
        "id": f"{stage}/1",
        "kind": "chat",
        "stage": stage,
        "model": "small",
        "messages": (af.Message(role="user", text=prompt),),
        "answer": answer,
        "usage": used,
        **more,
    }
    return af.Call(**fields)


def flow_run(
    *calls: af.Call, seconds: Sequence[float] = (), serial: bool = True, **more: Any
) -> af.Run:
    """A run of these calls, one after the other unless they name parents."""
    if serial:
        calls = tuple(
            call if call.parents or not number else _after(call, calls[number - 1].id)
            for number, call in enumerate(calls)
        )
    names = list(dict.fromkeys(c.stage for c in calls if c.stage != "unattributed"))
    stages = tuple(
        af.Stage(name=name, after=tuple(names[:number]), **_output(calls, name))
        for number, name in enumerate(names)
    )
    clock, timings = 0.0, {}
    for call, length in zip(calls, seconds, strict=False):
        timings[call.id] = af.Timing(start=clock, end=clock + 1000 * length)
        clock += 1000 * length
    recorded = af.Recorded(
        prices=PRICES, calls=timings, duration=clock if timings else None
    )
    fields = {"workflow": "w", "case": "c", "stages": stages, "recorded": recorded}
    return af.Run(**{**fields, "calls": tuple(calls), **more})


def _after(call: af.Call, parent: str) -> af.Call:
    from dataclasses import replace

    return replace(call, parents=(parent,))


def _output(calls: Sequence[af.Call], name: str) -> dict[str, Any]:
    said = [c.answer for c in calls if c.stage == name and c.answer]
    return {"outputs": tuple(said[-1:])}


def chain(k: int, words: int = 40) -> af.Run:
    """Each stage is given what the one before it said."""
    said = [prose(f"s{n}x", words) for n in range(k)]
    return flow_run(
        *(
            chat(f"s{n}", f"{prose(f'p{n}x', 10)} {said[n - 1] if n else ''}", said[n])
            for n in range(k)
        )
    )


def history(k: int, words: int = 40) -> af.Run:
    """Each stage is given what all before it said."""
    said = [prose(f"s{n}x", words) for n in range(k)]
    return flow_run(
        *(
            chat(f"s{n}", f"{prose(f'p{n}x', 10)} {' . '.join(said[:n])}", said[n])
            for n in range(k)
        )
    )
