"""One judged run, made fit to be stored, sent and drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from pytest_agentflow.checking.results import CheckResult, Evaluation
from pytest_agentflow.model.exhibit import (
    Bar,
    Bars,
    Exhibit,
    Line,
    PictureBox,
    PictureExhibit,
    Swatch,
    Swatches,
)
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.run import Run
from pytest_agentflow.report.document import Entry, Outcome
from pytest_agentflow.report.standing import files_of
from pytest_agentflow.report.summary import summarise


def build_entry(
    target: str,
    run: Run,
    evaluation: Evaluation,
    *,
    outcome: Outcome | None = None,
    trial: int | None = None,
    problem: str = "",
    reproduce: str = "",
    position: int = 0,
) -> Entry:
    """Make the entry of a run that was judged.

    Args:
        target: node id of the test, or path of the recording or page.
        run: what was judged; only excerpts of it are kept.
        evaluation: what its checks decided.
        outcome: of the whole test; that of the checks when not given.
        trial: which trial of the test it was, where there were several.
        problem: what failed beside the checks, in the words of the error.
        reproduce: the command that shows it again; pytest on `target` when that is a
            node id and nothing is given.
        position: place of the test in the order of collection: index of the item.
    """
    decided: Outcome = "passed" if evaluation.ok else "failed"
    if not evaluation.results and not problem and outcome is None:
        decided = "error"
    named = {f.place.artefact for f in evaluation.findings if f.place.artefact}
    return Entry(
        target=target,
        run=replace(summarise(run), files=files_of(run, named)),
        evaluation=replace(_finite(evaluation), seconds=0.0),
        outcome=outcome or decided,
        trial=trial,
        problem=problem,
        reproduce=reproduce or (f"pytest '{target}'" if "::" in target else ""),
        position=position,
        seconds=evaluation.seconds,
    )


def without_pictures(entry: Entry) -> Entry:
    """Drop the data of its pictures, where no report will show them."""
    results = tuple(
        replace(result, exhibits=tuple(_emptied(e) for e in result.exhibits))
        for result in entry.evaluation.results
    )
    return replace(entry, evaluation=replace(entry.evaluation, results=results))


def _emptied(exhibit: Exhibit) -> Exhibit:
    if isinstance(exhibit, PictureExhibit):
        return replace(exhibit, data=b"")
    return exhibit


def _finite(evaluation: Evaluation) -> Evaluation:
    """Drop numbers that are none: JSON has no word for them, and no chart a place."""
    results = tuple(_finite_result(result) for result in evaluation.results)
    return replace(evaluation, results=results)


def _finite_result(result: CheckResult) -> CheckResult:
    rules = tuple(
        replace(rule, findings=tuple(_finite_finding(f) for f in rule.findings))
        for rule in result.rules
    )
    return replace(
        result, rules=rules, exhibits=tuple(finite_exhibits(result.exhibits))
    )


def _finite_finding(finding: Finding) -> Finding:
    source = finding.source and _finite_place(finding.source)
    return replace(finding, place=_finite_place(finding.place), source=source)


def _finite_place(place: Place) -> Place:
    if place.box is None or all(map(math.isfinite, place.box)):
        return place
    return replace(place, box=None)


def finite_exhibits(exhibits: Iterable[Exhibit]) -> Iterable[Exhibit]:
    """Give the exhibits without numbers that are none."""
    return map(_finite_exhibit, exhibits)


def _finite_exhibit(exhibit: Exhibit) -> Exhibit:
    if isinstance(exhibit, Bars):
        good = tuple(_finite_bar(b) for b in exhibit.bars if b.value.is_finite())
        return replace(exhibit, bars=good)
    if isinstance(exhibit, Line):
        return replace(
            exhibit, points=_finite_points(exhibit.points), bound=_bound(exhibit)
        )
    if isinstance(exhibit, Swatches):
        swatches = tuple(_finite_swatch(s) for s in exhibit.swatches)
        return replace(exhibit, swatches=swatches)
    if isinstance(exhibit, PictureExhibit):
        return replace(exhibit, boxes=tuple(b for b in exhibit.boxes if _drawable(b)))
    return exhibit


def _finite_bar(bar: Bar) -> Bar:
    limit = bar.limit if bar.limit is not None and bar.limit.is_finite() else None
    known = bar.against is not None and bar.against.is_finite()
    return replace(bar, limit=limit, against=bar.against if known else None)


def _bound(line: Line) -> tuple[tuple[float, float], ...]:
    return _finite_points(line.bound)


def _finite_points(
    points: tuple[tuple[float, float], ...],
) -> tuple[tuple[float, float], ...]:
    return tuple(point for point in points if all(map(math.isfinite, point)))


def _finite_swatch(swatch: Swatch) -> Swatch:
    if swatch.distance is None or math.isfinite(swatch.distance):
        return swatch
    return replace(swatch, distance=None)


def _drawable(box: PictureBox) -> bool:
    return all(map(math.isfinite, (box.x, box.y, box.width, box.height)))
