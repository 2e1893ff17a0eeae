"""Does the split pay: a decomposition against the single large model, case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.require import current_settings, judge_run
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.decomposition.blame import blame
from pytest_agentflow.decomposition.exhibits import (
    cost_bars,
    cost_table,
    quality_table,
    sums,
)
from pytest_agentflow.decomposition.ledger import Ledger, bill
from pytest_agentflow.decomposition.pairs import Pair, pair_runs, workflows
from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict, fold_verdicts
from pytest_agentflow.statistics.paired import PairedDifference, paired_difference

_WORDS = {
    Verdict.PASSED: "PASS",
    Verdict.FAILED: "FAIL",
    Verdict.UNDETERMINED: "INCONCLUSIVE",
    Verdict.ERROR: "ERROR",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One bound of the gate: what was measured against what was allowed."""

    name: str
    verdict: Verdict
    sentence: str
    stage: str | None = None
    """The stage that makes the difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """The outcome of comparing a decomposition with its baseline."""

    workflow: str
    baseline: str
    verdict: Verdict
    bounds: tuple[Bound, ...]
    exhibits: tuple[Exhibit, ...] = ()
    cost: Money | None = None
    """Of all runs of the split; `None` where money was not compared."""
    baseline_cost: Money | None = None
    authored: bool = False
    estimated: bool = False
    optional: bool = False

    @property
    def word(self) -> str:
        """``PASS``, ``FAIL``, ``INCONCLUSIVE`` or ``ERROR``."""
        return _WORDS[self.verdict]

    def __str__(self) -> str:
        head = f"{self.word}: {self.workflow} against {self.baseline}"
        bounds = (
            f"  {bound.name}: {_WORDS[bound.verdict]}: {bound.sentence}"
            for bound in self.bounds
        )
        return "\n".join([head, *bounds])


class DecompositionFailure(AssertionError):
    """The decomposition does not pay, or that could not be decided."""

    __module__ = "pytest_agentflow"

    def __init__(self, decomposition: Decomposition) -> None:
        self.decomposition = decomposition
        super().__init__(str(decomposition))

    def __reduce__(self) -> tuple[type[DecompositionFailure], tuple[Decomposition]]:
        return DecompositionFailure, (self.decomposition,)


def require_decomposition(
    runs: Sequence[Run],
    *,
    baseline: Sequence[Run],
    checks: Sequence[Check] = (),
    cost_ratio: float | str | Decimal | None = None,
    quality_margin: float | None = None,
    pair_by: Literal["case"] | Callable[[Run], str] = "case",
    population: Literal["fixed"] = "fixed",
    optional: bool = False,
) -> Decomposition:
    """Require that a decomposition is cheap and good enough beside the single model.

    The recorded cases *are* the population: money is compared exactly, pair by pair,
    and so is the share of cases that pass `checks`. No sampling statement is made.

    Args:
        runs: of the decomposed workflow.
        baseline: of the single large model, for the same cases.
        checks: what decides whether a run is good; needed for `quality_margin`.
        cost_ratio: the split's money may be at most this share of the baseline's.
        quality_margin: the split's pass rate may be at most this much lower (0 to 1).
        pair_by: ``"case"``, or a function that gives the key of a run's pair.
        population: ``"fixed"``.
        optional: let INCONCLUSIVE pass.

    Raises:
        DecompositionFailure: on FAIL, INCONCLUSIVE or ERROR, with the stage and cause
            that make the difference.
        ValueError: when nothing is asked, or an argument makes no sense.
    """
    __tracebackhide__ = True
    _validate(checks, cost_ratio, quality_margin, population)
    result = compare(
        runs,
        baseline=baseline,
        checks=checks,
        cost_ratio=None if cost_ratio is None else Decimal(str(cost_ratio)),
        quality_margin=quality_margin,
        key=(lambda run: run.case) if pair_by == "case" else pair_by,
        optional=optional,
    )
    if (observe := current_settings().observe_gate) is not None:
        observe(result)
    inconclusive = result.verdict is Verdict.UNDETERMINED and optional
    if result.verdict is not Verdict.PASSED and not inconclusive:
        raise DecompositionFailure(result)
    return result


def _validate(
    checks: Sequence[Check],
    cost_ratio: object,
    quality_margin: float | None,
    population: str,
) -> None:
    if cost_ratio is None and quality_margin is None:
        message = "give cost_ratio=, quality_margin= or both: else nothing is required"
        raise ValueError(message)
    if quality_margin is not None and not checks:
        message = "quality_margin= needs checks= that decide which runs are good"
        raise ValueError(message)
    if quality_margin is not None and not 0 <= quality_margin <= 1:
        message = f"quality_margin={quality_margin} is a share: 0 to 1"
        raise ValueError(message)
    if population != "fixed":
        message = f"population={population!r} is not known; use 'fixed'"
        raise ValueError(message)


def compare(
    runs: Sequence[Run],
    *,
    baseline: Sequence[Run],
    checks: Sequence[Check],
    cost_ratio: Decimal | None,
    quality_margin: float | None,
    key: Callable[[Run], str],
    optional: bool = False,
) -> Decomposition:
    """Compare without raising; see `require_decomposition`."""
    names = workflows(runs, "runs"), workflows(baseline, "baseline")
    pairs, problem = pair_runs(runs, baseline, key)
    bills: tuple[Ledger, Ledger] | None = None
    bounds: list[Bound] = []
    exhibits: list[Exhibit] = []
    if problem:
        bounds.append(Bound(name="pairs", verdict=Verdict.ERROR, sentence=problem))
    elif cost_ratio is not None:
        bills, bound, shown = _cost(pairs, cost_ratio)
        bounds.append(bound)
        exhibits.extend(shown)
    if not problem and quality_margin is not None:
        bound, shown = _quality(pairs, checks, quality_margin)
        bounds.append(bound)
        exhibits.extend(shown)
    return Decomposition(
        workflow=names[0],
        baseline=names[1],
        verdict=fold_gate([bound.verdict for bound in bounds]),
        bounds=tuple(bounds),
        exhibits=tuple(exhibits),
        cost=bills[0].total if bills else None,
        baseline_cost=bills[1].total if bills else None,
        estimated=any(ledger.estimated for ledger in bills or ()),
        optional=optional,
        authored=any(run.authored for run in (*runs, *baseline)),
    )


def fold_gate(verdicts: list[Verdict]) -> Verdict:
    """Fold the bounds of a gate: unlike subjects, an open bound leaves it open."""
    whole = fold_verdicts(verdicts)
    is_open = Verdict.UNDETERMINED in verdicts
    return Verdict.UNDETERMINED if whole is Verdict.PASSED and is_open else whole


def _cost(
    pairs: list[Pair], limit: Decimal
) -> tuple[tuple[Ledger, Ledger] | None, Bound, list[Exhibit]]:
    try:
        split = bill([pair.split for pair in pairs])
        single = bill([pair.single for pair in pairs])
    except ValueError as error:  # an unknown price, or two currencies
        return None, _cost_error(str(error)), []
    if split.total.currency != single.total.currency:
        text = f"{split.total} against {single.total}: convert to one currency first"
        return None, _cost_error(text), []
    if not single.total.amount:
        return None, _cost_error("the baseline cost nothing: there is no ratio"), []
    bound = _cost_bound(pairs, split, single, limit)
    shown: list[Exhibit] = [
        cost_bars(split, single, limit),
        cost_table(pairs),
        sums(split, single),
    ]
    return (split, single), bound, shown


def _cost_error(sentence: str) -> Bound:
    return Bound(name="cost", verdict=Verdict.ERROR, sentence=sentence)


def _cost_bound(
    pairs: list[Pair], split: Ledger, single: Ledger, limit: Decimal
) -> Bound:
    ratio = split.total / single.total
    mark = " (estimated usage)" if split.estimated or single.estimated else ""
    sentence = (
        f"{split.total} is {ratio:.1%} of {single.total}{mark} over "
        f"{split.runs} cases; allowed {limit:.0%}"
    )
    if ratio <= limit:
        return Bound(name="cost", verdict=Verdict.PASSED, sentence=sentence)
    found = blame(pairs, split, single, single.total * limit)
    return Bound(
        name="cost",
        verdict=Verdict.FAILED,
        sentence=f"{sentence}. {found.sentence}",
        stage=found.stage,
    )


def _quality(
    pairs: list[Pair], checks: Sequence[Check], margin: float
) -> tuple[Bound, list[Exhibit]]:
    judged = [
        (
            judge_run(p.split, checks, observed=False),
            judge_run(p.single, checks, observed=False),
        )
        for p in pairs
    ]
    broken = [e for both in judged for e in both if e.verdict is Verdict.ERROR]
    table = quality_table(pairs, judged)
    if broken:
        error = next(f for f in broken[0].findings if f.verdict is Verdict.ERROR)
        sentence = (
            f"{len(broken)} of {2 * len(pairs)} runs cannot be judged: {error.message}"
        )
        bound = Bound(name="quality", verdict=Verdict.ERROR, sentence=sentence)
        return bound, [table]
    difference = paired_difference([(_good(a), _good(b)) for a, b in judged])
    verdict = _margin_verdict(difference, margin)
    sentence = _quality_sentence(difference, margin)
    stage, worst = _worst(judged)
    if verdict is not Verdict.PASSED and worst:
        sentence += f". {worst}"
    return Bound(name="quality", verdict=verdict, sentence=sentence, stage=stage), [
        table
    ]


def _good(evaluation: Evaluation) -> bool | None:
    verdicts = {r.verdict for r in evaluation.results if not r.ok}
    if not verdicts:
        return True
    return False if Verdict.FAILED in verdicts else None


def _margin_verdict(difference: PairedDifference, margin: float) -> Verdict:
    # A pass rate of exactly the margin lower is allowed; floats must not decide that.
    allowed = -margin - 1e-12
    if difference.lowest >= allowed:
        return Verdict.PASSED
    return Verdict.FAILED if difference.highest < allowed else Verdict.UNDETERMINED


def _quality_sentence(difference: PairedDifference, margin: float) -> str:
    n = difference.pairs
    sentence = (
        f"the split passes {difference.first_passed} of {n} cases, the single model "
        f"{difference.second_passed} of {n}; allowed {margin:.0%} lower"
    )
    if difference.difference is None:
        span = f"{difference.lowest:+.0%} to {difference.highest:+.0%}"
        sentence += f" (undecided runs leave the difference at {span})"
    return sentence


def _worst(
    judged: Sequence[tuple[Evaluation, Evaluation]],
) -> tuple[str | None, str]:
    worse = [a for a, b in judged if _good(a) is not True and _good(b) is not False]
    blamed: Counter[str] = Counter()
    for evaluation in worse:
        blamed.update(set(_stages_to_blame(evaluation)))
    failing = Counter(r.check for e in worse for r in e.results if not r.ok)
    if not failing:
        return None, ""
    checks = ", ".join(
        f"{name} in {n} of {len(judged)}" for name, n in failing.most_common()
    )
    if not blamed:
        return None, f"worse than the single model: {checks}; no stage can be named"
    stage, count = blamed.most_common(1)[0]
    sentence = (
        f"worse than the single model: {checks}; brought in by {stage} in {count}"
    )
    return stage, sentence


def _stages_to_blame(evaluation: Evaluation) -> Iterator[str]:
    for finding in evaluation.findings:
        if finding.fails and (finding.introduced_by or finding.lost_at):
            yield str(finding.introduced_by or finding.lost_at)
