"""What `coordination` shows: boundaries, the line, lags and what could run at once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import marked, money_text
from agentflow_checks.teamwork.coordination_limits import saving_text
from agentflow_checks.teamwork.coordination_line import MONEY, TIME, Line
from agentflow_checks.teamwork.coordination_share import amount_text
from agentflow_checks.teamwork.flow_shape import (
    boundaries,
    fan_in,
    fan_out,
    far_share,
    lag_profile,
    redundancy,
    reread_factor,
    single_trace_exponent,
)
from agentflow_checks.teamwork.parallelism import Parallelism, imbalance, in_seconds
from agentflow_checks.teamwork.rework import repeats
from agentflow_checks.teamwork.token_flow import Origin, TokenFlow

_WORDS = {
    Origin.OUTPUT: "what it wrote",
    Origin.PROMPT: "what it was given, again",
    Origin.HISTORY: "its own history, again",
    Origin.MATERIAL: "material, first read",
}


def coordination_exhibits(
    run: af.Run, flow: TokenFlow, line: Line, side_by_side: Parallelism, of: str
) -> Iterator[af.Exhibit | af.Note]:
    """Give the tables, the bars of lags, and the notes in words."""
    yield from _table(flow, line)
    yield from _line(flow, line, of)
    yield from _lags(flow)
    yield _shape(run, flow)
    if line.seconds is not None:
        share = line.share(TIME)
        idle = sum(part.seconds for part in line.parts)
        text = f"no stage's call is under way for {idle:.1f} s of {line.seconds:.1f} s"
        yield af.Note(text=text if share is None else f"{text} ({share:.1%})")
    for saving in side_by_side.savings[:3]:
        yield af.Note(text=saving_text(saving, side_by_side))


def _table(flow: TokenFlow, line: Line) -> Iterator[af.Table]:
    money = {(p.source, p.target, str(p.cause)): p.money for p in line.parts}
    causes = {"output": "hands on", "prompt": "is read again"}
    causes |= {"history": "sends its own history again"}
    rows = []
    for b in boundaries(flow):
        cost = money.get((b.source, b.target, causes.get(b.origin, "")))
        known = line.money is not None and cost is not None
        rows.append(
            (
                b.source,
                b.target,
                _WORDS[b.origin],
                f"{b.tokens:,.0f}{marked(flow.estimated)}",
                f"{b.share:.1%}",
                money_text(cost, line.currency) if known and cost is not None else "",
            )
        )
    if rows:
        yield af.Table(
            title="Text that prompts copy",
            columns=("from", "to", "copied", "tokens", "share of prompt", "cost"),
            rows=tuple(rows),
            numeric=(3, 4, 5),
        )


def _line(flow: TokenFlow, line: Line, of: str) -> Iterator[af.Bars]:
    amounts = [(line.amount(part, of), part) for part in line.parts]
    largest = sorted(amounts, key=lambda pair: (-pair[0], pair[1].name))
    bars = tuple(
        af.Bar(
            label=f"{part.name}: {part.cause}{marked(flow.estimated)}",
            value=Decimal(repr(round(amount, 8))),
        )
        for amount, part in largest
        if amount > 0
    )
    if bars:
        whole = amount_text(line, line.whole(of) or 0, of)
        unit = line.currency if of == MONEY else ("s" if of == TIME else of)
        title = f"Coordination: {line.share(of) or 0:.1%} of {whole}"
        yield af.Bars(title=title, unit=unit, bars=bars)


def _lags(flow: TokenFlow) -> Iterator[af.Bars]:
    profile = lag_profile(flow)
    nodes = "calls" if len(flow.stages) == 1 else "stages"
    if profile:
        yield af.Bars(
            title=f"Handed-on text by how many {nodes} back it comes from",
            unit="tokens",
            bars=tuple(
                af.Bar(label=f"{lag} back", value=Decimal(round(tokens)))
                for lag, tokens in profile.items()
            ),
        )


def _shape(run: af.Run, flow: TokenFlow) -> af.Table:
    seconds = in_seconds(run)
    uneven = None if seconds is None else imbalance(flow, run, seconds)
    ins, outs = fan_in(flow), fan_out(flow)
    again = [repeat.stage for repeat in repeats(flow)]
    rows = [
        (
            stage,
            str(sum(p.stage == stage for p in flow.prompts)),
            f"{redundancy(flow, stage) or 0:.1%}",
            str(ins[stage]),
            str(outs[stage]),
            str(again.count(stage)),
        )
        for stage in flow.stages
    ]
    factor, far = reread_factor(flow), far_share(flow)
    exponent = single_trace_exponent(flow)
    told = [
        f"k = {len(flow.stages)}",
        f"read {factor:.2f} times" if factor is not None else "",
        f"{far:.0%} skips a stage" if far is not None else "",
        f"m1 = {exponent:.2f} (one run, no gate)" if exponent is not None else "",
        f"imbalance {uneven:.2f}" if uneven is not None else "",
    ]
    return af.Table(
        title=f"Shape of the flow: {', '.join(filter(None, told))}",
        columns=("stage", "calls", "copied from others", "reads", "read by", "repeats"),
        rows=tuple(rows),
        numeric=(1, 2, 3, 4, 5),
    )
