"""What outputs may cite: the sources of a run, and those each stage was given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pytest_agentflow as af
from agentflow_checks.grounding.cited_sources import CitedSource, Given
from agentflow_checks.grounding.folding import letters
from agentflow_checks.grounding.sources import Document

_WINDOW = 60
#: Kinds of sources that are counted when a text cites by number.
_NUMBERED = frozenset({"retrieved", "tool", "facts"})
#: Kinds whose words are nobody's quotation.
_TASK = frozenset({"prompt", "profile"})
_LABEL = re.compile(
    r"^[ \t>*\#-]{0,8}(?:\[([0-9]{1,3})\]|(?:passage|source|document|doc|context)"
    r"[ ]?\#?([0-9]{1,3})\b)",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL_REACH = 600


def citable(run: af.Run, documents: Sequence[Document]) -> dict[str, CitedSource]:
    """Give all that a run could cite by id: its sources, then all other documents."""
    found: dict[str, CitedSource] = {}
    for source in run.sources:
        text = f"{source.title}\n{source.text}" if source.title else source.text
        found.setdefault(
            source.id,
            CitedSource(
                id=source.id,
                text=text,
                title=source.title,
                uri=source.uri,
                kind=source.kind,
                quotable=source.kind not in _TASK,
            ),
        )
    for one in documents:
        kind, quotable = one.kind, one.kind not in _TASK
        found.setdefault(
            one.id, CitedSource(id=one.id, text=one.text, kind=kind, quotable=quotable)
        )
    return found


def given_to(
    run: af.Run, stage: str | None, sources: Mapping[str, CitedSource]
) -> Given:
    """Say what an output of a stage may cite, and how its prompts number that.

    A source is given to a stage that it was recorded for, and to one whose prompts
    show its text, its id, its title or its address.
    """
    owners: dict[str, set[str | None]] = {}
    for source in run.sources:
        owners.setdefault(source.id, set()).add(source.stage)
    own = [name for name, by in owners.items() if by & {None, af.UNATTRIBUTED, stage}]
    counted = [s for s in sources.values() if s.kind in _NUMBERED]
    numbered = [s for s in counted if s.id in own] or counted
    prompts = _prompts(run, stage)
    return Given(
        sources=tuple(sources.values()),
        numbered=tuple(numbered),
        labels=dict(_labels(prompts or "", counted)),
        withheld=_withheld(stage, prompts, owners, sources),
    )


def _prompts(run: af.Run, stage: str | None) -> str | None:
    """Give all that a stage's models were told; None where that is not recorded."""
    calls = [c for c in run.calls if c.stage == stage and c.is_model_call]
    if not calls or any("messages" in call.missing for call in calls):
        return None
    return "\n".join(call.prompt for call in calls) or None


def _withheld(
    stage: str | None,
    prompts: str | None,
    owners: Mapping[str, set[str | None]],
    sources: Mapping[str, CitedSource],
) -> frozenset[str] | None:
    if stage is None or prompts is None:
        return None
    plain = letters(prompts)
    return frozenset(
        name
        for name, by in owners.items()
        if not by & {None, af.UNATTRIBUTED, stage}
        and not _is_shown(sources[name], prompts, plain)
    )


def _is_shown(source: CitedSource, prompts: str, plain: str) -> bool:
    """Whether a prompt holds a source, or what it is called by."""
    if source.id in prompts or (source.uri is not None and source.uri in prompts):
        return True
    if source.title and letters(source.title) in plain:
        return True
    told = source.letters
    spots = (0, len(told) // 2, max(0, len(told) - _WINDOW))
    return any(told[at : at + _WINDOW] in plain for at in spots if told)


def _labels(
    prompts: str, counted: Sequence[CitedSource]
) -> Iterator[tuple[str, CitedSource | None]]:
    """Read how a prompt numbers its sources; None where none can be told apart."""
    for match in _LABEL.finditer(prompts):
        number = str(int(match[1] or match[2]))
        behind = letters(prompts[match.end() : match.end() + _LABEL_REACH])
        spots = [(behind.find(_beginning(s)), s) for s in counted if s.letters]
        found = [(at, s) for at, s in spots if at >= 0]
        yield number, min(found, key=lambda pair: pair[0])[1] if found else None


def _beginning(source: CitedSource) -> str:
    """Give the letters that a source's text begins with, behind its title."""
    titled = len(letters(source.title))
    return source.letters[titled : titled + _WINDOW]
