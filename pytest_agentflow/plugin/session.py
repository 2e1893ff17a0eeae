"""One pytest session that uses agentflow: bind marks, run tests, judge their runs."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pytest_agentflow.checking.check import Check, CheckError
from pytest_agentflow.checking.message import failure_message
from pytest_agentflow.checking.prepare import prepare
from pytest_agentflow.checking.require import Settings, judge_run, using
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.decomposition.bound import Decomposition
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.plugin import (
    NOTICES,
    PROBLEM,
    RUNS,
    deselected_key,
    hand_over,
)
from pytest_agentflow.plugin.binding import bound, expect_loaded
from pytest_agentflow.plugin.collector import Judged, Told, pack, properties
from pytest_agentflow.plugin.idle import never_awaited, no_run
from pytest_agentflow.plugin.judges import judge_of
from pytest_agentflow.plugin.naming import case_of_item, mark_argument
from pytest_agentflow.plugin.notices import notices_of, shown_path
from pytest_agentflow.plugin.settings import (
    hand_over_options,
    is_watched,
    run_settings,
    waivers_of,
    where_configured,
)
from pytest_agentflow.plugin.shortened import shortened
from pytest_agentflow.plugin.state import ItemState, state_key
from pytest_agentflow.pricing.book import load_book
from pytest_agentflow.pricing.file import BadPrice
from pytest_agentflow.recording.load import RecordingError
from pytest_agentflow.recording.revision import RevisionError
from pytest_agentflow.report.against import AgainstReport, AgainstRevision, against
from pytest_agentflow.report.build import UnreadableReport
from pytest_agentflow.report.progress import Progress
from pytest_agentflow.running.absent import TRIALS
from pytest_agentflow.running.agentflow import AgentFlow
from pytest_agentflow.running.instrument import CannotInstrument, expect_functions
from pytest_agentflow.running.settings import BadSetting, read_configuration

#: The check that tells prices of today from those of the recording.
PRICES = "prices"


class SessionPlugin:
    """Hooks that are registered only when some collected test uses agentflow."""

    def __init__(self, config: pytest.Config, session: pytest.Session) -> None:
        self.config = config
        self.session = session
        self.item: pytest.Item | None = None
        self.fixture: tuple[str, str] | None = None
        self.trial: int | None = None
        self.ran_any = False
        # In the order in which they were written, each once.
        self.recorded: dict[str, None] = {}
        self.wider: dict[tuple[str, str], list[Run]] = {}
        self.against = _against(config)
        self.progress = Progress(sys.__stderr__ or sys.stderr)
        self.agentflow = _agentflow(self)
        self.settings = Settings(
            strict=config.getoption("agentflow_strict"),
            waivers=waivers_of(config),
            folders=lambda: self.folders(self.item),
            known=self.against.known if self.against else None,
            judge=judge_of(config, self.agentflow),
            earlier=self.against.earlier if self.against else None,
            observe=self._observe,
            observe_gate=self._observe_gate,
            progress=self.progress if is_watched(config) else None,
        )
        if isinstance(self.against, AgainstRevision):
            self.against.at_prices = self.agentflow.at_judged_prices
        hand_over_options(config)

    # Collecting

    def bind(
        self, items: Sequence[pytest.Item], names: dict[str, str], declared: set[str]
    ) -> None:
        """Make the checks of all marked tests; a wrong mark is a usage error."""
        given = self.agentflow.settings
        current = given.judged_prices == "current" and given.mode == "replay"
        everywhere = (PRICES,) if current else ()
        places = self.folders
        for item, checks, carried in bound(items, names, declared, places, everywhere):
            named = "agentflow" not in declared and bool(
                item.get_closest_marker("agentflow")
            )
            item.stash[state_key] = ItemState(
                checks=checks, carried=carried, named=named
            )

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse checks that cannot be used, and configured names of nothing.

        Where collecting failed pytest tells of that, which may well be the reason.
        """
        if session.testsfailed:
            return
        try:
            states = (item.stash.get(state_key, None) for item in session.items)
            prepare(check for state in states if state for check in state.checks)
            if any(RUNS in getattr(i, "fixturenames", ()) for i in session.items):
                expect_functions(read_configuration(self.agentflow.settings).named)
        except CheckError as error:
            self._refuse(str(error))
        except CannotInstrument as error:
            self._refuse(f"{where_configured(self.config)}{error}")

    def _refuse(self, message: str) -> NoReturn:
        hand_over(self.config, PROBLEM, message)
        raise pytest.UsageError(message) from None

    # Running

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Remember which test is under way, also for worker threads."""
        self.item = item
        try:
            with using(self.settings):
                return (yield)
        finally:
            self.item = None

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        """Remember which fixture is being made: its runs belong to all who ask."""
        before = self.fixture
        self.fixture = (fixturedef.argname, request.node.nodeid)
        self.wider.pop(self.fixture, None)
        try:
            return (yield)
        finally:
            self.fixture = before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Show errors of ours shortly where a fixture raised them, too."""
        try:
            return (yield)
        except BaseException as error:
            if (short := shortened(error, item)) is not None:
                raise short from None
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Judge the runs of the test when its body is done; one outcome for all."""
        state = item.stash.get(state_key, None)
        try:
            result = yield
        except (KeyboardInterrupt, SystemExit, pytest.skip.Exception):
            raise
        except BaseException as error:
            told = self._idle(item, None), self._judge(item, state) if state else ""
            text = "\n\n".join(filter(None, told))
            if (short := shortened(error, item, text)) is not None:
                raise short from None
            if text:
                error.add_note(f"\n{text}")
            raise
        text = self._idle(item, state) or (self._judge(item, state) if state else "")
        if text:
            pytest.fail(text, pytrace=False)
        return result

    def _idle(self, item: pytest.Item, state: ItemState | None) -> str:
        """Say what a test left undone; empty where it did what its marks promise."""
        if forgotten := self.agentflow.unawaited():
            return never_awaited(forgotten)
        if state is None or not (state.checks or state.named):
            return ""
        made = self._runs(item, state) if state.checks else self._asked(item, state)
        return "" if made else no_run(state.checks)

    def _asked(self, item: pytest.Item, state: ItemState) -> bool:
        return state.asked or any(self._wider(item))

    def _runs(self, item: pytest.Item, state: ItemState) -> list[Run]:
        wider = [run for key in self._wider(item) for run in self.wider[key]]
        return [*wider, *state.runs]

    def _wider(self, item: pytest.Item) -> list[tuple[str, str]]:
        """Name the fixtures of a test that asked for runs."""
        fixtures = getattr(item, "fixturenames", ())
        return [
            (name, node)
            for name, node in self.wider
            if name in fixtures and _is_inside(item.nodeid, node)
        ]

    def _judge(self, item: pytest.Item, state: ItemState) -> str:
        checks = (*state.checks, *state.carried)
        if not checks:
            return ""
        evaluations = [judge_run(run, checks) for run in self._runs(item, state)]
        self.progress.clear()
        return "\n\n".join(failure_message(e) for e in evaluations if not e.ok)

    def asked(self) -> None:
        """Take note that the body of a test, or a fixture, asks for runs."""
        if self.fixture is not None:
            self.wider.setdefault(self.fixture, [])
        elif self.item is not None and state_key in self.item.stash:
            self.item.stash[state_key].asked = True

    def ran(self, run: Run) -> None:
        """Take note of a run that the workflow, or a fixture, has just made."""
        self.ran_any = True
        if run.path is not None and self.agentflow.wrote(run):
            self.recorded[shown_path(run.path, self.config.rootpath)] = None
        if self.fixture is not None:
            self.wider.setdefault(self.fixture, []).append(run)
        elif self.item is not None and state_key in self.item.stash:
            self.item.stash[state_key].runs.append(run)

    def _observe(
        self, run: Run, checks: tuple[Check, ...], evaluation: Evaluation
    ) -> None:
        if self.item is not None:
            state = self.item.stash.setdefault(state_key, ItemState())
            one = Judged(run=run, checks=checks, evaluation=evaluation)
            state.judged.append(one)

    def _observe_gate(self, gate: Decomposition) -> None:
        if self.item is not None:
            self.item.stash.setdefault(state_key, ItemState()).gates.append(gate)

    def marked_run(self, item: pytest.Item) -> Run:
        """Load the run that ``agentflow(recording=...)`` names; it is judged, too."""
        __tracebackhide__ = True
        name = mark_argument(item, "recording")
        if not name:
            message = (
                f"{item.nodeid} uses agentflow_run, but no mark says which recording: "
                '@pytest.mark.agentflow(recording="workflow/case")'
            )
            raise pytest.UsageError(message)
        run = self.agentflow.load(name)
        item.stash[state_key].runs.append(run)
        return run

    def announce(self, line: str) -> None:
        """Write a line at once: something is about to cost money."""
        manager = self.config.pluginmanager
        reporter = manager.get_plugin("terminalreporter")
        capture = manager.get_plugin("capturemanager")
        if reporter is None:
            return
        shown = capture.global_and_fixture_disabled() if capture else nullcontext()
        with shown:
            reporter.ensure_newline()
            reporter.write_line(f"agentflow: {line}")

    def recordings_folder(self) -> Path:
        """Give the recordings folder of the test that is under way."""
        if given := self.config.getini("agentflow_recordings"):
            return Path(self.config.rootpath, str(given))
        place = (
            self.item.path.parent if self.item else self.config.invocation_params.dir
        )
        return place / "recordings"

    def folders(self, item: pytest.Item | None) -> list[Path]:
        """Give the folders to look for files in: the test's, its parents, the root."""
        root, here = self.config.rootpath, self.config.invocation_params.dir
        if item is None:
            return [root, here]
        inside = [p for p in item.path.parents if p == root or root in p.parents]
        return [*inside, here]

    def case_for(self, inputs: Mapping[str, Any]) -> str | None:
        """Name the case of a run that is about to begin.

        Its name is made of the ids of the parameters that were passed to it. Raises
        `pytest.UsageError` where a mark names a recording that the test does not load.
        """
        __tracebackhide__ = True
        if self.item is None:
            return None
        expect_loaded(self.item, self.mark_argument("recording"))
        return case_of_item(self.item, inputs)

    def mark_argument(self, name: str) -> Any:
        """Give an argument of the closest ``agentflow`` mark of the test."""
        given = None if self.item is None else mark_argument(self.item, name)
        return self.trial if name == "trial" and given is None else given

    def checks_under_way(self) -> Iterator[Check]:
        """Give the checks of the test; in a fixture, of all that may get its runs."""
        one = () if self.item is None else (self.item,)
        for item in self.session.items if self.fixture else one:
            if state_key in item.stash:
                yield from item.stash[state_key].checks

    def begin_trial(self, number: int | None) -> None:
        """Take note of which trial of the test is under way."""
        self.trial = number

    def reproduce(self, *extra: str) -> str:
        """Give the command that runs the current test again."""
        node = f"'{self.item.nodeid}'" if self.item is not None else ""
        told = any(option.startswith(TRIALS) for option in extra)
        if self.trial is not None and not told:
            extra += (f"{TRIALS}={self.config.getoption('agentflow_trials')}",)
        return " ".join(("pytest", node, *extra))

    # Reporting

    def attach(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Put what was judged in the test on its report, as one JSON text."""
        state = item.stash.get(state_key, None)
        if state is None or not (state.judged or state.gates or report.failed):
            return
        text = pack(
            state.judged,
            state.gates,
            Told(
                target=item.nodeid,
                outcome="passed" if report.passed else "failed",
                trial=self.trial,
                problem=_problem(report, state),
                reproduce=self.reproduce(),
                position=self.session.items.index(item),
                pictures=bool(self.config.getoption("agentflow_report")),
                against=self.against,
            ),
        )
        item.user_properties += properties(state.judged, self.trial)
        report.agentflow = text  # type: ignore[attr-defined] # rides on the report
        # Runs and pictures of a long suite would fill the memory.
        item.stash[state_key] = ItemState(
            checks=state.checks, carried=state.carried, named=state.named
        )
        self.wider.pop((item.nodeid, item.nodeid), None)

    def pytest_sessionfinish(self) -> None:
        """Hand over the notices; remove what was brought from another revision."""
        said = notices_of(
            self.agentflow,
            ran=self.ran_any,
            recorded=self.recorded,
            deselected=self.config.stash.get(deselected_key, False),
        )
        if said is not None:
            hand_over(self.config, NOTICES, said)
        if self.against is not None:
            self.against.close()


def _is_inside(nodeid: str, node: str) -> bool:
    # A whole node: test_a is not inside test_ab, nor a folder inside its neighbour.
    inside = nodeid.startswith((f"{node}::", f"{node}/"))
    return node in {"", ".", nodeid} or inside


def _agentflow(plugin: SessionPlugin) -> AgentFlow:
    settings = run_settings(plugin)
    try:
        # A wrong line is told before the first test, not by each of them.
        load_book(settings.prices)
        return AgentFlow(settings)
    except (BadSetting, BadPrice) as error:
        raise pytest.UsageError(str(error)) from None


def _problem(report: pytest.TestReport, state: ItemState) -> str:
    gates = any(gate.verdict is not Verdict.PASSED for gate in state.gates)
    if report.passed or gates or any(not one.evaluation.ok for one in state.judged):
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", "") or report.longreprtext)[:2000]


def _against(config: pytest.Config) -> AgainstRevision | AgainstReport | None:
    if not (given := config.getoption("agentflow_against")):
        return None
    try:
        return against(given, config.invocation_params.dir)
    except (RevisionError, RecordingError, UnreadableReport) as error:
        message = f"--agentflow-against={given}: {error}"
        raise pytest.UsageError(message) from None
