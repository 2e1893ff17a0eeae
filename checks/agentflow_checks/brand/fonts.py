"""``design.font-family`` and ``design.type-scale``: letters are set as the brand is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pytest_agentflow as af
from agentflow_checks.brand.guide import Guide
from agentflow_checks.brand.sheet import Sheet, place
from agentflow_checks.brand.uses import is_visible, pixels

if TYPE_CHECKING:
    from agentflow_checks.web.page import Element

FAMILY = "design.font-family"
FAMILY_TITLE = "Fonts are those of the brand"
SCALE = "design.type-scale"
SCALE_TITLE = "Font sizes are those of the type scale"

Blame = Callable[[str], af.Attribution]
"""Names the stage that brought a family or a size in."""

_NAME = re.compile(r"""\s*("[^"]*"|'[^']*'|[^,]+)\s*(?:,|$)""")


def lettered(elements: Sequence[Element]) -> Iterator[Element]:
    """Give the visible elements that hold text of their own."""
    for element in elements:
        opacity = 1.0 if element.text_opacity is None else element.text_opacity
        if element.text and is_visible(element, opacity):
            yield element


def families(text: str) -> tuple[str, ...]:
    """Read a computed ``font-family`` into names."""
    return tuple(
        m[1].strip().strip("\"'") for m in _NAME.finditer(text) if m[1].strip()
    )


def family_of(element: Element) -> str:
    """Give the family that an element asks for first."""
    named = families(element.styles["font-family"])
    return named[0] if named else ""


def judge_families(
    guide: Guide, sheet: Sheet, blame: Blame
) -> Iterator[af.Finding | af.Examined]:
    """Hold the first family of each text against the tokens."""
    wanted = {names[0].casefold() for names in guide.families}
    passed = 0
    for element in lettered(sheet.visit.elements):
        family = family_of(element)
        if family.casefold() in wanted:
            passed += 1
        else:
            yield blame(family).on(_stray_family(guide, sheet, element, family))
    if passed:
        yield af.Examined(rule=FAMILY, count=passed)
    yield from _missing_fonts(sheet)


def _stray_family(
    guide: Guide, sheet: Sheet, element: Element, family: str
) -> af.Finding:
    listed = ", ".join(dict.fromkeys(names[0] for names in guide.families))
    return af.Finding(
        rule=FAMILY,
        message=f"the text is set in {family}, which is no font of the brand",
        place=place(sheet, element, "font-family"),
        title=FAMILY_TITLE,
        observed=element.styles["font-family"],
        expected=f"{listed} first",
        why="Letters carry the brand as much as colours do.",
        fix="Set the family from the tokens; form controls need font: inherit.",
        evidence=family,
        subject=f"{sheet.page.name} {element.selector}",
    )


def _missing_fonts(sheet: Sheet) -> Iterator[af.Finding]:
    for asset in sheet.visit.assets:
        if asset.kind == "font":
            yield af.Finding(
                rule=FAMILY,
                message=f"the font file {asset.url} was not loaded ({asset.reason}); "
                "which font its text shows in cannot be known",
                place=af.Place(stage=sheet.page.stage, artefact=sheet.page.name),
                verdict=af.Verdict.UNDETERMINED,
                severity=af.Severity.WARNING,
                title=FAMILY_TITLE,
                fix="Keep font files beside the page.",
                evidence=asset.url,
                subject=f"{sheet.page.name} {asset.url}",
            )


def judge_sizes(
    guide: Guide, sheet: Sheet, blame: Blame
) -> Iterator[af.Finding | af.Examined]:
    """Hold the font size of each text against the type scale."""
    passed = 0
    for element in lettered(sheet.visit.elements):
        size = pixels(element.styles["font-size"])
        if is_on_scale(guide, size):
            passed += 1
        else:
            yield blame(f"{size:g}").on(_stray_size(guide, sheet, element, size))
    if passed:
        yield af.Examined(rule=SCALE, count=passed)


def is_on_scale(guide: Guide, size: float) -> bool:
    """Whether a font size is a token's, or lies in a range of fluid type."""
    near = guide.tolerance
    if any(abs(size - wanted) <= near for _, wanted in guide.sizes):
        return True
    return any(low - near <= size <= high + near for low, high in guide.ranges)


def _stray_size(
    guide: Guide, sheet: Sheet, element: Element, size: float
) -> af.Finding:
    name, wanted = min(guide.sizes, key=lambda pair: abs(pair[1] - size))
    return af.Finding(
        rule=SCALE,
        message=f"the text is {size:g} px, which is no size of the type scale",
        place=place(sheet, element, "font-size"),
        title=SCALE_TITLE,
        observed=f"{size:g} px, {abs(size - wanted):g} from {name}",
        expected=f"within {guide.tolerance:g} px of a token; nearest {name} {wanted:g}",
        why="A size between the steps of the scale looks like a mistake.",
        fix=f"Use {wanted:g} px ({name}), or allow a range for fluid type.",
        evidence=f"{size:g} px",
        subject=f"{sheet.page.name} {element.selector}",
    )
