"""Budgets under another cost model: forward passes, rented hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import percent, share_text

_SHOWN = 3


def judge_modelled(
    run: af.Run,
    model: af.CostModel,
    total: Decimal | None,
    stages: Mapping[str | None, Decimal],
    shares: Mapping[str | None, Decimal],
) -> Iterator[object]:
    """Hold the run and its stages against budgets in the unit of a cost model.

    What the model cannot count, such as the forward passes of a model without declared
    size, is a question, and fails only where the part that is known is too much.
    """
    whole = af.cost_of(run, model)
    if total is not None:
        yield af.Rule(
            id="cost.total", title=f"The run stays within its budget of {whole.unit}"
        )
        if whole.calls:
            parts = _parts(run, model)
            yield _judge("cost.total", None, whole, total, parts)
    if stages:
        yield af.Rule(
            id="cost.stage", title=f"Stages stay within their budgets of {whole.unit}"
        )
    for stage, limit in stages.items():
        part = af.cost_of(run, model, stage=stage)
        if part.calls:
            yield _judge("cost.stage", stage, part, limit, {})
    if shares:
        yield af.Rule(id="cost.share", title="Stages stay within their share")
    for stage, limit in shares.items():
        part = af.cost_of(run, model, stage=stage)
        if part.calls and (whole.at_least or whole.undetermined):
            yield _judge_share(str(stage), part, whole, limit)
    yield from _exhibit(run, model, whole)


def _parts(run: af.Run, model: af.CostModel) -> dict[str, af.Cost]:
    found = {s.name: af.cost_of(run, model, stage=s.name) for s in run.stages}
    return {name: cost for name, cost in found.items() if cost.calls}


def _judge(
    rule: str,
    stage: str | None,
    cost: af.Cost,
    limit: Decimal,
    parts: Mapping[str, af.Cost],
) -> af.Examined | af.Finding:
    name, place = stage or "the run", af.Place(stage=stage)
    allowed = _text(limit, cost.unit)
    if cost.at_least <= limit:
        if not cost.undetermined:
            return af.Examined(rule=rule, place=place)
        return _open(rule, name, place, cost, f"at most {allowed}")
    least = "at least " if cost.undetermined else ""
    spent = f"{least}{_text(cost.at_least, cost.unit)}"
    ordered = sorted(parts.items(), key=lambda item: -item[1].at_least)
    told = [
        f"{part} {_text(c.at_least, c.unit)} ({percent(c.at_least, cost.at_least)})"
        for part, c in ordered[:_SHOWN]
    ]
    by_stage = f". By stage: {', '.join(told)}" if told else ""
    over = f", {percent(cost.at_least - limit, limit)}" if limit else ","
    return af.Finding(
        rule=rule,
        message=f"{name} takes {spent}{over} over its {allowed}{by_stage}",
        place=place,
        observed=spent,
        expected=f"at most {allowed}",
        subject=name,
        introduced_by=stage or (ordered[0][0] if ordered else None),
        evidence=f"{name} {cost.unit} over {limit}",
    )


def _judge_share(
    stage: str, part: af.Cost, whole: af.Cost, limit: Decimal
) -> af.Examined | af.Finding:
    place = af.Place(stage=stage)
    if whole.undetermined:
        return _open("cost.share", stage, place, whole, f"at most {share_text(limit)}")
    if part.at_least <= limit * whole.at_least:
        return af.Examined(rule="cost.share", place=place)
    share = percent(part.at_least, whole.at_least)
    return af.Finding(
        rule="cost.share",
        message=f"{stage} takes {share} of the run's {whole.unit}, more than its "
        f"{share_text(limit)}",
        place=place,
        observed=share,
        expected=f"at most {share_text(limit)}",
        subject=stage,
        introduced_by=stage,
        evidence=f"{stage} share over {limit}",
    )


def _open(
    rule: str, name: str, place: af.Place, cost: af.Cost, expected: str
) -> af.Finding:
    return af.Finding(
        rule=rule,
        verdict=af.Verdict.UNDETERMINED,
        message=f"what {name} takes is not known: {'; '.join(cost.undetermined)}",
        place=place,
        observed=f"at least {_text(cost.at_least, cost.unit)}",
        expected=expected,
        subject=name,
        evidence=f"{name} {cost.unit} unknown",
    )


def _text(amount: Decimal, unit: str) -> str:
    cost = af.Cost(unit=unit, at_least=amount)
    return str(cost) if len(unit) == 3 else f"{cost} {unit}"


def _exhibit(
    run: af.Run, model: af.CostModel, whole: af.Cost
) -> Iterator[af.Exhibit | af.Note]:
    parts = _parts(run, model)
    if not parts:
        yield af.Note(text=f"run {run.id} made no model call that {model} counts")
        return
    yield af.Table(
        title=f"What each stage takes under {model}",
        columns=("stage", "calls", whole.unit, "share"),
        rows=tuple(
            (
                name,
                str(cost.calls),
                ("at least " if cost.undetermined else "")
                + str(af.Cost(unit=cost.unit, at_least=cost.at_least)),
                percent(cost.at_least, whole.at_least),
            )
            for name, cost in parts.items()
        ),
        numeric=(1, 2, 3),
    )
