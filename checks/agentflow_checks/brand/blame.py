"""Which stage brought an off-brand colour, font or width in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

import pytest_agentflow as af
from agentflow_checks.brand import colours
from agentflow_checks.brand.colours import Colour
from agentflow_checks.brand.sheet import Sheet
from agentflow_checks.brand.uses import uses
from agentflow_checks.web.artefacts import HTML, attribute_fault, visit_artefact

_RANK = (
    af.Verdict.INAPPLICABLE,
    af.Verdict.PASSED,
    af.Verdict.UNDETERMINED,
    af.Verdict.FAILED,
)


def blame_colour(sheet: Sheet, colour: Colour) -> af.Attribution:
    """Name the first stage whose output holds `colour`.

    A brief, a style sheet or a text that names colours decides by the colours that it
    names (hex, CSS functions and names); one that names none is looked through. A page
    decides by its source, else by what the browser makes of it.
    """
    wanted = colour.hex

    def project(stage: af.Stage) -> af.Verdict:
        made = [_of_artefact(sheet, a, wanted) for a in stage.artefacts]
        pages = {a.text for a in stage.artefacts if a.media_type == HTML}
        texts = (t for t in _texts(stage.outputs) if t not in pages)
        return max([*made, _of_texts(texts, wanted)], key=_RANK.index)

    run = sheet.run
    given = [*_texts(run.inputs), *(source.text for source in run.sources)]
    own = [_of_artefact(sheet, a, wanted) for a in run.artefacts if a.stage is None]
    return af.attribute(
        run,
        project,
        at=sheet.page.stage,
        given=_of_texts(given, wanted),
        shipped=max(own, key=_RANK.index, default=af.Verdict.INAPPLICABLE),
    )


def _of_artefact(sheet: Sheet, artefact: af.Artefact, wanted: str) -> af.Verdict:
    if artefact.media_type != HTML:
        readable = artefact.media_type.startswith(("text/", "image/svg"))
        readable |= artefact.media_type.endswith("json")
        return _of_texts([artefact.text] if readable else [], wanted)
    if artefact.digest == sheet.page.digest or wanted in _named(artefact.text):
        return af.Verdict.FAILED
    visited = visit_artefact(sheet.run, artefact)
    if visited.error is not None:
        return af.Verdict.UNDETERMINED
    shown = {use.colour.hex for use in uses(visited.elements)}
    return af.Verdict.FAILED if wanted in shown else af.Verdict.PASSED


def _of_texts(texts: Iterable[str], wanted: str) -> af.Verdict:
    verdict = af.Verdict.INAPPLICABLE
    for text in texts:
        named = _named(text)
        if wanted in named:
            return af.Verdict.FAILED
        if named:
            verdict = af.Verdict.PASSED
    return verdict


@lru_cache(maxsize=256)
def _named(text: str) -> frozenset[str]:
    return frozenset(colour.hex for colour, _, _ in colours.in_text(text))


def _texts(value: object) -> Iterator[str]:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            todo.extend(item.values())
        elif isinstance(item, (list, tuple)):
            todo.extend(item)


def blame_version(sheet: Sheet, shows: Callable[[Sheet], bool]) -> af.Attribution:
    """Name the stage whose version of the page first shows a fault in the browser."""

    def judged(version: af.Artefact) -> bool | None:
        if version.digest == sheet.page.digest:
            return True
        visited = visit_artefact(sheet.run, version)
        if visited.error is not None:
            return None
        return shows(Sheet(run=sheet.run, page=version, visit=visited))

    return attribute_fault(sheet.run, sheet.page, judged)
