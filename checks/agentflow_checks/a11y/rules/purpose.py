"""Whether links and labels say more than that something is there."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@functools.cache
def empty_words() -> Mapping[str, frozenset[str]]:
    """Give what says nothing: of ``links``, of ``fields``, and file ``formats``."""
    import yaml  # noqa: PLC0415 - not needed to collect tests

    place = importlib.resources.files(__package__).joinpath("empty_words.yaml")
    read = yaml.safe_load(place.read_text("utf-8"))

    def names(text: str) -> Iterator[str]:
        return (" ".join(part.split()) for part in text.split(";"))

    return {
        kind: frozenset(
            name
            for text in (said.values() if isinstance(said, dict) else [said])
            for name in names(text)
        )
        for kind, said in read.items()
    }


def plain(text: str) -> str:
    """Write a name without case, signs and double spaces."""
    return " ".join(WORD.findall(text.casefold().replace("\u2019", "'")))


def says_nothing(name: str) -> bool:
    """Whether a link of this name may lead anywhere."""
    known = empty_words()
    return plain(name) in known["links"] | known["formats"]


def links(bench: Bench) -> Any:
    """Give every link that is read out: its name, and what stands around it."""
    question = "document.querySelector('a, [role=link]') !== null"
    if not probing.ask(bench, question):
        return []
    probing.install(bench, __package__, "purpose.js")
    return json.loads(probing.ask(bench, "agentflowPurpose.links()"))


def fields(bench: Bench) -> Any:
    """Give every form field with the labels that are seen beside it."""
    question = "document.querySelector('label, [aria-labelledby]') !== null"
    if not probing.ask(bench, question):
        return []
    probing.install(bench, __package__, "purpose.js")
    return json.loads(probing.ask(bench, "agentflowPurpose.fields()"))


LINKS = Probe(name="purpose-links", run=links, acts=False)
FIELDS = Probe(name="purpose-fields", run=fields, acts=False)


def _said(one: Mapping[str, Any]) -> dict[str, Any]:
    box = af.Box(*one["box"])
    return {"selector": one["selector"], "html": one["html"], "box": box}


def _around(one: Mapping[str, Any]) -> int:
    """Count the words of a link's context that are not its own."""
    return sum(len(WORD.findall(text)) for text in one["context"])


def purpose_in_context(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each link by its name and the sentence, item or cell that it stands in."""
    del visited
    asked: set[str] = set()
    for one in facts[LINKS.name]:
        name = plain(one["name"])
        if _around(one) or not (says_nothing(name) or _bare(one)):
            yield Subject(verdict=af.Verdict.PASSED, **_said(one))
        elif one["heading"] or not says_nothing(name):
            if name in asked:
                continue
            asked.add(name)
            told = (
                f"does the heading {one['heading']!r} say"
                if one["heading"]
                else "is that enough to say"
            )
            yield Subject(
                verdict=af.Verdict.UNDETERMINED,
                message=f"the link says {one['name']!r} and nothing stands beside it: "
                f"{told} where it leads?",
                **_said(one),
            )
        else:
            yield _failed(one, "and neither its sentence nor a heading before it says")


def _bare(one: Mapping[str, Any]) -> bool:
    """Whether a link is one word in a paragraph of its own, that nothing heads."""
    alone = one["paragraph"] and not one["heading"] and not one["listed"]
    return bool(alone and len(plain(one["name"]).split()) == 1)


def purpose_alone(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each link by its name alone."""
    del visited
    for one in facts[LINKS.name]:
        if says_nothing(one["name"]):
            yield _failed(one, "which does not say")
        else:
            yield Subject(verdict=af.Verdict.PASSED, **_said(one))


def _failed(one: Mapping[str, Any], how: str) -> Subject:
    return Subject(
        verdict=af.Verdict.FAILED,
        message=f"the link says {one['name']!r}, {how} where it leads",
        observed=one["name"],
        expected="words that say where it leads",
        **_said(one),
    )


def labels_tell(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the labels that are seen beside each field."""
    del visited
    known = empty_words()["fields"]
    for one in facts[FIELDS.name]:
        if not _only(one["labels"], known):
            yield Subject(verdict=af.Verdict.PASSED, **_said(one))
            continue
        shown = ", ".join(repr(text) for text in one["labels"])
        message = f"the label beside the field says {shown}, not what belongs into it"
        told = one["around"]
        yield Subject(
            verdict=af.Verdict.UNDETERMINED if told else af.Verdict.FAILED,
            message=f"{message}: does {told!r} say it?" if told else message,
            observed=shown,
            expected="a label that says what belongs into the field",
            **_said(one),
        )


def _only(labels: Iterable[str], known: frozenset[str]) -> bool:
    said = [plain(text) for text in labels]
    return any(said) and all(text in known for text in said if text)


RULES = (
    OwnRule(
        id="link-says-where",
        title='Links say more than "here" or "more"',
        criteria=("2.4.4",),
        act=("5effbb",),
        category="text-alternatives",
        fix='Say in the link where it leads: the title of the page, not "more".',
        probes=(LINKS,),
        judge=purpose_in_context,
    ),
    OwnRule(
        id="link-alone-says-where",
        title='Links say by themselves more than "here" or "more"',
        criteria=("2.4.9",),
        level="AAA",
        act=("aizyf1",),
        category="text-alternatives",
        fix='Say in the link where it leads: the title of the page, not "more".',
        probes=(LINKS,),
        judge=purpose_alone,
    ),
    OwnRule(
        id="label-says-what",
        title='Labels of fields say more than "enter text" or "go"',
        criteria=("2.4.6",),
        level="AA",
        act=("cc0f0a",),
        category="forms",
        fix="Write beside the field what belongs into it.",
        probes=(FIELDS,),
        judge=labels_tell,
    ),
)
