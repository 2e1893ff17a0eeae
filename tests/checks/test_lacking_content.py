"""A check of what a recording lacks is an error, whatever check it is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.web import html

import pytest_agentflow as af

EXAMPLE = Path(__file__).parents[2] / "examples" / "website_builder"
RECORDING = EXAMPLE / "recordings" / "build_site" / "bakery.flow.json"

#: Every check there is, as a test would mark it.
CHECKS = {
    "accessibility": "accessibility",
    "best_practices": "best_practices",
    "coordination": "coordination(0.10)",
    "cost": "cost(total=1.0)",
    "design": f"design({str(EXAMPLE / 'brand.tokens.json')!r})",
    "diversity": "diversity(baseline='build_site_single/*')",
    "growth": "growth(calls='1', runs='build_site/*')",
    "hallucination": "hallucination",
    "handoff": "handoff('personalizer', '$.description.offers.items[*].price')",
    "html_validity": "html_validity",
    "page_errors": "page_errors",
    "personalised": "personalised(others='build_site/*')",
    "policy": f"policy({str(EXAMPLE / 'policies' / 'company.yaml')!r})",
    "prices": "prices",
    "prompts": "prompts",
    "replayed": "replayed",
    "stage_order": "stage_order('personalizer', 'frontend')",
    "stage_worth": "stage_worth('qa', checks=['html_validity'])",
}

#: What a check cannot do without.
NEEDED = {
    "artefacts": {
        "accessibility",
        "best_practices",
        "design",
        "diversity",
        "hallucination",
        "handoff",
        "html_validity",
        "page_errors",
        "personalised",
        "policy",
        "stage_worth",
    },
    "outputs": {"hallucination", "handoff", "stage_worth"},
    "sources": {"hallucination"},
    "messages": {"prompts"},
    "answer": {"replayed"},
}

_OF_A_CALL: dict[str, dict[str, Any]] = {
    "messages": {"messages": ()},
    "answer": {"answer": None},
}


@cache
def _run() -> af.Run:
    return af.load(RECORDING)


def lacking(kind: str) -> af.Run:
    """The sample's run as an import gives it that lacks one kind of content."""
    run = _run()
    if kind in _OF_A_CALL:
        gone = _OF_A_CALL[kind]
        calls = tuple(replace(call, missing=(kind,), **gone) for call in run.calls)
        return replace(run, calls=calls)
    if kind == "outputs":
        bare = tuple(replace(stage, outputs=()) for stage in run.stages)
        return replace(run, stages=bare, output=None, missing=(kind,))
    bare_fields: dict[str, Any] = (
        {kind: (), "output": None} if kind == "artefacts" else {kind: ()}
    )
    return replace(run, missing=(kind,), **bare_fields)


def test_every_check_there_is_was_thought_of() -> None:
    """A new check says here what it cannot do without."""
    assert set(CHECKS) == set(af.check_names())


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, names in NEEDED.items() for name in sorted(names)],
)
def test_a_check_of_what_is_lacking_errs(kind: str, name: str) -> None:
    """It neither passes nor is inapplicable, so that `optional` cannot hide it."""
    result = af.evaluate(lacking(kind), af.parse_check(CHECKS[name]).optional())
    assert result.results[0].verdict is af.Verdict.ERROR
    assert not result.ok


def test_prompts_are_missed_where_they_are_the_only_source() -> None:
    """Beside documents, a prompt that is lacking can only make a claim fail."""
    run = replace(lacking("messages"), sources=())
    assert af.evaluate(run, af.parse_check("hallucination")).verdict is af.Verdict.ERROR


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_not_applicable_is_so_in_the_whole_recording(name: str) -> None:
    """No check becomes inapplicable, or passes, only because content is lacking."""
    check = af.parse_check(CHECKS[name])
    whole = af.evaluate(_run(), check).results[0].verdict
    if whole is af.Verdict.INAPPLICABLE:
        return
    for kind in NEEDED:
        verdict = af.evaluate(lacking(kind), check).results[0].verdict
        assert verdict is not af.Verdict.INAPPLICABLE, kind
        if whole is af.Verdict.FAILED:
            assert verdict is not af.Verdict.PASSED, kind


@af.check("headings", each=html.tags("h1"))
def headings(heading: html.Tag) -> str | None:
    """A page has a heading that says something."""
    return None if heading.text.strip() else "an empty heading"


def test_a_check_of_elements_errs_like_the_others() -> None:
    """Checks of users read pages by the same door."""
    result = af.evaluate(lacking("artefacts"), headings().optional())
    assert result.results[0].verdict is af.Verdict.ERROR


def test_the_message_says_what_where_and_how_to_repair_it() -> None:
    """One sentence each, with the lack of a stage told from another's."""
    run = replace(_run(), missing=("sources:artist",))
    af.expect_content(run, "sources", stage="frontend")
    with pytest.raises(af.CheckError, match=r"build_site/bakery lacks sources:artist"):
        af.expect_content(run, "sources")
    with pytest.raises(af.CheckError, match="agentflow_retrievers"):
        af.expect_content(run, "sources", stage="artist")
    with pytest.raises(af.CheckError, match="lacks messages of call"):
        af.expect_content(lacking("messages"), "artefacts", "messages")


def test_a_run_that_simply_made_no_page_is_inapplicable() -> None:
    """Where nothing is said to be lacking, there was nothing."""
    bare = replace(_run(), artefacts=())
    result = af.evaluate(bare, af.parse_check("html_validity").optional())
    assert result.results[0].verdict is af.Verdict.INAPPLICABLE
