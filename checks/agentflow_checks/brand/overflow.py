"""``design.overflow``: pages fit their viewports without sideways scrolling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest_agentflow as af
from agentflow_checks.brand.sheet import Sheet

RULE = "design.overflow"
TITLE = "Pages fit the width of the screen"

SHOWN = frozenset({"img", "svg", "canvas", "video", "iframe", "object", "embed", "hr"})
"""Elements that show something without any text."""

ROUNDING = 1
"""CSS pixels by which a page may stick out: rounding of fractions."""


def overflows(sheet: Sheet, width: int) -> bool:
    """Whether content sticks out to the right at a viewport width."""
    return any(
        measured.width == width and measured.pixels > ROUNDING
        for measured in sheet.visit.overflow
    )


def judge(
    sheet: Sheet, widths: Sequence[int], attribution: dict[int, af.Attribution]
) -> Iterator[af.Finding | af.Examined]:
    """Say at which widths a page sticks out; each width is one subject."""
    if not any(
        element.text or element.tag in SHOWN for element in sheet.visit.elements
    ):
        # What shows nothing fits every width, and says nothing of the brand.
        return
    for measured in sheet.visit.overflow:
        if measured.width not in widths:
            continue
        if measured.pixels <= ROUNDING:
            yield af.Examined(rule=RULE)
            continue
        blame = attribution.get(measured.width, af.Attribution())
        first = measured.culprits[0] if measured.culprits else None
        others = ", ".join(measured.culprits[1:])
        yield blame.on(
            af.Finding(
                rule=RULE,
                message=f"content sticks out by {measured.pixels} px",
                place=af.Place(
                    stage=sheet.page.stage,
                    artefact=sheet.page.name,
                    selector=first,
                    property="width",
                    viewport=measured.width,
                ),
                title=TITLE,
                observed=f"{measured.pixels} px to the right"
                + (f"; also {others}" if others else ""),
                expected=f"nothing beyond {measured.width} px",
                why="Sideways scrolling hides text on small screens (WCAG 1.4.10).",
                fix="Let the element shrink: max-width: 100 %, wrapping, or a scroll "
                "area of its own.",
                evidence=first or "page",
                subject=f"{sheet.page.name} {measured.width}",
            )
        )
