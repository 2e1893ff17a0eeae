"""The pytest hooks; nothing else is imported until a test uses an agentflow fixture."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

import pytest

from pytest_agentflow.plugin.options import add_options, asked_stages, check_options

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_agentflow.model.run import Run
    from pytest_agentflow.plugin.collector import Collector
    from pytest_agentflow.plugin.notices import Notices
    from pytest_agentflow.plugin.session import SessionPlugin
    from pytest_agentflow.running.agentflow import AgentFlow

RUNS = "agentflow"
"""The fixture that runs workflows."""
LOADS = "agentflow_run"
"""The fixture that loads a recording."""
FIXTURES = frozenset({RUNS, LOADS})
CHECKS = "pytest_agentflow.checks"
#: What a worker process sends to the main one when it ends.
PROBLEM = "agentflow_problem"
NOTICES = "agentflow_notices"

markers_key = pytest.StashKey[dict[str, str]]()
declared_key = pytest.StashKey[set[str]]()
deselected_key = pytest.StashKey[bool]()
session_key: pytest.StashKey[SessionPlugin] = pytest.StashKey()
notices_key: pytest.StashKey[list[Notices]] = pytest.StashKey()
collector_key: pytest.StashKey[Collector] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options and ini keys."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers from metadata, and refuse wrong settings."""
    check_options(config)
    config.stash[markers_key] = _register_markers(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Reports(config), "agentflow-reports")


def _register_markers(config: pytest.Config) -> dict[str, str]:
    lines = config.getini("markers")
    declared = {line.partition(":")[0].partition("(")[0].strip() for line in lines}
    prefix = config.getini("agentflow_marker_prefix")
    ours: dict[str, str] = {}
    config.addinivalue_line("markers", _AGENTFLOW_MARKER)
    for entry in sorted(importlib.metadata.entry_points(group=CHECKS)):
        marker = f"{prefix}{entry.name}"
        ours[marker] = entry.name
        if marker not in declared:
            text = _marker_help(config, entry)
            config.addinivalue_line("markers", f"{marker}{text}")
    config.stash[declared_key] = declared
    return ours


_AGENTFLOW_MARKER = (
    "agentflow(*, recording=None, workflow=None, case=None, variant=None, size=None, "
    "trial=None, at_least=None, sequential=False, latency=None): which recording "
    "agentflow_run loads, the names that a run is recorded under, how many "
    "--agentflow-trials must pass, whether they end once that is decided, and whether "
    "a replay computes its latency"
)


def _marker_help(config: pytest.Config, entry: importlib.metadata.EntryPoint) -> str:
    if not config.getoption("markers"):
        return "(...): judge every run of the test by this check (pytest-agentflow)"
    try:
        factory = entry.load()
    except ImportError as error:
        return f"(...): not loadable here: {error}"
    return f"{factory.form.removeprefix(factory.id)}: {factory.title}"


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Bind the marks of the tests that use us; load nothing when none does."""
    declared = config.stash[declared_key]
    names = {"agentflow", *config.stash[markers_key]} - declared
    used = [item for item in items if _uses(item, names)]
    if not used:
        return
    try:
        _begin(session, config, used)
    except pytest.UsageError as error:
        hand_over(config, PROBLEM, str(error))
        raise


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Take note where tests that run workflows are left out."""
    for item in items:
        if RUNS in getattr(item, "fixturenames", ()):
            item.config.stash[deselected_key] = True
            return


def _begin(
    session: pytest.Session, config: pytest.Config, used: list[pytest.Item]
) -> None:
    from pytest_agentflow.plugin import misspelt  # noqa: PLC0415 - lazy
    from pytest_agentflow.plugin import session as sessions  # noqa: PLC0415 - lazy

    names = config.stash[markers_key]
    misspelt.check_marks(config, used, list(names))
    plugin = sessions.SessionPlugin(config, session)
    plugin.bind(used, names, config.stash[declared_key])
    config.stash[session_key] = plugin
    config.pluginmanager.register(plugin, "agentflow-session")
    if (count := config.getoption("agentflow_trials")) > 1:
        from pytest_agentflow.plugin.trials import Trials, needed_of  # noqa: PLC0415

        for item in used:
            needed_of(item, count)
        trials = Trials(count, plugin.begin_trial)
        config.pluginmanager.register(trials, "agentflow-trials")


def hand_over(config: pytest.Config, name: str, value: Any) -> None:
    """Give the main process what a worker has to say; it may be the same process."""
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[name] = value
    elif name == NOTICES:
        config.stash.setdefault(notices_key, []).append(value)


def _uses(item: pytest.Item, names: set[str]) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return not FIXTURES.isdisjoint(fixtures) or any(
        mark.name in names for mark in item.own_markers
    )


@pytest.fixture(scope="session")
def agentflow(request: pytest.FixtureRequest) -> AgentFlow:
    """Run workflows: replayed unless --agentflow=record or live is given."""
    return request.config.stash[session_key].agentflow


@pytest.fixture
def agentflow_run(request: pytest.FixtureRequest) -> Run:
    """Load the run that the test's mark agentflow(recording=...) names."""
    return request.config.stash[session_key].marked_run(request.node)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what was judged on the report, so that it crosses process borders."""
    report = yield
    if call.when == "call" and (plugin := item.config.stash.get(session_key, None)):
        plugin.attach(item, report)
    return report


class _Reports:
    """Collects what test reports carry; registered where reports are logged."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the judged runs off a report."""
        if text := getattr(report, "agentflow", None):
            texts = text if isinstance(text, list) else [text]
            collector_of(self.config).take(report.nodeid, texts)
        if trials := getattr(report, "agentflow_trials", None):
            collector_of(self.config).take_trials(report.nodeid, trials)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear what a worker of pytest-xdist had to say.

        Its usage error is the session's: pytest would only tell that the worker died.
        """
        output = getattr(node, "workeroutput", None) or {}
        if problem := output.get(PROBLEM):
            raise pytest.UsageError(problem)
        if said := output.get(NOTICES):
            hand_over(self.config, NOTICES, said)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in one line per check what was judged; nothing when nothing was."""
    recorded: list[str] = []
    if said := config.stash.get(notices_key, None):
        from pytest_agentflow.plugin.notices import (  # noqa: PLC0415 - lazy
            all_asked_for,
            notice_lines,
            recorded_lines,
            unknown_stages,
        )

        recorded = recorded_lines(said)

        for line in notice_lines(said, everything=all_asked_for(config)):
            terminalreporter.write_line(line, yellow=True)
        for line in unknown_stages(said, asked_stages(config)):
            terminalreporter.write_line(line, red=True)
    if recorded or collector_key in config.stash:
        collector_of(config).summarise(terminalreporter, recorded)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the reports that were asked for, in the process that logs reports."""
    config = session.config
    said, stages = config.stash.get(notices_key, None), asked_stages(config)
    if said and stages and session.exitstatus == pytest.ExitCode.OK:
        from pytest_agentflow.plugin.notices import unknown_stages  # noqa: PLC0415

        if unknown_stages(said, stages):
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
    asked = config.getoption("agentflow_report")
    if asked and not hasattr(config, "workerinput") and not config.option.collectonly:
        collector_of(config).write(asked)


def collector_of(config: pytest.Config) -> Collector:
    """Give the session's collector, made when it is first needed."""
    if collector_key not in config.stash:
        from pytest_agentflow.plugin.collector import Collector  # noqa: PLC0415 - lazy

        config.stash[collector_key] = Collector(config)
    return config.stash[collector_key]
