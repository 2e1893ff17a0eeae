"""What `coordination` shows: boundaries, the line, lags and what could run at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.flow.repeats import repeats
from agentflow_checks.flow.shape import (
    boundaries,
    fan_in,
    fan_out,
    far_share,
    lag_profile,
    redundancy,
    reread_factor,
    single_trace_exponent,
)
from agentflow_checks.flow.token_flow import Origin, TokenFlow
from agentflow_checks.spending.amounts import marked, money_text
from agentflow_checks.teamwork.coordination_limits import saving_text
from agentflow_checks.teamwork.coordination_line import (
    CAUSES,
    MONEY,
    TIME,
    TOKENS,
    Line,
)
from agentflow_checks.teamwork.coordination_order import (
    Parallelism,
    imbalance,
    in_seconds,
    seconds_text,
)
from agentflow_checks.teamwork.coordination_share import amount_text

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
    yield _shape(flow)
    yield from _shape_in_words(run, flow)
    if together:
        yield _orders(together)
    if line is not None and line.seconds:
        idle = sum(part.seconds for part in line.parts)
        share = f"{line.share(TIME) or 0:.1%}"
        of = f"{seconds_text(idle)} of {seconds_text(line.seconds)}"
        yield af.Note(text=f"no stage's call is under way for {of} ({share})")
    for way in together[:1]:
        for saving in way.savings[:3]:
            yield af.Note(text=saving_text(saving, way))


def _orders(together: Sequence[Parallelism]) -> af.Table:
    return af.Table(
        title="What could run side by side",
        columns=(
            "measured in",
            "one call after the other",
            "as it ran",
            "as its texts allow",
            "calls at once",
        ),
        rows=tuple(
            (
                "seconds" if way.unit == "s" else way.unit,
                *(_amount(way, n) for n in (way.work, way.recorded, way.span)),
                f"{way.factor:.2f}",
            )
            for way in together
        ),
        numeric=(1, 2, 3, 4),
    )


def _amount(way: Parallelism, amount: float) -> str:
    return seconds_text(amount) if way.unit == "s" else f"{amount:,.0f}"


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


def _shape(flow: TokenFlow) -> af.Table:
    ins, outs = fan_in(flow), fan_out(flow)
    again = [repeat.stage for repeat in repeats(flow)]
    k = len(flow.stages)
    return af.Table(
        title=f"Shape of the flow: {k} stage{'s' * (k != 1)} with model calls",
        columns=("stage", "calls", "copied from others", "reads", "read by", "repeats"),
        rows=tuple(
            (
                stage,
                str(sum(p.stage == stage for p in flow.prompts)),
                f"{redundancy(flow, stage) or 0:.1%}",
                str(ins[stage]),
                str(outs[stage]),
                str(again.count(stage)),
            )
            for stage in flow.stages
        ),
        numeric=(1, 2, 3, 4, 5),
    )


def _shape_in_words(run: af.Run, flow: TokenFlow) -> Iterator[af.Note]:
    factor, far = reread_factor(flow), far_share(flow)
    if factor is not None:
        skips = f"; {far:.0%} of it skips a stage" if far is not None else ""
        text = f"what is handed on is read {factor:.2f} times on average{skips}"
        yield af.Note(text=text)
    seconds = in_seconds(run)
    uneven = None if seconds is None else imbalance(flow, run, seconds)
    if uneven is not None and len(flow.stages) > 1:
        text = f"the slowest stage takes {uneven:.2f} times an even share of the time"
        yield af.Note(text=text)
    exponent = single_trace_exponent(flow)
    if exponent is not None:
        yield af.Note(
            text=f"m1 = {exponent:.2f} describes this run alone (a chain has less than "
            "1, all to all nearly 2); how it grows, one number of stages does not tell"
        )
