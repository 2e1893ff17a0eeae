"""``agentflow calibrate``: what score and judge are worth, from the user's labels."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest_agentflow as af
from agentflow_checks.grounding import score
from agentflow_checks.grounding.calibrating import TARGET, calibrate
from agentflow_checks.grounding.calibration import (
    LEAST_KAPPA,
    LEAST_LOWER_BOUND,
    Calibrated,
    JudgeCalibration,
    ScoreCalibration,
    Threshold,
    calibration_text,
)
from agentflow_checks.grounding.labels import BadLabels, Labelled, read_labels

_WRONG = 2
_EPILOG = """\
LABELS.jsonl holds one JSON object a line: "claim" (or "output"), "sources" (texts) or
"run" (a recording), "label" (supported, unsupported or contradicted; none: only the
judge is asked), and, if wanted, "group" and "question". At least 50 labels of each
class are needed. The file it writes is for the check: hallucination(calibration=FILE).
What a judge is asked stands in LABELS.jsonl.judge.json, and is not asked again."""


def calibrate_command(argv: list[str]) -> int:
    """Thresholds of the score and the worth of a judge, from your labels; 0, or 2."""
    options = _parser().parse_args(argv)
    try:
        rows = read_labels(options.labels)
        judge = _judge(options, argv)
        found = calibrate(
            options.labels,
            rows,
            score=_score,
            judge=judge,
            name=options.judge or "",
            models=(lambda: judge.models) if judge is not None else tuple,
            target=options.target,
        )
        options.to.write_text(calibration_text(found), "utf-8")
    except (BadLabels, af.BadSetting, af.CheckError, OSError) as error:
        sys.stderr.write(f"agentflow calibrate: {error}\n")
        if judge_said(options, error):
            sys.stderr.write(f"to ask the judge: {_command(argv)('--ask')}\n")
        return _WRONG
    sys.stdout.write("\n".join([*_lines(found), f"written: {options.to}"]) + "\n")
    return 0


def judge_said(options: argparse.Namespace, error: Exception) -> bool:
    """Whether too little was judged because nobody was asked."""
    return bool(options.judge) and not options.ask and "judge decided" in str(error)


def _score(row: Labelled) -> float:
    return score(row.text, row.sources, row.question).value


def _judge(options: argparse.Namespace, argv: list[str]) -> af.AskedJudge | None:
    if options.judge is None:
        return None
    here = str(Path.cwd())
    if here not in sys.path:  # as `python -m` does, so that the user's judge is found
        sys.path.insert(0, here)
    return af.recorded_judge(
        options.judge,
        options.labels,
        mode="record" if options.ask else "replay",
        command=_command(argv),
        max_calls=options.max_judge_calls,
        max_cost=options.max_judge_cost,
        prices=options.prices,
    )


def _command(argv: list[str]) -> Callable[..., str]:
    def command(*_: str) -> str:
        words = [word for word in argv if word != "--ask"]
        return shlex.join(["agentflow", "calibrate", *words, "--ask"])

    return command


def _lines(found: Calibrated) -> Iterator[str]:
    yield (
        f"{found.labels}: {found.supported} {found.unit}s labelled supported, "
        f"{found.unsupported} unsupported, from {found.groups} sources"
    )
    if found.score is not None:
        yield from _score_lines(found.score, found)
    if found.judge is not None:
        yield from _judge_lines(found.judge)


def _score_lines(one: ScoreCalibration, found: Calibrated) -> Iterator[str]:
    labels = found.supported + found.unsupported
    yield (
        f"score: slope {one.slope:.2f}, intercept {one.intercept:.2f}; calibration "
        f"error {one.ece_before:.3f} before, {one.ece_after:.3f} after (out of fold)"
    )
    base = found.unsupported / labels
    yield f"  base rate: {base:.0%} unsupported, {1 - base:.0%} supported"
    for word, sign, held in (
        ("unsupported", ">=", one.unsupported),
        ("supported", "<=", one.supported),
    ):
        yield f"  {word}: {_threshold(held, sign, one.target)}"


def _threshold(held: Threshold | None, sign: str, target: float) -> str:
    if held is None:
        return f"never: no threshold is right in {target:.0%} of 20 or more"
    return (
        f"chance {sign} {held.chance:.3f}: right in {held.precision:.1%} (at least "
        f"{held.low:.1%}, 95 %), decides {held.coverage:.0%}"
    )


def _judge_lines(one: JudgeCalibration) -> Iterator[str]:
    models = f" ({', '.join(one.models)})" if one.models else ""
    yield (
        f"judge {one.judge}{models}: decided {one.decided} of "
        f"{one.decided + one.undecided} labelled; kappa {one.kappa:.2f} "
        f"(95 % {one.low:.2f} to {one.high:.2f}, by source)"
    )
    least = f"kappa {LEAST_KAPPA} and a lower bound of {LEAST_LOWER_BOUND}"
    yield (
        f"  it may fail tests: at least {least}"
        if one.may_fail
        else f"  it may not fail a test: that needs {least}; it still tells questions"
    )
    interval = f"95 % {one.rate_low:.1%} to {one.rate_high:.1%}"
    yield (
        f"  unsupported: {one.rate:.1%} ({interval}) put right by the labels; the "
        f"judge alone says {one.judge_rate:.1%}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agentflow calibrate",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("labels", type=Path, metavar="LABELS.jsonl")
    add(
        "--to",
        type=Path,
        default=Path("calibration.json"),
        metavar="FILE",
        help="what is written (default: calibration.json)",
    )
    add(
        "--target",
        type=_share,
        default=TARGET,
        metavar="SHARE",
        help="precision that thresholds aim at (default: 0.9)",
    )
    add("--judge", metavar="MODULE:FUNCTION", help="hold this judge against the labels")
    add(
        "--ask",
        action="store_true",
        help="let the judge ask what is not recorded yet; else nobody is asked",
    )
    add("--max-judge-calls", type=int, metavar="N", help="most calls of the judge")
    add("--max-judge-cost", type=_usd, metavar="USD", help="most that it may spend")
    add("--prices", type=Path, metavar="FILE", help="own prices of models")
    return parser


def _share(text: str) -> float:
    number = float(text)
    if not 0.5 <= number < 1:
        message = f"{text}: a share of 0.5 to below 1, like 0.9"
        raise argparse.ArgumentTypeError(message)
    return number


def _usd(text: str) -> af.Money:
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        message = f"{text}: US dollars, like 0.50"
        raise argparse.ArgumentTypeError(message)
    return af.Money(amount=amount)
