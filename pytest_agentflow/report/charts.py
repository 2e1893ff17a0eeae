"""Where the marks of each chart go: across in percent, down in pixels.

The SVG of every chart is as wide as its place allows and is never scaled, so that its
text stays as large as the text around it and its strokes as fine. Hence positions
across are percent of the width; pixels are used down only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pytest_agentflow.model.exhibit import Bars, Line
from pytest_agentflow.model.run import UNATTRIBUTED
from pytest_agentflow.report.document import RunSummary, StageSummary
from pytest_agentflow.report.wording import milliseconds

WIDE = 520
"""Pixels that a stacked bar has where its labels are shown at all."""
LETTER = 7.5
"""Pixels of one letter of a chart's text, generously."""
TONES = 5
ROW = 42
PLOT = 180
TICKS = 8
"""So many places are named below a curve, each with `ROOM` to the next."""
ROOM = 4.0
"""Percent of the width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a stacked bar."""

    label: str
    x: float
    width: float
    tone: int
    share: str
    """Of its bar, in percent."""
    fits: bool
    """Whether its label has room on a wide page; on a narrow one none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """One bar with its limit and what it is compared with."""

    label: str
    width: float
    limit: float | None
    against: float | None
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text beside a mark: it grows to the right, or to the left near the end."""

    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One stage on the timeline."""

    x: float
    y: float
    width: float
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The stages of a run, when they worked and which waited for which."""

    height: int
    floor: int
    """Where the axis is."""
    stretches: tuple[Stretch, ...]
    links: tuple[Stroke, ...]
    ticks: tuple[Label, ...]
    timed: bool
    """Whether times are known; else only the order is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line chart."""

    height: int
    points: tuple[tuple[float, float], ...]
    strokes: tuple[Stroke, ...]
    bound: tuple[Stroke, ...]
    x_ticks: tuple[Label, ...]
    y_ticks: tuple[Label, ...]


def stacked(parts: Sequence[tuple[str, Decimal]], whole: Decimal) -> list[Segment]:
    """Lay parts end to end on a scale on which `whole` is the full width.

    Parts that are nothing are left out: they would take a tone and show none.
    """
    segments, x = [], 0.0
    seen = [(label, value) for label, value in parts if value > 0]
    own = sum((value for _, value in seen), Decimal(0))
    for number, (label, value) in enumerate(seen):
        width = _share(value, whole)
        segments.append(
            Segment(
                label=label,
                x=x,
                width=width,
                tone=number % TONES,
                share=f"{100 * value / own:.0f}%",
                fits=width / 100 * WIDE >= len(label) * LETTER + 16,
            )
        )
        x += width
    return segments


def bar_rows(chart: Bars) -> list[BarRow]:
    """Scale bars, limits and comparisons to the longest of them."""
    figures = [x for b in chart.bars for x in (b.value, b.limit, b.against) if x]
    whole = max(figures, default=Decimal(0))
    return [
        BarRow(
            label=bar.label,
            width=_share(bar.value, whole),
            limit=None if bar.limit is None else _share(bar.limit, whole),
            against=None if bar.against is None else _share(bar.against, whole),
            over=bar.limit is not None and bar.value > bar.limit,
        )
        for bar in chart.bars
    ]


def _share(value: Decimal, whole: Decimal) -> float:
    if whole <= 0 or value <= 0:
        return 0.0
    return round(min(float(value / whole), 1.0) * 100, 2)


def timeline(run: RunSummary) -> Timeline | None:
    """Draw the stages of `run`; `None` where fewer than two can be placed."""
    spans, timed = _spans(run)
    if len(spans) < 2:
        return None
    first = min(start for start, _ in spans.values())
    last = max(end for _, end in spans.values())
    scale = 100 / (last - first) if last > first else 0.0
    shown = [stage for stage in run.stages if stage.name in spans]
    stretches = {}
    for row, stage in enumerate(shown):
        start, end = spans[stage.name]
        x = (start - first) * scale
        took = milliseconds(end - start) if timed else ""
        stretches[stage.name] = _stretch(
            stage.name, took, x, (end - start) * scale, row
        )
    floor = len(shown) * ROW + 6
    return Timeline(
        height=floor + 22 if timed else floor,
        floor=floor,
        stretches=tuple(stretches.values()),
        links=tuple(_links(shown, stretches)),
        ticks=tuple(_time_ticks(last - first, floor)) if timed else (),
        timed=timed,
    )


def _spans(run: RunSummary) -> tuple[dict[str, tuple[float, float]], bool]:
    """Give when each stage worked; without times, its rank in the graph.

    Stages without times beside stages that have some are left out.
    """
    times = {}
    for stage in run.stages:
        start, end = run.recorded.stages.get(stage.name, (1.0, 0.0))
        if math.isfinite(start) and math.isfinite(end) and start <= end:
            times[stage.name] = (start, end)
    if len(times) > 1:
        return times, True
    ranks: dict[str, int] = {}
    for stage in run.stages:
        if stage.name != UNATTRIBUTED:
            after = [ranks.get(name, -1) for name in stage.after]
            ranks[stage.name] = 1 + max(after, default=-1)
    return {name: (rank, rank + 1.0) for name, rank in ranks.items()}, False


