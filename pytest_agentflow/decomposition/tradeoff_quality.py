"""Whether the runs of a case are good, by which checks not, and what flipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.decomposition.flips import Flip, Judged, flips
from pytest_agentflow.decomposition.judging import (
    all_of,
    decided,
    evaluation_of,
    goodness,
)
from pytest_agentflow.decomposition.ledger import NotComparable
from pytest_agentflow.decomposition.tradeoff_variants import Key, Variant, cases_of
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.noninferiority import noninferior
from pytest_agentflow.statistics.outcome import Outcome


@dataclass(slots=True)
class Jury:
    """Judges each run once."""

    checks: tuple[Check, ...]
    _judged: dict[int, tuple[Run, Evaluation]] = field(default_factory=dict)

    def judge(self, run: Run) -> Evaluation:
        """Judge a run by all checks; raises `NotComparable` where one cannot."""
        if id(run) not in self._judged:
            # The run is kept, so that no other one can get its id.
            judged = _without_error(evaluation_of(run, self.checks))
            self._judged[id(run)] = run, judged
        return self._judged[id(run)][1]

    def cases(self, variant: Variant, keys: Sequence[Key]) -> dict[str, bool | None]:
        """Say for each case whether all its runs pass all checks."""
        return {
            case: all_of(map(goodness, judged))
            for case, judged in self._by_case(variant, keys).items()
        }

    def flips(
        self, first: Variant, second: Variant, keys: Sequence[Key]
    ) -> tuple[Flip, ...]:
        """List what `first` newly broke and mended beside `second`, check by check."""
        ours, theirs = (self._by_case(variant, keys) for variant in (first, second))
        judged = [
            Judged(key=case, split=tuple(own), single=tuple(theirs[case]))
            for case, own in ours.items()
        ]
        return tuple(flips(judged))

    def compare(
        self,
        first: Variant,
        second: Variant,
        keys: Sequence[Key],
        *,
        margin: float,
        alpha: float,
    ) -> Outcome:
        """Decide whether `first` passes at most `margin` fewer cases."""
        _even(first, second, keys)
        ours, theirs = self.cases(first, keys), self.cases(second, keys)
        return noninferior(
            list(ours.values()), list(theirs.values()), margin=margin, alpha=alpha
        )

    def _by_case(
        self, variant: Variant, keys: Sequence[Key]
    ) -> dict[str, list[Evaluation]]:
        found: dict[str, list[Evaluation]] = {case: [] for case in cases_of(keys)}
        for key in keys:
            found[key[0]] += map(self.judge, variant.runs[key])
        return found


def _even(first: Variant, second: Variant, keys: Sequence[Key]) -> None:
    """Refuse unequal numbers of trials: more of them fail more often."""
    for key in keys:
        ours, theirs = len(first.runs[key]), len(second.runs[key])
        if ours != theirs:
            raise NotComparable(
                f"{key[0]} has {ours} runs of {first.workflow} and {theirs} of "
                f"{second.workflow}: a case passes where all its runs do, so that both "
                "need as many; record the others, or leave trials out"
            )


def _without_error(evaluation: Evaluation) -> Evaluation:
    for result in evaluation.results:
        if result.verdict is Verdict.ERROR:
            why = next(f for f in result.findings if f.verdict is Verdict.ERROR)
            raise NotComparable(f"{evaluation.run} cannot be judged: {why.message}")
    return evaluation


def refuse_unfit(jury: Jury, found: Sequence[Variant], keys: Sequence[Key]) -> None:
    """Refuse a check that decided nothing in any run: it says nothing of quality."""
    runs = [run for variant in found for key in keys for run in variant.runs[key]]
    judged = [jury.judge(run).results for run in runs]
    for results in zip(*judged, strict=True):
        if all(decided(result) is None for result in results):
            raise NotComparable(
                f"{results[0].written} decided nothing in {len(judged)} runs: name a "
                "check that fits what these runs produce: -c CHECK"
            )
