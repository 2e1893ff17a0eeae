"""How long runs take, of several: the median and the slow end, with their number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.report.latency import Latency, latency_of, percentiles

spans = st.lists(
    st.floats(min_value=0, max_value=1e7, allow_nan=False), min_size=2, max_size=40
)


@given(spans=spans)
def test_percentiles_are_those_of_numpy(spans: list[float]) -> None:
    """Linear between the closest ranks, as everybody computes them."""
    found = percentiles(Latency(span=span) for span in spans)
    assert found is not None
    assert found.runs == len(spans)
    assert found.p50 == pytest.approx(np.percentile(spans, 50), rel=1e-9, abs=1e-9)
    assert found.p95 == pytest.approx(np.percentile(spans, 95), rel=1e-9, abs=1e-9)


def test_one_run_has_no_percentiles() -> None:
    """From a single run nothing can be said about others."""
    assert percentiles([Latency(span=1.0)]) is None


def test_the_sentence_tells_how_many_and_how() -> None:
    """The number stands beside every figure, and what was computed is told apart."""
    computed = [Latency(span=1000.0 * i, work=2000.0, computed=True) for i in (1, 2, 3)]
    told = percentiles(computed)
    assert told is not None
    assert told.sentence == (
        "latency p50 2 s, p95 2.9 s, work p50 2 s (3 runs, computed)"
    )
    mixed = percentiles([*computed, Latency(span=120_000.0)])
    assert mixed is not None
    assert mixed.sentence == (
        "latency p50 2.5 s, p95 102 s (4 runs, 3 computed, the others recorded)"
    )


def test_a_run_tells_what_was_computed_else_what_was_recorded() -> None:
    """A computed span that cannot be relied on is not shown."""
    recorded = af.Recorded(duration=50.0)
    sound = af.Computed(calls={"a/1": (0.0, 30.0), "a/2": (10.0, 30.0)})
    shaky = af.Computed(calls={"a/1": (0.0, 30.0)}, undetermined=("it never settled",))
    made = [
        af.Run(workflow="w", case="c", recorded=recorded, computed=one)
        for one in (sound, shaky, None)
    ]
    assert [latency_of(run) for run in made] == [
        Latency(span=30.0, work=50.0, computed=True),
        Latency(span=50.0),
        Latency(span=50.0),
    ]
    assert latency_of(af.Run(workflow="w", case="c")) is None
