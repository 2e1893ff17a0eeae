"""The verdicts on a run's claims as rules, findings and exhibits of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest_agentflow as af
from agentflow_checks.grounding.action_registry import Actions, registry
from agentflow_checks.grounding.actions import action_outcomes
from agentflow_checks.grounding.citation_outcomes import citation_outcomes
from agentflow_checks.grounding.evidence import Evidence
from agentflow_checks.grounding.exhibits import exhibits_of
from agentflow_checks.grounding.judge_outcomes import Deciding, decide
from agentflow_checks.grounding.kinds import TYPES, Atom, is_hard
from agentflow_checks.grounding.origin import Origins
from agentflow_checks.grounding.outputs import Output, outputs_of, stage_claims
from agentflow_checks.grounding.passages import Passage
from agentflow_checks.grounding.run_sources import documents_of
from agentflow_checks.grounding.sources import Index, index
from agentflow_checks.grounding.verdict import (
    VERDICTS,
    Judged,
    counts,
    is_missing,
    judge_claims,
    passage_for,
)

#: How a type of value is called in a sentence, and in the title of its rule.
WORDS = {
    "email": ("e-mail address", "E-mail addresses"),
    "url": ("web address", "Web addresses"),
    "phone": ("telephone number", "Telephone numbers"),
    "date": ("date", "Dates"),
    "time": ("time", "Times"),
    "year": ("year", "Years"),
    "money": ("amount of money", "Amounts of money"),
    "percent": ("percentage", "Percentages"),
    "quantity": ("quantity", "Quantities"),
    "number": ("number", "Numbers"),
    "name": ("name", "Names"),
    "identifier": ("identifier", "Identifiers"),
    "address": ("postal address", "Postal addresses"),
    "quotation": ("quotation", "Quotations"),
}
_CLAIM_RULE = "hallucination.claim"
_LONGEST_QUOTE = 200
_MOST_WORDS = 8
#: A passage that shares less of a claim's words says nothing about it.
_NEAR = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The arguments of the check, resolved."""

    stage: str | None = None
    sources: tuple[str, ...] | None = None
    facts: tuple[str | Path, ...] = ()
    soft: str = "list"
    claims: str = "all"
    actions: Actions | None = None
    deciding: Deciding = field(default_factory=Deciding)
    """Who decides what sources leave open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedOutput:
    """One output with the verdict on each of its claims."""

    output: Output
    judged: tuple[Judged, ...]


def outcomes(run: af.Run, options: Options) -> Iterator[object]:
    """Judge a run's claims and give what the engine counts and shows."""
    _refuse_missing(run, options)
    if options.actions is not None:
        known_tools = registry(options.actions, run)
        yield from action_outcomes(run, known_tools, options.stage)
    outputs = outputs_of(run, options.stage)
    documents = documents_of(run, options.sources, options.facts, judged=options.stage)
    if not documents:
        yield af.Note(text=_NO_SOURCES, warning=True)
        return
    silent = options.stage is not None and not stage_claims(run.stage(options.stage))
    if silent or not outputs:
        yield af.Note(text=_no_claims(options), warning=True)
        return
    known = index(documents, lang="en" if _english(outputs) else "")
    origins = Origins(run)
    judged = [_judge(output, known, origins, options) for output in outputs]
    yield from _value_outcomes(judged, known, origins, options)
    yield from citation_outcomes(run, options.stage, documents, known)
    yield from _claim_outcomes(run, judged, known, options)
    yield af.Note(text=_summary(judged, len(documents)))
    yield from exhibits_of(judged, known)


_NO_SOURCES = (
    "the run declares no source to hold claims against; name its retrievers "
    "(agentflow_retrievers = module:function), call s.sources(...) in the stage, "
    "or pass facts=[...]"
)


def _no_claims(options: Options) -> str:
    owner = f"stage {options.stage}" if options.stage else "the run"
    return f"{owner} has no output or page that claims anything"


def _english(outputs: Sequence[Output]) -> bool:
    return all(output.lang == "en" for output in outputs)


def _refuse_missing(run: af.Run, options: Options) -> None:
    """Raise where the recording lacks what the verdict would rest on."""
    # What the workflow returned shows that it was run, so that its pages were seen.
    if options.stage is None and run.output is None and not run.pages():
        af.expect_content(run, "artefacts")
    made = run.stages if options.stage is None else [run.stage(options.stage)]
    if not any(one.outputs or one.artefacts for one in made) and run.output is None:
        af.expect_content(run, "answer", stage=options.stage)
    # Prompts are the last of the sources: beside documents, what they lack can only
    # make a claim fail, never pass.
    if options.sources is None and not run.sources:
        af.expect_content(run, "messages", stage=options.stage)
    stages = [s.name for s in run.stages] if options.stage is None else [options.stage]
    for kind, named in (("sources", stages), ("outputs", stages)):
        lacking = [kind, *(f"{kind}:{name}" for name in named)]
        for item in run.missing:
            if item in lacking and not (kind == "sources" and options.sources):
                message = (
                    f"recording {run.id} lacks {item}, so no claim can be held against "
                    "its sources. Record the run again with its retrievers named."
                )
                raise af.CheckError(message)


