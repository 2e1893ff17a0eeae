"""Runs of a split beside the single model's runs of the same cases."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pytest_agentflow.model.run import Run
from pytest_agentflow.statistics.sample import cluster_means

Key = Callable[[Run], Hashable]
"""Gives what the runs of one case, or the cases of one cluster, have in common."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One case: the runs of the split, and those of the single model.

    Several runs of one side are trials of the same case: they count as their mean.
    """

    key: str
    cluster: Hashable
    split: tuple[Run, ...]
    single: tuple[Run, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs of both sides."""
        return (*self.split, *self.single)


def workflows(runs: Sequence[Run], side: str) -> str:
    """Name the workflows of one side; raises `ValueError` where it is empty."""
    if not runs:
        message = f"{side} is empty: no recording matched; look at the glob"
        raise ValueError(message)
    return ", ".join(sorted({run.workflow for run in runs}))


def case_and_size(run: Run) -> str:
    """Give the key of a run's pair: its case, and its size where it has one."""
    return run.case if run.size is None else f"{run.case}.n{run.size}"


def pair_runs(
    runs: Sequence[Run],
    baseline: Sequence[Run],
    key: Key = case_and_size,
    cluster: Key | None = None,
) -> tuple[list[Pair], str]:
    """Pair the runs of both sides by their key.

    Returns the pairs, or none and a sentence of what stands in the way: a case on one
    side only, twice on one side without being trials, or in two clusters. Such a set
    is never compared in part.
    """
    split, single = _by_key(runs, key), _by_key(baseline, key)
    if problem := _twice(split, single) or _alone(split, single):
        return [], problem
    pairs = []
    for name, found in split.items():
        both = (*found, *single[name])
        groups = {cluster(run) if cluster else _case(run, name) for run in both}
        if len(groups) > 1:
            return [], (
                f"the runs of {name} belong to {len(groups)} clusters; "
                "cluster_by= must give the same for all runs of a case"
            )
        pairs.append(Pair(name, groups.pop(), tuple(found), tuple(single[name])))
    return pairs, ""


def _case(run: Run, key: str) -> Hashable:
    # Sizes of one customer are no independent cases.
    return run.case if key == case_and_size(run) else key


def _twice(*sides: dict[str, list[Run]]) -> str:
    twice = [k for side in sides for k, found in side.items() if _no_trials(found)]
    if not twice:
        return ""
    return (
        f"several runs of one side share the key {', '.join(dict.fromkeys(twice))}, "
        "and are no trials of one workflow (NAME.t1, NAME.t2): narrow the glob, or "
        "tell them apart with pair_by="
    )


def _no_trials(runs: Sequence[Run]) -> bool:
    names = {(run.workflow, run.case, run.size) for run in runs}
    return len(names) > 1 or len({run.trial for run in runs}) < len(runs)


def _alone(split: dict[str, list[Run]], single: dict[str, list[Run]]) -> str:
    alone = sorted(split.keys() ^ single.keys())
    if not alone:
        return ""
    return (
        f"{len(alone)} of {len(split | single)} cases stand on one side only: "
        f"{_some(alone)}; record them on the other side, too"
    )


def _some(names: Sequence[str], most: int = 10) -> str:
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def _by_key(runs: Sequence[Run], key: Key) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(str(key(run)), []).append(run)
    return found


def discarded(pairs: Sequence[Pair]) -> str:
    """Name the runs that were selected among several takes; empty where none was."""
    takes = {
        run.id: run.recorded.all_takes.discarded for pair in pairs for run in pair.runs
    }
    told = [f"{name} ({n} discarded)" for name, n in takes.items() if n]
    return f"{len(told)} of {len(takes)} runs: {_some(told, 3)}" if told else ""


def begin_anew(runs: Iterable[Run]) -> str:
    """Say how to begin a new sample where takes of the old one were discarded.

    All of its recordings go: to record the selected ones alone would select again.
    """
    folders = {run.workflow: run.folder for run in runs}
    files = (
        f"{folder.name if folder else 'recordings'}/{name}/*.flow.json"
        for name, folder in folders.items()
    )
    return (
        f"Begin a new sample: delete the recordings of all its cases ({_some([*files])}"
        "), not only of these, record once (pytest --agentflow=record) and keep what "
        "comes"
    )


def side_means(
    pairs: Sequence[Pair], figure: Callable[[Run], Decimal]
) -> tuple[list[Decimal], list[Decimal]]:
    """Give a figure of both sides, one for each case: the mean of its trials."""
    return (
        [_mean(map(figure, pair.split), len(pair.split)) for pair in pairs],
        [_mean(map(figure, pair.single), len(pair.single)) for pair in pairs],
    )


def _mean(values: Iterator[Decimal], count: int) -> Decimal:
    return sum(values, Decimal(0)) / count


def independent(pairs: Sequence[Pair], values: Sequence[Decimal]) -> list[float]:
    """Average the cases of each cluster, so that what remains is independent."""
    return cluster_means(values, (pair.cluster for pair in pairs))
