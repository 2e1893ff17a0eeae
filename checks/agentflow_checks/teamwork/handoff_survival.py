"""Which facts survive which stage: held, lost or never given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import pytest_agentflow as af
from agentflow_checks.flow.texts import handed_texts, prompt_texts
from agentflow_checks.teamwork.handoff_facts import INPUTS, Fact
from agentflow_checks.teamwork.handoff_texts import Texts

_MOST_ROWS = 80


class State(StrEnum):
    """What became of one fact at one stage."""

    HELD = "held"
    UNTOLD = "not told apart"
    """The value stands there, but not so that it must be this fact's."""
    LOST = "lost"
    NEVER = "never given"
    SILENT = "says nothing"


class Holdings:
    """What every stage of one run was given and gave; texts are read once."""

    def __init__(self, run: af.Run) -> None:
        self.run = run
        self._given: dict[str, Texts] = {}
        self._gave: dict[str, Texts] = {}

    def gave(self, stage: af.Stage) -> Texts:
        """What a stage handed on."""
        if stage.name not in self._gave:
            self._gave[stage.name] = Texts(handed_texts(stage))
        return self._gave[stage.name]

    def given(self, stage: af.Stage) -> Texts:
        """What a stage's models were told."""
        if stage.name not in self._given:
            self._given[stage.name] = Texts(prompt_texts(stage), in_full=True)
        return self._given[stage.name]

    @cached_property
    def shipped(self) -> Texts:
        """The final pages."""
        return Texts(page.text for page in self.run.pages())

    def state(self, fact: Fact, stage: af.Stage) -> State:
        """Tell what became of a fact at one stage downstream."""
        gave = self.gave(stage)
        if not gave:
            return State.SILENT
        if (state := arrival(gave, fact)) is not State.LOST:
            return state
        told = self.given(stage)
        # Who never saw a fact cannot lose it: the artist paints between two that write.
        if told and not told.holds(fact):
            return State.NEVER
        return State.SILENT if only_comments(self.run, stage) else State.LOST


def arrival(texts: Texts, fact: Fact) -> State:
    """Tell whether a fact is held where it had to arrive."""
    told = texts.tells(fact)
    if told is None:
        return State.UNTOLD
    return State.HELD if told else State.LOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """One fact, and what became of it at each stage and in the end."""

    fact: Fact
    states: Mapping[str, State]
    end: State

    @property
    def lost_at(self) -> tuple[str, ...]:
        """Stages that were given the fact and do not hand it on."""
        return tuple(s for s, state in self.states.items() if state is State.LOST)


def downstream(run: af.Run, stage: str, to: str | None) -> tuple[af.Stage, ...]:
    """Give the stages that a stage's facts may reach, up to `to`, in graph order."""
    last = None if to is None else {to, *af.ancestors(run, to)}
    return tuple(
        later
        for later in run.stages
        if later.name != stage
        and (stage == INPUTS or stage in af.ancestors(run, later.name))
        and (last is None or later.name in last)
    )


def survival(known: Holdings, stage: str, fact: Fact, to: str | None) -> Survival:
    """Follow one fact from a stage to the final page, or to the stage `to`."""
    stages = downstream(known.run, stage, to)
    states = {later.name: known.state(fact, later) for later in stages}
    last = known.shipped if to is None else known.gave(known.run.stage(to))
    end = arrival(last, fact)
    return Survival(fact=fact, states=states, end=end)


def survival_table(stage: str, to: str | None, rows: Sequence[Survival]) -> af.Table:
    """Show facts by stages; what was lost stands first."""
    names = tuple(rows[0].states) if rows else ()
    last = () if to else ("final page",)
    ordered = sorted(rows, key=lambda row: row.end is State.HELD and not row.lost_at)
    cells = [
        (row.fact.label, row.fact.path or row.fact.declared)
        + tuple(row.states[name].value for name in names)
        + ((row.end.value,) if not to else ())
        for row in ordered[:_MOST_ROWS]
    ]
    more = f", {_MOST_ROWS} of {len(rows)}" if len(rows) > _MOST_ROWS else ""
    return af.Table(
        title=f"What {stage} hands on, stage by stage{more}",
        columns=("fact", "declared as", *names, *last),
        rows=tuple(cells),
    )


def only_comments(run: af.Run, stage: af.Stage) -> bool:
    """Whether the page was there already and this stage made no version of it."""
    return not _makes_page(stage) and any(
        _makes_page(run.stage(name)) for name in af.ancestors(run, stage.name)
    )


def _makes_page(stage: af.Stage) -> bool:
    return any(a.media_type == "text/html" for a in stage.artefacts)
