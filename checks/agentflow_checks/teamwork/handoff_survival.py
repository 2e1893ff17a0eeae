"""Which facts survive which stage: held, lost or never given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import pytest_agentflow as af
from agentflow_checks.flow.texts import (
    normalised,
    prompt_texts,
    stage_texts,
    visible,
)
from agentflow_checks.grounding.folding import letters
from agentflow_checks.grounding.lookup import holds
from agentflow_checks.grounding.sources import Document, Index, index
from agentflow_checks.teamwork.handoff_facts import INPUTS, Fact

#: A shorter run of letters may stand in any text by chance.
_SHORTEST_VERBATIM = 12
_MOST_ROWS = 80


class State(StrEnum):
    """What became of one fact at one stage."""

    HELD = "held"
    LOST = "lost"
    NEVER = "never given"
    SILENT = "says nothing"


class Texts:
    """Some texts, asked whether they hold a fact in any notation.

    A class because of what it remembers: texts are read when first asked for.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = [text for text in texts if text.strip()]

    def __bool__(self) -> bool:
        return bool(self._texts)

    def holds(self, fact: Fact) -> bool:
        """Whether the fact stands here: word for word, or as the same values."""
        if self.says(fact.text):
            return True
        return bool(fact.atoms) and all(holds(self._index, a) for a in fact.atoms)

    def says(self, text: str) -> bool:
        """Whether a text stands here word for word, whatever the typography."""
        wanted = normalised(text)
        if not wanted:
            return False
        if _bounded(wanted).search(self._whole):
            return True
        plain = letters(text)
        return len(plain) >= _SHORTEST_VERBATIM and plain in self._letters

    @cached_property
    def _readable(self) -> str:
        return "\n".join(map(_readable, self._texts))

    @cached_property
    def _whole(self) -> str:
        return normalised(self._readable)

    @cached_property
    def _letters(self) -> str:
        return letters(self._readable)

    @cached_property
    def _index(self) -> Index:
        return index([Document(id="texts", text=self._readable)], lang="")


def _readable(text: str) -> str:
    # Both forms: a fact may stand in an attribute (tel:, alt) or in the visible text.
    return f"{visible(text)}\n{text}" if "<" in text else text


def _bounded(wanted: str) -> re.Pattern[str]:
    """Find a text that is no part of a longer word or number (£480 in £4,800)."""
    before = r"(?<!\w)(?<!\d[.,])" if wanted[0].isalnum() else ""
    after = r"(?!\w)(?![.,]\d)" if wanted[-1].isalnum() else ""
    return re.compile(f"{before}{re.escape(wanted)}{after}")


class Holdings:
    """What every stage of one run was given and gave; texts are read once."""

    def __init__(self, run: af.Run) -> None:
        self.run = run
        self._given: dict[str, Texts] = {}
        self._gave: dict[str, Texts] = {}

    def gave(self, stage: af.Stage) -> Texts:
        """What a stage handed on."""
        if stage.name not in self._gave:
            self._gave[stage.name] = Texts(stage_texts(stage))
        return self._gave[stage.name]

    def given(self, stage: af.Stage) -> Texts:
        """What a stage's models were told."""
        if stage.name not in self._given:
            self._given[stage.name] = Texts(prompt_texts(stage))
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
        if gave.holds(fact):
            return State.HELD
        told = self.given(stage)
        # Who never saw a fact cannot lose it: the artist paints between two that write.
        if told and not told.holds(fact):
            return State.NEVER
        return State.SILENT if only_comments(self.run, stage) else State.LOST


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
    if to is None:
        end = State.HELD if known.shipped.holds(fact) else State.LOST
    else:
        arrived = known.gave(known.run.stage(to)).holds(fact)
        end = State.HELD if arrived else State.LOST
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
