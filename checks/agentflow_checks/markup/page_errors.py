"""The check ``page_errors``: pages run without errors and lead nowhere in vain."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest_agentflow as af
from agentflow_checks.markup.arguments import refuse_budget, refuse_ignored, words

CONSOLE = ("warn", "fail", "ignore")
HOSTS = ("ask", "fail", "ignore")


def _validate(
    ignore: str | Collection[str] = (),
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
    refuse_budget(budget)
    from agentflow_checks.markup.page_errors_fault import FACTS  # noqa: PLC0415 - heavy

    refuse_ignored(ignore, ignore_re, known=FACTS)


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
        ignore=words(ignore),
        ignore_re=words(ignore_re),
        console_error=console_error,
        foreign_hosts=foreign_hosts,
        allow_hosts=words(allow_hosts),
        budget=budget,
    )
    yield from judge_run(run, choice, stage=stage)
