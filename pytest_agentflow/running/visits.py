"""What a visit of a stage gives: an output and the artefacts in it."""

from __future__ import annotations

from typing import Any

from pytest_agentflow.running.artefacts import Found, TooManyFiles, artefacts_in
from pytest_agentflow.running.notes import ArtefactNote, Visit
from pytest_agentflow.running.plain import plain
from pytest_agentflow.running.session import Session


def give_output(session: Session, visit: Visit, value: Any, came_by: str) -> None:
    """Take `value` as the output of `visit`, and the artefacts that are in it.

    It is read at once: folders and lists may change afterwards.
    """
    visit.given.append(value)
    visit.output = plain(value)
    visit.output_from = came_by
    session.artefacts = [
        a for a in session.artefacts if a.visit is not visit or a.path is None
    ]
    add_found(session, _found_in(session, value), visit)
    session.conduct.noted(
        session, "output", stage=visit.stage.name, output=visit.output
    )


def _found_in(session: Session, value: Any) -> list[Found]:
    try:
        return artefacts_in(value)
    except TooManyFiles as error:
        session.ledger.enter(error)
        return []


def add_found(session: Session, found: list[Found], visit: Visit | None) -> None:
    """Take artefacts that were found in a value."""
    for one in found:
        add_artefact(
            session,
            one.name,
            one.data,
            media_type=one.media_type,
            visit=visit,
            path=one.path,
        )


def add_artefact(
    session: Session,
    name: str | None,
    data: bytes,
    *,
    media_type: str,
    visit: Visit | None,
    path: str | None = None,
) -> None:
    """Take one artefact; its final name is given when the run is made."""
    session.artefacts.append(
        ArtefactNote(
            name=name or "",
            media_type=media_type,
            data=data,
            stage=visit.stage.name if visit is not None else None,
            visit=visit,
            path=path,
        )
    )
