"""What the report shows of the verdicts: marked texts, and tables with denominators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest_agentflow as af
from agentflow_checks.grounding.kinds import is_hard
from agentflow_checks.grounding.sources import Index
from agentflow_checks.grounding.verdict import (
    VERDICTS,
    ClaimVerdict,
    Judged,
    counts,
    is_missing,
)

if TYPE_CHECKING:
    from agentflow_checks.grounding.outcomes import JudgedOutput

#: Longest text of one exhibit, in characters, and most rows of one table.
LONGEST_TEXT = 20_000
MOST_ROWS = 200
_COLUMN = 160

_ORDER: tuple[ClaimVerdict, ...] = (
    "contradicted", "unsupported", "undetermined", "derived", "supported",
    "not verifiable", "no claim",
)  # fmt: skip
_MARKED = {
    "contradicted": af.Verdict.FAILED,
    "unsupported": af.Verdict.FAILED,
    "undetermined": af.Verdict.UNDETERMINED,
    "derived": af.Verdict.PASSED,
    "supported": af.Verdict.PASSED,
    "not verifiable": af.Verdict.INAPPLICABLE,
}


def exhibits_of(outputs: Sequence[JudgedOutput], known: Index) -> Iterator[af.Exhibit]:
    """Give the denominators, the claims, the soft values and the marked texts."""
    yield _denominators(outputs)
    yield _claim_table(outputs)
    if soft := _soft_rows(outputs):
        yield af.Table(
            title="Values that are listed, and do not fail",
            columns=("Where", "Type", "Value", "Why", "Claim"),
            rows=soft[:MOST_ROWS],
        )
    for one in outputs:
        yield _marked_claims(one)
    yield from _marked_sources(outputs, known)


def _denominators(outputs: Sequence[JudgedOutput]) -> af.Table:
    shown = [v for v in VERDICTS if any(counts(one.judged)[v] for one in outputs)]
    rows = []
    for one in outputs:
        counted = counts(one.judged)
        figures = (str(counted[verdict]) for verdict in shown)
        rows.append((one.output.label, str(len(one.judged)), *figures))
    return af.Table(
        title="Claims by output",
        columns=("Output", "Claims put in", *(v.capitalize() for v in shown)),
        rows=tuple(rows),
        numeric=tuple(range(1, len(shown) + 2)),
    )


def _claim_table(outputs: Sequence[JudgedOutput]) -> af.Table:
    every = [(one.output.label, j) for one in outputs for j in one.judged]
    kept = sorted(
        (pair for pair in every if pair[1].verdict != "no claim"),
        key=lambda pair: _ORDER.index(pair[1].verdict),
    )
    title = f"Claims and verdicts ({len(kept)})"
    if len(kept) > MOST_ROWS:
        title = f"Claims and verdicts (the first {MOST_ROWS} of {len(kept)})"
    return af.Table(
        title=title,
        columns=("Where", "Claim", "Verdict", "Evidence"),
        rows=tuple(
            (label, _cut(j.claim.text), j.verdict, _cut(_evidence_text(j)))
            for label, j in kept[:MOST_ROWS]
        ),
    )


def _evidence_text(judged: Judged) -> str:
    if judged.verbatim is not None:
        return f"word for word in {judged.verbatim}"
    parts = []
    for evidence in judged.evidence:
        where = f" ({evidence.source})" if evidence.source else ""
        note = f": {evidence.note}" if evidence.note else ""
        origin = ", from the prompt" if evidence.kind == "prompt" else ""
        value = " ".join(evidence.atom.text.split())
        parts.append(f"{value} {evidence.status}{where}{note}{origin}")
    return "; ".join(parts)


def _soft_rows(outputs: Sequence[JudgedOutput]) -> tuple[tuple[str, ...], ...]:
    rows = []
    for one in outputs:
        for judged in one.judged:
            for evidence in judged.evidence:
                absent = evidence.status == "unsupported" and not is_hard(evidence.atom)
                if absent or evidence.status == "elsewhere":
                    why = evidence.note or "in no source"
                    atom = evidence.atom
                    value, claim = _cut(atom.text), _cut(judged.claim.text)
                    rows.append((one.output.label, atom.type, value, why, claim))
    return tuple(dict.fromkeys(rows))


def _marked_claims(one: JudgedOutput) -> af.MarkedText:
    """Set the claims of an output below each other, each marked with its verdict."""
    text = ""
    marks: list[af.Mark] = []
    for judged in one.judged:
        line = " ".join(judged.claim.text.split())
        if len(text) + len(line) >= LONGEST_TEXT:
            text += "…\n"
            break
        verdict = _MARKED.get(judged.verdict)
        if verdict is not None and line:
            end = len(text) + len(line)
            note = f"{judged.verdict}: {_evidence_text(judged)}".rstrip(": ")
            marks.append(
                af.Mark(start=len(text), end=end, verdict=verdict, note=_cut(note))
            )
        text += f"{line}\n"
    return af.MarkedText(
        title=f"Claims of {one.output.label}", text=text, marks=tuple(marks)
    )


def _marked_sources(
    outputs: Sequence[JudgedOutput], known: Index
) -> Iterator[af.MarkedText]:
    """Give every source that holds a value of the outputs, those values marked."""
    spans: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)
    verdicts: dict[tuple[str, tuple[int, int]], af.Verdict] = {}
    for one in outputs:
        for judged in one.judged:
            for evidence in judged.evidence:
                if evidence.source is None or evidence.span is None:
                    continue
                spans[evidence.source].setdefault(evidence.span, evidence.atom.text)
                if is_missing(evidence):
                    verdicts[evidence.source, evidence.span] = af.Verdict.FAILED
    for document in known.documents:
        if document.id in spans:
            yield _marked_source(
                document.id, document.text, spans[document.id], verdicts
            )


def _marked_source(
    name: str,
    text: str,
    spans: dict[tuple[int, int], str],
    verdicts: dict[tuple[str, tuple[int, int]], af.Verdict],
) -> af.MarkedText:
    marks: list[af.Mark] = []
    until = 0
    for (start, end), value in sorted(spans.items()):
        if until <= start < end <= min(len(text), LONGEST_TEXT):
            verdict = verdicts.get((name, (start, end)), af.Verdict.PASSED)
            note = " ".join(value.split())
            marks.append(af.Mark(start=start, end=end, verdict=verdict, note=note))
            until = end
    shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
    return af.MarkedText(title=f"Source {name}", text=shown, marks=tuple(marks))


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _COLUMN else plain[: _COLUMN - 1].rstrip() + "…"
