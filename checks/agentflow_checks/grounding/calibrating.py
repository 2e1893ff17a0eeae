"""From labelled outputs to thresholds of the score and what a judge is worth."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest_agentflow as af
from agentflow_checks.grounding.calibration import (
    LEAST_LABELS,
    Calibrated,
    JudgeCalibration,
    ScoreCalibration,
    Threshold,
)
from agentflow_checks.grounding.claims import claims_of
from agentflow_checks.grounding.judging import Judge, JudgeEvidence, rule_on
from agentflow_checks.grounding.labels import BadLabels, Labelled

#: Share of right verdicts that thresholds aim at.
TARGET = 0.9
_FOLDS = 5
#: A threshold that decides fewer labelled outputs has no precision to speak of.
_LEAST_DECIDED = 20

Scorer = Callable[[Labelled], float]


def calibrate(
    path: Path,
    rows: Sequence[Labelled],
    *,
    score: Scorer | None,
    judge: Judge | None = None,
    name: str = "",
    models: Callable[[], Sequence[str]] = tuple,
    target: float = TARGET,
) -> Calibrated:
    """Fit score and judge to the labels of `rows`.

    Args:
        path: the file they were read from; its name and digest are kept.
        rows: labelled ones, at least `LEAST_LABELS` of each class, and others, which
            the judge alone is asked about.
        score: gives a score from 0 (supported) to 1; `None`: no score is calibrated.
        judge: asked about all rows; `None`: none is.
        name: of the judge.
        models: gives the models that answered, when it was asked.
        target: precision that thresholds aim at.

    Raises `BadLabels` for too few labels, or labels of one source alone.
    """
    labelled = [row for row in rows if row.supported is not None]
    expect_enough(labelled)
    return Calibrated(
        labels=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        at=dt.datetime.now(dt.UTC).date().isoformat(),
        unit=rows[0].unit,
        supported=sum(bool(row.supported) for row in labelled),
        unsupported=sum(not row.supported for row in labelled),
        groups=len({row.group for row in labelled}),
        score=None if score is None else calibrate_score(labelled, score, target),
        judge=None if judge is None else calibrate_judge(rows, judge, name, models),
    )


def expect_enough(rows: Sequence[Labelled], of: str = "labels") -> None:
    """Raise `BadLabels` unless both classes have enough labels, of two sources."""
    held = sum(bool(row.supported) for row in rows)
    if min(held, len(rows) - held) < LEAST_LABELS:
        message = (
            f"{held} {of} say supported and {len(rows) - held} unsupported; at least "
            f"{LEAST_LABELS} of each are needed to say anything: label more outputs"
        )
        raise BadLabels(message)
    if len({row.group for row in rows}) < _FOLDS:
        message = (
            f"the {of} come from fewer than {_FOLDS} sources, which say nothing of "
            'others: label outputs of more sources (or set "group" where they differ)'
        )
        raise BadLabels(message)


# The score


def calibrate_score(
    rows: Sequence[Labelled], score: Scorer, target: float
) -> ScoreCalibration:
    """Fit slope and intercept; errors and thresholds are out of fold, by group."""
    scores = [score(row) for row in rows]
    wrong = [not row.supported for row in rows]
    try:
        chances = _out_of_fold(scores, wrong, [row.group for row in rows])
    except ValueError:
        message = (
            "all labels of one class come from a few of the sources, so that nothing "
            "can be tried out on others: label outputs of both kinds of more sources"
        )
        raise BadLabels(message) from None
    fitted = af.fit_calibration(scores, wrong)
    return ScoreCalibration(
        slope=fitted.slope,
        intercept=fitted.intercept,
        ece_before=af.expected_calibration_error(scores, wrong),
        ece_after=af.expected_calibration_error(chances, wrong),
        target=target,
        unsupported=threshold(chances, wrong, target),
        supported=_mirrored(
            threshold([1 - c for c in chances], [not w for w in wrong], target)
        ),
    )


def _out_of_fold(
    scores: Sequence[float], labels: Sequence[bool], groups: Sequence[str]
) -> list[float]:
    """Give each score the chance that the other groups' labels make of it."""
    number = {group: n for n, group in enumerate(sorted(set(groups), key=_shuffled))}
    fold = [number[group] % _FOLDS for group in groups]
    chances = [0.0] * len(scores)
    for left in range(_FOLDS):
        rest = [n for n in range(len(scores)) if fold[n] != left]
        fitted = af.fit_calibration(
            [scores[n] for n in rest], [labels[n] for n in rest]
        )
        for n in range(len(scores)):
            if fold[n] == left:
                chances[n] = fitted(scores[n])
    return chances


