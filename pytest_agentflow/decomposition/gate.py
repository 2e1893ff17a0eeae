"""Does the split pay: a decomposition against the single large model, case by case."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Literal

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.require import current_settings
from pytest_agentflow.decomposition import exhibits
from pytest_agentflow.decomposition.bound import (
    Bound,
    Decomposition,
    DecompositionFailure,
    Population,
    Terms,
    error,
    fold_gate,
)
from pytest_agentflow.decomposition.diagnosis import suspicions
from pytest_agentflow.decomposition.judging import Quality
from pytest_agentflow.decomposition.money import (
    Spending,
    difference_note,
    judge_cost,
    multiplier_note,
)
from pytest_agentflow.decomposition.pairs import (
    Key,
    Pair,
    begin_anew,
    case_and_size,
    discarded,
    pair_runs,
    workflows,
)
from pytest_agentflow.decomposition.quality import Asked, Measured, judge_quality
from pytest_agentflow.decomposition.ratios import judge_latency, judge_tokens
from pytest_agentflow.decomposition.wording import NO_QUALITY, population_note
from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.pricing.cost_model import CostModel, Number, Priced, cost_model

__all__ = [
    "Bound",
    "Decomposition",
    "DecompositionFailure",
    "compare",
    "fold_gate",
    "require_decomposition",
]


#: Whoever writes 40 for 40 % would let everything pass.
_MOST_RATIO = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a gate asks for; `None` is not asked."""

    cost: Decimal | None = None
    quality: Asked | None = None
    latency: Decimal | None = None
    tokens: Decimal | None = None


def require_decomposition(
    runs: Sequence[Run],
    *,
    baseline: Sequence[Run],
    checks: Sequence[Check] = (),
    quality: Quality | None = None,
    cost_ratio: Number | None = None,
    quality_margin: float | None = None,
    latency_ratio: Number | None = None,
    max_token_multiplier: Number | None = None,
    cost_model: CostModel | str = Priced(),  # noqa: B008 - a frozen value
    pair_by: Literal["case"] | Callable[[Run], Hashable] = "case",
    cluster_by: Callable[[Run], Hashable] | None = None,
    population: Population = "fixed",
    alpha: float = 0.05,
    quality_scale: tuple[float, float] | None = None,
    discarded_takes: Literal["refuse", "allow"] = "refuse",
    optional: bool = False,
) -> Decomposition:
    """Require that a decomposition is cheap and good enough beside the single model.

    With ``population="fixed"`` the recorded cases *are* the population: all is compared
    exactly, and no statement is made about other cases, which the outcome says with
    their number, be it one. With ``"sample"`` they stand for those to come: ratios are
    held to their limit by the one-sided paired t test on D - limit * L (Fieller's
    bound), pass rates by Tango's score bound, scores and rates of repeated trials by
    the paired t test. A bound passes where its one-sided
    confidence bound keeps the limit, fails where it lies beyond it, and is
    INCONCLUSIVE else. Sources and error rates: ``benchmarks/error_rates.py``.

    Several trials of a case count as their mean.

    Args:
        runs: of the decomposed workflow.
        baseline: of the single large model, for the same cases.
        checks: what decides whether a run is good, for `quality_margin`.
        quality: in their place, a function of a run: whether it is good, or how good
            (a number, more is better); `None` where that cannot be decided.
        cost_ratio: the split may cost at most this share of the baseline.
        quality_margin: its pass rate may be at most this much lower (0 to 1), or its
            mean score, in the unit of the scores.
        latency_ratio: its time may be at most this share of the baseline's: as
            computed by a replay where all runs were replayed so, else as recorded.
        max_token_multiplier: it may use at most this many times the tokens.
        cost_model: what `cost_ratio` compares: `priced`, `aalp`, `gpu_hour`,
            `busy_time`.
        pair_by: ``"case"`` (and size), or a function that gives the key of a pair.
        cluster_by: gives what the cases of a sample have in common that are not
            independent, such as the customer; by default the case.
        population: ``"fixed"`` or ``"sample"``.
        alpha: chance of a wrong PASS at the limit, and of a wrong FAIL, of each bound.
        quality_scale: smallest and largest score of `quality`, where it has any.
        discarded_takes: ``"refuse"`` runs of a sample that were kept after other takes
            had been discarded: a selected take is no sample.
        optional: let INCONCLUSIVE pass, with a warning.

    Raises:
        DecompositionFailure: on FAIL, INCONCLUSIVE or ERROR, with the stage and cause
            that make the difference.
        ValueError: when nothing is asked, or an argument makes no sense.
    """
    __tracebackhide__ = True
    limits = Limits(
        cost=_ratio("cost_ratio", cost_ratio),
        quality=_asked(checks, quality, quality_margin, quality_scale),
        latency=_ratio("latency_ratio", latency_ratio),
        tokens=_ratio("max_token_multiplier", max_token_multiplier),
    )
    if limits == Limits():
        message = (
            "give cost_ratio=, quality_margin=, latency_ratio= or "
            "max_token_multiplier=: else nothing is required"
        )
        raise ValueError(message)
    result = compare(
        runs,
        baseline=baseline,
        limits=limits,
        terms=_terms(population, alpha, cost_model),
        key=_key(pair_by),
        cluster=cluster_by,
        selected=_one_of("discarded_takes", discarded_takes, "refuse", "allow")
        == "allow",
        optional=optional,
    )
    if (observe := current_settings().observe_gate) is not None:
        observe(result)
    if not result.ok:
        raise DecompositionFailure(result)
    return result


