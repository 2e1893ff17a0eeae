"""What `coordination` shows: boundaries, the line, lags and what could run at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import marked, money_text
from agentflow_checks.teamwork.coordination_limits import saving_text
from agentflow_checks.teamwork.coordination_line import (
    CAUSES,
    MONEY,
    TIME,
    TOKENS,
    Line,
)
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
    run: af.Run,
    flow: TokenFlow,
    line: Line | None,
    together: Sequence[Parallelism],
    of: str,
) -> Iterator[af.Exhibit | af.Note]:
    """Give the tables, the bars of lags, and the notes in words.

    Args:
        run: the run.
        flow: its token flow.
        line: its coordination line; `None` where usage is not known.
        together: what could run side by side, the unit to speak of first.
        of: what the line is shown in.
    """
    yield from _table(flow, line)
    if line is not None:
        unpriced = of == MONEY and line.money is None
        yield from _line(flow, line, TOKENS if unpriced else of)
    yield from _lags(flow)
    yield _shape(run, flow)
    yield _orders(together)
    if line is not None and line.seconds:
        idle = sum(part.seconds for part in line.parts)
        share = f"{line.share(TIME) or 0:.1%}"
        text = f"no stage's call is under way for {idle:.1f} s of {line.seconds:.1f} s"
        yield af.Note(text=f"{text} ({share})")
    for saving in together[0].savings[:3]:
        yield af.Note(text=saving_text(saving, together[0]))


def _orders(together: Sequence[Parallelism]) -> af.Table:
    return af.Table(
        title="One after the other, as it ran, and as its texts allow",
        columns=("unit", "work", "as it ran", "span", "parallelism"),
        rows=tuple(
            (
                way.unit,
                f"{way.work:,.1f}" if way.unit == "s" else f"{way.work:,.0f}",
                f"{way.recorded:,.1f}" if way.unit == "s" else f"{way.recorded:,.0f}",
                f"{way.span:,.1f}" if way.unit == "s" else f"{way.span:,.0f}",
                f"{way.factor:.2f}",
            )
            for way in together
        ),
        numeric=(1, 2, 3, 4),
    )


def _table(flow: TokenFlow, line: Line | None) -> Iterator[af.Table]:
    paid = line is not None and line.money is not None
    parts = line.parts if line is not None and paid else ()
    money = {(p.source, p.target, p.cause): p.money for p in parts}
    currency = line.currency if line is not None else ""
    rows = []
    for b in boundaries(flow):
        cause = CAUSES.get(b.origin)
        cost = None if cause is None else money.get((b.source, b.target, cause))
        rows.append(
            (
                b.source,
                b.target,
                _WORDS[b.origin],
                f"{b.tokens:,.0f}{marked(flow.estimated)}",
                f"{b.share:.1%}",
                "" if cost is None else money_text(cost, currency),
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
