"""The options and ini keys, all of them named agentflow, and what they may say."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

OPTIONS = "pytest_agentflow.options"

MODES = ("replay", "record", "live")
PACES = ("none", "recorded")
LATENCIES = ("computed", "recorded")
PRICES = ("recorded", "current")
MATCHES = ("strict", "stage-order", "live")
_INIS = {
    "agentflow_mode": "replay (default), record or live",
    "agentflow_match": "what --agentflow-match says when it is not given",
    "agentflow_recordings": "folder of recordings (default: recordings/ by the test)",
    "agentflow_marker_prefix": "put before marker names, where a project has its own",
    "agentflow_prices": "TOML or JSON file of prices that win over genai-prices",
    "agentflow_judged_prices": "what --agentflow-prices says when it is not given",
    "agentflow_latency": "what --agentflow-latency says when it is not given",
    "agentflow_waivers": "YAML file of waivers",
    "agentflow_judge": "judge of what checks leave open: 'module:function'",
    "agentflow_max_judge_calls": "most calls that judges make in a session",
    "agentflow_max_judge_cost": "most that judges spend in a session, in US dollars",
}
_LISTS = {
    "agentflow_stages": "stages by name: 'artist = site_builder.agents:paint'",
    "agentflow_retrievers": "retrievers by name: 'module:function'",
    "agentflow_tools": "tools by name: 'module:function'",
    "agentflow_allow_hosts": "hosts that replay may reach: 'localhost:8080'",
    "agentflow_ignore": "requests that are no part of a run: 'POST host/path*'",
    "agentflow_host_aliases": "hosts that stand for a provider: 'localhost = openai'",
    "agentflow_personal": "inputs that name people: '$.inputs.profile.name'",
    "agentflow_redact": "functions that name more to remove: 'module:function'",
    "agentflow_volatile": "JSON paths in requests that do not count: '$.trace'",
}
_WORDS = {
    "agentflow_normalise": (
        "notations that count as equal in requests: dates, times, uuids, "
        "temporary_paths"
    ),
}
_PARTLY = ("agentflow-live-stage", "agentflow-record-stage")


def add_options(parser: pytest.Parser) -> None:
    """Add options and ini keys, all of them named agentflow."""
    group = parser.getgroup("agentflow", "agent workflows")
    group.addoption(
        "--agentflow",
        dest="agentflow_mode",
        choices=MODES,
        help="replay recordings (default), record new ones, or run live",
    )
    group.addoption(
        "--agentflow-match",
        dest="agentflow_match",
        choices=MATCHES,
        help=(
            "what a replay does with a changed question: miss it (strict, default), "
            "give the answer that is next in its stage (stage-order), or ask (live)"
        ),
    )
    group.addoption(
        "--agentflow-pace",
        dest="agentflow_pace",
        choices=PACES,
        default=PACES[0],
        help="let replayed answers come at once (none, default) or as recorded",
    )
    group.addoption(
        "--agentflow-latency",
        dest="agentflow_latency",
        choices=LATENCIES,
        help=(
            "compute the latency of each replay from what runs side by side now "
            "(computed), or take that of the recording (recorded); default: computed "
            "where a check asks for it"
        ),
    )
    group.addoption(
        "--agentflow-live-stage",
        dest="agentflow_live_stage",
        metavar="STAGE",
        action="append",
        default=[],
        help="let this stage go live and replay the others; repeatable",
    )
    group.addoption(
        "--agentflow-record-stage",
        dest="agentflow_record_stage",
        metavar="STAGE",
        action="append",
        default=[],
        help="record this stage anew, and what comes after it; repeatable",
    )
    group.addoption(
        "--agentflow-resume",
        dest="agentflow_resume",
        action="store_true",
        help="finish recordings that broke off, and replay those that are whole",
    )
    group.addoption(
        "--agentflow-trials",
        dest="agentflow_trials",
        metavar="N",
        type=int,
        default=1,
        help="run each workflow test N times; agentflow(at_least=) says how many pass",
    )
    group.addoption(
        "--agentflow-budget",
        dest="agentflow_budget",
        metavar="USD",
        help="stop before the call that would spend more than this in the session",
    )
    group.addoption(
        "--agentflow-prices",
        dest="agentflow_judged_prices",
        choices=PRICES,
        help=(
            "the prices that usage is judged at: those of the recording (recorded, "
            "default), or those of today, where each that changed fails (current)"
        ),
    )
    group.addoption(
        "--agentflow-report",
        dest="agentflow_report",
        metavar="PATH",
        action="append",
        default=[],
        help="write a quality report; repeatable; .html, .json, .md, .sarif",
    )
    group.addoption(
        "--agentflow-judge",
        dest="agentflow_judge_mode",
        choices=MODES,
        help=(
            "replay what the judge said before, record what it is asked anew, or ask "
            "it live; default: as --agentflow"
        ),
    )
    group.addoption(
        "--agentflow-against",
        dest="agentflow_against",
        metavar="git:REF|REPORT.json",
        help="fail only on findings that REF's recordings or the report do not have",
    )
    group.addoption(
        "--agentflow-strict",
        dest="agentflow_strict",
        action="store_true",
        help="let subjects that could not be decided fail, too",
    )
    for entry in importlib.metadata.entry_points(group=OPTIONS):
        group.addoption(
            f"--agentflow-{entry.name}",
            dest=f"agentflow_option_{entry.name}",
            metavar="VALUE",
            help=_option_help(entry),
        )
    for name, text in _INIS.items():
        parser.addini(name, text)
    for name, text in _LISTS.items():
        parser.addini(name, text, type="linelist")
    for name, text in _WORDS.items():
        parser.addini(name, text, type="args")


def _option_help(entry: importlib.metadata.EntryPoint) -> str:
    if not {"-h", "--help"} & set(sys.argv):
        return entry.value
    doc = entry.load().__doc__ or entry.value
    return str(doc).splitlines()[0].replace("``", "").replace("%", "%%")


def check_options(config: pytest.Config) -> None:
    """Refuse wrong settings, before anything is collected."""
    _check_settings(config)
    mode = mode_of(config)
    if mode not in MODES:
        message = f"agentflow_mode = {mode!r} is none of {', '.join(MODES)}"
        raise pytest.UsageError(message)
    _check_match(config)
    if (prices := prices_of(config)) not in PRICES:
        message = f"agentflow_judged_prices = {prices!r} is none of {', '.join(PRICES)}"
        raise pytest.UsageError(message)
    if (latency := latency_of(config)) not in (None, *LATENCIES):
        message = f"agentflow_latency = {latency!r} is none of {', '.join(LATENCIES)}"
        raise pytest.UsageError(message)
    _check_parallel(config, mode)
    if (trials := config.getoption("agentflow_trials")) < 1:
        message = f"--agentflow-trials={trials}: a test is run once or more often"
        raise pytest.UsageError(message)
    if config.getoption("agentflow_report"):
        _check_reports(config.getoption("agentflow_report"))


def asked_stages(config: pytest.Config) -> dict[str, str]:
    """Give the stages that options name, with the option as it was written."""
    return {
        stage: f"--{option}={stage}"
        for option in _PARTLY
        for stage in config.getoption(option.replace("-", "_"))
    }


def _check_match(config: pytest.Config) -> None:
    match = match_of(config)
    if match not in (None, *MATCHES):
        message = f"agentflow_match = {match!r} is none of {', '.join(MATCHES)}"
        raise pytest.UsageError(message)
    given = [o for o in _PARTLY if config.getoption(o.replace("-", "_"))]
    if given and mode_of(config) != "replay":
        message = (
            f"--{given[0]} replays all other stages; it does not go with "
            f"--agentflow={mode_of(config)}"
        )
        raise pytest.UsageError(message)
    _check_resume(config)
    if len(given) > 1:
        message = f"--{given[0]} and --{given[1]} exclude each other: write or try"
        raise pytest.UsageError(message)


def _check_resume(config: pytest.Config) -> None:
    records = mode_of(config) == "record" or config.getoption("agentflow_record_stage")
    if config.getoption("agentflow_resume") and not records:
        message = (
            "--agentflow-resume finishes recordings: it needs --agentflow=record, or "
            "the --agentflow-record-stage that broke off"
        )
        raise pytest.UsageError(message)


def _check_parallel(config: pytest.Config, mode: str) -> None:
    again = config.getoption("agentflow_record_stage")
    judges = config.getoption("agentflow_judge_mode") == "record"
    parallel = getattr(config.option, "numprocesses", None)
    if (mode == "record" or again or judges) and (
        parallel or hasattr(config, "workerinput")
    ):
        option = f"-record-stage={again[0]}" if again else "=record"
        option = option if mode == "record" or again else "-judge=record"
        message = (
            "recording in several processes would mix takes; record without -n: "
            f"pytest --agentflow{option} -p no:xdist"
        )
        raise pytest.UsageError(message)


def _check_settings(config: pytest.Config) -> None:
    """Refuse a setting that was written for us and that nobody knows."""
    # pytest has no public list of them: reading `inicfg` warns in newer versions.
    unknown: Iterable[str] = getattr(config, "_get_unknown_ini_keys", list)()
    options = [o.partition("=")[0] for o in config.getoption("override_ini") or ()]
    for key in [*options, *sorted(unknown)]:
        if _is_for_us(key) and not _is_known(config, key):
            from pytest_agentflow.plugin.misspelt import refused_setting  # noqa: PLC0415

            file = config.inipath.name if config.inipath else "configuration"
            where = f"-o {key}" if key in options else file
            known = {*_INIS, *_LISTS, *_WORDS}
            raise pytest.UsageError(refused_setting(where, key, known))


def _is_for_us(key: str) -> bool:
    return key.lower().replace("-", "").replace("_", "").startswith("agentflow")


def _is_known(config: pytest.Config, key: str) -> bool:
    try:
        config.getini(key)
    except (KeyError, ValueError):
        return False
    return True


def _check_reports(paths: list[str]) -> None:
    from pathlib import Path  # noqa: PLC0415 - only where a report is asked for

    from pytest_agentflow.report.write import check_path  # noqa: PLC0415 - lazy

    for path in paths:
        try:
            check_path(Path(path))
        except ValueError as error:
            message = f"--agentflow-report={path}: {error}"
            raise pytest.UsageError(message) from None


def mode_of(config: pytest.Config) -> Any:
    """Give the mode: the option, else the ini value, else ``replay``."""
    given = config.getoption("agentflow_mode") or config.getini("agentflow_mode")
    return str(given or "replay")


def judge_mode_of(config: pytest.Config) -> Any:
    """Give the mode of judges: the option, else the mode of runs."""
    return config.getoption("agentflow_judge_mode") or mode_of(config)


def match_of(config: pytest.Config) -> Any:
    """Give what is done with a changed question; `None` where nobody says."""
    given = config.getoption("agentflow_match") or config.getini("agentflow_match")
    return str(given) if given else None


def prices_of(config: pytest.Config) -> Any:
    """Give the prices that usage is judged at: the option, else the ini value."""
    given = config.getoption("agentflow_judged_prices")
    return str(given or config.getini("agentflow_judged_prices") or PRICES[0])


def latency_of(config: pytest.Config) -> Any:
    """Give where latency is taken from; `None` where nobody says."""
    given = config.getoption("agentflow_latency")
    return str(given or config.getini("agentflow_latency") or "") or None
