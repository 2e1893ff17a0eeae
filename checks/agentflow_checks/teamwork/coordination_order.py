"""What could have run side by side: work and span over the edges that text takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest_agentflow as af
from agentflow_checks.flow.repeats import repeats
from agentflow_checks.flow.shingles import words
from agentflow_checks.flow.texts import in_order, said_text
from agentflow_checks.flow.token_flow import TokenFlow

Edges = Mapping[str, frozenset[str]]
"""Call -> the calls that it has to wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What one change of the order of calls would save."""

    first: str
    second: str
    """The same as `first`: its calls one beside the other."""
    saved: float
    """Seconds, or tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallelism:
    """How long the calls take one after the other, as they ran, and at best."""

    unit: str
    """``s`` or ``tokens``."""
    work: float
    recorded: float
    """The longest path over the order in which the calls ran."""
    span: float
    """The longest path over what each call was given."""
    savings: tuple[Saving, ...] = ()
    """Single changes, the largest saving first; they do not add up."""

    @property
    def factor(self) -> float:
        """Work over span: so many calls could run at once, on average."""
        return self.work / self.span if self.span else 1.0


def in_seconds(run: af.Run) -> dict[str, float] | None:
    """Give how long each call took when it was recorded; `None`: not known of all."""
    found = {}
    for call in run.calls:
        timing = run.recorded.calls.get(call.id)
        if timing is None or timing.end is None:
            return None
        found[call.id] = max(timing.end - timing.start, 0.0) / 1000
    return found or None


def seconds_text(seconds: float) -> str:
    """Write a time so that its share can be followed: ``23.2 s``, ``0.12 s``."""
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds:.2f} s"


def in_tokens(run: af.Run) -> dict[str, float] | None:
    """Give the tokens of each call; `None`: one of a model does not tell its own.

    Calls of no model have none, and so do those that are billed in other units.
    """
    if any(call.unreported for call in run.calls):
        return None
    return {call.id: float(call.total_tokens or 0) for call in run.calls}


def recorded_order(run: af.Run) -> dict[str, frozenset[str]]:
    """Give all calls that were answered before each call was made, at any distance.

    Recorded parents decide; clocks only where no call has any, as in imported runs.
    """
    calls = in_order(run)
    if len(calls) > 1 and not any(call.parents for call in calls):
        return _by_clock(run, calls)
    before: dict[str, frozenset[str]] = {}
    for call in calls:
        parents = [p for p in call.parents if p in before]
        before[call.id] = frozenset(parents).union(*(before[p] for p in parents))
    return before


def _by_clock(run: af.Run, calls: Sequence[af.Call]) -> dict[str, frozenset[str]]:
    known = {call.id: run.recorded.calls.get(call.id) for call in calls}
    timed = {name: t for name, t in known.items() if t is not None}
    ends = [(t.end, name) for name, t in timed.items() if t.end is not None]
    starts = sorted((t.start, name) for name, t in timed.items())
    order = {
        name: frozenset(o for end, o in ends if end <= start and o != name)
        for start, name in starts
    }
    return {**{call.id: frozenset() for call in calls if call.id not in timed}, **order}


def needed_order(
    run: af.Run, flow: TokenFlow, coordinators: Sequence[str] = ()
) -> dict[str, frozenset[str]]:
    """Give the calls that each call could not have done without.

    A call needs an earlier one where it was given text that the earlier one's stage
    said. Where text cannot tell, it is taken to need it: where the earlier one is no
    model call, belongs to a coordinator, asked for a tool, said less than a shingle (a
    verdict, a route), mostly said again what others had said (an editor), painted what
    the later one was shown, or was the first try of the same.
    """
    by_id = {call.id: call for call in run.calls}
    order = recorded_order(run)
    prompts = {prompt.call: prompt for prompt in flow.prompts}
    opaque = {c.id for c in run.calls if _opaque(c, coordinators, flow.width)}
    opaque |= flow.echoes
    tried = {r.again: frozenset({r.first}) for r in repeats(flow)}
    spoke = {c.stage for c in run.calls if said_text(c).strip()}
    found = {}
    for name, before in order.items():
        needed = before & opaque
        if name not in prompts or by_id[name].stage in coordinators:
            found[name] = before
            continue
        texts = [copy.source for copy in prompts[name].copies]
        read = {t.stage for t in texts if not t.prompt and t.stage in spoke}
        needed |= {c for c in before if by_id[c].stage in read}
        needed |= _shown(by_id, name, before) | before & tried.get(name, frozenset())
        found[name] = needed
    return found


