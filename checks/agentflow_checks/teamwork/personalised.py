"""A page made for one customer is not the page made for another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.teamwork.texts import overlap, shingles, stage_texts, visible


def _validate(*, most_shared: float = 0.8, **_: Any) -> None:
    if not 0 < most_shared <= 1:
        message = f"most_shared={most_shared} is a share above 0 and up to 1"
        raise ValueError(message)


@af.check("personalised", validate=_validate)
def personalised(
    run: af.Run, others: str, *, most_shared: float = 0.8
) -> Iterator[object]:
    """The page differs from the pages made for other customers.

    Args:
        run: the run.
        others: glob of recordings below the recordings folder: ``build_site/*``. The
            run's own case is left out.
        most_shared: largest share of five-word sequences of the shorter text that two
            pages may have in common. Letterhead, navigation and legal lines are shared
            by honest pages, whole copies share all.
    """
    yield af.Rule(id="personalised", title="Pages of different customers differ")
    mine = _page_words(run)
    if mine is None:
        return
    rivals = list(_others(run, others))
    if not rivals:
        message = f"no other recording matches {others!r} below {run.folder}"
        raise af.CheckError(message)
    for other in rivals:
        theirs = _page_words(other)
        shared = None if theirs is None else overlap(mine, theirs)
        if shared is None:
            continue
        if shared <= most_shared:
            yield af.Examined(rule="personalised")
        else:
            yield _finding(run, other, shared, most_shared)


def _others(run: af.Run, pattern: str) -> Iterator[af.Run]:
    if run.folder is None:
        message = (
            "the run was not loaded from a recordings folder, so others is unknown"
        )
        raise af.CheckError(message)
    for path in af.find_recordings(run.folder, pattern):
        other = af.load(path)
        if (other.workflow, other.case) != (run.workflow, run.case):
            yield other


def _page_words(run: af.Run) -> frozenset[Any] | None:
    pages = run.pages()
    if not pages:
        return None
    return shingles("\n".join(visible(page.text) for page in pages))


def _finding(
    run: af.Run, other: af.Run, shared: float, most_shared: float
) -> af.Finding:
    def project(stage: af.Stage) -> af.Verdict:
        theirs = next((s for s in other.stages if s.name == stage.name), None)
        mine = _stage_words(stage)
        share = overlap(mine, _stage_words(theirs)) if theirs is not None else None
        if share is None:
            return af.Verdict.INAPPLICABLE
        return af.Verdict.FAILED if share > most_shared else af.Verdict.PASSED

    page = run.pages()[0]
    finding = af.Finding(
        rule="personalised",
        message=f"the page is that of {other.case}",
        place=af.Place(stage=page.stage, artefact=page.name),
        expected=f"at most {most_shared:.0%} of five-word sequences in common",
        observed=f"{shared:.0%} in common with {other.id}",
        evidence=f"same page as {other.id}",
        why="A customer who is shown another customer's page is not personalised for.",
        fix="Look at what the named stage was given: is it this customer's profile?",
    )
    shipped = af.Verdict.FAILED
    return af.attribute(run, project, shipped=shipped).on(finding)


def _stage_words(stage: af.Stage) -> frozenset[Any]:
    return shingles("\n".join(visible(text) for text in stage_texts(stage)))
