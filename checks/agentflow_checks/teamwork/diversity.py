"""Pages of different customers are as varied as the single model's: an alarm."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest_agentflow as af
from agentflow_checks.teamwork.diversity_measures import (
    Output,
    output_of,
    recorded_output,
)
from agentflow_checks.teamwork.diversity_sets import (
    FEWEST_WORDS,
    Compared,
    Comparison,
    compare,
)

#: Below, a collapse of half of all text is seen in fewer than half of all cases.
FEWEST = 16


def _validate(
    *, alpha: float = 0.05, min_drop: float = 0.05, rounds: int = 1_999, **_: Any
) -> None:
    for name, share in (("alpha", alpha), ("min_drop", min_drop)):
        if not 0 < share < 1:
            message = f"{name}={share} is a share between 0 and 1"
            raise ValueError(message)
    if rounds < 99:
        message = f"rounds={rounds} is too few to tell anything; the least is 99"
        raise ValueError(message)


@af.check("diversity", validate=_validate)
def diversity(
    run: af.Run,
    baseline: str,
    *,
    others: str | None = None,
    fail: bool = False,
    alpha: float = 0.05,
    min_drop: float = 0.05,
    rounds: int = 1_999,
) -> Iterator[object]:
    """Pages of different customers are no more alike than the single model's.

    An alarm for templates that creep in, no score of creativity, and its silence is no
    proof of variety. It is about the set of all customers' pages, so mark one test with
    it. Texts are cut to the same number of words, because length alone moves every such
    measure. Each measure is tested by permutation, case by case where both sides have
    the same cases, and adjusted for their number (Holm 1979).

    Args:
        run: the run; it stands in for its own recording in the set.
        baseline: glob of the single model's recordings: ``build_site_single/*``.
        others: glob of this workflow's; all of them when not given.
        fail: fail on an alarm; without, it is a warning.
        alpha: chance of any false alarm.
        min_drop: smallest loss of variety, as a share of the baseline's, that is one.
        rounds: permutations that are drawn.
    """
    warned = af.Severity.ERROR if fail else af.Severity.WARNING
    title = "Pages are as varied as the single model's (an alarm)"
    yield af.Rule(id="diversity", title=title, advisory=not fail)
    if not run.pages():
        af.expect_content(run, "artefacts")
        return
    sides = _sets(run, baseline, others)
    if min(map(len, sides)) < FEWEST:
        yield _too_few(run, baseline, *map(len, sides))
        return
    mine, theirs = _alike(*sides)
    found = compare(mine, theirs, alpha=alpha, min_drop=min_drop, rounds=rounds)
    yield from found.tables
    yield from _judged(run, found, baseline, warned)


def _sets(
    run: af.Run, baseline: str, others: str | None
) -> tuple[dict[str, Output], dict[str, Output]]:
    """Give the outputs of both sides by customer."""
    baselines = _shipped(af.runs_beside(run, baseline, "baseline"))
    own = others or f"{run.path.parent.name if run.path else run.workflow}/*"
    workflow = f"{run.workflow}/"
    beside = _shipped(af.runs_beside(run, own, "others"))
    mine = _by_case(o for o in beside if o.case != run.case)
    theirs = _by_case(o for o in baselines if not o.id.startswith(workflow))
    if baselines and not theirs:
        message = (
            f"baseline={baseline!r} names recordings of {run.workflow} itself: a "
            "workflow is compared with another one, the single model's"
        )
        raise af.CheckError(message)
    if not theirs:
        message = (
            f"no recording that baseline={baseline!r} matches has a page: nothing to "
            "compare with"
        )
        raise af.CheckError(message)
    mine[run.case] = output_of(run)
    return mine, theirs


def _alike(
    mine: dict[str, Output], theirs: dict[str, Output]
) -> tuple[tuple[Output, ...], tuple[Output, ...]]:
    """Give sets of one size: the customers of both, or as many of either.

    A larger set repeats itself more, whoever wrote it.
    """
    both = mine.keys() & theirs.keys()
    if len(both) >= FEWEST:
        cases = sorted(both)
        return tuple(mine[c] for c in cases), tuple(theirs[c] for c in cases)
    size = min(len(mine), len(theirs))
    return _some(mine, size), _some(theirs, size)


def _some(outputs: dict[str, Output], size: int) -> tuple[Output, ...]:
    """Give `size` outputs by digest of their case, so that no order has a say."""
    chosen = sorted(outputs, key=lambda case: hashlib.sha256(case.encode()).digest())
    return tuple(outputs[case] for case in sorted(chosen[:size]))


def _shipped(runs: Sequence[af.Run]) -> list[Output]:
    """Take those apart that shipped a page, each once a session."""
    paths = (one.path for one in runs)
    found = (recorded_output(p, p.stat().st_mtime_ns) for p in paths if p)
    return [output for output in found if output is not None]


def _by_case(outputs: Iterable[Output]) -> dict[str, Output]:
    """Keep one output a customer: several of one are no independent ones."""
    firsts: dict[str, Output] = {}
    for output in outputs:
        firsts.setdefault(output.case, output)
    return firsts


def _too_few(run: af.Run, baseline: str, mine: int, theirs: int) -> af.Finding:
    return af.Finding(
        rule="diversity",
        message=(
            f"INCONCLUSIVE: {mine} customers here and {theirs} in {baseline}; fewer "
            f"than {FEWEST} on a side see a collapse too seldom to be asked"
        ),
        verdict=af.Verdict.UNDETERMINED,
        place=af.Place(stage=run.pages()[0].stage),
        fix=f"Record {FEWEST} customers or more in both workflows.",
    )


def _judged(
    run: af.Run, found: Compared, baseline: str, severity: af.Severity
) -> Iterator[object]:
    place = af.Place(stage=run.pages()[0].stage)
    if found.words < FEWEST_WORDS:
        yield af.Finding(
            rule="diversity",
            message=(
                f"INCONCLUSIVE: the shortest page has {found.words} words, and all "
                f"texts are cut to it; {FEWEST_WORDS} are needed"
            ),
            verdict=af.Verdict.UNDETERMINED,
            place=place,
        )
    for one in found.comparisons:
        if one.alarm:
            yield replace(_alarm(run, one, found, baseline), severity=severity)
        else:
            yield af.Examined(rule="diversity")
    calm = sum(not one.alarm for one in found.comparisons)
    yield af.Note(
        text=f"no alarm in {calm} of {len(found.comparisons)} measures over "
        f"{found.mine} against {found.baseline} customers; that proves no variety"
    )


def _alarm(run: af.Run, one: Comparison, found: Compared, baseline: str) -> af.Finding:
    return af.Finding(
        rule="diversity",
        message=(
            f"{one.name}: the pages of {run.workflow} vary {one.drop:.0%} less than "
            f"those of {baseline}"
        ),
        place=af.Place(stage=run.pages()[0].stage),
        expected=f"{one.baseline:.3f}, as in {baseline}",
        observed=f"{one.mine:.3f}; p = {one.adjusted:.2g} by {_how(found)}",
        evidence=one.name,
        why="Customers who compare their pages see that a template was filled in.",
        fix=_remedy(one, found.stages),
    )


def _how(found: Compared) -> str:
    kind = "paired permutation" if found.paired else "permutation"
    return f"{kind}, adjusted for {len(found.comparisons)} measures"


def _remedy(one: Comparison, stages: Sequence[tuple[str, float]]) -> str:
    if not one.name.startswith("text") or not stages:
        return "Look at what the prompts of the stages that make pages prescribe."
    name, _ = min(stages, key=lambda pair: pair[1])
    return f"The outputs of {name} are most alike: look at its prompt and examples."
