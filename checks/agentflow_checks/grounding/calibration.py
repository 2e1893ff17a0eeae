"""What a calibration found, as a small file with its provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest_agentflow as af

SCHEMA = "agentflow-calibration/1"
#: Labels of each class that anything can be said from.
LEAST_LABELS = 50
#: Below, a judge may not fail a test: Landis and Koch's "fair" ends at 0.4.
LEAST_KAPPA = 0.4
LEAST_LOWER_BOUND = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From (or up to) which chance a verdict is given, and how right that was.

    Args:
        chance: of being unsupported, after slope and intercept.
        precision: share of right ones among the labelled outputs it decides.
        low: lower end of the 95 % interval of that (Wilson); plan with this one.
        coverage: share of outputs that it decides.
        decided: how many labelled outputs these are.
    """

    chance: float
    precision: float
    low: float
    coverage: float
    decided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCalibration:
    """Slope, intercept and thresholds of the score; errors are out of fold."""

    slope: float
    intercept: float
    ece_before: float
    ece_after: float
    target: float
    supported: Threshold | None = None
    unsupported: Threshold | None = None

    def chance(self, score: float) -> float:
        """Give the chance that what has this score is unsupported."""
        return af.Calibration(slope=self.slope, intercept=self.intercept)(score)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeCalibration:
    """How a judge agrees with the labels, and what it says of all outputs.

    Args:
        judge: its name, ``module:function``.
        models: those that answered.
        kappa: Cohen's, over the labelled texts that it decided.
        low: lower end of its 95 % interval, by group.
        high: upper end.
        decided: labelled texts that it decided.
        undecided: those that it left open, errors among them.
        rate: share of unsupported texts, put right by the labels.
        rate_low: lower end of its 95 % interval.
        rate_high: upper end.
        judge_rate: the same share as the judge alone has it.
    """

    judge: str
    models: tuple[str, ...]
    kappa: float
    low: float
    high: float
    decided: int
    undecided: int
    rate: float
    rate_low: float
    rate_high: float
    judge_rate: float

    @property
    def may_fail(self) -> bool:
        """Whether it agrees well enough with people to fail a test."""
        return self.kappa >= LEAST_KAPPA and self.low >= LEAST_LOWER_BOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """All that a file of labels gave, and where it is from."""

    labels: str
    """Name of the file of labels."""
    sha256: str
    """Of that file."""
    at: str
    """The day, ISO."""
    unit: str
    """``claim`` or ``output``."""
    supported: int
    """Labels of each class, and their groups."""
    unsupported: int
    groups: int
    score: ScoreCalibration | None = None
    judge: JudgeCalibration | None = None


def calibration_text(found: Calibrated) -> str:
    """Write a calibration as JSON, the same bytes for the same findings."""
    return json.dumps({"schema": SCHEMA, **asdict(found)}, indent=1) + "\n"


def read_calibration(path: str | Path) -> Calibrated:
    """Read the file that ``agentflow calibrate`` wrote.

    Raises `af.CheckError` for one that is missing, damaged or of another version.
    """
    file = Path(path)
    try:
        value = json.loads(file.read_text("utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise af.CheckError(_unusable(file, str(error))) from None
    if not isinstance(value, dict) or value.pop("schema", None) != SCHEMA:
        raise af.CheckError(_unusable(file, f"it is no {SCHEMA}"))
    try:
        score, judge = value.pop("score", None), value.pop("judge", None)
        found = Calibrated(
            **value,
            score=None if score is None else _score(score),
            judge=None if judge is None else _judge(judge),
        )
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise af.CheckError(_unusable(file, str(error))) from None
    return found


def _unusable(file: Path, problem: str) -> str:
    return (
        f"calibration {file} cannot be used: {problem}. Make it anew: "
        f"agentflow calibrate LABELS.jsonl --to {file}"
    )


def _score(value: Mapping[str, Any]) -> ScoreCalibration:
    fields = dict(value)
    for name in ("supported", "unsupported"):
        if fields.get(name) is not None:
            fields[name] = Threshold(**_numbers(fields[name], Threshold))
    plain = {n: v for n, v in fields.items() if n not in ("supported", "unsupported")}
    return ScoreCalibration(**{**fields, **_numbers(plain, ScoreCalibration)})


def _judge(value: Mapping[str, Any]) -> JudgeCalibration:
    plain = {n: v for n, v in value.items() if n not in ("judge", "models")}
    return JudgeCalibration(
        judge=str(value["judge"]),
        models=tuple(map(str, value["models"])),
        **_numbers(plain, JudgeCalibration),
    )


def _numbers(value: Mapping[str, Any], kind: type) -> dict[str, Any]:
    for name, one in value.items():
        number = isinstance(one, (int, float)) and not isinstance(one, bool)
        if not number or not math.isfinite(one):
            message = f"{name} of {kind.__name__} is {one!r}, no number"
            raise ValueError(message)
    return dict(value)


def _no_number(name: str) -> float:
    message = f"it holds {name}"
    raise ValueError(message)
