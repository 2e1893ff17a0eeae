"""A page made for one customer is not the page made for another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.flow.texts import overlap
from agentflow_checks.teamwork.personalised_fit import (
    Fit,
    Portrait,
    customers,
    fit_of,
    portrait_of,
    rivals_of,
    stage_portrait,
    trace,
)
from agentflow_checks.teamwork.personalised_terms import check_profile

#: A page made for somebody else fits its customer best of all by luck in 1 of
#: (others + 1) cases; with so many others that is the usual 5 %.
FEWEST_OTHERS = 19
#: A profile with fewer distinguishing terms is told from others by chance.
FEWEST_TERMS = 3
_FIX = "Look at what the named stage was given: is it this customer's profile?"


def _validate(
    *,
    max_shared: float = 0.8,
    min_carried: float | None = None,
    min_others: int = FEWEST_OTHERS,
    profile: str | None = None,
    **_: Any,
) -> None:
    if not 0 < max_shared <= 1:
        message = f"max_shared={max_shared} is a share above 0 and up to 1"
        raise ValueError(message)
    if min_carried is not None and not 0 < min_carried <= 1:
        message = f"min_carried={min_carried} is a share above 0 and up to 1"
        raise ValueError(message)
    if min_others < 1:
        message = f"min_others={min_others}: a page is held against at least one other"
        raise ValueError(message)
    check_profile(profile)


@af.check("personalised", validate=_validate)
def personalised(
    run: af.Run,
    others: str,
    *,
    max_shared: float = 0.8,
    min_carried: float | None = None,
    min_others: int = FEWEST_OTHERS,
    profile: str | None = None,
) -> Iterator[object]:
    """The page is this customer's: no copy of another's, and it fits no other better.

    The page fits a customer by the weighted share of what is known of that customer
    (profile and retrieved documents: content words, amounts, dates, contact data) that
    it carries. A term weighs ln(N / df) over the customers: what all share counts for
    nothing. Another customer that fits as well or better is the finding. That none
    does says little beside few others: a page made for somebody else passes by luck in
    1 of (others + 1) cases, and with fewer than `min_others` it is INCONCLUSIVE.

    Args:
        run: the run.
        others: glob of recordings below the recordings folder: ``build_site/*``. The
            run's own case is left out.
        max_shared: largest share of five-word sequences of the shorter text that two
            pages may have in common. Letterhead, navigation and legal lines are shared
            by honest pages, whole copies share all.
        min_carried: share that brief and page must carry of what is known; without it
            the shares are listed. There is no default: on the 72 authored pages of
            the samples they are 0.44 to 0.77, which says nothing of other sites.
        min_others: fewest other customers of a PASS. 19 make the chance of a wrong one
            5 %; a smaller number is yours to answer for: 5 make it 17 %, one is the
            toss of a coin.
        profile: where the profile stands: a JSON path into the inputs
            (``$.customer``), a section of a prompt (``<customer>``) or a glob of source
            ids. Without: inputs, profile sources, and what retrievers were asked.
    """
    yield af.Rule(id="personalised", title="Pages of different customers differ")
    title = "The page fits its own customer best"
    yield af.Rule(id="personalised.swap", title=title, gate=True)
    if not run.pages():
        af.expect_content(run, "artefacts")
        return
    if not run.inputs and not run.sources:
        af.expect_content(run, "sources", "messages")
    mine = portrait_of(run, profile)
    rivals = rivals_of(run, others, profile)
    if not rivals:
        message = f"others={others!r} matches no recording of another customer's page"
        raise af.CheckError(message)
    yield from _copies(run, mine, rivals, max_shared)
    fits = fit_of(mine, customers(mine, rivals))
    yield from _swapped(run, fits, max_shared, min_others)
    yield from _carried(run, fits, min_carried)


def _copies(
    run: af.Run, mine: Portrait, rivals: Sequence[Portrait], max_shared: float
) -> Iterator[object]:
    for other in rivals:
        shared = overlap(mine.shingles, other.shingles)
        if shared is None:
            continue
        if shared <= max_shared:
            yield af.Examined(rule="personalised")
        else:
            yield _copy(run, mine, other, shared, max_shared)


def _copy(
    run: af.Run, mine: Portrait, other: Portrait, shared: float, max_shared: float
) -> af.Finding:
    finding = af.Finding(
        rule="personalised",
        message=f"the page is that of {other.case}",
        place=_shipped(run),
        expected=f"at most {max_shared:.0%} of five-word sequences in common",
        observed=f"{shared:.0%} in common with {other.id}",
        evidence=f"same page as {other.id}",
        why="A customer who is shown another customer's page is not personalised for.",
        fix=_FIX,
    )
    fits = fit_of(mine, (other,))
    return trace(run, fits, other, max_shared).on(finding)


def _swapped(
    run: af.Run, fits: Fit, max_shared: float, min_others: int
) -> Iterator[object]:
    doubt = _doubt(fits)
    if doubt:
        named = "Name the profile: profile='$.customer', profile='<customer>'"
        yield _open(run, doubt, fix=named)
        return
    own = fits.share(fits.mine, fits.mine.page) or 0.0
    best, theirs = fits.best_rival()
    if best is not None and theirs >= own:
        yield _taken(run, fits, best, max_shared)
    elif len(fits.others) < min_others:
        yield _by_luck(run, len(fits.others), min_others)
    else:
        yield af.Examined(rule="personalised.swap")


def _open(run: af.Run, why: str, *, fix: str) -> af.Finding:
    return af.Finding(
        rule="personalised.swap",
        message=f"INCONCLUSIVE: {why}",
        verdict=af.Verdict.UNDETERMINED,
        place=af.Place(stage=run.pages()[0].stage),
        fix=fix,
    )


def _by_luck(run: af.Run, others: int, needed: int) -> af.Finding:
    several = f"{others} other customer{'s' * (others != 1)}"
    return _open(
        run,
        f"the page fits {run.case} best, beside {several}; one made for somebody else "
        f"would in 1 of {others + 1} cases, by luck. {needed} others are needed, of "
        f"whom that is 1 in {needed + 1}",
        fix="Match more customers with others=, or take that chance: "
        f"min_others={others}",
    )


def _taken(run: af.Run, fits: Fit, best: Portrait, max_shared: float) -> af.Finding:
    own, (_, theirs) = fits.share(fits.mine, fits.mine.page) or 0.0, fits.best_rival()
    finding = af.Finding(
        rule="personalised.swap",
        message=f"the page fits {best.case} {_as_well(theirs, own)} {run.case}",
        place=_shipped(run),
        expected=f"more of what is known of {run.case} than of any other customer",
        observed=f"{theirs:.0%} of what is known of {best.case}, {own:.0%} of its own",
        evidence=f"fits {best.id}",
        why="A page that serves another customer better was not made for this one.",
        fix=_FIX,
    )
    return trace(run, fits, best, max_shared).on(finding)


def _shipped(run: af.Run) -> af.Place:
    page = run.pages()[0]
    return af.Place(stage=page.stage, artefact=page.name)


def _as_well(theirs: float, own: float) -> str:
    return "better than" if theirs > own else "as well as"


def _doubt(fits: Fit) -> str:
    """Say why the swap test cannot tell; empty where it can."""
    known = fits.distinguishing(fits.mine)
    if len(known) < FEWEST_TERMS:
        found = ", ".join(sorted(word for _, word in known)) or "none"
        return (
            f"what is known of {fits.mine.case} has too few words and values that set "
            f"it apart from the others ({found})"
        )
    twin = next(
        (o for o in fits.others if fits.distinguishing(fits.mine) <= o.terms), None
    )
    if twin is not None:
        return f"all that is known of {fits.mine.case} is true of {twin.case}, too"
    return ""


def _carried(run: af.Run, fits: Fit, carried: float | None) -> Iterator[object]:
    shares = {s.name: _shares(fits, stage_portrait(s)) for s in run.stages}
    page = _shares(fits, fits.mine.page)
    rows = [(name, *map(_percent, found)) for name, found in shares.items()]
    yield af.Table(
        title=f"What is known of {run.case}, and how much of it is carried",
        columns=("stage", "of the profile", "of the research", "of both"),
        rows=(*rows, ("final page", *map(_percent, page))),
        numeric=(1, 2, 3),
    )
    if carried is None:
        return
    yield af.Rule(id="personalised.carried", title="Brief and page carry the profile")
    if page[2] is None:
        yield af.Finding(
            rule="personalised.carried",
            message=f"nothing that is known of {run.case} sets it apart",
            verdict=af.Verdict.UNDETERMINED,
        )
    elif page[2] >= carried:
        yield af.Examined(rule="personalised.carried")
    else:
        yield _too_little(run, shares, page[2], carried)


def _shares(fits: Fit, text: frozenset[Any]) -> tuple[float | None, ...]:
    mine = fits.mine
    return tuple(fits.of(t, text) for t in (mine.profile, mine.research, mine.terms))


def _percent(found: float | None) -> str:
    return "nothing known" if found is None else f"{found:.0%}"


def _too_little(
    run: af.Run,
    shares: dict[str, tuple[float | None, ...]],
    page: float,
    carried: float,
) -> af.Finding:
    model = {call.stage for call in run.calls if call.is_model_call}

    def project(stage: af.Stage) -> af.Verdict:
        found = shares[stage.name][2]
        # Who makes a picture or a verdict carries next to nothing, and drops nothing.
        if found is None or found < page / 2 or (model and stage.name not in model):
            return af.Verdict.INAPPLICABLE
        return af.Verdict.FAILED if found < carried else af.Verdict.PASSED

    finding = af.Finding(
        rule="personalised.carried",
        message=f"the page carries {page:.0%} of what is known of {run.case}",
        place=_shipped(run),
        expected=f"at least {carried:.0%}",
        observed=f"{page:.0%} of its distinguishing words and values",
        evidence="carries too little",
        why="A page that says little of its customer could be anybody's.",
        fix="Tell the named stage which facts of the customer must be on the page.",
    )
    failed = af.Verdict.FAILED
    return af.attribute(run, project, shipped=failed, lost=True).on(finding)