def _ratio(name: str, given: Number | None) -> Decimal | None:
    if given is None:
        return None
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        number = Decimal("nan")
    if isinstance(given, bool) or not number.is_finite() or number <= 0:
        message = f"{name}={given!r} must be a number above 0, like 0.4"
        raise ValueError(message)
    if name != "max_token_multiplier" and number > _MOST_RATIO:
        message = f"{name}={given!r} is a ratio: 0.4 allows 40 % of the single model's"
        raise ValueError(message)
    return number


def _asked(
    checks: Sequence[Check],
    quality: Quality | None,
    margin: float | None,
    scale: tuple[float, float] | None,
) -> Asked | None:
    if margin is None:
        if checks or quality is not None:
            message = "checks= and quality= need quality_margin=: how much worse is fit"
            raise ValueError(message)
        return None
    for check in checks:
        if not isinstance(check, Check):
            message = (
                f"checks= takes checks, not {check!r}: from agentflow_checks import "
                "html_validity, then checks=[html_validity()]"
            )
            raise ValueError(message)  # noqa: TRY004 - as all that is wrong with a gate
    if bool(checks) == (quality is not None):
        message = (
            "quality_margin= needs checks= that decide which runs are good, or "
            "quality=, a function that says so; not both"
        )
        raise ValueError(message)
    end = 1 if quality is None else float("inf")
    if isinstance(margin, bool) or not 0 <= margin < end:
        message = f"quality_margin={margin} is a share: at least 0 and below 1"
        raise ValueError(message)
    return Asked(
        margin=float(margin), checks=tuple(checks), quality=quality, scale=scale
    )


def _terms(population: Population, alpha: float, model: CostModel | str) -> Terms:
    _one_of("population", population, "fixed", "sample")
    if not 0 < alpha < 0.5:
        message = f"alpha={alpha} must be a share between 0 and 0.5, like 0.05"
        raise ValueError(message)
    return Terms(population=population, alpha=alpha, cost_model=cost_model(model))


def _one_of(name: str, given: str, *known: str) -> str:
    if given not in known:
        message = f"{name}={given!r} is not known; use {' or '.join(map(repr, known))}"
        raise ValueError(message)
    return given


def _key(pair_by: Literal["case"] | Callable[[Run], Hashable]) -> Key:
    if callable(pair_by):
        return pair_by
    _one_of("pair_by", pair_by, "case")
    return case_and_size


