"""Evidence: what the sources say about one atom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentflow_checks.grounding.kinds import Atom
from agentflow_checks.grounding.sources import Hit, Index

Status = Literal[
    "supported", "rounded", "elsewhere", "derived", "unsupported", "contradicted"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the sources say about one atom.

    Args:
        atom: the value looked up.
        status: ``supported``; ``rounded`` (the source has more digits or another
            unit); ``elsewhere`` (the value is there, but for something else);
            ``derived`` (by arithmetic written next to it, see ``note``);
            ``unsupported``; ``contradicted`` (bound by key to another value).
        source: id of the document that holds it, None when none does.
        kind: what that document is; what only the prompt holds is marked by it.
        span: [start, end) in that document's text.
        note: why, in one clause, where the status alone does not say it.
    """

    atom: Atom
    status: Status
    source: str | None = None
    kind: str = ""
    span: tuple[int, int] | None = None
    note: str = ""


def evidence_at(
    index: Index, atom: Atom, hit: Hit | None, status: Status, note: str = ""
) -> Evidence:
    """Give evidence that points to a hit, or to nowhere."""
    if hit is None:
        return Evidence(atom=atom, status=status, note=note)
    document = index.documents[hit.document]
    return Evidence(
        atom=atom,
        status=status,
        source=document.id,
        kind=document.kind,
        span=(hit.start, hit.end),
        note=note,
    )
