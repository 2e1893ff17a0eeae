"""A judge of a script or a command, recorded beside any file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.book import load_book
from pytest_agentflow.running.judge_loading import judge_named
from pytest_agentflow.running.judging import (
    STAGE,
    AskedJudge,
    CallLimit,
    JudgeSettings,
    Limits,
)
from pytest_agentflow.running.settings import Mode, RunSettings, read_configuration
from pytest_agentflow.running.spend import Spend


def recorded_judge(
    judge: str | Callable[..., Any],
    beside: str | Path,
    *,
    mode: Mode = "replay",
    stage: str = "calibrate",
    command: Callable[..., str] | None = None,
    max_calls: int | None = None,
    max_cost: Money | None = None,
    prices: Path | None = None,
) -> AskedJudge:
    """Give a judge whose calls stand in a file, and are replayed from there.

    It is called as the judge itself is. What it asked stands in ``NAME.judge.json``
    beside ``NAME.flow.json`` (of any other file: beside it, after its whole name).

    Args:
        judge: the judge, or its name, ``module:function``.
        beside: the file that is judged.
        mode: ``replay`` asks nobody, and raises `JudgeMiss` for what is not recorded;
            ``record`` asks what is not recorded yet, and writes it; ``live`` asks and
            writes nothing.
        stage: its calls are those of ``judge/<stage>``.
        command: gives the command that judges again, for messages, with more options.
        max_calls: most calls over the network; then `JudgeCapped` is raised.
        max_cost: most that they may cost.
        prices: file of own prices.

    Raises `BadSetting` for a name of another form.
    """
    found = judge_named(judge) if isinstance(judge, str) else lambda: judge
    path = Path(beside)
    settings = RunSettings(mode=mode, recordings=lambda: path.parent)
    given = JudgeSettings(
        mode=mode,
        configuration=read_configuration(settings),
        book=lambda: load_book(prices),
        environment=_environment,
        command=command or (lambda *extra: " ".join(("pytest", *extra))),
    )
    limits: list[CallLimit | Spend] = []
    if max_calls is not None:
        limits.append(CallLimit(max_calls))
    if max_cost is not None:
        limits.append(Spend(max_cost, load_book(prices)))
    return AskedJudge(
        judge=found,
        settings=given,
        run=Run(workflow="judged", case=path.name, inputs={}, path=path),
        stage=f"{STAGE}{stage}",
        limits=lambda: Limits(tuple(limits)),
    )


def _environment() -> Mapping[str, str]:
    return os.environ
