"""Judge the pages of a run by the facts of one visit, and name who broke them."""

from __future__ import annotations

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
    page_report,
)
from agentflow_checks.markup.origins import origin_of
from agentflow_checks.markup.page_errors_fault import (
    FACTS,
    Choice,
    Fault,
    Looked,
)
from agentflow_checks.markup.page_report import Outcome, Report, place_of, subject
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


OF_SOURCE = frozenset(
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
    if report.unseen:
        yield _unjudged(page, report)
    asked = [o for o in report.outcomes if o.rule not in choice.ignore]
    left = [o for o in asked if isinstance(o, Fault) and choice.leaves_out(o)]
    heard = [o for o in asked if o not in left]
    if left:
        told = f"{len(left)} finding{'s' if len(left) > 1 else ''}"
        yield af.Note(text=f"{page.name}: {told} left out, as ignore= says")
    origin = origin_of(run, page)
    yield from page_report.told(
        page,
        heard,
        rule=functools.partial(_rule, choice),
        finding=functools.partial(_finding, page),
        introduced=lambda fault: origin(lambda version: look(version).shows(fault)),
        left_out=left,
    )


def _rule(choice: Choice, name: str) -> af.Rule:
    advisory = name == "page.console-error" and choice.console_error == "warn"
    return af.Rule(id=name, title=FACTS[name].title, advisory=advisory)


def _finding(page: af.Artefact, fault: Fault) -> af.Finding:
    fact = FACTS[fault.rule]
    return af.Finding(
        rule=fault.rule,
        title=fact.title,
        message=fault.message,
        verdict=fault.verdict,
        severity=fact.severity,
        place=place_of(page, fault),
        observed=fault.observed,
        expected=fault.expected,
        evidence=fault.key,
        why=fact.why,
        fix=fault.fix or fact.fix,
        fault=fault.word or faults.RULES.get(fault.rule),
        subject=subject(page, fault),
    )


def _unjudged(page: af.Artefact, report: Report) -> af.Finding:
    fact = FACTS["page.ran"]
    return af.Finding(
        rule="page.ran",
        title=fact.title,
        message=f"the page was not run: {report.unseen}",
        verdict=report.verdict,
        place=af.Place(stage=page.stage, artefact=page.name),
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
        return _not_run(still, said, af.Verdict.ERROR, fix="")
    if visited.error is not None:
        return _not_run(still, visited.error, visited.unjudged)
    looked = _looked(run, page, visited, choice)
    if isinstance(looked, Unknown):
        return _not_run(still, looked.reason, af.Verdict.ERROR)
    live = [outcome for topic in TOPICS for outcome in topic(looked)]
    return Report(outcomes=(*still, *live))


def _not_run(
    still: list[Outcome],
    why: str,
    verdict: af.Verdict,
    *,
    fix: str = FACTS["page.ran"].fix,
) -> Report:
    return Report(
        outcomes=tuple(still),
        unseen=why,
        verdict=verdict,
        fix=fix,
        of_source=OF_SOURCE,
    )


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
