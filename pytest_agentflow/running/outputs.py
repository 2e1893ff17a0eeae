"""What stages and the workflow gave, as the run shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.run import Artefact
from pytest_agentflow.running.artefacts import Found, Names, artefacts_in
from pytest_agentflow.running.notes import CallNote, Visit
from pytest_agentflow.running.plain import plain
from pytest_agentflow.running.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a visit, or the workflow, gave."""

    output: Any = None
    came_by: str = ""
    call: str | None = None
    """The call whose answer it is, where nothing else was given."""
    found: tuple[Found, ...] = ()
    """Artefacts in the answer of that call, or in what the workflow returned."""


def workflow_outcome(value: Any) -> Outcome:
    """Read what the workflow returned; folders in it are read now.

    Raises `TooManyFiles`.
    """
    return Outcome(output=plain(value), found=tuple(artefacts_in(value)))


def outputs_of(
    visits: Sequence[Visit], calls: Mapping[CallNote, Call]
) -> list[Outcome]:
    """Give what each visit gave, its last model answer where it named nothing."""
    return [_outcome(visit, calls) for visit in visits]


def _outcome(visit: Visit, calls: Mapping[CallNote, Call]) -> Outcome:
    if visit.given:
        return Outcome(output=visit.output, came_by=visit.output_from)
    made = [calls[note] for note in visit.calls if note in calls]
    said = [call for call in made if call.answer is not None]
    if said:
        return _from_call(said[-1], said[-1].answer)
    drawn = [call for call in made if call.pictures]
    if drawn:
        return _from_call(drawn[-1], [p.data for p in drawn[-1].pictures])
    return Outcome()


def _from_call(call: Call, value: Any) -> Outcome:
    return Outcome(
        output=value,
        came_by="last model answer",
        call=call.id,
        found=tuple(artefacts_in(value)),
    )


def artefacts_of(
    session: Session,
    stage: str | None,
    visit: Visit | None,
    outcome: Outcome,
    names: Names,
) -> list[Artefact]:
    """Give the artefacts of one visit, or of the workflow, under their final names."""
    named = [
        Artefact(
            name=names.name(note.name, note.media_type),
            media_type=note.media_type,
            data=note.data,
            stage=stage,
            path=note.path,
        )
        for note in session.artefacts
        if note.visit is visit
    ]
    return named + [
        Artefact(
            name=names.name(one.name, one.media_type),
            media_type=one.media_type,
            data=one.data,
            stage=stage,
            call=outcome.call,
            path=one.path,
        )
        for one in outcome.found
    ]
