"""Judge the pages of a run, a driver's page, or an axe result somebody else made."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y import own
from agentflow_checks.a11y.choice import Choice, chosen
from agentflow_checks.a11y.outcome import KINDS, Judged, outcomes, selector_of
from agentflow_checks.a11y.picture import picture
from agentflow_checks.a11y.rules import RULES, backdrop
from agentflow_checks.a11y.states import states
from agentflow_checks.web import html
from agentflow_checks.web.artefacts import attribute_fault, pages_of, visit_artefact
from agentflow_checks.web.content import SHOWN
from agentflow_checks.web.missing import PartMissing, unjudged
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Unknown

JUDGED = af.Rule(id="a11y.page-judged", title="The page can be judged")


def judge_run(
    run: af.Run, choice: Choice, *, stage: str | None, budget: float
) -> Iterator[object]:
    """Judge every page, and follow each fault back to the stage that made it."""
    rules: frozenset[str] | None = None
    pages = pages_of(run, stage)
    for page in pages:
        try:
            rules = rules or installed_rules(choice)
        except PartMissing as gone:
            yield unjudged(JUDGED, _place(page), gone)
        else:
            alone = len(pages) == 1
            yield from _judge_page(run, page, choice, rules, budget, alone=alone)


def installed_rules(choice: Choice) -> frozenset[str]:
    """Give the rules to run, by the tags of the installed axe-core.

    Raises:
        PartMissing: browser, driver or axe-core is not installed.
        CheckError: a rule was named that does not exist.
    """
    from agentflow_checks.web.visits import axe_rules  # noqa: PLC0415 - heavy

    return chosen(choice, [*axe_rules(), *RULES.values()])


def _place(page: af.Artefact) -> af.Place:
    return af.Place(stage=page.stage, artefact=page.name)


def _judge_page(
    run: af.Run,
    page: af.Artefact,
    choice: Choice,
    rules: frozenset[str],
    budget: float,
    *,
    alone: bool,
) -> Iterator[object]:
    look = functools.partial(_look, run, rules, budget)
    visited = look(page)
    place = _place(page)
    if visited.error is not None:
        said = f"the page could not be judged: {visited.error}"
        yield _unjudged(place, said, visited)
        return
    if visited.axe_error is not None:
        # Our own rules do not need it; the page passes by them alone in no case.
        said = f"{visited.axe_error}: only our own rules were judged"
        yield _unjudged(place, said, visited)
    yield from _doubts(visited, place)
    judged = Judged(
        name=page.name,
        stage=page.stage,
        axe=answer_of(visited, rules, budget=budget),
        where=functools.partial(_where, page.text, visited.dom),
    )
    bare = not has_subject(visited)
    if bare:
        yield _bare(place, alone=alone)
    found = []
    first = outcomes(judged, choice)
    for outcome in _certain(first) if bare else first:
        if isinstance(outcome, af.Finding):
            outcome = _attributed(run, page, outcome, look, budget)  # noqa: PLW2901
            found.append(outcome)
        yield outcome
    if found:
        yield from picture(visited, page.name, found)
    if visited.axe is not None:
        later = _in_states(visited, judged, choice, rules, budget)
        yield from _certain(later) if bare else later


def has_subject(visited: Visit) -> bool:
    """Whether the body holds anything that a rule about people's access can examine.

    Title, language and viewport are the document's; landmarks and other containers are
    fine as long as they are empty. Hidden text that is laid out is for screen readers.
    """
    if any(
        element.styles["visibility"] == "visible"
        and (
            element.tag in SHOWN
            or (element.text and element.tag != "::marker")
            or element.styles["background-image"] != "none"
        )
        for element in visited.elements
    ):
        return True
    # Text whose element has no box of its own (display: contents) axe-core sees.
    whole = visited.axe or {}
    kinds = ("violations", "incomplete", "passes")
    decided = (rule["id"] for kind in kinds for rule in whole.get(kind, ()))
    return "color-contrast" in decided


def _certain(said: Iterator[object]) -> Iterator[object]:
    """Keep what fails; what passes, and what is asked, has no subject."""
    for outcome in said:
        if isinstance(outcome, af.Finding):
            if outcome.verdict is not af.Verdict.UNDETERMINED:
                yield outcome
            else:
                yield af.Rule(id=outcome.rule, title=outcome.title)
        elif not isinstance(outcome, af.Examined):
            yield outcome


def _bare(place: af.Place, *, alone: bool) -> af.Note | af.Finding:
    """Tell a page without content; beside others, what passes there is not its own."""
    said = "nothing in its body to judge, so nothing of it passes"
    if alone:
        return af.Note(text=f"{place}: {said}", warning=True)
    return af.Finding(
        rule=JUDGED.id,
        title=JUDGED.title,
        message=said,
        verdict=af.Verdict.UNDETERMINED,
        place=place,
    )


def _unjudged(place: af.Place, message: str, visited: Visit) -> af.Finding:
    return af.Finding(
        rule=JUDGED.id,
        title=JUDGED.title,
        message=message,
        verdict=visited.unjudged,
        place=place,
    )


def _in_states(
    visited: Visit,
    judged: Judged,
    choice: Choice,
    rules: frozenset[str],
    budget: float,
) -> Iterator[object]:
    """Judge what the page shows when it is used; its first look is judged before."""
    for state in states(visited, choice.states, rules, budget=budget):
        if isinstance(state, Unknown):
            yield _unseen(judged, state.reason)
            continue
        yield from outcomes(
            dataclasses.replace(
                judged,
                axe=state.axe,
                state=state.name,
                viewport=state.viewport,
                scheme=state.scheme,
            ),
            choice,
        )


def _unseen(judged: Judged, reason: str) -> af.Finding:
    """Ask about a state that was to be judged, and was not."""
    return af.Finding(
        rule="a11y.states-examined",
        title="Every state that was asked for was judged",
        message=f"not examined: {reason}",
        verdict=af.Verdict.UNDETERMINED,
        place=af.Place(stage=judged.stage, artefact=judged.name),
        subject=f"{judged.name} {reason}",
        fix="Give the page more time, accessibility(budget=30), or judge by fewer "
        "rules or states.",
    )


def _look(
    run: af.Run, rules: frozenset[str], budget: float, page: af.Artefact
) -> Visit:
    # What every check can share is asked for, where it holds all that is wanted here.
    from agentflow_checks.web.visits import default_rules  # noqa: PLC0415 - heavy

    common = default_rules()
    by_axe = rules - RULES.keys()
    asked: Collection[str] | None = None if by_axe <= common else by_axe
    return visit_artefact(run, page, rules=asked, budget=budget)


def answer_of(
    visited: Visit, rules: frozenset[str], *, budget: float
) -> Mapping[str, Any]:
    """Give what axe-core and our own rules say, about the wanted rules only."""
    whole = visited.axe or {}
    said = {
        kind: [rule for rule in whole.get(kind, ()) if rule["id"] in rules]
        for kind in KINDS
    }
    ours = own.answer(visited, rules, budget=budget)
    said["incomplete"] = list(_still_asked(visited, said["incomplete"], rules, budget))
    return own.merged(said, ours)


def _still_asked(
    visited: Visit, asked: list[Any], rules: frozenset[str], budget: float
) -> Iterator[Mapping[str, Any]]:
    """Leave out what axe-core asks about text on pictures that was measured by us."""
    from agentflow_checks.web.visits import probe  # noqa: PLC0415 - heavy

    for rule in asked:
        if backdrop.ANSWERS.get(rule["id"]) not in rules:
            yield rule
            continue
        facts = probe(visited, [backdrop.BEHIND], budget=budget)
        found = facts[backdrop.BEHIND.name]
        known = not isinstance(found, Unknown)
        nodes = rule["nodes"]
        left = backdrop.answered(visited, facts, nodes) if known else nodes
        if left:
            yield {**rule, "nodes": left}


def _doubts(visited: Visit, place: af.Place) -> Iterator[object]:
    """Say what keeps the page's own answer from being the whole truth."""
    if visited.navigated_to:
        yield af.Finding(
            rule="a11y.page-stays",
            title="The page stays where it is",
            message=(
                f"the page navigates away by itself, to {visited.navigated_to[0]}; "
                "judged is the page before that"
            ),
            verdict=af.Verdict.UNDETERMINED,
            place=place,
            observed=visited.navigated_to[0],
            fix="Judge the page it goes to, or let people start the journey.",
        )
    if visited.hidden_roots:
        yield af.Finding(
            rule="a11y.closed-shadow-roots",
            title="Every element can be examined",
            message=(
                f"{visited.hidden_roots} elements inside closed shadow roots were not "
                "examined"
            ),
            verdict=af.Verdict.UNDETERMINED,
            place=place,
            fix="Open the shadow roots in tests, or examine these parts by hand.",
        )
    if not visited.settled:
        text = f"{place}: it was still loading when it was judged, as far as it was"
        yield af.Note(text=text, warning=True)


