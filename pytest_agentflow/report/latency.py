"""How long runs take: of one run, and the middle and the slow end of several."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_agentflow.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long one run takes, in ms."""

    span: float
    work: float | None = None
    """The durations of its calls: the span, were there one call at a time."""
    computed: bool = False
    """From what its replay did side by side; else as it was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """The latency of several runs, in ms."""

    runs: int
    computed: int
    """How many of them were computed from a replay."""
    p50: float
    p95: float
    work: float | None
    """The median; `None` where some run does not tell."""

    @property
    def sentence(self) -> str:
        """``latency p50 3.2 s, p95 4.8 s (6 runs, computed), work 5.1 s``."""
        how = {0: "recorded", self.runs: "computed"}.get(
            self.computed, f"{self.computed} computed, the others recorded"
        )
        told = f"latency p50 {seconds(self.p50)}, p95 {seconds(self.p95)}"
        work = "" if self.work is None else f", work p50 {seconds(self.work)}"
        return f"{told}{work} ({self.runs} runs, {how})"


def seconds(milliseconds: float) -> str:
    """Give a duration in seconds, with three digits that count."""
    value = milliseconds / 1000
    return f"{value:,.0f} s" if value >= 100 else f"{value:.3g} s"


def latency_of(run: Run) -> Latency | None:
    """Give how long a run takes; `None`: nothing tells."""
    computed = run.computed
    if computed is not None and not computed.undetermined:
        return Latency(span=computed.span, work=computed.work, computed=True)
    span = run.recorded.elapsed
    if span is None:
        return None
    timings = run.recorded.calls.values()
    took = [t.end - t.start for t in timings if t.end is not None]
    whole = len(took) == len(run.calls)
    return Latency(span=span, work=round(sum(took), 3) if whole and took else None)


def percentiles(known: Iterable[Latency]) -> Percentiles | None:
    """Give the median and the 95th percentile, from two runs up.

    Linear between the closest ranks (type 7 of Hyndman and Fan, 1996), as numpy does.
    """
    latencies = list(known)
    if len(latencies) < 2:
        return None
    cuts = statistics.quantiles(
        (one.span for one in latencies), n=100, method="inclusive"
    )
    works = [one.work for one in latencies if one.work is not None]
    whole = len(works) == len(latencies)
    return Percentiles(
        runs=len(latencies),
        computed=sum(one.computed for one in latencies),
        p50=cuts[49],
        p95=cuts[94],
        work=statistics.median(works) if whole else None,
    )
