"""Whether what all pages of a site repeat can be passed by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

_NEIGHBOURS = (
    "[...document.querySelectorAll('a[href]')].slice(0, 300).some((a) => "
    "a.origin === location.origin && a.pathname !== location.pathname)"
)


BLOCK = 20
"""Characters of a single piece of text that is a block to pass by: a site's name alone
is none."""


def _is_block(found: dict[str, Any]) -> bool:
    return bool(found.get("repeated", 0) > 1 or found.get("length", 0) >= BLOCK)


def blocks(bench: Bench) -> Any:
    """Compare the page with pages of its site, and press what may lead past blocks.

    Gives ``pages`` (how many it was compared with), ``repeated`` (pieces of text that
    stand on them, too, before what does not) and their ``length``; ``heading`` and
    ``landmark`` (``there`` where the content begins, ``later``, ``none``); ``way``
    (what a control before the content does: ``leads`` to it, ``hides`` what is before
    it).
    """
    if not probing.ask(bench, _NEIGHBOURS):
        return {"pages": 0}
    probing.install(bench, __package__, "bypass.js")
    found = json.loads(probing.ask(bench, "agentflowBypass.compare()"))
    if not _is_block(found) or "there" in (
        found["heading"],
        found["landmark"],
    ):
        return found
    found["way"] = _way(bench)
    probing.load(bench)
    return found


def _way(bench: Bench) -> str:
    """Press each control before the content, until one leads past what is repeated."""
    for index in range(int(probing.ask(bench, "agentflowBypass.candidates()"))):
        if not json.loads(probing.ask(bench, f"agentflowBypass.focus({index})")):
            continue
        probing.press(bench, "Enter")
        did = json.loads(probing.ask(bench, f"agentflowBypass.led({index})"))
        if did:
            return str(did)
    return ""


BLOCKS = Probe(name="bypass-blocks", run=blocks, acts=False)


def passed_by(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge the page by whether one gets to its own content past what is repeated."""
    del visited
    seen = facts[BLOCKS.name]
    if not _is_block(seen):
        return
    said = {"selector": seen["selector"], "html": seen["html"]}
    if "there" in (seen["heading"], seen["landmark"]) or seen["way"]:
        yield Subject(verdict=af.Verdict.PASSED, **said)
        return
    begins = f"content begins with {seen['text']!r}"
    repeated = f"{seen['repeated']} pieces of text before it stand on other pages, too"
    if "later" in (seen["heading"], seen["landmark"]):
        yield Subject(
            verdict=af.Verdict.UNDETERMINED,
            message=f"{begins}, {repeated}: does a heading or landmark inside of it "
            "lead to where it begins?",
            **said,
        )
        return
    yield Subject(
        verdict=af.Verdict.FAILED,
        message=f"{begins}; {repeated}, and no heading, main landmark or link that "
        "works leads past them",
        observed=f"repeated: {seen['example']!r}, ...",
        expected="<main>, a heading at its beginning, or a link to it",
        **said,
    )


RULES = (
    OwnRule(
        id="bypass-repeated",
        title="What pages of a site repeat can be passed by",
        criteria=("2.4.1",),
        act=("cf77f2", "047fe0", "b40fd1", "ye5d6e", "3e12e1"),
        category="keyboard",
        fix="Put the page's own content into <main>, let it begin with a heading, or "
        "begin the page with a link to it.",
        probes=(BLOCKS,),
        judge=passed_by,
    ),
)
