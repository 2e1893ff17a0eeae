"""A page of a run, rendered, as the rules of a design guide see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest_agentflow as af

if TYPE_CHECKING:
    from agentflow_checks.web.page import Element, Visit

WIDTH = 1280
"""Viewport width, in CSS pixels, at which styles are read."""

SCHEME = "light"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page and what the browser made of it."""

    run: af.Run
    page: af.Artefact
    visit: Visit


def place(sheet: Sheet, element: Element, property_: str | None = None) -> af.Place:
    """Say where on the page an element stands."""
    box = element.box
    return af.Place(
        stage=sheet.page.stage,
        artefact=sheet.page.name,
        selector=element.selector,
        box=(box.x, box.y, box.width, box.height),
        property=property_,
        viewport=WIDTH,
        scheme=SCHEME,
    )
