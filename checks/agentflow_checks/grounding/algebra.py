"""The algebra of RAGChecker over any ``supports``, in exact fractions and intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from agentflow_checks.grounding.support_table import (
    RANGES,
    VALUES,
    Answer,
    Interval,
    Row,
    Table,
    decide_all,
)

#: Says whether a text supports a claim: yes, no, unknown, or a degree from 0 to 1.
Supports = Callable[[str, str], "bool | float | None"]

MEASURES: Final = (
    "faithfulness", "precision", "recall", "f1", "claim_recall", "context_precision",
    "context_utilisation", "noise_relevant", "noise_irrelevant", "hallucination",
    "self_knowledge",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The measures in one world, in which everything is decided; None: inapplicable."""

    faithfulness: Fraction | None = None
    precision: Fraction | None = None
    recall: Fraction | None = None
    f1: Fraction | None = None
    claim_recall: Fraction | None = None
    context_precision: Fraction | None = None
    context_utilisation: Fraction | None = None
    noise_relevant: Fraction | None = None
    noise_irrelevant: Fraction | None = None
    hallucination: Fraction | None = None
    self_knowledge: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rag:
    """What :func:`rag` measured; a measure that is None stands in ``inapplicable``.

    Args:
        faithfulness: share of the response's claims that a passage supports.
        precision: share of the response's claims that the reference supports.
        recall: share of the reference's claims that the response supports.
        f1: harmonic mean of precision and recall; 0 where both are.
        claim_recall: share of the reference's claims that a passage supports.
        context_precision: share of the passages that support a reference claim.
        context_utilisation: of the reference's claims that a passage supports, the
            share that the response supports, too.
        noise_relevant: share of the response's claims that the reference does not
            support, and a passage does that is relevant (supports a reference claim).
        noise_irrelevant: the same for passages that are not relevant, where no
            relevant one supports the claim.
        hallucination: share supported by neither passages nor reference.
        self_knowledge: share supported by the reference and by no passage.
        lower: all measures with everything undetermined counted as no.
        upper: all measures with everything undetermined counted as yes.
        used: per passage, whether it supported a claim of the response.
        undetermined: how many answers of ``supports`` said neither yes nor no.
        asked: how many answers there were.
        inapplicable: for each measure that does not apply, why.
    """

    faithfulness: Interval | None
    precision: Interval | None
    recall: Interval | None
    f1: Interval | None
    claim_recall: Interval | None
    context_precision: Interval | None
    context_utilisation: Interval | None
    noise_relevant: Interval | None
    noise_irrelevant: Interval | None
    hallucination: Interval | None
    self_knowledge: Interval | None
    lower: Measures
    upper: Measures
    used: tuple[bool | None, ...]
    undetermined: int
    asked: int
    inapplicable: Mapping[str, str] = field(default_factory=dict)


def rag(
    response_claims: Sequence[str],
    reference_claims: Sequence[str] | None,
    passages: Sequence[str],
    supports: Supports,
    *,
    response: str | None = None,
    reference: str | None = None,
    thresholds: tuple[float, float] = (0.0, 1.0),
) -> Rag:
    """Measure a response against its reference and the passages that were retrieved.

    The definitions are those of RAGChecker (its ``computation.py`` at 6091f08c), with
    two differences: empty inputs are inapplicable instead of 0, and undetermined
    answers widen an interval instead of counting as no.

    An interval goes from the lowest to the highest value that the measure has when
    each undetermined answer is decided either way (where it is defined at all; a pair
    that plays two parts, as when a passage is the reference, counts as two). ``lower``
    and ``upper`` decide all of them alike, and so may lie inside of it. In both of
    these, faithfulness + hallucination + self-knowledge = 1 and noise (relevant +
    irrelevant) + hallucination = 1 - precision.

    Args:
        response_claims: what the response claims, one statement each.
        reference_claims: what the right answer claims; None where there is none: then
            only faithfulness and the use of passages exist.
        passages: the retrieved texts.
        supports: ``supports(claim, text)``, asked once for every pair that is needed.
            True and False decide; None and NaN do not; a number is a degree of
            support from 0 to 1, which ``thresholds`` decide.
        response: the response as written; the claims, one a line, when left out.
        reference: the right answer as written; likewise.
        thresholds: a degree of at most the first is no, of at least the second yes.

    Raises:
        ValueError: a degree outside 0 to 1, or thresholds not in order.
    """
    ask = Asked(supports, thresholds)
    said, right = tuple(response_claims), tuple(reference_claims or ())
    table = Table(
        in_passages=[[ask(claim, text) for text in passages] for claim in said],
        in_reference=_column(ask, said, reference, right) if right else [],
        held=[[ask(claim, text) for text in passages] for claim in right],
        in_response=_column(ask, right, response, said) if said else [],
    )
    reasons = dict(_reasons(table, len(passages), given=reference_claims is not None))
    lower, upper = (
        _measures(decide_all(table, answer), reasons) for answer in (False, True)
    )
    ranges = {name: made(table) for name, made in RANGES.items()}
    shown = {name: None if name in reasons else ranges[name] for name in MEASURES}
    if "context_utilisation" not in reasons and shown["context_utilisation"] is None:
        reasons["context_utilisation"] = "no claim of the reference is in a passage"
    return Rag(
        **shown,
        lower=lower,
        upper=upper,
        used=tuple(_used(table, number) for number in range(len(passages))),
        undetermined=ask.undetermined,
        asked=ask.count,
        inapplicable={name: reasons[name] for name in MEASURES if name in reasons},
    )


