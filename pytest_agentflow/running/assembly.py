"""A run made of the notes of a session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_agentflow.model.call import Attempt, Call
from pytest_agentflow.model.run import (
    UNATTRIBUTED,
    Artefact,
    Recorded,
    Run,
    Source,
    Stage,
    Timing,
)
from pytest_agentflow.recording.exchange import with_reading
from pytest_agentflow.recording.journal_parts import CUT
from pytest_agentflow.recording.match import Matching
from pytest_agentflow.recording.order import Captured, numbered, order_calls
from pytest_agentflow.running.artefacts import Names
from pytest_agentflow.running.notes import (
    BOTH,
    CODE,
    CallNote,
    StageNote,
    Visit,
)
from pytest_agentflow.running.order import ordered_stages
from pytest_agentflow.running.outputs import Outcome, artefacts_of, outputs_of
from pytest_agentflow.running.readers import Readers
from pytest_agentflow.running.session import Session
from pytest_agentflow.running.timing import (
    now,
    since_begin,
    stage_times,
    timing_of,
    with_overlaps,
)
from pytest_agentflow.running.versions import versions

PROVENANCE = "x-agentflow-provenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a run is of."""

    workflow: str
    case: str
    variant: str | None = None
    size: int | None = None
    trial: int | None = None
    inputs: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The name of the run's recording, as `Run.id`."""
        return Run(
            workflow=self.workflow, case=self.case, size=self.size, trial=self.trial
        ).id


def captured(session: Session, note: CallNote) -> tuple[Captured, Timing]:
    """Give a note in the form that a journal keeps, with its timing."""
    parents = {known.temporary_id for p in note.parents if (known := _final(p))}
    item = Captured(
        call=_call_of(note),
        id=note.temporary_id,
        branch=str(note.branch),
        start=since_begin(session, note.start),
        parents=tuple(sorted(parents - {note.temporary_id}, key=int)),
    )
    return item, timing_of(session, note)


def _final(note: CallNote) -> CallNote:
    """Give the try that a failed one was repeated by, in the end."""
    while note.retried_by is not None:
        note = note.retried_by
    return note


def _call_of(note: CallNote) -> Call:
    if note.kept is not None:
        return note.kept.call
    call = Call(
        id=note.temporary_id,
        kind=note.kind,
        stage=note.stage,
        request=note.request,
        response=note.response,
        invocation=note.invocation,
        attempts=note.attempts,
    )
    if note.response is None and note.error is not None:
        failed = Attempt(error=note.error)
        call = replace(call, attempts=(*note.attempts, failed))
    call = with_reading(call)
    if not note.complete:
        # The application stopped reading: what it saw is whole, the answer is not.
        call = replace(call, missing=(*call.missing, CUT))
    return call


def made_run(session: Session, head: Head, output: Outcome, matching: Matching) -> Run:
    """Make the run of a session whose calls went over the network.

    Prices and takes are not filled in; secrets are still there.
    """
    notes = [note for note in session.calls if note.retried_by is None]
    pairs = {note.temporary_id: captured(session, note) for note in notes}
    items = [item for item, _ in pairs.values()]
    stages = ordered_stages(session)
    names = [UNATTRIBUTED, *(stage.name for stage in stages)]
    calls = order_calls(items, stages=names, rules=matching)
    ids = numbered(items, stages=names, rules=matching)
    timings = {final: pairs[temporary][1] for temporary, final in ids.items()}
    run = assembled(
        session, head, output, calls, {n: ids[n.temporary_id] for n in notes}
    )
    recorded = Recorded(
        at=now(),
        duration=since_begin(session, session.end or session.begin),
        calls=with_overlaps(timings),
        stages=stage_times(session),
        versions=versions(),
    )
    return replace(run, recorded=recorded, provenance=provenance_of(calls))


def replayed_run(session: Session, head: Head, output: Outcome, recording: Run) -> Run:
    """Make the run of a replay: today's outputs, with the recording's calls."""
    ids = {n: n.recorded.id for n in session.calls if n.recorded is not None}
    anew = {
        n.recorded.id: asked_anew(n.recorded, n)
        for n in session.calls
        if n.recorded is not None and n.drift is not None
    }
    calls = [anew.get(call.id, call) for call in recording.calls]
    run = assembled(session, head, output, calls, ids)
    return replace(
        run,
        recorded=recording.recorded,
        provenance=recording.provenance,
        missing=recording.missing,
        folder=recording.folder,
        path=recording.path,
    )


