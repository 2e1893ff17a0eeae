"""What tests call to run workflows: replayed, recorded or live."""

from __future__ import annotations

import datetime as dt
import inspect
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, overload

from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.book import PriceBook, load_book
from pytest_agentflow.pricing.drift import repriced
from pytest_agentflow.recording.load import RecordingError, find_recordings, load
from pytest_agentflow.recording.names import (
    SUFFIX,
    case_of,
    partial_path,
    recording_path,
)
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.running.absent import no_recording
from pytest_agentflow.running.assembly import Head
from pytest_agentflow.running.broken import broken_off
from pytest_agentflow.running.conclusion import (
    Plan,
    called_as,
    calls_of,
    conclude,
)
from pytest_agentflow.running.conduct import (
    live_conduct,
    replay_conduct,
    unseen_forbidden,
)
from pytest_agentflow.running.credentials import stand_ins
from pytest_agentflow.running.inputs import inputs_of, name_of, two_cases
from pytest_agentflow.running.instrument import Named, instrumented
from pytest_agentflow.running.judging import JudgeSettings
from pytest_agentflow.running.notes import BOTH
from pytest_agentflow.running.plain import plain
from pytest_agentflow.running.replay import RECORD, Replay
from pytest_agentflow.running.session import Conduct, Session
from pytest_agentflow.running.settings import Mode, RunSettings, read_configuration
from pytest_agentflow.running.spend import Spend
from pytest_agentflow.wire.rivals import refuse_rivals

P = ParamSpec("P")