def _judge(
    output: Output, known: Index, origins: Origins, options: Options
) -> JudgedOutput:
    rescue = origins.from_prompt if options.sources is None else None
    judged = judge_claims(output.claims, known, lang=output.lang, rescue=rescue)
    return JudgedOutput(output=output, judged=judged)


def _value_outcomes(
    outputs: Sequence[JudgedOutput], known: Index, origins: Origins, options: Options
) -> Iterator[object]:
    """One rule a type; its subjects are the distinct values of that type."""
    values = _met(outputs, options)
    for kind in TYPES:
        met = [seen for key, seen in values.items() if key[0] == kind]
        if met:
            rule = f"hallucination.{kind}"
            yield af.Rule(id=rule, title=f"{WORDS[kind][1]} stand in a source")
            findings = [_value_finding(*one, known, options) for one in met]
            yield from (
                origins.attribution(one[0].atom).on(finding)
                for one, finding in zip(met, findings, strict=True)
                if finding is not None
            )
            if held := findings.count(None):
                yield af.Examined(rule=rule, count=held)


_Met = tuple[Evidence, Judged, Output]


def _met(
    outputs: Sequence[JudgedOutput], options: Options
) -> dict[tuple[str, str], _Met]:
    """Give each distinct value once, at the occurrence that tells most."""
    values: dict[tuple[str, str], _Met] = {}
    for one in outputs:
        for judged in one.judged:
            for evidence in judged.evidence:
                if is_hard(evidence.atom) or options.soft == "fail":
                    met = (evidence, judged, one.output)
                    known = values.get(evidence.atom.key)
                    if known is None or _tells_more(met, known):
                        values[evidence.atom.key] = met
    return values


def _tells_more(new: _Met, known: _Met) -> bool:
    """Prefer the occurrence that fails, then one that a reader sees as a statement."""
    if is_missing(new[0]) != is_missing(known[0]):
        return is_missing(new[0])
    same = new[2] is known[2]
    return same and new[1].claim.asserted and not known[1].claim.asserted


def _value_finding(
    evidence: Evidence, judged: Judged, output: Output, known: Index, options: Options
) -> af.Finding | None:
    if evidence.status not in {"unsupported", "contradicted", "elsewhere"}:
        return None
    atom = evidence.atom
    fails = is_missing(evidence) or options.soft == "fail"
    passage = passage_for(judged.claim, known, evidence)
    return af.Finding(
        rule=f"hallucination.{atom.type}",
        title=f"{WORDS[atom.type][1]} stand in a source",
        message=_message(evidence),
        place=_value_place(output, judged, atom),
        verdict=af.Verdict.FAILED if fails else af.Verdict.UNDETERMINED,
        severity=af.Severity.ERROR if fails else af.Severity.WARNING,
        observed=f'{atom.text.strip()} in "{_short(judged.claim.text)}"',
        expected=_expected(evidence, passage, known),
        why="A reader takes it for a fact, and nobody gave it to the workflow.",
        fix=_FIXES[evidence.status],
        subject="/".join(atom.key),
        source=_source_place(evidence),
        evidence=atom.normal,
    )


_FIXES = {
    "unsupported": (
        "remove the value, or give the stage a source that holds it "
        "(a retriever, a tool, or facts=[...])"
    ),
    "contradicted": "take the value that the source binds to this key",
    "elsewhere": "check that the value means what it means in the source",
}


def _message(evidence: Evidence) -> str:
    atom = evidence.atom
    words = f"{WORDS[atom.type][0]} {atom.text.strip()}"
    if evidence.status == "contradicted":
        return f"{words} contradicts {evidence.source}: {_short(evidence.note)}"
    if evidence.status == "elsewhere":
        return f"{words} stands in {evidence.source or 'a source'}, but {evidence.note}"
    return f"{words} stands in no source of this run"


