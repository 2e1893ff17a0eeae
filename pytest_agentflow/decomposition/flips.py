"""Which cases the split breaks, and which it mends, by check and by stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_agentflow.checking.results import CheckResult, Evaluation
from pytest_agentflow.decomposition.judging import all_of, decided, goodness
from pytest_agentflow.decomposition.wording import cases

NAMED = 3
"""So many cases are named in a sentence; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One case, judged on both sides."""

    key: str
    split: tuple[Evaluation, ...]
    single: tuple[Evaluation, ...]

    @property
    def good(self) -> bool | None:
        """Whether every trial of the split is good."""
        return all_of(map(goodness, self.split))

    @property
    def single_good(self) -> bool | None:
        """Whether every trial of the single model is good."""
        return all_of(map(goodness, self.single))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One check that decides otherwise on the split than on the single model."""

    key: str
    check: str
    broken: bool
    """Newly broken by the split; else fixed by it."""
    stages: tuple[str, ...] = ()
    """That brought in what fails, on the side that fails."""
    message: str = ""
    """The first finding that fails."""

    def __str__(self) -> str:
        by = f", by {' and '.join(self.stages)}" if self.stages else ""
        return f"{self.key} ({self.check}{by})"


def flips(judged: Sequence[Judged]) -> list[Flip]:
    """List every check of every case that flipped, what broke first."""
    found = [flip for one in judged for flip in _flips(one)]
    return sorted(found, key=lambda flip: not flip.broken)


def _flips(judged: Judged) -> Iterator[Flip]:
    for number, result in enumerate(judged.split[0].results):
        split = [e.results[number] for e in judged.split]
        single = [e.results[number] for e in judged.single]
        good, before = all_of(map(decided, split)), all_of(map(decided, single))
        if good is before or None in (good, before):
            continue
        bad = [r for r in (split if before else single) if not decided(r)]
        yield Flip(
            key=judged.key,
            check=result.written,
            broken=bool(before),
            stages=tuple(dict.fromkeys(s for r in bad for s in stages_to_blame(r))),
            message=next((f.message for r in bad for f in r.findings if f.fails), ""),
        )


def stages_to_blame(result: CheckResult | Evaluation) -> Iterator[str]:
    """Name the stages that brought in, or lost, what fails."""
    for finding in result.findings:
        if finding.fails and (finding.introduced_by or finding.lost_at):
            yield str(finding.introduced_by or finding.lost_at)


def flips_sentence(found: Sequence[Flip]) -> str:
    """Say what flipped: ``newly broken: elm (accessibility, by frontend); fixed: 4``.

    Empty where nothing did.
    """
    broken = {f.key: f for f in found if f.broken}
    mended = {f.key for f in found if not f.broken}
    told = [str(flip) for flip in list(broken.values())[:NAMED]]
    if len(broken) > NAMED:
        told.append(f"and {len(broken) - NAMED} more")
    parts = [f"newly broken: {', '.join(told)}"] if told else []
    parts += [f"fixed: {cases(len(mended))}"] if mended else []
    return "; ".join(parts)


def worst_sentence(judged: Sequence[Judged]) -> tuple[str | None, str]:
    """Name the stage that makes quality worse, and the checks that fail."""
    worse = [
        e
        for one in judged
        if one.good is not True and one.single_good is not False
        for e in one.split
    ]
    blamed: Counter[str] = Counter()
    for evaluation in worse:
        blamed.update(set(stages_to_blame(evaluation)))
    failing = Counter(r.check for e in worse for r in e.results if not decided(r))
    if not failing:
        return None, ""
    count = sum(len(one.split) for one in judged)
    checks = ", ".join(f"{name} in {n} of {count}" for name, n in failing.most_common())
    if not blamed:
        return None, f"worse than the single model: {checks}; no stage can be named"
    stage, times = blamed.most_common(1)[0]
    return stage, (
        f"worse than the single model: {checks}; brought in by {stage} in {times}"
    )