def _stretch(name: str, took: str, x: float, width: float, row: int) -> Stretch:
    x, width = min(max(x, 0.0), 99.4), max(width, 0.6)
    words = name if len(name) <= 24 else f"{name[:23]}…"
    text = f"{words}  {took}" if took else words
    ends = x > 50
    at = min(x + width, 100.0) if ends else x
    label = Label(
        x=round(at, 2),
        y=row * ROW + 16,
        text=text,
        anchor="end" if ends else "start",
    )
    width = min(width, 100 - x)
    return Stretch(x=round(x, 2), y=row * ROW + 23, width=round(width, 2), label=label)


def _links(
    stages: Sequence[StageSummary], stretches: Mapping[str, Stretch]
) -> Iterator[Stroke]:
    """Lead from the end of a stage down and across to those that waited for it."""
    after = {stage.name: set(stage.after) & set(stretches) for stage in stages}
    for stage in stages:
        waited = after[stage.name]
        indirect = {far for near in waited for far in after[near]}
        for name in sorted(waited - indirect):
            yield from _link(stretches[name], stretches[stage.name])


def _link(giver: Stretch, taker: Stretch) -> Iterator[Stroke]:
    x = min(giver.x + giver.width, taker.x) if taker.x else 0.0
    middle = taker.y + 5
    yield Stroke(x1=x, y1=giver.y + 10, x2=x, y2=middle)
    if taker.x > x:
        yield Stroke(x1=x, y1=middle, x2=taker.x, y2=middle)


def _time_ticks(length: float, floor: int) -> Iterator[Label]:
    step = round_step(length, 5)
    count = int(length / step) if step else 0
    for number in range(count + 1):
        x = 100 * number * step / length if length else 0.0
        anchor = "start" if x < 4 else "end" if x > 96 else "middle"
        text = milliseconds(number * step) if number else "0"
        yield Label(x=round(min(x, 100), 2), y=floor + 17, text=text, anchor=anchor)


def round_step(length: float, parts: int) -> float:
    """Give a round step (1, 2 or 5 times a power of ten) for about `parts` ticks."""
    if length <= 0 or not math.isfinite(length):
        return 0.0
    rough = length / parts
    power = 10.0 ** math.floor(math.log10(rough))
    return next((m * power for m in (1, 2, 5) if m * power >= rough), 10 * power)


def curve(line: Line) -> Curve | None:
    """Draw points and bound on common axes; `None` where there is no point."""
    marks = [*line.points, *line.bound]
    if not line.points:
        return None
    left, right = _range([x for x, _ in marks])
    low, high = _range([0.0, *(y for _, y in marks)])

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = 8 + 90 * _position(point[0], left, right)
        return round(x, 2), round(
            PLOT - 12 - (PLOT - 34) * _position(point[1], low, high)
        )

    points = tuple(place(point) for point in sorted(line.points))
    return Curve(
        height=PLOT + 24,
        points=points,
        strokes=tuple(_strokes(points)),
        bound=tuple(_strokes([place(point) for point in sorted(line.bound)])),
        x_ticks=tuple(_x_ticks([x for x, _ in line.points], points, (left, right))),
        y_ticks=(
            Label(x=0, y=14, text=axis_text(high)),
            Label(x=0, y=PLOT - 16, text=axis_text(low)),
        ),
    )


def _x_ticks(
    values: Sequence[float],
    points: Sequence[tuple[float, float]],
    ends: tuple[float, float],
) -> Iterator[Label]:
    """Name each measured place below its point, where they have room; else the ends."""
    named = dict(zip((x for x, _ in points), sorted(values), strict=True))
    if len(named) > TICKS or any(b - a < ROOM for a, b in itertools.pairwise(named)):
        named = {8.0: ends[0], 98.0: ends[1]}
    for x, value in named.items():
        anchor = "end" if x > 94 else "middle"
        yield Label(x=x, y=PLOT + 14, text=axis_text(value), anchor=anchor)


def axis_text(value: float) -> str:
    """Write a number at an axis: thousands apart, four digits, no minus nought."""
    if 1_000 <= abs(value) < 1e9:
        return f"{value:z,.0f}"
    return f"{value:z.4g}"


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if low < high else (low, low + 1.0)


def _position(value: float, low: float, high: float) -> float:
    """Give where `value` lies between two others; halves keep the span finite."""
    span = high / 2 - low / 2
    return min(max((value / 2 - low / 2) / span, 0.0), 1.0) if span > 0 else 0.0


def _strokes(points: Sequence[tuple[float, float]]) -> Iterator[Stroke]:
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        yield Stroke(x1=x1, y1=y1, x2=x2, y2=y2)