def _expected(evidence: Evidence, passage: Passage | None, known: Index) -> str:
    if evidence.status == "contradicted":
        return f"what {evidence.source} says: {_short(evidence.note)}"
    count = len(known.documents)
    searched = "the one source" if count == 1 else f"any of the {count} sources"
    text = f"a value that a source holds; no source of this run holds it ({searched})"
    if evidence.status == "elsewhere":
        text = f"the value as {evidence.source or 'a source'} has it"
    if passage is None or passage.share < _NEAR:
        return text
    return f'{text}; nearest passage, {passage.source}: "{_short(passage.text)}"'


def _short(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) <= _LONGEST_QUOTE:
        return plain
    return plain[: _LONGEST_QUOTE - 1].rstrip() + "…"


def _value_place(output: Output, judged: Judged, atom: Atom) -> af.Place:
    claim = judged.claim
    span = claim.span
    if span is not None:
        span = (span[0] + atom.start, span[0] + atom.end)
    column = claim.column
    if column is not None and claim.span is not None and "\n" not in claim.text:
        column += atom.start
    return _place(output, judged, span, column)


def _place(
    output: Output,
    judged: Judged,
    span: tuple[int, int] | None,
    column: int | None,
) -> af.Place:
    claim = judged.claim
    return replace(
        output.place,
        path=claim.path,
        span=span,
        line=claim.line,
        column=column,
        selector=claim.selector,
    )


def _source_place(evidence: Evidence) -> af.Place | None:
    """Where the source speaks of the value; `None` when no source does."""
    if evidence.source is None:
        return None
    return af.Place(kind="source", path=evidence.source, span=evidence.span)


def _claim_outcomes(
    run: af.Run, outputs: Sequence[JudgedOutput], known: Index, options: Options
) -> Iterator[object]:
    """One rule for claims as a whole; those with a missing value have their finding.

    Where no stage is named, only what ships is asked about: notes from stage to stage
    are mostly instructions.
    """
    if options.claims == "values":
        return
    yield af.Rule(id=_CLAIM_RULE, title="Claims are supported by a source")
    held = 0
    questions: dict[str, tuple[Output, Judged]] = {}
    for one in _asked_about(outputs, options):
        for judged in one.judged:
            if judged.verdict in {"supported", "derived"}:
                held += 1
            elif judged.verdict == "undetermined" and not _has_question(judged):
                text = " ".join(judged.claim.text.split())
                questions.setdefault(text, (one.output, judged))
    decided = decide(run, list(questions), known, options.deciding)
    for text, (output, judged) in questions.items():
        if decided.holds(text):
            held += 1
        else:
            yield decided.on(text, _question(output, judged, known))
    yield from decided.notes
    if held:
        yield af.Examined(rule=_CLAIM_RULE, count=held)


def _asked_about(
    outputs: Sequence[JudgedOutput], options: Options
) -> Sequence[JudgedOutput]:
    if options.stage is not None:
        return outputs
    made = [one for one in outputs if not one.output.returned]
    own = [one for one in outputs if one.output.returned]
    return [*own, *([one for one in made if one.output.shipped] or made[:1])]


def _has_question(judged: Judged) -> bool:
    return any(e.status == "elsewhere" and is_hard(e.atom) for e in judged.evidence)


def _question(output: Output, judged: Judged, known: Index) -> af.Finding:
    claim = judged.claim
    passage = passage_for(claim, known)
    expected = "a source that says so"
    if passage is not None and passage.share >= _NEAR:
        quote = f'{passage.source}: "{_short(passage.text)}"'
        expected = f"{expected}; nearest passage, {quote}"
    return af.Finding(
        rule=_CLAIM_RULE,
        title="Claims are supported by a source",
        message=_asked(judged),
        place=_place(output, judged, claim.span, claim.column),
        verdict=af.Verdict.UNDETERMINED,
        severity=af.Severity.INFO,
        observed=_short(claim.text),
        expected=expected,
        subject=f"{output.label}/{claim.path or ''}/{' '.join(claim.text.split())}",
        evidence=" ".join(claim.text.split()),
    )


def _asked(judged: Judged) -> str:
    if not judged.unheld:
        return "the claim holds no value that decides it"
    listed = ", ".join(judged.unheld[:_MOST_WORDS])
    more = ", ..." if len(judged.unheld) > _MOST_WORDS else ""
    return f"its values stand in a source, but no source speaks of: {listed}{more}"


def _summary(outputs: Sequence[JudgedOutput], documents: int) -> str:
    every = [judged for one in outputs for judged in one.judged]
    counted = counts(every)
    listed = ", ".join(f"{counted[v]} {v}" for v in VERDICTS if counted[v])
    sources = "1 source" if documents == 1 else f"{documents} sources"
    return f"{len(every)} claims against {sources}: {listed}"
