"""Whether the runs of a case are good, by which checks not, and what flipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.require import judge_run
from pytest_agentflow.checking.results import CheckResult, Evaluation
from pytest_agentflow.decomposition.tradeoff_variants import (
    Key,
    NotComparable,
    Variant,
    cases_of,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.statistics.noninferiority import noninferior
from pytest_agentflow.statistics.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the checks say of one run."""

    passed: Mapping[str, bool | None]
    """By check; `None` where it decided nothing."""
    stages: Mapping[str, tuple[str, ...]]
    """By check that failed: the stages that brought the faults in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A case that one side passes and the other does not."""

    case: str
    check: str
    stage: str
    """That brought the fault in, or had brought it in; empty where none is known."""
    fixed: bool
    """Whether the first side mended it; else it is newly broken."""

    def __str__(self) -> str:
        begins = f" in {self.stage}" if self.stage else ""
        return f"{self.case} ({self.check}{begins})"


@dataclass(slots=True)
class Jury:
    """Judges each run once."""

    checks: tuple[Check, ...]
    _judged: dict[int, tuple[Run, Judged]] = field(default_factory=dict)

    def judge(self, run: Run) -> Judged:
        """Judge a run by all checks; raises `NotComparable` where one cannot."""
        if id(run) not in self._judged:
            # The run is kept, so that no other one can get its id.
            judged = _read(judge_run(run, self.checks, observed=False))
            self._judged[id(run)] = run, judged
        return self._judged[id(run)][1]

    def cases(self, variant: Variant, keys: Sequence[Key]) -> dict[str, bool | None]:
        """Say for each case whether all its runs pass all checks."""
        found: dict[str, bool | None] = dict.fromkeys(cases_of(keys), True)
        for case, _, judged in self._of(variant, keys):
            found[case] = _all([found[case], *judged.passed.values()])
        return found

    def flips(
        self, first: Variant, second: Variant, keys: Sequence[Key]
    ) -> tuple[Flip, ...]:
        """List what `first` mended and newly broke beside `second`, check by check."""
        sides = [self._by_check(variant, keys) for variant in (first, second)]
        return tuple(_flips(*sides))

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

    def _of(
        self, variant: Variant, keys: Sequence[Key]
    ) -> Iterator[tuple[str, Run, Judged]]:
        for key in keys:
            for run in variant.runs[key]:
                yield key[0], run, self.judge(run)

    def _by_check(
        self, variant: Variant, keys: Sequence[Key]
    ) -> dict[tuple[str, str], tuple[bool | None, str]]:
        found: dict[tuple[str, str], tuple[bool | None, str]] = {}
        for case, _, judged in self._of(variant, keys):
            for check, passed in judged.passed.items():
                before, blamed = found.get((case, check), (True, ""))
                blamed = blamed or next(iter(judged.stages.get(check, ())), "")
                found[case, check] = _all([before, passed]), blamed
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


def _read(evaluation: Evaluation) -> Judged:
    for result in evaluation.results:
        if result.verdict is Verdict.ERROR:
            why = next(f for f in result.findings if f.verdict is Verdict.ERROR)
            raise NotComparable(f"{evaluation.run} cannot be judged: {why.message}")
    return Judged(
        passed={result.written: _passed(result) for result in evaluation.results},
        stages={r.written: _blamed(r) for r in evaluation.results if not r.ok},
    )


def _passed(result: CheckResult) -> bool | None:
    return True if result.ok else False if result.verdict is Verdict.FAILED else None


def _blamed(result: CheckResult) -> tuple[str, ...]:
    named = [f.introduced_by or f.lost_at for f in result.findings if f.fails]
    return tuple(dict.fromkeys(filter(None, named)))


def _all(parts: Sequence[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _flips(
    ours: Mapping[tuple[str, str], tuple[bool | None, str]],
    theirs: Mapping[tuple[str, str], tuple[bool | None, str]],
) -> Iterator[Flip]:
    for (case, check), (now, blamed) in ours.items():
        before, blamed_before = theirs[case, check]
        if {now, before} == {True, False}:
            yield Flip(
                case=case,
                check=check,
                stage=blamed_before if now else blamed,
                fixed=bool(now),
            )


def refuse_unfit(jury: Jury, found: Sequence[Variant], keys: Sequence[Key]) -> None:
    """Refuse a check that decided nothing in any run: it says nothing of quality."""
    runs = [run for variant in found for key in keys for run in variant.runs[key]]
    judged = [jury.judge(run) for run in runs]
    for check in judged[0].passed if judged else ():
        if all(one.passed[check] is None for one in judged):
            raise NotComparable(
                f"{check} decided nothing in {len(judged)} runs: name a check that "
                "fits what these runs produce: -c CHECK"
            )
