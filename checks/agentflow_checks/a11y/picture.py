"""The picture of a page with the elements that findings are about in boxes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import pytest_agentflow as af
from agentflow_checks.web.page import Visit

MARGIN = 80
"""CSS pixels of surroundings above and below the marked elements."""

TALLEST = 4_000
"""CSS pixels; what lies further down is left out, and its findings have no box."""


def picture(
    visited: Visit, name: str, findings: Sequence[af.Finding]
) -> Iterator[af.PictureExhibit]:
    """Give one screenshot that shows the boxed findings; none where none has a box."""
    from agentflow_checks.web.examine import Unjudgeable  # noqa: PLC0415 - heavy
    from agentflow_checks.web.visits import screenshot  # noqa: PLC0415 - heavy

    shown = [f for f in findings if f.place.box is not None and _area(f.place.box)]
    if not shown:
        return
    strip = clip_of([f.place.box for f in shown if f.place.box is not None])
    try:
        data = screenshot(visited, strip)
    except Unjudgeable:
        # A page that no longer answers has no picture; its findings stand.
        return
    width, height = size_of(data)
    yield af.PictureExhibit(
        title=f"{name}: where the findings are",
        media_type="image/png",
        data=data,
        width=width,
        height=height,
        boxes=tuple(_boxes(shown, strip)),
        alt=f"Screenshot of {name} with {len(shown)} findings in boxes",
    )


def clip_of(boxes: Sequence[tuple[float, float, float, float]]) -> af.Box:
    """Give the strip of the page, full width, that holds the boxes and a margin."""
    top = max(0.0, min(y for _, y, _, _ in boxes) - MARGIN)
    bottom = max(y + height for _, y, _, height in boxes) + MARGIN
    right = max([1280.0, *(x + width for x, _, width, _ in boxes)])
    return af.Box(0.0, top, min(right, 2560.0), min(bottom - top, float(TALLEST)))


def size_of(png: bytes) -> tuple[int, int]:
    """Read width and height from a PNG's header (PNG specification, 11.2.2)."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _area(box: tuple[float, float, float, float]) -> float:
    return box[2] * box[3]


def _boxes(findings: Sequence[af.Finding], strip: af.Box) -> Iterator[af.PictureBox]:
    for finding in findings:
        if finding.place.box is None:
            continue
        x, y, width, height = finding.place.box
        if strip.y <= y < strip.y + strip.height:
            yield af.PictureBox(
                x=x - strip.x,
                y=y - strip.y,
                width=width,
                height=height,
                label=finding.rule.removeprefix("a11y."),
                fingerprint=finding.fingerprint,
            )