def answer_of(answer: bool | float | None, thresholds: tuple[float, float]) -> Answer:
    """Read one answer of a ``supports``: yes, no, or None for undetermined.

    Raises:
        ValueError: it is a number outside 0 to 1.
    """
    if answer is None or isinstance(answer, bool):
        return answer
    degree = float(answer)
    if math.isnan(degree):
        return None
    if not 0 <= degree <= 1:
        message = f"supports gave {answer!r}; it gives True, False, None or 0 to 1"
        raise ValueError(message)
    no, yes = thresholds
    if degree >= yes:
        return True
    return False if degree <= no else None


class Asked:
    """Asks once for every pair, and counts. A class because of what it remembers."""

    def __init__(self, supports: Supports, thresholds: tuple[float, float]) -> None:
        self._supports = supports
        self._thresholds = _in_order(thresholds)
        self._known: dict[tuple[str, str], Answer] = {}

    def __call__(self, claim: str, text: str) -> Answer:
        """Give the answer about one pair."""
        key = (claim, text)
        if key not in self._known:
            given = self._supports(claim, text)
            self._known[key] = answer_of(given, self._thresholds)
        return self._known[key]

    @property
    def count(self) -> int:
        """How many pairs were asked about."""
        return len(self._known)

    @property
    def undetermined(self) -> int:
        """How many of them were not decided."""
        return sum(answer is None for answer in self._known.values())


def _in_order(thresholds: tuple[float, float]) -> tuple[float, float]:
    no, yes = thresholds
    if not 0 <= no < yes <= 1:
        message = f"thresholds={thresholds} must rise within 0 to 1, say (0.2, 0.8)"
        raise ValueError(message)
    return thresholds


def _column(
    ask: Asked, claims: Iterable[str], written: str | None, others: Sequence[str]
) -> Row:
    text = "\n".join(others) if written is None else written
    return [ask(claim, text) for claim in claims]


def _reasons(table: Table, passages: int, *, given: bool) -> Iterator[tuple[str, str]]:
    """Give each measure that has no input with the reason."""
    lacking = {
        "response": "" if table.in_passages else "the response makes no claim",
        "reference": "" if table.held else _no_reference(given=given),
        "passages": "" if passages else "no passage was retrieved",
    }
    for name, needs in _NEEDS.items():
        reason = next((lacking[one] for one in needs if lacking[one]), "")
        if reason:
            yield name, reason


def _no_reference(*, given: bool) -> str:
    return "the reference makes no claim" if given else "there is no reference"


_ALL = ("response", "reference", "passages")
_NEEDS: dict[str, tuple[str, ...]] = {
    "faithfulness": ("response", "passages"),
    "precision": ("response", "reference"),
    "recall": ("response", "reference"),
    "f1": ("response", "reference"),
    "claim_recall": ("reference", "passages"),
    "context_precision": ("reference", "passages"),
    "context_utilisation": _ALL,
    "noise_relevant": _ALL,
    "noise_irrelevant": _ALL,
    "hallucination": _ALL,
    "self_knowledge": _ALL,
}


def _measures(world: Table, reasons: Mapping[str, str]) -> Measures:
    values = {
        name: measure(world) for name, measure in VALUES.items() if name not in reasons
    }
    return Measures(**values)


def _used(table: Table, passage: int) -> bool | None:
    column = [row[passage] for row in table.in_passages]
    if any(column):
        return True
    return None if None in column else False