def asked_anew(call: Call, note: CallNote) -> Call:
    """Give a recorded call with the question that it answered today."""
    if note.drift is None:
        return call
    if note.request is not None:
        return with_reading(replace(call, request=note.request))
    return replace(call, invocation=note.invocation)


def assembled(
    session: Session,
    head: Head,
    output: Outcome,
    calls: Sequence[Call],
    ids: Mapping[CallNote, str],
) -> Run:
    """Make a run of what a session noted, and of its calls under their final ids."""
    stages = ordered_stages(session)
    by_id = {call.id: call for call in calls}
    calls_of = {note: by_id[id_] for note, id_ in ids.items() if id_ in by_id}
    places = {call.id: place for place, call in enumerate(calls)}
    visits = {s.name: _ordered_visits(s, calls_of, places) for s in stages}
    given = {s.name: outputs_of(visits[s.name], calls_of) for s in stages}
    return Run(
        workflow=head.workflow,
        case=head.case,
        variant=head.variant,
        size=head.size,
        trial=head.trial,
        inputs=head.inputs,
        output=output.output,
        stages=tuple(
            _stage(stage, [s.name for s in stages], given[stage.name])
            for stage in stages
        ),
        calls=tuple(calls),
        sources=_sources(session, ids, places, Readers(stages=stages, calls=calls)),
        artefacts=_artefacts(session, stages, visits, given, output),
        ignored_requests=session.ignored_requests,
    )


def _stage(
    stage: StageNote, names: Sequence[str], outcomes: Sequence[Outcome]
) -> Stage:
    gave = [outcome for outcome in outcomes if outcome.came_by]
    return Stage(
        name=stage.name,
        after=tuple(name for name in names if name in stage.after),
        outputs=tuple(outcome.output for outcome in outcomes) if gave else (),
        found_by=stage.found_by,
        output_from=gave[-1].came_by if gave else "",
    )


def _ordered_visits(
    stage: StageNote, calls: Mapping[CallNote, Call], places: Mapping[str, int]
) -> list[Visit]:
    """Order visits as their first calls are ordered; a visit without calls by start."""
    last = -1
    keys: dict[Visit, tuple[bool, int, int]] = {}
    for visit in sorted(stage.visits, key=lambda v: v.number):
        own = [places[calls[n].id] for n in visit.calls if n in calls]
        last = min(own) if own else last
        # The last output is the stage's: what the code says goes over configuration.
        wins = stage.found_by == BOTH and visit.found_by == CODE and bool(visit.given)
        keys[visit] = (wins, last, visit.number)
    return sorted(stage.visits, key=keys.__getitem__)


def _sources(
    session: Session,
    ids: Mapping[CallNote, str],
    places: Mapping[str, int],
    readers: Readers,
) -> tuple[Source, ...]:
    rank = {stage.name: place for place, stage in enumerate(readers.stages)}
    counts: dict[str, int] = defaultdict(int)
    found: dict[tuple[Any, ...], Source] = {}
    ordered = sorted(
        enumerate(session.sources),
        key=lambda pair: (
            rank.get(readers.of(pair[1]) or "", len(rank)),
            places.get(ids.get(pair[1].call, ""), len(places)) if pair[1].call else -1,
            pair[0],
        ),
    )
    for _, note in ordered:
        call = ids.get(note.call) if note.call is not None else None
        place = call or note.stage or "run"
        counts[place] += 1
        source = Source(
            id=note.id or f"{place}#{counts[place]}",
            text=note.text,
            kind=note.kind,
            stage=readers.of(note),
            call=call,
            title=note.title,
            uri=note.uri,
        )
        found.setdefault((source.stage, note.id or source.id, source.text), source)
    return tuple(found.values())


def _artefacts(
    session: Session,
    stages: Sequence[StageNote],
    visits: Mapping[str, Sequence[Visit]],
    given: Mapping[str, Sequence[Outcome]],
    output: Outcome,
) -> tuple[Artefact, ...]:
    made: list[Artefact] = []
    for stage in stages:
        names = Names()
        for visit, outcome in zip(visits[stage.name], given[stage.name], strict=True):
            made += artefacts_of(session, stage.name, visit, outcome, names)
    known = {(a.name, a.digest) for a in made}
    own = artefacts_of(session, None, None, output, Names())
    return (*made, *(a for a in own if (a.name, a.digest) not in known))


def provenance_of(calls: Iterable[Call]) -> str:
    """Say whether people wrote the answers, as their server must tell."""
    for call in calls:
        headers = dict(call.response.headers) if call.response is not None else {}
        if said := headers.get(PROVENANCE):
            return "authored" if said == "authored" else said
    return "recorded"
