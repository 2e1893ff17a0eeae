"""Judge the pages of a run by the practices, and name who gave them up."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

import pytest_agentflow as af
from agentflow_checks.markup import (
    best_practices_body,
    best_practices_head,
    best_practices_pictures,
    best_practices_weight,
)
from agentflow_checks.markup.best_practices_load import FACTS, LOAD, loaded
from agentflow_checks.markup.best_practices_rules import (
    PRACTICES,
    Choice,
    Outcome,
    Seen,
    practice,
)
from agentflow_checks.markup.origins import origin_of
from agentflow_checks.markup.page_errors_fault import Choice as Everything
from agentflow_checks.markup.page_errors_fault import Fault, Looked, Met
from agentflow_checks.markup.page_errors_judge import COLLECT
from agentflow_checks.web import file_kind
from agentflow_checks.web.artefacts import pages_of, visit_artefact
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Unknown

TOPICS: tuple[Callable[[Seen], Iterator[Outcome]], ...] = (
    best_practices_weight.budgets,
    best_practices_weight.shift,
    best_practices_head.title,
    best_practices_head.description,
    best_practices_head.canonical,
    best_practices_head.viewport,
    best_practices_head.charset,
    best_practices_head.doctype,
    best_practices_head.lang,
    best_practices_head.robots,
    best_practices_body.mixed,
    best_practices_head.blocking,
    best_practices_body.deprecated,
    best_practices_pictures.dimensions,
    best_practices_pictures.too_large,
    best_practices_pictures.distorted,
    best_practices_pictures.offscreen,
    best_practices_pictures.largest,
    best_practices_body.heading,
    best_practices_body.main_part,
    best_practices_body.links,
    best_practices_head.social,
    best_practices_head.favicon,
)

UNSEEN = "best.loaded"
SERVERS = "best.text-compression"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What was found on one page."""

    outcomes: tuple[Outcome, ...] = ()
    seen: Seen | None = None
    unseen: str = ""
    """Why it could not be loaded, as one sentence."""
    verdict: af.Verdict = af.Verdict.PASSED
    """That of `unseen`."""
    fix: str = PRACTICES[UNSEEN].fix
    """What lets it be loaded."""

    @functools.cached_property
    def keys(self) -> frozenset[tuple[str, str]]:
        """Rule and key of each fault."""
        found = (f for f in self.outcomes if isinstance(f, Fault))
        return frozenset((f.rule, f.key) for f in found)

    def shows(self, fault: Fault) -> bool | None:
        """Whether the page has this fault, None where nobody knows."""
        if (fault.rule, fault.key) in self.keys:
            return True
        return None if self.unseen else False


def judge_run(run: af.Run, choice: Choice, *, stage: str | None) -> Iterator[object]:
    """Judge every page."""
    look = functools.cache(functools.partial(_report, run, choice))
    for page in pages_of(run, stage):
        yield from _judge_page(run, page, choice, look)


def _judge_page(
    run: af.Run,
    page: af.Artefact,
    choice: Choice,
    look: Callable[[af.Artefact], Report],
) -> Iterator[object]:
    report = look(page)
    if report.unseen:
        yield _unseen(page, report)
    origin = origin_of(run, page)
    for rule, count in _met(report.outcomes).items():
        if rule in choice.ignore:
            continue
        warns = choice.warns(rule)
        yield af.Rule(id=rule, title=practice(rule).title, advisory=warns)
        found = [o for o in report.outcomes if isinstance(o, Fault) and o.rule == rule]
        subjects = {_subject(page, fault) for fault in found}
        if count > len(subjects):
            place = af.Place(stage=page.stage, artefact=page.name)
            yield af.Examined(rule=rule, count=count - len(subjects), place=place)
        for fault in found:
            shows = functools.partial(_shown, look, fault)
            yield origin(shows).on(_finding(page, fault))
    if report.seen is not None:
        yield af.Rule(id=SERVERS, title=practice(SERVERS).title)
        yield from best_practices_weight.tables(page.name, report.seen)
        note = best_practices_weight.told(page.name, report.seen)
        if note is not None:
            yield note


