"""The check ``best_practices``: weight, pictures, stillness, and what a page says."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest_agentflow as af
from agentflow_checks.markup.arguments import refuse_budget, words

COUNTED = (
    *("bytes", "requests", "html_bytes", "image_bytes", "script_bytes"),
    *("style_bytes", "font_bytes", "wasted_image_bytes", "elements", "layout_shift"),
)
"""Arguments that are budgets: what they count, and the most that is allowed."""


def _validate(
    ignore: str | Collection[str] = (),
    fail: str | Collection[str] = (),
    budget: float = 10.0,
    **others: object,
) -> None:
    for name in COUNTED:
        most = others.get(name)
        if most is None:
            continue
        if isinstance(most, bool) or not isinstance(most, int | float) or not most >= 0:
            message = f"{name}={most!r} is no budget; give the most that is allowed"
            raise ValueError(message)
    refuse_budget(budget)
    from agentflow_checks.markup.best_practices_rules import (  # noqa: PLC0415 - heavy
        refuse_unknown,
    )

    refuse_unknown("ignore", words(ignore))
    refuse_unknown("fail", words(fail))


@af.check("best_practices", validate=_validate)
def best_practices(
    run: af.Run,
    *,
    bytes: int | None = None,  # noqa: A002 - budgets are named by what they count
    requests: int | None = None,
    html_bytes: int | None = None,
    image_bytes: int | None = None,
    script_bytes: int | None = None,
    style_bytes: int | None = None,
    font_bytes: int | None = None,
    wasted_image_bytes: int | None = None,
    elements: int | None = None,
    layout_shift: float | None = None,
    fail: str | Collection[str] = (),
    ignore: str | Collection[str] = (),
    stage: str | None = None,
    budget: float = 10.0,
) -> Iterator[object]:
    """Pages are light, hold still while they load, and say what they are.

    What is wrong beyond doubt fails: no title, viewport or language, quirks mode,
    canonical addresses that contradict each other, plain http in an https page, a
    budget that is exceeded. What audits advise warns; what only a person can decide is
    a question. Without a budget, weight is told and not judged.

    Args:
        run: the run; its final pages are judged.
        bytes: most bytes that the page loads before anybody scrolls, itself included,
            of its own site, as the files are; what compression saves is the server's.
        requests: most requests for that, those to other hosts included.
        html_bytes: most bytes of documents: the page and its frames.
        image_bytes: most bytes of pictures.
        script_bytes: most bytes of script files.
        style_bytes: most bytes of style sheet files.
        font_bytes: most bytes of fonts.
        wasted_image_bytes: most bytes that pictures of the size in which they are
            shown, on a screen of two pixels per CSS pixel, would save.
        elements: most elements of the document.
        layout_shift: highest cumulative layout shift; from 0.1 on web.dev no longer
            calls it good, and without a budget it warns.
        fail: ids of rules that would only warn, to let them fail: ``"best.h1"``.
        ignore: ids of rules to leave out.
        stage: judge the pages that this stage made instead of the final ones.
        budget: seconds per page in the browser.
    """
    # The browser and all that comes with it is loaded when pages are judged.
    from agentflow_checks.markup.best_practices_judge import judge_run  # noqa: PLC0415
    from agentflow_checks.markup.best_practices_rules import Choice  # noqa: PLC0415

    most = {
        "bytes": bytes,
        "requests": requests,
        "html_bytes": html_bytes,
        "image_bytes": image_bytes,
        "script_bytes": script_bytes,
        "style_bytes": style_bytes,
        "font_bytes": font_bytes,
        "wasted_image_bytes": wasted_image_bytes,
        "elements": elements,
        "layout_shift": layout_shift,
    }
    choice = Choice(
        most={name: bound for name, bound in most.items() if bound is not None},
        fail=words(fail),
        ignore=words(ignore),
        budget=budget,
    )
    yield from judge_run(run, choice, stage=stage)
