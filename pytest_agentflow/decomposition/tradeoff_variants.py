"""Runs sorted by workflow: the single model, and splits into k stages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

from pytest_agentflow.decomposition.ledger import NotComparable
from pytest_agentflow.decomposition.pairs import begin_anew
from pytest_agentflow.model.run import UNATTRIBUTED, Run

_COORDINATES = re.compile("plan|rout|orchestrat|supervis|coordinat|delegat|dispatch")

Key: TypeAlias = tuple[str, int | None]
"""Case and size: what runs of two workflows must share to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """All runs of one workflow."""

    workflow: str
    k: int
    """Stages of a run that made model calls; the most usual number."""
    stages: tuple[str, ...]
    """Their names, over all runs."""
    runs: Mapping[Key, tuple[Run, ...]] = field(repr=False)
    """Several runs of one case and size are trials of it."""
    note: str = ""
    """What is to be said where its runs differ in k."""


def calling_stages(run: Run) -> tuple[str, ...]:
    """Name the stages of `run` that made model calls, in the order of its graph.

    Calls in no stage make up one stage where there is no other, and none beside others.
    """
    calling = {call.stage for call in run.calls if call.is_model_call}
    names = [s.name for s in run.stages if s.name in calling and s.name != UNATTRIBUTED]
    return tuple(names) or ((UNATTRIBUTED,) if calling else ())


def variants(runs: Sequence[Run], *, discarded_takes: str = "refuse") -> list[Variant]:
    """Sort runs by workflow, fewest stages first.

    Raises:
        NotComparable: where there is no run, one asked no model, stands there twice, or
            was selected among several takes and `discarded_takes` is not ``allow``.
    """
    if not runs:
        raise NotComparable("there is no run to weigh; look at the paths")
    if discarded_takes != "allow":
        _refuse_selected(runs)
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.workflow, []).append(run)
    read = [_variant(workflow, own) for workflow, own in found.items()]
    return sorted(read, key=lambda variant: (variant.k, variant.workflow))


def _refuse_selected(runs: Sequence[Run]) -> None:
    takes = {run.id: run.recorded.all_takes.discarded for run in runs}
    told = [f"{name} ({count} discarded)" for name, count in takes.items() if count]
    if told:
        raise NotComparable(
            f"{len(told)} of {len(takes)} runs were selected among several takes, and "
            f"are no sample: {some(told, 3)}. {begin_anew(runs)}, or say "
            "--discarded-takes=allow"
        )


def _variant(workflow: str, runs: Sequence[Run]) -> Variant:
    keyed: dict[Key, list[Run]] = {}
    for run in runs:
        keyed.setdefault((run.case, run.size), []).append(run)
    _refuse_twice(keyed)
    silent = [run.id for run in runs if not calling_stages(run)]
    if silent:
        raise NotComparable(f"{some(silent, 3)} asked no model: nothing is split there")
    counts = Counter(len(calling_stages(run)) for run in runs)
    k = max(counts, key=lambda stages: (counts[stages], stages))
    differ = ", ".join(f"{n} in {of} runs" for n, of in sorted(counts.items()))
    return Variant(
        workflow=workflow,
        k=k,
        stages=tuple(dict.fromkeys(n for run in runs for n in calling_stages(run))),
        runs={key: tuple(own) for key, own in keyed.items()},
        note=f"{workflow}: the stages that call a model differ ({differ}); taken as {k}"
        if len(counts) > 1
        else "",
    )


def _refuse_twice(keyed: Mapping[Key, Sequence[Run]]) -> None:
    for own in keyed.values():
        if len({run.trial for run in own}) < len(own):
            raise NotComparable(
                f"{own[0].id} stands there twice, and not as trials (NAME.t1, NAME.t2);"
                " name one of the two folders"
            )


def named(variant: Variant, pattern: str) -> bool:
    """Whether a pattern, ``build_site_single`` or ``build_site_s*/*``, means it."""
    return fnmatchcase(variant.workflow, pattern.removesuffix("/*"))


def find_baseline(found: Sequence[Variant], pattern: str | None) -> Variant:
    """Find the single model: the workflow of one stage, or the one that is named.

    Raises:
        NotComparable: where there is none, or more than one.
    """
    if pattern is not None:
        fitting = [variant for variant in found if named(variant, pattern)]
        return _only(fitting, found, f"--baseline {pattern}", "--baseline")
    fitting = [variant for variant in found if variant.k == 1]
    if not fitting:
        listed = ", ".join(f"{v.workflow} has {v.k}" for v in found)
        raise NotComparable(
            f"no workflow of these runs has one stage ({listed}): record the single "
            "model, too, or name it: --baseline WORKFLOW"
        )
    return _only(fitting, found, "the single model", "--baseline")


