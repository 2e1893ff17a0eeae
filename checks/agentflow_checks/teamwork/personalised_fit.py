"""How well a page fits a customer beside all others, and from which stage on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.flow.markup import visible
from agentflow_checks.flow.texts import overlap, shingles, stage_texts
from agentflow_checks.grounding.run_sources import code_stages
from agentflow_checks.teamwork.personalised_terms import (
    Term,
    idf,
    profile_text,
    research_text,
    share,
    terms_of,
)

#: A stage that carries less than this part of what the page does of a customer (it
#: paints, it approves) does not say whose page it is.
_TELLING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """What is known of one customer, and the page that was made for it."""

    id: str
    case: str
    profile: frozenset[Term]
    research: frozenset[Term]
    page: frozenset[Term]
    shingles: frozenset[tuple[str, ...]]
    path: Path | None = None

    @property
    def terms(self) -> frozenset[Term]:
        """All that is known: of the profile and of what was retrieved."""
        return self.profile | self.research


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One customer among others, and what each term weighs between them."""

    mine: Portrait
    others: tuple[Portrait, ...]
    weights: Mapping[Term, float]

    def of(self, terms: Collection[Term], text: Collection[Term]) -> float | None:
        """Give the weighted share of `terms` in a text; `None`: none weighs."""
        return share(terms, text, self.weights)

    def share(self, customer: Portrait, text: Collection[Term]) -> float | None:
        """Give how well a text fits a customer, 0 to 1."""
        return self.of(customer.terms, text)

    def distinguishing(self, customer: Portrait) -> frozenset[Term]:
        """Give the terms that not all customers share."""
        return frozenset(t for t in customer.terms if self.weights.get(t, 0.0) > 0)

    def best_rival(self) -> tuple[Portrait | None, float]:
        """Give the other customer that the page fits best, and how well."""
        found = [(self.share(other, self.mine.page), other) for other in self.others]
        known = [(fit, other) for fit, other in found if fit is not None]
        if not known:
            return None, 0.0
        fit, other = max(known, key=lambda pair: (pair[0], pair[1].id))
        return other, fit


def fit_of(mine: Portrait, others: Sequence[Portrait]) -> Fit:
    """Weigh what is known of a customer against the others."""
    weights = _weights((mine.terms, *(other.terms for other in others)))
    return Fit(mine=mine, others=tuple(others), weights=weights)


@lru_cache(maxsize=64)
def _weights(known: tuple[frozenset[Term], ...]) -> Mapping[Term, float]:
    return idf(known)


def customers(mine: Portrait, rivals: Sequence[Portrait]) -> tuple[Portrait, ...]:
    """Give one portrait a customer: several runs of one say nothing more of it."""
    firsts: dict[str, Portrait] = {}
    for rival in rivals:
        if rival.case != mine.case:
            firsts.setdefault(rival.case, rival)
    return tuple(firsts.values())


def portrait_of(run: af.Run, profile: str | None) -> Portrait:
    """Read what a run knew of its customer, and its final pages."""
    text = "\n".join(visible(page.text) for page in run.pages())
    return Portrait(
        id=run.id,
        case=run.case,
        profile=terms_of(profile_text(run, profile)),
        research=terms_of(research_text(run)),
        page=terms_of(text),
        shingles=shingles(text),
        path=run.path,
    )


def rivals_of(run: af.Run, pattern: str, profile: str | None) -> tuple[Portrait, ...]:
    """Give the other customers' portraits; each recording is read once a session.

    Raises:
        af.CheckError: the run was not loaded from a recordings folder, or nothing fits.
    """
    paths = (one.path for one in af.runs_beside(run, pattern, "others"))
    found = (_recorded(p, p.stat().st_mtime_ns, profile) for p in paths if p)
    return tuple(one for one in found if one is not None and one.case != run.case)


@lru_cache(maxsize=1024)
def _recorded(path: Path, _changed: int, profile: str | None) -> Portrait | None:
    run = af.load(path)
    return replace(portrait_of(run, profile), path=path) if run.pages() else None


def stage_portrait(stage: af.Stage) -> frozenset[Term]:
    """Give the terms of all that a stage handed on."""
    return _terms("\n".join(visible(text) for text in stage_texts(stage)))


@lru_cache(maxsize=256)
def _terms(text: str) -> frozenset[Term]:
    return terms_of(text)


def stage_shingles(stage: af.Stage) -> frozenset[Any]:
    """Give the word sequences of all that a stage handed on."""
    return shingles("\n".join(visible(text) for text in stage_texts(stage)))


def trace(run: af.Run, fits: Fit, rival: Portrait, max_shared: float) -> af.Attribution:
    """Name the first stage whose output is the rival's, or fits the rival better.

    Stages of mere code are looked through: two customers of one industry rightly get
    the same price list.
    """
    other = None if rival.path is None else af.load(rival.path)
    theirs = {stage.name: stage for stage in other.stages} if other else {}
    plain = code_stages(run)

    def project(stage: af.Stage) -> af.Verdict:
        if stage.name in plain:
            return af.Verdict.INAPPLICABLE
        twin = theirs.get(stage.name)
        mine = stage_shingles(stage)
        shared = overlap(mine, stage_shingles(twin)) if twin is not None else None
        if shared is not None and shared > max_shared:
            return af.Verdict.FAILED
        fitting = _by_fit(fits, rival, stage)
        if fitting is None:
            decided = shared is not None
            return af.Verdict.PASSED if decided else af.Verdict.INAPPLICABLE
        return fitting

    return af.attribute(run, project, shipped=af.Verdict.FAILED)


def _by_fit(fits: Fit, rival: Portrait, stage: af.Stage) -> af.Verdict | None:
    said = stage_portrait(stage)
    own, theirs = fits.share(fits.mine, said), fits.share(rival, said)
    page = fits.share(rival, fits.mine.page)
    if own is None or theirs is None or page is None:
        return None
    if max(own, theirs) < _TELLING * page:
        return None
    return af.Verdict.FAILED if theirs >= own else af.Verdict.PASSED
