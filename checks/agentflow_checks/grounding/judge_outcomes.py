"""What a judge, or a calibrated score, makes of the claims that sources leave open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.grounding.calibration import Calibrated, read_calibration
from agentflow_checks.grounding.judging import (
    Judge,
    JudgeEvidence,
    Ruling,
    Rulings,
    rule_on,
    shared_vendor,
)
from agentflow_checks.grounding.passages import best_passage
from agentflow_checks.grounding.sources import Document, Index

#: Sources of so many characters in all are given to a judge whole.
_WHOLE = 24_000
#: Of longer ones it gets what stands this far around the best passage of each claim.
_AROUND = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """Who decides what sources leave open.

    Args:
        judge: asked about it; `None`: nobody is.
        calibration: the file that ``agentflow calibrate`` wrote, where there is one.
        max_calls: most calls of the judge on this run.
    """

    judge: Judge | None = None
    calibration: str | Path | None = None
    max_calls: int | None = None

    @property
    def decides(self) -> bool:
        """Whether there is anybody to ask."""
        return self.judge is not None or self.calibration is not None


@dataclass(slots=True, kw_only=True)
class Decided:
    """What became of open claims, by their texts."""

    rulings: dict[str, Ruling] = field(default_factory=dict)
    may_fail: bool = False
    """Whether the judge agrees with labels of people well enough to fail a test."""
    by_score: dict[str, str] = field(default_factory=dict)
    """Claims that the calibrated score decides against, with what it is worth."""
    notes: list[af.Note] = field(default_factory=list)

    def holds(self, text: str) -> bool:
        """Whether a claim is supported."""
        ruling = self.rulings.get(text)
        return ruling is not None and ruling.verdict == "supported"

    def on(self, text: str, question: af.Finding) -> af.Finding:
        """Give the finding on a claim that is a question by itself."""
        if text in self.by_score:
            return _failed(question, self.by_score[text])
        ruling = self.rulings.get(text)
        return question if ruling is None else _ruled(question, ruling, self.may_fail)


def decide(
    run: af.Run, claims: Sequence[str], known: Index, deciding: Deciding
) -> Decided:
    """Decide what can be decided of claims that the sources leave open.

    Raises `af.CheckError` for a file of calibration that cannot be used.
    """
    decided = Decided()
    if not claims or not deciding.decides:
        return decided
    found = None
    if deciding.calibration is not None:
        found = read_calibration(deciding.calibration)
        _score_decides(decided, claims, known, found)
    if deciding.judge is not None:
        settled = {*decided.by_score, *decided.rulings}
        asked = [text for text in claims if text not in settled]
        whole = sum(len(one.text) for one in known.documents) <= _WHOLE
        evidence = _Evidence(known, whole=whole)
        ruled = rule_on(deciding.judge, asked, evidence, max_calls=deciding.max_calls)
        for text, ruling in zip(asked, ruled.rulings, strict=True):
            decided.rulings[text] = ruling if whole else _of_excerpts(ruling)
        decided.may_fail = _is_trusted(found)
        decided.notes += _notes(run, deciding.judge, ruled, found)
    return decided


# The calibrated score


def _score_decides(
    decided: Decided, claims: Sequence[str], known: Index, found: Calibrated
) -> None:
    from agentflow_checks.grounding.scoring import score  # noqa: PLC0415 - heavy

    if found.score is None:
        return
    if found.unit != "claim":
        text = (
            f"{found.labels} holds labels of whole {found.unit}s: its thresholds say "
            "nothing of single claims, which stay open"
        )
        decided.notes.append(af.Note(text=text))
        return
    sources = {one.id: one.text for one in known.documents}
    low, high = found.score.supported, found.score.unsupported
    for text in claims:
        chance = found.score.chance(score(text, sources).value)
        if high is not None and chance >= high.chance:
            decided.by_score[text] = (
                f"the score calibrated on {found.labels} says unsupported: such claims "
                f"were unsupported in {high.precision:.0%} of {high.decided} (at least "
                f"{high.low:.0%}, 95 %)"
            )
        elif low is not None and chance <= low.chance:
            why = f"by the score calibrated on {found.labels}"
            decided.rulings[text] = Ruling(verdict="supported", why=why, asked=False)


# The judge


def _is_trusted(found: Calibrated | None) -> bool:
    return found is not None and found.judge is not None and found.judge.may_fail


class _Evidence:
    """Gives a judge the sources, or of long ones what is near a batch's claims."""

    def __init__(self, known: Index, *, whole: bool) -> None:
        self._known = known
        self._whole = whole

    def __call__(self, claims: Sequence[str]) -> Sequence[JudgeEvidence]:
        if self._whole:
            return [_evidence(one, one.text) for one in self._known.documents]
        return list(self._excerpts(claims))

    def _excerpts(self, claims: Sequence[str]) -> Iterator[JudgeEvidence]:
        spans: dict[str, list[tuple[int, int]]] = {}
        for text in claims:
            if (best := best_passage(self._known, text)) is not None:
                near = max(0, best.start - _AROUND), best.end + _AROUND
                spans.setdefault(best.source, []).append(near)
        for one in self._known.documents:
            for start, end in _merged(spans.get(one.id, ())):
                yield _evidence(one, one.text[start:end])


