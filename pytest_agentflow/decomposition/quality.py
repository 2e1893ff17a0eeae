"""Holds the quality of the split to a margin below the single model's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.decomposition.bound import (
    MINIMUM,
    VERDICTS,
    Bound,
    Terms,
    error,
)
from pytest_agentflow.decomposition.flips import (
    Flip,
    Judged,
    flips,
    flips_sentence,
    worst_sentence,
)
from pytest_agentflow.decomposition.judging import (
    Quality,
    Score,
    evaluation_of,
    goodness,
    scored,
)
from pytest_agentflow.decomposition.pairs import Pair
from pytest_agentflow.decomposition.wording import (
    cases,
    is_too_few,
    over,
    percent,
    plain,
    points,
    score,
    signed,
    would_decide,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.noninferiority import noninferior, noninferior_scores
from pytest_agentflow.statistics.outcome import Decision, Outcome
from pytest_agentflow.statistics.ratchet import fixed_noninferior
from pytest_agentflow.statistics.sample import cluster_means

EXACT = "exact comparison of a fixed population"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What decides how good a run is, and how much worse the split may be."""

    margin: float
    checks: tuple[Check, ...] = ()
    quality: Quality | None = None
    scale: tuple[float, float] | None = None
    """Smallest and largest score of `quality`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How good the runs of both sides are, case by case."""

    split: tuple[tuple[Score, ...], ...]
    single: tuple[tuple[Score, ...], ...]
    judged: tuple[Judged, ...] = ()
    """Empty where a function scored them."""

    @property
    def graded(self) -> bool:
        """Whether there are scores other than passed and failed."""
        return any(type(s) is float for side in self.sides for v in side for s in v)

    @property
    def sides(self) -> tuple[tuple[tuple[Score, ...], ...], ...]:
        """Both sides."""
        return self.split, self.single

    @property
    def flips(self) -> list[Flip]:
        """What the split broke, and what it mended."""
        return flips(self.judged)

    def errors(self) -> tuple[float, float] | None:
        """Give the share of bad runs of both sides; `None` if some is undecided."""
        if self.graded or any(None in v for side in self.sides for v in side):
            return None
        first, second = (
            1 - float(sum(map(_rate, side), Fraction()) / len(side))
            for side in self.sides
        )
        return first, second


def judge_quality(
    pairs: Sequence[Pair], asked: Asked, terms: Terms
) -> tuple[Bound, Measured | None]:
    """Judge the quality; what was measured is `None` where it could not be."""
    measured = _measure(pairs, asked)
    if isinstance(measured, str):
        return error("quality", measured), None
    mixed = measured.graded and any(
        isinstance(s, bool) for side in measured.sides for v in side for s in v
    )
    if mixed:
        return error(
            "quality", "quality= gave True or False for some, scores for others"
        ), None
    if not measured.graded and asked.margin >= 1:
        return error("quality", "a margin of 1 lets every pass rate pass"), None
    found = _compare(pairs, measured, asked, terms)
    sentence = _sentence(found, measured, terms)
    stage, worst = worst_sentence(measured.judged)
    parts = [flips_sentence(measured.flips)]
    if found.decision is not Decision.PASS:
        parts.append(worst)
    return Bound(
        name="quality",
        verdict=VERDICTS[found.decision],
        sentence=". ".join([sentence, *(p[:1].upper() + p[1:] for p in parts if p)]),
        stage=stage if found.decision is not Decision.PASS else None,
        outcome=found,
    ), measured


def _measure(pairs: Sequence[Pair], asked: Asked) -> Measured | str:
    if asked.quality is not None:
        return _scores(pairs, asked.quality)
    judged = tuple(
        Judged(
            key=pair.key,
            split=tuple(evaluation_of(run, asked.checks) for run in pair.split),
            single=tuple(evaluation_of(run, asked.checks) for run in pair.single),
        )
        for pair in pairs
    )
    everything = [e for one in judged for e in (*one.split, *one.single)]
    if broken := [e for e in everything if e.verdict is Verdict.ERROR]:
        return _unjudged(broken, len(everything))
    return Measured(
        split=tuple(tuple(map(goodness, one.split)) for one in judged),
        single=tuple(tuple(map(goodness, one.single)) for one in judged),
        judged=judged,
    )


