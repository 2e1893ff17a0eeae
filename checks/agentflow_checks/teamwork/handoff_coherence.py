"""Do stages cohere: values that no stage was given, names with two values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest_agentflow as af
from agentflow_checks.grounding.arithmetic import with_derived
from agentflow_checks.grounding.claims import Claim, claims_of
from agentflow_checks.grounding.folding import spaced
from agentflow_checks.grounding.kinds import Atom, is_hard
from agentflow_checks.grounding.lookup import look_up
from agentflow_checks.grounding.outputs import stage_claims
from agentflow_checks.grounding.phone_lookup import same_number
from agentflow_checks.grounding.run_sources import as_text
from agentflow_checks.grounding.sources import Document, Index, index
from agentflow_checks.grounding.structure import atoms_under_key, canonical_key

#: Kinds of values of which an absent one was made up; others are told in many ways.
INVENTED = frozenset({"email", "phone", "url", "money", "date"})

#: Kinds of values that a name may be bound to.
_BOUND = INVENTED | {"percent", "quantity", "time", "year", "number"}
_LABELLED = re.compile(
    r"[ \t>*_#-]*(?P<label>[^\W\d_][^:=\n|]{0,40}?)[ *_]*[:=][ *_]*+(?P<value>\S[^\n]*)"
)
_MOST_WORDS = 5
#: A value belongs to a label when it fills this share of what stands there.
_FILLS = 0.6
#: Keys whose values number or describe the output itself.
_OWN = re.compile(
    r"(?:id|index|step|version|page|order|position|rank|score|confidence|count|tokens"
    r"|length|attempt|round|total|result|answer)s?\Z"
)


def invented_values(run: af.Run) -> Iterator[af.Finding | af.Examined]:
    """Judge contact data, money and dates of every stage by what is upstream of it.

    Upstream are inputs, sources, what tools and retrievers gave, the stage's own
    prompts and the outputs of the stages it follows. A value is a finding of the first
    stage that has it.
    """
    told: set[tuple[str, str]] = set()
    for stage in run.stages:
        claims = _valued(stage)
        if not claims or not any(call.is_model_call for call in stage.calls):
            continue
        upstream = _upstream(run, stage)
        for claim in claims:
            for atom in _missing(claim, upstream, told):
                told.add(atom.key)
                yield _made_up(run, stage, claim, atom)
        yield af.Examined(rule="handoff.invented", count=_fine(claims, told))


def _valued(stage: af.Stage) -> list[Claim]:
    return [claim for claim in stage_claims(stage) if _values(claim)]


def _values(claim: Claim) -> list[Atom]:
    found = atoms_under_key(claim.text, claim.key, lang="")
    return [atom for atom in found if atom.type in INVENTED]


def _fine(claims: Sequence[Claim], told: set[tuple[str, str]]) -> int:
    return len({a.key for claim in claims for a in _values(claim)} - told)


def _missing(
    claim: Claim, upstream: Index, told: set[tuple[str, str]]
) -> Iterator[Atom]:
    found = [look_up(upstream, a, context=claim.text) for a in _values(claim)]
    for evidence in with_derived(claim.text, found):
        if evidence.status == "unsupported" and evidence.atom.key not in told:
            told.add(evidence.atom.key)
            yield evidence.atom


def _upstream(run: af.Run, stage: af.Stage) -> Index:
    before = af.ancestors(run, stage.name)
    texts = [as_text(dict(run.inputs))]
    texts += [f"{s.title}\n{s.text}" for s in run.sources]
    texts += [as_text(o) for s in run.stages if s.name in before for o in s.outputs]
    texts += [a.text for s in run.stages if s.name in before for a in _pages(s)]
    texts += [m.text for c in stage.calls for m in c.messages if m.role != "assistant"]
    texts += [
        as_text(call.invocation.result)
        for call in run.calls
        if call.invocation is not None and call.kind in {"retriever", "tool"}
    ]
    documents = [Document(id=str(n), text=t) for n, t in enumerate(texts) if t.strip()]
    return index(documents, lang="")


def _pages(stage: af.Stage) -> list[af.Artefact]:
    return [a for a in stage.artefacts if a.media_type.startswith("text/")]


def _made_up(run: af.Run, stage: af.Stage, claim: Claim, atom: Atom) -> af.Finding:
    later = [s.name for s in run.stages if stage.name in af.ancestors(run, s.name)]
    through = [
        name
        for name in later
        if any(atom.key == a.key for c in _valued(run.stage(name)) for a in _values(c))
    ]
    return af.Finding(
        rule="handoff.invented",
        message=f"{atom.type} {atom.text!r} stands in nothing upstream of {stage.name}",
        place=af.Place(
            stage=stage.name, path=claim.path, span=claim.span, selector=claim.selector
        ),
        expected="in the inputs, the sources, its prompt or an earlier output",
        observed=" ".join(claim.text.split())[:160],
        evidence=f"{atom.type}={atom.normal}",
        why="What no stage was given, this stage made up, and all after it believe it.",
        fix="Tell the stage to use only values that it is given.",
        introduced_by=stage.name,
        propagated_through=tuple(through),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A value under a name: key or label, what record it belongs to, where."""

    key: str
    record: frozenset[str]
    path: str | None
    atom: Atom


