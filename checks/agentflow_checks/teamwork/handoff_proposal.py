"""What hand-offs carried in every healthy run: proposed as what they must carry."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pytest_agentflow as af
from agentflow_checks.teamwork.handoff_facts import (
    Fact,
    counted_apart,
    facts_at,
    names_a_part,
    output_of,
)
from agentflow_checks.teamwork.handoff_readings import (
    Reading,
    is_below,
    prefixes,
    readings,
)
from agentflow_checks.teamwork.handoff_survival import Holdings
from agentflow_checks.teamwork.replayed import replayed

T = TypeVar("T")

_INDEX = re.compile(r"\[\d+\]")


class Unhealthy(ValueError):
    """The recordings are none to learn from; one sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a stage's output, and in how many runs it did what it did."""

    stage: str
    path: str
    values: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What all runs have in common."""

    workflow: str
    runs: int
    cases: int
    authored: bool
    stages: tuple[tuple[str, tuple[str, ...]], ...]
    """Stage and the stages that it directly follows."""
    order: tuple[str, ...]
    """Stages that run one after the other; empty where some run side by side."""
    carries: tuple[Section, ...]
    readings: tuple[Reading, ...]
    to: str | None

    @property
    def may_fail(self) -> float:
        """Share of runs that may break what all of these kept, at 95 % confidence."""
        return 1.0 - float(0.05 ** (1 / self.runs))


def propose(runs: Sequence[af.Run], *, least: int) -> Proposal:
    """Find what every run carried, read and ordered alike.

    Args:
        runs: healthy runs of one workflow.
        least: fewest runs that are learnt from.

    Raises:
        Unhealthy: too few, of several workflows, cut off, selected among takes, or
            with other stages.
    """
    _check(runs, least)
    first = runs[0]
    names = [stage.name for stage in first.stages]
    known = [Holdings(run) for run in runs]
    to = None if all(run.pages() for run in runs) else _last_text(first)
    carries = [c for name in names for c in _carried(known, name, to)]
    return Proposal(
        workflow=first.workflow,
        runs=len(runs),
        cases=len({run.case for run in runs}),
        authored=any(run.authored for run in runs),
        stages=tuple((name, _direct(runs, name)) for name in names),
        order=tuple(_chain(runs, names)),
        carries=tuple(carries),
        readings=tuple(r for name in names for r in readings(known, name)),
        to=to,
    )


def _check(runs: Sequence[af.Run], least: int) -> None:
    workflows = sorted({run.workflow for run in runs})
    if len(workflows) > 1:
        message = f"these are runs of {', '.join(workflows)}; name one workflow's"
        raise Unhealthy(message)
    if len(runs) < least:
        whose = ", ".join(workflows) or "nothing"
        message = (
            f"{len(runs)} run{'s' * (len(runs) != 1)} of {whose} cannot show what is "
            f"kept by all; record at least {least}"
        )
        raise Unhealthy(message)
    shapes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for run in runs:
        shapes[tuple(stage.name for stage in run.stages)].append(run.id)
    if len(shapes) > 1 or not runs[0].stages:
        told = "; ".join(
            f"{len(ids)} with {', '.join(s) or 'none'} ({_some(ids)})"
            for s, ids in shapes.items()
        )
        message = f"the runs do not have the same stages: {told}"
        raise Unhealthy(message)
    for run in runs:
        _check_run(run)


def _some(names: Sequence[str], shown: int = 3) -> str:
    more = [f"{len(names) - shown} more"] if len(names) > shown else []
    return ", ".join([*names[:shown], *more])


def _check_run(run: af.Run) -> None:
    discarded = run.recorded.all_takes.discarded
    if discarded:
        message = (
            f"{run.id} was chosen after {discarded} discarded "
            f"{'take' if discarded == 1 else 'takes'}: a selected run shows what was "
            "hoped for. Leave it out, or delete its file and record it once, and keep "
            "what comes"
        )
        raise Unhealthy(message)
    judged = af.evaluate(run, replayed())
    failing = [f.message for f in judged.findings if f.fails]
    if failing:
        message = f"{run.id} is not healthy: {failing[0]}"
        raise Unhealthy(message)


def _last_text(run: af.Run) -> str | None:
    known = Holdings(run)
    told = [stage.name for stage in run.stages if known.gave(stage)]
    return told[-1] if told else None


def _direct(runs: Sequence[af.Run], name: str) -> tuple[str, ...]:
    """Give the stages that one follows in every run, without those behind these."""
    always = frozenset.intersection(*(af.ancestors(run, name) for run in runs))
    behind = {a for n in always for a in af.ancestors(runs[0], n)}
    return tuple(s.name for s in runs[0].stages if s.name in always - behind)


def _chain(runs: Sequence[af.Run], names: Sequence[str]) -> Sequence[str]:
    """Give the stages in order if each waits for the one before it in every run."""
    pairs = list(itertools.pairwise(names))
    waits = all(a in af.ancestors(run, b) for a, b in pairs for run in runs)
    return names if waits and len(names) > 1 else ()


Found = Mapping[str, Sequence[Sequence[Fact]]]


def _facts(known: Sequence[Holdings], stage: str) -> Found:
    """Give the facts of a stage's outputs by path pattern, run by run."""
    found: dict[str, list[list[Fact]]] = defaultdict(lambda: [[] for _ in known])
    for number, one in enumerate(known):
        output = output_of(one.run, stage)
        if isinstance(output, (dict, list)):
            for fact in facts_at("$", output):
                if not names_a_part(fact.text) and len(fact.text) > 1:
                    pattern = _INDEX.sub("[*]", fact.path or "$")
                    found[pattern][number].append(fact)
    return found


def _carried(
    known: Sequence[Holdings], stage: str, to: str | None
) -> Iterator[Section]:
    """Give the sections of which every value arrived in every run."""
    if stage == to or any(_makes_files(one.run.stage(stage)) for one in known):
        return
    ends = [one.shipped if to is None else one.gave(one.run.stage(to)) for one in known]
    found = _facts(known, stage)
    arrived = {
        pattern: all(
            end.tells(fact)
            for end, facts in zip(ends, by_run, strict=True)
            for fact in counted_apart(facts)
        )
        for pattern, by_run in found.items()
    }
    for path, below in collapsed(arrived, wanted=bool):
        present = [sum(len(found[p][i]) for p in below) for i in range(len(known))]
        if all(present):
            runs = len(present)
            yield Section(stage=stage, path=path, values=sum(present), runs=runs)


def _makes_files(stage: af.Stage) -> bool:
    return bool(stage.artefacts)


def collapsed(
    patterns: Mapping[str, T], *, wanted: Callable[[T], bool]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the shortest paths below which all patterns are wanted, with these.

    Args:
        patterns: path pattern of a value -> what was found out of it.
        wanted: whether that is looked for.
    """
    done: set[str] = set()
    for pattern, value in patterns.items():
        if pattern in done or not wanted(value):
            continue
        for path in prefixes(pattern):
            below = tuple(p for p in patterns if is_below(p, path))
            if all(wanted(patterns[p]) for p in below):
                done.update(below)
                yield path, below
                break
