"""Resuming a recording that broke off: it is asked only what was not answered."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace

from pytest_agentflow.model.call import Call, Response
from pytest_agentflow.recording.canonical import Matching, key_of_call
from pytest_agentflow.recording.journal import Journal
from pytest_agentflow.recording.journal_parts import KEPT, Kept
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.running.assembly import captured
from pytest_agentflow.running.notes import CallNote
from pytest_agentflow.running.record import Record
from pytest_agentflow.running.session import Session
from pytest_agentflow.running.spend import Spend
from pytest_agentflow.wire.handler import Exchange


class Answers:
    """The calls of a journal, each to be given once, to who asks the same.

    They are found as in a replay: by stage and canonical key, in the order in which
    they were made. Of several takes the last one is used up first.

    Args:
        calls: what the journal holds.
        matching: what counts of a request.
    """

    def __init__(self, calls: Sequence[Kept], matching: Matching) -> None:
        self._calls = tuple(calls)
        self._given: set[int] = set()
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], deque[Kept]] = defaultdict(deque)
        usable = [kept for kept in calls if kept.usable]
        for kept in sorted(usable, key=lambda k: (-k.take, k.part, k.captured.start)):
            key = key_of_call(kept.call, matching)
            if key is not None:
                self._waiting[kept.call.stage, key].append(kept)

    def take(self, stage: str, key: str) -> Kept | None:
        """Give the next answer to what is asked; `None`: there is none left."""
        with self._lock:
            waiting = self._waiting.get((stage, key))
            if not waiting:
                return None
            kept = waiting.popleft()
            self._given.add(kept.number)
            return kept

    def parts(self) -> tuple[int, ...]:
        """Number the parts of the journal that gave an answer."""
        used = {kept.part for kept in self._calls if kept.number in self._given}
        return tuple(sorted(used))

    def unused(self) -> dict[int, tuple[Call, ...]]:
        """Give the answered calls that nobody asked for, by their take."""
        left: dict[int, list[Call]] = defaultdict(list)
        for kept in self._calls:
            if kept.number not in self._given and _was_answered(kept.call):
                left[kept.take].append(kept.call)
        return {take: tuple(calls) for take, calls in left.items()}


def _was_answered(call: Call) -> bool:
    """Whether a call may have cost something: what failed does not."""
    if call.response is None:
        return call.invocation is not None and not call.attempts
    return call.response.status < 400


class Resumed(Record):
    """Answers from the journal what it holds; the rest goes over the network.

    What is answered anew is added to the same journal.

    Args:
        answers: of the journal.
        journal: the same, open for more.
        redactor: removes secrets.
        matching: what counts of a request.
        spend: the limit that calls over the network are held to.
    """

    def __init__(
        self,
        answers: Answers,
        journal: Journal,
        redactor: Redactor,
        matching: Matching,
        spend: Spend | None = None,
    ) -> None:
        super().__init__(journal, redactor, matching, spend)
        self.answers = answers

    def request(self, session: Session, note: CallNote) -> Response | Exchange:
        """Answer a request from the journal, or let it go over the network."""
        self._identify(session, note)
        kept = self.answers.take(note.stage, note.key)
        if kept is None or kept.call.response is None:
            return self._sent(session, note)
        response = self._redactor.restored(kept.call.response)
        note.kind, note.response = kept.call.kind, response
        self._end(session, note, kept)
        return response

    def invocation(self, session: Session, note: CallNote) -> bool:
        """Fill in a result from the journal, or let the function run."""
        self._identify(session, note)
        kept = self.answers.take(note.stage, note.key)
        if kept is None or kept.call.invocation is None:
            return False
        result = self._redactor.restored_value(kept.call.invocation.result)
        note.invocation = replace(kept.call.invocation, result=result)
        self._end(session, note, kept)
        return True

    def _end(self, session: Session, note: CallNote, kept: Kept) -> None:
        """Let the call look as long as it took when it was made."""
        note.kept = kept
        note.end = note.start
        if (timing := kept.timing) is not None and timing.end is not None:
            note.end = note.start + (timing.end - timing.start) / 1000
            note.arrivals = tuple(note.start + at / 1000 for at in timing.chunks)
            if timing.first_byte is not None:
                after = (timing.first_byte - timing.start) / 1000
                note.first_byte = note.start + after
        session.end_call(note)

    def finished(self, session: Session, note: CallNote) -> None:
        """Write a call that was made now; of one that was kept, that it was used."""
        if note.kept is None:
            super().finished(session, note)
            return
        item, _ = captured(session, note)
        self.noted(
            session,
            KEPT,
            call=note.kept.number,
            id=item.id,
            start=item.start,
            parents=list(item.parents),
        )