def _where(source: str, dom: str, selector: str) -> tuple[int, int] | None:
    position = None if ">>>" in selector else html.locate(source, dom, selector)
    return None if position is None else (position.line, position.column)


def _attributed(
    run: af.Run,
    page: af.Artefact,
    finding: af.Finding,
    look: Callable[[af.Artefact], Visit],
    budget: float,
) -> af.Finding:
    """Look for the same fault in the page's versions along the stages.

    It is the same where the rule reports the same selector, or the same markup.
    """
    kind = "violations" if finding.verdict is af.Verdict.FAILED else "any"

    def shows(version: af.Artefact) -> bool | None:
        visited = look(version)
        if visited.error is not None:
            return None
        return any(
            selector_of(node) == finding.place.selector
            or node["html"] == finding.evidence
            for node in _nodes(visited, finding.rule, kind, budget)
        )

    return attribute_fault(run, page, shows).on(finding)


def _nodes(
    visited: Visit, rule: str, kind: str, budget: float
) -> Iterator[Mapping[str, Any]]:
    kinds = ("violations",) if kind == "violations" else ("violations", "incomplete")
    said = answer_of(visited, frozenset({rule.removeprefix("a11y.")}), budget=budget)
    for each in kinds:
        for found in said[each]:
            yield from found["nodes"]


