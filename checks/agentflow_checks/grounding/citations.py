"""Citations against sources: they exist, were given, and hold what is quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agentflow_checks.grounding.citation_marks import Mark, Quote
from agentflow_checks.grounding.cited_sources import (
    CitedSource,
    Given,
    Resolved,
    State,
    merged,
    resolve,
)
from agentflow_checks.grounding.contact import url_normal
from agentflow_checks.grounding.folding import letters, spaced

Fault = Literal["exists", "given", "verbatim", "spliced", "misattributed", "link"]

_GAP = re.compile(r"\.{3,}|\u2026|\[[^\[\]]{0,60}\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationVerdict:
    """What was decided about one mark or one quotation under one rule.

    Args:
        fault: the rule it is about.
        state: ``held``, ``failed`` or ``undetermined``.
        mark: the citation.
        quote: the quoted words, for the rules about them.
        source: the source it is about, where there is one.
        span: offsets in that source's text of the words it has.
        why: one clause for the message.
    """

    fault: Fault
    state: State
    mark: Mark
    quote: Quote | None = None
    source: CitedSource | None = None
    span: tuple[int, int] | None = None
    why: str = ""


def judge_marks(marks: Sequence[Mark], given: Given) -> Iterator[CitationVerdict]:
    """Judge the citations of one output; bracketed words that cite nothing are left.

    Args:
        marks: as :func:`~agentflow_checks.grounding.citation_marks.marks_in` gives.
        given: the sources, and which of them this output's stage was given.
    """
    resolved = [(mark, resolve(mark, given)) for mark in marks]
    counts = any(r and r.state == "held" for m, r in resolved if m.kind == "number")
    citing = [(mark, one) for mark, one in resolved if one is not None]
    for mark, one in citing:
        yield from _existence(mark, one, several_fail=counts)
        if mark.kind == "link":
            yield from _leading(mark, one)
        else:
            yield from _gift(mark, one, given)
    yield from _quotations(citing, given)


def _existence(
    mark: Mark, one: Resolved, *, several_fail: bool
) -> Iterator[CitationVerdict]:
    state = one.state
    if mark.kind == "number" and len(mark.cites) > 1 and not several_fail:
        # "[16, 24]" alone may be a range of values.
        state = "undetermined" if state == "failed" else state
    source = one.sources[0] if one.sources else None
    yield CitationVerdict(
        fault="exists", state=state, mark=mark, source=source, why=one.why
    )


def _gift(mark: Mark, one: Resolved, given: Given) -> Iterator[CitationVerdict]:
    if not one.sources or not one.sure or given.withheld is None:
        return
    withheld = [s for s in one.sources if s.id in given.withheld]
    # A name that several sources have is given with any of them.
    failed = withheld and (len(withheld) == len(one.sources) or mark.kind == "number")
    source = withheld[0] if failed else one.sources[0]
    state: State = "failed" if failed else "held"
    yield CitationVerdict(fault="given", state=state, mark=mark, source=source)


def _leading(mark: Mark, one: Resolved) -> Iterator[CitationVerdict]:
    wanted = url_normal(mark.url or "")
    near = [s for s in one.sources if _same_page(s.address, wanted)]
    state: State = "held" if near else "failed"
    yield CitationVerdict(
        fault="link", state=state, mark=mark, source=(near or one.sources)[0]
    )


def _same_page(recorded: str, wanted: str) -> bool:
    if recorded == wanted:
        return True
    short, long = sorted((recorded, wanted), key=len)
    return long.startswith((f"{short}/", f"{short}#", f"{short}?"))


def _quotations(
    citing: Sequence[tuple[Mark, Resolved]], given: Given
) -> Iterator[CitationVerdict]:
    """Judge each quotation once, against all that the citations beside it name."""
    groups: dict[tuple[int, str], list[tuple[Mark, Resolved]]] = {}
    for mark, one in citing:
        for quote in mark.quotes:
            groups.setdefault((quote.start, quote.text), []).append((mark, one))
    for (_, text), beside in groups.items():
        mark = beside[0][0]
        quote = next(q for q in mark.quotes if q.text == text)
        cited = merged([one for _, one in beside])
        yield from _quotation(quote, mark, cited, given)


def _quotation(
    quote: Quote, mark: Mark, cited: Resolved, given: Given
) -> Iterator[CitationVerdict]:
    parts = [plain for part in _GAP.split(quote.text) if (plain := letters(part))]
    if not parts:
        return
    known = cited.sources if cited.sure else given.numbered or given.sources
    at = next((s for s in known if _holds(s, parts)), None)
    elsewhere = next((s for s in given.sources if _holds(s, parts)), None)
    if at is None and elsewhere is not None and not elsewhere.quotable:
        return  # words of the task, or of the person asked about
    if at is None and cited.state != "held":
        return  # what it cites is a finding, or a question, of its own
    source = at or elsewhere or next(iter(known), None)
    fault, state, why = _fault(quote, at, elsewhere, known)
    if not cited.sure and fault == "misattributed":
        state = "undetermined"
    yield CitationVerdict(
        fault=fault,
        state=state,
        mark=mark,
        quote=quote,
        source=source,
        span=span_of(source.text, quote.text) if source else None,
        why=why,
    )


def _fault(
    quote: Quote,
    at: CitedSource | None,
    elsewhere: CitedSource | None,
    known: Sequence[CitedSource],
) -> tuple[Fault, State, str]:
    if at is not None:
        return "verbatim", "held", ""
    if elsewhere is not None:
        return "misattributed", "failed", f"the words stand in {elsewhere.id}"
    words = frozenset(spaced(_GAP.sub(" ", quote.text)).split())
    if any(words <= source.words for source in known):
        why = "all its words are in the source, but not in a row"
        return "spliced", "failed", why
    return "verbatim", "failed", "the words stand in no source"


def _holds(source: CitedSource, parts: Sequence[str]) -> bool:
    """Whether a source holds the parts of a quotation, in this order."""
    at = 0
    for part in parts:
        at = source.letters.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def span_of(text: str, quoted: str) -> tuple[int, int] | None:
    """Find quoted words in a text, whatever stands between them; None if absent."""
    for part in _GAP.split(quoted):
        words = spaced(part).split()
        if words:
            pattern = r"[\W_]+".join(map(re.escape, words[:12]))
            found = re.search(pattern, text, re.IGNORECASE)
            return found.span() if found else None
    return None
