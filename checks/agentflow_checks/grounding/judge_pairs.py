"""A judge made of a model that scores pairs of claim and passage, run by the user."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentflow_checks.grounding.judging import (
    Judge,
    JudgeClaim,
    JudgeEvidence,
    JudgeVerdict,
)
from agentflow_checks.grounding.sentences import sentence_spans

PairScorer = Callable[[str, str], "float | Sequence[float] | Mapping[str, float]"]
"""Gives for (claim, passage) the chance that the passage supports the claim; or three
chances: entailment, neutral, contradiction, as a sequence in this order or by name."""

#: Letters of a passage: models of this kind read some 350 tokens (AlignScore 2023).
PASSAGE = 1_200

_NAMES = ("entailment", "neutral", "contradiction")
_FILE = Path(__file__).with_name("judge_pairs.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairThresholds:
    """Which score says what, and where that is from.

    Args:
        supported: from this chance of support on, by some passage.
        unsupported: below this chance by every passage; between the two, undetermined.
        contradicted: from this chance of contradiction on; `None` for models that give
            no such chance.
        source: where the numbers are from, or how they were measured.
    """

    supported: float
    unsupported: float
    contradicted: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        contradicted = 0.0 if self.contradicted is None else self.contradicted
        for value in (self.supported, self.unsupported, contradicted):
            if not 0 <= value <= 1:
                message = f"threshold {value!r} must be a chance of 0 to 1"
                raise ValueError(message)
        if self.unsupported > self.supported:
            message = (
                f"unsupported below {self.unsupported} and supported from "
                f"{self.supported} on overlap"
            )
            raise ValueError(message)


def pair_thresholds(name: str, path: str | Path = _FILE) -> PairThresholds:
    """Read thresholds by name: ``minicheck``, ``hhem``, ``nli``, or of an own file.

    Raises `ValueError` for a name that the file does not hold.
    """
    held = json.loads(Path(path).read_text("utf-8"))
    if name not in held or name == "schema":
        known = ", ".join(key for key in held if key != "schema")
        message = f"{Path(path).name} holds no thresholds {name!r}; it has {known}"
        raise ValueError(message)
    return PairThresholds(**held[name])


def paired(score: PairScorer, thresholds: PairThresholds | str) -> Judge:
    """Make a judge of a scorer of pairs, as MiniCheck, HHEM and NLI models are.

    Sources are cut into passages, never the claim; a claim is what its best passage
    makes of it, and that passage is its quotation. Bring the weights yourself, and mark
    the function with ``@af.tool`` if CI has none: it is then recorded and replayed.

    Args:
        score: see `PairScorer`.
        thresholds: or the name of published ones, see `pair_thresholds`.

    The judge raises `ValueError` for a score that is no chance, NaN say: the claims it
    was asked about are then errors.
    """
    limits = pair_thresholds(thresholds) if isinstance(thresholds, str) else thresholds

    def judge(
        claims: Sequence[JudgeClaim], evidence: Sequence[JudgeEvidence], /
    ) -> Mapping[str, JudgeVerdict]:
        passages = [text for one in evidence for text in passages_of(one.text)]
        return {
            claim.id: _verdict(
                [(_chances(score(claim.text, text)), text) for text in passages], limits
            )
            for claim in claims
        }

    return judge


def _verdict(
    scored: Sequence[tuple[tuple[float, float], str]], limits: PairThresholds
) -> JudgeVerdict:
    """Fold passages: the best one counts; support and contradiction cancel out."""
    if not scored:
        return JudgeVerdict(verdict="undetermined", reason="there is no passage")
    (support, _), held = max(scored, key=lambda one: one[0][0])
    (_, against), denied = max(scored, key=lambda one: one[0][1])
    supported = support >= limits.supported
    contradicted = limits.contradicted is not None and against >= limits.contradicted
    said = f"support {support:.2f}" + (f", against {against:.2f}" if against else "")
    if supported and contradicted:
        return JudgeVerdict(verdict="undetermined", reason=f"passages differ: {said}")
    if supported:
        return JudgeVerdict(verdict="supported", quote=held, reason=said)
    if contradicted:
        return JudgeVerdict(verdict="contradicted", quote=denied, reason=said)
    open_ = support >= limits.unsupported
    return JudgeVerdict(verdict="undetermined" if open_ else "unsupported", reason=said)


def _chances(given: Any) -> tuple[float, float]:
    """Give the chances of support and of contradiction that a model's answer holds."""
    if isinstance(given, Mapping):
        named = {str(key).lower(): value for key, value in given.items()}
        if set(named) != set(_NAMES):
            message = f"chances by name need {', '.join(_NAMES)}, not {sorted(named)}"
            raise ValueError(message)
        given = [named[name] for name in _NAMES]
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        entailment, neutral, contradiction = map(_chance, given)
        whole = entailment + neutral + contradiction
        if abs(whole - 1) > 0.02:
            message = f"three chances must add up to 1, not {whole:.3f}: give softmax"
            raise ValueError(message)
        return entailment, contradiction
    return _chance(given), 0.0


def _chance(given: Any) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(given, (str, bytes)) or not 0 <= number <= 1:
        message = f"the scorer gave {given!r:.60}, which is no chance of 0 to 1"
        raise ValueError(message)
    return number


def passages_of(text: str, longest: int = PASSAGE) -> Iterator[str]:
    """Cut a source into passages of whole sentences, each with the one before it.

    A sentence that is longer than `longest` letters is a passage of its own.
    """
    spans = [span for span in sentence_spans(text) if text[slice(*span)].strip()]
    at = 0
    while at < len(spans):
        end = at + 1
        while end < len(spans) and spans[end][1] - spans[at][0] <= longest:
            end += 1
        yield text[spans[at][0] : spans[end - 1][1]]
        if end >= len(spans):
            return
        at = max(at + 1, end - 1)
