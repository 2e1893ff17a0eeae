"""What a run is made with: the mode, the configuration, and who names things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.match import Matching
from pytest_agentflow.recording.personal import PersonalDataError, parse_personal
from pytest_agentflow.recording.protection import Protection
from pytest_agentflow.recording.volatile import JsonPath, normaliser, parse_path
from pytest_agentflow.running.instrument import Named
from pytest_agentflow.wire.telemetry import Endpoint, parse_endpoint

Mode = Literal["replay", "record", "live"]
Pace = Literal["none", "recorded"]
JudgedPrices = Literal["recorded", "current"]
Match = Literal["strict", "stage-order", "live"]

MATCHES: tuple[Match, ...] = ("strict", "stage-order", "live")
"""What a replay does with a question that the recording does not hold."""


class BadSetting(ValueError):
    """A line of the configuration does not have the form it must have."""

    __module__ = "pytest_agentflow"


def _no_case(inputs: Mapping[str, Any]) -> str | None:  # noqa: ARG001 - the default
    return None


def _no_argument(name: str) -> Any:  # noqa: ARG001 - the default
    return None


def _no() -> bool:
    return False


def _command(*extra: str) -> str:
    return " ".join(("pytest", *extra))


def _nobody_asks() -> None:
    """Take note that a run was asked for; nobody does."""


def _nobody(run: Run) -> None:
    """Take note of a run; nobody does."""


def _nobody_hears(line: str) -> None:
    """Take note of a line; nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Everything that decides how workflows are run; made once per session.

    The lists are lines as they stand in the configuration; `AgentFlow` reads them and
    raises `BadSetting` for one that is wrong.
    """

    mode: Mode = "replay"
    match: Match | None = None
    """What is done with a changed question: missed (strict), given the answer that is
    next in its stage (stage-order), or sent over the network (live). `None`: strict, or
    stage-order below a stage that goes live."""
    pace: Pace = "none"
    """Whether replayed answers take as long as when they were recorded."""
    live_stages: tuple[str, ...] = ()
    """In a replay, stages whose calls go over the network; nothing is written."""
    record_stages: tuple[str, ...] = ()
    """In a replay, stages to record anew, with all that comes after them."""
    resume: bool = False
    """Where something is recorded: finish what broke off, and replay what is whole."""
    personal: tuple[str, ...] = ()
    """JSON paths of inputs that name people: ``$.inputs.profile.name``."""
    redact: tuple[str, ...] = ()
    """``module:function`` that name more to remove from what is written."""
    volatile: tuple[str, ...] = ()
    """JSON paths in requests that do not count: ``$.trace``."""
    normalise: tuple[str, ...] = ()
    """Notations that count as equal: ``dates``, ``times``, ``uuids``, ..."""
    recordings: Callable[[], Path]
    """Gives the recordings folder of the running test."""
    stages: tuple[str, ...] = ()
    """``artist = site_builder.agents:paint``; several functions parted by commas."""
    retrievers: tuple[str, ...] = ()
    """``module:function``; with ``replay=false`` after it, it runs in replays, too."""
    tools: tuple[str, ...] = ()
    """The same."""
    allow_hosts: tuple[str, ...] = ()
    """``localhost:8080``, or a host for all its ports."""
    ignore: tuple[str, ...] = ()
    """Telemetry endpoints: ``POST host/path*``."""
    host_aliases: tuple[str, ...] = ()
    """``localhost = openai``: hosts that count as another one."""
    budget: Money | None = None
    """What all runs together may spend on the network."""
    prices: Path | None = None
    """File of own prices."""
    judged_prices: JudgedPrices = "recorded"
    """The prices that usage is judged at: of the recording, or of today."""
    case_for: Callable[[Mapping[str, Any]], str | None] = _no_case
    """Names the case by the test's parameters, given the workflow's inputs."""
    argument: Callable[[str], Any] = _no_argument
    """Gives ``workflow``, ``case``, ``variant``, ``size`` or ``trial`` of the test's
    mark."""
    times_calls: Callable[[], bool] = _no
    """Asked before each replay: whether its latency is to be computed."""
    command: Callable[..., str] = _command
    """Gives the command that runs the running test again, with more options."""
    announce: Callable[[str], None] = _nobody_hears
    """Told one line of what is about to go over the network, before it does."""
    asked: Callable[[], None] = _nobody_asks
    """Told whenever runs are asked for, made or loaded, whatever becomes of them."""
    ran: Callable[[Run], None] = _nobody
    """Told of every run that a workflow made."""
    environment: Mapping[str, str] | None = None
    """Where secrets are looked for, to keep them out; the process's when not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The lists of `RunSettings`, read."""

    named: tuple[Named, ...]
    allowed: frozenset[tuple[str, int | None]]
    telemetry: tuple[Endpoint, ...]
    matching: Matching
    protection: Protection


