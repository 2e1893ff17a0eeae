"""What is measured of a run to see how it grows: calls, tokens, money, waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from pytest_agentflow.model.call import WORDLESS_KINDS, Call
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.pricing.cost import cost_of
from pytest_agentflow.pricing.cost_model import CostModel, ForwardPasses, priced

#: What may be declared, in the order in which it is told.
QUANTITIES = (
    "calls",
    "prompt_tokens",
    "output_tokens",
    "total_tokens",
    "context_per_call",
    "cost",
    "span",
)
#: Decided by what goes into the models, not by what they choose to say.
GOES_IN = frozenset({"calls", "prompt_tokens", "context_per_call"})
BESIDE = "charges beside the models"
_BY_PIECE = frozenset({"image", "audio"})

ByStage = Mapping[str, float]


class Unmeasured(Exception):
    """A quantity of a run is not known; `verdict` says how grave that is."""

    def __init__(self, reason: str, verdict: Verdict = Verdict.ERROR) -> None:
        super().__init__(reason)
        self.verdict = verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One quantity of every run, by stage, in one unit."""

    unit: str
    values: tuple[ByStage, ...]
    estimated: bool = False
    told: str = ""
    """What the values rest on, where they may rest on two things."""

    @property
    def totals(self) -> list[float]:
        """Of each run, over all its stages."""
        return [sum(by_stage.values()) for by_stage in self.values]

    @property
    def stages(self) -> tuple[str, ...]:
        """Every stage that some run has, in the order of their first run."""
        return tuple(dict.fromkeys(name for one in self.values for name in one))


def measure(
    runs: Sequence[Run], quantity: str, *, model: CostModel, stage: str | None
) -> Measured:
    """Measure one of `QUANTITIES` of every run, of one stage or of all.

    The context of a call is the mean prompt of each stage, the stages weighted by their
    calls at the largest size: a run of more calls of the longer prompt is no growth of
    any context. The span is that of `spans`.

    Raises:
        Unmeasured: naming run, call and what is missing, or the model without size.
    """
    if quantity == "cost":
        return _costs(runs, model, stage)
    used = [u for r in runs for c in r.calls if (u := c.usage) is not None]
    estimated = quantity not in ("calls", "span") and any(
        u.source == "estimated" for u in used
    )
    values = [_VALUES[quantity](run, stage) for run in runs]
    if quantity == "context_per_call":
        values = _standardised(runs, values, stage)
    return Measured(
        unit=_UNITS.get(quantity, "tokens"),
        values=tuple(values),
        estimated=estimated,
        told=_times_told(runs) if quantity == "span" else "",
    )


def _times_told(runs: Sequence[Run]) -> str:
    """Say which times were measured."""
    computed = sum(run.computed is not None for run in runs)
    if not computed:
        return "times as recorded"
    if computed == len(runs):
        return "times computed from this replay"
    return (
        f"times computed from this replay for {computed} of {len(runs)} runs, as "
        "recorded for the others"
    )


_UNITS = {"calls": "calls", "context_per_call": "tokens a call", "span": "s"}


def model_calls(run: Run, stage: str | None = None) -> tuple[Call, ...]:
    """Give the calls that a model answered, of one stage or of all."""
    return tuple(
        call for call in run.calls if call.is_model_call and stage in (None, call.stage)
    )


def read_tokens(run: Run, call: Call) -> int:
    """Give the tokens that a call read; raises `Unmeasured`."""
    return _tokens(run, call, "input_tokens")


def written_tokens(run: Run, call: Call) -> int:
    """Give the tokens that a call wrote; raises `Unmeasured`."""
    return 0 if call.kind in WORDLESS_KINDS else _tokens(run, call, "output_tokens")


def _tokens(run: Run, call: Call, kind: str) -> int:
    usage = call.usage
    if usage is None or call.unreported == ("usage",):
        message = (
            f"call {call.id} of {run.id} reports no usage; record it again with a "
            "provider that reports it"
        )
        raise Unmeasured(message)
    count: int | None = getattr(usage, kind)
    if count is not None:
        return count
    if not call.unreported:  # a picture that is counted by the piece has no tokens
        return 0
    message = f"call {call.id} of {run.id} reports no {kind.replace('_', ' ')}"
    raise Unmeasured(message)


_Values = Callable[[Run, str | None], ByStage]


def _summed(of: Callable[[Run, Call], float]) -> _Values:
    def values(run: Run, stage: str | None) -> ByStage:
        found: dict[str, float] = {}
        for call in model_calls(run, stage):
            found[call.stage] = found.get(call.stage, 0.0) + of(run, call)
        return found

    return values


def prompted(run: Run, stage: str | None = None) -> tuple[Call, ...]:
    """Give the model calls that have a prompt to answer, and so a context."""
    return tuple(c for c in model_calls(run, stage) if c.kind not in WORDLESS_KINDS)


def contexts(run: Run, stage: str | None = None) -> ByStage:
    """Give the mean prompt of a call, in tokens, for every stage that asks a model."""
    chats: dict[str, list[int]] = {}
    for call in prompted(run, stage):
        chats.setdefault(call.stage, []).append(read_tokens(run, call))
    return {stage: sum(read) / len(read) for stage, read in chats.items()}


