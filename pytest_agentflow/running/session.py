"""One execution of a workflow under observation: what happens is noted, as it happens.

A session is what the seams know as a handler, and what the doors write into. How a call
is answered (from a recording, or by the network) is up to its *conduct*.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from pytest_agentflow.model.call import CallKind, Invocation, Request, Response
from pytest_agentflow.model.run import UNATTRIBUTED
from pytest_agentflow.recording.match import Verbatim
from pytest_agentflow.running import frameworks, lineage
from pytest_agentflow.running.ledger import Ledger
from pytest_agentflow.running.lineage import Position
from pytest_agentflow.running.notes import (
    ArtefactNote,
    CallNote,
    SourceNote,
    StageNote,
    Visit,
)
from pytest_agentflow.running.watching import Forbids, Watching, only_told
from pytest_agentflow.wire import guard, install, routing
from pytest_agentflow.wire.handler import Paced, Reply
from pytest_agentflow.wire.telemetry import Endpoint


class Conduct(Protocol):
    """How a session answers calls: the difference between the modes."""

    @property
    def replays(self) -> bool:
        """Whether calls are answered from a recording."""

    def request(self, session: Session, note: CallNote) -> Reply:
        """Answer a request, or say who listens while it goes over the network."""

    def invocation(self, session: Session, note: CallNote) -> bool:
        """Fill in the result of a retriever or tool; False: its function must run."""

    def finished(self, session: Session, note: CallNote) -> None:
        """A call that went over the network, or a function, was answered or failed."""

    def noted(self, session: Session, event: str, **data: Any) -> None:
        """A stage began or ended."""


AtOnce = Callable[["Session", Position, Verbatim], Response | Paced | None]
"""Answers and notes what the stage's recording holds byte for byte; else neither."""


