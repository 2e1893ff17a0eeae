"""Say that checks must hold; the session's settings; who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_agentflow.checking.check import Check, located
from pytest_agentflow.checking.evaluate import evaluate
from pytest_agentflow.checking.judges import JudgeSource
from pytest_agentflow.checking.message import failure_message
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.checking.waivers import Waiver
from pytest_agentflow.model.run import Run


class CheckFailure(AssertionError):
    """Some check does not hold; the message lists every finding of every check."""

    __module__ = "pytest_agentflow"

    def __init__(self, *evaluations: Evaluation) -> None:
        self.evaluations = evaluations
        bad = [failure_message(e) for e in evaluations if not e.ok]
        super().__init__("\n\n".join(bad))

    def __reduce__(self) -> tuple[type[CheckFailure], tuple[Evaluation, ...]]:
        return CheckFailure, self.evaluations


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a session adds to every `require`; set by the plugin and the command."""

    strict: bool = False
    waivers: tuple[Waiver, ...] = ()
    folders: Callable[[], Sequence[Path]] | None = None
    """Gives the folders that relative paths among arguments are looked for in."""
    judge: Callable[..., Any] | JudgeSource | None = None
    earlier: Callable[[Run], Run | None] | None = None
    """Gives a run as it was in what the session is held against, where it was there."""
    known: Callable[[Run, Sequence[Check]], Mapping[str, int]] | None = None
    """Gives the findings that a run had in what the session is held against."""
    observe: Callable[[Run, tuple[Check, ...], Evaluation], None] | None = None
    """Called with every evaluation that `require` or a marker made."""
    observe_gate: Callable[[Any], None] | None = None
    """Called with the outcome of every gate over sets of runs."""
    progress: Callable[[Check, str], None] | None = None


_settings = Settings()


@contextmanager
def using(settings: Settings) -> Iterator[None]:
    """Use `settings` for every `require` and `judge_run` inside."""
    global _settings  # noqa: PLW0603 - one session per process, like pytest's own
    before, _settings = _settings, settings
    try:
        yield
    finally:
        _settings = before


def current_settings() -> Settings:
    """Give the settings of the session that is under way."""
    return _settings


def judge_run(
    run: Run, checks: Sequence[Check], *, observed: bool = True, excused: bool = True
) -> Evaluation:
    """Evaluate under the session's settings; never raises on a finding.

    Args:
        run: what to judge.
        checks: what must hold.
        observed: tell who observes the session, so that it stands in the report.
        excused: let known findings and waivers excuse faults; a comparison counts the
            faults that are there, whoever knows of them.
    """
    settings = _settings
    if settings.folders is not None:
        checks = [located(check, settings.folders()) for check in checks]
    evaluation = evaluate(
        run,
        *checks,
        judge=settings.judge,
        earlier=settings.earlier(run) if settings.earlier is not None else None,
        known=settings.known(run, checks) if excused and settings.known else None,
        waivers=settings.waivers if excused else (),
        strict=settings.strict,
        progress=settings.progress,
    )
    if observed and settings.observe is not None:
        settings.observe(run, tuple(checks), evaluation)
    return evaluation


def require(run: Run, *checks: Check) -> Evaluation:
    """Raise `CheckFailure` with every finding unless all `checks` hold on `run`.

    A check holds when it passed: one that examined nothing does not, unless it is
    `optional`. Returns the evaluation, so that its findings can be asserted on.
    """
    __tracebackhide__ = True
    if not checks:
        message = "require(run) was given no check; name what must hold"
        raise TypeError(message)
    evaluation = judge_run(run, checks)
    if not evaluation.ok:
        raise CheckFailure(evaluation)
    return evaluation