def _standardised(
    runs: Sequence[Run], means: Sequence[ByStage], stage: str | None
) -> list[ByStage]:
    """Weigh the stages of all runs alike: by their calls at the largest size."""
    largest = max(run.size or 0 for run in runs)
    calls = Counter(
        call.stage
        for run in runs
        if run.size == largest
        for call in prompted(run, stage)
    )
    # A stage that is first asked at some larger size had no other context before it.
    ascending = sorted(range(len(runs)), key=lambda place: runs[place].size or 0)
    first = {
        name: next(means[i][name] for i in ascending if name in means[i])
        for name in calls
    }
    return [
        {n: many / calls.total() * one.get(n, first[n]) for n, many in calls.items()}
        for one in means
    ]


def spans(run: Run, stage: str | None = None) -> ByStage:
    """Give the longest chain of calls that waited for each other, in s by stage.

    Computed from what a timed replay did, else from the times of the recording and the
    order of the calls. What the program does between calls is no part of either.

    Raises:
        Unmeasured: naming the call without times, or why nothing could be computed.
    """
    times = _computed(run) if run.computed is not None else _recorded(run)
    stages = {call.id: call.stage for call in run.calls}
    found: dict[str, float] = {}
    for one, seconds in times.items():
        name = stages.get(one, one)
        found[name] = found.get(name, 0.0) + seconds
    return found if stage is None else {stage: found.get(stage, 0.0)}


def _computed(run: Run) -> Mapping[str, float]:
    """Give the time that each call adds to the critical path of this replay."""
    computed = run.computed
    assert computed is not None  # noqa: S101 - asked by the caller
    if computed.undetermined:
        message = (
            f"the latency of {run.id} could not be computed from this replay: "
            f"{'; '.join(computed.undetermined)}; judge the recorded times instead: "
            "--agentflow-latency=recorded"
        )
        raise Unmeasured(message, Verdict.UNDETERMINED)
    found, at = {}, 0.0
    for one in computed.critical:
        start, end = computed.calls[one]
        found[one] = max(end - max(start, at), 0.0) / 1000
        at = max(at, end)
    return found


def _recorded(run: Run) -> Mapping[str, float]:
    times = {call.id: _seconds(run, call) for call in run.calls}
    return {one: times[one] for one in _longest(run, times)}


def _seconds(run: Run, call: Call) -> float:
    timing = run.recorded.calls.get(call.id)
    if timing is None or timing.end is None:
        message = (
            f"the recording holds no times for call {call.id} of {run.id}; record it "
            "again"
        )
        raise Unmeasured(message)
    return (timing.end - timing.start) / 1000


def _longest(run: Run, times: Mapping[str, float]) -> Iterator[str]:
    """Give the calls of the longest chain, the last one first."""
    graph = {c.id: [p for p in c.parents if p in times] for c in run.calls}
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for one in TopologicalSorter(graph).static_order():
        last = max(graph[one], key=ends.__getitem__, default=None)
        before[one] = last
        ends[one] = times[one] + (0.0 if last is None else ends[last])
    step = max(ends, key=ends.__getitem__, default=None)
    while step is not None:
        yield step
        step = before[step]


_VALUES: Mapping[str, _Values] = {
    "calls": _summed(lambda _run, _call: 1.0),
    "prompt_tokens": _summed(read_tokens),
    "output_tokens": _summed(written_tokens),
    "total_tokens": _summed(lambda r, c: read_tokens(r, c) + written_tokens(r, c)),
    "context_per_call": contexts,
    "span": spans,
}


def _costs(runs: Sequence[Run], model: CostModel, stage: str | None) -> Measured:
    found = [_cost(run, model, stage) for run in runs]
    units = sorted({unit for unit, _ in found})
    if len(units) > 1:
        message = (
            f"the runs cost {', '.join(units)}: give a `currency` to report in, and "
            "a rate, in the price file"
        )
        raise Unmeasured(message)
    estimated = any(
        c.usage.source == "estimated" for r in runs for c in r.calls if c.usage
    )
    return Measured(
        unit=units[0], values=tuple(v for _, v in found), estimated=estimated
    )


def _cost(run: Run, model: CostModel, stage: str | None) -> tuple[str, ByStage]:
    names = dict.fromkeys(call.stage for call in run.calls)
    unit, found = "", {}
    for name in names if stage is None else [stage]:
        calls = [call for call in run.calls if call.stage == name]
        found[name], unit = _amount(run, model, calls)
    if stage is None and (model == priced() or not unit):
        whole, unit = _amount(run, model, None)
        if (beside := whole - sum(found.values())) > whole * 1e-9:
            found[BESIDE] = beside
    return unit, found


def _amount(
    run: Run, model: CostModel, calls: Sequence[Call] | None
) -> tuple[float, str]:
    for call in run.calls if calls is None else calls:
        if call.is_model_call and call.kind not in _BY_PIECE:
            read_tokens(run, call)  # what reports no usage is an error in any model
    cost = cost_of(run, model, calls=calls)
    if cost.amount is None:
        unsized = isinstance(model, ForwardPasses)
        verdict = Verdict.UNDETERMINED if unsized else Verdict.ERROR
        raise Unmeasured(f"{run.id}: {'; '.join(cost.undetermined)}", verdict)
    return float(cost.amount), cost.unit
