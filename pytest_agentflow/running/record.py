"""Record and live: calls go over the network, and what they gave is noted."""

from __future__ import annotations

import threading
from typing import Any, Protocol

from pytest_agentflow.model.call import Attempt, Call, Request, Response
from pytest_agentflow.recording.journal import Journal
from pytest_agentflow.recording.match import Matching
from pytest_agentflow.recording.redact import RedactionRefused, Redactor
from pytest_agentflow.running.assembly import captured
from pytest_agentflow.running.keys import clean_request, key_of
from pytest_agentflow.running.listening import Listening
from pytest_agentflow.running.notes import CallNote
from pytest_agentflow.running.session import Session
from pytest_agentflow.running.spend import OverBudget
from pytest_agentflow.wire.handler import Exchange


class Purse(Protocol):
    """What calls over the network are paid from."""

    def before(self, key: object, request: Request) -> None:
        """Set aside what a call may cost; raises `OverBudget`."""

    def after(self, key: object, call: Call | None) -> None:
        """Count what it cost; `None`: it was not answered."""


class Live:
    """Lets every call through and watches; nothing is written.

    A failed try that is repeated becomes an attempt of the call that repeats it.

    Args:
        redactor: gives what the recorder would compare.
        matching: what counts of a request.
        spend: the limit that calls are held to; `None`: there is none.
    """

    replays = False

    def __init__(
        self, redactor: Redactor, matching: Matching, spend: Purse | None = None
    ) -> None:
        self._redactor = redactor
        self._matching = matching
        self._spend = spend
        self._failed: dict[tuple[str, int, str], CallNote] = {}
        self._lock = threading.Lock()

    def request(self, session: Session, note: CallNote) -> Response | Exchange:
        """Let a request go over the network, and listen."""
        self._identify(session, note)
        return self._sent(session, note)

    def _sent(self, session: Session, note: CallNote) -> Exchange:
        self._afford(session, note)
        self._join_attempts(note)
        return Listening(session, note)

    def _afford(self, session: Session, note: CallNote) -> None:
        if self._spend is None or note.request is None:
            return
        try:
            self._spend.before(note, note.request)
        except OverBudget as error:
            note.error = "not sent: over budget"
            session.ledger.enter(error)
            raise

    def invocation(self, session: Session, note: CallNote) -> bool:
        """Let the function run."""
        self._identify(session, note)
        return False

    def _identify(self, session: Session, note: CallNote) -> None:
        try:
            clean_request(note, self._redactor)
        except RedactionRefused as error:
            session.ledger.enter(error)
        note.key = key_of(note, self._matching)

    def _join_attempts(self, note: CallNote) -> None:
        """Take over the tries that `note` repeats; they were its attempts."""
        with self._lock:
            before = self._failed.pop((note.stage, note.branch, note.key), None)
        if before is None:
            return
        before.retried_by = note
        note.attempts = (*before.attempts, attempt_of(before))
        note.parents = before.parents
        note.start = before.start

    def finished(self, session: Session, note: CallNote) -> None:
        """Remember a failed try: the next one may repeat it; count what was spent."""
        if self._spend is not None and note.request is not None:
            answered = note.response is not None
            self._spend.after(
                note, captured(session, note)[0].call if answered else None
            )
        if note.failed and note.request is not None:
            with self._lock:
                self._failed[note.stage, note.branch, note.key] = note

    def noted(self, session: Session, event: str, **data: Any) -> None:
        """Take no notes beside."""


class Record(Live):
    """Lets every call through, and writes a journal that outlives a crash.

    Args:
        journal: where calls are written as they are answered.
        redactor: removes secrets.
        matching: what counts of a request.
        spend: the limit that calls are held to; `None`: there is none.
    """

    def __init__(
        self,
        journal: Journal,
        redactor: Redactor,
        matching: Matching,
        spend: Purse | None = None,
    ) -> None:
        super().__init__(redactor, matching, spend)
        self.journal = journal

    def finished(self, session: Session, note: CallNote) -> None:
        """Write the call; a secret that cannot be removed fails the run."""
        super().finished(session, note)
        try:
            self.journal.call(*captured(session, note))
        except Exception as error:  # noqa: BLE001 - it would end up in the application
            session.ledger.enter(error)

    def noted(self, session: Session, event: str, **data: Any) -> None:
        """Write that a stage began, gave an output or ended."""
        try:
            self.journal.note(event, **data)
        except Exception as error:  # noqa: BLE001 - it would end up in the application
            session.ledger.enter(error)


def attempt_of(note: CallNote) -> Attempt:
    """Give a failed call as an attempt."""
    if note.response is None:
        return Attempt(error=note.error or "")
    text = note.response.body[:2000].decode("utf-8", "replace")
    return Attempt(status=note.response.status, error=text)
