"""The verdicts on a run's citations as rules and findings of the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest_agentflow as af
from agentflow_checks.grounding.citable import citable, given_to
from agentflow_checks.grounding.citation_places import (
    CitingPart,
    PlacedMark,
    citing_parts,
)
from agentflow_checks.grounding.citations import CitationVerdict, Fault, judge_marks
from agentflow_checks.grounding.cited_sources import CitedSource
from agentflow_checks.grounding.folding import letters
from agentflow_checks.grounding.passages import best_passage
from agentflow_checks.grounding.run_sources import as_text
from agentflow_checks.grounding.sources import Document, Index

#: Title of each rule, and what to do when it fails.
_TITLES: dict[Fault, str] = {
    "exists": "Cited sources exist",
    "given": "Cited sources were given to the stage that cites them",
    "verbatim": "Quoted words stand in the source that is cited",
    "spliced": "Quotations are not put together from pieces",
    "misattributed": "Quotations are credited to the source they stand in",
    "link": "Links that name a source lead to it",
}
_FIXES: dict[Fault, str] = {
    "exists": "remove the citation, or cite a source that the stage was given",
    "given": "give the source to this stage, or cite one that it was given",
    "verbatim": "quote the source word for word, or drop the quotation marks",
    "spliced": "quote one passage word for word, or mark what is left out by ...",
    "misattributed": "cite the source that holds the words",
    "link": "link the source's own address, or change the words of the link",
}
_WHY: dict[Fault, str] = {
    "exists": "A reader who looks it up finds nothing.",
    "given": "The stage cannot have read what it cites.",
    "verbatim": "Words in quotation marks are taken for the source's own.",
    "spliced": "Words in quotation marks are taken for a passage of the source.",
    "misattributed": "A reader who looks it up does not find the words.",
    "link": "A reader who follows the link ends up at something else.",
}
_LONGEST = 200
_LONG_ENOUGH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One output that may cite: whose it is, and where."""

    place: af.Place
    stage: str | None
    parts: tuple[CitingPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """A verdict, and where it was met."""

    verdict: CitationVerdict
    placed: PlacedMark
    where: _Place


def citation_outcomes(
    run: af.Run, stage: str | None, documents: Sequence[Document], known: Index
) -> Iterator[object]:
    """Judge what a run's outputs cite; nothing where nothing is cited.

    Args:
        run: the run.
        stage: judge this stage's outputs and the final pages; None for all.
        documents: what claims are held against, the user's facts among them.
        known: the same, indexed, for the nearest passage.
    """
    sources = citable(run, documents)
    met: dict[tuple[str, ...], _Met] = {}
    for where in _places(run, stage):
        for one in _judged(run, where, sources):
            key = _subject(one)
            if key not in met or _GRAVITY[one.verdict.state] > _GRAVITY[
                met[key].verdict.state
            ]:  # fmt: skip
                met[key] = one
    history = _History(run)
    for fault, title in _TITLES.items():
        found = {key: one for key, one in met.items() if one.verdict.fault == fault}
        if found:
            rule = f"hallucination.citation-{fault}"
            yield af.Rule(id=rule, title=title)
            held = sum(one.verdict.state == "held" for one in found.values())
            for key, one in found.items():
                if one.verdict.state != "held":
                    yield _finding(rule, key, one, history, known)
            if held:
                yield af.Examined(rule=rule, count=held)


_GRAVITY = {"held": 0, "undetermined": 1, "failed": 2}


def _subject(one: _Met) -> tuple[str, ...]:
    """Name the subject: a citation, a quotation, for what was given per stage."""
    verdict = one.verdict
    if verdict.quote is not None:
        cited = verdict.source.id if verdict.source else verdict.mark.text
        return ("quote", verdict.fault, letters(verdict.quote.text), cited)
    told = (verdict.mark.text, verdict.mark.url or "")
    owner = one.where.stage or "" if verdict.fault == "given" else ""
    return (verdict.fault, *told, owner)


def _places(run: af.Run, stage: str | None) -> Iterator[_Place]:
    """Give the outputs that may cite: final pages, stages from the last, the rest."""
    pages = run.pages()
    final = {page.digest for page in pages}
    for page in pages:
        yield _page(page)
    stages = [run.stage(stage)] if stage is not None else list(reversed(run.stages))
    for one in stages:
        made = [a for a in one.artefacts if a.media_type == "text/html"]
        for page in made:
            if page.digest not in final:
                yield _page(page)
        for output in one.outputs:
            parts = tuple(citing_parts(output, pages=not (made or pages)))
            place = af.Place(stage=one.name, kind="output")
            yield _Place(place=place, stage=one.name, parts=parts)
    if stage is None and not run.stages and not pages:
        for call in run.calls:
            place = af.Place(stage=call.stage, call=call.id, kind="answer")
            parts = tuple(citing_parts(call.answer or ""))
            yield _Place(place=place, stage=call.stage, parts=parts)


def _page(page: af.Artefact) -> _Place:
    return _Place(
        place=af.Place(stage=page.stage, artefact=page.name, kind="artefact"),
        stage=page.stage,
        parts=tuple(citing_parts(page.text)),
    )


def _judged(
    run: af.Run, where: _Place, sources: Mapping[str, CitedSource]
) -> Iterator[_Met]:
    if not any(part.marks for part in where.parts):
        return
    given = given_to(run, where.stage, sources)
    for part in where.parts:
        placed = {id(one.mark): one for one in part.marks}
        marks = [one.mark for one in part.marks]
        for verdict in judge_marks(marks, replace(given, entries=part.entries or {})):
            yield _Met(verdict=verdict, placed=placed[id(verdict.mark)], where=where)


def _finding(
    rule: str, key: tuple[str, ...], one: _Met, history: _History, known: Index
) -> af.Finding:
    verdict = one.verdict
    failed = verdict.state == "failed"
    finding = af.Finding(
        rule=rule,
        title=_TITLES[verdict.fault],
        message=_message(verdict, one.where.stage),
        place=_place(one),
        verdict=af.Verdict.FAILED if failed else af.Verdict.UNDETERMINED,
        severity=af.Severity.ERROR if failed else af.Severity.WARNING,
        observed=_observed(verdict),
        expected=_expected(verdict, known),
        why=_WHY[verdict.fault],
        fix=_FIXES[verdict.fault],
        subject="/".join(key),
        source=_source_place(verdict),
        evidence=_short(verdict.quote.text if verdict.quote else verdict.mark.text),
    )
    if verdict.fault == "given":
        return replace(finding, introduced_by=one.where.stage)
    return history.attribution(verdict).on(finding)


def _message(verdict: CitationVerdict, stage: str | None) -> str:
    mark = _short(verdict.mark.text)
    source = verdict.source.id if verdict.source else ""
    why = f": {verdict.why}" if verdict.why else ""
    if verdict.fault == "exists":
        doubt = "may cite" if verdict.state == "undetermined" else "cites"
        return f"{mark} {doubt} a source that is not there{why}"
    if verdict.fault == "given":
        return f"{mark} cites {source}, which stage {stage} was not given"
    if verdict.fault == "link":
        return f'the link "{mark}" names {source}, but leads elsewhere'
    quote = f'"{_short(verdict.quote.text if verdict.quote else "")}"'
    return f"{quote} is credited to {mark}{why}"


def _observed(verdict: CitationVerdict) -> str:
    if verdict.quote is not None:
        return f'"{_short(verdict.quote.text)}" {_short(verdict.mark.text)}'
    if verdict.fault == "link":
        return f"{_short(verdict.mark.text)} -> {verdict.mark.url}"
    return _short(verdict.mark.text)


def _expected(verdict: CitationVerdict, known: Index) -> str:
    source = verdict.source
    if verdict.fault == "link" and source is not None:
        return f"a link to {source.uri or source.id}"
    if verdict.fault == "misattributed" and source is not None:
        return f"a citation of {source.id}"
    if verdict.quote is not None:
        text = f"words of {source.id if source else 'the source'}"
        passage = best_passage(known, verdict.quote.text)
        if passage is None:
            return text
        return f'{text}; nearest passage, {passage.source}: "{_short(passage.text)}"'
    if verdict.fault == "given":
        return "a source that this stage was given, or that its prompt shows"
    listed = [document.id for document in known.documents[:_MOST_LISTED]]
    more = ", ..." if len(known.documents) > len(listed) else ""
    return f"a source of this run: {', '.join(listed)}{more}"


_MOST_LISTED = 8


def _source_place(verdict: CitationVerdict) -> af.Place | None:
    if verdict.source is None or verdict.fault == "exists":
        return None
    return af.Place(kind="source", path=verdict.source.id, span=verdict.span)


def _place(one: _Met) -> af.Place:
    placed, quote = one.placed, one.verdict.quote
    span = placed.span
    if span is not None and quote is not None:
        span = (quote.start, quote.end)
    return replace(
        one.where.place,
        path=placed.path,
        span=span,
        line=placed.line,
        column=placed.column if span == placed.span else None,
        selector=placed.selector,
    )


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1].rstrip() + "…"