def contradictions(run: af.Run) -> Iterator[af.Finding | af.Examined]:
    """Judge named values of every stage by those of the stages that it depends on.

    The same key of the same record, or the same label before a value, must not have
    another value of the same kind. Stages that run side by side are not compared, nor
    are names that stand for several values.
    """
    named = {stage.name: _named(stage) for stage in run.stages}
    for stage in run.stages:
        before = [s.name for s in run.stages if s.name in af.ancestors(run, stage.name)]
        for name, mine in named[stage.name].items():
            pairs = [(b, named[b][name]) for b in before if name in named[b]]
            if not pairs:
                continue
            # Only the latest says what this stage was told.
            other, theirs = pairs[-1]
            if _agree(mine, theirs):
                yield af.Examined(rule="handoff.contradicted")
            else:
                yield _contradiction(stage.name, other, mine[0], theirs[0])


def _named(
    stage: af.Stage,
) -> Mapping[tuple[str, frozenset[str], str], list[Named]]:
    """Give named values by key, record and kind; several values of one are dropped."""
    found: defaultdict[tuple[str, frozenset[str], str], list[Named]]
    found = defaultdict(list)
    for claim in _claims(stage):
        for one in _bindings(claim):
            found[(one.key, one.record, one.atom.type)].append(one)
    return {
        name: values
        for name, values in found.items()
        if len({one.atom.key for one in values}) == 1
    }


def _claims(stage: af.Stage) -> Iterator[Claim]:
    yield from stage_claims(stage)
    for output in stage.outputs:
        yield from (c for c in claims_of(output) if c.key)


def _bindings(claim: Claim) -> Iterator[Named]:
    if claim.key:
        yield from _bound(claim, canonical_key(claim.key), claim.text)
        return
    match = _LABELLED.fullmatch(claim.text.strip())
    if match and len(match["label"].split()) <= _MOST_WORDS:
        yield from _bound(claim, spaced(match["label"]), match["value"])


def _bound(claim: Claim, key: str, text: str) -> Iterator[Named]:
    if not key or _OWN.search(key):
        return
    for atom in atoms_under_key(text, key, lang=""):
        fills = len(atom.text) >= _FILLS * len(text.strip().rstrip("."))
        if atom.type in _BOUND and is_hard(atom) and fills:
            yield Named(key=key, record=claim.record, path=claim.path, atom=atom)


def _agree(mine: Sequence[Named], theirs: Sequence[Named]) -> bool:
    return any(
        a.normal == b.normal or (a.type == "phone" and same_number(a.normal, b.normal))
        for one in mine
        for other in theirs
        for a in one.atom.readings
        for b in other.atom.readings
        if a.type == b.type
    )


def _contradiction(stage: str, before: str, mine: Named, theirs: Named) -> af.Finding:
    finding = af.Finding(
        rule="handoff.contradicted",
        message=(
            f"{mine.key} is {mine.atom.text!r} at {stage} and {theirs.atom.text!r} at "
            f"{before}"
        ),
        place=af.Place(stage=stage, path=mine.path),
        expected=f"{theirs.atom.text!r}, as {before} says",
        observed=repr(mine.atom.text),
        evidence=f"{mine.key}={mine.atom.normal}",
        why="Two stages that depend on each other tell the reader two things.",
        fix=f"Let {stage} copy {mine.key} from what {before} hands on.",
        source=af.Place(stage=before, path=theirs.path),
    )
    return replace(finding, introduced_by=stage)