def _opaque(call: af.Call, coordinators: Sequence[str], width: int) -> bool:
    if not call.is_model_call or call.stage in coordinators or call.tool_calls:
        return True
    return not call.pictures and len(words(said_text(call))) < width


def _shown(
    by_id: Mapping[str, af.Call], name: str, before: frozenset[str]
) -> frozenset[str]:
    if not any(message.images for message in by_id[name].messages):
        return frozenset()
    return frozenset(c for c in before if by_id[c].pictures)


def longest_path(edges: Edges, weights: Mapping[str, float]) -> float:
    """Give the weight of the heaviest path; `edges` stand in causal order."""
    done: dict[str, float] = {}
    for name, before in edges.items():
        begin = max((done[b] for b in before if b in done), default=0.0)
        done[name] = begin + weights.get(name, 0.0)
    return max(done.values(), default=0.0)


def ways_together(
    run: af.Run, flow: TokenFlow, coordinators: Sequence[str] = ()
) -> tuple[Parallelism, ...]:
    """Compare both orders in recorded seconds and in tokens, where they are known."""
    weights = [("s", in_seconds(run)), ("tokens", in_tokens(run))]
    return tuple(
        parallelism(run, flow, weight, unit=unit, coordinators=coordinators)
        for unit, weight in weights
        if weight is not None
    )


def parallelism(
    run: af.Run,
    flow: TokenFlow,
    weights: Mapping[str, float],
    *,
    unit: str,
    coordinators: Sequence[str] = (),
) -> Parallelism:
    """Compare the order in which the calls ran with the order that their texts need.

    Args:
        run: the run.
        flow: its token flow.
        weights: call -> seconds or tokens.
        unit: of `weights`.
        coordinators: stages whose answers decide what runs next.
    """
    order = recorded_order(run)
    needed = needed_order(run, flow, coordinators)
    recorded = longest_path(order, weights)
    savings = []
    stage_of = {call.id: call.stage for call in run.calls}
    for first, second in _candidates(flow, order, needed, stage_of):
        freed = {
            name: frozenset(
                b
                for b in before
                if b in needed[name] or (stage_of[b], stage_of[name]) != (first, second)
            )
            for name, before in order.items()
        }
        saved = recorded - longest_path(freed, weights)
        if saved > 0:
            savings.append(Saving(first=first, second=second, saved=saved))
    return Parallelism(
        unit=unit,
        work=sum(weights.get(call.id, 0.0) for call in run.calls),
        recorded=recorded,
        span=longest_path(needed, weights),
        savings=tuple(sorted(savings, key=lambda s: (-s.saved, s.first, s.second))),
    )


def _candidates(
    flow: TokenFlow, order: Edges, needed: Edges, stage_of: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Pairs of neighbouring stages that wait without need, and stages by themselves."""
    waits = {
        (stage_of[b], stage_of[name])
        for name, before in order.items()
        for b in before - needed[name]
    }
    pairs = [(stage, stage) for stage in flow.stages]
    pairs += pairwise(flow.stages)
    return [pair for pair in pairs if pair in waits]


def imbalance(
    flow: TokenFlow, run: af.Run, weights: Mapping[str, float]
) -> float | None:
    """Give k times the largest stage over the sum: 1 is even, k is all in one stage."""
    sums = dict.fromkeys(flow.stages, 0.0)
    for call in run.calls:
        if call.stage in sums:
            sums[call.stage] += weights.get(call.id, 0.0)
    return af.imbalance(list(sums.values()))
