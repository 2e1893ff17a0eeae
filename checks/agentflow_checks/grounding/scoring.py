"""How well an answer stands in its sources, without a run: for notebooks, services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from agentflow_checks.grounding.claims import claims_of
from agentflow_checks.grounding.evidence import Evidence, Status
from agentflow_checks.grounding.kinds import AtomType
from agentflow_checks.grounding.languages import language_of
from agentflow_checks.grounding.lexical import novelty
from agentflow_checks.grounding.nearest import SourceValue, nearest_value
from agentflow_checks.grounding.output_places import PlacedClaim, placed_claims
from agentflow_checks.grounding.sources import Document, Index, index
from agentflow_checks.grounding.verdict import (
    ClaimVerdict,
    Judged,
    is_missing,
    judge_claims,
)

QUESTION = "question"
"""Id of the document that holds the question."""

_FAILED = frozenset({"unsupported", "contradicted"})
_HELD = frozenset({"supported", "derived"})
#: A claim with a value that no source holds ranks above all that have none.
_WITH_FINDING = 0.9
#: Several answers are mostly scored against the same sources, one after the other.
_REMEMBERED = 2
#: Nothing was examined, so nothing is known.
_UNKNOWN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFinding:
    """A typed value of an output, and what the sources say about it.

    Args:
        type: ``phone``, ``money``, ``date``, ...
        text: as written: ``output[start:end]``.
        start: first character in the output.
        end: the one after its last.
        normal: the value in one notation.
        status: ``unsupported``, ``contradicted`` (a key of a source binds another
            value), ``elsewhere`` (it stands there, but for something else), or, among
            the values of a claim, ``supported``, ``rounded`` and ``derived``.
        hard: True where it alone decides: its type may fail a test, and no source
            holds it.
        nearest: the value that a source has instead, or None.
        note: why, in one clause: the equation of what is derived.
    """

    type: AtomType
    text: str
    start: int
    end: int
    normal: str
    status: Status
    hard: bool
    nearest: SourceValue | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredClaim:
    """One claim of an output.

    Args:
        text: as written: ``output[start:end]``.
        start: first character in the output.
        end: the one after its last.
        score: from 0 (supported) to 1. A rank for reading order, no probability.
        verdict: rests on values and on text that is there word for word, never on
            the score.
        values: all its typed values.
    """

    text: str
    start: int
    end: int
    score: float
    verdict: ClaimVerdict
    values: tuple[ValueFinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What was found in an output.

    Args:
        value: from 0 (supported) to 1; 0.5 where there was nothing to examine. A rank:
            at or above 0.9 a hard value is missing in the sources.
        claims: all of them, in the order in which they were read.
        findings: the values that no source holds as they are said.
    """

    value: float
    claims: tuple[ScoredClaim, ...]
    findings: tuple[ValueFinding, ...]

    @property
    def verdict(self) -> Literal["passed", "failed", "undetermined", "inapplicable"]:
        """The claims folded as the check folds them; nothing examined is no pass."""
        verdicts = {claim.verdict for claim in self.claims}
        if verdicts & _FAILED:
            return "failed"
        if verdicts & _HELD:
            return "passed"
        return "undetermined" if "undetermined" in verdicts else "inapplicable"