def judge_driver(driver: Any, choice: Choice) -> Iterator[object]:
    """Judge the page that a live selenium driver has loaded."""
    from agentflow_checks.a11y.driver import run_axe  # noqa: PLC0415 - heavy

    name, answer = run_axe(driver)
    yield from _judge_answer(name, answer, choice)


def judge_result(result: Mapping[str, Any], choice: Choice) -> Iterator[object]:
    """Judge an axe result: what axe-selenium-python's ``run()`` returned."""
    missing = [kind for kind in ("violations", "incomplete") if kind not in result]
    if missing:
        message = (
            f"result= is no axe result: it has no {' and no '.join(missing)}. Pass the "
            "dictionary that axe.run() returned, whole"
        )
        raise af.CheckError(message)
    yield from _judge_answer(str(result.get("url") or "axe result"), result, choice)


def _judge_answer(
    name: str, answer: Mapping[str, Any], choice: Choice
) -> Iterator[object]:
    wanted = {
        kind: [
            rule
            for rule in answer.get(kind, ())
            if choice.wants(rule["id"], rule.get("tags", ()))
        ]
        for kind in KINDS
    }
    if not any(wanted.values()):
        message = f"no rule of {name} belongs to what was asked for: nothing examined"
        raise af.CheckError(message)
    said = outcomes(
        Judged(name=name, stage=None, axe=wanted, where=lambda _: None), choice
    )
    if answer_has_subject(answer):
        yield from said
        return
    text = f"{name}: nothing in its body to judge, so nothing of it passes"
    yield af.Note(text=text, warning=True)
    yield from _certain(said)


OF_DOCUMENT = re.compile(
    r"landmark-|page-has-heading-one$|document-title$|html-|meta-|bypass$|region$"
    r"|aria-hidden-body$|css-orientation-lock$|skip-link$|valid-lang$"
)
"""Rules that look at the document and its landmarks, however empty these are."""


def answer_has_subject(answer: Mapping[str, Any]) -> bool:
    """Whether an axe result decided anything about the content of a page's body.

    A result without its passes says nothing of it: somebody left them out, and what
    is left is what was found.
    """
    if "passes" not in answer:
        return True
    kinds = ("violations", "incomplete", "passes")
    decided = (rule["id"] for kind in kinds for rule in answer.get(kind, ()))
    return any(not OF_DOCUMENT.match(rule) for rule in decided)
