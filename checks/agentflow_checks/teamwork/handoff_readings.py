"""Which sections of earlier outputs a stage is given, and which of them it uses."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest_agentflow as af
from agentflow_checks.flow.folding import fold
from agentflow_checks.flow.texts import as_text
from agentflow_checks.teamwork.handoff_facts import (
    Fact,
    facts_at,
    names_a_part,
    output_of,
)
from agentflow_checks.teamwork.handoff_survival import Holdings

_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(r"\.[^.\[]++|\[[^\[\]]*+\]")
#: Shorter values stand in prompts by chance.
_SHORTEST = 4
_SHORTEST_LINE = 20
_MOST_LINES = 400
#: A section counts as given, or as used, when this share of its values is.
_MOST = 0.8
#: A stage whose output holds less of what it is given says what it thinks of it.
_VERDICT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A section that a stage is given, and how much of it its own output uses."""

    reader: str
    stage: str
    path: str
    given: int
    """Values of the section that stand in the reader's prompts."""
    values: int
    """Values that the section has."""
    runs: int
    """Runs in which the reader is given some of it."""
    used: int | None
    """Given values that the output holds, too; `None`: it quotes nothing at all."""
    shown: int
    """Given values of runs in which the output quotes anything."""

    @property
    def is_read(self) -> bool:
        """Whether it belongs into ``reads``."""
        return self.used is None or self.used > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """One value of one run, and what the reader did with it."""

    run: int
    given: bool
    used: bool


def readings(known: Sequence[Holdings], reader: str) -> Iterator[Reading]:
    """Give the sections that one stage is given, the nearest stage's first.

    A value that several stages handed on counts for the nearest of them.

    Args:
        known: the runs.
        reader: the stage.
    """
    stages = [one.run.stage(reader) for one in known]
    if not all(one.given(s) for one, s in zip(known, stages, strict=True)):
        return
    seen: list[set[str]] = [set() for _ in known]
    for source in reversed(_before(known, reader)):
        found: dict[str, list[_Value]] = {}
        for number, (one, stage) in enumerate(zip(known, stages, strict=True)):
            for fact in _parts(one, source):
                text = fold(fact.text)
                if text in seen[number]:
                    continue
                given = one.given(stage).says(fact.text)
                if given:
                    seen[number].add(text)
                used = given and not _paints(stage) and one.gave(stage).holds(fact)
                path = _INDEX.sub("[*]", fact.path or "$")
                value = _Value(run=number, given=given, used=used)
                found.setdefault(path, []).append(value)
        yield from _sections(reader, source, found)


def _paints(stage: af.Stage) -> bool:
    """Whether a stage makes pictures, which use what they do not quote."""
    return any(a.media_type.startswith("image/") for a in stage.artefacts)


def _before(known: Sequence[Holdings], reader: str) -> list[str]:
    return [
        stage.name
        for stage in known[0].run.stages
        if all(stage.name in af.ancestors(one.run, reader) for one in known)
    ]


def _parts(one: Holdings, stage: str) -> Iterator[Fact]:
    """Give the values of an output, or the lines of a text."""
    output = output_of(one.run, stage)
    if isinstance(output, (dict, list)):
        for fact in facts_at("$", output):
            if len(fact.text) >= _SHORTEST and not names_a_part(fact.text):
                yield fact
        return
    lines = [line.strip() for line in as_text(output).splitlines()]
    for line in [x for x in lines if len(x) >= _SHORTEST_LINE][:_MOST_LINES]:
        yield Fact(text=line, path="$", declared="$")


def _sections(
    reader: str, source: str, found: Mapping[str, list[_Value]]
) -> Iterator[Reading]:
    telling = _telling_runs(found)
    done: set[str] = set()
    for pattern in found:
        for path in prefixes(pattern):
            below = [p for p in found if is_below(p, path)]
            if done & set(below):
                continue
            values = [value for p in below for value in found[p]]
            reading = _reading(reader, source, path, values, telling)
            parts = [
                _reading(reader, source, path, group, telling)
                for group in _children(path, below, found)
            ]
            whole = all(map(_is_one, (reading, *parts)))
            if whole or (path == pattern and reading.given):
                done.update(below)
                yield reading
                break


def _children(
    path: str, below: Sequence[str], found: Mapping[str, list[_Value]]
) -> list[list[_Value]]:
    """Give the values of a section part by part: one bad part must not hide in it."""
    groups: dict[str, list[_Value]] = {}
    for pattern in below:
        steps = list(itertools.islice(_STEP.findall(pattern[len(path) :]), 2))
        # The items of a list are no parts; their members are.
        part = "".join(steps if steps[:1] == ["[*]"] else steps[:1])
        groups.setdefault(part, []).extend(found[pattern])
    return list(groups.values())


def _telling_runs(found: Mapping[str, list[_Value]]) -> frozenset[int]:
    """Give the runs in which the reader's output quotes what it is given."""
    given = [v for values in found.values() for v in values if v.given]
    runs = {v.run for v in given}
    return frozenset(
        run
        for run in runs
        if sum(v.used for v in given if v.run == run)
        >= _VERDICT * sum(v.run == run for v in given)
        and any(v.used for v in given if v.run == run)
    )


def _reading(
    reader: str,
    source: str,
    path: str,
    values: Sequence[_Value],
    telling: frozenset[int],
) -> Reading:
    given = [value for value in values if value.given]
    shown = [value for value in given if value.run in telling]
    return Reading(
        reader=reader,
        stage=source,
        path=path,
        given=len(given),
        values=len(values),
        runs=len({value.run for value in given}),
        used=sum(value.used for value in shown) if telling else None,
        shown=len(shown),
    )


def _is_one(reading: Reading) -> bool:
    """Whether a section is given as a whole, and used as a whole or not at all."""
    if not reading.given or reading.given < _MOST * reading.values:
        return False
    if reading.used is None or not reading.used:
        return True
    return reading.used >= _MOST * reading.shown


def prefixes(pattern: str) -> Iterator[str]:
    """Give what a path lies below, the shortest first, and the path itself."""
    path = "$"
    yield path
    for step in _STEP.findall(pattern.removeprefix("$")):
        path += step
        yield path


def is_below(pattern: str, path: str) -> bool:
    """Whether a path is another one or lies below it."""
    rest = pattern[len(path) :]
    return pattern.startswith(path) and (not rest or rest[0] in ".[")