class AgentFlow:
    """Runs workflows, and finds what was recorded of them.

    Args:
        settings: mode and configuration, the same for the whole session.

    Raises `BadSetting` for a line of the configuration that is wrong.
    """

    __module__ = "pytest_agentflow"

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self._configuration = read_configuration(settings)
        self._called: set[str] = set()
        self._doubled: set[str] = set()
        self._stages: set[str] = set()
        self._named_cases: dict[Path, str] = {}
        self._spend: Spend | None = None
        self._written: set[Path] = set()
        self._ran = False
        self._pending: list[tuple[str, Coroutine[Any, Any, Run]]] = []

    @property
    def mode(self) -> str:
        """Give ``replay``, ``record`` or ``live``."""
        return self.settings.mode

    @overload
    def run(
        self,
        workflow: Callable[P, Coroutine[Any, Any, Any]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, Run]: ...

    @overload
    def run(
        self, workflow: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs
    ) -> Run: ...

    def run(self, workflow: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Run `workflow` with these inputs and give the run, ready to be judged.

        In a replay the workflow's own code runs, its calls are answered from the
        recording of this workflow and case, and the network is closed. Of a coroutine
        function this gives a coroutine, to be awaited.

        Raises what the workflow raised; `Miss` where it asked for what the recording
        does not hold, whatever it swallowed itself, or left something out;
        `NetworkRefused` where it tried to open a connection; `RecordingError` where
        there is no recording.
        """
        __tracebackhide__ = True
        self.settings.asked()
        plan = self._plan(workflow, args, kwargs)
        if _is_coroutine_function(workflow):
            run = self._run_async(plan, workflow, args, kwargs)
            self._pending = [*filter(_is_unawaited, self._pending)]
            self._pending.append((plan.head.workflow, run))
            return run
        return self._run(plan, workflow, args, kwargs)

    def _run(
        self,
        plan: Plan,
        workflow: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Run:
        __tracebackhide__ = True
        value, failure = None, None
        with self._under_way(plan) as session:
            try:
                value = workflow(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - raised when all is closed
                failure = error
        if inspect.iscoroutine(value):
            value.close()
            failure = TypeError(
                f"{plan.head.workflow} returned a coroutine that nobody awaited; give "
                "agentflow.run the coroutine function itself, and await the run"
            )
        return self._concluded(plan, session, value, failure)

    async def _run_async(
        self,
        plan: Plan,
        workflow: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Run:
        __tracebackhide__ = True
        value, failure = None, None
        with self._under_way(plan) as session:
            try:
                value = await workflow(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - raised when all is closed
                failure = error
        return self._concluded(plan, session, value, failure)

    def _concluded(
        self,
        plan: Plan,
        session: Session,
        value: Any,
        failure: BaseException | None,
    ) -> Run:
        __tracebackhide__ = True
        run = self.at_judged_prices(conclude(plan, session, value, failure))
        self._ran = True
        self._called |= calls_of(run)
        self._doubled |= {s.name for s in run.stages if s.found_by == BOTH}
        if plan.journal is not None and run.path is not None:
            self._written.add(run.path)
        self.settings.ran(run)
        return run

    def unawaited(self) -> tuple[str, ...]:
        """Name the workflows of runs that nobody awaited, and give these runs up."""
        left = [*filter(_is_unawaited, self._pending)]
        self._pending = []
        for _, run in left:
            run.close()
        return tuple(dict.fromkeys(name for name, _ in left))

    def wrote(self, run: Run) -> bool:
        """Whether `run` was written in this session, wholly or in part."""
        return run.path in self._written

    def uncalled(self) -> tuple[str, ...]:
        """List the configured functions that no run called so far, as they are written.

        Empty before the first run: nothing can be said then.
        """
        if not self._ran:
            return ()
        named = self._configuration.named
        return tuple(one.written for one in named if called_as(one) not in self._called)

    def stages(self) -> frozenset[str]:
        """Name the stages of all recordings that were replayed so far."""
        return frozenset(self._stages)

    def doubled(self) -> tuple[Named, ...]:
        """List the configured stages that the code of some run so far names, too."""
        named = self._configuration.named
        return tuple(one for one in named if one.stage in self._doubled)

    def runs(self, pattern: str) -> tuple[Run, ...]:
        """Load all recordings that `pattern` fits, sorted: ``build_site/*``.

        Raises `RecordingError` where none does: an empty set proves nothing.
        """
        self.settings.asked()
        folder = self.settings.recordings()
        files = find_recordings(folder, pattern)
        if not files:
            problem = f"no recording fits {pattern!r}"
            repair = f"record some: `{self.settings.command(RECORD)}`"
            raise RecordingError(folder, "", problem, repair)
        return tuple(self.at_judged_prices(load(file, folder=folder)) for file in files)

    def load(self, name: str) -> Run:
        """Load one recording by its name, ``build_site/hotel``.

        Raises `RecordingError` where there is none.
        """
        self.settings.asked()
        folder = self.settings.recordings()
        stem = name.removesuffix(SUFFIX)
        direct = folder / f"{stem}{SUFFIX}"
        workflow, _, case = stem.rpartition("/")
        if direct.exists() or not workflow:
            return self.at_judged_prices(self._loaded(direct))
        return self.at_judged_prices(
            self._loaded(recording_path(folder, workflow, case))
        )

    def at_judged_prices(self, run: Run) -> Run:
        """Give a run at today's prices, where those are to be judged."""
        settings = self.settings
        if settings.judged_prices == "recorded" or settings.mode != "replay":
            return run
        return repriced(run, self._book(), dt.datetime.now(dt.UTC))

    def judge_settings(
        self, mode: Mode, *, max_calls: int | None = None, max_cost: Money | None = None
    ) -> JudgeSettings:
        """Give what judges of this session are asked with.

        Args:
            mode: replay, record (what is not recorded yet) or live.
            max_calls: most calls over the network, all judges together.
            max_cost: most that they may spend; the session's budget counts as well.
        """
        return JudgeSettings(
            mode=mode,
            configuration=self._configuration,
            book=self._book,
            environment=lambda: self.settings.environment or os.environ,
            command=self.settings.command,
            max_calls=max_calls,
            max_cost=max_cost,
            budget=self._budget,
        )

    def _loaded(self, path: Path) -> Run:
        """Load a recording; where there is none, say how to make it."""
        try:
            return load(path, folder=self.settings.recordings())
        except RecordingError as error:
            if path.exists() or "there is no such" not in error.problem:
                raise
            repair = f"record it: `{self.settings.command(RECORD)}`"
            raise RecordingError(path, "", error.problem, repair) from None

    # Preparing a run

    def _plan(
        self,
        workflow: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Plan:
        __tracebackhide__ = True
        argument = self.settings.argument
        inputs = inputs_of(workflow, args, kwargs)
        values = plain(inputs)
        redactor = self._redactor(values)
        shown = redactor.value(values)
        by_ids, named = self.settings.case_for(inputs), argument("case")
        head = Head(
            workflow=argument("workflow") or name_of(workflow),
            case=redactor.text(named or by_ids or case_of(shown)),
            variant=argument("variant"),
            size=argument("size"),
            trial=argument("trial"),
            inputs=shown,
        )
        path = recording_path(
            self.settings.recordings(), head.workflow, head.case, head.size, head.trial
        )
        if named and self.settings.mode == "record":
            self._expect_one(path, head.case, case_of(shown))
        return Plan(
            head=head,
            path=path,
            mode=self._mode(path),
            redactor=redactor,
            matching=self._configuration.matching,
            command=self.settings.command(RECORD),
            book=self._book,
            spend=self._budget(),
            named=self._configuration.named,
        )

    def _mode(self, path: Path) -> Mode:
        """Give the mode of a run; what is whole is not paid for again."""
        whole = path.exists() and not partial_path(path).exists()
        finished = whole and self.settings.resume and self.settings.mode == "record"
        return "replay" if finished else self.settings.mode

    def _expect_one(self, path: Path, case: str, inputs: str) -> None:
        """Refuse to record one named case twice, with different inputs."""
        __tracebackhide__ = True
        if self._named_cases.setdefault(path, inputs) != inputs:
            raise ValueError(two_cases(case))

    def _redactor(self, inputs: Mapping[str, Any]) -> Redactor:
        """Give the redactor of a run; an input that is named as a secret is one."""
        named = {name: text for name, text in inputs.items() if isinstance(text, str)}
        known = self.settings.environment or os.environ
        return self._configuration.protection.redactor({**named, **known}, inputs)

    def _book(self) -> PriceBook:
        return load_book(self.settings.prices)

    def _budget(self) -> Spend | None:
        if self._spend is None and self.settings.budget is not None:
            self._spend = Spend(self.settings.budget, self._book())
        return self._spend

    @contextmanager
    def _under_way(self, plan: Plan) -> Iterator[Session]:
        """Open the session of a run; the configured doors are there as long."""
        refuse_rivals()
        try:
            keys = stand_ins() if plan.mode == "replay" else nullcontext()
            with (
                keys,
                instrumented(self._configuration.named),
                self._conduct(plan) as conduct,
            ):
                session = Session(
                    conduct,
                    allowed=self._configuration.allowed,
                    telemetry=self._configuration.telemetry,
                    forbids=partial(unseen_forbidden, plan),
                )
                with session.opened():
                    yield session
        except BaseException:
            if plan.journal is not None:
                plan.journal.close()
            raise

    @contextmanager
    def _conduct(self, plan: Plan) -> Iterator[Conduct]:
        """Give the conduct of a run; what it holds goes on when the run is over."""
        if plan.mode != "replay":
            yield live_conduct(plan, self.settings)
            return
        recording = self._recorded(plan)
        self._stages |= {stage.name for stage in recording.stages}
        conduct = replay_conduct(plan, self.settings, recording)
        try:
            yield conduct
        finally:
            if isinstance(conduct, Replay) and conduct.timeline is not None:
                conduct.timeline.stop()

    def _recorded(self, plan: Plan) -> Run:
        """Load the run's recording; where there is none, say which inputs changed."""
        partial = partial_path(plan.path)
        if not plan.path.exists() and partial.exists():
            raise broken_off(plan.path, partial, self.settings.command)
        if not plan.path.exists():
            raise no_recording(plan.path, plan.head.inputs, self.settings.command)
        return self._loaded(plan.path)


def _is_unawaited(pending: tuple[str, Coroutine[Any, Any, Run]]) -> bool:
    return inspect.getcoroutinestate(pending[1]) == inspect.CORO_CREATED


def _is_coroutine_function(workflow: Callable[..., Any]) -> bool:
    while isinstance(workflow, partial):
        workflow = workflow.func
    return inspect.iscoroutinefunction(workflow) or inspect.iscoroutinefunction(
        getattr(workflow, "__call__", None)  # noqa: B004 - asks for its kind
    )
