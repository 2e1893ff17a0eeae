"""Whether what people read is in the language that the page says it is in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules import languages
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

EXAMPLE = 60
"""Characters of a text that are shown of it."""


SENTENCE = 20
"""Characters of a whole page, its title among them, below which it has no language."""


def texts(bench: Bench) -> Any:
    """Give the text that each element with a known lang hands its language on to."""
    if not probing.ask(bench, "document.querySelector('[lang]') !== null"):
        return []
    probing.install(bench, __package__, "language.js")
    return json.loads(probing.ask(bench, "agentflowLanguage.texts()"))


TEXTS = Probe(name="language-texts", run=texts, acts=False)


def page_language(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the page by the text that has no other language than the page's own."""
    del visited
    for one in facts[TEXTS.name]:
        if one["whole"] and len(one["text"]) >= SENTENCE:
            yield _judged(one)


def part_language(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each part of the page that says which language it is in."""
    del visited
    for one in facts[TEXTS.name]:
        # A few words that repeat the language around them change nothing.
        said_again = _primary(one["tag"]) == _primary(one["around"])
        short = len(one["text"]) < SENTENCE
        if not one["whole"] and not (said_again and short):
            yield _judged(one)


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _judged(one: dict[str, Any]) -> Subject:
    text, tag = one["text"], one["tag"]
    said = {"selector": one["selector"], "html": one["html"]}
    box = af.Box(*one["box"])
    # In lists of languages each is called by its own name.
    if text.casefold() in {one["own"].casefold(), one["own"].partition(" (")[0]}:
        return Subject(verdict=af.Verdict.PASSED, box=box, **said)
    try:
        told = languages.tell(text, _primary(tag))
    except languages.NoModel as missing:
        message = str(missing)
        return Subject(
            verdict=af.Verdict.UNDETERMINED, box=box, message=message, **said
        )
    if told.verdict:
        return Subject(verdict=af.Verdict.PASSED, box=box, **said)
    shown = " ".join(text.split())
    shown = shown if len(shown) <= EXAMPLE else f"{shown[:EXAMPLE]}..."
    if told.verdict is None:
        message = f"is {shown!r} in the language {tag!r}? Not told by us: {told.why}"
        return Subject(
            verdict=af.Verdict.UNDETERMINED, box=box, message=message, **said
        )
    return Subject(
        verdict=af.Verdict.FAILED,
        box=box,
        message=f"its text is not in {tag!r} but in {told.found!r}: {told.why}",
        observed=shown,
        expected=f'lang="{told.found}", or text in {tag!r}',
        **said,
    )


RULES = (
    OwnRule(
        id="page-language",
        title="The page's text is in the language of its lang attribute",
        criteria=("3.1.1",),
        act=("ucwvc8",),
        category="language",
        fix="Say on <html> which language the page is written in; screen readers "
        "pronounce it so.",
        probes=(TEXTS,),
        judge=page_language,
    ),
    OwnRule(
        id="part-language",
        title="Parts of the page are in the language of their lang attribute",
        criteria=("3.1.2",),
        level="AA",
        act=("off6ek",),
        category="language",
        fix="Say on the element which language its text is written in.",
        probes=(TEXTS,),
        judge=part_language,
    ),
)
