"""How long a run or a stage takes: computed from a replay, else as it was recorded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import percent

RULE = "cost.latency"
TITLE = "It takes no longer than allowed"

_TOLD = 0.05
"""A stage that takes more than so much longer than recorded is told of."""

_SHOWN = 0.001
"""A smaller share of the critical path is left out of a message."""

_STAGES = 6
"""Stages of the critical path that a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How long a run or one of its stages takes."""

    seconds: Decimal
    computed: bool
    """From what this replay did side by side; else as it was recorded."""

    @property
    def told(self) -> str:
        """How the figure came about."""
        return "computed from this replay" if self.computed else "recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the calls of a stage were made: how many, how many at once, how long."""

    calls: int
    at_once: int
    span: float
    """ms from the first start to the last end."""

    @property
    def told(self) -> str:
        """``one after the other``, ``side by side``, ``up to 2 at a time``."""
        if self.at_once <= 1:
            return "one after the other"
        side_by_side = self.at_once >= self.calls
        return "side by side" if side_by_side else f"up to {self.at_once} at a time"


def taken(run: af.Run, stage: str | None) -> Taken | None:
    """Give how long a stage, or the run, takes; `None`: it is not known.

    Raises `UnknownStage`.
    """
    computed = run.computed
    if computed is not None and not computed.undetermined:
        span = computed.span if stage is None else computed.span_of(_ids(run, stage))
        if span is not None:
            return Taken(seconds=_seconds(span), computed=True)
    recorded = _recorded(run, stage)
    return None if recorded is None else Taken(seconds=recorded, computed=False)


def _recorded(run: af.Run, stage: str | None) -> Decimal | None:
    if stage is None:
        duration = run.recorded.elapsed
    else:
        span = run.recorded.stages.get(run.stage(stage).name)
        duration = None if span is None else span[1] - span[0]
    return None if duration is None else _seconds(duration)


def _seconds(milliseconds: float) -> Decimal:
    return Decimal(round(milliseconds)).scaleb(-3)


def judge_latency(
    run: af.Run, limits: Mapping[str | None, Decimal]
) -> Iterator[af.Examined | af.Finding | af.Rule | af.Note | af.Table]:
    """Hold the run, and stages, against the seconds that they may take."""
    if not limits:
        return
    yield af.Rule(id=RULE, title=TITLE)
    for stage, limit in limits.items():
        yield _judged(run, stage, limit)
    if run.computed is not None:
        for note in run.computed.notes:
            yield af.Note(text=f"latency: {note}")
        yield _table(run)


def _judged(run: af.Run, stage: str | None, limit: Decimal) -> af.Examined | af.Finding:
    name, place = stage or "the run", af.Place(stage=stage)
    if (problem := _undetermined(run)) is not None:
        return af.Finding(
            rule=RULE,
            verdict=af.Verdict.UNDETERMINED,
            message=f"the latency of {name} could not be computed from this replay: "
            f"{problem}",
            place=place,
            expected=f"at most {limit:,f} s",
            fix="Judge the recorded time instead: --agentflow-latency=recorded",
            subject=name,
            evidence=f"{name} undetermined",
        )
    try:
        found = taken(run, stage)
    except af.UnknownStage as error:
        return _unknown(str(error), name, limit, af.Place())
    if found is None:
        text = f"the s of {name} are not known: the recording holds no times for it"
        return _unknown(text, name, limit, place)
    if found.seconds <= limit:
        return af.Examined(rule=RULE, place=place)
    return _over(run, stage, found, limit)