def score(
    output: str,
    sources: str | Sequence[str] | Mapping[str, str],
    question: str | None = None,
    *,
    lang: str | None = None,
) -> Score:
    """Hold what a text says against the sources it was given, offline.

    ``findings`` and verdicts are certain knowledge: typed values (contact data, dates,
    amounts, names, codes) looked up in every notation. ``value`` and the scores of
    claims also count words that the sources do not have; they say what to read first
    and nothing more. No score ever makes a claim ``unsupported``.

    Args:
        output: text, Markdown, JSON or HTML (which needs the ``web`` extra).
        sources: a text, texts in the order of their authority, or texts by id.
        question: what was asked; its values are no inventions of the answer.
        lang: language code that says how numbers are written; that of an HTML page
            by its ``lang``, else English, when left out.

    Returns:
        The score. Without sources, or without a claim, nothing is examined: its value
        is 0.5 and its verdict ``inapplicable``.

    Raises:
        TypeError: output or a source is not a string.
    """
    if not isinstance(output, str):
        message = f"output is {type(output).__name__}, not str; pass the answer's text"
        raise TypeError(message)
    documents = _documents(sources)
    claims = claims_of(output)
    if not documents or not claims:
        return _unexamined(output, list(placed_claims(output, claims)))
    language = language_of(output) if lang is None else lang[:2].lower()
    if question:
        documents.append(Document(id=QUESTION, text=question, kind="prompt"))
    known = _indexed(tuple(documents), "en" if language == "en" else "")
    judged = judge_claims(claims, known, lang=language)
    placed = placed_claims(output, claims)
    scored = tuple(
        _scored(output, known, one, place)
        for one, place in zip(judged, placed, strict=True)
    )
    findings = tuple(v for one in scored for v in one.values if _is_open(v))
    return Score(value=_folded(scored), claims=scored, findings=findings)


@lru_cache(maxsize=_REMEMBERED)
def _indexed(documents: tuple[Document, ...], lang: str) -> Index:
    return index(documents, lang=lang)


def _documents(
    sources: str | Sequence[str] | Mapping[str, str],
) -> list[Document]:
    if isinstance(sources, str):
        sources = {"source": sources}
    if not isinstance(sources, Mapping):
        sources = {f"source {n}": text for n, text in enumerate(sources, start=1)}
    for name, text in sources.items():
        if not isinstance(text, str):
            kind = type(text).__name__
            message = f"source {name!r} is {kind}, not str; decode or serialise it"
            raise TypeError(message)
    return [Document(id=str(name), text=text) for name, text in sources.items()]


def _unexamined(output: str, placed: Sequence[PlacedClaim]) -> Score:
    claims = tuple(
        ScoredClaim(
            text=output[one.start : one.end],
            start=one.start,
            end=one.end,
            score=_UNKNOWN,
            verdict="undetermined" if one.claim.asserted else "no claim",
        )
        for one in placed
    )
    return Score(value=_UNKNOWN, claims=claims, findings=())


def _scored(
    output: str, known: Index, judged: Judged, placed: PlacedClaim
) -> ScoredClaim:
    return ScoredClaim(
        text=output[placed.start : placed.end],
        start=placed.start,
        end=placed.end,
        score=_rank(known, judged),
        verdict=judged.verdict,
        values=tuple(_value(output, known, judged, e, placed) for e in judged.evidence),
    )


def _value(
    output: str, known: Index, judged: Judged, evidence: Evidence, placed: PlacedClaim
) -> ValueFinding:
    atom = evidence.atom
    start, end = placed.span(atom.start, atom.end)
    finding = ValueFinding(
        type=atom.type,
        text=output[start:end],
        start=start,
        end=end,
        normal=atom.normal,
        status=evidence.status,
        hard=is_missing(evidence),
        note=evidence.note,
    )
    if not _is_open(finding):
        return finding
    instead = nearest_value(known, judged.claim.text, evidence)
    return replace(finding, nearest=instead)


def _is_open(value: ValueFinding) -> bool:
    return value.status in {"unsupported", "contradicted", "elsewhere"}


def _rank(known: Index, judged: Judged) -> float:
    """Order claims: missing values first, then by the words that no source has."""
    far = 0.0 if judged.verbatim is not None else novelty(known, judged.claim.text)
    if judged.verdict in _FAILED:
        return _WITH_FINDING + (1 - _WITH_FINDING) * far
    return _WITH_FINDING * far


def _folded(claims: Sequence[ScoredClaim]) -> float:
    """Give the response's rank: that of its claim furthest from the sources."""
    asserted = [one.score for one in claims if one.verdict != "no claim"]
    return max(asserted, default=_UNKNOWN)
