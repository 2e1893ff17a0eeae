"""The end of a run: what it fails with, or the run that is judged."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.run import Run, Takes
from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.pricing.lock import lock_prices, locked_again
from pytest_agentflow.recording.journal import Journal
from pytest_agentflow.recording.journal_parts import read_parts
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.match import Matching
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.running.assembly import Head, made_run, replayed_run
from pytest_agentflow.running.broken import ending_text
from pytest_agentflow.running.hybrid import Hybrid
from pytest_agentflow.running.instrument import Named
from pytest_agentflow.running.mixed import mixed_run
from pytest_agentflow.running.outputs import Outcome, workflow_outcome
from pytest_agentflow.running.parted import close_gaps
from pytest_agentflow.running.replay import Replay
from pytest_agentflow.running.resume import Answers
from pytest_agentflow.running.session import Session
from pytest_agentflow.running.settings import Mode
from pytest_agentflow.running.spend import Spend
from pytest_agentflow.running.takes import (
    asked_again,
    discarded_since,
    with_broken,
    with_retakes,
)

#: What ends a process or a task, and is nobody's fault.
_ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a run is made with, from its beginning to its end."""

    head: Head
    path: Path
    mode: Mode
    redactor: Redactor
    matching: Matching
    command: str
    """The command that records this run anew."""
    book: Callable[[], PriceBook]
    recording: Run | None = None
    journal: Journal | None = None
    named: tuple[Named, ...] = ()
    """The functions that the configuration names."""
    spend: Spend | None = None
    """What the session may spend on all its runs."""
    asked_live: tuple[str, ...] = ()
    """Stages that the user lets go over the network, of those the recording has."""
    takes: Takes = field(default_factory=Takes)
    """What is discarded of the recording that is replaced."""
    resumes: bool = False
    """What an earlier recording was answered before it broke off is used."""
    answers: Answers | None = None
    """What was answered before an earlier recording broke off."""
    begun: tuple[str, ...] = ()
    """When each part of the journal was begun; the last is this one."""
    anew: str = ""
    """The command that records this again, from its beginning."""
    resume: str = ""
    """The command that finishes this recording, if it breaks off."""


def conclude(
    plan: Plan, session: Session, value: Any, failure: BaseException | None
) -> Run:
    """Give the run, or raise what it failed with.

    The session's ledger comes first: a miss fails the run even where the workflow
    swallowed it, and what the workflow raised because of it is the cause.
    """
    __tracebackhide__ = True
    try:
        _raise_what_failed(session, failure)
        outcome = workflow_outcome(value)
        run = _concluded(plan, session, outcome)
        return replace(run, unseen=session.ledger.unseen())
    except BaseException as error:
        if plan.journal is not None:
            _leave_behind(plan, plan.journal, session, error)
        raise


def _concluded(plan: Plan, session: Session, outcome: Outcome) -> Run:
    if isinstance(session.conduct, Hybrid):
        return _mixed(plan, session, session.conduct, outcome)
    if plan.recording is not None:
        return _replayed(plan, session, outcome)
    return _made(plan, session, outcome)


def _raise_what_failed(session: Session, failure: BaseException | None) -> None:
    __tracebackhide__ = True
    if isinstance(failure, _ENDINGS):
        raise failure
    verdict = session.ledger.verdict(failure)
    if verdict is not None and verdict is not failure:
        raise verdict from failure
    if failure is not None:
        raise failure


def _leave_behind(
    plan: Plan, journal: Journal, session: Session, error: BaseException
) -> None:
    """Say what stands in the journal; one that holds nothing is removed.

    Where an older recording would be taken for the one that was begun, it stays.
    """
    journal.close()
    if not journal.path.exists():
        return
    text = ending_text(journal.path, plan.book, resume=plan.resume, anew=plan.anew)
    begun = bool(session.calls) and plan.path.exists()
    if not (begun or read_parts(journal.path).calls):
        journal.path.unlink()
    error.add_note(text)


def _replayed(plan: Plan, session: Session, outcome: Outcome) -> Run:
    assert plan.recording is not None  # noqa: S101 - asked by the caller
    assert isinstance(session.conduct, Replay)  # noqa: S101 - made together
    if (left := session.conduct.unplayed()) is not None:
        raise left
    run = replayed_run(session, plan.head, outcome, plan.recording)
    run = replace(run, drifts=tuple(session.conduct.drifts))
    run = _without_secrets(plan, run)
    timeline = session.conduct.timeline
    return run if timeline is None else replace(run, computed=timeline.computed())