def _table(run: af.Run) -> af.Table:
    """Show the span of each stage beside its work, now and when it was recorded."""
    assert run.computed is not None  # noqa: S101 - asked by the caller
    whole = run.computed
    rows = [row for stage in run.stages if (row := _row(run, stage.name))]
    before = "" if run.recorded.elapsed is None else f"{_seconds(run.recorded.elapsed)}"
    count, most = str(len(whole.calls)), str(whole.at_once(whole.calls))
    spans = f"{_seconds(whole.span)}", f"{_seconds(whole.work)}"
    return af.Table(
        title="Latency computed from this replay, in seconds",
        columns=("stage", "calls", "at once", "span", "work", "recorded"),
        rows=(*rows, ("the run", count, most, *spans, before)),
        numeric=(1, 2, 3, 4, 5),
    )


def _row(run: af.Run, stage: str) -> tuple[str, ...] | None:
    assert run.computed is not None  # noqa: S101 - asked by the caller
    now, before = _pace(run, stage), _recorded_pace(run, stage)
    if now is None:
        return None
    work = _seconds(run.computed.work_of(_ids(run, stage)))
    recorded = "" if before is None else f"{_seconds(before.span)}"
    count, most = str(now.calls), str(now.at_once)
    return stage, count, most, f"{_seconds(now.span)}", f"{work}", recorded


def _undetermined(run: af.Run) -> str | None:
    if run.computed is None or not run.computed.undetermined:
        return None
    return "; ".join(run.computed.undetermined)


def _unknown(text: str, name: str, limit: Decimal, place: af.Place) -> af.Finding:
    return af.Finding(
        rule=RULE,
        verdict=af.Verdict.ERROR,
        message=text,
        place=place,
        expected=f"at most {limit:,f} s",
        fix="Record again; imported runs may lack times.",
        subject=name,
        evidence=f"{name} unknown",
    )


def _over(run: af.Run, stage: str | None, found: Taken, limit: Decimal) -> af.Finding:
    name = stage or "the run"
    over = found.seconds - limit
    more = f" ({percent(over, limit)})" if limit else ""
    culprit, cause = _cause(run, stage, found)
    verb = "takes" if found.computed else "took"
    key = f'{{"{stage}": {found.seconds:f}}}' if stage else f"{found.seconds:f}"
    return af.Finding(
        rule=RULE,
        message=f"{name} {verb} {found.seconds:,f} s ({found.told}), {over:,f} s{more} "
        f"over its {limit:,f} s. {cause}",
        place=af.Place(stage=stage),
        observed=f"{found.seconds:,f} s, {found.told}",
        expected=f"at most {limit:,f} s",
        fix=f"Make calls side by side that do not need each other (asyncio.gather, a "
        f"thread pool), or raise the budget: latency={key}",
        subject=name,
        introduced_by=culprit,
        evidence=f"{name} over {limit}",
    )


def _cause(run: af.Run, stage: str | None, found: Taken) -> tuple[str | None, str]:
    """Name the stage that it is put down to, and what is known of it."""
    if not found.computed:
        return _longest(run, stage)
    names = [stage] if stage is not None else [s.name for s in run.stages]
    slower = [(_slower(run, name), name) for name in names]
    most, worst = max(slower, default=(0.0, None))
    told = [_told(run, name) for extra, name in sorted(slower, reverse=True) if extra]
    if stage is None:
        told += [_parted_text(*pair) for pair in _parted(run, names)]
    path = _path(run) if stage is None else ""
    if not told:
        longest, text = _longest(run, stage)
        return longest, f"{path}{text}"
    return (worst if most else stage), f"{path}{' '.join(told)}"


def _longest(run: af.Run, stage: str | None) -> tuple[str | None, str]:
    if stage is not None:
        pace = _recorded_pace(run, stage) if run.computed is None else _pace(run, stage)
        text = "" if pace is None else f" {pace.told}" if pace.calls > 1 else ""
        calls = len(run.stage(stage).calls)
        return stage, f"{calls} {'call' if calls == 1 else 'calls'}{text}."
    times = [(t.seconds, s.name) for s in run.stages if (t := taken(run, s.name))]
    if not times:
        return None, "No stage is known for it."
    seconds, name = max(times)
    return name, f"{name} takes the longest, {seconds:,f} s."