def _unjudged(broken: Sequence[Evaluation], runs: int) -> str:
    first = next(f for f in broken[0].findings if f.verdict is Verdict.ERROR)
    return f"{len(broken)} of {runs} runs cannot be judged: {first.message}"


def _scores(pairs: Sequence[Pair], quality: Quality) -> Measured | str:
    def side(runs: Sequence[Run]) -> tuple[Score | str, ...]:
        return tuple(scored(quality, run) for run in runs)

    split = [side(pair.split) for pair in pairs]
    single = [side(pair.single) for pair in pairs]
    wrong = [s for v in (*split, *single) for s in v if isinstance(s, str)]
    if wrong:
        count = sum(len(pair.runs) for pair in pairs)
        return f"{len(wrong)} of {count} runs cannot be judged: {wrong[0]}"
    return Measured(split=tuple(split), single=tuple(single))  # type: ignore[arg-type]


def _compare(
    pairs: Sequence[Pair], measured: Measured, asked: Asked, terms: Terms
) -> Outcome:
    scores = [s for side in measured.sides for v in side for s in v]
    if not measured.graded and not any(scores) and None not in scores:
        reason = "no run of either side is good, which says nothing of the split"
        return _open(asked, len(pairs), reason)
    alone = all(len(v) == 1 for side in measured.sides for v in side)
    clusters = len({pair.cluster for pair in pairs})
    if alone and not measured.graded and (not terms.sampled or clusters == len(pairs)):
        first, second = ([v[0] for v in side] for side in measured.sides)
        if terms.sampled:
            return noninferior(
                first,  # type: ignore[arg-type] # no score is a number here
                second,  # type: ignore[arg-type]
                margin=asked.margin,
                alpha=terms.alpha,
            )
        return fixed_noninferior(first, second, margin=asked.margin)  # type: ignore[arg-type]
    if measured.graded and any(None in v for side in measured.sides for v in side):
        return _open(asked, len(pairs), "some runs have no score; leave no case out")
    worst = _of_means(pairs, _filled(measured, favour=False), asked, terms)
    best = _of_means(pairs, _filled(measured, favour=True), asked, terms)
    if worst.decision is best.decision:
        return worst
    reason = "undecided runs leave both answers open; decide them first"
    return _open(asked, len(pairs), reason)


def _open(asked: Asked, n: int, reason: str) -> Outcome:
    return Outcome(
        decision=Decision.INCONCLUSIVE,
        method=EXACT,
        limit=asked.margin,
        n=n,
        reason=reason,
    )


def _filled(measured: Measured, *, favour: bool) -> Measured:
    """End every undecided run for the split, or against it."""

    def filled(
        side: tuple[tuple[Score, ...], ...], instead: bool
    ) -> tuple[tuple[Score, ...], ...]:
        return tuple(tuple(instead if s is None else s for s in v) for v in side)

    return replace(
        measured,
        split=filled(measured.split, favour),
        single=filled(measured.single, not favour),
    )


def _of_means(
    pairs: Sequence[Pair], measured: Measured, asked: Asked, terms: Terms
) -> Outcome:
    """Compare the mean of each case, or of each cluster of a sample."""
    split, single = ([_rate(v) for v in side] for side in measured.sides)
    if not terms.sampled:
        return _exact(split, single, asked.margin)
    keys = [pair.cluster for pair in pairs]
    return noninferior_scores(
        cluster_means(map(float, split), keys),
        cluster_means(map(float, single), keys),
        margin=asked.margin,
        alpha=terms.alpha,
        minimum=MINIMUM,
        scale=asked.scale if measured.graded else (0.0, 1.0),
    )


