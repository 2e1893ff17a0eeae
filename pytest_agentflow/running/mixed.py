"""A run of which some calls went over the network, and the others were recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.run import UNATTRIBUTED, Run, Timing
from pytest_agentflow.recording.match import Matching
from pytest_agentflow.recording.order import Captured, numbered, order_calls
from pytest_agentflow.running.assembly import (
    Head,
    asked_anew,
    assembled,
    captured,
    provenance_of,
)
from pytest_agentflow.running.notes import CallNote
from pytest_agentflow.running.order import ordered_stages
from pytest_agentflow.running.outputs import Outcome
from pytest_agentflow.running.session import Session
from pytest_agentflow.running.timing import (
    since_begin,
    timing_of,
    with_overlaps,
)


def mixed_run(
    session: Session,
    head: Head,
    output: Outcome,
    matching: Matching,
    recording: Run,
) -> Run:
    """Make the run of a session of which only some calls went over the network.

    Of the calls that the recording answered all stays as it was: exchange, parents and
    timing; a changed question is put in place of the recorded one. What went over the
    network begins, on the recording's clock, when its parents had ended. All that was
    told of the recording as a whole (its date, versions, prices, takes) is as it was.
    """
    notes = [note for note in session.calls if note.retried_by is None]
    temporary = {n.recorded.id: n.temporary_id for n in notes if n.recorded is not None}
    items = [_item(session, note, temporary) for note in notes]
    names = [UNATTRIBUTED, *(stage.name for stage in ordered_stages(session))]
    calls = order_calls(items, stages=names, rules=matching)
    ids = numbered(items, stages=names, rules=matching)
    finals = {note: ids[note.temporary_id] for note in notes}
    run = assembled(session, head, output, calls, finals)
    timings = _timings_of_mixed(session, finals, calls, recording)
    recorded = replace(
        recording.recorded,
        calls=with_overlaps(timings),
        stages=_mixed_stage_times(session, calls, timings, recording),
    )
    return replace(
        run,
        recorded=recorded,
        provenance=provenance_of(calls),
        missing=recording.missing,
        folder=recording.folder,
        path=recording.path,
    )


def _item(session: Session, note: CallNote, temporary: Mapping[str, str]) -> Captured:
    if note.recorded is None:
        return captured(session, note)[0]
    before = [temporary[p] for p in note.recorded.parents if p in temporary]
    return Captured(
        call=asked_anew(note.recorded, note),
        id=note.temporary_id,
        branch=str(note.branch),
        start=since_begin(session, note.start),
        parents=tuple(before),
    )


def _timings_of_mixed(
    session: Session,
    finals: Mapping[CallNote, str],
    calls: Sequence[Call],
    recording: Run,
) -> dict[str, Timing]:
    known, stages = recording.recorded.calls, recording.recorded.stages
    same = {n.recorded.id for n in session.calls if n.recorded is not None}
    kept = {s: e for s, (_, e) in stages.items() if _is_kept(s, recording, same)}
    by_id = {id_: note for note, id_ in finals.items()}
    timings: dict[str, Timing] = {}
    waiting = list(calls)
    while waiting:
        ready = [c for c in waiting if all(p in timings for p in c.parents)]
        for call in ready or waiting:
            note = by_id[call.id]
            recorded = known.get(note.recorded.id) if note.recorded else None
            stage = session.stages.get(call.stage)
            before = [kept[s] for s in stage.after if s in kept] if stage else []
            outer = [p for p in call.parents if p in by_id and _inside(note, by_id[p])]
            before += [
                e
                for p in call.parents
                if p not in outer and (e := _end_of(p, timings)) is not None
            ]
            before += [
                timings[p].start + (note.start - by_id[p].start) * 1000
                for p in outer
                if p in timings
            ]
            timings[call.id] = recorded or _shifted(session, note, before)
        waiting = [call for call in waiting if call.id not in timings]
    return {call.id: timings[call.id] for call in calls}


def _inside(note: CallNote, outer: CallNote) -> bool:
    """Whether a call was made by a function that was itself called, and under way."""
    return (
        outer.invocation is not None
        and outer.end is not None
        and outer.start <= note.start < outer.end
    )


def _is_kept(stage: str, recording: Run, same: set[str]) -> bool:
    return same.issuperset(c.id for c in recording.calls if c.stage == stage)


def _end_of(call: str, timings: Mapping[str, Timing]) -> float | None:
    return timings[call].end if call in timings else None


def _shifted(session: Session, note: CallNote, before: Sequence[float]) -> Timing:
    """Let a call begin when all that had to end, or begin, before it has."""
    timing = timing_of(session, note)
    by = max(before, default=0.0) - timing.start
    return replace(
        timing,
        start=round(timing.start + by, 3),
        first_byte=_moved(timing.first_byte, by),
        end=_moved(timing.end, by),
    )


def _moved(moment: float | None, by: float) -> float | None:
    return None if moment is None else round(moment + by, 3)


def _mixed_stage_times(
    session: Session,
    calls: Sequence[Call],
    timings: Mapping[str, Timing],
    recording: Run,
) -> dict[str, tuple[float, float]]:
    same = {n.recorded.id for n in session.calls if n.recorded is not None}
    times: dict[str, tuple[float, float]] = {}
    for stage in ordered_stages(session):
        known = recording.recorded.stages.get(stage.name)
        own = [call.id for call in calls if call.stage == stage.name]
        if known is not None and same.issuperset(own):
            times[stage.name] = known
        elif own:
            ends = [timings[id_].end or timings[id_].start for id_ in own]
            times[stage.name] = (min(timings[id_].start for id_ in own), max(ends))
    return times
