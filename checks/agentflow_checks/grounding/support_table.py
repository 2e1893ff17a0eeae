"""Answers about support as a table, and the measures of RAGChecker over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

Answer = bool | None
"""Yes, no, or undetermined."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The lowest and the highest value that a measure may have."""

    low: Fraction
    high: Fraction

    @property
    def value(self) -> Fraction | None:
        """The one value, None while undetermined claims leave more than one."""
        return self.low if self.low == self.high else None


Row = list[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All answers: claims of the response and of the reference by text.

    ``in_passages[r][p]``, ``in_reference[r]``, ``held[g][p]``, ``in_response[g]``.
    """

    in_passages: list[Row]
    in_reference: Row
    held: list[Row]
    in_response: Row


def decide_all(table: Table, answer: bool) -> Table:
    """Decide all that is undetermined in the same way."""
    return _world(table, *(4 * (answer,)))


def _world(
    table: Table,
    in_passages: bool,
    in_reference: bool,
    held: bool,
    in_response: bool,
) -> Table:
    """Decide what is undetermined, each part of the table in its own way."""
    return Table(
        in_passages=[_decided(row, in_passages) for row in table.in_passages],
        in_reference=_decided(table.in_reference, in_reference),
        held=[_decided(row, held) for row in table.held],
        in_response=_decided(table.in_response, in_response),
    )


def _decided(row: Row, answer: bool) -> Row:
    return [answer if one is None else one for one in row]


def _mean(truths: Iterable[bool]) -> Fraction | None:
    known = list(truths)
    return Fraction(sum(known), len(known)) if known else None


def _faithfulness(t: Table) -> Fraction | None:
    return _mean(any(row) for row in t.in_passages)


def _precision(t: Table) -> Fraction | None:
    return _mean(bool(one) for one in t.in_reference)


def _recall(t: Table) -> Fraction | None:
    return _mean(bool(one) for one in t.in_response)


def _f1(t: Table) -> Fraction | None:
    precision, recall = _precision(t), _recall(t)
    if precision is None or recall is None:
        return None
    both = precision + recall
    return 2 * precision * recall / both if both else Fraction(0)


def _claim_recall(t: Table) -> Fraction | None:
    return _mean(any(row) for row in t.held)


def _context_precision(t: Table) -> Fraction | None:
    return _mean(_relevant(t))


def _context_utilisation(t: Table) -> Fraction | None:
    pairs = zip(t.held, t.in_response, strict=False)
    return _mean(bool(said) for row, said in pairs if any(row))


def _relevant(t: Table) -> list[bool]:
    return [any(column) for column in zip(*t.held, strict=True)]


def _noise(t: Table, *, relevant: bool) -> Fraction | None:
    return _mean(
        not known and _noise_source(row, _relevant(t)) is relevant
        for row, known in zip(t.in_passages, t.in_reference, strict=False)
    )


def _noise_source(row: Sequence[Answer], relevant: Sequence[bool]) -> bool | None:
    """Whether a relevant passage supports a claim; None where none at all does."""
    if any(one and good for one, good in zip(row, relevant, strict=False)):
        return True
    return False if any(row) else None


def _noise_relevant(t: Table) -> Fraction | None:
    return _noise(t, relevant=True)


def _noise_irrelevant(t: Table) -> Fraction | None:
    return _noise(t, relevant=False)


def _hallucination(t: Table) -> Fraction | None:
    pairs = zip(t.in_passages, t.in_reference, strict=False)
    return _mean(not any(row) and not known for row, known in pairs)


def _self_knowledge(t: Table) -> Fraction | None:
    pairs = zip(t.in_passages, t.in_reference, strict=False)
    return _mean(not any(row) and bool(known) for row, known in pairs)


Measure = Callable[[Table], "Fraction | None"]

#: The measures, by name, of a table in which everything is decided.
VALUES: dict[str, Measure] = {
    "faithfulness": _faithfulness,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "claim_recall": _claim_recall,
    "context_precision": _context_precision,
    "context_utilisation": _context_utilisation,
    "noise_relevant": _noise_relevant,
    "noise_irrelevant": _noise_irrelevant,
    "hallucination": _hallucination,
    "self_knowledge": _self_knowledge,
}

#: How undetermined answers are decided for the highest value of a measure (passages,
#: reference, relevance, response); the lowest takes the opposite. Every measure here
#: rises or falls steadily with each part of the table, so that these are the extremes.
_HIGHEST: dict[str, tuple[bool, bool, bool, bool]] = {
    "faithfulness": (True, True, True, True),
    "precision": (True, True, True, True),
    "recall": (True, True, True, True),
    "f1": (True, True, True, True),
    "claim_recall": (True, True, True, True),
    "context_precision": (True, True, True, True),
    "noise_relevant": (True, False, True, True),
    "hallucination": (False, False, True, True),
    "self_knowledge": (False, True, True, True),
}


def _steady(name: str) -> Callable[[Table], Interval | None]:
    highest = _HIGHEST[name]
    measure = VALUES[name]

    def interval(table: Table) -> Interval | None:
        high = measure(_world(table, *highest))
        low = measure(_world(table, *(not one for one in highest)))
        return None if low is None or high is None else Interval(low, high)

    return interval


def _utilisation_interval(table: Table) -> Interval | None:
    """A claim that only may be in a passage joins the mean where it moves it."""
    ends = [_utilisation_end(table, said=said) for said in (False, True)]
    low, high = ends
    return None if low is None or high is None else Interval(low, high)


def _utilisation_end(table: Table, *, said: bool) -> Fraction | None:
    answers = _decided(table.in_response, said)
    rows = list(zip(table.held, answers, strict=False))
    sure = [bool(one) for row, one in rows if any(row)]
    maybe = [bool(one) for row, one in rows if not any(row) and None in row]
    joining = [one for one in maybe if one is said]
    # Where nothing is sure to be in a passage, one of those that may be has to be.
    return _mean([*sure, *joining] or maybe)


def _irrelevant_interval(table: Table) -> Interval | None:
    """Support by a passage raises it where that cannot be relevant, and else lowers."""
    low, high = (_irrelevant_end(table, highest=highest) for highest in (False, True))
    return None if low is None or high is None else Interval(low, high)


def _irrelevant_end(table: Table, *, highest: bool) -> Fraction | None:
    world = _world(table, in_passages=False, in_reference=not highest,
                   held=not highest, in_response=False)  # fmt: skip
    relevant = _relevant(world)
    rows = [
        [
            (good is not highest) if one is None else one
            for one, good in zip(row, relevant, strict=False)
        ]
        for row in table.in_passages
    ]
    return _mean(
        not known and _noise_source(row, relevant) is False
        for row, known in zip(rows, world.in_reference, strict=False)
    )


#: Their lowest and highest values over all ways to decide the rest.
RANGES: dict[str, Callable[[Table], Interval | None]] = {
    **{name: _steady(name) for name in _HIGHEST},
    "context_utilisation": _utilisation_interval,
    "noise_irrelevant": _irrelevant_interval,
}
