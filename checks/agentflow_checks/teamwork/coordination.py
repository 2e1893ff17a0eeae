"""The check `coordination`: what the split itself costs stays within its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.flow.token_flow import TokenFlow, token_flow
from agentflow_checks.teamwork.coordination_exhibits import coordination_exhibits
from agentflow_checks.teamwork.coordination_limits import (
    judge_calls,
    judge_redundancy,
    judge_repeats,
    judge_reread,
    judge_unneeded,
    judge_waiting,
)
from agentflow_checks.teamwork.coordination_line import MONEY, TIME, TOKENS
from agentflow_checks.teamwork.coordination_order import ways_together
from agentflow_checks.teamwork.coordination_pairs import judge_pairwise, samples
from agentflow_checks.teamwork.coordination_share import judge_share, line_of
from agentflow_checks.teamwork.coordination_unneeded import Reads, validate_reads

_EXAMPLE = "coordination(max_share=0.15)"


def _validate(
    max_share: float | None = None,
    *,
    of: str = MONEY,
    coordinators: Sequence[str] = (),
    redundancy: float | Mapping[str, float] | None = None,
    reads: Reads | None = None,
    unneeded: float = 0.05,
    waiting: float | None = None,
    runs: str | None = None,
    pairwise: float | None = None,
    **more: Any,
) -> None:
    limits = (max_share, redundancy, reads, waiting, pairwise, *more.values())
    _expect(any(v is not None for v in limits), f"give a limit: {_EXAMPLE}")
    kinds = (MONEY, TOKENS, TIME)
    _expect(of in kinds, f"of={of!r} is none of {', '.join(kinds)}")
    _expect(not isinstance(coordinators, str), 'coordinators= is a list: ["planner"]')
    by_stage = dict(redundancy) if isinstance(redundancy, Mapping) else {"": redundancy}
    shares = {"max_share": max_share, "unneeded": unneeded, "waiting": waiting}
    shares |= {f"redundancy {stage}".strip(): s for stage, s in by_stage.items()}
    for name, share in shares.items():
        within = share is None or 0 <= share <= 1
        _expect(within, f"{name}={share} is a share from 0 to 1")
    for name, limit in more.items():
        for number in limit.values() if isinstance(limit, Mapping) else [limit]:
            within = number is None or number >= 0
            _expect(within, f"{name}={number} is negative; a limit is at least 0")
    validate_reads(reads or {})
    both = (runs is None) is (pairwise is None) and (pairwise is None or pairwise < 1)
    _expect(both, 'a share pairwise= goes with runs=: runs="site_*/*", pairwise=0.1')
    _expect(pairwise is None or pairwise > 0, "pairwise=0 leaves nothing to bound")


def _expect(good: bool, message: str) -> None:
    if not good:
        raise ValueError(message)


@af.check("coordination", validate=_validate)
def coordination(
    run: af.Run,
    max_share: float | None = None,
    *,
    of: str = MONEY,
    coordinators: Sequence[str] = (),
    redundancy: float | Mapping[str, float] | None = None,
    reread: float | None = None,
    reads: Reads | None = None,
    unneeded: float = 0.05,
    calls: Mapping[str, int] | None = None,
    repeats: int | None = None,
    waiting: float | None = None,
    runs: str | None = None,
    pairwise: float | None = None,
) -> Iterator[object]:
    """What goes into coordinating stages, instead of into the work, stays in bounds.

    Coordination is text that a model of the run had written or read before, calls of
    coordinators, calls in no stage, what is charged beside the models, failed attempts
    and, of time, every moment in which no stage's call is under way. Copies are found
    word for word, in runs of eight words, whatever the notation; paraphrases are not.

    Args:
        run: the run.
        max_share: largest share of the whole that coordination may take, 0 to 1.
        of: what it is a share of: ``money``, ``tokens`` or ``time``.
        coordinators: stages that plan, route or orchestrate.
        redundancy: largest share of a stage's prompts that other stages wrote or were
            given before; one number for all stages, or stage -> share.
        reread: how often a word that was handed on may be read on average: 1 in a
            chain, half the number of stages where each is given all before it.
        reads: stage -> the sections that it reads: ``{"frontend": ["$.description"]}``.
        unneeded: largest share of such a stage's prompts that is handed on to it from
            outside these sections. Unrelated texts share up to 4 % by chance.
        calls: stage -> model calls that are meant; more are rework.
        repeats: calls that may ask what their stage had just asked.
        waiting: largest share of the recorded time that calls may wait for others whose
            text they are not given.
        runs: glob of recordings with other numbers of stages.
        pairwise: largest share of what is handed on that may grow with the pairs of
            stages instead of with the stages, over `runs`; 0.1 for 10 %.
    """
    names = set(coordinators) | set(calls or ())
    names |= set(redundancy) if isinstance(redundancy, Mapping) else set()
    for name in sorted(names):
        run.stage(name)
    if not any(call.is_model_call for call in run.calls):
        yield af.Rule(id="coordination", title="Coordination stays in bounds")
        yield af.Note(text=f"run {run.id} asked no model: there is nothing to share")
        return
    flow = token_flow(run)
    line = line_of(run, flow, coordinators, None if max_share is None else of)
    if line is not None and max_share is not None:
        yield from judge_share(run, line, max_share, of, estimated=flow.estimated)
    yield from _copies(flow, redundancy, reread)
    if reads:
        yield from judge_unneeded(run, flow, reads, unneeded)
    if calls:
        yield from judge_calls(run, calls)
    if repeats is not None:
        yield from judge_repeats(flow, repeats)
    if runs is not None and pairwise is not None:
        yield from judge_pairwise(flow, samples(run, runs), pairwise)
    together = ways_together(run, flow, coordinators)
    if waiting is not None:
        yield from judge_waiting(run, together, waiting)
    yield from coordination_exhibits(run, flow, line, together, of)


def _copies(
    flow: TokenFlow,
    redundancy: float | Mapping[str, float] | None,
    reread: float | None,
) -> Iterator[object]:
    if redundancy is not None:
        yield from judge_redundancy(flow, redundancy)
    if reread is not None:
        yield from judge_reread(flow, reread)
