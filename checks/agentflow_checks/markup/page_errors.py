"""The check ``page_errors``: pages run without errors and lead nowhere in vain."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import pytest_agentflow as af

CONSOLE = ("warn", "fail", "ignore")
HOSTS = ("ask", "fail", "ignore")


def _validate(
    ignore_re: str | Collection[str] = (),
    console_error: str = "warn",
    foreign_hosts: str = "ask",
    budget: float = 10.0,
    **others: object,
) -> None:
    del others
    for name, value, known in (
        ("console_error", console_error, CONSOLE),
        ("foreign_hosts", foreign_hosts, HOSTS),
    ):
        if value not in known:
            message = f"{name} is {', '.join(map(repr, known))}, not {value!r}"
            raise ValueError(message)
    if not budget > 0:
        message = f"budget={budget} is no time; give seconds per page, budget=10"
        raise ValueError(message)
    for pattern in _words(ignore_re):
        try:
            re.compile(pattern)
        except re.error as error:
            message = f"ignore_re holds {pattern!r}, no regular expression: {error}"
            raise ValueError(message) from error


def _words(given: str | Collection[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@af.check("page_errors", validate=_validate)
def page_errors(
    run: af.Run,
    *,
    ignore: str | Collection[str] = (),
    ignore_re: str | Collection[str] = (),
    console_error: str = "warn",
    foreign_hosts: str = "ask",
    allow_hosts: str | Collection[str] = (),
    stage: str | None = None,
    budget: float = 10.0,
) -> Iterator[object]:
    """Pages run without errors, are whole, and their links and references lead on.

    Judged in a browser that has no network: an error that a foreign host, a server or
    https might keep from happening is a question and no failure.

    Args:
        run: the run; its final pages are judged.
        ignore: leave out rules of these ids, and messages that contain these texts.
        ignore_re: leave out messages in which one of these patterns is found.
        console_error: ``"warn"`` reports what the page writes by ``console.error``,
            ``"fail"`` lets it fail, ``"ignore"`` leaves it out.
        foreign_hosts: ``"ask"`` makes each host that the page asks, but its own, a
            question, ``"fail"`` lets it fail, ``"ignore"`` leaves it out.
        allow_hosts: hosts that pages may ask: ``"fonts.gstatic.com"``, ``"*.cdn.net"``.
        stage: judge the pages that this stage made instead of the final ones.
        budget: seconds per page in the browser.
    """
    # The browser and all that comes with it is loaded when pages are judged.
    from agentflow_checks.markup.page_errors_fault import Choice  # noqa: PLC0415
    from agentflow_checks.markup.page_errors_judge import judge_run  # noqa: PLC0415

    choice = Choice(
        ignore=_words(ignore),
        ignore_re=_words(ignore_re),
        console_error=console_error,
        foreign_hosts=foreign_hosts,
        allow_hosts=_words(allow_hosts),
        budget=budget,
    )
    yield from judge_run(run, choice, stage=stage)
