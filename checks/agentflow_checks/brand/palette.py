"""``design.palette``: every colour that a viewer sees is one of the brand's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest_agentflow as af
from agentflow_checks.brand import colours
from agentflow_checks.brand.colours import Colour
from agentflow_checks.brand.guide import Guide, Named
from agentflow_checks.brand.sheet import Sheet, place
from agentflow_checks.brand.uses import Use, uses

RULE = "design.palette"
TITLE = "Colours are those of the brand"

DENSE = 0.5
"""A colour of at least this alpha may be a token's as it is said; one that lets more
through is judged as it is seen."""

ALPHA_AGREES = 0.02

Blame = Callable[[Colour], af.Attribution]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How near a colour is to the brand's palette."""

    nearest: Named
    distance: float
    """CIEDE2000."""
    colour: Colour
    """The colour that was compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A use of a colour, and what was decided about it."""

    use: Use
    verdict: af.Verdict
    match: Match | None = None


def judge(guide: Guide, sheet: Sheet) -> list[Judged]:
    """Hold every colour of a page against the palette."""
    known: dict[tuple[Colour, Colour | None], Judged] = {}
    found = []
    for use in uses(sheet.visit.elements):
        key = (use.colour, use.seen)
        if key not in known:
            known[key] = _judge(guide, use)
        first = known[key]
        found.append(Judged(use=use, verdict=first.verdict, match=first.match))
    return found


def _judge(guide: Guide, use: Use) -> Judged:
    said = _said(guide, use.colour)
    if said is not None and said.distance <= guide.max_de2000:
        return Judged(use=use, verdict=af.Verdict.PASSED, match=said)
    if use.seen is None:
        return Judged(use=use, verdict=af.Verdict.UNDETERMINED, match=said)
    match = nearest(guide, use.seen)
    if match.distance <= guide.max_de2000:
        verdict = af.Verdict.PASSED
    elif match.distance <= guide.warn_de2000:
        verdict = af.Verdict.UNDETERMINED
    else:
        verdict = af.Verdict.FAILED
    return Judged(use=use, verdict=verdict, match=match)


def _said(guide: Guide, colour: Colour) -> Match | None:
    """Match a translucent colour as it is said, before anything shines through."""
    for named in guide.palette:
        alike = abs(named.colour.alpha - colour.alpha) <= ALPHA_AGREES
        if alike and not named.colour.is_solid:
            match = _match(named, colour)
            if match.distance <= guide.max_de2000:
                return match
    return nearest(guide, colour) if colour.alpha >= DENSE else None


def nearest(guide: Guide, colour: Colour) -> Match:
    """Give the palette's nearest colour, alpha aside."""
    matches = [_match(named, colour) for named in guide.palette]
    return min(matches, key=lambda match: match.distance)


def _match(named: Named, colour: Colour) -> Match:
    apart = colours.distance(named.colour, colour)
    return Match(nearest=named, distance=apart, colour=colour)


def findings(
    guide: Guide, sheet: Sheet, judged: list[Judged], blame: Blame
) -> Iterator[af.Finding | af.Examined]:
    """Say what was found; `blame` names the stage that brought a colour in."""
    passed = sum(one.verdict is af.Verdict.PASSED for one in judged)
    if passed:
        yield af.Examined(rule=RULE, count=passed)
    for one in judged:
        if one.verdict is not af.Verdict.PASSED:
            finding = _finding(guide, sheet, one)
            yield blame(one.use.colour).on(finding)


def _finding(guide: Guide, sheet: Sheet, one: Judged) -> af.Finding:
    use, match = one.use, one.match
    severity = af.Severity.ERROR
    if one.verdict is af.Verdict.UNDETERMINED:
        severity = af.Severity.WARNING
    if use.seen is None or match is None:
        message = f"{use.property} {use.colour} lies over something unknown"
        observed, expected = str(use.colour), "a brand colour, as it is seen"
    else:
        token = f"{match.nearest.name} {match.nearest.colour}"
        near = one.verdict is af.Verdict.UNDETERMINED
        word = "is near a brand colour, but is none" if near else "is no brand colour"
        message = f"{use.property} {_shown(use)} {word}"
        observed = f"{_shown(use)}, CIEDE2000 {match.distance:.1f} from {token}"
        expected = f"within {guide.max_de2000:g} of a token; nearest {token}"
    return af.Finding(
        rule=RULE,
        message=message,
        place=place(sheet, use.element, use.property),
        verdict=one.verdict,
        severity=severity,
        title=TITLE,
        observed=observed,
        expected=expected,
        why="Colours outside the palette make a page look like somebody else's.",
        fix=_fix(match),
        evidence=f"{use.property} {use.colour}",
        subject=f"{sheet.page.name} {use.element.selector} {use.property}",
    )


def _shown(use: Use) -> str:
    if use.seen is None or use.colour.is_solid:
        return str(use.seen or use.colour)
    return f"{use.colour}, seen as {use.seen}"


def _fix(match: Match | None) -> str:
    if match is None:
        return "Look at the page; use a brand colour that lets nothing through."
    named = match.nearest
    return f"Use {named.colour} ({named.name}), or add the colour to the tokens."


def swatches(sheet: Sheet, judged: list[Judged]) -> af.Swatches:
    """Show each distinct colour of a page beside its nearest token."""
    shown: dict[tuple[str, str], af.Swatch] = {}
    counts: dict[tuple[str, str], int] = {}
    for one in judged:
        colour = one.match.colour if one.match else one.use.colour
        key = (colour.hex, one.verdict)
        counts[key] = counts.get(key, 0) + 1
        shown.setdefault(key, _swatch(one, colour))
    rows = (
        af.Swatch(
            colour=swatch.colour,
            label=f"{swatch.colour}, {_times(counts[key])}",
            nearest=swatch.nearest,
            nearest_label=swatch.nearest_label,
            distance=swatch.distance,
            verdict=swatch.verdict,
        )
        for key, swatch in shown.items()
    )
    ordered = sorted(rows, key=lambda swatch: -(swatch.distance or 0.0))
    return af.Swatches(title=f"Colours of {sheet.page.name}", swatches=tuple(ordered))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _swatch(one: Judged, colour: Colour) -> af.Swatch:
    match = one.match
    return af.Swatch(
        colour=colour.hex,
        label="",
        nearest=match.nearest.colour.hex if match else None,
        nearest_label=match.nearest.name if match else "",
        distance=round(match.distance, 1) if match else None,
        verdict=one.verdict,
    )