def _without_secrets(plan: Plan, run: Run) -> Run:
    run = replace(run, recorded=replace(run.recorded, uncalled=_uncalled(plan, run)))
    # The recorded calls carry no secrets any more; what was computed now may.
    clean = plan.redactor.run(replace(run, calls=()))
    return replace(clean, calls=run.calls)


def _mixed(plan: Plan, session: Session, conduct: Hybrid, outcome: Outcome) -> Run:
    """Give the run of which some stages went over the network; write it if asked."""
    assert plan.recording is not None  # noqa: S101 - asked by the caller
    if (left := conduct.unplayed()) is not None:
        raise left
    if plan.resumes:
        close_gaps(session)
    run = mixed_run(session, plan.head, outcome, plan.matching, plan.recording)
    went = conduct.went_live()
    names = {_priced_as(call) for call in run.calls if call.stage in went}
    priced = [call for call in run.calls if _priced_as(call) in names]
    lock = plan.recording.recorded.prices
    lock = locked_again(lock, priced, plan.book(), dt.datetime.now(dt.UTC))
    run = replace(run, recorded=replace(run.recorded, prices=lock))
    if plan.journal is None:
        live = tuple(dict.fromkeys((*plan.asked_live, *went)))
        recorded = replace(run.recorded, duration=run.recorded.last_end)
        run = replace(run, recorded=recorded)
        return plan.redactor.run(replace(run, drifts=conduct.drifts(), live=live))
    before = plan.recording.recorded.all_takes
    takes = discarded_since(before, _takes(plan, run, before, went))
    recorded = with_retakes(run, went, plan.recording, takes, _parts(plan))
    run = replace(run, recorded=replace(recorded, uncalled=_uncalled(plan, run)))
    return load(plan.journal.fold(run))


def _priced_as(call: Call) -> str | None:
    return call.model or call.billed_as


def _uncalled(plan: Plan, run: Run) -> tuple[str, ...]:
    """Name the configured functions that the run did not call."""
    called = calls_of(run)
    names = dict.fromkeys(called_as(one) for one in plan.named)
    return tuple(name for name in names if name not in called)


def called_as(named: Named) -> str:
    """Give the name under which `Recorded.uncalled` lists a function."""
    return f"{named.role}:{named.stage or named.function}"


def calls_of(run: Run) -> frozenset[str]:
    """Give the stages, retrievers and tools of `run`, named as in `called_as`."""
    made = [call.invocation for call in run.calls if call.invocation is not None]
    return frozenset(
        [f"stage:{stage.name}" for stage in run.stages]
        + [f"{role}:{one.function}" for one in made for role in ("retriever", "tool")]
    )


def _takes(plan: Plan, run: Run, before: Takes, stages: Collection[str] = ()) -> Takes:
    """Count what is discarded with this recording, broken ones included.

    Args:
        plan: of the run.
        run: as it was recorded now.
        before: what is counted of an old recording that was asked something else.
        stages: those that were recorded anew; none: all.
    """
    takes = plan.takes
    if takes.discarded:
        calls = [plan.redactor.call(call) for call in run.calls]
        again = asked_again(plan.path, calls, plan.matching, stages)
        takes = takes if again else before
    if plan.answers is None:
        return takes
    left, book = plan.answers.unused(), plan.book()
    return with_broken(takes, left, book, anew=not plan.resumes)


def _parts(plan: Plan) -> tuple[str, ...]:
    """Say when the parts were begun that this recording is made of, if of several."""
    used = plan.answers.parts() if plan.answers is not None else ()
    known = [plan.begun[part - 1] for part in used if 0 < part < len(plan.begun)]
    return (*known, plan.begun[-1]) if used else ()


def _made(plan: Plan, session: Session, outcome: Outcome) -> Run:
    if plan.resumes:
        close_gaps(session)
    run = made_run(session, plan.head, outcome, plan.matching)
    run = replace(run, recorded=replace(run.recorded, uncalled=_uncalled(plan, run)))
    lock = lock_prices(run.calls, plan.book(), dt.datetime.now(dt.UTC))
    recorded = replace(
        run.recorded, prices=lock, takes=_takes(plan, run, Takes()), parts=_parts(plan)
    )
    run = replace(run, recorded=recorded)
    if plan.journal is None:
        return plan.redactor.run(run)
    return load(plan.journal.fold(run))
