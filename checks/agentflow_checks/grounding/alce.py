"""Citation recall and precision as ALCE defines them, over any ``supports``."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from agentflow_checks.grounding.algebra import Asked, Supports
from agentflow_checks.grounding.citation_marks import Mark, marks_in
from agentflow_checks.grounding.cited_sources import CitedSource, Given, resolve
from agentflow_checks.grounding.sentences import sentence_spans
from agentflow_checks.grounding.support_table import Answer, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A sentence and the texts of the sources that it cites."""

    text: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citing:
    """How well sentences are backed by what they cite.

    Args:
        recall: share of the sentences that their citations together support.
        precision: share of the citations that are needed: their sentence is supported,
            and either this citation supports it or the others do not.
        lower: recall and precision with everything undetermined counted as no.
        upper: the same, counted as yes.
        inapplicable: for each measure that does not apply, why.
    """

    recall: Interval | None
    precision: Interval | None
    lower: tuple[Fraction | None, Fraction | None]
    upper: tuple[Fraction | None, Fraction | None]
    inapplicable: Mapping[str, str] = field(default_factory=dict)


def cited_sentences(text: str, sources: Mapping[str, str]) -> tuple[Cited, ...]:
    """Read a text's sentences, each with the texts of the sources that it cites.

    Marks behind the full stop belong to the sentence before. A citation of no source
    is none here (the check ``hallucination`` finds it).

    Args:
        text: an answer with citations, ``[1]``, ``[guide.md]``, ``(Source: ...)``, ...
        sources: id to text, in the order in which numbers count them.
    """
    known = tuple(CitedSource(id=name, text=told) for name, told in sources.items())
    found = marks_in(text)
    given = Given(sources=known, numbered=known, entries=found.entries)
    plain = _without_marks(text, found.marks)
    spans = sentence_spans(plain)
    cited: list[list[str]] = [[] for _ in spans]
    for mark in found.marks:
        at = _owner(plain, mark, spans)
        one = resolve(mark, given)
        if at is not None and one is not None:
            cited[at] += [source.text for source in one.sources]
    return tuple(
        Cited(text=" ".join(plain[slice(*span)].split()), sources=_distinct(texts))
        for span, texts in zip(spans, cited, strict=True)
        if any(character.isalnum() for character in plain[slice(*span)])
    )


def _without_marks(text: str, marks: Sequence[Mark]) -> str:
    """Blank marks out, at their length; of a link the words stay."""
    pieces: list[str] = []
    at = 0
    for mark in marks:
        words = mark.cites[0] if mark.kind == "link" else ""
        pieces += [text[at : mark.start], words.rjust(mark.end - mark.start)]
        at = mark.end
    return "".join([*pieces, text[at:]])


def _owner(plain: str, mark: Mark, spans: Sequence[tuple[int, int]]) -> int | None:
    """Find the sentence that a mark is about: its own, else the one before.

    A mark that begins a line is about what follows.
    """
    before = bisect_right(spans, (mark.start, len(plain))) - 1
    if before >= 0:
        between = plain[spans[before][1] : mark.start]
        if "\n" not in between or before + 1 == len(spans):
            return before
    return before + 1 if before + 1 < len(spans) else None


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def citing(
    sentences: Sequence[Cited],
    supports: Supports,
    *,
    thresholds: tuple[float, float] = (0.0, 1.0),
) -> Citing:
    """Measure citation recall and precision (Gao et al. 2023, ALCE, section 4).

    A sentence without a citation counts against recall, as it does there, as long as
    any sentence cites something; where none does, both are inapplicable. A source that
    a sentence cites twice counts once.

    Args:
        sentences: what was said, sentence by sentence.
        supports: as for :func:`agentflow_checks.grounding.algebra.rag`; asked about
            all cited texts of a sentence together (one a line), about each alone, and
            about all others of it.
        thresholds: as there.

    Raises:
        ValueError: a degree outside 0 to 1, or thresholds not in order.
    """
    ask = Asked(supports, thresholds)
    rows = [_row(one, ask) for one in sentences]
    count = sum(len(row.alone) for row in rows)
    if not count:
        reason = "nothing is cited" if sentences else "there is no sentence"
        nothing = (None, None)
        return Citing(
            recall=None,
            precision=None,
            lower=nothing,
            upper=nothing,
            inapplicable=dict.fromkeys(("recall", "precision"), reason),
        )
    recall = Interval(*(_recall(rows, one) for one in (False, True)))
    ends = [_extremes(row) for row in rows]
    precision = Interval(*(Fraction(sum(e), count) for e in zip(*ends, strict=True)))
    lower, upper = (
        (
            _recall(rows, one),
            Fraction(sum(_needed(_alike(r, one)) for r in rows), count),
        )
        for one in (False, True)
    )
    return Citing(recall=recall, precision=precision, lower=lower, upper=upper)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Answers about one sentence: all its citations, each alone, all without each."""

    together: Answer
    alone: tuple[Answer, ...]
    others: tuple[Answer, ...]


def _row(sentence: Cited, ask: Asked) -> _Row:
    sources = tuple(dict.fromkeys(sentence.sources))
    without = [tuple(one for one in sources if one is not source) for source in sources]
    return _Row(
        together=_asked(sentence, sources, ask),
        alone=tuple(_asked(sentence, (source,), ask) for source in sources),
        others=tuple(_asked(sentence, others, ask) for others in without),
    )


def _asked(sentence: Cited, sources: tuple[str, ...], ask: Asked) -> Answer:
    # Nothing supports nothing: an empty union is not asked about.
    return ask(sentence.text, "\n".join(sources)) if sources else False


def _recall(rows: Sequence[_Row], unknown: bool) -> Fraction:
    held = (unknown if row.together is None else row.together for row in rows)
    return Fraction(sum(held), len(rows))


def _needed(row: _Row) -> int:
    """Count the citations of a decided sentence that are needed."""
    pairs = zip(row.alone, row.others, strict=True)
    return sum(bool(row.together and (one or not others)) for one, others in pairs)


def _alike(row: _Row, answer: bool) -> _Row:
    return _Row(
        together=_or(row.together, answer),
        alone=tuple(_or(one, answer) for one in row.alone),
        others=tuple(_or(one, answer) for one in row.others),
    )


def _or(known: Answer, answer: bool) -> bool:
    return answer if known is None else known


def _extremes(row: _Row) -> tuple[int, int]:
    """Give the fewest and the most citations that may be needed."""
    counts = [_needed(world) for world in _worlds(row)]
    return min(counts), max(counts)


def _worlds(row: _Row) -> Iterator[_Row]:
    """Decide what is undetermined so that the extremes are among the worlds.

    One citation is the union itself, and of two each is the others of the other: there
    the same answer stands twice, and all ways are tried. Of more, all answers are
    distinct, and the extremes are reached when they all help, or none.
    """
    answers = (False, True)
    if len(row.alone) == 1:
        for one in answers:
            yield _alike(row, one)
    elif len(row.alone) == 2:
        for union, first, second in itertools.product(answers, repeat=3):
            alone = (_or(row.alone[0], first), _or(row.alone[1], second))
            together = _or(row.together, union)
            yield _Row(together=together, alone=alone, others=alone[::-1])
    else:
        for helps in answers:
            world = _alike(row, helps)
            others = tuple(_or(one, not helps) for one in row.others)
            yield _Row(together=world.together, alone=world.alone, others=others)
