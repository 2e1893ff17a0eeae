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
    page_report,
)
from agentflow_checks.markup.best_practices_load import FACTS, LOAD, loaded
from agentflow_checks.markup.best_practices_rules import (
    PRACTICES,
    Choice,
    Seen,
    practice,
)
from agentflow_checks.markup.origins import origin_of
from agentflow_checks.markup.page_errors_fault import Choice as Everything
from agentflow_checks.markup.page_errors_fault import Fault, Looked
from agentflow_checks.markup.page_errors_judge import COLLECT
from agentflow_checks.markup.page_report import Outcome, Report, place_of, subject
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
class Loaded(Report):
    """What was found on one page, and what was seen of it."""

    seen: Seen | None = None
    fix: str = PRACTICES[UNSEEN].fix


def judge_run(run: af.Run, choice: Choice, *, stage: str | None) -> Iterator[object]:
    """Judge every page."""
    look = functools.cache(functools.partial(_report, run, choice))
    for page in pages_of(run, stage):
        yield from _judge_page(run, page, choice, look)


def _judge_page(
    run: af.Run,
    page: af.Artefact,
    choice: Choice,
    look: Callable[[af.Artefact], Loaded],
) -> Iterator[object]:
    report = look(page)
    if report.unseen:
        yield _unseen(page, report)
    origin = origin_of(run, page)
    yield from page_report.told(
        page,
        [o for o in report.outcomes if o.rule not in choice.ignore],
        rule=functools.partial(_rule, choice),
        finding=functools.partial(_finding, page),
        introduced=lambda fault: origin(lambda version: look(version).shows(fault)),
    )
    if report.seen is not None:
        yield af.Rule(id=SERVERS, title=practice(SERVERS).title)
        yield from best_practices_weight.tables(page.name, report.seen)
        note = best_practices_weight.told(page.name, report.seen)
        if note is not None:
            yield note


def _rule(choice: Choice, name: str) -> af.Rule:
    return af.Rule(id=name, title=practice(name).title, advisory=choice.warns(name))


def _finding(page: af.Artefact, fault: Fault) -> af.Finding:
    known = practice(fault.rule)
    return af.Finding(
        rule=fault.rule,
        title=known.title,
        message=fault.message,
        verdict=fault.verdict,
        severity=known.severity,
        place=place_of(page, fault),
        observed=fault.observed,
        expected=fault.expected,
        evidence=fault.key,
        why=known.why,
        fix=fault.fix or known.fix,
        help_url=known.url or None,
        tags=(f"lighthouse:{known.audit}",) if known.audit else (),
        fault=fault.word or None,
        subject=subject(page, fault),
    )


def _unseen(page: af.Artefact, report: Loaded) -> af.Finding:
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


def _report(run: af.Run, choice: Choice, page: af.Artefact) -> Loaded:
    kind = file_kind.kind_of(page.data)
    if kind.other:
        said = f"the page was not judged: {kind.refusal}"
        return Loaded(unseen=said, verdict=af.Verdict.ERROR, fix="")
    try:
        visited = visit_artefact(run, page, budget=choice.budget)
    except af.CheckError as gone:
        # It says itself what to install.
        said = f"the page was not loaded: {gone}"
        return Loaded(unseen=said, verdict=af.Verdict.ERROR, fix="")
    if visited.error is not None:
        return Loaded(
            unseen=f"the page was not judged: {visited.error}",
            verdict=visited.unjudged,
            fix="" if visited.part_missing else practice(UNSEEN).fix,
        )
    return _used(page, visited, choice)


def _used(page: af.Artefact, visited: Visit, choice: Choice) -> Loaded:
    """Use the page; what keeps it from being loaded anew leaves the rest judged."""
    from agentflow_checks.web.visits import probe  # noqa: PLC0415 - heavy

    found = probe(visited, [COLLECT, FACTS, LOAD], budget=choice.budget)
    for name in (COLLECT.name, FACTS.name):
        if isinstance(found[name], Unknown):
            reason = f"the page was not judged: {found[name].reason}"
            return Loaded(unseen=reason, verdict=af.Verdict.ERROR)
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
        return Loaded(outcomes=outcomes, seen=seen)
    why = f"weight, pictures and layout shift were not examined: {load.reason}"
    return Loaded(
        outcomes=outcomes, seen=seen, unseen=why, verdict=af.Verdict.UNDETERMINED
    )