class Session:
    """One run under way.

    Args:
        conduct: how calls are answered; one that has `at_once` is asked that first.
        allowed: hosts and ports (`None`: any) that may be reached in a replay.
        telemetry: endpoints that are no part of a run, beside the built-in ones.
        forbids: decides about connections that no seam opens.
    """

    def __init__(
        self,
        conduct: Conduct,
        *,
        allowed: Collection[tuple[str, int | None]] = (),
        telemetry: Collection[Endpoint] = (),
        forbids: Forbids = only_told,
    ) -> None:
        self.conduct = conduct
        self._at_once: AtOnce | None = getattr(conduct, "at_once", None)
        self.closed = False
        self.allowed = frozenset(allowed)
        self.reached: set[tuple[str, int]] = set()
        self.watcher = Watching(self, forbids)
        self.telemetry = tuple(telemetry)
        self.ledger = Ledger()
        self.ignored_requests = 0
        self.begin = time.perf_counter()
        self.end: float | None = None
        self.stages: dict[str, StageNote] = {}
        self.calls: list[CallNote] = []
        self.sources: list[SourceNote] = []
        self.artefacts: list[ArtefactNote] = []
        self._pending: list[SourceNote] = []
        self._open: list[Visit] = []
        self._steps: dict[frameworks.Step, Visit] = {}
        self._lock = threading.RLock()
        self._calls = itertools.count(1)
        self._branches = itertools.count(1)
        self._visits = itertools.count(1)
        self._root: Position | None = None

    # A session as a handler of the seams

    @property
    def replays(self) -> bool:
        """Whether a recording answers calls, so that the network is closed."""
        return self.conduct.replays

    def at_once(self, asked: Verbatim) -> Response | Paced | None:
        """Answer what the recording holds byte for byte; `None`: see `handle`."""
        if self._at_once is None:
            return None
        try:  # as `answering` does, which takes as long as to find the recorded call
            where = self.here()
            if not where.visits:  # a framework may name the stage
                return None
            return self._at_once(self, where, asked)
        except Exception as error:
            self.ledger.enter(error)
            raise

    def handle(self, request: Request) -> Reply:
        """Answer a request of the application, or let it go over the network."""
        with self.answering(), self.in_step(reads=True):
            note = self.begin_call("http", request=request)
            frameworks.hand_over(self, note)
            return self.conduct.request(self, note)

    @contextmanager
    def in_step(self, *, reads: bool) -> Iterator[None]:
        """Let a call that no other door names a stage for stand in its framework's.

        Args:
            reads: the call is given what was retrieved before.
        """
        step = None if self.innermost() else frameworks.step_here()
        if step is None:
            yield
            return
        visit = self._visit_of(step, reads=reads and frameworks.outside_of_tools())
        try:
            with self.inside(visit):
                yield
        finally:
            self._leave_step(visit)

    def _visit_of(self, step: frameworks.Step, *, reads: bool) -> Visit:
        """Open the visit of a step, or go on with it: a step may make many calls."""
        with self._lock:
            visit = self._steps.get(step)
            if visit is None:
                visit = self.begin_visit(step.name, step.found_by, reads=reads)
                self._steps[step] = visit
            elif reads:
                where = lineage.refreshed(self.here(), awaited_only=False)
                self._hand_over_sources(where, step.name)
        return visit

    def _leave_step(self, visit: Visit) -> None:
        """Close the visit as far as is known: its next call goes on with it."""
        with self._lock:
            if visit.open:
                self.end_visit(visit)
                return
            visit.stage.end = time.perf_counter()
            where = lineage.refreshed(self.here(), awaited_only=False)
            lineage.stand(lineage.ending(where, visit.stage.name))

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Enter errors of our own into the ledger: applications swallow errors."""
        try:
            yield
        except Exception as error:
            self.ledger.enter(error)
            raise

    def ignored(self, request: Request) -> None:
        """Count a request to a telemetry endpoint."""
        with self._lock:
            self.watcher.beside.add((request.host.lower(), request.port))
            self.ignored_requests += 1

    def refused(self, refusal: BaseException) -> None:
        """Enter a refused connection into the ledger."""
        self.ledger.enter(refusal)

    # The life of a session

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Observe what runs inside, in this context and in what it starts."""
        lineage.install()
        install.install(closes_network=self.replays)
        guard.install()
        frameworks.watch()
        before = lineage.position()
        self._root = lineage.begin(self)
        lineage.stand(self._root)
        self.begin = time.perf_counter()
        with routing.routed_to(self):
            try:
                yield
            finally:
                self.close()
                lineage.stand(before)

    def close(self) -> None:
        """Take note of nothing any more; bodies that nobody read on are cut."""
        if self.closed:
            return
        for note in list(self.calls):
            if note.end is None and note.tape is not None:
                note.tape.cut()
            elif note.end is None:
                note.error = note.error or "the run ended before it was answered"
        self.end = time.perf_counter()
        self.closed = True

    # Where code stands

    def here(self) -> Position:
        """Give where the running code stands in this run."""
        found = inherited = lineage.position()
        if found is None or found.session is not self or found.guessed:
            found = self._stray()
        settled = lineage.settled(found, self.count_branch)
        if settled is not inherited:
            lineage.stand(settled)
        return settled

    def _stray(self) -> Position:
        """Give a position to code whose context knows of no session.

        It stands in the stage that is open, where only one is.
        """
        assert self._root is not None  # noqa: S101 - a session is opened before use
        with self._lock:
            chain = tuple(self._open)
        pairs = itertools.pairwise(chain)
        nested = all(outer in inner.outer for outer, inner in pairs)
        visits = chain if nested else ()
        return self._root._replace(visits=visits, guessed=True)

    def count_branch(self) -> int:
        """Give the number of a new branch."""
        return next(self._branches)

    # Calls

    def begin_call(
        self,
        kind: CallKind,
        *,
        request: Request | None = None,
        invocation: Invocation | None = None,
        where: Position | None = None,
    ) -> CallNote:
        """Take note of a call that begins.

        Args:
            kind: what answers it.
            request: what is sent, of a call over HTTP.
            invocation: what is called, of a function.
            where: `here`, for a caller that has asked already.
        """
        with self._lock:
            where = where or self.here()
            visit = where.visits[-1] if where.visits else None
            note = CallNote(
                number=next(self._calls),
                stage=visit.stage.name if visit else UNATTRIBUTED,
                branch=where.branch.number,
                parents=frozenset(),
                start=time.perf_counter(),
                kind=kind,
                request=request,
                invocation=invocation,
            )
            where, note.parents = lineage.advanced(where, note)
            lineage.stand(where)
            self.calls.append(note)
            if visit is not None:
                visit.calls.append(note)
        return note

    def end_call(self, note: CallNote) -> None:
        """Take note that a call was answered, or failed."""
        if not self.closed:
            note.end = note.end or time.perf_counter()
            self.conduct.finished(self, note)

    # Stages

    def begin_visit(self, name: str, found_by: str, *, reads: bool = True) -> Visit:
        """Open a stage: what happens from now on in this context belongs to it.

        One that `reads` is given what was retrieved before.
        """
        with self._lock:
            where = self.here()
            where = lineage.refreshed(where, awaited_only=False)
            stage = self.stages.get(name)
            if stage is None:
                stage = StageNote(
                    name=name,
                    found_by=found_by,
                    after=where.ended - {name},
                    depth=len(where.visits),
                    begin=time.perf_counter(),
                )
                self.stages[name] = stage
            stage.also_found_by(found_by)
            visit = Visit(stage=stage, number=next(self._visits), found_by=found_by)
            visit.outer = where.visits
            stage.visits.append(visit)
            self._open.append(visit)
            if reads:
                self._hand_over_sources(where, name)
        lineage.stand(where)
        self.conduct.noted(self, "stage-begin", stage=name)
        return visit

    @contextmanager
    def inside(self, visit: Visit) -> Iterator[None]:
        """Let the code inside stand in `visit`."""
        before = self.here()
        visits = (*before.visits, visit)
        lineage.stand(before._replace(visits=visits, guessed=False))
        try:
            yield
        finally:
            self._leave(visit, guessed=before.guessed)

    def _leave(self, visit: Visit, *, guessed: bool) -> None:
        where = lineage.position()
        if where is not None and visit in where.visits:
            left = where.visits[: where.visits.index(visit)]
            lineage.stand(self.here()._replace(visits=left, guessed=guessed))

    def end_visit(self, visit: Visit) -> None:
        """Close a stage; stages that begin from now on come after it."""
        with self._lock:
            if not visit.open:
                return
            visit.open = False
            self._open.remove(visit)
            visit.stage.end = time.perf_counter()
            if self.closed:
                return
            where = lineage.refreshed(self.here(), awaited_only=False)
            lineage.stand(lineage.ending(where, visit.stage.name))
        self.conduct.noted(self, "stage-end", stage=visit.stage.name)

    def innermost(self) -> Visit | None:
        """Give the visit that the running code stands in."""
        visits = self.here().visits
        return visits[-1] if visits else None

    # Sources

    def add_sources(self, notes: Sequence[SourceNote], call: CallNote | None) -> None:
        """Give documents to the open stage, else to the next one that begins."""
        with self._lock:
            visit = self.innermost()
            for note in notes:
                note.call = call
                note.stage = visit.stage.name if visit else None
            self.sources.extend(notes)
            if visit is None:
                self._pending.extend(notes)

    def unread_of(self, call: CallNote) -> list[SourceNote]:
        """Take back what `call` gave and no stage has got yet, to hand it over."""
        with self._lock:
            unread = [note for note in self._pending if note.call is call]
            self._pending = [note for note in self._pending if note.call is not call]
        return unread

    def _hand_over_sources(self, where: Position, stage: str) -> None:
        """Give what was retrieved before, and no stage has got yet, to this stage."""
        known = ancestors(where.frontier)
        for note in list(self._pending):
            if note.call is None or note.call in known:
                note.stage = stage
                self._pending.remove(note)


def ancestors(frontier: frozenset[CallNote]) -> set[CallNote]:
    """Give the calls of `frontier`, and all that had to be answered before them."""
    seen: set[CallNote] = set()
    waiting = list(frontier)
    while waiting:
        note = waiting.pop()
        if note not in seen:
            seen.add(note)
            waiting += note.parents
    return seen
