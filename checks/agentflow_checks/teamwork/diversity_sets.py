"""Two sets of outputs, measure by measure: how far apart, and is that chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import pytest_agentflow as af
from agentflow_checks.teamwork.diversity_measures import (
    Output,
    apart,
    bigrams,
    common_length,
    distinct_2,
    edits,
    incompressible,
    matrix,
    mean_distance,
    packed,
    pictures_apart,
    trigrams,
)

FEWEST_WORDS = 50
#: Stages that say less (a verdict, a label) are alike by nature.
_FEWEST_STAGE_WORDS = 20
_SEED = 20_070_101

Score = Callable[[Sequence[int]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One measure of variety of both sides; larger is more varied."""

    name: str
    mine: float
    baseline: float
    p: float
    adjusted: float = 1.0
    alarm: bool = False

    @property
    def drop(self) -> float:
        """What is lost, as a share of the baseline's variety."""
        return 1 - self.mine / self.baseline if self.baseline else 0.0


def _change(one: Comparison) -> str:
    """Write what was lost or gained; what rounds to nothing has no sign."""
    text = f"{-one.drop:+.0%}"
    return "0%" if text in ("+0%", "-0%") else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All measures of two sets."""

    comparisons: tuple[Comparison, ...]
    unmeasured: tuple[tuple[str, str], ...]
    stages: tuple[tuple[str, float], ...]
    mine: int
    baseline: int
    words: int
    paired: bool

    @property
    def tables(self) -> tuple[af.Table, ...]:
        """What the report shows."""
        rows = [
            (
                one.name,
                f"{one.mine:.3f}",
                f"{one.baseline:.3f}",
                _change(one),
                f"{one.adjusted:.3f}",
                "alarm" if one.alarm else "no alarm",
            )
            for one in self.comparisons
        ]
        rows += [(name, "", "", "", "", why) for name, why in self.unmeasured]
        whole = af.Table(
            title=f"Variety of {self.mine} pages against {self.baseline}, texts cut to "
            f"{self.words} words: an alarm, no score of creativity",
            columns=("measure", "here", "single model", "change", "p (Holm)", ""),
            rows=tuple(rows),
            numeric=(1, 2, 3, 4),
        )
        by_stage = af.Table(
            title="How far apart what each stage hands on is between customers",
            columns=("stage", "text (compressed in pairs)"),
            rows=tuple((name, f"{value:.3f}") for name, value in self.stages),
            numeric=(1,),
        )
        return (whole, by_stage) if self.stages else (whole,)


@lru_cache(maxsize=16)
def compare(
    mine: tuple[Output, ...],
    baseline: tuple[Output, ...],
    *,
    alpha: float,
    min_drop: float,
    rounds: int,
) -> Compared:
    """Compare two sets; many tests of one session ask for the same comparison.

    Args:
        mine: of the judged workflow, one a customer.
        baseline: of the single model.
        alpha: chance of any false alarm over all measures.
        min_drop: smallest loss that is an alarm, as a share.
        rounds: permutations.
    """
    outputs = (*baseline, *mine)
    cases = [o.case for o in baseline], [o.case for o in mine]
    words = common_length(outputs)
    paired = cases[0] == cases[1]
    measured, unmeasured = [], []
    for name, score in _scores(outputs, words):
        if isinstance(score, str):
            unmeasured.append((name, score))
        else:
            sizes = len(baseline), len(mine)
            measured.append(_compared(name, score, sizes, paired, rounds))
    adjusted = af.holm([one.p for one in measured])
    return Compared(
        comparisons=tuple(
            replace(one, adjusted=p, alarm=p <= alpha and one.drop >= min_drop)
            for one, p in zip(measured, adjusted, strict=True)
        ),
        unmeasured=tuple(unmeasured),
        stages=tuple(_stages(mine)),
        mine=len(mine),
        baseline=len(baseline),
        words=words,
        paired=paired,
    )


def _compared(
    name: str, score: Score, sizes: tuple[int, int], paired: bool, rounds: int
) -> Comparison:
    def loss(first: Sequence[int], second: Sequence[int]) -> float:
        return score(first) - score(second)

    found = af.permutation_test(loss, *sizes, paired=paired, rounds=rounds, seed=_SEED)
    whole = range(sum(sizes))
    return Comparison(
        name=name,
        baseline=score(whole[: sizes[0]]),
        mine=score(whole[sizes[0] :]),
        p=found.p,
    )


def _scores(outputs: Sequence[Output], words: int) -> Iterator[tuple[str, Score | str]]:
    """Give each measure as a function of a set's places, or why there is none."""
    if words >= FEWEST_WORDS:
        texts = [output.words[:words] for output in outputs]
        yield (
            "text (compressed in pairs)",
            _spread(list(map(packed, texts)), incompressible),
        )
        yield "text (distinct-2)", _distinct(texts)
    layouts = [trigrams(output.tags) for output in outputs]
    yield "layout (runs of three tags)", _spread(layouts, apart)
    yield "order of sections", _spread([o.sections for o in outputs], edits)
    yield "palette", _spread([output.palette for output in outputs], apart)
    yield "pictures", _pictures(outputs)


def _spread(items: Sequence[object], distance: Callable[..., float]) -> Score:
    rows = matrix(items, distance)
    return lambda places: mean_distance(rows, places)


def _distinct(texts: Sequence[Sequence[str]]) -> Score:
    pairs = [bigrams(text) for text in texts]
    each = len(texts[0]) - 1

    def score(places: Sequence[int]) -> float:
        return distinct_2([pairs[i] for i in places], each * len(places))

    return score


def _pictures(outputs: Sequence[Output]) -> Score | str:
    without = sum(not output.pictures for output in outputs)
    if without:
        unread = sum(output.unread for output in outputs)
        return (
            f"not measured: {without} of {len(outputs)} pages without a picture that "
            f"can be read here (8-bit PNG); {unread} could not"
        )
    return _spread([output.pictures for output in outputs], pictures_apart)


def _stages(outputs: Sequence[Output]) -> Iterator[tuple[str, float]]:
    names = dict.fromkeys(name for output in outputs for name, _ in output.stages)
    for name in names:
        said = [dict(output.stages).get(name, ()) for output in outputs]
        shortest = min(map(len, said))
        if shortest >= _FEWEST_STAGE_WORDS and len(said) > 1:
            cut = [packed(text[: min(shortest, 2_000)]) for text in said]
            yield name, mean_distance(matrix(cut, incompressible), range(len(cut)))