def _evidence(document: Document, text: str) -> JudgeEvidence:
    return JudgeEvidence(id=document.id, text=text)


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _of_excerpts(ruling: Ruling) -> Ruling:
    """Let what a judge did not find in excerpts stay open: it may stand elsewhere."""
    if ruling.verdict != "unsupported":
        return ruling
    why = "the judge did not find it in the excerpts of long sources that it was given"
    return replace(ruling, verdict="undetermined", why=why)


def _notes(
    run: af.Run, judge: Judge, ruled: Rulings, found: Calibrated | None
) -> Iterator[af.Note]:
    total = len(ruled.rulings)
    told = [
        f"{ruled.count(word)} {word}"
        for word in (
            "supported",
            "unsupported",
            "contradicted",
            "undetermined",
            "error",
        )
        if ruled.count(word)
    ]
    calls, cost = _spent(judge)
    worth = _worth(found)
    yield af.Note(
        text=f"judge, {total} open claims: {', '.join(told)}{calls}{cost}; {worth}"
    )
    if getattr(judge, "authored", False):
        text = "people wrote the judge's answers: they illustrate it, and prove nothing"
        yield af.Note(text=text, warning=True)
    unasked = [one for one in ruled.rulings if not one.asked]
    if unasked:
        text = f"{len(unasked)} of {total} open claims: {unasked[0].why}"
        yield af.Note(text=text, warning=True)
    yield from (af.Note(text=text, warning=True) for text in ruled.notes)
    models = [call.model for call in run.calls if call.model]
    if shared := shared_vendor(getattr(judge, "models", ()), models):
        yield af.Note(text=shared, warning=True)


def _spent(judge: Any) -> tuple[str, str]:
    """Tell the calls of a session's judge and their money, which plain ones hide."""
    calls = len(getattr(judge, "calls", ()))
    if not calls:
        return "", ""
    cost = judge.cost()
    said = f" ({calls} calls" if calls > 1 else " (1 call"
    return said, f", {cost})" if cost is not None else ", price not known)"


def _worth(found: Calibrated | None) -> str:
    if found is None or found.judge is None:
        return (
            "it is not calibrated, so that nothing fails by it (agentflow calibrate "
            "LABELS.jsonl --judge MODULE:FUNCTION)"
        )
    held = found.judge
    said = f"kappa {held.kappa:.2f} ({held.low:.2f} to {held.high:.2f})"
    return f"{said} with {found.labels}" + (
        "" if held.may_fail else ", too little for a test to fail by it"
    )


# Findings

_WORDS: Mapping[str, str] = {
    "unsupported": "the judge finds no source that says so",
    "contradicted": "the judge says that a source contradicts it",
}


def _ruled(question: af.Finding, ruling: Ruling, may_fail: bool) -> af.Finding:
    if ruling.verdict == "error":
        return replace(
            question,
            verdict=af.Verdict.ERROR,
            severity=af.Severity.ERROR,
            message=ruling.why,
            fix="mend the judge; a claim without a verdict is never a pass",
        )
    if not ruling.asked:  # the note says why, and what to do
        return replace(question, message=f"{question.message}; it was not judged")
    if ruling.verdict == "undetermined":
        said = f"{question.message}; {ruling.why}" if ruling.why else question.message
        return replace(question, message=said)
    message = _WORDS[ruling.verdict]
    if ruling.quote:
        message = f'{message}: {ruling.source}, "{" ".join(ruling.quote.split())}"'
    if may_fail:
        return _failed(question, message)
    return replace(question, message=message, severity=af.Severity.WARNING)


def _failed(question: af.Finding, message: str) -> af.Finding:
    return replace(
        question,
        verdict=af.Verdict.FAILED,
        severity=af.Severity.ERROR,
        message=message,
        why="A reader takes it for a fact, and nobody gave it to the workflow.",
        fix="remove the claim, or give the stage a source that says so",
    )
