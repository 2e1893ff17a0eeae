"""Chooses how a run's calls are answered: the mode, and the stages that go live."""

from __future__ import annotations

import shlex

from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.journal import Journal
from pytest_agentflow.recording.journal_parts import PART, read_parts
from pytest_agentflow.recording.names import partial_path
from pytest_agentflow.running.broken import RESUME, beginning_text
from pytest_agentflow.running.conclusion import Plan
from pytest_agentflow.running.downstream import cost_text, stages_below
from pytest_agentflow.running.hybrid import Hybrid
from pytest_agentflow.running.missing import inputs_text
from pytest_agentflow.running.record import Live, Record
from pytest_agentflow.running.replay import RECORD, RECORD_STAGE, Replay
from pytest_agentflow.running.resume import Answers, Resumed
from pytest_agentflow.running.session import Conduct
from pytest_agentflow.running.settings import RunSettings
from pytest_agentflow.running.takes import EVENT, as_note, takes_before
from pytest_agentflow.running.timing import now
from pytest_agentflow.running.virtual_time import VirtualClock
from pytest_agentflow.running.virtual_time_calls import Timeline
from pytest_agentflow.wire.miss import Miss, NetworkRefused
from pytest_agentflow.wire.unseen import ADVICE, Connection


def live_conduct(plan: Plan, settings: RunSettings) -> Conduct:
    """Let every call go over the network; write a journal in mode `record`."""
    if plan.mode == "live":
        return Live(plan.redactor, plan.matching, plan.spend)
    return _recorder(plan, settings, None, RECORD)


def replay_conduct(plan: Plan, settings: RunSettings, recording: Run) -> Conduct:
    """Answer calls from `recording`, but for the stages that are to go live.

    Latency is computed where it is asked for, and all calls are answered at once.

    Raises `Miss` where the inputs are not those that were recorded.
    """
    if text := inputs_text(recording, plan.head.inputs, plan.command):
        raise Miss(text)
    plan.recording = recording
    names = {stage.name for stage in recording.stages}
    again = [name for name in settings.record_stages if name in names]
    if again and (not settings.resume or partial_path(plan.path).exists()):
        return _recording_again(plan, settings, recording, again)
    plan.asked_live = tuple(name for name in settings.live_stages if name in names)
    match = settings.match or ("stage-order" if plan.asked_live else "strict")
    in_order = match == "stage-order"
    if not plan.asked_live and match != "live":
        timed = settings.pace == "none" and settings.times_calls()
        timeline = Timeline(recording, VirtualClock()) if timed else None
        return _replay(plan, settings, recording, in_order=in_order, timeline=timeline)
    return Hybrid(
        _replay(plan, settings, recording, in_order=in_order),
        Live(plan.redactor, plan.matching, plan.spend),
        stages=frozenset(plan.asked_live),
        follow="anywhere" if match == "live" else "never",
    )


def _replay(
    plan: Plan,
    settings: RunSettings,
    recording: Run,
    *,
    in_order: bool = False,
    timeline: Timeline | None = None,
) -> Replay:
    return Replay(
        recording,
        plan.redactor,
        plan.matching,
        command=settings.command,
        in_order=in_order,
        paced=settings.pace == "recorded",
        timeline=timeline,
    )


def _recording_again(
    plan: Plan, settings: RunSettings, recording: Run, asked: list[str]
) -> Conduct:
    stages = stages_below(recording, asked)
    options = [f"{RECORD_STAGE}={shlex.quote(name)}" for name in asked]
    recorder = _recorder(plan, settings, stages, *options)
    settings.announce(
        f"recording {', '.join(stages)} of {recording.id} anew: "
        f"{cost_text(recording, stages)}; all else is replayed"
    )
    return Hybrid(
        _replay(plan, settings, recording),
        recorder,
        stages=frozenset(stages),
        follow="below",
    )


def _recorder(
    plan: Plan, settings: RunSettings, stages: tuple[str, ...] | None, *options: str
) -> Record:
    """Open the journal; a broken recording's is gone on with, and never lost.

    Raises `RecordingError` where it cannot be read.
    """
    parts = read_parts(plan.path)
    plan.takes = takes_before(plan.path, stages)
    plan.anew = settings.command(*options)
    plan.resume = settings.command(*options, RESUME)
    plan.resumes = settings.resume
    partial, other = partial_path(plan.path), None if plan.resumes else plan.resume
    if parts.calls and (
        line := beginning_text(plan.head.id, partial, parts, plan.book(), other)
    ):
        settings.announce(line)
    plan.answers = Answers(parts.calls, plan.matching)
    plan.begun = (*parts.begun, now())
    plan.journal = Journal(plan.path, plan.redactor, resume=True)
    plan.journal.note(PART, at=plan.begun[-1], anew=not plan.resumes)
    plan.journal.note(EVENT, **as_note(plan.takes))
    given = (plan.journal, plan.redactor, plan.matching, plan.spend)
    return Resumed(plan.answers, *given) if plan.resumes else Record(*given)


def unseen_forbidden(plan: Plan, connection: Connection) -> BaseException | None:
    """Give what is wrong with a connection that no seam opens; `None`: it is told only.

    A recording would lack what a model is asked over it, and a budget does not count
    that. Another service can be allowed later, and the recording is as good.
    """
    if not connection.asks:
        return None
    if plan.mode == "record":
        return NetworkRefused(
            f"{connection.by} tried to reach {connection.place} while a run was "
            "recorded. The recording would lack the call, and a replay refuse it. "
            f"{ADVICE.format(where=connection.place)}"
        )
    return None if plan.spend is None else plan.spend.unseen(connection)
