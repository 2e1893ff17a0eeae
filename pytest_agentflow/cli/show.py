"""agentflow show: what one run holds, and which door found it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.money import money_text
from pytest_agentflow.cli.outcome import PASSED
from pytest_agentflow.cli.targets import load_target
from pytest_agentflow.model.call import kinds_of, kinds_text
from pytest_agentflow.model.price import Charge, UnknownPrice
from pytest_agentflow.model.rate import sum_of
from pytest_agentflow.model.run import UNATTRIBUTED, Run, Stage
from pytest_agentflow.model.text import json_escaped, plain_line
from pytest_agentflow.pricing.cost import cost_of
from pytest_agentflow.pricing.cost_model import aalp


def main(argv: list[str]) -> int:
    """Print one run, stage by stage."""
    parser = Arguments(prog="agentflow show", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="a *.flow.json file")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options = parser.parse_args(argv)
    run = load_target(options.run, None)
    if options.json:
        text = json_escaped(json.dumps(facts(run), indent=1, ensure_ascii=False))
    else:
        text = "\n".join(lines(run))
    sys.stdout.write(f"{text}\n")
    return PASSED


def facts(run: Run) -> dict[str, Any]:
    """Give what `show` prints as JSON values."""
    usage = run.usage()
    return {
        "run": run.id,
        "provenance": run.provenance,
        "recorded": run.recorded.at,
        "parts": list(run.recorded.parts),
        "recorded_again": {
            name: {"at": retake.at, "parts": list(retake.parts)}
            for name, retake in run.recorded.retakes.items()
        },
        "stages": [_stage_facts(run, stage) for stage in run.stages],
        "calls": len(run.calls),
        "model_calls": usage.model_calls,
        "silent_calls": usage.silent_calls,
        "kinds": kinds_of(run.calls),
        "unattributed_calls": [c.id for c in run.calls if c.stage == UNATTRIBUTED],
        "cost": money_text(run),
        **_passes(run),
        "coordination": [
            {
                "charge": fee.fee,
                "stage": fee.stage or None,
                "call": fee.call or None,
                "count": str(fee.quantity),
                "cost": _told([fee]),
            }
            for fee in run.fees()
        ],
        "sources": [
            {"id": s.id, "kind": s.kind, "stage": s.stage, "characters": len(s.text)}
            for s in run.sources
        ],
        "artefacts": [
            {
                "name": a.name,
                "media_type": a.media_type,
                "stage": a.stage,
                "bytes": len(a.data),
            }
            for a in run.artefacts
        ],
        "missing": list(run.missing),
        "uncalled": list(run.recorded.uncalled),
        "ignored_requests": run.ignored_requests,
    }


def _stage_facts(run: Run, stage: Stage) -> dict[str, Any]:
    usage = run.usage(stage.name)
    return {
        "stage": stage.name,
        "after": list(stage.after),
        "found_by": stage.found_by,
        "output_from": stage.output_from,
        "calls": len(stage.calls),
        "kinds": kinds_of(stage.calls),
        "models": sorted({c.model for c in stage.calls if c.model}),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "model_calls": usage.model_calls,
        "silent_calls": usage.silent_calls,
        "pictures": sum(len(c.pictures) for c in stage.calls),
        "sources": len(stage.sources),
        "artefacts": [a.name for a in stage.artefacts],
        "cost": money_text(run, stage.name),
        **_passes(run, stage.name),
    }


def _passes(run: Run, stage: str | None = None) -> dict[str, Any]:
    """Give forward passes, where the price lock holds the size of any model."""
    if not run.recorded.prices.sizes:
        return {}
    cost = cost_of(run, aalp(), stage=stage)
    known = cost.amount is not None
    return {
        "forward_passes": str(cost) if known else None,
        "forward_passes_unknown": list(cost.undetermined),
    }


def lines(run: Run) -> Iterator[str]:
    """Give what `show` prints as text; no terminal obeys what was recorded."""
    return map(plain_line, _lines(run))


def _lines(run: Run) -> Iterator[str]:
    found = facts(run)
    when = found["recorded"] or "at no date"
    answers = "" if run.provenance == "recorded" else f"{run.provenance}, "
    yield f"{run.id}  ({answers}recorded {when})"
    if sittings := _sittings(run):
        yield sittings
    yield ""
    columns = ("stage", "found by", "output from", "calls", "tokens in/out", "pictures")
    sized = ("forward passes",) if "forward_passes" in found else ()
    rows: list[tuple[str, ...]] = [(*columns, "sources", "artefacts", "cost", *sized)]
    costs = at_the_point([_cost(stage) for stage in found["stages"]])
    rows += [
        (*_row(stage), cost, *(stage["forward_passes"] or "" for _ in sized))
        for stage, cost in zip(found["stages"], costs, strict=True)
    ]
    yield from _aligned(rows)
    yield ""
    calls = "1 call" if found["calls"] == 1 else f"{found['calls']} calls"
    calls += f" (of which {kinds_text(found['kinds'])})" if found["kinds"] else ""
    passes = found.get("forward_passes")
    more = f", {passes} parameter-tokens of forward passes" if passes else ""
    yield f"total {found['cost']} over {calls}{more}"
    if found["silent_calls"]:
        silent = f"{found['silent_calls']} of {found['model_calls']} model calls"
        yield f"tokens: {silent} do not report all that they used"
    yield from _charged(run)
    for reason in found.get("forward_passes_unknown", ()):
        yield f"forward passes: {reason}"
    if found["unattributed_calls"]:
        yield f"in no stage: {', '.join(found['unattributed_calls'])}"
    if not found["sources"]:
        yield _no_sources(run)
    for source in found["sources"]:
        owner = source["stage"] or "the run"
        yield f"source {source['id']} ({source['kind']}, given to {owner})"
    for artefact in found["artefacts"]:
        owner = artefact["stage"] or "the workflow's own code"
        size = f"{artefact['bytes']:,} bytes"
        what = f"{artefact['name']} {artefact['media_type']} {size}"
        yield f"artefact {what}, from {owner}"
    yield from (f"missing: {item}" for item in found["missing"])
    yield from (f"configured, but not called: {item}" for item in found["uncalled"])
    if run.ignored_requests:
        yield f"{run.ignored_requests} telemetry requests were left out"


def _no_sources(run: Run) -> str:
    """Tell retrievers that nobody named from those that gave nothing."""
    called = Counter(
        call.invocation.function
        for call in run.calls
        if call.kind == "retriever" and call.invocation is not None
    )
    if not called:
        return "sources: none were found; name the retriever (agentflow_retrievers)"
    told = [
        f"{name} gave no document" + (f" in {count} calls" if count > 1 else "")
        for name, count in called.items()
    ]
    return f"sources: none; {', '.join(told)}"


def _sittings(run: Run) -> str:
    """Say when a recording was made that was not made in one go; else nothing."""
    told = []
    if parts := run.recorded.parts:
        told.append(f"recorded in {len(parts)} parts, begun {' and '.join(parts)}")
    for name, retake in run.recorded.retakes.items():
        begun = f" in parts, begun {' and '.join(retake.parts)}" if retake.parts else ""
        told.append(f"{name} recorded again {retake.at or 'at no date'}{begun}")
    return "; ".join(told)


def _charged(run: Run) -> Iterator[str]:
    """Sum up each charge beside the models, with the stages that it is charged for."""
    charges: dict[str, list[Charge]] = {}
    for fee in run.fees():
        charges.setdefault(fee.fee, []).append(fee)
    for name, fees in charges.items():
        cost = _told(fees)
        count = sum((fee.quantity for fee in fees), Decimal(0))
        stages = ", ".join(dict.fromkeys(fee.stage for fee in fees if fee.stage))
        where = f" (for {stages})" if stages else ""
        yield f"coordination: {count:,f} {name}{where}, {cost}"


def _told(fees: list[Charge]) -> str:
    try:
        return str(sum_of(fee.money for fee in fees))
    except UnknownPrice as error:
        return f"unknown: {error}"


def _row(stage: dict[str, Any]) -> tuple[str, ...]:
    tokens = f"{_number(stage['input_tokens'])}/{_number(stage['output_tokens'])}"
    if stage["silent_calls"] and tokens != "?/?":
        tokens = f">= {tokens}"
    return (
        plain_line(stage["stage"]),
        plain_line(stage["found_by"] or "-"),
        plain_line(stage["output_from"] or "none"),
        str(stage["calls"]),
        tokens,
        str(stage["pictures"]),
        str(stage["sources"]),
        str(len(stage["artefacts"])),
    )


def _cost(stage: dict[str, Any]) -> str:
    return str(stage["cost"].partition(":")[0])


def at_the_point(amounts: list[str]) -> list[str]:
    """Put blanks before amounts, so that their decimal points stand in one column."""
    whole = [len(text.partition(" ")[0].partition(".")[0]) for text in amounts]
    figures = [n for n, text in zip(whole, amounts, strict=True) if text != "unknown"]
    room = max(figures, default=0)
    return [
        text if text == "unknown" else " " * (room - n) + text
        for n, text in zip(whole, amounts, strict=True)
    ]


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
