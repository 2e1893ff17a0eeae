from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from report_runs import split_run
from report_strategies import runs

import pytest_agentflow as af
from pytest_agentflow.report import charts, pictures
from pytest_agentflow.report.summary import summarise

amounts = st.decimals(-10, 10**9, allow_nan=False, places=3)


@given(st.lists(st.tuples(st.text(max_size=30), amounts), max_size=8))
def test_stacked_parts_fill_their_bar_and_no_more(
    parts: list[tuple[str, Decimal]],
) -> None:
    """Segments lie end to end within the width; what is nothing has no segment."""
    whole = sum((value for _, value in parts if value > 0), Decimal(0))
    segments = charts.stacked(parts, whole)

    assert len(segments) == sum(value > 0 for _, value in parts)
    assert all(0 <= s.x <= 100.1 and s.x + s.width <= 100.1 for s in segments)
    assert all(s.fits <= (s.width > 3) for s in segments)


@given(
    st.lists(st.tuples(amounts, st.none() | amounts, st.none() | amounts), max_size=6)
)
def test_bars_limits_and_comparisons_share_one_scale(
    rows: list[tuple[Decimal, Decimal | None, Decimal | None]],
) -> None:
    """Nothing sticks out, and only a value above its limit is over."""
    bars = tuple(
        af.Bar(label="b", value=value, limit=limit, against=against)
        for value, limit, against in rows
    )
    drawn = charts.bar_rows(af.Bars(title="", unit="", bars=bars))

    for bar, row in zip(bars, drawn, strict=True):
        assert 0 <= row.width <= 100
        assert 0 <= (row.limit or 0) <= 100
        assert row.over == (bar.limit is not None and bar.value > bar.limit)


@settings(deadline=None)
@given(runs)
def test_timelines_stay_in_their_frame(run: af.Run) -> None:
    """Whatever times a recording holds, all marks lie within the chart."""
    chart = charts.timeline(summarise(run))

    if chart is None:
        assert len(summarise(run).stages) < 2
        return
    assert {s.label.text.split("  ")[0][:23] for s in chart.stretches} <= {
        stage.name[:23] for stage in summarise(run).stages
    }
    for stretch in chart.stretches:
        assert 0 <= stretch.x < 100
        assert 0 < stretch.width <= 100.01 - stretch.x
        assert 0 <= stretch.label.x <= 100
        assert stretch.label.y < chart.floor <= chart.height
    for link in chart.links:
        assert 0 <= link.x1 <= link.x2 <= 100
        assert 0 <= min(link.y1, link.y2) <= max(link.y1, link.y2) <= chart.floor


def test_a_timeline_shows_who_waited_for_whom() -> None:
    """Stages lie where their times say; only direct waiting is drawn."""
    chart = charts.timeline(summarise(split_run("hotel")))

    assert chart is not None
    assert chart.timed
    artist, frontend, qa = chart.stretches[3:]
    assert artist.x == frontend.x == chart.stretches[2].x + chart.stretches[2].width
    assert (qa.label.text, qa.label.anchor) == ("qa  5.7 s", "end")
    assert [tick.text for tick in chart.ticks] == [
        "0",
        "10.0 s",
        "20.0 s",
        "30.0 s",
        "40.0 s",
    ]
    assert len(chart.links) == 7


def test_without_times_the_order_is_drawn() -> None:
    """A recording without times shows the ranks of the graph, and no ticks."""
    run = af.Run(
        workflow="w",
        case="c",
        stages=(
            af.Stage(name="a"),
            af.Stage(name="b", after=("a",)),
            af.Stage(name="c", after=("a",)),
        ),
    )
    chart = charts.timeline(summarise(run))

    assert chart is not None
    assert not chart.timed
    assert chart.ticks == ()
    assert [s.x for s in chart.stretches] == [0, 50, 50]


finite = st.floats(-1e300, 1e300, allow_nan=False)


@given(st.lists(st.tuples(finite, finite), max_size=5))
def test_curves_stay_in_their_frame(points: list[tuple[float, float]]) -> None:
    """Points of any size lie within the chart; without points there is none."""
    curve = charts.curve(
        af.Line(title="", x_label="", y_label="", points=tuple(points))
    )

    assert (curve is None) == (not points)
    if curve is not None:
        assert all(0 <= x <= 100 and 0 <= y <= curve.height for x, y in curve.points)
        assert len(curve.strokes) == len(points) - 1


@given(
    st.integers(1, 3_000),
    st.integers(1, 9_000),
    st.tuples(*[st.floats(-9_000, 9_000) for _ in range(4)]),
)
def test_cutouts_lie_within_their_picture(
    width: int, height: int, sides: tuple[float, float, float, float]
) -> None:
    """Around whatever box, the part that is shown is a part of the picture."""
    x, y, wide, high = sides
    box = af.PictureBox(x=x, y=y, width=wide, height=high, fingerprint="f")
    shot = af.PictureExhibit(
        title="t",
        media_type="image/png",
        data=b"x",
        width=width,
        height=height,
        boxes=(box,),
    )
    cut = pictures.cutout([shot], "f")

    assert cut is not None
    assert cut.width > 0
    assert cut.height > 0
    assert 0 <= cut.x <= cut.x + cut.width <= width + 0.01
    assert 0 <= cut.y <= cut.y + cut.height <= height + 0.01


def test_pictures_that_could_hold_script_are_not_shown() -> None:
    """Only pixels are drawn: no SVG, no page, nothing that was dropped."""
    shot = af.PictureExhibit(
        title="t", media_type="image/svg+xml", data=b"<svg/>", width=9, height=9
    )

    assert pictures.store(shot) is None
