"""Whether messages about refused values say which field, and what is wrong with it."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

WORD = re.compile(r"[^\W_]+")

_SIGN = re.compile(r"[@#%&+=<>/\d]")
"""Signs and figures that a value lacks or has are a reason."""


@functools.cache
def lists() -> Mapping[str, frozenset[str]]:
    """Give words of all languages by their kind: ``wrong``, ``empty``, ``kinds``."""
    import yaml  # noqa: PLC0415 - not needed to collect tests

    place = importlib.resources.files(__package__).joinpath("errors.yaml")
    read = yaml.safe_load(place.read_text("utf-8"))
    return {
        kind: frozenset(word for text in said.values() for word in text.split())
        for kind, said in read.items()
    }


def words(text: str) -> list[str]:
    """Give the words of a text, without case and signs."""
    return WORD.findall(text.casefold())


def holds(text: Sequence[str], part: Sequence[str]) -> bool:
    """Whether words stand in a text, one after the other."""
    size = len(part)
    spots = range(len(text) - size + 1) if size else ()
    return any(list(text[i : i + size]) == list(part) for i in spots)


def says_why(message: str, labels: Sequence[str]) -> bool:
    """Whether a message says more than that something is wrong with a field.

    Args:
        message: what is shown.
        labels: of the fields that it may be about; their words are no reason.
    """
    said = words(message)
    known = lists()
    if not known["wrong"].intersection(said) or _SIGN.search(message):
        return True
    called = {word for label in labels for word in words(label)}
    called -= known["kinds"]
    return any(word not in known["wrong"] | known["empty"] | called for word in said)


def messages(bench: Bench) -> Any:
    """Give what the page's forms call errors, with the fields beside it."""
    question = (
        "document.querySelector('input, select, textarea, [role=textbox]') !== null"
    )
    if not probing.ask(bench, question):
        return []
    probing.install(bench, __package__, "errors.js")
    return json.loads(probing.ask(bench, "agentflowErrors.messages()"))


MESSAGES = Probe(name="error-messages", run=messages, acts=False)


def identified(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each message that calls itself an error."""
    del visited
    for one in facts[MESSAGES.name]:
        box = af.Box(*one["box"])
        said = {"selector": one["selector"], "html": one["html"], "box": box}
        verdict, message = _judged(one)
        if verdict is not None:
            expected = "words that all people get: which field, and what is wrong"
            yield Subject(
                verdict=verdict,
                message=message,
                observed=one["text"],
                expected=expected if message else None,
                **said,
            )


def _judged(one: Mapping[str, Any]) -> tuple[af.Verdict | None, str]:
    shown = repr(one["text"][:80])
    if not one["shown"]:
        if not one["by"]:
            return None, ""
        return af.Verdict.UNDETERMINED, (
            f"{shown} cannot be seen, and is read out with {one['by']} already: is it "
            "shown, and read out, when the value is refused only?"
        )
    if not one["told"] and not one["again"]:
        return af.Verdict.FAILED, (
            f"{shown} is seen, and hidden from screen readers (aria-hidden)"
        )
    labels = [field["label"] for field in one["fields"]]
    if not says_why(one["text"], labels):
        return af.Verdict.FAILED, (
            f"{shown} says that something is wrong, and neither what nor how to mend it"
        )
    return _which(one, shown)


def _names(said: Sequence[str], label: str) -> bool:
    """Whether a message has a word of a label that tells it from others."""
    known = lists()
    own = set(words(label)) - known["empty"] - known["wrong"]
    return bool(own.intersection(said)) or holds(said, words(label))


def _which(one: Mapping[str, Any], shown: str) -> tuple[af.Verdict, str]:
    """Judge a message by whether one knows which field it is about."""
    if one["tied"] or one["beside"] or len(one["near"]) <= 1:
        return af.Verdict.PASSED, ""
    said = words(one["text"])
    named = [f for f in one["near"] if _names(said, f["label"])]
    if not named:
        return af.Verdict.UNDETERMINED, (
            f"{shown} names none of the {len(one['near'])} fields beside it: is it "
            "clear which one it is about?"
        )
    for field in named:
        like = [f for f in named if words(f["label"]) == words(field["label"])]
        groups = {f["group"] for f in like}
        if len(like) > 1 and not any(holds(said, words(g)) for g in groups if g):
            return af.Verdict.FAILED, (
                f"{shown} is about {field['label']!r}, and {len(like)} fields are "
                "called so"
            )
    return af.Verdict.PASSED, ""


RULES = (
    OwnRule(
        id="error-identified",
        title="Messages about errors say which field, and what is wrong",
        criteria=("3.3.1",),
        act=("36b590",),
        category="forms",
        fix="Write beside the field what is wrong and how to mend it, and tie it to "
        "the field by aria-describedby.",
        probes=(MESSAGES,),
        judge=identified,
    ),
)
