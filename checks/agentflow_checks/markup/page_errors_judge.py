"""Judge the pages of a run by the facts of one visit, and name who broke them."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.markup import (
    page_errors_assets,
    page_errors_blank,
    page_errors_links,
    page_errors_scripts,
    page_errors_text,
)
from agentflow_checks.markup.origins import origin_of
from agentflow_checks.markup.page_errors_fault import (
    FACTS,
    Choice,
    Fault,
    Looked,
    Met,
)
from agentflow_checks.web import faults, file_kind
from agentflow_checks.web.artefacts import pages_of, visit_artefact
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import (
    Bench,
    Probe,
    Unknown,
    ask,
    command,
    install,
)

MOST_CLICKS = 25
"""Links pressed per page: each takes some 70 ms."""

MOST_HANDLERS = 1000

Outcome = Fault | Met

TOPICS: tuple[Callable[[Looked], Iterator[Outcome]], ...] = (
    page_errors_blank.blank,
    page_errors_scripts.errors,
    page_errors_scripts.handlers,
    page_errors_scripts.refusals,
    page_errors_scripts.dialogs,
    page_errors_scripts.leaving,
    page_errors_assets.missing,
    page_errors_assets.foreign,
    page_errors_assets.mixed,
    page_errors_links.anchors,
    page_errors_links.pages,
    page_errors_links.references,
    page_errors_links.dead,
)
"""What needs a browser; the rest reads the source alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What was found on one page."""

    outcomes: tuple[Outcome, ...]
    unseen: str = ""
    """Why it could not be run, as one sentence."""
    verdict: af.Verdict = af.Verdict.PASSED
    """That of `unseen`."""
    fix: str = FACTS["page.ran"].fix

    @functools.cached_property
    def keys(self) -> frozenset[tuple[str, str]]:
        """Rule and key of each fault."""
        found = (f for f in self.outcomes if isinstance(f, Fault))
        return frozenset((f.rule, f.key) for f in found)

    def shows(self, fault: Fault) -> bool | None:
        """Whether the page has this fault, None where nobody knows."""
        if (fault.rule, fault.key) in self.keys:
            return True
        return None if self.unseen and fault.rule not in _OF_SOURCE else False


_OF_SOURCE = frozenset(
    {
        "page.truncated",
        "page.placeholder",
        "page.chatter",
        "page.encoding",
        "page.format",
        "page.json",
    }
)


def judge_run(run: af.Run, choice: Choice, *, stage: str | None) -> Iterator[object]:
    """Judge every page."""
    look = functools.cache(functools.partial(_report, run, choice))
    pages = pages_of(run, stage)
    for page in pages:
        yield from _judge_page(run, page, choice, look)


def _judge_page(
    run: af.Run,
    page: af.Artefact,
    choice: Choice,
    look: Callable[[af.Artefact], Report],
) -> Iterator[object]:
    report = look(page)
    place = af.Place(stage=page.stage, artefact=page.name)
    if report.unseen:
        yield _unjudged(page, place, report)
    asked = [o for o in report.outcomes if o.rule not in choice.ignore]
    left = [o for o in asked if isinstance(o, Fault) and choice.leaves_out(o)]
    heard = [o for o in asked if o not in left]
    if left:
        told = f"{len(left)} finding{'s' if len(left) > 1 else ''}"
        yield af.Note(text=f"{page.name}: {told} left out, as ignore= says")
    origin = origin_of(run, page)
    for rule, count in _met(heard).items():
        yield af.Rule(
            id=rule,
            title=FACTS[rule].title,
            advisory=rule == "page.console-error" and choice.console_error == "warn",
        )
        faults = [f for f in heard if isinstance(f, Fault) and f.rule == rule]
        ignored = [fault for fault in left if fault.rule == rule]
        subjects = {_subject(page, fault) for fault in (*faults, *ignored)}
        if count > len(subjects):
            yield af.Examined(rule=rule, count=count - len(subjects), place=place)
        for fault in faults:
            found = _finding(page, fault)
            shows = functools.partial(_shown, look, fault)
            yield origin(shows).on(found)


def _met(outcomes: list[Outcome]) -> dict[str, int]:
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
    fact = FACTS[fault.rule]
    return af.Finding(
        rule=fault.rule,
        title=fact.title,
        message=fault.message,
        verdict=fault.verdict,
        severity=fact.severity,
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
        why=fact.why,
        fix=fault.fix or fact.fix,
        fault=fault.word or faults.RULES.get(fault.rule),
        subject=_subject(page, fault),
    )


def _unjudged(page: af.Artefact, place: af.Place, report: Report) -> af.Finding:
    fact = FACTS["page.ran"]
    return af.Finding(
        rule="page.ran",
        title=fact.title,
        message=f"the page was not run: {report.unseen}",
        verdict=report.verdict,
        place=place,
        subject=page.name,
        fix="" if report.verdict is af.Verdict.UNDETERMINED else report.fix,
    )


def _report(run: af.Run, choice: Choice, page: af.Artefact) -> Report:
    """Judge one page; what is in the source is judged whatever the browser says."""
    kind = file_kind.kind_of(page.data)
    if kind.other:
        return Report(outcomes=tuple(page_errors_text.no_page(kind)))
    text = file_kind.text_of(page.data)
    still = [
        *page_errors_text.faults(page.data, text),
        *page_errors_scripts.json_faults(text),
    ]
    try:
        visited = visit_artefact(run, page, budget=choice.budget)
    except af.CheckError as gone:
        # It says itself what to install.
        said = str(gone)
        return Report(
            outcomes=tuple(still), unseen=said, verdict=af.Verdict.ERROR, fix=""
        )
    if visited.error is not None:
        return Report(
            outcomes=tuple(still), unseen=visited.error, verdict=visited.unjudged
        )
    looked = _looked(run, page, visited, choice)
    if isinstance(looked, Unknown):
        return Report(
            outcomes=tuple(still), unseen=looked.reason, verdict=af.Verdict.ERROR
        )
    live = [outcome for topic in TOPICS for outcome in topic(looked)]
    return Report(outcomes=(*still, *live))


def _looked(
    run: af.Run, page: af.Artefact, visited: Visit, choice: Choice
) -> Looked | Unknown:
    from agentflow_checks.web.visits import probe  # noqa: PLC0415 - heavy

    facts = probe(visited, [COLLECT], budget=choice.budget)[COLLECT.name]
    if isinstance(facts, Unknown):
        return facts
    clicks: Any = {}
    wanted = _to_press(facts)
    if wanted:
        press = Probe(name="page_errors.press", run=functools.partial(_press, wanted))
        clicks = probe(visited, [press], budget=choice.budget)[press.name]
    return Looked(
        name=page.name,
        source=file_kind.text_of(page.data),
        data=page.data,
        choice=choice,
        visited=visited,
        facts=facts,
        clicks={} if isinstance(clicks, Unknown) else clicks,
        siblings=_siblings(run, page),
    )


def _siblings(run: af.Run, page: af.Artefact) -> frozenset[str]:
    """Name the further pages that the run holds."""
    names = {a.name for a in run.artefacts if a.media_type == "text/html"}
    return frozenset(names - {page.name})


def _collect(bench: Bench) -> Any:
    """Read the live document, and compile its event handlers without running them."""
    install(bench, "agentflow_checks.markup", "page_errors.js")
    facts = ask(bench, "agentflowPageErrors.collect()")
    compiled: dict[str, str | None] = {}
    for handler in facts["handlers"][:MOST_HANDLERS]:
        code = handler["value"]
        if code not in compiled:
            compiled[code] = _syntax_error(bench, code)
        handler["error"] = compiled[code]
    return facts


COLLECT = Probe(name="page_errors.facts", run=_collect, acts=False)


def _syntax_error(bench: Bench, code: str) -> str | None:
    """Compile a handler as the body of a function; nothing of it is run."""
    wrapped = _refused(bench, f"(function(event){{\n{code}\n}})")
    if wrapped is None:
        return None
    # What the wrapping adds would be blamed where the code breaks off.
    alone = _refused(bench, code)
    return wrapped if alone is None or "return" in alone else alone


def _refused(bench: Bench, code: str) -> str | None:
    script = {"expression": code, "sourceURL": "", "persistScript": False}
    answer = command(bench, "Runtime.compileScript", script)
    problem = answer.get("exceptionDetails")
    if problem is None:
        return None
    said = problem.get("exception", {}).get("description") or problem["text"]
    return str(said).partition("\n")[0]


def _to_press(facts: Mapping[str, Any]) -> list[str]:
    """Choose the links that only pressing tells about; without scripts none does."""
    if not facts["scripts"] and not facts["handlerCount"]:
        return []
    links = [*facts["anchors"], *facts["dead"]]
    found = dict.fromkeys(e["selector"] for e in links if ">>>" not in e["selector"])
    return list(found)[:MOST_CLICKS]


def _press(selectors: list[str], bench: Bench) -> dict[str, Any]:
    """Press each link, and tell what changed, was thrown, opened or left."""
    install(bench, "agentflow_checks.markup", "page_errors.js")
    found: dict[str, Any] = {}
    for selector in selectors:
        tab = bench.tab
        log, left = len(tab.log), len(tab.dialogs) + len(tab.navigated_to)
        came = ask(bench, f"agentflowPageErrors.click({json.dumps(selector)})")
        if came is None:
            continue
        thrown = [e.text for e in tab.log[log:] if e.kind == "exception"]
        now = len(tab.dialogs) + len(tab.navigated_to)
        found[selector] = {
            **came,
            "threw": thrown[0] if thrown else "",
            "left": now > left,
        }
    return found