def _exact(
    split: Sequence[Fraction], single: Sequence[Fraction], margin: float
) -> Outcome:
    difference = (sum(split, Fraction()) - sum(single, Fraction())) / len(split)
    # Scores are floats: their last digit must not decide.
    passes = difference >= -Fraction(str(margin)) - Fraction(1, 10**12)
    return Outcome(
        decision=Decision.PASS if passes else Decision.FAIL,
        method=EXACT,
        limit=margin,
        n=len(split),
        estimate=float(difference),
        lower=float(difference),
        upper=float(difference),
        supported=float(max(-difference, Fraction())),
    )


def _rate(values: Sequence[Score]) -> Fraction:
    return sum((Fraction(str(float(s or 0.0))) for s in values), Fraction()) / len(
        values
    )


def _sentence(found: Outcome, measured: Measured, terms: Terms) -> str:
    return "; ".join(
        filter(None, [_counts(measured, terms), *_verdict(found, measured, terms)])
    )


def _counts(measured: Measured, terms: Terms) -> str:
    split, single = measured.sides
    n = len(split)
    if measured.graded:
        if any(None in v for side in measured.sides for v in side):
            return ""
        first, second = (
            float(sum(map(_rate, s), Fraction()) / n) for s in (split, single)
        )
        return (
            f"the split scores {plain(first)} on average, the single model "
            f"{plain(second)}, {over(n, terms)}"
        )
    if all(len(v) == 1 for side in measured.sides for v in side):
        whole = "" if terms.sampled else ", a fixed population"
        return (
            f"the split passes {split.count((True,))} of {cases(n)}, the single model "
            f"{single.count((True,))} of {n:,}{whole}"
        )
    a, b = ([s for v in side for s in v] for side in measured.sides)
    return (
        f"the split passes {a.count(True)} of {len(a):,} trials, the single model "
        f"{b.count(True)} of {len(b):,}, {over(n, terms)}"
    )


def _verdict(found: Outcome, measured: Measured, terms: Terms) -> Iterator[str]:
    if measured.graded:
        text, allowed = score, f"allowed {plain(found.limit)} lower"
    else:
        text, allowed = points, f"allowed {plain(100 * found.limit)}% lower"
    lower, upper, n = found.lower, found.upper, found.n
    if not terms.sampled:
        yield allowed
        if found.decision is Decision.INCONCLUSIVE:
            yield _left_open(found)
        return
    sure = terms.confidence
    if lower is None or upper is None or is_too_few(found):
        yield f"{found.reason}; {allowed}"
        return
    if n != len(measured.split):
        yield f"{n:,} clusters"
    limit = -found.limit
    if found.decision is Decision.PASS:
        yield f"at worst {text(lower, limit)} {sure}; {allowed}"
    elif found.decision is Decision.FAIL:
        yield f"at best {text(upper, limit)} {sure}; {allowed}"
    else:
        known = (
            f" (estimate {text(found.estimate)})" if found.estimate is not None else ""
        )
        margin = -lower
        shown = plain(round(margin, 4)) if measured.graded else percent(margin)
        yield (
            f"undecided: {text(lower, limit).removesuffix(' points')} to "
            f"{text(upper, limit)}, each bound "
            f"{sure}{known}; {allowed}. {_decides(found)}; these support a margin of "
            f"{shown}"
        )


def _decides(found: Outcome) -> str:
    if found.n_to_decide is None and found.reason:
        return found.reason[0].upper() + found.reason[1:]
    return would_decide(found)


def _left_open(found: Outcome) -> str:
    if found.lower is None or found.upper is None:
        return found.reason
    lower, upper = (signed(100 * end, 0) for end in (found.lower, found.upper))
    return f"undecided runs leave the difference at {lower}% to {upper}%"