def compare(
    runs: Sequence[Run],
    *,
    baseline: Sequence[Run],
    limits: Limits,
    terms: Terms,
    key: Key = case_and_size,
    cluster: Key | None = None,
    selected: bool = False,
    optional: bool = False,
) -> Decomposition:
    """Compare without raising; see `require_decomposition`.

    Args:
        runs: of the decomposed workflow.
        baseline: of the single large model.
        limits: what is asked for.
        terms: how it is compared.
        key: gives the key of a run's pair.
        cluster: gives that of its cluster; `None`: the case.
        selected: let runs of a sample pass that are selected takes.
        optional: let INCONCLUSIVE pass.
    """
    names = workflows(runs, "runs"), workflows(baseline, "baseline")
    pairs, problem = pair_runs(runs, baseline, key, cluster)
    if names[0] == names[1] and {run.id for run in runs} == {r.id for r in baseline}:
        problem = f"runs and baseline are the same runs of {names[0]}"
    bad = error("pairs", problem) if problem else None
    if not bad and terms.sampled and not selected and (problem := _selected(pairs)):
        bad = error("takes", problem)
    seen = _Seen(bounds=(bad,)) if bad else _look(pairs, limits, terms)
    bounds = seen.bounds
    verdict = fold_gate([bound.verdict for bound in bounds])
    is_open = verdict is Verdict.UNDETERMINED
    hidden = [b for b in bounds if is_open and b.verdict is Verdict.PASSED]
    told = [
        replace(b, sentence=b.guarded or b.sentence) if b in hidden else b
        for b in bounds
    ]
    shown = _Seen(
        bounds=tuple(b for b in bounds if b not in hidden),
        spent=None if is_open or _undecided(bounds) else seen.spent,
        measured=seen.measured,
    )
    spent = shown.spent
    money = spent if spent is not None and spent.split.priced else None
    return Decomposition(
        workflow=names[0],
        baseline=names[1],
        verdict=verdict,
        bounds=tuple(told),
        notes=(
            *((NO_QUALITY,) if _only_cheap(verdict, limits) else ()),
            *_notes(spent, 0 if terms.sampled or _broken(bounds) else len(pairs)),
        ),
        exhibits=tuple(_exhibits(pairs, limits, terms, shown)),
        cost=money.split.money if money else None,
        baseline_cost=money.single.money if money else None,
        population=terms.population,
        estimated=seen.spent is not None and seen.spent.estimated,
        optional=optional,
        authored=any(run.authored for run in (*runs, *baseline)),
    )


def _broken(bounds: Sequence[Bound]) -> bool:
    """Whether nothing was compared: there are no cases then that it is exact for."""
    return all(bound.verdict is Verdict.ERROR for bound in bounds)


def _only_cheap(verdict: Verdict, limits: Limits) -> bool:
    return verdict is Verdict.PASSED and limits.quality is None


def _undecided(bounds: Sequence[Bound]) -> bool:
    """Whether the cost was compared and is open: then there is no saving to tell."""
    return any(b.name == "cost" and b.verdict is Verdict.UNDETERMINED for b in bounds)


def _selected(pairs: Sequence[Pair]) -> str:
    if not (told := discarded(pairs)):
        return ""
    return (
        f"a selected take is no sample: takes were discarded before {told}. "
        f"{begin_anew(run for pair in pairs for run in pair.runs)}, or write "
        "discarded_takes='allow'"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the bounds came to, and what they rest on."""

    bounds: tuple[Bound, ...] = ()
    spent: Spending | None = None
    measured: Measured | None = None


def _look(pairs: Sequence[Pair], limits: Limits, terms: Terms) -> _Seen:
    bounds, spent, measured = [], None, None
    if limits.cost is not None:
        bound, spent = judge_cost(pairs, limits.cost, terms)
        bounds.append(bound)
    if limits.quality is not None:
        bound, measured = judge_quality(pairs, limits.quality, terms)
        bounds.append(bound)
    if limits.latency is not None:
        bounds.append(judge_latency(pairs, limits.latency, terms))
    if limits.tokens is not None:
        bounds.append(judge_tokens(pairs, limits.tokens, terms))
    return _Seen(bounds=tuple(bounds), spent=spent, measured=measured)


def _notes(spent: Spending | None, whole: int) -> Iterator[str]:
    """Give what stands beside the bounds; `whole` cases are a fixed population."""
    if whole:
        yield population_note(whole)
    if spent is not None:
        yield from filter(None, [difference_note(spent), multiplier_note(spent)])


def _exhibits(
    pairs: Sequence[Pair], limits: Limits, terms: Terms, seen: _Seen
) -> Iterator[Exhibit]:
    graded = seen.measured is not None and seen.measured.graded
    shown: list[Exhibit | None] = [exhibits.bounds_table(seen.bounds, graded=graded)]
    found = seen.measured.flips if seen.measured is not None else []
    shown.append(exhibits.flips_table(found))
    spent = seen.spent if limits.cost is not None else None
    if spent is not None and limits.cost is not None:
        shown.append(exhibits.cost_bars(spent, limits.cost))
        shown.append(exhibits.causes_table(spent))
    shown.append(exhibits.sides_table(seen.spent, seen.measured))
    if spent is not None:
        shown.append(exhibits.cost_table(pairs, spent))
    if terms.sampled:
        model = terms.cost_model if seen.spent is not None else None
        shown.append(exhibits.diagnosis_table(suspicions(pairs, found, model)))
    yield from (one for one in shown if one is not None)
