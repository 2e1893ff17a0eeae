"""A run, cut down to what the report shows of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_agentflow.model.call import Call, kinds_of, usage_of
from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.price import Charge, UnknownPrice, charges
from pytest_agentflow.model.run import Artefact, Run, Source, Stage
from pytest_agentflow.pricing.cost import Cost, cost_of
from pytest_agentflow.pricing.cost_model import aalp
from pytest_agentflow.pricing.lock import prices_older_than
from pytest_agentflow.report.document import (
    Excerpt,
    RecordedSummary,
    RunSummary,
    SourceSummary,
    Spent,
    StageSummary,
)
from pytest_agentflow.report.latency import latency_of
from pytest_agentflow.report.prices import OLD_PRICES

INPUT_LIMIT = 600
OUTPUT_LIMIT = 1_200
SOURCE_LIMIT = 2_400
SOURCES_SHOWN = 40

COORDINATION = "coordination"
"""The line of what is charged beside the models, which belongs to no stage."""


def summarise(run: Run) -> RunSummary:
    """Keep of `run` what a reader of the report needs; never raises on its content."""
    return RunSummary(
        id=run.id,
        workflow=run.workflow,
        case=run.case,
        variant=run.variant,
        size=run.size,
        trial=run.trial,
        file=file_of(run),
        provenance=run.provenance,
        inputs=tuple(_inputs(run)),
        stages=(
            *(_stage(run, stage) for stage in run.stages),
            *_strays(run),
            *_coordination(run),
        ),
        total=spent(run, run.calls, run.fees()),
        sources=tuple(_source(source) for source in run.sources[:SOURCES_SHOWN]),
        sources_left_out=max(len(run.sources) - SOURCES_SHOWN, 0),
        missing=run.missing,
        live=run.live,
        latency=latency_of(run),
        in_order=tuple(dict.fromkeys(drift.stage for drift in run.drifts)),
        recorded=RecordedSummary(
            at=run.recorded.at,
            prices_as_of=run.recorded.prices.as_of,
            # Authored answers are no evidence, at whatever prices.
            prices_old=not run.authored
            and prices_older_than(run.recorded.prices, OLD_PRICES),
            duration=run.recorded.elapsed,
            stages=dict(run.recorded.stages),
            takes=run.recorded.all_takes,
            again={
                name: retake.at
                for name, retake in run.recorded.retakes.items()
                if retake.at is not None
            },
            parts=run.recorded.parts,
        ),
    )


def file_of(run: Run) -> str:
    """Name the recording of `run` from the working directory, where it is below."""
    if run.path is None:
        return ""
    path, here = run.path.resolve(), Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else ""


def excerpt(text: str, limit: int, name: str = "") -> Excerpt:
    """Keep the first `limit` characters of `text`, and count them all."""
    return Excerpt(text=text[:limit], length=len(text), name=name)


def spent(run: Run, calls: Sequence[Call], fees: Sequence[Charge] = ()) -> Spent:
    """Add up what `calls` of `run` consumed and cost; an unknown price is said.

    Args:
        run: whose calls they are, and whose prices they are billed at.
        calls: of a stage, or all.
        fees: what is charged beside the models, where it is to be part of it.
    """
    usage = usage_of(calls)
    bill = [charge for call in calls for charge in charges(call, run.recorded.prices)]
    bill += fees
    cost, unknown = _cost(bill)
    passes = _passes(run, calls)
    return Spent(
        calls=len(calls),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        silent=usage.silent_calls,
        images=sum(len(call.pictures) for call in calls),
        cost=cost,
        cost_unknown=unknown,
        estimated=usage.source == "estimated" or any(c.estimated for c in bill),
        passes=passes.amount if passes is not None else None,
        passes_unknown="; ".join(passes.undetermined) if passes is not None else "",
    )


def _passes(run: Run, calls: Sequence[Call]) -> Cost | None:
    """Count forward passes, where the size of any model is declared."""
    return cost_of(run, aalp(), calls=calls) if run.recorded.prices.sizes else None


def add_spent(parts: Iterable[Spent]) -> Spent:
    """Add up several; one unknown cost makes the whole unknown."""
    items = list(parts)
    unknown = next((item.cost_unknown for item in items if item.cost is None), "")
    cost, problem = None, unknown
    if not any(item.cost is None for item in items):
        cost, problem = _sum([item.cost for item in items if item.cost is not None])
    passes = [item.passes for item in items if item.passes is not None]
    lacking = next((item.passes_unknown for item in items if item.passes_unknown), "")
    if passes and len(passes) < len(items):
        lacking = lacking or "some were recorded before sizes of models were declared"
    return Spent(
        calls=sum(item.calls for item in items),
        input_tokens=_add([item.input_tokens for item in items]),
        output_tokens=_add([item.output_tokens for item in items]),
        silent=sum(item.silent for item in items),
        images=sum(item.images for item in items),
        cost=cost,
        cost_unknown=problem,
        estimated=any(item.estimated for item in items),
        passes=None if lacking or not passes else sum(passes, Decimal(0)),
        passes_unknown=lacking,
    )


def _add(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _cost(bill: Sequence[Charge]) -> tuple[Money | None, str]:
    try:
        return _sum([charge.money for charge in bill])
    except UnknownPrice as error:
        return None, str(error)


def _sum(amounts: Sequence[Money]) -> tuple[Money | None, str]:
    currencies = sorted({money.currency for money in amounts})
    if len(currencies) > 1:
        return None, f"charged in several currencies: {', '.join(currencies)}"
    return total(amounts), ""


def _inputs(run: Run) -> Iterator[Excerpt]:
    for name, value in run.inputs.items():
        yield excerpt(_text(value), INPUT_LIMIT, name)


def _strays(run: Run) -> Iterator[StageSummary]:
    """Give the calls of stages that the run does not list, so that totals add up."""
    names = [stage.name for stage in run.stages]
    for name in dict.fromkeys(c.stage for c in run.calls if c.stage not in names):
        calls = [call for call in run.calls if call.stage == name]
        yield StageSummary(
            name=name,
            models=_models(calls),
            kinds=kinds_of(calls),
            spent=spent(run, calls),
        )


def _coordination(run: Run) -> Iterator[StageSummary]:
    """Give what is charged beside the models a line of its own."""
    if fees := run.fees():
        names = tuple(dict.fromkeys(fee.fee for fee in fees))
        yield StageSummary(name=COORDINATION, models=names, spent=spent(run, (), fees))


def _stage(run: Run, stage: Stage) -> StageSummary:
    has_output = stage.output is not None
    return StageSummary(
        name=stage.name,
        after=stage.after,
        models=_models(stage.calls),
        kinds=kinds_of(stage.calls),
        spent=spent(run, stage.calls),
        output=excerpt(_text(stage.output), OUTPUT_LIMIT) if has_output else None,
        artefacts=tuple(_artefact(artefact) for artefact in stage.artefacts),
    )


def _models(calls: Iterable[Call]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(call.model for call in calls if call.model))


def _artefact(artefact: Artefact) -> str:
    size = len(artefact.data)
    shown = f"{size} bytes" if size < 1_000 else f"{size / 1_000:,.0f} kB"
    return f"{artefact.name}, {shown}"


def _source(source: Source) -> SourceSummary:
    return SourceSummary(
        id=source.id,
        text=excerpt(source.text, SOURCE_LIMIT),
        kind=source.kind,
        title=source.title,
        stage=source.stage,
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=1, default=_placeholder)


def _placeholder(value: Any) -> str:
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else repr(value)