def _slower(run: af.Run, stage: str) -> float:
    """Give the ms that a stage's calls take longer than when they were recorded."""
    now, before = _pace(run, stage), _recorded_pace(run, stage)
    if now is None or before is None or now.calls < 2:
        return 0.0
    return max(now.span - before.span, 0.0) if _is_slower(now, before) else 0.0


def _is_slower(now: Pace, before: Pace) -> bool:
    return now.span > before.span * (1 + _TOLD) and now.at_once < before.at_once


def _told(run: af.Run, stage: str) -> str:
    """Say what a stage does otherwise than it did when it was recorded."""
    now, before = _pace(run, stage), _recorded_pace(run, stage)
    assert now is not None  # noqa: S101 - it is slower than something
    assert before is not None  # noqa: S101
    extra = _seconds(now.span - before.span)
    return (
        f"{stage}: {now.calls} calls {now.told}, {_seconds(now.span)} s; recorded "
        f"{_seconds(before.span)} s {before.told}, which costs {extra} s."
    )


def _parted(run: af.Run, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the pairs of stages that overlapped when recorded, and do not now."""
    assert run.computed is not None  # noqa: S101 - asked by the caller
    before = _recorded_times(run, [call.id for call in run.calls])
    for one, other in itertools.combinations(names, 2):
        ids = _ids(run, one), _ids(run, other)
        if _overlap(before, *ids) and not _overlap(run.computed, *ids):
            yield one, other


def _overlap(times: af.Computed, ones: list[str], others: list[str]) -> bool:
    spans = [times.span_of(ids) for ids in (ones, others)]
    if None in spans or not all(spans):
        return False
    both = times.span_of([*ones, *others]) or 0.0
    shared = sum(span or 0.0 for span in spans) - both
    return shared > _TOLD * both


def _parted_text(one: str, other: str) -> str:
    return f"{one} and {other} were recorded side by side, and follow each other now."


def _pace(run: af.Run, stage: str) -> Pace | None:
    assert run.computed is not None  # noqa: S101 - asked by the caller
    ids = [id_ for id_ in _ids(run, stage) if id_ in run.computed.calls]
    span = run.computed.span_of(ids)
    if span is None:
        return None
    return Pace(calls=len(ids), at_once=run.computed.at_once(ids), span=span)


def _recorded_pace(run: af.Run, stage: str) -> Pace | None:
    known = _recorded_times(run, _ids(run, stage))
    span = known.span_of(known.calls)
    if span is None:
        return None
    return Pace(calls=len(known.calls), at_once=known.at_once(known.calls), span=span)


def _recorded_times(run: af.Run, ids: Sequence[str]) -> af.Computed:
    times = run.recorded.calls
    return af.Computed(
        calls={
            id_: (times[id_].start, end)
            for id_ in ids
            if id_ in times and (end := times[id_].end) is not None
        }
    )


def _ids(run: af.Run, stage: str) -> list[str]:
    return [call.id for call in run.stage(stage).calls]


def _path(run: af.Run) -> str:
    """Write the critical path, stage by stage."""
    assert run.computed is not None  # noqa: S101 - asked by the caller
    stages = {call.id: call.stage for call in run.calls}
    steps: list[tuple[str, float]] = []
    for id_ in run.computed.critical:
        start, end = run.computed.calls[id_]
        name, took = stages.get(id_, id_), end - start
        if steps and steps[-1][0] == name:
            steps[-1] = (name, steps[-1][1] + took)
        else:
            steps.append((name, took))
    return f"Critical path: {_joined(steps)}. " if steps else ""


def _joined(steps: Sequence[tuple[str, float]]) -> str:
    whole = sum(took for _, took in steps)
    kept = [step for step in steps if step[1] >= _SHOWN * whole]
    told = [f"{name} {_seconds(took)} s" for name, took in kept]
    if len(told) > _STAGES:
        told = [*told[: _STAGES - 1], "...", told[-1]]
    return " -> ".join(told)
