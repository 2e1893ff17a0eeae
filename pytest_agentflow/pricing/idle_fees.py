"""Charges of a price file that no run is charged, and why not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_agentflow.model.price import Fee
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.names import matches


def idle_fees(runs: Sequence[Run]) -> Mapping[Fee, str]:
    """Give the fees in the price locks of `runs` that none of them is charged.

    A fee for a stage whose name is misspelt charges nothing, and nothing would fail.
    One for another workflow is none of these runs': it is left out.

    Returns:
        Fee -> why it is not charged, in words: ``no run has a stage 'artits'; did you
        mean 'artist'?``.
    """
    found: dict[Fee, str] = {}
    for fee in dict.fromkeys(fee for run in runs for fee in run.recorded.prices.fees):
        own = [run for run in runs if not fee.workflow or _fits(fee, run)]
        if own and not any(_charges(fee, run) for run in own):
            found[fee] = _why(fee, own)
    return found


def _fits(fee: Fee, run: Run) -> bool:
    return matches(fee.workflow, run.workflow)


def _charges(fee: Fee, run: Run) -> bool:
    lock = replace(run.recorded.prices, fees=(fee,), currency=None)
    return bool(replace(run, recorded=replace(run.recorded, prices=lock)).fees())


def _why(fee: Fee, runs: Sequence[Run]) -> str:
    who = f"run {runs[0].id} has" if len(runs) == 1 else "no run has"
    a_ = "no" if len(runs) == 1 else "a"
    stages = {stage.name for run in runs for stage in run.stages}
    if fee.stage and fee.stage not in stages:
        return f"{who} {a_} stage {fee.stage!r}{_meant(fee.stage, stages)}"
    of = f" of stage {fee.stage}" if fee.stage else ""
    what = f"{fee.kind} call" if fee.kind else fee.each
    kinds = {call.kind for run in runs for call in run.calls}
    return f"{who} {a_} {what}{of}{_meant(fee.kind, kinds) if fee.kind else ''}"


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
