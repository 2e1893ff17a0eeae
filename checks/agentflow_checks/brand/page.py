"""One rendered page held against a design guide: findings, swatches, a screenshot."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache

import pytest_agentflow as af
from agentflow_checks.brand import fonts, overflow, palette
from agentflow_checks.brand.blame import blame_colour, blame_version
from agentflow_checks.brand.colours import Colour
from agentflow_checks.brand.design import RULES
from agentflow_checks.brand.guide import Guide
from agentflow_checks.brand.sheet import Sheet
from agentflow_checks.brand.uses import pixels
from agentflow_checks.web import file_kind
from agentflow_checks.web.file_kind import FileKind

MOST_BOXES = 20
"""Boxes drawn on one screenshot; more hide the page."""


def judge_page(guide: Guide, sheet: Sheet, widths: tuple[int, ...]) -> Iterator[object]:
    """Hold a page against every rule of the guide, then show it."""
    kind = file_kind.kind_of(sheet.page.data)
    if kind.other:
        yield from _no_page(sheet.page, kind)
        return
    if kind.xhtml:
        text = f"{sheet.page.name}: written as XHTML, and judged as browsers read it"
        yield af.Note(text=f"{text}, as HTML", warning=True)
    found: list[af.Finding] = []
    for item in _outcomes(guide, sheet, widths):
        if isinstance(item, af.Finding):
            found.append(item)
        yield item
    yield from _screenshot(sheet, found)


def _no_page(page: af.Artefact, kind: FileKind) -> Iterator[af.Finding]:
    """Refuse what a browser shows only by taking it for broken HTML."""
    for rule, title in RULES.items():
        yield af.Finding(
            rule=rule,
            title=title,
            message=f"the page was not judged: {kind.said}",
            verdict=af.Verdict.ERROR,
            place=af.Place(stage=page.stage, artefact=page.name, line=1, column=1),
            observed=kind.other,
            expected="HTML",
            fix=file_kind.STORE,
            subject=page.name,
        )


def _outcomes(guide: Guide, sheet: Sheet, widths: tuple[int, ...]) -> Iterator[object]:
    if guide.palette:
        yield from _palette(guide, sheet)
    if guide.families:
        yield from fonts.judge_families(guide, sheet, _family_blame(sheet))
    if guide.sizes or guide.ranges:
        yield from fonts.judge_sizes(guide, sheet, _size_blame(sheet))
    blamed = {
        width: blame_version(sheet, lambda s, w=width: overflow.overflows(s, w))  # type: ignore[misc]
        for width in widths
        if overflow.overflows(sheet, width)
    }
    yield from overflow.judge(sheet, widths, blamed)


def _palette(guide: Guide, sheet: Sheet) -> Iterator[object]:
    judged = palette.judge(guide, sheet)

    @cache
    def blame(colour: Colour) -> af.Attribution:
        return blame_colour(sheet, colour)

    yield from palette.findings(guide, sheet, judged, blame)
    if judged:
        yield palette.swatches(sheet, judged)


def _family_blame(sheet: Sheet) -> fonts.Blame:
    @cache
    def blame(family: str) -> af.Attribution:
        return blame_version(
            sheet,
            lambda other: any(
                fonts.family_of(element) == family
                for element in fonts.lettered(other.visit.elements)
            ),
        )

    return blame


def _size_blame(sheet: Sheet) -> fonts.Blame:
    @cache
    def blame(size: str) -> af.Attribution:
        return blame_version(
            sheet,
            lambda other: any(
                f"{pixels(element.styles['font-size']):g}" == size
                for element in fonts.lettered(other.visit.elements)
            ),
        )

    return blame


def _screenshot(sheet: Sheet, found: list[af.Finding]) -> Iterator[object]:
    shown = [f for f in found if f.place.box and f.verdict is af.Verdict.FAILED]
    if not shown:
        return
    from agentflow_checks.web.examine import Unjudgeable  # noqa: PLC0415 - heavy
    from agentflow_checks.web.visits import screenshot  # noqa: PLC0415 - heavy

    try:
        picture = screenshot(sheet.visit)
    except Unjudgeable as reason:
        yield af.Note(text=f"{sheet.page.name}: {reason}", warning=True)
        return
    width, height = struct.unpack(">II", picture[16:24])
    yield af.PictureExhibit(
        title=f"{sheet.page.name} at 1280 px",
        media_type="image/png",
        data=picture,
        width=width,
        height=height,
        boxes=tuple(_boxes(shown)),
        alt=f"Screenshot of {sheet.page.name}; elements that break the guide are boxed",
    )


def _boxes(shown: list[af.Finding]) -> Iterator[af.PictureBox]:
    for finding in shown[:MOST_BOXES]:
        assert finding.place.box is not None  # noqa: S101 - narrowed by the caller
        x, y, width, height = finding.place.box
        yield af.PictureBox(
            x=x,
            y=y,
            width=width,
            height=height,
            label=f"{finding.rule.removeprefix('design.')}: {finding.evidence}",
            fingerprint=finding.fingerprint,
        )