def _met(outcomes: tuple[Outcome, ...]) -> dict[str, int]:
    met: dict[str, int] = {}
    for outcome in outcomes:
        count = outcome.count if isinstance(outcome, Met) else 0
        met[outcome.rule] = met.get(outcome.rule, 0) + count
    return met


def _shown(
    look: Callable[[af.Artefact], Report], fault: Fault, version: af.Artefact
) -> bool | None:
    return look(version).shows(fault)


def _subject(page: af.Artefact, fault: Fault) -> str:
    at = f"{fault.spot.line}:{fault.spot.column}" if fault.spot else ""
    return f"{page.name} {at} {fault.selector} {fault.key}"


def _finding(page: af.Artefact, fault: Fault) -> af.Finding:
    known = practice(fault.rule)
    return af.Finding(
        rule=fault.rule,
        title=known.title,
        message=fault.message,
        verdict=fault.verdict,
        severity=known.severity,
        place=af.Place(
            stage=page.stage,
            artefact=fault.file or page.name,
            line=fault.spot.line if fault.spot else None,
            column=fault.spot.column if fault.spot else None,
            selector=fault.selector or None,
        ),
        observed=fault.observed,
        expected=fault.expected,
        evidence=fault.key,
        why=known.why,
        fix=fault.fix or known.fix,
        help_url=known.url or None,
        tags=(f"lighthouse:{known.audit}",) if known.audit else (),
        fault=fault.word or None,
        subject=_subject(page, fault),
    )


def _unseen(page: af.Artefact, report: Report) -> af.Finding:
    known = practice(UNSEEN)
    return af.Finding(
        rule=UNSEEN,
        title=known.title,
        message=report.unseen,
        verdict=report.verdict,
        place=af.Place(stage=page.stage, artefact=page.name),
        subject=page.name,
        fix=report.fix,
    )


def _report(run: af.Run, choice: Choice, page: af.Artefact) -> Report:
    kind = file_kind.kind_of(page.data)
    if kind.other:
        said = f"the page was not judged: {kind.refusal}"
        return Report(unseen=said, verdict=af.Verdict.ERROR, fix="")
    try:
        visited = visit_artefact(run, page, budget=choice.budget)
    except af.CheckError as gone:
        # It says itself what to install.
        said = f"the page was not loaded: {gone}"
        return Report(unseen=said, verdict=af.Verdict.ERROR, fix="")
    if visited.error is not None:
        return Report(
            unseen=f"the page was not judged: {visited.error}",
            verdict=visited.unjudged,
            fix="" if visited.part_missing else practice(UNSEEN).fix,
        )
    return _used(page, visited, choice)


def _used(page: af.Artefact, visited: Visit, choice: Choice) -> Report:
    """Use the page; what keeps it from being loaded anew leaves the rest judged."""
    from agentflow_checks.web.visits import probe  # noqa: PLC0415 - heavy

    found = probe(visited, [COLLECT, FACTS, LOAD], budget=choice.budget)
    for name in (COLLECT.name, FACTS.name):
        if isinstance(found[name], Unknown):
            reason = f"the page was not judged: {found[name].reason}"
            return Report(unseen=reason, verdict=af.Verdict.ERROR)
    looked = Looked(
        name=page.name,
        source=file_kind.text_of(page.data),
        data=page.data,
        choice=Everything(),
        visited=visited,
        facts=found[COLLECT.name],
        clicks={},
    )
    load = found[LOAD.name]
    missed = isinstance(load, Unknown)
    seen = Seen(
        looked=looked,
        choice=choice,
        head=found[FACTS.name]["head"],
        body=found[FACTS.name]["body"],
        load=None if missed else loaded(looked, load),
    )
    outcomes = tuple(outcome for topic in TOPICS for outcome in topic(seen))
    if not missed:
        return Report(outcomes=outcomes, seen=seen)
    why = f"weight, pictures and layout shift were not examined: {load.reason}"
    return Report(
        outcomes=outcomes, seen=seen, unseen=why, verdict=af.Verdict.UNDETERMINED
    )
