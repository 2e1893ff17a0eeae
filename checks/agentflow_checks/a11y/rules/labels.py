"""Whether controls are called what is written on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
"""What speakers leave out: WCAG 2.2, understanding 2.5.3, text in parentheses."""

ABBREVIATED = re.compile(r"[^\W\d_]+(?=\.)")

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def labels(bench: Bench) -> Any:
    """Give the controls named by aria-label or aria-labelledby that show text."""
    probing.install(bench, __package__, "labels.js")
    return json.loads(probing.ask(bench, "agentflowLabels.labels()"))


LABELS = Probe(name="labels", run=labels, acts=False)


def words(text: str) -> list[str]:
    """Give the words of a label or name as they are spoken: no case, no punctuation."""
    spoken = BRACKETED.sub(" ", text)
    return [word.casefold().replace("\u2019", "'") for word in WORD.findall(spoken)]


def holds(name: Sequence[str], label: Sequence[str]) -> bool:
    """Whether the words of a label stand in a name, one after the other."""
    size = len(label)
    spots = range(len(name) - size + 1)
    return any(list(name[i : i + size]) == list(label) for i in spots)


def doubtful(text: str, label: Sequence[str], name: Sequence[str]) -> str | None:
    """Say why a mismatch may be none: signs and abbreviations are spoken otherwise."""
    if not label:
        return "only signs are seen on it"
    if len(label) == 1 and len(label[0]) == 1 and label[0].isalpha():
        return "one letter may be a sign"
    short = [word.casefold() for word in ABBREVIATED.findall(text)]
    if any(
        word != whole and whole.startswith(word) for word in short for whole in name
    ):
        return "it is abbreviated"
    if "-" in text and "".join(label) in "".join(name):
        return "a hyphen is written or not"
    return None


def label_in_name(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each control by whether its name holds the words that are seen on it."""
    del visited
    for control in facts[LABELS.name]:
        place = {"selector": control["selector"], "html": control["html"]}
        box = af.Box(*control["box"])
        label, name = words(control["text"]), words(control["name"])
        if label and holds(name, label):
            yield Subject(verdict=af.Verdict.PASSED, box=box, **place)
            continue
        said = f"it shows {control['text']!r} and is called {control['name']!r}"
        doubt = doubtful(control["text"], label, name)
        if doubt is None and control["icon"]:
            doubt = "a part of it is drawn by an icon font"
        yield Subject(
            verdict=af.Verdict.UNDETERMINED if doubt else af.Verdict.FAILED,
            box=box,
            message=f"{said}: {doubt}; would people say it so?" if doubt else said,
            observed=control["name"],
            expected=f"a name with the words {control['text']!r}",
            **place,
        )


RULES = (
    OwnRule(
        id="label-in-name",
        title="Controls are called what is written on them",
        criteria=("2.5.3",),
        version="2.1",
        act=("2ee8b8",),
        category="semantics",
        fix="Let the name begin with the words that are seen, or remove aria-label.",
        probes=(LABELS,),
        judge=label_in_name,
    ),
)