def _shuffled(group: str) -> str:
    return hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()


def threshold(
    chances: Sequence[float], labels: Sequence[bool], target: float
) -> Threshold | None:
    """Give the lowest chance from which on at least `target` of labels came true.

    `None` where there is none that decides at least 20. It is chosen on these labels,
    so that new ones may fall short: `Threshold.low` says by how much.
    """
    ranked = sorted(zip(chances, labels, strict=True), reverse=True)
    best: Threshold | None = None
    right = 0
    for count, (chance, label) in enumerate(ranked, 1):
        right += label
        last = count == len(ranked) or ranked[count][0] < chance
        if last and count >= _LEAST_DECIDED and right >= target * count:
            best = Threshold(
                chance=chance,
                precision=right / count,
                low=af.Proportion(passed=right, trials=count).interval()[0],
                coverage=count / len(ranked),
                decided=count,
            )
    return best


def _mirrored(found: Threshold | None) -> Threshold | None:
    if found is None:
        return None
    return Threshold(
        chance=1 - found.chance,
        precision=found.precision,
        low=found.low,
        coverage=found.coverage,
        decided=found.decided,
    )


# The judge


def calibrate_judge(
    rows: Sequence[Labelled],
    judge: Judge,
    name: str,
    models: Callable[[], Sequence[str]],
) -> JudgeCalibration:
    """Hold a judge against the labels: kappa by group, and its rate put right."""
    said = judged(rows, judge)
    pairs = [
        (row, one)
        for row, one in zip(rows, said, strict=True)
        if row.supported is not None
    ]
    decided = [(row, one) for row, one in pairs if one is not None]
    expect_enough([row for row, _ in decided], "labels that the judge decided")
    labels = [not row.supported for row, _ in decided]
    calls = [not one for _, one in decided]
    groups = [row.group for row, _ in decided]
    found = af.agreement(labels, calls, groups)
    others = [
        float(not one)
        for row, one in zip(rows, said, strict=True)
        if row.supported is None and one is not None
    ]
    rate = af.prediction_powered_rate(
        others, [*map(float, labels)], [*map(float, calls)], groups
    )
    return JudgeCalibration(
        judge=name,
        models=tuple(models()),
        kappa=found.kappa,
        low=found.low,
        high=found.high,
        decided=len(decided),
        undecided=len(pairs) - len(decided),
        rate=rate.rate,
        rate_low=rate.low,
        rate_high=rate.high,
        judge_rate=rate.judge_rate,
    )


def judged(rows: Sequence[Labelled], judge: Judge) -> list[bool | None]:
    """Ask a judge about rows; `None` where it decides nothing, or says none of it.

    An output is supported where all its claims are, and is not where one of them is
    not. Claims of the same sources are asked together.
    """
    together: dict[tuple[tuple[str, str], ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        together[tuple(row.sources.items())].append(number)
    found: list[bool | None] = [None] * len(rows)
    for sources, numbers in together.items():
        evidence = [JudgeEvidence(id=id_, text=text) for id_, text in sources]
        claims = [(n, text) for n in numbers for text in _claims(rows[n])]
        ruled = rule_on(judge, [text for _, text in claims], evidence).rulings
        words: dict[int, list[str]] = defaultdict(list)
        for (number, _), one in zip(claims, ruled, strict=True):
            words[number].append(one.verdict)
        for number, listed in words.items():
            found[number] = _folded(listed)
    return found


def _claims(row: Labelled) -> Iterator[str]:
    if row.unit == "claim":
        yield row.text
        return
    yield from (claim.text for claim in claims_of(row.text) if claim.asserted)


def _folded(words: Sequence[str]) -> bool | None:
    if "unsupported" in words or "contradicted" in words:
        return False
    return True if set(words) == {"supported"} else None