def find_in_use(
    found: Sequence[Variant], baseline: Variant, pattern: str | None
) -> tuple[Variant, str]:
    """Find the split in use, and say how it was chosen.

    The one that is named; else the only one, else the one with most cases.

    Raises:
        NotComparable: where there is none, or several fit alike.
    """
    splits = [v for v in found if v is not baseline and (pattern or v.k > 1)]
    if pattern is not None:
        fitting = [variant for variant in splits if named(variant, pattern)]
        return _only(fitting, found, f"--in-use {pattern}", "--in-use"), "as named"
    most = max((len(variant.runs) for variant in splits), default=0)
    fitting = [variant for variant in splits if len(variant.runs) == most]
    one = _only(fitting, found, "the split in use", "--in-use")
    how = "the only split" if len(splits) == 1 else "the split with most recordings"
    return one, how


def _only(
    fitting: Sequence[Variant], found: Sequence[Variant], what: str, option: str
) -> Variant:
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(f"{v.workflow} (k = {v.k})" for v in fitting or found)
    if fitting:
        message = f"{what}: {len(fitting)} workflows may be meant: {listed}"
    else:
        message = f"{what}: no workflow of these runs: {listed}"
    raise NotComparable(f"{message}; name one: {option} WORKFLOW")


def one_per_k(
    found: Sequence[Variant], baseline: Variant, in_use: Variant
) -> tuple[list[Variant], list[str]]:
    """Choose one workflow for each k, and say which were left out, and why.

    Workflows that share no case with the baseline are left out. The baseline and the
    split in use stand for their k; of workflows with the same stages (and other models
    in them) that with most recordings does.

    Raises:
        NotComparable: where several workflows of one k, with other stages, are left.
    """
    chosen: dict[int, Variant] = {}
    notes = [variant.note for variant in found if variant.note]
    told = (baseline, in_use)
    for variant in sorted(found, key=lambda v: (v not in told, -len(v.runs))):
        if variant not in told and not shared([baseline, variant]):
            notes.append(
                f"{variant.workflow} is left out: it shares no case with "
                f"{baseline.workflow}"
            )
            continue
        before = chosen.setdefault(variant.k, variant)
        if before is not variant and before not in told and not _alike(before, variant):
            raise NotComparable(
                f"{variant.k} stages: both {before.workflow} and {variant.workflow} "
                "have so many; name the runs of one of them"
            )
        if before is not variant:
            notes.append(
                f"{variant.workflow} has {stages_text(variant.k)} like "
                f"{before.workflow}, which stands for them"
            )
    return [chosen[k] for k in sorted(chosen)], notes


def with_common_cases(
    chosen: Sequence[Variant], baseline: Variant, in_use: Variant
) -> tuple[list[Variant], tuple[str, ...]]:
    """Give what can be weighed over the same cases, and what has none in common.

    Where no case was recorded for every k, the split in use and the single model can
    still be weighed over the cases that these two share.
    """
    if shared(chosen):
        return [*chosen], ()
    two = [v for v in chosen if v is baseline or v is in_use]
    return two, tuple(variant.workflow for variant in chosen)


def _alike(first: Variant, second: Variant) -> bool:
    """Whether two workflows have the same stages, and one has more recordings."""
    return {*first.stages} == {*second.stages} and len(first.runs) > len(second.runs)


def shared(found: Sequence[Variant]) -> tuple[Key, ...]:
    """Give the cases (with their sizes) that all variants were recorded for."""
    first, *others = found
    return tuple(
        key for key in first.runs if all(key in other.runs for other in others)
    )


def cases_of(keys: Sequence[Key]) -> tuple[str, ...]:
    """Give the cases: sizes of one customer are no independent ones."""
    return tuple(dict.fromkeys(case for case, _ in keys))


def means(
    variant: Variant, keys: Sequence[Key], figure: Callable[[Run], float]
) -> list[float]:
    """Give a figure for each case: the mean of its trials, then of its sizes."""
    sums: dict[str, list[float]] = {}
    for key in keys:
        trials = [figure(run) for run in variant.runs[key]]
        sums.setdefault(key[0], []).append(sum(trials) / len(trials))
    return [sum(own) / len(own) for own in sums.values()]


def coordinator_notes(
    found: Sequence[Variant], coordinators: Sequence[str]
) -> Iterator[str]:
    """Point out stages that are named like coordinators, and are not declared as such.

    Raises:
        NotComparable: for a declared one that no workflow has.
    """
    stages = dict.fromkeys(stage for variant in found for stage in variant.stages)
    unknown = [name for name in coordinators if name not in stages]
    if unknown:
        raise NotComparable(
            f"--coordinator {unknown[0]}: no workflow has such a stage; there are "
            f"{', '.join(stages)}"
        )
    like = [s for s in stages if _COORDINATES.search(s) and s not in coordinators]
    if like:
        yield (
            f"{', '.join(like)}: named like a coordinator; --coordinator {like[0]} "
            "counts its calls as orchestration"
        )


def stages_text(k: int) -> str:
    """Write a number of stages: ``1 stage``, ``4 stages``."""
    return f"{k} stage{'' if k == 1 else 's'}"


def some(names: Sequence[str], most: int = 5) -> str:
    """List names, so many at most."""
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])
