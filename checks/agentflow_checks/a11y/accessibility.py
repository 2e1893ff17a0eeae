"""The check ``accessibility``: pages meet a WCAG level, as a machine can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest_agentflow as af

LEVELS = ("A", "AA", "AAA")
VERSIONS = ("2.0", "2.1", "2.2")
BEST_PRACTICES = ("review", "fail", "ignore")
STATES = ("opened", "dark", "narrow", "pointed")


def _validate(
    *,
    level: str = "AA",
    version: str = "2.2",
    best_practices: str = "review",
    states: Collection[str] = STATES,
    budget: float = 10.0,
    driver: object = None,
    result: object = None,
    **others: object,
) -> None:
    del others
    for name, value, known in (
        ("level", level, LEVELS),
        ("version", version, VERSIONS),
        ("best_practices", best_practices, BEST_PRACTICES),
    ):
        if value not in known:
            message = f"{name} is one of {', '.join(map(repr, known))}, not {value!r}"
            raise ValueError(message)
    unknown = [states] if isinstance(states, str) else set(states) - {*STATES}
    if unknown:
        message = (
            f"states={states!r}: give a list of {', '.join(map(repr, STATES))}; [] for "
            "the page as it loads alone"
        )
        raise ValueError(message)
    if not budget > 0:
        message = f"budget={budget} is no time; give seconds per page, budget=10"
        raise ValueError(message)
    if driver is not None and result is not None:
        message = "give driver= or result=, not both"
        raise ValueError(message)
    if not (driver is None or hasattr(driver, "execute_script")):
        message = f"driver={driver!r} is no selenium driver; give webdriver.Chrome(...)"
        raise ValueError(message)


def _ids(names: Collection[str]) -> tuple[str, ...]:
    """Give ids of rules as they are, or with the prefix that findings show."""
    return tuple(name.removeprefix("a11y.") for name in names)


@af.check("accessibility", validate=_validate)
def accessibility(
    run: af.Run,
    level: str = "AA",
    *,
    version: str = "2.2",
    rules: Collection[str] | None = None,
    exclude: Collection[str] = (),
    best_practices: str = "review",
    states: Collection[str] = STATES,
    stage: str | None = None,
    budget: float = 10.0,
    driver: Any = None,
    result: Mapping[str, Any] | None = None,
) -> Iterator[object]:
    """Pages are accessible by WCAG, as far as axe-core and our own rules can decide.

    axe-core's violations fail, what it cannot decide is undetermined, with its reason.
    Rules of our own use the page as people do: with the keyboard, enlarged, in a narrow
    window, with its dialogs open.

    Args:
        run: the run; its final pages are judged.
        level: ``"A"``, ``"AA"`` or ``"AAA"``; a level includes the ones below it.
        version: of WCAG: ``"2.0"``, ``"2.1"`` or ``"2.2"``.
        rules: ids of rules, of axe-core or ours, to judge by instead of those of the
            level; as the table of docs/accessibility.md or a finding shows them.
        exclude: ids of rules to leave out.
        best_practices: axe-core's rules that WCAG does not demand: ``"review"`` lists
            them as questions, ``"fail"`` lets them fail, ``"ignore"`` leaves them out.
        states: what else to judge than the page as it loads: ``"opened"``, menus,
            dialogs and details; ``"dark"``, the dark scheme; ``"narrow"``, a window of
            320 px; ``"pointed"``, links and controls with the pointer or the focus on
            them. A state repeats the rules whose answer it can change.
        stage: judge the pages that this stage made instead of the final ones.
        budget: seconds per page; one that takes longer is an error.
        driver: a live selenium driver: the page it has loaded is judged instead.
        result: an axe result, as axe-selenium-python gives it, judged instead.
    """
    # The browser and all that comes with it is loaded when pages are judged.
    from agentflow_checks.a11y import judge  # noqa: PLC0415
    from agentflow_checks.a11y.choice import Choice  # noqa: PLC0415

    choice = Choice(
        level=level,
        version=version,
        rules=None if rules is None else _ids(rules),
        exclude=_ids(exclude),
        best_practices=best_practices,
        states=tuple(states),
    )
    if result is not None:
        yield from judge.judge_result(result, choice)
    elif driver is not None:
        yield from judge.judge_driver(driver, choice)
    else:
        yield from judge.judge_run(run, choice, stage=stage, budget=budget)
