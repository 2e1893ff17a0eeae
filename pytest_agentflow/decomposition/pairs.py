"""Runs of a split beside the single model's runs of the same cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_agentflow.model.run import Run


@dataclass(frozen=True, slots=True)
class Pair:
    """One case: the run of the split, and that of the single model."""

    key: str
    split: Run
    single: Run


def workflows(runs: Sequence[Run], side: str) -> str:
    """Name the workflows of one side; raises `ValueError` where it is empty."""
    if not runs:
        message = f"{side} is empty: no recording matched; look at the glob"
        raise ValueError(message)
    return ", ".join(sorted({run.workflow for run in runs}))


def pair_runs(
    runs: Sequence[Run], baseline: Sequence[Run], key: Callable[[Run], str]
) -> tuple[list[Pair], str]:
    """Pair the runs of both sides by their key.

    Returns the pairs, or none and a sentence of what stands in the way: a case on one
    side only, or twice on one side. Such a set is never compared in part.
    """
    split, single = _by_key(runs, key), _by_key(baseline, key)
    twice = [k for side in (split, single) for k, found in side.items() if found[1:]]
    if twice:
        return [], f"several runs of one side share the key {', '.join(twice)}"
    alone = sorted(split.keys() ^ single.keys())
    if alone:
        return [], (
            f"{len(alone)} of {len(split | single)} cases stand on one side only: "
            f"{', '.join(alone)}; record them on the other side, too"
        )
    return [Pair(k, split[k][0], single[k][0]) for k in split], ""


def _by_key(runs: Sequence[Run], key: Callable[[Run], str]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(key(run), []).append(run)
    return found
