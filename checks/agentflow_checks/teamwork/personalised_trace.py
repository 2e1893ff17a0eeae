"""The stage from which on a run worked for another customer."""

from __future__ import annotations

import pytest_agentflow as af
from agentflow_checks.grounding.run_sources import code_stages
from agentflow_checks.teamwork.personalised_fit import (
    Fit,
    Portrait,
    stage_portrait,
    stage_shingles,
)
from agentflow_checks.teamwork.texts import overlap

#: A stage that carries less than this part of what the page does of a customer (it
#: paints, it approves) does not say whose page it is.
_TELLING = 0.25


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
