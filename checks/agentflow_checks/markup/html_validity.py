"""The check ``html_validity``: pages are valid HTML by the Nu Html Checker."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest_agentflow as af
from agentflow_checks.markup.arguments import refuse_budget, refuse_ignored

WARNINGS = ("ignore", "fail")


def _validate(
    ignore: str | Collection[str] = (),
    ignore_re: str | Collection[str] = (),
    warnings: str = "ignore",
    budget: float = 10.0,
    **others: object,
) -> None:
    del others
    if warnings not in WARNINGS:
        message = f"warnings is 'ignore' or 'fail', not {warnings!r}"
        raise ValueError(message)
    refuse_budget(budget)
    refuse_ignored(ignore, ignore_re)


@af.check("html_validity", validate=_validate)
def html_validity(
    run: af.Run,
    *,
    ignore: str | Collection[str] = (),
    ignore_re: str | Collection[str] = (),
    warnings: str = "ignore",
    dom: bool = True,
    stage: str | None = None,
    budget: float = 10.0,
) -> Iterator[object]:
    """Pages are valid HTML, as written and as scripts leave them.

    Judged by the newest Nu Html Checker. What it says about CSS fails only where the
    browser agrees, since its CSS is behind that of browsers.

    Args:
        run: the run; its final pages are judged.
        ignore: leave out messages that contain one of these texts.
        ignore_re: leave out messages in which one of these patterns is found.
        warnings: ``"ignore"`` counts them in a note, ``"fail"`` lets them fail.
        dom: also check the document as scripts leave it (duplicate ids, references,
            nesting, ARIA); pages without scripts need no browser for that.
        stage: judge the pages that this stage made instead of the final ones.
        budget: seconds per page in the browser.
    """
    # The checker and the browser are loaded when pages are judged.
    from agentflow_checks.markup.judge import Choice, judge_run  # noqa: PLC0415

    choice = Choice(
        ignore=(ignore,) if isinstance(ignore, str) else tuple(ignore),
        ignore_re=(ignore_re,) if isinstance(ignore_re, str) else tuple(ignore_re),
        warnings=warnings,
        dom=dom,
        budget=budget,
    )
    yield from judge_run(run, choice, stage=stage)
