"""Judges in a session of their own: recorded beside the run they judge, and replayed.

A judge is code of the user's that calls a model through any client. What it asks and is
answered stands in ``NAME.judge.json`` beside ``NAME.flow.json``, in the same form, as
calls of the stage ``judge/<check>``.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_agentflow.checking.check import Check, CheckError
from pytest_agentflow.checking.judges import JudgeCapped, JudgeMiss
from pytest_agentflow.model.call import Call, Request
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.price import UnknownPrice
from pytest_agentflow.model.run import Recorded, Run
from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.pricing.lock import locked_again
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.names import judge_path
from pytest_agentflow.recording.redact import RedactionRefused, Redactor
from pytest_agentflow.recording.save import save
from pytest_agentflow.running.assembly import captured, provenance_of
from pytest_agentflow.running.credentials import stand_ins
from pytest_agentflow.running.hybrid import Hybrid
from pytest_agentflow.running.notes import CODE, CallNote
from pytest_agentflow.running.record import Live
from pytest_agentflow.running.replay import Replay
from pytest_agentflow.running.session import Conduct, Session
from pytest_agentflow.running.settings import Configuration, Mode
from pytest_agentflow.running.spend import OverBudget, Spend
from pytest_agentflow.running.timing import now
from pytest_agentflow.running.versions import versions
from pytest_agentflow.wire.miss import Miss

#: Stage of a judge's calls: ``judge/hallucination``.
STAGE = "judge/"
OPTION = "--agentflow-judge=record"
#: Arguments of checks that limit what a judge may spend on one run; in US dollars.
MAX_COST = "max_judge_cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """What judges are asked with; the same for a whole session."""

    mode: Mode
    configuration: Configuration
    book: Callable[[], PriceBook]
    environment: Callable[[], Mapping[str, str]]
    """Gives where secrets are looked for, to keep them out of what is written."""
    command: Callable[..., str]
    """Gives the command that judges again, with more options."""
    max_calls: int | None = None
    """Most calls over the network in the session."""
    max_cost: Money | None = None
    """Most that judges may spend in the session."""
    budget: Callable[[], Spend | None] = lambda: None
    """Gives what the session may spend on everything."""


class CallLimit:
    """Lets so many calls over the network, and no more; threads may share it."""

    def __init__(self, most: int) -> None:
        self._left = self._most = most
        self._lock = threading.Lock()

    def before(self, key: object, request: Request) -> None:  # noqa: ARG002 - as Spend
        """Count a call that is about to be made; raises `OverBudget`."""
        with self._lock:
            if self._left < 1:
                message = f"agentflow_max_judge_calls={self._most} was reached"
                raise OverBudget(message)
            self._left -= 1

    def after(self, key: object, call: Call | None) -> None:
        """Take no note: a call that failed was made, too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Several limits; a call is made that none of them forbids."""

    all: tuple[Spend | CallLimit, ...]

    def before(self, key: object, request: Request) -> None:
        """Set aside what a call may cost, or raise `OverBudget` and set nothing."""
        asked: list[Spend | CallLimit] = []
        try:
            for limit in self.all:
                limit.before(key, request)
                asked.append(limit)
        except OverBudget:
            for limit in asked:
                limit.after(key, None)
            raise

    def after(self, key: object, call: Call | None) -> None:
        """Count what a call cost."""
        for limit in self.all:
            limit.after(key, call)


class RecordedJudge:
    """A judge of a session; `of` gives the one that a check asks about a run.

    Args:
        judge: the user's, or what gives it when it is first asked.
        settings: mode, limits, and how calls are matched and cleaned.
    """

    def __init__(
        self, judge: Callable[[], Callable[..., Any]], settings: JudgeSettings
    ) -> None:
        self._judge = judge
        self._settings = settings
        self._calls = (
            None if settings.max_calls is None else CallLimit(settings.max_calls)
        )
        self._cost: Spend | None = None

    def of(self, run: Run, check: Check) -> AskedJudge:
        """Give the judge that `check` asks about `run`."""
        return AskedJudge(
            judge=self._judge,
            settings=self._settings,
            run=run,
            stage=f"{STAGE}{check.id}",
            limits=lambda: Limits(tuple(self._limits(check))),
        )

    def _limits(self, check: Check) -> Iterator[Spend | CallLimit]:
        settings = self._settings
        if self._calls is not None:
            yield self._calls
        if settings.max_cost is not None:
            self._cost = self._cost or Spend(settings.max_cost, settings.book())
            yield self._cost
        own = check.arguments.get(MAX_COST)
        if own is not None:
            yield Spend(Money(amount=Decimal(str(own))), settings.book())
        if (budget := settings.budget()) is not None:
            yield budget


@dataclass(slots=True, kw_only=True)
class AskedJudge:
    """The judge of one check about one run; what it is asked is recorded, or replayed.

    Calling it raises `JudgeMiss` where a replay does not hold the answer, `JudgeCapped`
    where a limit forbids the call, `CheckError` for a connection that was refused or a
    secret that cannot be kept out, and what the judge itself raises.
    """

    judge: Callable[[], Callable[..., Any]]
    settings: JudgeSettings
    run: Run
    stage: str
    limits: Callable[[], Limits]
    calls: list[Call] = field(default_factory=list)
    """Those that were made or replayed so far."""
    _conduct: Conduct | None = None
    _redactor: Redactor | None = None

    def __call__(self, *args: Any) -> Any:
        """Ask the judge, in a session of its own."""
        if self._conduct is None:
            self._conduct = self._conducted()
        session = Session(
            self._conduct,
            allowed=self.settings.configuration.allowed,
            telemetry=self.settings.configuration.telemetry,
        )
        value, failure = None, None
        keys = stand_ins() if self.settings.mode == "replay" else nullcontext()
        with keys, session.opened():
            try:
                with _inside(session, self.stage):
                    value = self.judge()(*args)
            except BaseException as error:  # noqa: BLE001 - raised when all is closed
                failure = error
        self._keep(session)
        self._raise_what_failed(session, failure)
        return value

    @property
    def models(self) -> tuple[str, ...]:
        """The models that answered, each once."""
        return tuple(dict.fromkeys(c.model for c in self.calls if c.model))

    @property
    def authored(self) -> bool:
        """Whether people wrote the answers: what it says is then no evidence."""
        return provenance_of(self.calls) == "authored"

    def cost(self) -> Money | None:
        """Add up what the calls cost at the prices they were recorded with.

        `None` where a price is not known, or where nothing was recorded.
        """
        held = self._held()
        known = {call.id for call in held.calls}
        asked = [call for call in self.calls if call.id in known]
        if not asked or len(asked) < len(self.calls):
            return None
        try:
            return replace(held, calls=tuple(asked), stages=()).cost()
        except (UnknownPrice, ValueError):
            return None

    # How calls are answered

    def _conducted(self) -> Conduct:
        given = self._cleaner(), self.settings.configuration.matching
        if self.settings.mode == "live":
            return Live(*given, self.limits())
        replay = Replay(self._held(), *given, command=self.settings.command)
        if self.settings.mode == "replay":
            return replay
        if self._file() is None:
            raise CheckError(_NO_PLACE.format(run=self.run.id))
        live = Live(*given, self.limits())
        return Hybrid(replay, live, stages=frozenset(), follow="anywhere")

    def _cleaner(self) -> Redactor:
        if self._redactor is None:
            inputs = self.run.inputs
            texts = {
                name: text for name, text in inputs.items() if isinstance(text, str)
            }
            known = self.settings.environment()
            protection = self.settings.configuration.protection
            self._redactor = protection.redactor({**texts, **known}, inputs)
        return self._redactor

    def _file(self) -> Path | None:
        return None if self.run.path is None else judge_path(self.run.path)

    def _held(self) -> Run:
        """Give what is recorded of judges beside the run."""
        file = self._file()
        if file is not None and file.exists():
            return load(file)
        run = self.run
        return Run(workflow=run.workflow, case=run.case, size=run.size, trial=run.trial)

    # What a session leaves

    def _keep(self, session: Session) -> None:
        """Take note of the calls; write those that are new, whatever the verdict."""
        self.calls += [n.recorded for n in session.calls if n.recorded is not None]
        new = [_call_of(session, n) for n in session.calls if _is_answered(n)]
        if self.settings.mode != "record" or not new:
            self.calls += new
            return
        file = self._file()
        assert file is not None  # noqa: S101 - the conduct would have refused
        held = self._held()
        try:
            numbered = [self._cleaner().call(c) for c in _numbered(new, held.calls)]
        except RedactionRefused as error:
            session.ledger.enter(error)
            return
        calls = (*held.calls, *numbered)
        lock = held.recorded.prices
        at = dt.datetime.now(dt.UTC)
        recorded = Recorded(
            at=held.recorded.at or now(),
            versions=held.recorded.versions or versions(),
            prices=locked_again(lock, calls, self.settings.book(), at),
        )
        provenance = provenance_of(calls)
        save(replace(held, calls=calls, provenance=provenance, recorded=recorded), file)
        self.calls += numbered

    def _raise_what_failed(
        self, session: Session, failure: BaseException | None
    ) -> None:
        errors = [entry.error for entry in session.ledger]
        if isinstance(failure, (KeyboardInterrupt, SystemExit)):
            raise failure
        for kind, raised in ((OverBudget, JudgeCapped), (Miss, JudgeMiss)):
            for error in errors:
                if isinstance(error, kind):
                    text = str(error) if kind is OverBudget else self._missed()
                    raise raised(text) from None
        if errors:
            message = f"the judge could not be asked: {errors[0]}"
            raise CheckError(message) from failure
        if failure is not None:
            raise failure

    def _missed(self) -> str:
        file = self._file()
        if file is None:
            return _NO_PLACE.format(run=self.run.id)
        what = "holds no such question" if file.exists() else "is not there"
        return (
            f"{file.name} {what} (a new claim, a changed source, prompt or "
            f"model). To judge what is new: {self.settings.command(OPTION)}"
        )


_NO_PLACE = (
    "{run} is no recording, so no judge's answers can be kept beside it; "
    "judge it live: --agentflow-judge=live"
)


@contextmanager
def _inside(session: Session, stage: str) -> Iterator[None]:
    visit = session.begin_visit(stage, CODE)
    try:
        with session.inside(visit):
            yield
    finally:
        session.end_visit(visit)


def _is_answered(note: CallNote) -> bool:
    """Whether a call went over the network, or a function ran, and gave an answer.

    A refusal is no answer: recorded, it would be given for ever.
    """
    if note.recorded is not None or note.retried_by is not None or note.error:
        return False
    if note.invocation is not None:
        return True
    return note.response is not None and note.response.status < 400


def _call_of(session: Session, note: CallNote) -> Call:
    return captured(session, note)[0].call


def _numbered(new: Iterable[Call], held: Sequence[Call]) -> Iterator[Call]:
    """Give new calls the ids that come next in their stages."""
    taken = {call.id for call in held}
    for call in new:
        number = sum(one.stage == call.stage for one in held) + 1
        while f"{call.stage}/{number}" in taken:
            number += 1
        taken.add(f"{call.stage}/{number}")
        yield replace(call, id=f"{call.stage}/{number}", parents=())