class _History:
    """Follows citations through the stages; a class because texts are read once."""

    def __init__(self, run: af.Run) -> None:
        self._run = run
        self._texts: dict[str, str] = {}
        self._letters: dict[str, str] = {}

    def attribution(self, verdict: CitationVerdict) -> af.Attribution:
        """Name the stage that first cites so, and those that passed it on."""
        returned = self._text("", [self._run.output] if self._run.output else [])
        pages = [a.text for a in self._run.pages() if a.stage is None]
        shipped = any(self._holds("", text, verdict) for text in (returned, *pages))
        return af.attribute(
            self._run,
            lambda stage: self._shows(stage, verdict),
            shipped=af.Verdict.FAILED if shipped else af.Verdict.INAPPLICABLE,
        )

    def _shows(self, stage: af.Stage, verdict: CitationVerdict) -> af.Verdict:
        made = [a.text for a in stage.artefacts if a.media_type == "text/html"]
        text = self._text(stage.name, [*stage.outputs, *made])
        if self._holds(stage.name, text, verdict):
            return af.Verdict.FAILED
        if f"outputs:{stage.name}" in self._run.missing:
            return af.Verdict.UNDETERMINED
        # A stage that says little (it paints, it approves) did not mend anything.
        says = len(text) >= _LONG_ENOUGH
        return af.Verdict.PASSED if says else af.Verdict.INAPPLICABLE

    def _text(self, name: str, values: Sequence[object]) -> str:
        if name not in self._texts:
            self._texts[name] = "\n".join(as_text(value) for value in values)
        return self._texts[name]

    def _holds(self, name: str, text: str, verdict: CitationVerdict) -> bool:
        if verdict.quote is not None:
            if not name:
                return letters(verdict.quote.text) in letters(text)
            if name not in self._letters:
                self._letters[name] = letters(text)
            return letters(verdict.quote.text) in self._letters[name]
        mark = verdict.mark
        wanted = mark.url or mark.text
        return wanted in text or json.dumps(wanted, ensure_ascii=False)[1:-1] in text
