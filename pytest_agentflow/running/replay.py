"""Replay: the workflow's code runs, and a recording answers its calls."""

from __future__ import annotations

import shlex
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pytest_agentflow.model.call import Call, Response
from pytest_agentflow.model.run import UNATTRIBUTED, Drift, Run
from pytest_agentflow.recording.match import (
    Index,
    Matching,
    Verbatim,
    match_key,
    verbatim,
)
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.running import frameworks
from pytest_agentflow.running.keys import clean_request, key_of
from pytest_agentflow.running.lineage import Position
from pytest_agentflow.running.missing import (
    Asked,
    changes_between,
    miss_text,
    unplayed_text,
)
from pytest_agentflow.running.notes import CallNote, is_retryable
from pytest_agentflow.running.session import Session
from pytest_agentflow.running.virtual_time_calls import Pause, Timeline
from pytest_agentflow.wire.handler import Broken, Paced, Reply
from pytest_agentflow.wire.miss import Miss
from pytest_agentflow.wire.pace import recorded

RECORD = "--agentflow=record"
RECORD_STAGE = "--agentflow-record-stage"


class Replay:
    """Answers calls from one recording, each call once.

    Args:
        run: the recording.
        redactor: of the same rules as the recorder's, so that both sides match.
        matching: what counts of a request.
        command: gives the command that runs the test with further options.
        paced: let answers take as long as they took when they were recorded.
        in_order: give a changed question the answer that is next in its stage, and
            note the drift, rather than miss it.
        timeline: computes how long the run takes; `None`: nobody asks.
    """

    replays = True

    def __init__(
        self,
        run: Run,
        redactor: Redactor,
        matching: Matching,
        command: Callable[..., str],
        *,
        in_order: bool = False,
        paced: bool = False,
        timeline: Timeline | None = None,
    ) -> None:
        self.run = run
        self.timeline = timeline
        self.drifts: list[Drift] = []
        self._in_order = in_order
        self._paced = paced
        self._index = Index(run, matching)
        self._redactor = redactor
        self._matching = matching
        self._command = command
        self._broken: dict[tuple[str, str], deque[Call]] = defaultdict(deque)
        for call in run.calls:
            if call.request is not None and call.response is None and call.attempts:
                key = match_key(call.request, matching)
                self._broken[call.stage, key].append(call)
        self._covered: set[str] = set()
        self._given: dict[tuple[str, str], Call] = {}
        self._given_equal: deque[Call] = deque()
        self._again: Counter[str] = Counter()
        self._lock = threading.Lock()

    def holds(self, note: CallNote) -> bool:
        """Whether a call that is still to be played answers exactly what was asked."""
        self._identify(note)
        place = (note.stage, note.key)
        return self._index.waits(*place) or bool(self._broken.get(place))

    def at_once(
        self, session: Session, where: Position, asked: Verbatim
    ) -> Response | Paced | None:
        """Answer what was asked byte for byte in the same stage.

        It has no secrets, and needs neither headers nor a key: they cost most of a
        replayed call.
        """
        call = self._take_equal(where.visits[-1].stage.name, asked)
        if call is None or call.response is None:
            return None
        note = session.begin_call(call.kind, request=call.request, where=where)
        frameworks.hand_over(session, note)
        return self._given_out(session, note, call, call.response)

    def request(self, session: Session, note: CallNote) -> Reply:
        """Answer a request; raises `Miss` where the recording has no answer."""
        call = None
        if note.request is not None:
            call = self._take_equal(note.stage, verbatim(note.request))
        if call is not None:
            note.request = call.request
        else:
            self._identify(note)
            call = self._take(note) or self._next(note)
        if call is None:
            raise self._missed(session, note)
        note.kind = call.kind
        if call.response is not None:
            return self._given_out(session, note, call, call.response)
        note.recorded = call
        note.error = _last_error(call)
        session.end_call(note)
        if self.timeline is not None:
            return self.timeline.failed(note, call, note.error)
        return Broken(error=note.error)

    def _given_out(
        self, session: Session, note: CallNote, call: Call, response: Response
    ) -> Response | Paced:
        note.recorded = call
        restored = self._redactor.restored(response)
        note.response = self._as_replayed(restored, call, note)
        session.end_call(note)
        if self.timeline is not None:
            return self.timeline.answered(note, call, note.response)
        timing = self.run.recorded.calls.get(call.id) if self._paced else None
        return note.response if timing is None else recorded(note.response, timing)

    def invocation(self, session: Session, note: CallNote) -> bool:
        """Fill in a recorded result; raises `Miss` where there is none.

        A call that raised when it was recorded is let run again.
        """
        self._identify(note)
        call = self._take(note) or self._next(note)
        if call is None or call.invocation is None:
            raise self._missed(session, note)
        note.recorded = call
        if call.attempts and call.invocation.result is None:
            return False
        result = self._redactor.restored_value(call.invocation.result)
        note.invocation = replace(call.invocation, result=result)
        self._cover(call)
        session.end_call(note)
        return True

    def pause(self, note: CallNote) -> Pause | None:
        """Give how long the result of a function took, where time is computed."""
        if self.timeline is None or note.recorded is None:
            return None
        return self.timeline.returned(note, note.recorded)

    def finished(self, session: Session, note: CallNote) -> None:  # noqa: ARG002
        """Count a function that ran although it is recorded as played."""
        if note.invocation is not None and note.recorded is None:
            self._identify(note)
            note.recorded = self._index.take(note.stage, note.key)

    def _next(self, note: CallNote) -> Call | None:
        """Take the call that is next in the stage, where answers come in order."""
        asked = note.request or note.invocation
        if not self._in_order or asked is None:
            return None
        call = self._index.take_next(note.stage, asked)
        if call is not None:
            changes = tuple(map(str, changes_between(call, asked, self._matching)))
            drift = Drift(stage=note.stage, call=call.id, changes=changes)
            self.drifts.append(drift)
            note.drift = drift
        return call

    def _identify(self, note: CallNote) -> None:
        known = self._index.verbatim(note.request) if note.request else None
        if known is not None:
            note.key, note.request = known
            return
        clean_request(note, self._redactor)
        note.key = key_of(note, self._matching)

    def noted(self, session: Session, event: str, **data: Any) -> None:
        """Take no notes: the recording is there."""

    def _take_equal(self, stage: str, asked: Verbatim) -> Call | None:
        """Take the call of `stage` that was asked the very same."""
        call = self._index.take_equal(stage, asked)
        if call is not None:
            self._given_equal.append(call)
        return call

    def _take(self, note: CallNote) -> Call | None:
        """Take the recorded call; of one that failed in the end, as often as tried."""
        place = (note.stage, note.key)
        with self._lock:
            while self._given_equal:
                given = self._given_equal.popleft()
                self._given[given.stage, self._index.key_of(given)] = given
            call = self._index.take(*place) or self._take_broken(*place)
            if call is not None:
                self._given[place] = call
                return call
            last = self._given.get(place)
            if last is None or self._again[last.id] >= _repeats(last):
                return None
            self._again[last.id] += 1
            return last

    def _take_broken(self, stage: str, key: str) -> Call | None:
        """Take a call that got no answer at all, which no index can give."""
        waiting = self._broken.get((stage, key))
        return waiting.popleft() if waiting else None

    def _as_replayed(self, response: Response, call: Call, note: CallNote) -> Response:
        """Tell SDKs not to repeat a request that failed for good: nothing changes."""
        if not is_retryable(response.status):
            return response
        key = note.key or self._index.key_of(call)
        if self._index.waits(note.stage, key):
            return response
        headers = (*response.headers, ("x-should-retry", "false"))
        return replace(response, headers=headers)

    def _cover(self, call: Call) -> None:
        """Count as played what the function of `call` asked for by itself.

        These are the calls that came after it and overlap it: it does not run now.
        """
        timing = self.run.recorded.calls.get(call.id)
        if timing is None:
            return
        inner = {
            other
            for other in timing.overlaps
            if other != call.id and self.run.happens_before(call.id, other)
        }
        with self._lock:
            self._covered |= inner

    def _missed(self, session: Session, note: CallNote) -> Miss:
        asked = Asked(
            stage=note.stage,
            key=note.key,
            kind=note.kind,
            what=note.request or note.invocation,
        )
        miss = Miss(
            miss_text(self.run, self._index, self._matching, asked, self._repair)
        )
        session.ledger.enter(miss)
        return miss

    def left(self) -> list[Call]:
        """List the recorded calls that were not made, in recorded order."""
        waiting = [call for calls in self._broken.values() for call in calls]
        left = [*self._index.unplayed(), *waiting]
        return [call for call in left if call.id not in self._covered]

    def unplayed(self) -> Miss | None:
        """Give what is wrong where recorded calls were not made; `None` if all were."""
        left = self.left()
        return self.missed_out(left) if left else None

    def missed_out(self, calls: Sequence[Call]) -> Miss:
        """Give what says that `calls` were not made."""
        stages = {call.stage for call in calls}
        only = stages.pop() if len(stages) == 1 else UNATTRIBUTED
        return Miss(unplayed_text(self.run, calls, self._repair(only)))

    def _repair(self, stage: str) -> str:
        """Say how to record anew: only what a change in `stage` concerns, if known."""
        if stage != UNATTRIBUTED and any(s.name == stage for s in self.run.stages):
            command = self._command(f"{RECORD_STAGE}={shlex.quote(stage)}")
            return f"record this stage anew, and what comes after it:\n    {command}"
        return f"record anew:\n    {self._command(RECORD)}"


def _repeats(call: Call) -> int:
    """How often a call that failed in the end was tried before, or after, the last."""
    if call.response is None:
        return len(call.attempts) - 1
    return len(call.attempts) if is_retryable(call.response.status) else 0


def _last_error(call: Call) -> str:
    return call.attempts[-1].error if call.attempts else "the connection failed"