def read_configuration(settings: RunSettings) -> Configuration:
    """Read the lines of the configuration; raises `BadSetting`."""
    named = [
        Named(role="stage", stage=name, function=function.strip())
        for line in settings.stages
        for name, functions in [_pair("agentflow_stages", line)]
        for function in functions.split(",")
    ]
    named += [_function("retriever", line) for line in settings.retrievers]
    named += [_function("tool", line) for line in settings.tools]
    aliases = [_pair("agentflow_host_aliases", line) for line in settings.host_aliases]
    return Configuration(
        named=tuple(named),
        allowed=frozenset(_host_and_port(line) for line in settings.allow_hosts),
        telemetry=tuple(_endpoint(line) for line in settings.ignore),
        matching=Matching(
            host_aliases={host.lower(): name for host, name in aliases},
            volatile=tuple(_volatile(line) for line in settings.volatile),
            notations=_notations(settings.normalise),
        ),
        protection=Protection(
            personal=_personal(settings.personal), hooks=settings.redact
        ),
    )


def _personal(lines: tuple[str, ...]) -> tuple[JsonPath, ...]:
    try:
        return parse_personal(lines)
    except PersonalDataError as error:
        raise BadSetting(str(error)) from None


def _volatile(line: str) -> JsonPath:
    try:
        return parse_path(line)
    except ValueError as error:
        message = f"agentflow_volatile: {error}"
        raise BadSetting(message) from None


def _notations(names: tuple[str, ...]) -> frozenset[str]:
    try:
        normaliser(names)
    except ValueError as error:
        message = f"agentflow_normalise: {error}"
        raise BadSetting(message) from None
    return frozenset(names)


def _pair(option: str, line: str) -> tuple[str, str]:
    name, equals, value = (part.strip() for part in line.partition("="))
    if not equals or not name or not value:
        message = f"{option}: {line!r} must be written as 'name = value'"
        raise BadSetting(message)
    return name, value


def _function(role: Literal["retriever", "tool"], line: str) -> Named:
    function, _, option = line.strip().partition(" ")
    wanted = option.replace(" ", "").lower()
    if wanted not in ("", "replay=false", "replay=true"):
        message = (
            f"agentflow_{role}s: {line!r} must be written as 'module:function' or "
            "'module:function replay=false'"
        )
        raise BadSetting(message)
    return Named(role=role, function=function, replays=wanted != "replay=false")


def _host_and_port(line: str) -> tuple[str, int | None]:
    text = line.strip().lower()
    host, colon, port = text.rpartition(":")
    if not colon or (text.count(":") > 1 and not text.startswith("[")):
        return text.strip("[]"), None
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        message = (
            f"agentflow_allow_hosts: {line!r} must be written as 'host:port', or "
            "'host' for all its ports"
        )
        raise BadSetting(message)
    return host.strip("[]"), int(port)


def _endpoint(line: str) -> Endpoint:
    try:
        return parse_endpoint(line)
    except ValueError as error:
        message = f"agentflow_ignore: {error}"
        raise BadSetting(message) from None
